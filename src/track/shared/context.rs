//! What connections have in common, as steps: a tracker of some of a capture's connections takes those of the others too, and then says
//! of its own what a tracker of all says.

use crate::capture::Timestamp;
use crate::dissect::{SeqNumber, Socket};
use crate::rules::Rule;
use crate::track::shared::stall::Pause;
use crate::track::shared::taps::Tap;
use crate::track::shared::waits::Wait;
use serde::{Deserialize, Serialize};

/// What a segment of some connection changed for all connections.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(in crate::track) enum Shift {
    /// Number of connections that began.
    Began(u32),
    /// Both directions, or only one, were captured.
    TwoSided,
    OneSided,
    /// Packets are missing; one direction is stored late.
    Lossy,
    Skewed,
    /// Acknowledgments that were due, and that they are missing throughout.
    Due(u32),
    AcksMissing,
    /// Data that was taken though its checksum does not hold.
    Altered(u32),
    /// By how much bare acknowledgments and segments with data were counted otherwise than their headers say.
    Counted(Counted),
    /// Number of hosts that became known by their IP IDs.
    Hosts(u32),
    /// A packet was captured twice.
    Tapped(Tap),
    /// An end was silent.
    Paused(Pause),
    /// A client waited for long.
    Waited(Wait),
    /// A host opened or accepted a connection with this number.
    Isn(Isn),
    /// Something was said of an interface.
    Said(Said),
}

/// Bare acknowledgments, and segments with data.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(in crate::track) struct Counted {
    pub bare: i64,
    pub data: i64,
}

/// An initial sequence number.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(in crate::track) struct Isn {
    pub src: Socket,
    pub dst: Socket,
    pub seq: SeqNumber,
}

/// A rule that is said once an interface.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(in crate::track) struct Said {
    pub rule: SaidOnce,
    pub interface: u32,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(in crate::track) enum SaidOnce {
    Cut,
    Checksum,
    Segmentation,
}

impl SaidOnce {
    pub(crate) fn of(rule: Rule) -> Self {
        match rule {
            Rule::SnaplenCut => Self::Cut,
            Rule::ChecksumOffload => Self::Checksum,
            _ => Self::Segmentation,
        }
    }

    pub(crate) fn rule(self) -> Rule {
        match self {
            Self::Cut => Rule::SnaplenCut,
            Self::Checksum => Rule::ChecksumOffload,
            Self::Segmentation => Rule::SegmentationOffload,
        }
    }
}

/// What one frame changed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(in crate::track) struct Shifts {
    pub frame: u64,
    pub ts: Timestamp,
    pub shifts: Vec<Shift>,
}
