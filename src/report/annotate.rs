//! The lines below a packet: `#`, what it did to its connection, and `#!`, what was out of order.
//!
//! ```text
//! # f1 @15 c=ESTABLISHED <-- s=ESTABLISHED data 2921:4381, 1460 B, retransmitted; fills the gap of @8
//! #! f1 @15 warning TC202 fast-retransmission  36.0 ms after the gap opened, ...
//! ```

use std::sync::OnceLock;

use crate::dissect::Segment;
use crate::rules::Rule;
use crate::track::{Amend, Direction, Finding, Observation, TcpState};

use super::buffer::{Append, BufferWriter, SpareCapacity};
use super::style::{Ink, Style};
use super::{integer, remark, units, wording};

/// How much is said about each packet.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Level {
    /// Nothing.
    Off,
    /// Only where a state changes or a rule fires.
    Changes,
    /// A line a packet.
    Brief,
    /// A line a packet, with windows, bytes in flight, gaps and every acknowledged frame.
    Full,
}

/// Writes what tcpcheck has to say about a packet.
#[derive(Clone, Debug)]
pub struct Annotator {
    level: Level,
    style: Style,
    room: SpareCapacity,
}

impl Annotator {
    /// At that level, and so coloured.
    pub fn new(level: Level, style: Style) -> Self {
        Self { level, style, room: SpareCapacity::default() }
    }

    /// Whether it writes anything at all.
    pub fn says_something(&self) -> bool {
        self.level != Level::Off
    }

    /// Whether the packet gets its `#` line even if no rule fires.
    pub fn always_remarks(&self, seen: &Observation) -> bool {
        self.level >= Level::Brief || (self.level == Level::Changes && seen.before != seen.after)
    }

    /// Appends the lines that belong below the packet's own.
    pub fn packet(&mut self, out: &mut Vec<u8>, segment: &Segment, seen: &Observation) {
        if self.level == Level::Off {
            return;
        }
        if self.always_remarks(seen) || !seen.findings.is_empty() {
            self.remark(out, segment, seen);
        }
        for finding in &seen.findings {
            self.finding(out, finding);
        }
    }

    /// Appends the `#!` line of a finding.
    pub fn finding(&self, out: &mut Vec<u8>, finding: &Finding) {
        if self.level == Level::Off {
            return;
        }
        let start = out.len();
        out.extend_from_slice(b"#! ");
        finding_text(out, finding);
        self.style.fold(out, start, FINDING_GOES_ON);
        self.style.paint(out, start, Ink::Finding(finding.severity));
        out.push(b'\n');
    }

    /// Appends the `#!` lines of what has changed about an earlier frame.
    pub fn amend(&self, out: &mut Vec<u8>, amend: &Amend) {
        if self.level == Level::Off {
            return;
        }
        for (rule, _) in &amend.withdrawn {
            let start = out.len();
            out.extend_from_slice(b"#! ");
            withdrawn_text(out, amend, *rule);
            self.style.fold(out, start, FINDING_GOES_ON);
            self.style.paint(out, start, Ink::Remark);
            out.push(b'\n');
        }
        for finding in &amend.details {
            self.finding(out, finding);
        }
    }

    /// Appends the `#` line.
    pub fn remark(&mut self, out: &mut Vec<u8>, segment: &Segment, seen: &Observation) {
        let Some(direction) = seen.direction else { return };
        let Self { level, style, room } = self;
        let out = &mut BufferWriter::new(room, out);
        let mut start = out.len();
        let line = start;
        out.text(b"# ");
        let name = out.len() + 1;
        integer::labelled(out, b"f", seen.flow);
        out.text(b" ");
        units::frame(out, segment.frame);
        // `f1 @15`: the columns stay in line up to frame 99, and shift by a digit with each power of ten.
        pad(out, name, 5);
        out.text(b" ");
        paint(*style, out, &mut start, Ink::Remark);
        out.put(*b"c?", if seen.client_known { 1 } else { 2 });
        end(*style, out, &mut start, seen.before.client, seen.after.client);
        out.text(if direction == Direction::FromOriginator { b" --> " } else { b" <-- " });
        paint(*style, out, &mut start, Ink::Remark);
        out.text(b"s");
        end(*style, out, &mut start, seen.before.server, seen.after.server);
        out.text(b" ");
        remark::write(out, segment, seen, direction, *level == Level::Full);
        paint(*style, out, &mut start, Ink::Remark);
        if style.columns().is_some() {
            style.fold(out.written(), line, REMARK_GOES_ON);
        }
        out.text(b"\n");
    }
}

/// How a `#` line goes on, and how a `#!` line does: `grep -v '^#'` leaves tcpdump's lines.
const REMARK_GOES_ON: &str = "#      ";
const FINDING_GOES_ON: &str = "#!     ";

/// `>SYN_SENT   `, behind whose state it is: whether it was just entered, and which it is.
#[inline]
fn end(style: Style, out: &mut BufferWriter<'_>, start: &mut usize, before: TcpState, after: TcpState) {
    out.text(if before == after { b"=" } else { b">" });
    out.text(padded(after));
    paint(style, out, start, if before == after { Ink::Remark } else { Ink::Entered });
}

/// Paints what was written since `start`, and starts anew.
#[inline]
fn paint(style: Style, out: &mut BufferWriter<'_>, start: &mut usize, ink: Ink) {
    if style.is_on() {
        style.paint(out.written(), *start, ink);
        *start = out.len();
    }
}

/// `f1 @15 warning TC202 fast-retransmission  36.0 ms after …`; a finding about the capture names neither flow nor frame.
pub fn finding_text(out: &mut Vec<u8>, finding: &Finding) {
    if let Some(flow) = finding.flow {
        out.push(b'f');
        units::integer(out, flow);
        out.push(b' ');
    }
    if finding.frame > 0 {
        units::frame(out, finding.frame);
        out.push(b' ');
    }
    for word in [finding.severity.as_str(), finding.rule.code(), finding.rule.slug()] {
        out.extend_from_slice(word.as_bytes());
        out.push(b' ');
    }
    out.push(b' ');
    wording::write_message(out, finding);
}

/// `f1 @15 withdrawn TC201 retransmission`: in place of the severity, that the finding no longer holds.
pub fn withdrawn_text(out: &mut Vec<u8>, amend: &Amend, rule: Rule) {
    out.push(b'f');
    units::integer(out, amend.flow);
    out.push(b' ');
    units::frame(out, amend.frame);
    for word in [" withdrawn ", rule.code(), " ", rule.slug()] {
        out.extend_from_slice(word.as_bytes());
    }
}

/// A state's name, with spaces behind it; made once for each state.
#[inline]
fn padded(state: TcpState) -> &'static [u8; 11] {
    static NAMES: [OnceLock<[u8; 11]>; 16] = [const { OnceLock::new() }; 16];
    NAMES[state as usize % NAMES.len()].get_or_init(|| {
        let mut bytes = state.as_str().bytes();
        std::array::from_fn(|_| bytes.next().unwrap_or(b' '))
    })
}

/// Fills up with spaces what was written since `start`, to `width`, which is 16 at most.
fn pad(out: &mut BufferWriter<'_>, start: usize, width: usize) {
    out.put([b' '; 16], (start + width).saturating_sub(out.len()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::{Span, Timestamp};
    use crate::dissect::{Checksum, OptionFacts, SeqNumber, Socket, TcpFlags};
    use crate::rules::Severity;
    use crate::track::{Acked, Note, SegmentEffect, States};

    fn segment(flags: TcpFlags, payload_len: u32) -> Segment {
        let socket = |port| Socket { addr: [10, 0, 0, 1].into(), port };
        Segment {
            frame: 15,
            ts: Timestamp(0),
            interface: 0,
            place: 0,
            wire_len: 60,
            captured_len: 60,
            src: socket(51000),
            dst: socket(443),
            ttl: 64,
            tos: 0,
            ip_id: None,
            dont_fragment: true,
            fragment: false,
            seq: SeqNumber(4_294_967_000),
            ack: None,
            flags,
            window: 1000,
            urgent: 0,
            header_len: 20,
            payload_len,
            offloaded: false,
            header_fault: None,
            checksum: Checksum::Correct,
            payload_digest: None,
            options: OptionFacts::default(),
        }
    }

    /// A segment from the server of an established connection, with what else it did.
    fn established(effect: SegmentEffect, change: impl FnOnce(&mut Observation)) -> Observation {
        let both = States { client: TcpState::Established, server: TcpState::Established };
        let mut seen = Observation::default();
        (seen.flow, seen.direction, seen.client_known) = (1, Some(Direction::FromResponder), true);
        (seen.before, seen.after, seen.effect) = (both, both, effect);
        change(&mut seen);
        seen
    }

    /// The text behind the states, at a level.
    fn words(level: Level, segment: &Segment, seen: &Observation) -> String {
        let line = line(level, segment, seen);
        line.split_once("s=ESTABLISHED ").map(|(_, words)| words.trim_end().to_owned()).unwrap_or(line)
    }

    fn line(level: Level, segment: &Segment, seen: &Observation) -> String {
        let mut out = Vec::new();
        Annotator::new(level, Style::new(false)).packet(&mut out, segment, seen);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn data_that_fills_a_gap_says_so() {
        let data = segment(TcpFlags::ACK, 1460);
        let mut seen = established(SegmentEffect::Data, |seen| {
            (seen.seq, seen.seq_end, seen.retransmitted_bytes, seen.fills_gap_of) = (2921, 4381, 1460, Some(8));
        });
        assert_eq!(
            line(Level::Brief, &data, &seen),
            "# f1 @15 c=ESTABLISHED <-- s=ESTABLISHED data 2921:4381, 1460 B, retransmitted; fills the gap of @8\n"
        );
        (seen.retransmitted_bytes, seen.fills_gap_of) = (100, None);
        assert_eq!(words(Level::Brief, &data, &seen), "data 2921:4381, 1460 B, 100 B of it retransmitted");
    }

    #[test]
    fn a_fin_is_counted_and_so_is_what_came_before_it() {
        let fin = segment(TcpFlags::FIN.with(TcpFlags::ACK), 0);
        let seen = established(SegmentEffect::Closes, |seen| {
            (seen.seq, seen.seq_end, seen.direction) = (301, 301, Some(Direction::FromOriginator));
            seen.after = States { client: TcpState::FinWait1, server: TcpState::CloseWait };
        });
        assert_eq!(
            line(Level::Changes, &fin, &seen),
            "# f1 @15 c>FIN_WAIT_1  --> s>CLOSE_WAIT  FIN: client is done after 300 B; the FIN consumes one sequence number \
             (301)\n"
        );
    }

    #[test]
    fn a_guessed_client_is_marked_and_nobody_is_named() {
        let reset = segment(TcpFlags::RST, 0);
        let seen = established(SegmentEffect::Resets, |seen| seen.client_known = false);
        assert_eq!(
            line(Level::Brief, &reset, &seen),
            "# f1 @15 c?=ESTABLISHED <-- s=ESTABLISHED RST: this side resets in ESTABLISHED; nothing more is sent or \
             delivered\n"
        );
    }

    #[test]
    fn an_acknowledgment_names_the_newest_frame_and_in_full_all_of_them() {
        let acked = Acked { bytes: 5080, rtt: Some(Span(12_200_000)), ..Acked::default() };
        let seen = established(SegmentEffect::Acks, |seen| {
            (seen.ack, seen.acked, seen.window_bytes) = (Some(8001), Some(acked), Some(128_000));
            (seen.in_flight, seen.gap) = (10, Some((1, 101)));
            seen.acked_frames = vec![8, 11, 13];
        });
        let ack = segment(TcpFlags::ACK, 0);
        assert_eq!(words(Level::Brief, &ack, &seen), "acks 5080 B up to @13, rtt 12.2 ms");
        assert_eq!(
            words(Level::Full, &ack, &seen),
            "acks 5080 B of @8 @11 @13, rtt 12.2 ms; 100 B missing before it (1:101); window 128000 B; 10 B in flight"
        );
        assert_eq!(line(Level::Changes, &ack, &seen), "");
        assert_eq!(line(Level::Off, &ack, &seen), "");
    }

    #[test]
    fn selective_acknowledgments_are_told_with_relative_numbers() {
        let mut ack = segment(TcpFlags::ACK, 0);
        ack.ack = Some(SeqNumber(4_294_967_290));
        ack.options.sack.len = 2;
        ack.options.sack.blocks[0] = (SeqNumber(4_294_967_280), SeqNumber(4_294_967_290));
        ack.options.sack.blocks[1] = (SeqNumber(4), SeqNumber(14));
        let seen = established(SegmentEffect::Acks, |seen| seen.ack = Some(301));
        assert_eq!(
            words(Level::Brief, &ack, &seen),
            "ack 301, no new data acknowledged; got 291:301 twice (D-SACK); has 311:321 already (SACK)"
        );
    }

    #[test]
    fn what_is_normal_has_a_name() {
        let ack = Segment { window: 0, ..segment(TcpFlags::ACK, 0) };
        let mut seen = established(SegmentEffect::Acks, |seen| seen.ack = Some(301));
        assert_eq!(words(Level::Brief, &ack, &seen), "window 0: the other side must wait");
        assert_eq!(words(Level::Brief, &segment(TcpFlags::ACK, 0), &seen), "ack 301, no new data acknowledged");
        seen.notes.push(Note::KeepAliveAck);
        assert_eq!(words(Level::Brief, &segment(TcpFlags::ACK, 0), &seen), "answers the keep-alive");
    }

    #[test]
    fn a_finding_has_a_line_and_so_has_its_withdrawal() {
        let mut finding = Finding::new(Rule::FileCut);
        finding.bytes("present", 3).bytes("needed", 9).number("offset", 40);
        let mut out = Vec::new();
        let annotator = Annotator::new(Level::Changes, Style::new(false));
        annotator.finding(&mut out, &finding);
        assert!(out.starts_with(b"#! warning TC901 file-cut  the file ends inside a packet"));
        let mut later = Finding::new(Rule::FileCut);
        (later.flow, later.frame, later.severity) = (Some(1), 15, Severity::Note);
        let amend = Amend {
            frame: 15,
            flow: 1,
            notes: Vec::new(),
            findings: vec![(Rule::FileCut, Severity::Note)],
            details: vec![later],
            changed: Vec::new(),
            withdrawn: vec![(Rule::NoAnswer, Severity::Error)],
        };
        out.clear();
        annotator.amend(&mut out, &amend);
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with("#! f1 @15 withdrawn TC101 no-answer\n#! f1 @15 note TC901 file-cut  "), "{text}");
    }
}
