//! Whether it was needed to send again: what the receiver had reported before, and what its answers tell later (TC205).

use crate::capture::{Span, Timestamp};
use crate::rules::Rule;

use crate::track::conn::connection::Connection;
use crate::track::conn::recovery::{Need, Recovery, Resent, Retransmission};
use crate::track::conn::step::Step;

/// After this a D-SACK no longer belongs to a segment that was sent again.
const DSACK_PATIENCE: Span = Span::from_secs(3);

/// Stacks hold an acknowledgment back for so long at most, though they may for half a second.
const DELAYED_ACK: Span = Span::from_millis(200);

impl Connection {
    /// Whether the receiver had reported all of it before it was sent again.
    pub(in crate::track) fn is_needless_already(&self, step: &Step<'_>, sent: Retransmission) -> Option<&'static str> {
        if self.is_late(step.from) {
            // What answers its first copy is stored before this one, whatever came first.
            return None;
        }
        let me = &self.ends[step.me()];
        if me.una >= sent.end {
            return Some("the receiver had acknowledged all of it");
        }
        if me.rare.recovery.as_deref().is_some_and(|recovery| recovery.is_sacked(sent.from, sent.end)) {
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
    pub(in crate::track) fn settle_resent(&mut self, step: &mut Step<'_>, ack: i64, dsack: Option<(i64, i64)>) {
        let segment = step.segment;
        let from = step.from.reverse();
        let away = self.ends[from.index()].leg().unwrap_or_default();
        if self.ends[from.index()].rare.recovery.as_deref().is_none_or(|recovery| recovery.resent.is_empty()) {
            return;
        }
        let una = self.ends[from.index()].una;
        let Some(recovery) = self.ends[from.index()].recovery_mut() else { return };
        let tsecr = segment.options.timestamps.map(|(_, tsecr)| tsecr);
        let latest = dsack.and_then(|dsack| reported(recovery, dsack, segment.ts, away));
        if latest.is_none() && !recovery.may_settle(ack, segment.ts) {
            return;
        }
        let (mut needless, mut undone) = (Vec::new(), false);
        let (mut lowest_open, mut next_gone) = (i64::MAX, Timestamp(i64::MAX));
        // A D-SACK comes with the answer to the duplicate, a round trip later at most.
        let mut stays = |resent: &Resent| {
            match resent.acked {
                None => lowest_open = lowest_open.min(resent.end),
                Some(acked) if segment.ts.since(acked) >= DSACK_PATIENCE => return false,
                Some(acked) => next_gone = next_gone.min(Timestamp(acked.0.saturating_add(DSACK_PATIENCE.0))),
            }
            true
        };
        recovery.resent.retain_mut(|resent| {
            let reported = latest == Some(resent.frame);
            let covers = ack >= resent.end && resent.acked.is_none();
            if !reported && !covers {
                return stays(resent);
            }
            // RFC 3522 §3.2: the acknowledgment echoes a segment older than the one sent again. That holds for what the receiver
            // waited for: RFC 7323 §4.3 (3) echoes the segment there, and not those behind it.
            let echo = resent.tsval.zip(tsecr).map(|(tsval, echo)| echo.wrapping_sub(tsval) as i32);
            let awaited = covers && resent.from <= una;
            let eifel = awaited && resent.seen_before && echo.is_some_and(|echo| echo < 0);
            let too_soon = covers
                && resent.seen_before
                && echo.is_none()
                && away.0 > 1_000_000
                && segment.ts.since(resent.ts).is_below(50, away);
            let open = resent.word == Need::Open;
            if (reported || eifel || too_soon) && open {
                let why = if reported {
                    "the receiver reports it as a duplicate (D-SACK)"
                } else if eifel {
                    "its acknowledgment echoes an older segment's timestamp"
                } else {
                    "its acknowledgment came sooner than its round trip allows"
                };
                needless.push((*resent, why));
                undone |= eifel;
                resent.word = Need::Needless;
            } else if awaited && open && dsack.is_none() && echo.is_some_and(|echo| echo >= 0) {
                // A D-SACK that follows reports a copy that the network made.
                resent.word = Need::Needed;
            }
            if covers {
                resent.acked = Some(segment.ts);
            }
            !reported && stays(resent)
        });
        (recovery.lowest_open, recovery.next_gone) = (lowest_open, next_gone);
        if undone && let Some(until) = recovery.timer_until.take() {
            // RFC 3522 §3.2: the timer had run out too early, and the sender takes back what it did. What is lost all the same,
            // feedback tells.
            recovery.fast_until = recovery.fast_until.max(Some(until));
        }
        for (resent, why) in needless {
            let mut finding = self.late_finding(Rule::SpuriousRetransmission, (resent.frame, resent.ts), from);
            finding.range(resent.from, resent.end).word("why", why);
            self.amend(step, resent.frame, vec![finding], &[]);
        }
    }
}

/// The frame of which a D-SACK says that it was needless.
fn reported(recovery: &Recovery, (left, right): (i64, i64), now: Timestamp, away: Span) -> Option<u64> {
    // It reports the copy that came last; one that is younger than the way there and back has not arrived yet.
    let touched = |resent: &&Resent| {
        let arrived = !now.since(resent.ts).is_below(90, away);
        left < resent.end && resent.from < right && arrived && resent.word != Need::Needed
    };
    let latest = recovery.resent.iter().rfind(touched)?;
    // Needless only if all of it was there before.
    (left <= latest.from && latest.end <= right).then_some(latest.frame)
}
