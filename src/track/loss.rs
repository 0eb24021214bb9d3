//! The evidence ladder: whether a segment with old bytes, or one that fills a gap, was sent again or merely came late.
//!
//! The rungs are asked in order of strength, and the first that decides wins: IP ID, timestamps, then time and feedback.

use crate::capture::{Span, Timestamp};
use crate::dissect::TcpFlags;
use crate::rules::{Confidence, Rule};

use super::Direction;
use super::connection::Connection;
use super::holes::Hole;
use super::recovery::{Gap, Resent};
use super::step::Step;

/// What a repeat, or the filling of a gap, turned out to be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Verdict {
    /// A first copy that was overtaken.
    Late,
    /// Sent again.
    Resent,
}

/// Linux's smallest RTO; RFC 6298 §2.4 says a second, and nobody waits less than this.
const MIN_RTO: Span = Span::from_millis(200);

/// Stacks hold an acknowledgment back for so long at most, though they may for half a second.
const DELAYED_ACK: Span = Span::from_millis(200);

impl Connection {
    /// The round trip between both ends, as far as it was measured.
    pub(super) fn round_trip(&self) -> Span {
        let leg = |end: usize| self.ends[end].leg().unwrap_or_default().0;
        Span(leg(0).saturating_add(leg(1)))
    }

    /// How many segments of the wire this frame holds: offload makes one of several.
    pub(super) fn segments_in(&self, step: &Step<'_>) -> u16 {
        let segment = step.segment;
        let mss =
            [&self.ends[step.me()], &self.ends[step.peer()]].into_iter().map(|end| end.mss).filter(|mss| *mss > 0);
        // RFC 6691 §2: options take their room from the MSS.
        let options = if segment.options.timestamps.is_some() { 12 } else { 0 };
        let room = u32::from(mss.min().unwrap_or(1460).saturating_sub(options)).max(1);
        u16::try_from(segment.payload_len.div_ceil(room).max(1)).unwrap_or(u16::MAX)
    }

    /// Whether what fills the hole was overtaken, or sent again.
    pub(super) fn judge_filling(&self, step: &Step<'_>, hole: &Hole) -> (Verdict, &'static str) {
        let segment = step.segment;
        let me = &self.ends[step.me()];
        let late = |late: bool| if late { Verdict::Late } else { Verdict::Resent };
        // What went past the hole was sent after the bytes that are missing, and before they were sent again.
        if let Some(id) = segment.ip_id.filter(|id| *id != 0 && hole.ip_id != 0 && me.ids.ascend()) {
            return (late((id.wrapping_sub(hole.ip_id) as i16) < 0), "ip-id");
        }
        if let (Some((tsval, _)), Some(other)) = (segment.options.timestamps, hole.tsval) {
            // In one tick of the clock: no round trip lies between them.
            return (late((tsval.wrapping_sub(other) as i32) <= 0), "timestamp");
        }
        // A retransmission comes at least a round trip, or the smallest timer, after what it repeats.
        let waited = segment.ts.since(hole.opened);
        let shortest = self.ends.iter().filter_map(|end| end.leg()).min();
        let soon = waited.is_below(90, shortest.unwrap_or_default()) || waited.is_below(60, self.round_trip());
        let unasked = !hole.missed_by_receiver && waited < MIN_RTO;
        (late(soon || unasked), "causality")
    }

    /// A segment that seems new, and of which a first copy died before the capture point: the IP ID skips one, after a wait of
    /// a timer's length.
    pub(super) fn hides_a_first_copy(&self, step: &Step<'_>) -> bool {
        let segment = step.segment;
        let (me, peer) = (&self.ends[step.me()], &self.ends[step.peer()]);
        let waited = segment.ts.since(me.last_ts.max(peer.last_ts));
        let patience = Span::from_millis(100);
        segment.payload_len > 0
            && me.ids.skipped(segment.ip_id) > 0
            && waited > patience
            && !waited.is_below(160, self.round_trip())
    }

    /// Says that a segment was sent again: how, and whether that was needed.
    pub(super) fn say_resent(&mut self, step: &mut Step<'_>, sent: Repeat) {
        let segment = step.segment;
        let kind = self.kind_of(step, sent);
        let needless = self.is_needless_already(step, sent);
        let spurious = needless.is_some();
        let me = &mut self.ends[step.me()];
        me.count.resent_segments += u64::from(sent.bytes > 0);
        me.count.resent_bytes += sent.bytes;
        step.obs.again = if sent.seen { sent.bytes } else { 0 };
        let recovery = me.recovery.get_or_insert_default();
        match kind {
            Kind::Fast => recovery.fast_until = recovery.fast_until.or(Some(me.nxt)),
            Kind::Timeout => recovery.timer_until = recovery.timer_until.or(Some(me.nxt)),
            Kind::TailProbe => recovery.probe_until = Some(me.nxt.max(sent.end)),
            Kind::Unknown => {}
        }
        if !spurious {
            recovery.remember(Resent {
                from: sent.from,
                end: sent.end,
                frame: segment.frame,
                ts: segment.ts,
                tsval: segment.options.timestamps.map(|(tsval, _)| tsval),
                seen_before: sent.seen,
                acked: None,
            });
            self.provisional = true;
        }
        let (duplicates, first) = (self.ends[step.peer()].dup_acks_in_row, sent.first);
        let finding = step.fire(kind.rule());
        finding.range(sent.from, sent.end).word("rung", sent.rung);
        if sent.bytes > 0 {
            finding.bytes("bytes", sent.bytes);
        }
        finding.confidence(if sent.seen { Confidence::Certain } else { Confidence::Likely });
        // Where the capture's clock goes back, nothing is said of the time between.
        if let Some((frame, ts)) = first.filter(|(_, ts)| *ts <= segment.ts) {
            finding.time("after", segment.ts.since(ts)).frame("first", frame);
        }
        if kind == Kind::Fast {
            finding.number("duplicate_acks", duplicates);
        }
        if let Some(why) = needless {
            step.fire(Rule::SpuriousRetransmission).range(sent.from, sent.end).word("why", why);
        }
    }

    /// Which mechanism sent it.
    fn kind_of(&self, step: &Step<'_>, sent: Repeat) -> Kind {
        let (me, peer) = (&self.ends[step.me()], &self.ends[step.peer()]);
        let recovery = me.recovery.as_deref();
        let now = step.segment.ts;
        // RFC 6298 §5: the timer starts with the transmission, and again with each acknowledgment of new data.
        let timed_out =
            now.since(sent.last.max(me.una_ts)) > Span((MIN_RTO.0 * 9 / 10).saturating_add(self.round_trip().0));
        let heard = me.last_data.unwrap_or(self.first.1).max(peer.last_ts);
        let idle = now.since(heard);
        // A probe repeats the highest segment as it was; with new bytes behind it, it is not one.
        let tail = sent.end == me.nxt || sent.from >= me.nxt;
        // RFC 2018 §5, RFC 6675 §5.1: only after a timeout does a sender forget what SACK reported.
        let sacked = recovery.is_some_and(|recovery| recovery.is_sacked(sent.from, sent.end));
        let by_timer = recovery.is_some_and(|recovery| recovery.timer_until.is_some());
        // RFC 9293 §3.8.6.1: into a closed window only the timer sends.
        let (_, window) = peer.window_known_to(step.segment);
        let shut = window == 0 && peer.ack.is_some();
        if sacked || by_timer || shut || timed_out && (sent.again || !tail) {
            return Kind::Timeout;
        }
        // RFC 6675 §5, RFC 8985 §6: something above it has arrived, or three duplicate ACKs ask for it.
        let above = recovery.and_then(|recovery| recovery.highest_sacked()).is_some_and(|sacked| sacked > sent.end);
        let fast = recovery.is_some_and(|recovery| recovery.fast_until.is_some()) || self.was_asked_for(step, sent);
        // RFC 8985 §7: the highest segment once more after about two round trips, to draw an answer; with SACK only, and one
        // probe in an episode.
        let probes = (me.facts.sack_permitted && peer.facts.sack_permitted || !self.scale_known())
            && recovery.is_none_or(|recovery| recovery.probe_until.is_none());
        if above || fast || peer.dup_acks_in_row >= 3 {
            Kind::Fast
        } else if tail && !sent.again && probes {
            Kind::TailProbe
        } else if sent.again || timed_out || !idle.is_below(80, MIN_RTO) {
            Kind::Timeout
        } else {
            Kind::Unknown
        }
    }

    /// Whether the receiver asked for it shortly before, though what it asked for has since been acknowledged here: the sender had
    /// not yet heard of that.
    fn was_asked_for(&self, step: &Step<'_>, sent: Repeat) -> bool {
        let Some(asked) = self.ends[step.me()].asked else { return false };
        let in_range = asked.from <= sent.from && sent.end <= asked.to;
        match (asked.tsval, step.segment.options.timestamps) {
            // The sender echoes the newest that it has received.
            (Some(tsval), Some((_, tsecr))) => in_range && tsecr == tsval,
            _ => in_range && step.segment.ts.since(asked.ts).is_below(110, self.round_trip()),
        }
    }

    /// Whether the receiver had reported all of it before it was sent again.
    fn is_needless_already(&self, step: &Step<'_>, sent: Repeat) -> Option<&'static str> {
        let me = &self.ends[step.me()];
        if me.una >= sent.end {
            return Some("the receiver had acknowledged all of it");
        }
        if me.recovery.as_deref().is_some_and(|recovery| recovery.is_sacked(sent.from, sent.end)) {
            return Some("the receiver had reported all of it by SACK");
        }
        // Captured beside the receiver: what passed here has arrived.
        let (near, far) = (me.leg(), self.ends[step.peer()].leg());
        let beside = near.zip(far).is_some_and(|(to_receiver, to_sender)| {
            (1..2_000_000).contains(&to_receiver.0) && to_receiver.is_below(20, to_sender)
        });
        // Unless the receiver has spoken since, and does not have it, or is silent for longer than any acknowledgment is
        // held back: its stack threw the first copy away.
        let thrown_away = sent.first.is_none_or(|(_, ts)| {
            let receiver = &self.ends[step.peer()];
            let spoken = receiver.last_ts.since(ts) > me.leg().unwrap_or_default();
            me.una <= sent.from && (spoken || step.segment.ts.since(ts) > DELAYED_ACK)
        });
        (beside && sent.seen && !thrown_away).then_some("the first copy had passed here, beside the receiver")
    }

    /// What an acknowledgment says of segments that were sent again: whether they were needed.
    pub(super) fn settle_resent(&mut self, step: &mut Step<'_>, ack: i64, dsack: Option<(i64, i64)>) {
        let segment = step.segment;
        let from = step.from.reverse();
        let away = self.ends[from.index()].leg().unwrap_or_default();
        let Some(recovery) = self.ends[from.index()].recovery.as_deref_mut() else { return };
        if recovery.resent.is_empty() {
            return;
        }
        let tsecr = segment.options.timestamps.map(|(_, tsecr)| tsecr);
        // A D-SACK reports the copy that came last; one that is younger than the way there and back has not arrived yet.
        let arrived = |resent: &Resent| !segment.ts.since(resent.ts).is_below(90, away);
        let latest = dsack.and_then(|(left, right)| {
            let touched = |resent: &&Resent| left < resent.end && resent.from < right && arrived(resent);
            let latest = recovery.resent.iter().rfind(touched)?;
            // Needless only if all of it was there before.
            (left <= latest.from && latest.end <= right).then_some(latest.frame)
        });
        let mut needless = Vec::new();
        recovery.resent.retain_mut(|resent| {
            let reported = latest == Some(resent.frame);
            let covers = ack >= resent.end && resent.acked.is_none();
            // RFC 3522 §3.2: the acknowledgment echoes a segment older than the one sent again.
            let older = resent.tsval.zip(tsecr).map(|(tsval, echo)| (echo.wrapping_sub(tsval) as i32) < 0);
            let eifel = covers && resent.seen_before && older == Some(true);
            let too_soon = covers
                && resent.seen_before
                && older.is_none()
                && away.0 > 1_000_000
                && segment.ts.since(resent.ts).is_below(50, away);
            if reported || eifel || too_soon {
                let why = if reported {
                    "the receiver reports it as a duplicate (D-SACK)"
                } else if eifel {
                    "its acknowledgment echoes an older segment's timestamp"
                } else {
                    "its acknowledgment came sooner than its round trip allows"
                };
                needless.push((*resent, why));
                return false;
            }
            if covers {
                resent.acked = Some(segment.ts);
            }
            // A D-SACK comes with the answer to the duplicate, a round trip later at most.
            resent.acked.is_none_or(|acked| segment.ts.since(acked) < DSACK_PATIENCE)
        });
        for (resent, why) in needless {
            let mut finding = self.late_finding(Rule::SpuriousRetransmission, (resent.frame, resent.ts), from);
            finding.range(resent.from, resent.end).word("why", why);
            self.amend(step, resent.frame, vec![finding], &[]);
        }
    }

    /// Data goes past a gap: why it is there, only later segments tell.
    pub(super) fn open_gap(&mut self, step: &mut Step<'_>, from: i64) {
        let (frame, ts) = (step.segment.frame, step.segment.ts);
        let me = &mut self.ends[step.me()];
        if from > me.nxt {
            me.holes.open(Hole::before(step.segment, me.nxt, from));
        }
        let Some(hole) = me.holes.unannounced(from) else { return };
        // Who went past it first still tells what was sent before it; the finding is about this segment.
        (hole.announced, hole.opener) = (true, frame);
        let (low, high) = (hole.from, hole.to);
        let bytes = (high - low) as u64;
        let gap = Gap { opener: frame, opened: ts, from: low, to: high, missing: bytes, lost: false };
        let crowded_out = me.recovery.get_or_insert_default().open(gap);
        step.obs.gap = Some((low, high));
        step.fire(Rule::SegmentGap).range(low, high).bytes("bytes", bytes).word("cause", "unknown");
        self.provisional = true;
        if let Some(gap) = crowded_out {
            self.say_cause(step, step.from, gap, "unknown");
        }
    }

    /// Part of a gap has turned up.
    pub(super) fn fill_gap(&mut self, step: &mut Step<'_>, opener: u64, filled: u64, verdict: Verdict) {
        let from = step.from;
        let Some(recovery) = self.ends[from.index()].recovery.as_deref_mut() else { return };
        let Some(at) = recovery.gaps.iter().position(|gap| gap.opener == opener) else { return };
        let gap = &mut recovery.gaps[at];
        gap.missing = gap.missing.saturating_sub(filled);
        gap.lost |= verdict == Verdict::Resent;
        if gap.missing == 0 {
            let gap = recovery.gaps.remove(at);
            self.say_cause(step, from, gap, if gap.lost { "loss" } else { "reordering" });
        }
    }

    /// The bytes of a gap were acknowledged, and never turned up here.
    pub(super) fn give_up_gap(&mut self, step: &mut Step<'_>, from: Direction, hole: &Hole) {
        let Some(recovery) = self.ends[from.index()].recovery.as_deref_mut() else { return };
        let Some(at) = recovery.gaps.iter().position(|gap| gap.opener == hole.opener) else { return };
        let gap = recovery.gaps.remove(at);
        let cause = if gap.lost || hole.missed_by_receiver { "loss" } else { "capture" };
        self.say_cause(step, from, gap, cause);
    }

    fn say_cause(&mut self, step: &mut Step<'_>, from: Direction, gap: Gap, cause: &'static str) {
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
    pub(super) fn check_window_full(&mut self, step: &mut Step<'_>) {
        let segment = step.segment;
        let peer = &self.ends[step.peer()];
        let end = step.obs.seq_end;
        let plain = segment.payload_len > 0 && !segment.flags.contains(TcpFlags::SYN);
        let (edge, window) = peer.window_known_to(segment);
        if plain && self.scale_known() && window > 0 && end == edge {
            let window = u64::from(window);
            step.fire(Rule::WindowFull).bytes("window", window);
        }
    }
}

/// After this a D-SACK no longer belongs to a segment that was sent again.
const DSACK_PATIENCE: Span = Span::from_secs(3);

/// A segment that was sent again, in full or in part.
#[derive(Clone, Copy, Debug)]
pub(super) struct Repeat {
    pub from: i64,
    pub end: i64,
    /// Payload bytes that go again.
    pub bytes: u64,
    /// All of it was seen before; else its first copy was lost before the capture point.
    pub seen: bool,
    /// It has been sent again before.
    pub again: bool,
    /// The first copy.
    pub first: Option<(u64, Timestamp)>,
    /// When it was sent the last time before.
    pub last: Timestamp,
    /// The rung of the ladder that decided.
    pub rung: &'static str,
}

/// What made the sender send again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Fast,
    Timeout,
    TailProbe,
    /// The frames prove none of these.
    Unknown,
}

impl Kind {
    fn rule(self) -> Rule {
        match self {
            Self::Fast => Rule::FastRetransmission,
            Self::Timeout => Rule::TimeoutRetransmission,
            Self::TailProbe => Rule::TailLossProbe,
            Self::Unknown => Rule::Retransmission,
        }
    }
}
