//! What made the sender send again: feedback, the timer, or a probe of the tail (TC201 to TC204).

use crate::capture::Span;
use crate::rules::Rule;

use super::connection::Connection;
use super::loss::MIN_RTO;
use super::recovery::Repeat;
use super::step::Step;

/// What made the sender send again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Fast,
    Timeout,
    TailProbe,
    /// The frames prove none of these.
    Unknown,
}

impl Kind {
    pub fn rule(self) -> Rule {
        match self {
            Self::Fast => Rule::FastRetransmission,
            Self::Timeout => Rule::TimeoutRetransmission,
            Self::TailProbe => Rule::TailLossProbe,
            Self::Unknown => Rule::Retransmission,
        }
    }
}

impl Connection {
    /// Which mechanism sent it.
    pub(super) fn kind_of(&self, step: &Step<'_>, sent: Repeat) -> Kind {
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
        let by_timer = recovery.is_some_and(|recovery| recovery.timer_until.is_some());
        // RFC 9293 §3.8.6.1: into a closed window only the timer sends.
        let (_, window) = peer.window_known_to(step);
        let shut = window == 0 && peer.ack.is_some();
        if by_timer && !timed_out && self.was_overtaken(step, sent) {
            return Kind::Fast;
        }
        if self.forgets_sack(step, sent) || by_timer {
            return Kind::Timeout;
        }
        // RFC 6675 §5, RFC 8985 §6: something above it has arrived, or three duplicate ACKs ask for it.
        let above = recovery.and_then(|recovery| recovery.highest_sacked()).is_some_and(|sacked| sacked > sent.end);
        let hidden = recovery.is_some_and(|recovery| recovery.hidden > 0);
        let recovers = recovery.is_some_and(|recovery| recovery.fast_until.is_some());
        let selective = me.facts.sack_permitted && peer.facts.sack_permitted;
        let asked = above || peer.dup_acks_in_row >= 3 && !selective || self.was_asked_for(step, sent);
        if asked && self.follows_feedback(step) {
            return Kind::Fast;
        }
        // RFC 8985 §7: the highest segment once more after about two round trips, to draw an answer; with SACK only, and one
        // probe in an episode.
        let probes =
            (selective || !self.scale_known()) && recovery.is_none_or(|recovery| recovery.probe_until.is_none());
        let probe = tail && !sent.again && probes && sent.lost < 2;
        if (shut && !probe && !recovers) || timed_out && (sent.again || !tail) {
            Kind::Timeout
        } else if asked || hidden || recovers {
            Kind::Fast
        } else if probe {
            Kind::TailProbe
        } else if sent.again || sent.lost > 1 || timed_out || !idle.is_below(80, MIN_RTO) {
            Kind::Timeout
        } else {
            Kind::Unknown
        }
    }

    /// Whether it comes as soon after the receiver's last word as the way to the sender and back allows: no timer waits for that.
    fn follows_feedback(&self, step: &Step<'_>) -> bool {
        let peer = &self.ends[step.peer()];
        let to_sender = peer.leg().unwrap_or_default();
        // RFC 8985 §6.2: RACK waits for reordering, a quarter of the round trip.
        let slack = Span((self.round_trip().0 / 4).saturating_add(Span::from_millis(5).0));
        let waited = step.segment.ts.since(peer.last_ts);
        !waited.is_below(90, to_sender) && waited.0 <= to_sender.0.saturating_add(slack.0)
    }

    /// Whether the sender has forgotten what the receiver reported by SACK: only a timer makes it.
    fn forgets_sack(&self, step: &Step<'_>, sent: Repeat) -> bool {
        let (me, peer) = (&self.ends[step.me()], &self.ends[step.peer()]);
        let Some(recovery) = me.recovery.as_deref() else { return false };
        // RFC 2018 §8, RFC 6675 §5.1: after a timeout. The report may have crossed this segment, though.
        let reported = me.resends.as_deref().and_then(|resends| resends.reported_at(sent.from, sent.end));
        let known = reported.is_none_or(|at| !step.segment.ts.since(at).is_below(90, peer.leg().unwrap_or_default()));
        // RFC 2018 §8: or when the acknowledgment shows that the receiver has given it up.
        let given_up = recovery.reneged.is_some_and(|reneged| reneged.resent == Some(step.segment.ts));
        given_up || known && recovery.is_sacked(sent.from, sent.end)
    }

    /// Whether something that was sent after the last copy of it has arrived: that copy was lost too, and no timer needed to tell.
    // RFC 8985 §6.2, step 5: RACK finds lost retransmissions by the time of sending, as it finds any other loss.
    fn was_overtaken(&self, step: &Step<'_>, sent: Repeat) -> bool {
        let me = &self.ends[step.me()];
        let Some(recovery) = me.recovery.as_deref().filter(|_| sent.again) else { return false };
        me.flight.iter().any(|other| other.last_ts > sent.last && recovery.is_sacked(other.from, other.end))
    }
}
