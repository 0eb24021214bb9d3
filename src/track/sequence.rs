//! Sequence numbers: what is new, what was seen before, what is missing (TC2).

use crate::dissect::TcpFlags;
use crate::rules::Rule;

use super::connection::Connection;
use super::holes::Hole;
use super::step::Step;
use super::{Deed, Note};

impl Connection {
    /// A probe of an idle or stopped connection: it takes no new number, so it is neither data nor a retransmission.
    pub(super) fn probes(&mut self, step: &mut Step<'_>) -> bool {
        let (me, peer) = (&self.ends[step.me()], &self.ends[step.peer()]);
        let plain = !step.segment.flags.intersects(TcpFlags::SYN.with(TcpFlags::FIN).with(TcpFlags::RST));
        if !plain || step.segment.payload_len > 1 || me.count.packets < 2 || me.una == i64::MIN {
            return false;
        }
        // RFC 9293 §3.8.4: SEG.SEQ = SND.NXT - 1, with no or one garbage octet. Linux probes a closed window the same way.
        if step.obs.seq == me.una - 1 && step.obs.seq < me.nxt {
            let note = if peer.window == 0 { Note::ZeroWindowProbe } else { Note::KeepAlive };
            step.obs.notes.push(note);
            self.probe = Some((step.from, note));
            return true;
        }
        // §3.8.6.1: a probe with the next octet, which the receiver has no room for.
        if step.segment.payload_len == 1 && peer.window == 0 && peer.ack == Some(step.obs.seq) {
            step.obs.notes.push(Note::ZeroWindowProbe);
            self.probe = Some((step.from, Note::ZeroWindowProbe));
        }
        false
    }

    /// Takes the segment's numbers, payload and flags.
    pub(super) fn send(&mut self, step: &mut Step<'_>) {
        let segment = step.segment;
        let from = step.obs.seq;
        let end = from + i64::from(segment.seq_len());
        if end == from {
            return;
        }
        if segment.payload_len > 0 && step.obs.deed == Deed::Acks {
            step.obs.deed = Deed::Data;
        }
        self.check_after_fin(step);
        self.note_early_data(step);
        let me = &mut self.ends[step.me()];
        if me.low == i64::MAX {
            // Its numbers were known only from acknowledgments.
            me.low = from;
            if from > me.nxt {
                me.nxt = from;
                me.una = from;
            }
        }
        if end <= me.low {
            // Older than the capture: nobody can say whether it was sent before.
            me.low = from;
            return;
        }
        if from > me.nxt {
            self.open_gap(step, from);
        }
        let me = &mut self.ends[step.me()];
        let known = me.nxt;
        let (filled, touched) = me.holes.fill(from, end.min(known));
        let again =
            (end.min(known) - from.max(me.low)).max(0) as u64 - filled.min((end.min(known) - from).max(0) as u64);
        if let Some(hole) = touched {
            step.obs.fills_gap_of = Some(hole.opener);
            me.count.late_segments += 1;
            me.send(end, segment);
            me.resend(from, end);
        }
        if again > 0 {
            self.send_again(step, from, end, again);
        }
        let me = &mut self.ends[step.me()];
        if end > known {
            me.nxt = end;
            me.send(end, segment);
        }
    }

    fn open_gap(&mut self, step: &mut Step<'_>, from: i64) {
        let me = &mut self.ends[step.me()];
        let missing = (me.nxt, from);
        let hole = Hole {
            from: missing.0,
            to: from,
            opener: step.segment.frame,
            opened: step.segment.ts,
            missed_by_receiver: false,
            acked: None,
        };
        me.holes.open(hole);
        step.obs.gap = Some(missing);
        step.fire(Rule::SegmentGap)
            .range(missing.0, missing.1)
            .bytes("bytes", (missing.1 - missing.0) as u64)
            .word("cause", "unknown");
    }

    /// Numbers that were seen before.
    fn send_again(&mut self, step: &mut Step<'_>, from: i64, end: i64, again: u64) {
        let segment = step.segment;
        let me = &mut self.ends[step.me()];
        let at = me.flight.partition_point(|sent| sent.end <= from);
        let first = me.flight.get(at).map(|sent| (sent.frame, sent.ts));
        me.resend(from, end);
        if me.fin == Some(end) && step.has(TcpFlags::FIN) {
            step.obs.deed = Deed::ClosesAgain;
        }
        // A repeated SYN or FIN has rules of its own.
        let repeated = again.min(u64::from(segment.payload_len));
        if repeated == 0 || step.has(TcpFlags::SYN) {
            return;
        }
        step.obs.again = repeated;
        me.count.resent_segments += 1;
        me.count.resent_bytes += repeated;
        let finding = step.fire(Rule::Retransmission);
        finding.range(from, end).bytes("bytes", repeated);
        if let Some((frame, ts)) = first {
            finding.time("after", segment.ts.since(ts)).frame("first", frame);
        }
    }

    /// The server's payload in SYN-RECEIVED: whether that is early, only the client's next segment tells.
    fn note_early_data(&mut self, step: &Step<'_>) {
        let (me, peer) = (&self.ends[step.me()].facts, &self.ends[step.peer()]);
        let plain = !step.has(TcpFlags::SYN) && step.segment.payload_len > 0;
        if plain && me.syn_seen && !me.syn_acked && self.ends[step.me()].una < 1 && peer.syn_data == 0 {
            let segment = step.segment;
            self.handshake.early_data.get_or_insert((segment.frame, segment.ts, segment.payload_len));
            self.provisional = true;
        }
    }

    /// Holes that were acknowledged: what has not turned up since was never captured.
    ///
    /// A capture may hold an acknowledgment before the data it acknowledges (several queues, `any`), so the verdict waits.
    pub(super) fn settle_gaps(&mut self, step: &mut Step<'_>) {
        if !self.gaps_acked {
            return;
        }
        self.gaps_acked = false;
        for from in [step.from, step.from.reverse()] {
            let waiting = |hole: &Hole| {
                hole.acked.is_some_and(|(frame, ts)| {
                    step.segment.frame.saturating_sub(frame) <= REORDER_FRAMES
                        || step.segment.ts.since(ts).0 <= REORDER_NANOS
                })
            };
            let end = &mut self.ends[from.index()];
            for hole in end.holes.take_acked(waiting) {
                self.ends[from.index()].count.missed_bytes += (hole.to - hole.from) as u64;
                self.history.gap(from);
                let (frame, ts) = hole.acked.unwrap_or_default();
                let mut finding = self.late_finding(Rule::CaptureGap, (frame, ts), from);
                finding.range(hole.from, hole.to).bytes("bytes", (hole.to - hole.from) as u64);
                self.amend(step, frame, vec![finding], &[]);
            }
            self.gaps_acked |= self.ends[from.index()].holes.any_acked();
        }
    }
}

/// How long an acknowledged hole may still turn up in the capture: 3 frames and 10 ms.
const REORDER_FRAMES: u64 = 3;
const REORDER_NANOS: i64 = 10_000_000;
