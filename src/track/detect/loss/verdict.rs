//! The evidence ladder: whether a segment with old bytes, or one that fills a gap, was sent again or merely came late.
//!
//! The rungs are asked in order of strength, and the first that decides wins: IP ID, timestamps, then time and feedback.

use crate::capture::Span;
use crate::dissect::TcpFlags;
use crate::rules::{Confidence, Rule, Severity};

use crate::track::conn::connection::{Connection, Remark};
use crate::track::conn::endpoint::Endpoint;
use crate::track::conn::gaps::is_earlier;
use crate::track::conn::gaps::{Gap, MAX_GAPS};
use crate::track::conn::loss_reports::LossReports;
use crate::track::conn::recovery::{Need, Resent, Retransmission, UnexplainedGap};
use crate::track::conn::recovery_cause::RetransmissionCause;
use crate::track::conn::step::Step;
use crate::track::conn::verdict::Verdict;
use crate::track::timing::{MIN_RTO, SHORTEST_TIMER, SenderClock};
use crate::track::{Direction, Finding};

/// A shorter way, and much shorter than the other one, is that of a capture point beside an end.
const BESIDE: Span = Span::from_millis(2);

/// The round trip between two ends, as far as it was measured.
pub(in crate::track) fn round_trip(ends: &[Endpoint; 2]) -> Span {
    let leg = |end: usize| ends[end].leg().unwrap_or_default().0;
    Span(leg(0).saturating_add(leg(1)))
}

impl Connection {
    /// The round trip between both ends, as far as it was measured.
    pub(in crate::track) fn round_trip(&self) -> Span {
        round_trip(&self.ends)
    }

    /// How many segments of the wire this frame holds: offload makes one of several.
    pub(in crate::track) fn segments_in(&self, step: &Step<'_>) -> u16 {
        self.segments_of(step, step.segment.payload_len.into()).max(1)
    }

    /// How many segments its sender makes of so many bytes.
    fn segments_of(&self, step: &Step<'_>, bytes: i64) -> u16 {
        let segment = step.segment;
        let mss = self.ends.iter().map(|end| end.mss).filter(|mss| *mss > 0);
        // RFC 6691 §2: options take their room from the MSS.
        let options = if segment.options.timestamps.is_some() { 12 } else { 0 };
        let room = u64::from(mss.min().unwrap_or(1460).saturating_sub(options)).max(1);
        let bytes = u64::try_from(bytes).unwrap_or(0);
        if bytes <= room {
            return u16::from(bytes > 0);
        }
        u16::try_from(bytes.div_ceil(room)).unwrap_or(u16::MAX)
    }

    /// Whether what fills the hole was overtaken, or sent again.
    pub(in crate::track) fn judge_filling(&self, step: &Step<'_>, gap: &Gap) -> (Verdict, &'static str) {
        let segment = step.segment;
        let me = &self.ends[step.me()];
        // What was acknowledged before, or is older by its time stamp, was not overtaken by the network but by the capture.
        let stored = gap.acked.is_some() || is_earlier(segment, gap);
        let late = |late: bool| match late {
            true if stored => Verdict::Stored,
            true => Verdict::Late,
            false => Verdict::Resent,
        };
        // What went past the hole was sent after the bytes that are missing, and before they were sent again.
        let clock =
            segment.options.timestamps.zip(gap.tsval).map(|((tsval, _), other)| tsval.wrapping_sub(other) as i32);
        if let Some(ticks) = clock.filter(|ticks| *ticks != 0) {
            return (late(ticks < 0), "timestamp");
        }
        if let Some(after) = me.ids.order(segment.ip_id, gap.ip_id) {
            return (late(!after), "ip-id");
        }
        let fine = |(tsval, _)| me.ticks_within(tsval, segment.ts, self.round_trip());
        if clock.is_some() && segment.options.timestamps.is_some_and(fine) {
            // In one tick of a clock that ticks within a round trip: none lies between them.
            return (late(true), "timestamp");
        }
        if gap.acked.is_some() && self.comes_late_in_order(step) {
            return (Verdict::Stored, "seen");
        }
        // A retransmission comes at least a round trip, or the smallest timer, after what it repeats.
        let waited = segment.ts.since(gap.opened);
        let shortest = self.ends.iter().filter_map(|end| end.leg()).min();
        let soon = waited.is_below(90, shortest.unwrap_or_default()) || waited.is_below(60, self.round_trip());
        // Its sender answers what the receiver asks for, and that goes to it and back.
        let to_sender = self.ends[step.peer()].leg().unwrap_or_default();
        let answers = gap.asked.is_some_and(|asked| !segment.ts.since(asked).is_below(70, to_sender));
        (late(soon || !answers && waited < MIN_RTO), "causality")
    }

    /// How many packets of its sender died before the capture point where this segment, which seems new, is one of them, sent
    /// again.
    pub(in crate::track) fn hidden_first_copies(&self, step: &mut Step<'_>) -> u16 {
        let me = &self.ends[step.me()];
        if let Some(recovery) = me.rare.recovery.as_deref().filter(|recovery| recovery.hidden > 0)
            && self.paused(step).is_below(150, self.round_trip())
        {
            return recovery.hidden;
        }
        if self.probe.is_some_and(|(prober, _)| prober != step.from) || !self.has_paused(step) {
            // What was lost may be the answer to a probe.
            return 0;
        }
        let lost = self.lost_before(step);
        if lost > 0 {
            step.shared.stacks.note_pause(step.segment, false);
        }
        if step.shared.stacks.skips_are_losses(step.segment) { lost } else { 0 }
    }

    /// How long nobody had sent when this segment came.
    fn paused(&self, step: &Step<'_>) -> Span {
        step.segment.ts.since(self.ends.iter().map(|end| end.last_ts).max().unwrap_or_default())
    }

    /// Whether that was long enough for a timer.
    #[inline]
    pub(in crate::track) fn has_paused(&self, step: &Step<'_>) -> bool {
        let paused = self.paused(step);
        paused > SHORTEST_TIMER && !paused.is_below(160, self.round_trip())
    }

    /// How many segments above all that was seen died before the capture point, when a recovery begins with the first one that
    /// the receiver lacks: the IP IDs before it tell.
    fn hidden_behind(&self, step: &Step<'_>, sent: Retransmission) -> u16 {
        let me = &self.ends[step.me()];
        let first = sent.from <= me.una || sent.lost > 0;
        if !first || !step.shared.stacks.skips_are_losses(step.segment) {
            return 0;
        }
        // What was asked for just before may have been sent again as well, and those copies may be among what is missing.
        let asked = me.rare.loss_reports.as_deref().and_then(LossReports::lowest).filter(|lowest| *lowest < sent.from);
        let others = asked.map_or(0, |lowest| self.segments_of(step, sent.from - lowest));
        self.lost_before(step).saturating_sub(others)
    }

    /// How many data segments of its sender were lost between its last packet and this one, if it is they that its IDs skip.
    fn lost_before(&self, step: &Step<'_>) -> u16 {
        let (me, peer) = (&self.ends[step.me()], &self.ends[step.peer()]);
        let skipped = me.ids.skipped(step.segment.ip_id);
        // Where the capture is known to miss frames, one of those may be what the IDs skip.
        let missed = self.gaps_acked || step.shared.lossy || step.shared.counts.are_acks_missing();
        // An acknowledgment of the other end's data may have been lost instead.
        let acknowledges = peer.una < peer.nxt;
        let excused = !me.ids.is_steady() || missed || acknowledges || self.is_beside(step.from);
        if excused { 0 } else { skipped }
    }

    /// Whether the capture was made beside that sender: nothing is lost on its way here then. So it is where nothing says
    /// otherwise.
    fn is_beside(&self, sender: Direction) -> bool {
        let (to_receiver, to_sender) = (self.ends[sender.index()].leg(), self.ends[sender.reverse().index()].leg());
        let Some((to_receiver, to_sender)) = to_receiver.zip(to_sender) else { return true };
        to_sender < BESIDE && to_sender.is_below(20, to_receiver)
    }

    /// Says that a segment was sent again: how, and whether that was needed.
    pub(in crate::track) fn say_resent(&mut self, step: &mut Step<'_>, sent: Retransmission) {
        let segment = step.segment;
        let (una_ts, round_trip) = (self.ends[step.me()].una_ts, self.round_trip());
        let error = step.shared.icmp.cause(step.obs.flow, step.from, segment, sent.from, una_ts, round_trip);
        let kind = if error.is_some() { RetransmissionCause::Icmp } else { self.kind_of(step, sent) };
        let clock = self.clock(step);
        if kind == RetransmissionCause::Timeout {
            self.settle_probe(step, sent, clock);
        }
        let refused = kind == RetransmissionCause::Unknown && self.is_refused_opening(step, sent);
        let refusal = self.syn_ack().filter(|_| refused);
        let needless = self.is_needless_already(step, sent);
        let hidden = self.hidden_behind(step, sent);
        let segments = self.segments_in(step);
        self.note_lost_size(step, &sent);
        let me = &mut self.ends[step.me()];
        let trouble = me.note_trouble();
        trouble.resent_segments += u64::from(sent.bytes > 0);
        trouble.resent_bytes += sent.bytes;
        me.ids.pass_over(hidden);
        step.obs.retransmitted_bytes = if sent.seen { sent.bytes } else { 0 };
        // RFC 6298 §5.4: the timer sends the earliest segment, and each time it does a recovery begins anew.
        let expired = sent.from <= me.una && clock.may_time_out(segment.ts.since(sent.last.max(me.una_ts)));
        let recovery = me.rare.recovery.get_or_insert_default();
        recovery.go_on(kind, (me.nxt, sent.end), hidden, expired);
        if sent.from >= me.nxt {
            recovery.hidden = recovery.hidden.saturating_sub(segments);
        }
        recovery.remember(Resent {
            from: sent.from,
            end: sent.end,
            frame: segment.frame,
            ts: segment.ts,
            tsval: segment.options.timestamps.map(|(tsval, _)| tsval),
            kind,
            seen_before: sent.seen,
            acked: None,
            word: if needless.is_some() { Need::Needless } else { Need::Open },
        });
        self.provisional |= needless.is_none();
        let finding = self.fire_resent(step, sent, kind);
        if let Some((frame, icmp)) = error {
            // Path MTU discovery at work: nothing went wrong that TC702 does not say.
            finding.severity = Severity::Note;
            finding.word("cause", "icmp").word("icmp", icmp).frame("error", frame);
        }
        if let Some((frame, _)) = refusal {
            // Nothing was lost: TC113 says why it goes again.
            finding.severity = Severity::Note;
            finding.word("cause", "fast-open").frame("refused", frame);
        }
        if let Some(why) = needless {
            step.fire(Rule::SpuriousRetransmission).range(sent.from, sent.end).word("why", why);
        }
    }

    /// The finding itself: what was sent again, how, and how long after what.
    fn fire_resent<'s>(
        &self,
        step: &'s mut Step<'_>,
        sent: Retransmission,
        kind: RetransmissionCause,
    ) -> &'s mut Finding {
        let now = step.segment.ts;
        let (duplicates, first) = (self.ends[step.peer()].rare.dup_acks_in_row, sent.first);
        let acks_missing = step.shared.counts.are_acks_missing();
        let finding = step.fire(kind.rule());
        finding.range(sent.from, sent.end).word("rung", sent.rung);
        if sent.bytes > 0 {
            finding.bytes("bytes", sent.bytes);
        }
        finding.confidence(match sent.seen {
            true => Confidence::Certain,
            // Where acknowledgments are missing, so is what would tell.
            false if acks_missing => Confidence::Possible,
            false => Confidence::Likely,
        });
        // Where the capture's clock goes back, nothing is said of the time between.
        if let Some((frame, ts)) = first.filter(|(_, ts)| *ts <= now) {
            finding.time("after", now.since(ts)).frame("first", frame);
        }
        if kind == RetransmissionCause::Fast {
            finding.number("duplicate_acks", duplicates);
        }
        finding
    }

    /// Where the timer is found to back off, what was taken for a probe before was its first expiry.
    fn settle_probe(&mut self, step: &mut Step<'_>, sent: Retransmission, clock: SenderClock) {
        let me = &mut self.ends[step.me()];
        let Some(recovery) = me.recovery_mut() else { return };
        let last = recovery.last_copy_mut(sent.from, sent.end);
        let Some((last, (first, first_ts))) = last.zip(sent.first) else { return };
        let before = last.ts.since(first_ts);
        if last.kind != RetransmissionCause::TailProbe || !clock.backs_off(before, step.segment.ts.since(last.ts)) {
            return;
        }
        last.kind = RetransmissionCause::Timeout;
        let (last, rule) = (*last, RetransmissionCause::Timeout.rule());
        let mut finding = self.late_finding(rule, (last.frame, last.ts), step.from);
        finding.range(last.from, last.end).word("rung", "back-off").time("after", before).frame("first", first);
        self.amend(step, last.frame, vec![finding], &[Rule::TailLossProbe]);
    }

    /// Data goes past a gap: why it is there, only later segments tell.
    pub(in crate::track) fn open_gap(&mut self, step: &mut Step<'_>, from: i64) {
        let (frame, ts) = (step.segment.frame, step.segment.ts);
        let missing = self.segments_of(step, from - self.ends[step.me()].nxt);
        let me = &mut self.ends[step.me()];
        if from > me.nxt {
            me.rare.gaps.open(Gap::before(step.segment, me.nxt, from));
            me.ids.pass_over(missing);
        }
        let Some(gap) = me.gaps_mut().and_then(|gaps| gaps.unannounced(from)) else { return };
        // Who went past it first still tells what was sent before it; the finding is about this segment.
        (gap.announced, gap.opener) = (true, frame);
        let (low, high) = (gap.from, gap.to);
        let bytes = (high - low) as u64;
        let gap = UnexplainedGap { opener: frame, opened: ts, from: low, to: high, missing: bytes, lost: false };
        let recovery = me.rare.recovery.get_or_insert_default();
        // What was hidden above all that was seen shows now.
        recovery.hidden = 0;
        let crowded_out = recovery.open(gap);
        step.obs.gap = Some((low, high));
        step.fire(Rule::SegmentGap).range(low, high).bytes("bytes", bytes).word("cause", "unknown");
        self.provisional = true;
        if let Some(gap) = crowded_out {
            self.say_cause(step, step.from, gap, "unknown");
        }
    }

    /// Part of a gap has turned up.
    pub(in crate::track) fn fill_gap(&mut self, step: &mut Step<'_>, opener: u64, filled: u64, verdict: Verdict) {
        let from = step.from;
        let Some(recovery) = self.ends[from.index()].recovery_mut() else { return };
        let Some(at) = recovery.gaps.iter().position(|gap| gap.opener == opener) else { return };
        let gap = &mut recovery.gaps[at];
        gap.missing = gap.missing.saturating_sub(filled);
        gap.lost |= verdict == Verdict::Resent;
        if gap.missing == 0 {
            let gap = recovery.gaps.remove(at);
            if verdict == Verdict::Stored && !gap.lost {
                return self.amend(step, gap.opener, Vec::new(), &[Rule::SegmentGap]);
            }
            self.say_cause(step, from, gap, if gap.lost { "loss" } else { "reordering" });
        }
    }

    /// The bytes of a gap were acknowledged, and never turned up here.
    pub(in crate::track) fn give_up_gap(&mut self, step: &mut Step<'_>, from: Direction, missed: &Gap) {
        let Some(recovery) = self.ends[from.index()].recovery_mut() else { return };
        let Some(at) = recovery.gaps.iter().position(|gap| gap.opener == missed.opener) else { return };
        let gap = recovery.gaps.remove(at);
        let cause = if gap.lost || missed.asked.is_some() { "loss" } else { "capture" };
        self.say_cause(step, from, gap, cause);
    }

    fn say_cause(&mut self, step: &mut Step<'_>, from: Direction, gap: UnexplainedGap, cause: &'static str) {
        let mut finding = self.late_finding(Rule::SegmentGap, (gap.opener, gap.opened), from);
        finding.range(gap.from, gap.to).bytes("bytes", (gap.to - gap.from) as u64).word("cause", cause);
        let mut found = vec![finding];
        if cause == "loss" {
            let mut lost = self.late_finding(Rule::LostUpstream, (gap.opener, gap.opened), from);
            lost.range(gap.from, gap.to).bytes("bytes", (gap.to - gap.from) as u64);
            found.push(lost);
        }
        self.amend(step, gap.opener, found, &[]);
    }

    /// A segment that moves past all it sent, up to the edge that the receiver allows.
    pub(in crate::track) fn check_window_full(&mut self, step: &mut Step<'_>) {
        let segment = step.segment;
        let peer = &self.ends[step.peer()];
        let end = step.obs.seq_end;
        let plain = segment.payload_len > 0 && !segment.flags.contains(TcpFlags::SYN);
        if !plain || !self.scale_known() || end < peer.least_edge() {
            return;
        }
        let (edge, window) = peer.window_known_to(step);
        if window > 0 && end == edge {
            let window = u64::from(window);
            step.fire(Rule::WindowFull).bytes("window", window);
        }
    }
}

impl Connection {
    /// Says once a direction that gaps had to be given up.
    pub(in crate::track) fn say_given_up(&mut self, step: &mut Step<'_>) {
        for from in [step.from, step.from.reverse()] {
            let at = from.index();
            if !self.ends[at].rare.gaps.gave_up() || self.once.note(Remark::Gaps, at) {
                continue;
            }
            let finding = step.fire(Rule::StateLimited);
            finding.direction = Some(from);
            finding
                .word("limit", "the limit of gaps in one direction")
                .number("value", MAX_GAPS as i64)
                .word("what", "the oldest are given up, and what comes for them is not judged");
        }
    }
}
