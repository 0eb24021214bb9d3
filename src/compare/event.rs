//! What a comparison says as it goes on.

use crate::capture::{Span, Timestamp};
use crate::dissect::{Socket, TcpFlags};
use crate::track::Direction;

use super::Way;
use super::explanation::Explanation;
use super::pair::PathStats;

/// One thing that has become known.
#[derive(Clone, Debug)]
pub enum PathEvent {
    /// What became of a packet.
    Crossing(Crossing),
    /// What the other side shows of a finding.
    Explanation(Explanation),
    /// One direction of a connection that is over.
    Path(Box<PathRecord>),
}

/// What became of one packet.
#[derive(Clone, Copy, Debug)]
pub struct Crossing {
    /// Its frame in either capture.
    pub frames: [Option<u64>; 2],
    /// Its connection in either capture.
    pub flows: [Option<u32>; 2],
    /// Who sent it.
    pub direction: Direction,
    /// Which way it went, where that is known.
    pub way: Option<Way>,
    /// What became of it.
    pub fate: Fate,
    /// When it passed the capture point that shows it first, by A's clock.
    pub ts: Timestamp,
    /// How long it took.
    pub delay: Option<Span>,
    /// It came behind one that was sent later.
    pub overtaken: bool,
    /// What it says.
    pub brief: Brief,
    /// The payload bytes that this is about, from the first frame's first one, where it is not all of them.
    pub part: Option<(u32, u32)>,
    /// It is a RST, or a FIN.
    pub ends: Option<Ending>,
}

/// What a segment says, with relative numbers.
#[derive(Clone, Copy, Debug)]
pub struct Brief {
    /// Its flags.
    pub flags: TcpFlags,
    /// Its first sequence number.
    pub seq: u32,
    /// Its payload's length.
    pub payload: u32,
    /// What it acknowledges.
    pub ack: Option<u32>,
}

/// How a packet ends a connection.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Ending {
    /// RST.
    Rst,
    /// FIN.
    Fin,
}

impl Ending {
    /// As TCP calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rst => "RST",
            Self::Fin => "FIN",
        }
    }
}

/// What can become of a packet.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Fate {
    /// Both captures show it.
    Arrived,
    /// It never reached the other capture point.
    Lost,
    /// A further copy of one that arrived.
    Duplicated,
    /// Nobody sent it at the other end.
    Inserted,
    /// The other capture was not running, or misses frames there.
    Outside,
}

impl Fate {
    /// The word that reports write.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Arrived => "arrived",
            Self::Lost => "lost",
            Self::Duplicated => "duplicated",
            Self::Inserted => "inserted",
            Self::Outside => "outside",
        }
    }
}

/// One direction of a connection.
#[derive(Clone, Debug)]
pub struct PathRecord {
    /// The connection's number in either capture.
    pub flows: [Option<u32>; 2],
    /// Who sends.
    pub direction: Direction,
    /// The client is known by its SYN.
    pub client_known: bool,
    /// Sender and receiver, as either capture calls them.
    pub ends: [Option<[Socket; 2]>; 2],
    /// Which way it goes, where that is known.
    pub way: Option<Way>,
    /// Its sequence numbers are others in B.
    pub renumbered: bool,
    /// The connection ends at something between, which opens another one.
    pub proxied: bool,
    /// What became of its packets.
    pub stats: PathStats,
}
