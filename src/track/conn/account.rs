//! One direction's account: its time so far, and how the last data left.

use crate::capture::{Span, Timestamp};
use crate::track::Cause;
use crate::track::packed::{Pack, Packer, Unpacker, packed_enum};

/// The causes that are counted as they occur. The handshake is counted once for both directions, and the close is what is left.
pub(in crate::track) const COUNTED: [Cause; 4] =
    [Cause::ReceiverWindow, Cause::Congestion, Cause::Application, Cause::Unknown];

/// One direction's account.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::track) struct Account {
    /// Nanoseconds for each of `COUNTED`.
    pub(in crate::track) spent: [i64; COUNTED.len()],
    /// All time before this is shared out; mostly when the last data left.
    pub(in crate::track) mark: Timestamp,
    /// When more was allowed since, in microseconds after the mark (71 minutes at most); 0 when it was not.
    pub(in crate::track) allowed: u32,
    /// How the last data left.
    pub(in crate::track) left: Left,
    /// The last round trip was one through a full queue.
    pub(in crate::track) queued: bool,
}

impl Pack for Account {
    fn pack(&self, out: &mut Packer) {
        let Self { spent, mark, allowed, left, queued } = self;
        spent.map(Span).pack(out);
        mark.pack(out);
        allowed.pack(out);
        left.pack(out);
        queued.pack(out);
    }

    fn unpack(from: &mut Unpacker) -> Self {
        let spent: [Span; COUNTED.len()] = Pack::unpack(from);
        let (mark, allowed, left) = (Pack::unpack(from), Pack::unpack(from), Pack::unpack(from));
        Self { spent: spent.map(|span| span.0), mark, allowed, left, queued: Pack::unpack(from) }
    }
}

/// How the last data left its sender.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(in crate::track) enum Left {
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
    pub(in crate::track) fn spend(&mut self, cause: Cause, upto: Timestamp) {
        let upto = upto.max(self.mark);
        if let Some(spent) = COUNTED.iter().position(|counted| *counted == cause).and_then(|at| self.spent.get_mut(at))
        {
            *spent = spent.saturating_add(upto.since(self.mark).0);
        }
        self.mark = upto;
        self.allowed = 0;
    }

    pub(in crate::track) fn allow(&mut self, now: Timestamp) {
        self.allowed = u32::try_from(now.since(self.mark).0 / 1000).unwrap_or(u32::MAX).max(1);
    }

    pub(in crate::track) fn allowed(&self) -> Option<Timestamp> {
        (self.allowed > 0).then(|| Timestamp(self.mark.0.saturating_add(i64::from(self.allowed) * 1000)))
    }

    /// Shares out the time before new data (`sends`), or before what lets none follow.
    pub(in crate::track) fn settle(&mut self, now: Timestamp, sends: bool, pace: impl FnOnce() -> Pace) {
        let (waited_for, then) = match self.left {
            Left::Done => return self.spend(Cause::Application, now),
            Left::Closed => return self.spend(Cause::Close, now),
            // A window that fills a queue on the path is larger than the path needs: the path sets the pace.
            Left::Full if self.queued => (Cause::Congestion, Cause::Application),
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
pub(in crate::track) struct Pace {
    /// After what allows it: the way to the sender and back, with as much again for a queue, and what a busy host takes.
    pub(in crate::track) answer: Span,
    /// Within a burst.
    pub(in crate::track) burst: Span,
    /// What holds it back then: the network, unless the receiver's window is not known.
    pub(in crate::track) clocked: Cause,
}
