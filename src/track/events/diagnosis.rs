//! Whose doing it was, as reports say it.

use crate::capture::Span;
use crate::dissect::IcmpKind;

use crate::track::Direction;

/// Who, or what, a connection's trouble is due to.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Responsible {
    /// The path between the ends, or nobody can say which part of it.
    Network,
    /// The server: its program, or that none runs.
    Server,
    /// The client's program.
    Client,
    /// An end that did not read what it was sent.
    Receiver,
    /// The capture does not show enough to tell.
    Capture,
    /// Nothing went wrong, and nothing took long.
    Nothing,
}

impl Responsible {
    /// All of them, in the order in which reports list them.
    pub const ALL: [Self; 6] =
        [Self::Network, Self::Server, Self::Client, Self::Receiver, Self::Capture, Self::Nothing];

    /// Whether somebody is held responsible for something.
    pub(crate) fn is_blamed(self) -> bool {
        !matches!(self, Self::Nothing | Self::Capture)
    }

    /// The word that reports write.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Server => "server",
            Self::Client => "client",
            Self::Receiver => "receiver",
            Self::Capture => "capture",
            Self::Nothing => "nothing",
        }
    }
}

/// What the answer rests on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reason {
    /// Nobody answered the SYNs.
    NoReply {
        /// How many there were.
        syns: u32,
    },
    /// An ICMP error answered the SYN.
    Unreachable {
        /// What it says.
        icmp: IcmpKind,
    },
    /// A RST answered the SYN.
    Refused,
    /// One end reset the connection.
    Reset(Direction),
    /// The SYN or the SYN+ACK had to be retransmitted.
    SlowHandshake,
    /// The SYN+ACK came later than the path explains.
    LateSynAck,
    /// A RST that claims to come from there ended it, and is perhaps not its alleged sender's.
    DoubtfulReset(Direction),
    /// Bytes sent that way had to be retransmitted, and nothing went on until then.
    Loss {
        /// Which way they went.
        direction: Direction,
        /// Segments retransmitted that way.
        segments: u64,
    },
    /// What acknowledged bytes was lost or late, and they were retransmitted for nothing.
    LateAcks {
        /// Which way the acknowledgments went.
        direction: Direction,
        /// Segments retransmitted the other way.
        segments: u64,
    },
    /// Bytes sent that way never arrived, though their receiver asked for them.
    Missing {
        /// Which way they went.
        direction: Direction,
        /// How many.
        bytes: u64,
    },
    /// Large segments that way never arrived, and nobody said that they were too large.
    BlackHole(Direction),
    /// Segments that way were too large for the path, and their sender did not heed the ICMP error that said so.
    PathMtuIgnored(Direction),
    /// It stood still together with other connections.
    Stall {
        /// The host acknowledged meanwhile: only its programs stood still.
        program: bool,
    },
    /// A buffer on the way in that direction delayed segments.
    Queue(Direction),
    /// It was ended, or forgotten, while it idled.
    IdleTimeout {
        /// How long it had idled.
        idle: Span,
    },
    /// The client reset it before it had an answer.
    GaveUp {
        /// It had sent a request.
        asked: bool,
    },
    /// Writes of the end that sends that way waited for delayed acknowledgments.
    DelayedAcks(Direction),
    /// The server took long to answer.
    SlowAnswers {
        /// Answers that it gave.
        answers: u32,
        /// The longest that one took.
        longest: Span,
    },
    /// The server took long to answer, for it waited for somebody else meanwhile.
    PassedOn {
        /// The connection on which it did.
        flow: u32,
    },
    /// The end that sends that way had its window closed.
    ZeroWindow(Direction),
    /// One direction only was captured.
    OneDirection,
    /// Most of the time cannot be explained, and the capture misses segments.
    Gaps,
    /// Answers took long, if they were answers: it began before the capture, and who asks is not known.
    RolesUnknown {
        /// How long, in all.
        waited: Span,
    },
    /// The server was silent for long, and perhaps had nothing to say.
    Quiet {
        /// How long, in all.
        silent: Span,
    },
    /// What the client sent last was not answered; perhaps it did not have to be.
    Unanswered {
        /// Until the connection, or the capture, ended.
        waited: Span,
    },
    /// The capture, or what is kept of it, ended while an answer to the SYN may have been under way.
    EndedEarly,
    /// Nothing stands out.
    Healthy,
}

/// Whose doing it was that a connection failed or took long.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Diagnosis {
    /// Who or what.
    pub responsible: Responsible,
    /// The time that it cost.
    pub lost: Span,
    /// Why that is said.
    pub reason: Reason,
}
