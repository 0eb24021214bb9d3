//! What may hold a transfer back, and how long each cause did.

use crate::capture::Span;
use crate::track::Direction;

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
pub struct Shares(pub(in crate::track) [Span; Cause::ALL.len()]);

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
