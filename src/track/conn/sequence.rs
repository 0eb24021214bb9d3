//! Sequence numbers: what is new, what was seen before, what is missing (TC2).

use crate::dissect::TcpFlags;
use crate::rules::{Confidence, Rule};

use crate::track::conn::connection::Connection;
use crate::track::conn::facts::Fact;
use crate::track::conn::gaps::Gap;
use crate::track::conn::recovery::Retransmission;
use crate::track::conn::sent::Sent;
use crate::track::conn::step::Step;
use crate::track::conn::verdict::Verdict;
use crate::track::{Note, SegmentEffect};

impl Connection {
    /// A probe of an idle or stopped connection: it takes no new number, so it is neither data nor a retransmission.
    pub(in crate::track) fn probes(&mut self, step: &mut Step<'_>) -> bool {
        let (me, peer) = (&self.ends[step.me()], &self.ends[step.peer()]);
        let plain = !step.segment.flags.intersects(TcpFlags::SYN.with(TcpFlags::FIN).with(TcpFlags::RST));
        if !plain || step.segment.payload_len > 1 || me.count.packets < 2 || me.una == i64::MIN || self.lags(step.from)
        {
            return false;
        }
        // RFC 9293 §3.8.4: SEG.SEQ = SND.NXT - 1, with no or one garbage octet. Linux probes a closed window the same way.
        // It acknowledges all that has come, and nothing new: an older acknowledgment was merely overtaken.
        let current = step.obs.ack == me.ack();
        if step.obs.seq == me.una - 1 && step.obs.seq < me.nxt && current {
            let (_, window) = peer.window_known_to(step);
            let note = if window == 0 { Note::ZeroWindowProbe } else { Note::KeepAlive };
            step.obs.notes.push(note);
            self.probe = Some((step.from, note));
            return true;
        }
        // §3.8.6.1: a probe with the next octet, which the receiver has no room for.
        let shut = peer.window == 0 || self.crosses_the_window(step);
        if step.segment.payload_len == 1 && peer.ack() == Some(step.obs.seq) && shut {
            step.obs.notes.push(Note::ZeroWindowProbe);
            self.probe = Some((step.from, Note::ZeroWindowProbe));
            return me.probe_at(step.obs.seq).is_some();
        }
        false
    }

    /// Takes the segment's numbers, payload and flags.
    pub(in crate::track) fn send(&mut self, step: &mut Step<'_>) {
        let segment = step.segment;
        let from = step.obs.seq;
        let end = from + i64::from(segment.seq_len());
        if end == from {
            return self.note_promised(step, from);
        }
        if segment.payload_len > 0 && step.obs.effect == SegmentEffect::Acks {
            step.obs.effect = SegmentEffect::Data;
        }
        self.check_after_fin(step);
        self.note_early_data(step);
        let probes = step.obs.notes.contains(&Note::ZeroWindowProbe);
        let me = &mut self.ends[step.me()];
        if !probes {
            me.take_back_probe(from);
        }
        // The octet of a probe that was acknowledged meanwhile: its sender counts from before it until it knows.
        let probed = !probes
            && me.nxt == from + 1
            && end > me.nxt
            && me.rare.probing.as_deref().is_some_and(|p| p.at == Some(from));
        let from = from + i64::from(probed);
        self.learn_lowest(step, from);
        let me = &mut self.ends[step.me()];
        if end <= me.low {
            // Older than the capture: nobody can say whether it was sent before, nor of what may lie between.
            if end == me.low {
                me.low = from;
            }
            return;
        }
        if me.rare.gaps.is_unknown(from) && end <= me.nxt {
            // There were too many gaps to tell whether it fills one.
            me.rare.gaps.fill(from, end);
            return;
        }
        let advances = from >= me.nxt;
        if advances {
            self.send_new(step, from, end);
        } else {
            self.send_old(step, from, end);
        }
        let me = &mut self.ends[step.me()];
        if segment.payload_len > 0 {
            me.note_data(segment);
        }
        if probes {
            me.mark_probe(from);
        }
        self.check_window_full(step);
    }

    /// Takes the first number that an end is seen to send.
    fn learn_lowest(&mut self, step: &mut Step<'_>, from: i64) {
        let me = &mut self.ends[step.me()];
        if me.low != i64::MAX {
            return;
        }
        // Its numbers were known only from acknowledgments.
        me.low = from;
        if from > me.nxt {
            me.nxt = from;
            me.una = from;
        } else if from < me.nxt {
            self.note_acked_before(step, from);
        }
    }

    /// A bare acknowledgment carries the number that its sender would use next: what lies below has been sent.
    fn note_promised(&mut self, step: &Step<'_>, from: i64) {
        let me = &mut self.ends[step.me()];
        let plausible = from - me.nxt <= MAX_PROMISE && me.fin().is_none_or(|fin| from <= fin);
        if me.count.packets > 1 && me.low != i64::MAX && from > me.nxt && plausible {
            me.rare.gaps.open(Gap::before(step.segment, me.nxt, from));
            me.nxt = from;
        }
    }

    /// Numbers beyond all that was sent.
    fn send_new(&mut self, step: &mut Step<'_>, from: i64, end: i64) {
        let known = self.ends[step.me()].nxt;
        self.open_gap(step, from);
        let lost = if from == known { self.hidden_first_copies(step) } else { 0 };
        if lost > 0 {
            let bytes = u64::from(step.segment.payload_len);
            let last = self.ends[step.me()].last_ts;
            let hidden =
                Retransmission { from, end, bytes, seen: false, again: false, first: None, last, lost, rung: "ip-id" };
            self.say_resent(step, hidden);
            if step.has(TcpFlags::FIN) {
                step.fire(Rule::FinRetransmission).confidence(Confidence::Likely);
            }
        }
        let me = &mut self.ends[step.me()];
        if lost == 0
            && let Some(recovery) = me.recovery_mut()
        {
            // What comes next above all that was seen would be the first segment that died before the capture point.
            recovery.hidden = 0;
        }
        if from > known {
            me.rare.last_old = Some(step.segment.ts);
        }
        me.send(from, end, step.segment);
        me.nxt = end;
    }

    /// Numbers of which at least some had been sent, or passed over.
    fn send_old(&mut self, step: &mut Step<'_>, from: i64, end: i64) {
        let segment = step.segment;
        self.check_content(step);
        let me = &mut self.ends[step.me()];
        let upto = end.min(me.nxt);
        let first = me.first_copy(from);
        let resent = me.rare.recovery.as_deref().and_then(|recovery| recovery.last_resent(from, upto));
        let again = resent.is_some() || me.has_resent(from, upto);
        let (filled, gap) = me.gaps_mut().map_or((0, None), |gaps| gaps.fill(from, upto));
        let unseen = self.take_unseen(step, from, upto);
        let missing = filled.saturating_add(unseen.map_or(0, |found| found.bytes));
        let me = &self.ends[step.me()];
        let seen = ((upto - from.max(me.low)).max(0) as u64).saturating_sub(missing);
        let (verdict, rung) = match (&gap, &unseen) {
            (_, Some(found)) if seen == 0 => self.judge_unseen(step, found),
            (Some(gap), None) if seen == 0 => self.judge_filling(step, gap),
            _ => self.judge_repeat(step, first.as_ref()),
        };
        if let Some(gap) = gap {
            step.obs.fills_gap_of = Some(gap.opener);
            self.fill_gap(step, gap.opener, filled, verdict);
            if verdict == Verdict::Resent {
                step.shared.stacks.note_loss(step.segment);
            }
        }
        if verdict == Verdict::Stored {
            if let Some(found) = unseen {
                self.say_stored(step, &found);
            } else if let Some((_, acked)) = gap.and_then(|gap| gap.acked) {
                self.note_late(step, acked);
            }
            return self.send_stored(step, (from, end), gap.is_some());
        }
        if !step.has(TcpFlags::SYN) {
            self.ends[step.me()].rare.last_old = Some(segment.ts);
        }
        if verdict == Verdict::Late {
            self.say_late(step, (from, end), gap, rung);
        } else if !step.has(TcpFlags::SYN) && !self.closes_again(step) {
            // A FIN alone carries no byte again; that it came before is said where it closes, and how it came to be sent here.
            let bytes = if gap.is_some() { seen + filled } else { seen };
            let bytes = bytes.min(u64::from(segment.payload_len));
            let original = first;
            // A first copy that was not seen left before what went past it.
            let opened = gap.map(|gap| gap.opened);
            let last = resent.or(first.map(|sent| sent.last_ts)).or(opened).unwrap_or(segment.ts);
            let first = first.map(|sent| (sent.frame, sent.ts));
            self.say_resent(
                step,
                Retransmission { from, end, bytes, seen: gap.is_none(), again, first, last, lost: 0, rung },
            );
            if segment.payload_len > 0 {
                self.check_resends(step, original.as_ref());
            }
        }
        self.send_again(step, (from, end), gap.is_some());
    }

    /// Notes that numbers below the highest ones went out again, or, filling a gap, for the first time that the capture shows.
    fn send_again(&mut self, step: &mut Step<'_>, (from, end): (i64, i64), fills: bool) {
        let segment = step.segment;
        let me = &mut self.ends[step.me()];
        let known = me.nxt;
        me.resend(from, end, segment.ts);
        if fills {
            let upto = end.min(known);
            me.send(from, upto, segment);
            me.resend(from, upto, segment.ts);
        }
        if me.fin() == Some(end) && step.has(TcpFlags::FIN) {
            step.obs.effect = SegmentEffect::ClosesAgain;
        }
        if end > known {
            me.nxt = end;
            me.send(known, end, segment);
        }
    }

    /// Whether it is the FIN once more, in the acknowledgment of the other end's: stacks send it so, and no timer needs to run out.
    // RFC 9293 §3.10.7.4: in FIN-WAIT-1 and CLOSING that acknowledgment's number is SND.NXT; theirs is the FIN's own.
    fn closes_again(&self, step: &Step<'_>) -> bool {
        let (me, peer) = (&self.ends[step.me()], &self.ends[step.peer()]);
        let acks_fin = peer.fin().is_some_and(|fin| step.obs.ack == Some(fin) && me.ack().is_none_or(|ack| ack < fin));
        acks_fin && step.has(TcpFlags::FIN) && step.segment.payload_len == 0
    }

    /// Takes numbers that come in order, but for the capture: nothing was sent again, and nothing was overtaken.
    fn send_stored(&mut self, step: &mut Step<'_>, (from, end): (i64, i64), waits: bool) {
        let me = &mut self.ends[step.me()];
        let known = me.nxt;
        if waits && end > me.una {
            me.send(from, end.min(known), step.segment);
        }
        if end > known {
            me.nxt = end;
            me.send(known, end, step.segment);
        }
    }

    /// A segment of which every number was seen before: sent again, unless it left before the copy that was seen.
    fn judge_repeat(&self, step: &Step<'_>, first: Option<&Sent>) -> (Verdict, &'static str) {
        let me = &self.ends[step.me()];
        let older = first.is_some_and(|first| me.ids.order(step.segment.ip_id, first.ip_id) == Some(false));
        if older { (Verdict::Late, "ip-id") } else { (Verdict::Resent, "seen") }
    }

    /// A first copy that was overtaken.
    fn say_late(&mut self, step: &mut Step<'_>, (from, end): (i64, i64), gap: Option<Gap>, rung: &'static str) {
        self.ends[step.me()].note_trouble().late_segments += 1;
        let (frame, ts) = (step.segment.frame, step.segment.ts);
        let finding = step.fire(Rule::OutOfOrder);
        finding.range(from, end).word("rung", rung);
        if let Some(gap) = gap.filter(|gap| gap.opener != frame) {
            finding.frame("gap_frame", gap.opener).time("late", ts.since(gap.opened));
        }
    }

    /// The server's payload in SYN-RECEIVED: whether that is early, only the client's next segment tells.
    fn note_early_data(&mut self, step: &Step<'_>) {
        let (me, peer) = (&self.ends[step.me()].facts, &self.ends[step.peer()]);
        // Who has the client's data has its acknowledgment too.
        let first = step.obs.ack.is_none_or(|ack| ack <= 1);
        let plain = !step.has(TcpFlags::SYN) && step.segment.payload_len > 0 && first;
        if plain
            && me.has(Fact::SynSeen)
            && !me.has(Fact::SynAcked)
            && self.ends[step.me()].una < 1
            && peer.rare.syn_data == 0
        {
            let segment = step.segment;
            let early = || Box::new((segment.frame, segment.ts, segment.payload_len));
            self.rare.early_data.get_or_insert_with(early);
            self.provisional = true;
        }
    }

    /// Holes that were acknowledged: what has not turned up since was never captured.
    ///
    /// A capture may hold an acknowledgment before the data it acknowledges (several queues, `any`), so the verdict waits.
    pub(in crate::track) fn settle_gaps(&mut self, step: &mut Step<'_>) {
        if !self.gaps_acked {
            return;
        }
        self.gaps_acked = false;
        for from in [step.from, step.from.reverse()] {
            let waiting = |gap: &Gap| {
                gap.acked.is_some_and(|(frame, ts)| {
                    step.segment.frame.saturating_sub(frame) <= REORDER_FRAMES
                        || step.segment.ts.since(ts).0 <= REORDER_NANOS
                })
            };
            let end = &mut self.ends[from.index()];
            for gap in end.gaps_mut().map(|gaps| gaps.take_acked(waiting)).unwrap_or_default() {
                let late = step.shared.skewed || self.is_late(from);
                self.note_missed(from, &gap, late);
                if late {
                    continue;
                }
                self.history.gap(from);
                self.give_up_gap(step, from, &gap);
                let (frame, ts) = gap.acked.unwrap_or_default();
                if gap.asked.is_some() {
                    continue;
                }
                let mut finding = self.late_finding(Rule::CaptureGap, (frame, ts), from);
                finding.range(gap.from, gap.to).bytes("bytes", gap.len());
                self.amend(step, frame, vec![finding], &[]);
            }
            self.gaps_acked |= self.ends[from.index()].rare.gaps.any_acked();
        }
    }
}

/// How long an acknowledged hole may still turn up in the capture: 3 frames and 10 ms.
const REORDER_FRAMES: u64 = 3;
const REORDER_NANOS: i64 = 10_000_000;

/// A bare acknowledgment further ahead than the largest unscaled window may be damaged, or not belong here.
const MAX_PROMISE: i64 = 65_535;
