//! The lines below a packet: `#`, what it did to its connection, and `#!`, what was out of order.
//!
//! ```text
//! # f1 @15 c=ESTABLISHED <-- s=ESTABLISHED data 2921:4381, 1460 B, again; fills the gap of @8
//! #! f1 @15 warning TC202 fast-retransmission  36.0 ms after the gap opened, ...
//! ```

use crate::dissect::{Segment, TcpFlags};
use crate::rules::Rule;
use crate::track::{Acked, Amend, Deed, Direction, Finding, Note, Observation, TcpState};

use super::style::{Ink, Style};
use super::{numerals, wording};

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
#[derive(Clone, Copy, Debug)]
pub struct Annotator {
    level: Level,
    style: Style,
}

impl Annotator {
    /// At that level, and so coloured.
    pub fn new(level: Level, style: Style) -> Self {
        Self { level, style }
    }

    /// Appends the lines that belong below the packet's own.
    pub fn packet(&self, out: &mut Vec<u8>, segment: &Segment, seen: &Observation) {
        if self.level == Level::Off {
            return;
        }
        let worth_it = self.level >= Level::Brief || seen.before != seen.after || !seen.findings.is_empty();
        if let (Some(direction), true) = (seen.direction, worth_it) {
            self.remark(out, segment, seen, direction);
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
        self.style.paint(out, start, Ink::Finding(finding.severity));
        out.push(b'\n');
    }

    /// Appends the `#!` lines of what has changed about an earlier frame.
    pub fn amend(&self, out: &mut Vec<u8>, amend: &Amend) {
        if self.level == Level::Off {
            return;
        }
        for rule in &amend.withdrawn {
            let start = out.len();
            out.extend_from_slice(b"#! ");
            withdrawn_text(out, amend, *rule);
            self.style.paint(out, start, Ink::Remark);
            out.push(b'\n');
        }
        for finding in &amend.details {
            self.finding(out, finding);
        }
    }

    fn remark(&self, out: &mut Vec<u8>, segment: &Segment, seen: &Observation, direction: Direction) {
        let mut start = out.len();
        out.extend_from_slice(b"# f");
        let name = out.len();
        numerals::integer(out, seen.flow);
        out.push(b' ');
        numerals::frame(out, segment.frame);
        // `f1 @15`: the columns stay in line up to frame 99, and shift by a digit with each power of ten.
        pad(out, name, 5);
        out.push(b' ');
        self.style.paint(out, start, Ink::Remark);
        let client: &[u8] = if seen.client_known { b"c" } else { b"c?" };
        self.end(out, client, seen.before.client, seen.after.client);
        start = out.len();
        out.extend_from_slice(if direction == Direction::FromOriginator { b" --> " } else { b" <-- " });
        self.style.paint(out, start, Ink::Remark);
        self.end(out, b"s", seen.before.server, seen.after.server);
        start = out.len();
        out.push(b' ');
        Remark { out, segment, seen, direction, full: self.level == Level::Full, begun: false }.write();
        self.style.paint(out, start, Ink::Remark);
        out.push(b'\n');
    }

    /// `c>SYN_SENT   `: whose state, whether it was just entered, and which it is.
    fn end(&self, out: &mut Vec<u8>, name: &[u8], before: TcpState, after: TcpState) {
        let start = out.len();
        out.extend_from_slice(name);
        out.push(if before == after { b'=' } else { b'>' });
        let state = out.len();
        out.extend_from_slice(after.as_str().as_bytes());
        pad(out, state, 11);
        self.style.paint(out, start, if before == after { Ink::Remark } else { Ink::Entered });
    }
}

/// `f1 @15 warning TC202 fast-retransmission  36.0 ms after …`; a finding about the capture names neither flow nor frame.
pub fn finding_text(out: &mut Vec<u8>, finding: &Finding) {
    if let Some(flow) = finding.flow {
        out.push(b'f');
        numerals::integer(out, flow);
        out.push(b' ');
    }
    if finding.frame > 0 {
        numerals::frame(out, finding.frame);
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
    numerals::integer(out, amend.flow);
    out.push(b' ');
    numerals::frame(out, amend.frame);
    for word in [" withdrawn ", rule.code(), " ", rule.slug()] {
        out.extend_from_slice(word.as_bytes());
    }
}

/// What one segment did, in words.
struct Remark<'a> {
    out: &'a mut Vec<u8>,
    segment: &'a Segment,
    seen: &'a Observation,
    direction: Direction,
    full: bool,
    begun: bool,
}

impl Remark<'_> {
    fn write(&mut self) {
        let seen = self.seen;
        match seen.deed {
            Deed::Opens | Deed::OpensToo => self.opens(),
            Deed::OpensAgain if self.segment.flags.contains(TcpFlags::ACK) => self.say("SYN+ACK: the same again"),
            Deed::OpensAgain => self.say("SYN: the same again"),
            Deed::Accepts => self.accepts(),
            Deed::Establishes => self.establishes(),
            Deed::Data => self.data(),
            Deed::Closes => self.closes(),
            Deed::ClosesAgain => {
                self.say("FIN: the same again (");
                numerals::integer(self.out, seen.seq_end);
                self.add(")");
            }
            Deed::Resets => self.resets(),
            Deed::Stray => self.say("stray: does not fit the connection as it stands"),
            Deed::Acks => {}
        }
        if let Some(frame) = seen.fills_gap_of {
            self.say("fills the gap of ");
            numerals::frame(self.out, frame);
        }
        if let Some(acked) = seen.acked.as_ref().filter(|_| !matches!(seen.deed, Deed::Accepts | Deed::Establishes)) {
            self.acks(acked);
        }
        for note in &seen.notes {
            self.note(*note);
        }
        if self.segment.window == 0 && !self.segment.flags.contains(TcpFlags::RST) {
            self.say("window 0: the other side must wait");
        }
        if !self.begun {
            self.nothing_new();
        }
        if self.full {
            self.amounts();
        }
    }

    /// Begins a phrase.
    fn say(&mut self, words: &str) {
        if self.begun {
            self.add("; ");
        }
        self.begun = true;
        self.add(words);
    }

    /// Goes on with a phrase.
    fn add(&mut self, words: &str) {
        self.out.extend_from_slice(words.as_bytes());
    }

    /// Who sent it, where that is known.
    fn sender(&self) -> &'static str {
        match self.direction {
            _ if !self.seen.client_known => "this side",
            Direction::FromOriginator => "client",
            Direction::FromResponder => "server",
        }
    }

    fn opens(&mut self) {
        self.say(if self.seen.deed == Deed::Opens { "SYN: opens" } else { "SYN: opens from the other side too" });
        if self.segment.payload_len > 0 {
            self.add(" with ");
            numerals::bytes(self.out, self.segment.payload_len.into());
            self.add(" of data");
        }
        self.initial_number();
        self.say("the SYN takes 1 sequence number");
    }

    fn accepts(&mut self) {
        self.say("SYN+ACK: ");
        match &self.seen.acked {
            Some(acked) => {
                self.begun = false;
                self.acks(acked);
            }
            None => self.add("accepts"),
        }
        self.initial_number();
    }

    fn initial_number(&mut self) {
        let sender = self.sender();
        self.say(sender);
        self.add(" ISN ");
        numerals::integer(self.out, self.segment.seq.0);
    }

    fn establishes(&mut self) {
        if self.segment.payload_len > 0 {
            self.data();
        }
        match &self.seen.acked {
            Some(acked) if acked.syn => {
                self.say("ACK: acks the SYN+ACK");
                self.newest(acked);
                self.rtt(acked);
            }
            Some(acked) => self.acks(acked),
            None => {}
        }
        self.say("the handshake is done");
    }

    fn data(&mut self) {
        let (seen, length) = (self.seen, u64::from(self.segment.payload_len));
        self.say("data ");
        numerals::integer(self.out, seen.seq);
        self.add(":");
        numerals::integer(self.out, seen.seq_end);
        self.add(", ");
        numerals::bytes(self.out, length);
        if seen.again >= length && length > 0 {
            self.add(", again");
        } else if seen.again > 0 {
            self.add(", ");
            numerals::bytes(self.out, seen.again);
            self.add(" of it again");
        }
    }

    fn closes(&mut self) {
        if self.segment.payload_len > 0 {
            self.data();
        }
        let sender = self.sender();
        self.say("FIN: ");
        self.add(sender);
        self.add(" is done");
        // Mid-stream the numbers count from the first byte seen, not from the first byte sent.
        if self.seen.client_known {
            self.add(" after ");
            numerals::bytes(self.out, self.seen.seq_end.saturating_sub(1).try_into().unwrap_or(0));
        }
        self.say("the FIN takes 1 sequence number (");
        numerals::integer(self.out, self.seen.seq_end);
        self.add(")");
    }

    fn resets(&mut self) {
        let (before, sender) = (self.seen.before, self.sender());
        if before.client == TcpState::SynSent && self.direction == Direction::FromResponder {
            self.say("RST: refuses; nobody listens on port ");
            numerals::integer(self.out, self.segment.src.port);
            return;
        }
        self.say("RST: ");
        self.add(sender);
        self.add(" resets in ");
        let state = if self.direction == Direction::FromOriginator { before.client } else { before.server };
        self.add(state.as_str());
        self.say("nothing more is sent or delivered");
    }

    fn acks(&mut self, acked: &Acked) {
        self.say("acks ");
        let mut several = false;
        if acked.syn {
            self.add("the SYN");
            several = true;
        }
        if acked.bytes > 0 {
            self.add(if several { " and " } else { "" });
            numerals::bytes(self.out, acked.bytes);
            several = true;
        }
        if acked.fin {
            self.add(if several { " and " } else { "" });
            self.add("the FIN");
        }
        self.newest(acked);
        self.rtt(acked);
    }

    /// The frames that are acknowledged: the newest, or with `full` every one.
    fn newest(&mut self, acked: &Acked) {
        if self.full && acked.frames.len() > 1 {
            self.add(" of");
            for frame in &acked.frames {
                self.add(" ");
                numerals::frame(self.out, *frame);
            }
        } else if let Some(frame) = acked.frames.last() {
            self.add(if acked.frames.len() > 1 { " up to " } else { " " });
            numerals::frame(self.out, *frame);
        }
    }

    fn rtt(&mut self, acked: &Acked) {
        if let Some(rtt) = acked.rtt {
            self.add(", rtt ");
            numerals::time(self.out, rtt);
        }
    }

    fn note(&mut self, note: Note) {
        match note {
            Note::KeepAlive => self.say("keep-alive: is the other side still there?"),
            Note::KeepAliveAck => self.say("answers the keep-alive"),
            Note::ZeroWindowProbe => self.say("zero-window probe: may more be sent yet?"),
            Note::ZeroWindowProbeAck => self.say("answers the zero-window probe"),
            Note::WindowUpdate => {
                self.say("window update: ");
                match self.seen.window_bytes {
                    Some(bytes) => numerals::bytes(self.out, bytes),
                    None => numerals::integer(self.out, self.segment.window),
                }
            }
        }
    }

    fn nothing_new(&mut self) {
        match self.seen.ack {
            Some(ack) => {
                self.say("acks nothing new: still ");
                numerals::integer(self.out, ack);
            }
            None => self.say("neither data nor an acknowledgment"),
        }
    }

    /// What `full` adds: gap, window, bytes in flight.
    fn amounts(&mut self) {
        if let Some((from, to)) = self.seen.gap {
            self.say("");
            numerals::bytes(self.out, to.saturating_sub(from).try_into().unwrap_or(0));
            self.add(" missing before it (");
            numerals::integer(self.out, from);
            self.add(":");
            numerals::integer(self.out, to);
            self.add(")");
        }
        if let Some(window) = self.seen.window_bytes {
            self.say("window ");
            numerals::bytes(self.out, window);
        }
        if self.seen.in_flight > 0 {
            self.say("");
            numerals::bytes(self.out, self.seen.in_flight);
            self.add(" in flight");
        }
    }
}

/// Fills up with spaces what was written since `start`, to `width`.
fn pad(out: &mut Vec<u8>, start: usize, width: usize) {
    let missing = (start + width).saturating_sub(out.len());
    out.extend(std::iter::repeat_n(b' ', missing));
}
