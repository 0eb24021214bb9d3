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

use super::connection::Connection;
use super::endpoint::Endpoint;
use super::loss::round_trip;
use super::packed::{Pack, Packer, Unpacker, packed, packed_enum};
use super::step::Step;
use super::{Deed, Direction, Note};

/// What held a transfer back.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Cause {
    /// The connection was being opened.
    Handshake,
    /// The receiver's window was full or closed.
    ReceiverWindow,
    /// The network: waiting for acknowledgments with room left in the receiver's window, or recovering from loss.
    Congestion,
    /// The sending application had nothing to send.
    Application,
    /// The direction was being closed.
    Close,
    /// The capture does not tell.
    Unknown,
}

impl Cause {
    /// Every cause, in the order of a connection's life.
    pub const ALL: [Self; 6] =
        [Self::Handshake, Self::ReceiverWindow, Self::Congestion, Self::Application, Self::Close, Self::Unknown];

    /// The word that reports write.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Handshake => "handshake",
            Self::ReceiverWindow => "receiver-window",
            Self::Congestion => "congestion",
            Self::Application => "application",
            Self::Close => "close",
            Self::Unknown => "unknown",
        }
    }
}

/// How one direction's time is shared out. The shares add up to the connection's duration.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Shares([Span; Cause::ALL.len()]);

impl Shares {
    /// The time that went to one cause.
    pub fn of(&self, cause: Cause) -> Span {
        self.0[cause as usize]
    }

    /// All of them together: the connection's duration.
    pub fn total(&self) -> Span {
        Span(self.0.iter().fold(0, |sum, share| sum.saturating_add(share.0)))
    }

    /// The cause that took more than half of the time.
    pub fn main(&self) -> Option<Cause> {
        Cause::ALL.into_iter().find(|cause| self.of(*cause).0 > self.total().0 / 2)
    }
}

/// What held a connection back, each way.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LimitedBy {
    /// Client to server.
    pub c2s: Shares,
    /// Server to client.
    pub s2c: Shares,
    /// The cause that took more than half of the time, in the direction that carried more; in the other one where this one
    /// had closed, or waited for nothing but its application, and that one for the window or the network.
    pub main: Option<(Direction, Cause)>,
}

impl LimitedBy {
    /// The shares of one direction.
    pub fn shares(&self, direction: Direction) -> &Shares {
        match direction {
            Direction::FromOriginator => &self.c2s,
            Direction::FromResponder => &self.s2c,
        }
    }
}

/// The causes that are counted as they occur. The handshake is counted once for both directions, and the close is what is left.
const COUNTED: [Cause; 4] = [Cause::ReceiverWindow, Cause::Congestion, Cause::Application, Cause::Unknown];

/// One direction's account.
#[derive(Clone, Copy, Debug, Default)]
struct Account {
    /// Nanoseconds for each of `COUNTED`.
    spent: [i64; COUNTED.len()],
    /// All time before this is shared out; mostly when the last data left.
    mark: Timestamp,
    /// When more was allowed since, in microseconds after the mark (71 minutes at most); 0 when it was not.
    allowed: u32,
    /// How the last data left.
    left: Left,
}

impl Pack for Account {
    fn pack(&self, out: &mut Packer) {
        let Self { spent, mark, allowed, left } = self;
        spent.map(Span).pack(out);
        mark.pack(out);
        allowed.pack(out);
        left.pack(out);
    }

    fn unpack(from: &mut Unpacker) -> Self {
        let spent: [Span; COUNTED.len()] = Pack::unpack(from);
        let (mark, allowed, left) = (Pack::unpack(from), Pack::unpack(from), Pack::unpack(from));
        Self { spent: spent.map(|span| span.0), mark, allowed, left }
    }
}

/// How the last data left its sender.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Left {
    /// It was the end of a write; or nothing has been sent.
    #[default]
    Done,
    /// More may wait.
    More,
    /// No room is left in the receiver's window for a whole segment.
    Full,
    /// The window has closed since.
    Shut,
    /// Something before it is being sent again.
    Recovering,
    /// It was the FIN.
    Closed,
}

packed_enum!(Left, [Left::Done, Left::More, Left::Full, Left::Shut, Left::Recovering, Left::Closed]);

const _: () = assert!(size_of::<Account>() <= 48, "every connection has two");

impl Account {
    fn spend(&mut self, cause: Cause, upto: Timestamp) {
        let upto = upto.max(self.mark);
        if let Some(spent) = COUNTED.iter().position(|counted| *counted == cause).and_then(|at| self.spent.get_mut(at))
        {
            *spent = spent.saturating_add(upto.since(self.mark).0);
        }
        self.mark = upto;
        self.allowed = 0;
    }

    fn allow(&mut self, now: Timestamp) {
        self.allowed = u32::try_from(now.since(self.mark).0 / 1000).unwrap_or(u32::MAX).max(1);
    }

    fn allowed(&self) -> Option<Timestamp> {
        (self.allowed > 0).then(|| Timestamp(self.mark.0.saturating_add(i64::from(self.allowed) * 1000)))
    }

    /// Shares out the time before new data (`sends`), or before what lets none follow.
    fn settle(&mut self, now: Timestamp, sends: bool, pace: impl FnOnce() -> Pace) {
        let (waited_for, then) = match self.left {
            Left::Done => return self.spend(Cause::Application, now),
            Left::Closed => return self.spend(Cause::Close, now),
            Left::Full | Left::Shut => (Cause::ReceiverWindow, Cause::Application),
            Left::Recovering => (Cause::Congestion, Cause::Application),
            Left::More => {
                let pace = pace();
                // A sender that has more sends in a burst, and then with each acknowledgment.
                let since = self.allowed().map_or(now.since(self.mark), |allowed| now.since(allowed));
                let patience = if self.allowed > 0 { pace.answer } else { pace.burst };
                let waits = !sends && self.allowed == 0;
                let cause = if waits || since <= patience { pace.clocked } else { Cause::Application };
                return self.spend(cause, now);
            }
        };
        match self.allowed() {
            Some(allowed) if now.since(allowed) > pace().answer => {
                self.spend(waited_for, allowed);
                self.spend(then, now);
            }
            _ => self.spend(waited_for, now),
        }
    }
}

/// How soon a sender that has more to send does so, as seen from the capture point.
#[derive(Clone, Copy, Debug)]
struct Pace {
    /// After what allows it: the way to the sender and back, with as much again for a queue, and what a busy host takes.
    answer: Span,
    /// Within a burst.
    burst: Span,
    /// What holds it back then: the network, unless the receiver's window is not known.
    clocked: Cause,
}

/// What a busy host takes to answer.
const SLACK: Span = Span::from_millis(2);

/// The accounts of both directions.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Limits {
    /// When both could send.
    opened: Option<Timestamp>,
    /// The longest time without any segment.
    pub idle: Span,
    accounts: [Account; 2],
}

packed!(Limits { accounts, opened, idle });

impl Limits {
    /// Both ends could send.
    pub fn is_opened(&self) -> bool {
        self.opened.is_some()
    }
}

/// What must be known of both ends before a segment is taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Before {
    nxt: i64,
    resent: u64,
}

impl Connection {
    /// What the account needs to know before `step` is taken.
    pub(super) fn before(&self, step: &Step<'_>) -> Before {
        let me = &self.ends[step.me()];
        Before { nxt: me.nxt, resent: me.trouble().resent_segments }
    }

    /// Shares out the time that ends with this segment.
    pub(super) fn account(&mut self, step: &Step<'_>, before: Before) {
        let now = step.segment.ts;
        if self.limits.opened.is_none() {
            if self.ends.iter().all(|end| end.facts.syn && end.facts.syn_acked) {
                let start = if self.scale_known() { now } else { self.opening_end(now) };
                self.limits.opened = Some(start);
                self.limits.accounts.iter_mut().for_each(|account| account.mark = start);
            }
            if self.scale_known() || self.limits.opened.is_none() {
                return;
            }
        }
        if step.segment.seq_len() > 0 {
            self.account_sent(step, before);
        }
        if step.obs.ack.is_some() {
            let [receiver, sender] = [&self.ends[step.me()], &self.ends[step.peer()]];
            self.account_acked(step, receiver.closed_since.is_some(), is_recovering(sender));
        }
    }

    /// Without both SYNs: what came before counts as opening only where one of them was seen.
    fn opening_end(&self, now: Timestamp) -> Timestamp {
        if self.ends.iter().any(|end| end.facts.syn_seen) { now } else { self.first.1 }
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
        let closed = peer.closed_since.is_some();
        let again = me.trouble().resent_segments > before.resent || step.obs.deed == Deed::ClosesAgain;
        if again {
            if me.una >= step.obs.seq_end.max(1) && step.obs.deed != Deed::ClosesAgain {
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
        account.left = if me.fin.is_some() {
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
    pub(super) fn account_expected(&mut self, step: &Step<'_>) {
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
    pub(super) fn limited_by(&self, sent: [u64; 2]) -> Option<LimitedBy> {
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
        let Some(opened) = self.limits.opened else {
            shares.0[Cause::Handshake as usize] = duration;
            return shares;
        };
        let mut account = self.limits.accounts[end];
        let me = &self.ends[end];
        let outstanding = me.in_flight() > 0 && me.fin.is_none();
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

/// How soon that end sends when it may.
fn pace(ends: &[Endpoint; 2], end: usize) -> Pace {
    let to_sender = ends[1 - end].leg().unwrap_or_default().0;
    let round_trip = round_trip(ends).0;
    let scale_known = ends.iter().all(|end| end.facts.syn_seen);
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
    sender.recovery.as_deref().is_some_and(|recovery| recovery.is_under_way())
}

/// What the sender puts into a whole segment.
fn segment_room(sender: &Endpoint, receiver: &Endpoint) -> u32 {
    // RFC 9293 §3.7.1: the MSS counts no options, and every segment carries 12 bytes of timestamps.
    let options = if sender.facts.timestamps && receiver.facts.timestamps { 12 } else { 0 };
    u32::from(receiver.mss.saturating_sub(options))
}

/// Room behind the segment in the receiver's window, as far as its sender knew that.
fn room(receiver: &Endpoint, step: &Step<'_>) -> i64 {
    let (edge, end) = (receiver.edge, step.obs.seq_end);
    if edge == i64::MIN {
        // Only a closed window shows without its scale.
        return if receiver.closed_since.is_some() { 0 } else { i64::MAX };
    }
    // Far below the oldest window still remembered, it does not matter which one the sender knew.
    let least = receiver.least_edge();
    let near = i64::from(receiver.window) / 8 + 65_536;
    let known = if end.saturating_add(near) < least { least } else { receiver.window_known_to(step).0 };
    known.saturating_sub(end)
}
