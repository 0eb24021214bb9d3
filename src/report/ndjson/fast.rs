//! The `packet` record once more, by hand: keys as they stand in the record, and no text looked through for what to escape,
//! since none of it comes from the packet. [`PacketLine`](super::packet::PacketLine) defines what is written; a test holds
//! this to it, over every fixture.

use crate::capture::Span;
use crate::dissect::{Checksum, Segment, TcpFlags};
use crate::report::buffer::{Append, BufferWriter};
use crate::report::integer::{count, digits, labelled, labelled_count, number, signed};
use crate::report::units::TimestampFormatter;
use crate::track::{Acked, Observation};

use super::ends::Ends;

/// Appends the record of a segment that belongs to a connection, `elapsed` after the first packet.
pub(super) fn packet(
    out: &mut BufferWriter<'_>,
    segment: &Segment,
    seen: &Observation,
    elapsed: Span,
    (calendar, ends): (&mut TimestampFormatter, &mut Ends),
) {
    labelled_count(out, b"{\"type\":\"packet\",\"v\":1,\"frame\":", segment.frame);
    put(out, b",\"ts\":\"");
    calendar.rfc3339(out, segment.ts);
    put(out, b"\",\"rel_s\":");
    fraction::<9>(out, elapsed.0);
    ends.write(out, segment, seen);
    labelled(out, b",\"wire_bytes\":", segment.wire_len);
    labelled(out, b",\"captured_bytes\":", segment.captured_len);
    labelled(out, b",\"ttl\":", segment.ttl.into());
    if let Some(id) = segment.ip_id {
        labelled(out, b",\"ip_id\":", id.into());
    }
    flags(out, segment.flags);
    put(out, b",\"seq\":");
    signed(out, seen.seq);
    put(out, b",\"seq_end\":");
    signed(out, seen.seq_end);
    if let Some(ack) = seen.ack {
        put(out, b",\"ack\":");
        signed(out, ack);
    }
    labelled(out, b",\"seq_raw\":", segment.seq.0);
    if let Some(ack) = segment.ack {
        labelled(out, b",\"ack_raw\":", ack.0);
    }
    labelled(out, b",\"payload_bytes\":", segment.payload_len);
    labelled(out, b",\"window\":", segment.window.into());
    if let Some(bytes) = seen.window_bytes {
        labelled_count(out, b",\"window_bytes\":", bytes);
    }
    options(out, segment, seen);
    put(out, b",\"state\":{\"client\":\"");
    out.add(seen.after.client.as_str().as_bytes());
    put(out, b"\",\"server\":\"");
    out.add(seen.after.server.as_str().as_bytes());
    put(out, b"\"}");
    if let Some(acked) = &seen.acked {
        acks(out, acked, &seen.acked_frames);
    }
    labelled_count(out, b",\"in_flight_bytes\":", seen.in_flight);
    match segment.checksum {
        Checksum::Correct => put(out, b",\"checksum\":\"correct\",\"notes\":["),
        Checksum::Partial => put(out, b",\"checksum\":\"partial\",\"notes\":["),
        Checksum::Wrong { .. } => put(out, b",\"checksum\":\"wrong\",\"notes\":["),
        Checksum::Unknown => put(out, b",\"checksum\":\"unknown\",\"notes\":["),
    }
    list(out, seen.notes.iter().map(|note| note.as_str()));
    put(out, b"],\"findings\":[");
    let own = seen.findings.iter().filter(|finding| finding.frame == segment.frame);
    list(out, own.map(|finding| finding.rule.code()));
    put(out, b"]}\n");
}

#[inline]
fn put<const N: usize>(out: &mut BufferWriter<'_>, text: &[u8; N]) {
    out.text(text);
}

/// Texts with commas between them.
fn list<'a>(out: &mut BufferWriter<'_>, texts: impl Iterator<Item = &'a str>) {
    let mut before: &[u8] = b"\"";
    for text in texts {
        out.add(before);
        out.add(text.as_bytes());
        out.push(b'"');
        before = b",\"";
    }
}

fn flags(out: &mut BufferWriter<'_>, flags: TcpFlags) {
    // What most segments have.
    match flags {
        TcpFlags::ACK => return put(out, b",\"flags\":[\"ACK\"],\"flags_text\":\".\""),
        TcpFlags(0x018) => return put(out, b",\"flags\":[\"PSH\",\"ACK\"],\"flags_text\":\"P.\""),
        _ => {}
    }
    put(out, b",\"flags\":[");
    list(out, TcpFlags::NAMES.iter().filter(|(flag, _)| flags.contains(*flag)).map(|(_, name)| *name));
    put(out, b"],\"flags_text\":\"");
    let mut letters = TcpFlags::LETTERS.iter().filter(|(flag, _)| flags.contains(*flag)).peekable();
    if letters.peek().is_none() {
        put(out, b"none");
    }
    for (_, letter) in letters {
        out.push(*letter);
    }
    put(out, b"\"");
}

fn options(out: &mut BufferWriter<'_>, segment: &Segment, seen: &Observation) {
    let facts = &segment.options;
    put(out, b",\"options\":{");
    let mut members = Members { out, any: false };
    if let Some(mss) = facts.mss {
        number(members.next(b"\"mss\":"), mss.into());
    }
    if let Some(shift) = facts.wscale {
        number(members.next(b"\"wscale\":"), shift.into());
    }
    if facts.sack_permitted {
        members.next(b"\"sack_permitted\":true");
    }
    if let (Some(base), Some(ack), false) = (seen.ack, segment.ack, facts.sack.is_empty()) {
        let out = members.next(b"\"sack\":");
        let mut before = b"[";
        for (left, right) in facts.sack.as_slice() {
            put(out, before);
            put(out, b"[");
            signed(out, base.saturating_add(i64::from(left.distance(ack))));
            put(out, b",");
            signed(out, base.saturating_add(i64::from(right.distance(ack))));
            put(out, b"]");
            before = b",";
        }
        put(out, b"]");
    }
    if let Some((value, echo)) = facts.timestamps {
        let out = members.next(b"\"timestamps\":{\"val\":");
        number(out, value);
        labelled(out, b",\"ecr\":", echo);
        put(out, b"}");
    }
    if let Some(bytes) = facts.fast_open {
        number(members.next(b"\"fast_open_cookie_bytes\":"), bytes.into());
    }
    if facts.md5 {
        members.next(b"\"md5\":true");
    }
    if facts.ao {
        members.next(b"\"ao\":true");
    }
    if facts.mptcp {
        members.next(b"\"mptcp\":true");
    }
    if facts.acc_ecn {
        members.next(b"\"acc_ecn\":true");
    }
    put(out, b"}");
}

/// The members of an object, with commas between them.
struct Members<'a, 'p> {
    out: &'a mut BufferWriter<'p>,
    any: bool,
}

impl<'p> Members<'_, 'p> {
    /// Begins another one.
    #[inline]
    fn next<const N: usize>(&mut self, text: &[u8; N]) -> &mut BufferWriter<'p> {
        if self.any {
            put(self.out, b",");
        }
        self.any = true;
        put(self.out, text);
        self.out
    }
}

fn acks(out: &mut BufferWriter<'_>, acked: &Acked, frames: &[u64]) {
    labelled_count(out, b",\"acks\":{\"bytes\":", acked.bytes);
    if acked.syn {
        put(out, b",\"syn\":true");
    }
    if acked.fin {
        put(out, b",\"fin\":true");
    }
    put(out, b",\"frames\":[");
    if let Some((first, others)) = frames.split_first() {
        count(out, *first);
        for frame in others {
            labelled_count(out, b",", *frame);
        }
    }
    put(out, b"]");
    if let Some(rtt) = acked.rtt {
        put(out, b",\"rtt_ms\":");
        fraction::<6>(out, rtt.0);
    }
    out.push(b'}');
}

/// `number / 10^PLACES` as the shortest text that gives that `f64` again; places are 9 or less.
pub(super) fn fraction<const PLACES: u32>(out: &mut BufferWriter<'_>, number: i64) {
    let unit = const { 10_u64.pow(PLACES) };
    let size = number.unsigned_abs();
    // Numbers of up to 15 digits differ as `f64` too, so that the shortest text has just the digits of the number. Small ones
    // are written with an exponent.
    if size >= 1_000_000_000_000_000 || (size < unit / 100_000 && size > 0) {
        let _ = serde_json::to_writer(out.written(), &(number as f64 / unit as f64));
        return;
    }
    if number < 0 {
        put(out, b"-");
    }
    count(out, size / unit);
    let nine = (size % unit) as u32 * const { 10_u32.pow(9 - PLACES) };
    // At least one digit stays. The other eight are in the order of their bytes.
    let [first, eight @ ..] = digits::<9>(nine);
    out.put([b'.', first], 2);
    let zeros = (u64::from_le_bytes(eight) ^ u64::from_le_bytes(*b"00000000")).leading_zeros() / 8;
    out.word(u64::from_le_bytes(eight), 8 - zeros as usize);
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use proptest::prelude::*;

    use super::super::packet::PacketLine;
    use super::*;
    use crate::capture::{self, Next};
    use crate::dissect::{Content, SeqNumber, dissect};
    use crate::report::buffer::SpareCapacity;
    use crate::track::{FlowTracker, Note, TrackerOptions};

    /// Whether both ways write the same.
    fn check(segment: &Segment, seen: &Observation, elapsed: Span, ends: &mut Ends) {
        let mut out = Vec::new();
        let (mut room, mut calendar) = (SpareCapacity::default(), TimestampFormatter::default());
        packet(&mut BufferWriter::new(&mut room, &mut out), segment, seen, elapsed, (&mut calendar, ends));
        let ts = TimestampFormatter::default().text(segment.ts);
        let defined = serde_json::to_string(&PacketLine::new(segment, seen, elapsed, &ts)).unwrap();
        assert_eq!(String::from_utf8(out).unwrap().trim_end(), defined);
    }

    /// Every file below a folder.
    fn files(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { files(&path, found) } else { found.push(path) }
        }
    }

    /// What every segment of the fixtures did.
    fn each(mut look: impl FnMut(&Segment, &Observation, &mut Ends)) {
        let mut captures = Vec::new();
        files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures"), &mut captures);
        for path in captures {
            let Ok(mut source) = capture::open(&path) else { continue };
            let (mut tracker, mut seen) = (FlowTracker::new(TrackerOptions::default()), Observation::default());
            let mut ends = Ends::default();
            while let Ok(Next::Frame(frame)) = source.next_frame() {
                if let Content::Tcp(tcp) = dissect(&frame).content {
                    tracker.observe(&tcp.segment, &mut seen);
                    while tracker.next_event().is_some() {}
                    look(&tcp.segment, &seen, &mut ends);
                }
            }
        }
    }

    #[test]
    fn both_ways_write_the_same_of_every_segment_in_the_fixtures() {
        let (mut first, mut packets) = (None, 0);
        each(|segment, seen, ends| {
            let elapsed = segment.ts.since(*first.get_or_insert(segment.ts));
            if seen.flow > 0 {
                check(segment, seen, elapsed, ends);
                packets += 1;
            }
        });
        assert!(packets > 1_000, "{packets}");
    }

    #[test]
    fn both_ways_write_the_same_of_whatever_may_be_in_a_header() {
        let mut sample = None;
        each(|segment, seen, _| {
            if seen.acked_frames.len() > 1 {
                sample.get_or_insert_with(|| (*segment, seen.clone()));
            }
        });
        let (segment, seen) = sample.unwrap();
        for flags in 0..0x1000 {
            check(&Segment { flags: TcpFlags(flags), ..segment }, &seen, Span(1), &mut Ends::default());
        }
        for bits in 0..64_u8 {
            let (mut segment, mut seen) = (segment, seen.clone());
            let facts = &mut segment.options;
            (facts.md5, facts.ao, facts.mptcp) = (bits & 1 > 0, bits & 2 > 0, bits & 4 > 0);
            (facts.acc_ecn, facts.sack_permitted) = (bits & 8 > 0, bits & 16 > 0);
            (facts.mss, facts.wscale) = ((bits & 2 > 0).then_some(1460), (bits & 1 > 0).then_some(14));
            facts.fast_open = (bits & 4 > 0).then_some(8);
            facts.timestamps = (bits & 8 > 0).then_some((u32::MAX, 0));
            facts.sack.len = bits & 3;
            facts.sack.blocks[0] = (SeqNumber(4_000_000_000), SeqNumber(5));
            segment.ack = segment.ack.filter(|_| bits & 32 > 0);
            (seen.seq, seen.seq_end, seen.in_flight) = (-5, i64::MIN, u64::MAX);
            seen.ack = seen.ack.filter(|_| bits & 16 > 0);
            seen.window_bytes = Some(1 << (bits % 40));
            seen.notes = [Note::KeepAlive, Note::WindowUpdate][..usize::from(bits % 3)].to_vec();
            let (acked, many) = (seen.acked.as_mut().unwrap(), bits & 16 > 0);
            (acked.syn, acked.fin, acked.rtt) = (bits & 1 > 0, bits & 2 > 0, many.then_some(Span(i64::from(bits))));
            if many {
                seen.acked_frames.clear();
            }
            check(&segment, &seen, Span(i64::from(bits) - 10), &mut Ends::default());
        }
    }

    proptest! {
        #[test]
        fn times_are_the_shortest_text_of_their_number(number in any::<i64>(), bits in 0..64_u32) {
            for number in [number >> bits, (number >> bits) - (number >> bits) % 1_000_i64] {
                let written = |write: fn(&mut BufferWriter<'_>, i64)| {
                    let mut out = Vec::new();
                    write(&mut BufferWriter::new(&mut SpareCapacity::default(), &mut out), number);
                    String::from_utf8(out).unwrap()
                };
                let span = Span(number);
                prop_assert_eq!(written(fraction::<9>), serde_json::to_string(&span.as_secs_f64()).unwrap());
                prop_assert_eq!(written(fraction::<6>), serde_json::to_string(&span.as_millis_f64()).unwrap());
            }
        }
    }
}
