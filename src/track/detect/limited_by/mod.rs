//! What held a transfer back: each direction's time, shared out between causes.
//!
//! The question is always why the next data did not come sooner, and so it is answered when it comes: the time since the data
//! before it goes to one cause. What decides is how that data left the sender (at the edge of the window, at the end of a
//! write, in the middle of a recovery), what has allowed more since, and whether the sender took that up at once. A sender that
//! has more waits for an acknowledgment and answers it; one that does not answer has nothing to send.
//!
//! A direction's shares add up to the connection's duration. Where the frames cannot tell, the time is unknown.

use crate::capture::{Span, Timestamp};
use crate::dissect::TcpFlags;

use crate::track::Cause;
use crate::track::conn::account::{COUNTED, Left, Pace};
use crate::track::conn::connection::Connection;
use crate::track::conn::endpoint::Endpoint;
use crate::track::conn::facts::Fact;
use crate::track::conn::maybe::Maybe;
use crate::track::conn::step::Step;
use crate::track::detect::loss::verdict::round_trip;
use crate::track::{Direction, LimitedBy, Note, SegmentEffect, Shares};

/// A queue on the path that takes longer than this is one that senders fill.
const QUEUE: Span = Span::from_millis(100);

/// What a busy host takes to answer.
const SLACK: Span = Span::from_millis(2);

/// What must be known of both ends before a segment is taken.
#[derive(Clone, Copy, Debug)]
pub(in crate::track) struct Before {
    nxt: i64,
    resent: u64,
}

impl Connection {
    /// What the account needs to know before `step` is taken.
    pub(in crate::track) fn before(&self, step: &Step<'_>) -> Before {
        let me = &self.ends[step.me()];
        Before { nxt: me.nxt, resent: me.trouble().resent_segments }
    }

    /// Shares out the time that ends with this segment.
    pub(in crate::track) fn account(&mut self, step: &Step<'_>, before: Before) {
        let now = step.segment.ts;
        if !self.limits.is_opened() {
            if self.ends.iter().all(|end| end.facts.has(Fact::Syn) && end.facts.has(Fact::SynAcked)) {
                let start = if self.scale_known() { now } else { self.opening_end(now) };
                self.limits.opened = Maybe::some(start);
                self.limits.accounts.iter_mut().for_each(|account| account.mark = start);
            }
            if self.scale_known() || !self.limits.is_opened() {
                return;
            }
        }
        if step.segment.seq_len() > 0 {
            self.account_sent(step, before);
        }
        if step.obs.ack.is_some() {
            let [receiver, sender] = [&self.ends[step.me()], &self.ends[step.peer()]];
            self.account_acked(step, receiver.rare.closed_since.is_some(), is_recovering(sender));
        }
    }

    /// Without both SYNs: what came before counts as opening only where one of them was seen.
    fn opening_end(&self, now: Timestamp) -> Timestamp {
        if self.ends.iter().any(|end| end.facts.has(Fact::SynSeen)) { now } else { self.first.1 }
    }

    fn account_sent(&mut self, step: &Step<'_>, before: Before) {
        let now = step.segment.ts;
        let (ends, end) = (&self.ends, step.me());
        let pace = || pace(ends, end);
        let (me, peer) = (&ends[step.me()], &ends[step.peer()]);
        let account = &mut self.limits.accounts[step.me()];
        if step.obs.notes.iter().any(|note| matches!(note, Note::KeepAlive | Note::ZeroWindowProbe)) {
            return;
        }
        let closed = peer.rare.closed_since.is_some();
        let again = me.trouble().resent_segments > before.resent || step.obs.effect == SegmentEffect::ClosesAgain;
        if again {
            if me.una >= step.obs.seq_end.max(1) && step.obs.effect != SegmentEffect::ClosesAgain {
                // Nothing was waited for: the receiver had it.
                return;
            }
            // Some stacks send again into a closed window, in place of a probe.
            account.spend(if closed { Cause::ReceiverWindow } else { Cause::Congestion }, now);
        } else if me.nxt <= before.nxt {
            // It fills a gap, late.
            return;
        } else if misses_much(step, me, peer) && now.since(account.mark) > pace().answer {
            // Whether the sender was silent, or the capture blind.
            account.spend(Cause::Unknown, now);
        } else {
            account.settle(now, true, pace);
        }
        account.left = if me.fin().is_some() {
            Left::Closed
        } else if closed {
            Left::Shut
        } else if again || is_recovering(me) {
            Left::Recovering
        } else {
            how_it_left(step, me, peer)
        };
    }

    /// Shares out the time that ends with an expected segment: nothing is missing before it, sent again, or closed.
    pub(in crate::track) fn account_fast(&mut self, step: &Step<'_>) {
        let (ends, now) = (&self.ends, step.segment.ts);
        if step.segment.payload_len > 0 {
            let account = &mut self.limits.accounts[step.me()];
            account.settle(now, true, || pace(ends, step.me()));
            account.left = how_it_left(step, &ends[step.me()], &ends[step.peer()]);
        }
        self.account_acked(step, false, false);
    }

    /// What an acknowledgment does to the account of the direction that it acknowledges: of a receiver whose window is `closed`, and
    /// to a sender that is `recovering`.
    fn account_acked(&mut self, step: &Step<'_>, closed: bool, recovering: bool) {
        let now = step.segment.ts;
        let (ends, end) = (&self.ends, step.peer());
        let (sender, receiver) = (&ends[step.peer()], &ends[step.me()]);
        let account = &mut self.limits.accounts[step.peer()];
        if let Some(rtt) = step.obs.acked.as_ref().and_then(|acked| acked.rtt)
            && sender.flight.len() > 1
        {
            account.queued = is_queued(rtt, sender.rtt.min().unwrap_or_default());
        }
        match account.left {
            Left::Closed => {}
            Left::Shut => {
                if !closed {
                    account.spend(Cause::ReceiverWindow, now);
                    account.left = Left::Full;
                    account.allow(now);
                }
            }
            _ if closed => {
                account.settle(now, false, || pace(ends, end));
                account.left = Left::Shut;
            }
            Left::Full => {
                let whole = i64::from(segment_room(sender, receiver));
                if account.allowed == 0 && (receiver.edge == i64::MIN || receiver.edge - sender.nxt >= whole) {
                    account.allow(now);
                }
            }
            left => {
                if left != Left::Recovering && recovering {
                    account.left = Left::Recovering;
                }
                if step.obs.acked.is_some() {
                    account.allow(now);
                }
            }
        }
    }

    /// What held the connection back: nothing where it took no time or only one side was captured.
    pub(in crate::track) fn limited_by(&self, sent: [u64; 2]) -> Option<LimitedBy> {
        let (start, end) = (self.first.1, self.last.1);
        let duration = end.since(start);
        let one_side = self.ends.iter().any(|end| end.count.packets == 0) && !self.is_unanswered();
        if duration.0 <= 0 || one_side {
            return None;
        }
        let c2s = self.shares(0, duration);
        let s2c = self.shares(1, duration);
        let busier = if sent[1] > sent[0] { Direction::FromResponder } else { Direction::FromOriginator };
        let mut limited = LimitedBy { c2s, s2c, main: None };
        let main = |direction: Direction| limited.shares(direction).main().map(|cause| (direction, cause));
        let (this, other) = (main(busier), main(busier.reverse()));
        let waits = |cause| matches!(cause, Cause::ReceiverWindow | Cause::Congestion);
        limited.main = match this {
            // Half closed: the other direction is what goes on.
            Some((_, Cause::Close)) => other,
            None | Some((_, Cause::Application)) => other.filter(|(_, cause)| waits(*cause)).or(this),
            _ => this,
        };
        Some(limited)
    }

    fn shares(&self, end: usize, duration: Span) -> Shares {
        let mut shares = Shares::default();
        let Some(opened) = self.limits.opened.get() else {
            shares.0[Cause::Handshake as usize] = duration;
            return shares;
        };
        let mut account = self.limits.accounts[end];
        let me = &self.ends[end];
        let outstanding = me.in_flight() > 0 && me.fin().is_none();
        let pace = || pace(&self.ends, end);
        let waited = self.last.1.since(account.allowed().unwrap_or(account.mark));
        if account.left == Left::More && outstanding && waited > pace().answer {
            // Nothing acknowledged it, and nothing was sent again: it may have been lost with what would have told.
            account.spend(Cause::Unknown, self.last.1);
        } else {
            account.settle(self.last.1, false, pace);
        }
        for (cause, spent) in COUNTED.into_iter().zip(account.spent) {
            shares.0[cause as usize] = Span(spent);
        }
        let handshake = opened.since(self.first.1).0.clamp(0, duration.0);
        shares.0[Cause::Handshake as usize] = Span(handshake);
        shares.0[Cause::Close as usize] = Span((duration.0 - shares.total().0).max(0));
        shares
    }
}

/// Whether a round trip shows a queue, by the shortest one. With more segments in flight no receiver delays its ACK for so long.
// RFC 5681 §4.2: an ACK for at least every second full-sized segment.
fn is_queued(rtt: Span, shortest: Span) -> bool {
    shortest.is_below(25, rtt) && rtt.0.saturating_sub(shortest.0) > QUEUE.0
}

/// How soon that end sends when it may.
fn pace(ends: &[Endpoint; 2], end: usize) -> Pace {
    let to_sender = ends[1 - end].leg().unwrap_or_default().0;
    let round_trip = round_trip(ends).0;
    let scale_known = ends.iter().all(|end| end.facts.has(Fact::SynSeen));
    Pace {
        answer: Span(to_sender.saturating_mul(2).saturating_add(round_trip / 8).saturating_add(SLACK.0)),
        burst: Span((round_trip / 4).saturating_add(SLACK.0)),
        clocked: if scale_known { Cause::Congestion } else { Cause::Unknown },
    }
}

/// How new data left that is neither a repeat nor sent into a closed window.
fn how_it_left(step: &Step<'_>, sender: &Endpoint, receiver: &Endpoint) -> Left {
    let segment = step.segment;
    let whole = segment_room(sender, receiver);
    let left = room(receiver, step);
    let short = segment.payload_len != whole && !segment.payload_len.is_multiple_of(whole.max(1));
    if left <= 0 {
        Left::Full
    } else if short && segment.flags.contains(TcpFlags::PSH) && receiver.mss > 0 {
        Left::Done
    } else if left < i64::from(whole).max(i64::from(receiver.window) / 8) {
        Left::Full
    } else {
        Left::More
    }
}

/// Whether more is missing before the segment than what may get lost at the beginning of a burst.
fn misses_much(step: &Step<'_>, sender: &Endpoint, receiver: &Endpoint) -> bool {
    let whole = i64::from(segment_room(sender, receiver).max(1));
    step.obs.gap.is_some_and(|(from, to)| to.saturating_sub(from) > whole.saturating_mul(10))
}

/// Whether something of that end's is missing at the receiver and known to be.
fn is_recovering(sender: &Endpoint) -> bool {
    sender.rare.recovery.as_deref().is_some_and(|recovery| recovery.is_under_way())
}

/// What the sender puts into a whole segment.
fn segment_room(sender: &Endpoint, receiver: &Endpoint) -> u32 {
    // RFC 9293 §3.7.1: the MSS counts no options, and every segment carries 12 bytes of timestamps.
    let options = if sender.facts.has(Fact::Timestamps) && receiver.facts.has(Fact::Timestamps) { 12 } else { 0 };
    u32::from(receiver.mss.saturating_sub(options))
}

/// Room behind the segment in the receiver's window, as far as its sender knew that.
fn room(receiver: &Endpoint, step: &Step<'_>) -> i64 {
    let (edge, end) = (receiver.edge, step.obs.seq_end);
    if edge == i64::MIN {
        // Only a closed window shows without its scale.
        return if receiver.rare.closed_since.is_some() { 0 } else { i64::MAX };
    }
    // Far below the oldest window still remembered, it does not matter which one the sender knew.
    let least = receiver.least_edge();
    let near = i64::from(receiver.window) / 8 + 65_536;
    let known = if end.saturating_add(near) < least { least } else { receiver.window_known_to(step).0 };
    known.saturating_sub(end)
}
