//! What one segment did, in words: the text behind both ends' states.

use crate::dissect::{Segment, TcpFlags};
use crate::track::{Acked, Direction, Note, Observation, SegmentEffect, TcpState};

use super::buffer::{Append, BufferWriter};
use super::integer::{labelled_count, number, signed};
use super::units;

/// Appends what `segment`, which went that way, did; `full` adds gaps, windows, bytes in flight and every frame.
pub(super) fn write(
    out: &mut BufferWriter<'_>,
    segment: &Segment,
    seen: &Observation,
    direction: Direction,
    full: bool,
) {
    Remark { out, segment, seen, direction, full, begun: false }.write();
}

/// What one segment did, in words.
struct Remark<'a, 'p> {
    out: &'a mut BufferWriter<'p>,
    segment: &'a Segment,
    seen: &'a Observation,
    direction: Direction,
    full: bool,
    begun: bool,
}

impl Remark<'_, '_> {
    fn write(&mut self) {
        let seen = self.seen;
        match seen.effect {
            SegmentEffect::Opens | SegmentEffect::OpensToo => self.opens(),
            SegmentEffect::OpensAgain if self.segment.flags.contains(TcpFlags::ACK) => {
                self.say(b"SYN+ACK: retransmitted")
            }
            SegmentEffect::OpensAgain => self.say(b"SYN: retransmitted"),
            SegmentEffect::Accepts => self.accepts(),
            SegmentEffect::Establishes => self.establishes(),
            SegmentEffect::Data => self.data(),
            SegmentEffect::Closes => self.closes(),
            SegmentEffect::ClosesAgain => {
                self.say(b"FIN: retransmitted (");
                signed(self.out, seen.seq_end);
                self.add(b")");
            }
            SegmentEffect::Resets => self.resets(),
            SegmentEffect::Copy(twin) => {
                self.say(b"the same packet as ");
                units::frame(self.out, twin);
                self.add(b" once more: it changes nothing");
            }
            SegmentEffect::Outside => {
                self.data();
                self.add(
                    b" beyond every window seen: its receiver drops it, unless the capture misses what came before",
                );
            }
            SegmentEffect::Stray => self.say(b"unexpected segment: its receiver does not accept it"),
            SegmentEffect::Acks => {}
        }
        if let Some(frame) = seen.fills_gap_of {
            self.say(b"fills the gap of ");
            units::frame(self.out, frame);
        }
        if let Some(acked) =
            seen.acked.as_ref().filter(|_| !matches!(seen.effect, SegmentEffect::Accepts | SegmentEffect::Establishes))
        {
            self.acks(acked);
        }
        for note in &seen.notes {
            self.note(*note);
        }
        if self.segment.window == 0 && !self.segment.flags.contains(TcpFlags::RST) && !self.is_done() {
            self.say(b"window 0: the other side must wait");
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
    #[inline]
    fn say<const N: usize>(&mut self, words: &[u8; N]) {
        if self.begun {
            self.add(b"; ");
        }
        self.begun = true;
        self.add(words);
    }

    /// Goes on with a phrase.
    #[inline]
    fn add<const N: usize>(&mut self, words: &[u8; N]) {
        self.out.text(words);
    }

    /// Goes on with a word that is chosen as it runs.
    fn word(&mut self, word: &str) {
        self.out.add(word.as_bytes());
    }

    /// Who sent it, where that is known.
    fn sender(&self) -> &'static str {
        match self.direction {
            _ if !self.seen.client_known => "this side",
            Direction::FromOriginator => "client",
            Direction::FromResponder => "server",
        }
    }

    /// Whether the other side has sent all that it ever will, so that no window stops it.
    fn is_done(&self) -> bool {
        let after = self.seen.after;
        let receiver = if self.direction == Direction::FromOriginator { after.server } else { after.client };
        matches!(receiver, TcpState::FinWait2 | TcpState::TimeWait | TcpState::Closed)
    }

    fn opens(&mut self) {
        self.say(b"SYN: opens");
        if self.seen.effect == SegmentEffect::OpensToo {
            self.add(b" from the other side too");
        }
        if self.segment.payload_len > 0 {
            self.add(b" with ");
            units::bytes(self.out, self.segment.payload_len.into());
            self.add(b" of data");
        }
        self.initial_number();
        self.say(b"the SYN consumes one sequence number");
    }

    fn accepts(&mut self) {
        self.say(b"SYN+ACK: ");
        match &self.seen.acked {
            Some(acked) => {
                self.begun = false;
                self.acks(acked);
            }
            None => self.add(b"accepts"),
        }
        self.initial_number();
    }

    fn initial_number(&mut self) {
        let sender = self.sender();
        self.say(b"");
        self.word(sender);
        self.add(b" ISN ");
        number(self.out, self.segment.seq.0);
    }

    fn establishes(&mut self) {
        if self.segment.payload_len > 0 {
            self.data();
        }
        match &self.seen.acked {
            Some(acked) if acked.syn => {
                self.say(b"ACK: acks the SYN+ACK");
                self.newest();
                self.rtt(acked);
            }
            Some(acked) => self.acks(acked),
            None => {}
        }
        self.say(b"the handshake is done");
    }

    fn data(&mut self) {
        let (seen, length) = (self.seen, u64::from(self.segment.payload_len));
        self.say(b"data ");
        signed(self.out, seen.seq);
        self.add(b":");
        signed(self.out, seen.seq_end);
        labelled_count(self.out, b", ", length);
        self.add(b" B");
        if seen.retransmitted_bytes >= length && length > 0 {
            self.add(b", retransmitted");
        } else if seen.retransmitted_bytes > 0 {
            self.add(b", ");
            units::bytes(self.out, seen.retransmitted_bytes);
            self.add(b" of it retransmitted");
        }
    }

    fn closes(&mut self) {
        if self.segment.payload_len > 0 {
            self.data();
        }
        let sender = self.sender();
        self.say(b"FIN: ");
        self.word(sender);
        self.add(b" is done");
        // Mid-stream the numbers count from the first byte seen, not from the first byte sent.
        if self.seen.client_known {
            self.add(b" after ");
            units::bytes(self.out, self.seen.seq_end.saturating_sub(1).try_into().unwrap_or(0));
        }
        self.say(b"the FIN consumes one sequence number (");
        signed(self.out, self.seen.seq_end);
        self.add(b")");
    }

    fn resets(&mut self) {
        let (before, sender) = (self.seen.before, self.sender());
        if before.client == TcpState::SynSent && self.direction == Direction::FromResponder {
            self.say(b"RST: refuses; nobody listens on port ");
            number(self.out, self.segment.src.port.into());
            return;
        }
        self.say(b"RST: ");
        self.word(sender);
        self.add(b" resets in ");
        let state = if self.direction == Direction::FromOriginator { before.client } else { before.server };
        self.word(state.as_str());
        self.say(b"nothing more is sent or delivered");
    }

    fn acks(&mut self, acked: &Acked) {
        self.say(b"acks ");
        let mut several = false;
        if acked.syn {
            self.add(b"the SYN");
            several = true;
        }
        if acked.bytes > 0 {
            self.word(if several { " and " } else { "" });
            units::bytes(self.out, acked.bytes);
            several = true;
        }
        if acked.fin {
            self.word(if several { " and " } else { "" });
            self.add(b"the FIN");
        }
        if let Some(ack) = self.seen.ack.filter(|_| !several && !acked.fin) {
            // Of a side that was not captured.
            self.add(b"all below ");
            signed(self.out, ack);
        }
        self.newest();
        self.rtt(acked);
    }

    /// The frames that are acknowledged: the newest, or with `full` every one.
    fn newest(&mut self) {
        let frames = &self.seen.acked_frames;
        if self.full && frames.len() > 1 {
            self.add(b" of");
            for frame in frames {
                self.add(b" ");
                units::frame(self.out, *frame);
            }
        } else if let Some(frame) = frames.last() {
            self.word(if frames.len() > 1 { " up to " } else { " " });
            units::frame(self.out, *frame);
        }
    }

    fn rtt(&mut self, acked: &Acked) {
        if let Some(rtt) = acked.rtt {
            self.add(b", rtt ");
            units::time(self.out, rtt);
        }
    }

    fn note(&mut self, note: Note) {
        match note {
            Note::KeepAlive => self.say(b"keep-alive: is the other side still there?"),
            Note::KeepAliveAck => self.say(b"answers the keep-alive"),
            Note::ZeroWindowProbe => self.say(b"zero-window probe: may more be sent yet?"),
            Note::ZeroWindowProbeAck => self.say(b"answers the zero-window probe"),
            Note::WindowUpdate => {
                self.say(b"window update: ");
                match self.seen.window_bytes {
                    Some(bytes) => units::bytes(self.out, bytes),
                    None => number(self.out, self.segment.window.into()),
                }
            }
        }
    }

    fn nothing_new(&mut self) {
        match self.seen.ack {
            Some(ack) if self.seen.is_duplicate_ack() => {
                self.say(b"duplicate ACK ");
                signed(self.out, ack);
            }
            Some(ack) => {
                self.say(b"ack ");
                signed(self.out, ack);
                self.add(b", no new data acknowledged");
            }
            None => self.say(b"neither data nor an acknowledgment"),
        }
    }

    /// What SACK blocks say: bytes that are there already, beyond those acknowledged.
    fn selective(&mut self) {
        let (Some(base), Some(ack)) = (self.seen.ack, self.segment.ack) else { return };
        for (left, right) in self.segment.options.sack.as_slice() {
            let [from, to] = [left, right].map(|edge| base.saturating_add(i64::from(edge.distance(ack))));
            // RFC 2883 §4: a block at or below the acknowledgment reports bytes that came twice.
            self.say(if to <= base { b"got " } else { b"has " });
            signed(self.out, from);
            self.add(b":");
            signed(self.out, to);
            self.word(if to <= base { " twice (D-SACK)" } else { " already (SACK)" });
        }
    }

    /// What `full` adds: gap, window, bytes in flight.
    fn amounts(&mut self) {
        if let Some((from, to)) = self.seen.gap {
            self.say(b"");
            units::bytes(self.out, to.saturating_sub(from).try_into().unwrap_or(0));
            self.add(b" missing before it (");
            signed(self.out, from);
            self.add(b":");
            signed(self.out, to);
            self.add(b")");
        }
        if let Some(window) = self.seen.window_bytes {
            self.say(b"window ");
            units::bytes(self.out, window);
        }
        if self.seen.in_flight > 0 {
            self.say(b"");
            units::bytes(self.out, self.seen.in_flight);
            self.add(b" in flight");
        }
    }
}
