//! What made the sender send again: feedback, the timer, or a probe of the tail (TC201 to TC204).

use crate::track::conn::connection::Connection;
use crate::track::conn::facts::Fact;
use crate::track::conn::recovery::Retransmission;
use crate::track::conn::recovery_cause::RetransmissionCause;
use crate::track::conn::step::Step;

impl Connection {
    /// Which mechanism sent it.
    pub(in crate::track) fn kind_of(&self, step: &Step<'_>, sent: Retransmission) -> RetransmissionCause {
        let (me, peer) = (&self.ends[step.me()], &self.ends[step.peer()]);
        let recovery = me.rare.recovery.as_deref();
        let (now, clock) = (step.segment.ts, self.clock(step));
        // RFC 6298 §5: the timer starts with the transmission, and again with each acknowledgment of new data.
        let timed_out = clock.may_time_out(now.since(sent.last.max(me.una_ts)));
        let by_timer = recovery.is_some_and(|recovery| recovery.timer_until.is_some());
        if peer.count.packets == 0 {
            // No feedback is seen, so that none is missed: only intervals that double tell.
            let first = sent.first.filter(|(_, ts)| sent.again && *ts < sent.last);
            let doubled = first.is_some_and(|(_, ts)| clock.backs_off(sent.last.since(ts), now.since(sent.last)));
            return if doubled || by_timer { RetransmissionCause::Timeout } else { RetransmissionCause::Unknown };
        }
        if self.is_refused_opening(step, sent) && !timed_out {
            return RetransmissionCause::Unknown;
        }
        if by_timer && !timed_out && self.was_overtaken(step, sent) {
            return RetransmissionCause::Fast;
        }
        if self.forgets_sack(step, sent) || by_timer {
            return RetransmissionCause::Timeout;
        }
        let loss_reports = self.is_asked_for(step, sent);
        if loss_reports && clock.follows(now.since(peer.last_ts)) {
            return RetransmissionCause::Fast;
        }
        // RFC 9293 §3.8.6.1: into a closed window only the timer sends.
        let (_, window) = peer.window_known_to(step);
        let shut = window == 0 && peer.ack().is_some();
        let last_data = me.last_data().unwrap_or(self.first.1);
        let idle = now.since(last_data.max(peer.last_ts));
        let recovers = recovery.is_some_and(|recovery| recovery.fast_until.is_some());
        let hidden = recovery.is_some_and(|recovery| recovery.hidden > 0);
        // A probe repeats the highest segment as it was; with new bytes behind it, it is not one.
        let tail = sent.end == me.nxt || sent.from >= me.nxt;
        let probe = tail && self.may_be_probe(step, sent) && clock.may_probe(now.since(last_data), idle);
        if (shut && !probe && !recovers) || timed_out && (sent.again || !tail) {
            RetransmissionCause::Timeout
        } else if (loss_reports || hidden || recovers) && clock.may_answer(idle) {
            RetransmissionCause::Fast
        } else if probe {
            RetransmissionCause::TailProbe
        } else if timed_out || sent.lost > 1 {
            RetransmissionCause::Timeout
        } else {
            RetransmissionCause::Unknown
        }
    }

    /// Whether the receiver's feedback calls for it.
    // RFC 6675 §5, RFC 8985 §6: something above it has arrived, or three duplicate ACKs ask for it.
    fn is_asked_for(&self, step: &Step<'_>, sent: Retransmission) -> bool {
        let (me, peer) = (&self.ends[step.me()], &self.ends[step.peer()]);
        let sacked = me.rare.recovery.as_deref().and_then(|recovery| recovery.highest_sacked());
        let above = sacked.is_some_and(|sacked| sacked > sent.end);
        above || peer.rare.dup_acks_in_row >= 3 && !self.is_selective() || self.was_asked_for(step, sent)
    }

    /// Both ends permit SACK.
    fn is_selective(&self) -> bool {
        self.ends.iter().all(|end| end.facts.has(Fact::SackPermitted))
    }

    /// Whether a probe of the tail may repeat it.
    // RFC 8985 §7: the highest segment once more after about two round trips, to draw an answer; with SACK only, and one probe in
    // an episode.
    fn may_be_probe(&self, step: &Step<'_>, sent: Retransmission) -> bool {
        let recovery = self.ends[step.me()].rare.recovery.as_deref();
        let probes = self.is_selective() || !self.scale_known();
        probes && recovery.is_none_or(|recovery| recovery.probe_until.is_none()) && !sent.again && sent.lost < 2
    }

    /// Whether it is data of the SYN that the SYN+ACK did not take.
    // RFC 7413 §4.2.2: the client sends that again at once.
    pub(in crate::track) fn is_refused_opening(&self, step: &Step<'_>, sent: Retransmission) -> bool {
        let me = &self.ends[step.me()];
        me.rare.syn_data > 0 && sent.from == me.una && sent.from <= i64::from(me.rare.syn_data) && !sent.again
    }

    /// Whether the sender has forgotten what the receiver reported by SACK: only a timer makes it.
    fn forgets_sack(&self, step: &Step<'_>, sent: Retransmission) -> bool {
        let (me, peer) = (&self.ends[step.me()], &self.ends[step.peer()]);
        let Some(recovery) = me.rare.recovery.as_deref() else { return false };
        // RFC 2018 §8, RFC 6675 §5.1: after a timeout. The report may have crossed this segment, though.
        let reported = me.rare.resends.as_deref().and_then(|resends| resends.reported_at(sent.from, sent.end));
        let known = reported.is_none_or(|at| !step.segment.ts.since(at).is_below(90, peer.leg().unwrap_or_default()));
        // RFC 2018 §8: or when the acknowledgment shows that the receiver has given it up.
        let given_up = recovery.reneged.is_some_and(|reneged| reneged.resent == Some(step.segment.ts));
        given_up || known && recovery.is_sacked(sent.from, sent.end)
    }

    /// Whether something that was sent after the last copy of it has arrived: that copy was lost too, and no timer needed to tell.
    // RFC 8985 §6.2, step 5: RACK finds lost retransmissions by the time of sending, as it finds any other loss.
    fn was_overtaken(&self, step: &Step<'_>, sent: Retransmission) -> bool {
        let me = &self.ends[step.me()];
        let Some(recovery) = me.rare.recovery.as_deref().filter(|_| sent.again) else { return false };
        // What was sent for the first time was sent the later the higher its numbers are: the highest ranges that have arrived tell.
        let first_copy_later = |(from, end): &(i64, i64)| {
            let below = me.flight.partition_point(|other| other.end <= *end);
            let highest = below.checked_sub(1).and_then(|at| me.flight.get(at)).filter(|other| other.from >= *from);
            highest.is_some_and(|other| other.last_ts > sent.last)
        };
        let mut sent_again_later = recovery.newest_resent().take(16).take_while(|other| other.ts > sent.last);
        recovery.sacked().iter().rev().take(8).any(first_copy_later)
            || sent_again_later.any(|other| recovery.is_sacked(other.from, other.end))
    }
}
