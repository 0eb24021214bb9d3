//! What one segment did, in words: the text behind both ends' states.

use crate::dissect::{Segment, TcpFlags};
use crate::track::{Acked, Deed, Direction, Note, Observation, TcpState};

use super::numerals;

/// Appends what `segment`, which went that way, did; `full` adds gaps, windows, bytes in flight and every frame.
pub fn write(out: &mut Vec<u8>, segment: &Segment, seen: &Observation, direction: Direction, full: bool) {
    Remark { out, segment, seen, direction, full, begun: false }.write();
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
            Deed::Copy(twin) => {
                self.say("the same packet as ");
                numerals::frame(self.out, twin);
                self.add(" once more: it changes nothing");
            }
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
        self.selective();
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
        if let Some(ack) = self.seen.ack.filter(|_| !several && !acked.fin) {
            // Of a side that was not captured.
            self.add("all below ");
            numerals::integer(self.out, ack);
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

    /// What SACK blocks say: bytes that are there already, beyond those acknowledged.
    fn selective(&mut self) {
        let (Some(base), Some(ack)) = (self.seen.ack, self.segment.ack) else { return };
        for (left, right) in self.segment.options.sack.as_slice() {
            let [from, to] = [left, right].map(|edge| base.saturating_add(i64::from(edge.distance(ack))));
            // RFC 2883 §4: a block at or below the acknowledgment reports bytes that came twice.
            self.say(if to <= base { "got " } else { "has " });
            numerals::integer(self.out, from);
            self.add(":");
            numerals::integer(self.out, to);
            self.add(if to <= base { " twice (D-SACK)" } else { " already (SACK)" });
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
