//! One packet seen twice: captured twice (TC908), or delivered twice by the network (TC213).

use std::hash::{BuildHasher, Hasher};

use crate::capture::Span;
use crate::dissect::{Segment, TcpFlags};
use crate::rules::Rule;

use super::Deed;
use super::connection::Connection;
use super::step::Step;
use super::timing::MIN_RTO;
use super::trail::{Passed, Seen};

/// Two captures of one packet are no further apart.
const COPY: Span = Span::from_millis(1);
/// The network does not hold a packet for longer.
const DUPLICATE: Span = Span::from_secs(2);
/// A SYN is repeated after a second, or some tenths of one.
const SYN_AGAIN: Span = Span::from_millis(50);
/// So many of the last segments of one end are compared.
const KEPT: usize = 128;

impl Connection {
    /// Whether this segment is one of the last, seen again; it is left out of everything if so.
    pub(super) fn is_copy(&mut self, step: &mut Step<'_>) -> bool {
        let digest = digest(step.segment);
        let twin = if self.repeats(step) { self.twin(step, &digest) } else { None };
        self.leave_trail(step, digest);
        let Some(twin) = twin else { return self.is_part_of_a_frame(step) };
        if self.contradicted(step).is_some() {
            // Two packets after all: somebody else sent one of them.
            return false;
        }
        let me = &mut self.ends[step.me()];
        me.note_trouble().copies += 1;
        let after = digest.ts.since(twin.ts);
        // The network delivers a packet twice now and then, and the copy took the same way. A mirror port, a second interface or
        // the other side of a router doubles everything, or shows another time to live.
        let the_rule = u64::from(me.trouble().copies) * 2 >= me.count.packets;
        let captured = after <= COPY && (the_rule || twin.ttl != digest.ttl || twin.interface != digest.interface);
        let rule = if captured { Rule::CaptureDuplicate } else { Rule::NetworkDuplicate };
        step.obs.deed = Deed::Copy(twin.frame);
        step.fire(rule).frame("first", twin.frame).time("after", after);
        true
    }

    /// Remembers a segment that cannot be a copy.
    pub(super) fn pass(&mut self, step: &mut Step<'_>) {
        self.leave_trail(step, digest(step.segment));
    }

    fn leave_trail(&mut self, step: &mut Step<'_>, digest: Seen) {
        step.shared.trail.add(&mut self.ends[step.me()].trail, (self.number, step.from), digest);
    }

    /// Whether a frame that offload joined has brought this very segment: the IP ID tells which of its segments this is, counted
    /// back from the last one.
    fn is_part_of_a_frame(&mut self, step: &mut Step<'_>) -> bool {
        let (segment, me) = (step.segment, &self.ends[step.me()]);
        let end =
            if me.facts.numbered { me.relative(segment.seq) + i64::from(segment.payload_len) } else { return false };
        let from = end - i64::from(segment.payload_len);
        let behind = u32::try_from(me.nxt - end).ok().map(|bytes| bytes.div_ceil(segment.payload_len.max(1)));
        let Some(behind) = behind.and_then(|behind| u16::try_from(behind).ok()) else { return false };
        let counted = segment.ip_id.is_some_and(|id| me.ids.back(behind) == Some(id));
        let first = me.first_copy(from).filter(|first| first.from <= from && end <= first.end);
        let joined = first.map_or(me.last_data_frame, |first| first.frame);
        let alone = first.is_some_and(|first| first.end - first.from <= end - from);
        if segment.payload_len == 0 || !counted || alone || me.holes.has_any(from, end) || from < me.low {
            return false;
        }
        let after = segment.ts.since(first.map(|first| first.ts).or(me.last_data).unwrap_or(me.last_ts));
        if after > DUPLICATE {
            return false;
        }
        self.ends[step.me()].note_trouble().copies += 1;
        step.obs.deed = Deed::Copy(joined);
        step.fire(Rule::NetworkDuplicate).frame("first", joined).time("after", after);
        true
    }

    /// Whether the segment takes no new number and acknowledges nothing new: only then is it worth looking.
    fn repeats(&self, step: &Step<'_>) -> bool {
        let (segment, me) = (step.segment, &self.ends[step.me()]);
        if !me.facts.numbered || me.trail.is_none() {
            return false;
        }
        let new_data =
            segment.seq_len() > 0 && me.relative(segment.seq).saturating_add(i64::from(segment.seq_len())) > me.nxt;
        let new_ack = segment.ack.is_some_and(|ack| {
            let peer = &self.ends[step.peer()];
            peer.facts.numbered && me.ack.is_some_and(|old| peer.relative(ack) > old)
        });
        !new_data && !new_ack
    }

    fn twin(&self, step: &Step<'_>, digest: &Seen) -> Option<Passed> {
        let me = &self.ends[step.me()];
        let mut last = step.shared.trail.back(me.trail, (self.number, step.from)).take(KEPT);
        let twin = *last.find(|other| other.hash == digest.hash)?;
        let after = digest.ts.since(twin.ts);
        let segment = step.segment;
        // RFC 9293 §3.8.1: what is sent again unchanged may keep its IP ID. No timer is shorter than this.
        let longest = if segment.seq_len() > 0 { MIN_RTO } else { DUPLICATE };
        if after > longest || after.0 < 0 {
            return None;
        }
        if segment.ip_id.is_some_and(|id| id != 0) && me.ids.differ() {
            return Some(twin);
        }
        // Without an IP ID, only what a sender would not say twice in the same words: its clock has gone on by the time it
        // repeats anything. A bare acknowledgment may well be repeated within a tick, unless SACK makes each one different.
        let takes_numbers = segment.seq_len() > 0;
        let drawn = self.ends[step.peer()].last_data_frame > twin.frame;
        if !takes_numbers && drawn {
            // The other end sent data in between, so this may be the answer to that.
            return None;
        }
        let sacks = !segment.options.sack.is_empty();
        let certain = match segment.options.timestamps {
            // A closed window refuses data without SACK.
            Some(_) => takes_numbers || sacks || me.facts.sack_permitted && segment.window > 0,
            // Nobody repeats a SYN so soon.
            None if step.has(TcpFlags::SYN) => after < SYN_AGAIN,
            None => takes_numbers && after.is_below(70, self.round_trip()),
        };
        (certain && !segment.flags.contains(TcpFlags::RST)).then_some(twin)
    }
}

/// All of a segment that the network does not change on its way.
fn digest(segment: &Segment) -> Seen {
    let mut hasher = foldhash::fast::FixedState::with_seed(0).build_hasher();
    hasher.write_u64(u64::from(segment.seq.0) << 32 | u64::from(segment.ack.unwrap_or_default().0));
    hasher.write_u64(
        u64::from(segment.flags.0) << 48
            | u64::from(segment.window) << 32
            | u64::from(segment.ip_id.unwrap_or_default()) << 16
            | u64::from(segment.header_len),
    );
    let (tsval, tsecr) = segment.options.timestamps.unwrap_or_default();
    hasher.write_u64(u64::from(tsval) << 32 | u64::from(tsecr));
    hasher.write_u32(segment.payload_len);
    for (left, right) in segment.options.sack.as_slice() {
        hasher.write_u64(u64::from(left.0) << 32 | u64::from(right.0));
    }
    Seen { hash: hasher.finish(), ts: segment.ts, frame: segment.frame, ttl: segment.ttl, interface: segment.interface }
}
