//! What connections have in common, as steps: a tracker of some of a capture's connections takes those of the others too, and then says
//! of its own what a tracker of all says.

use std::net::IpAddr;

use crate::capture::Timestamp;
use crate::dissect::{SeqNumber, Socket, Wire, wire};
use crate::rules::Rule;
use crate::track::shared::stall::{Kind, Pause};
use crate::track::shared::taps::Tap;
use crate::track::shared::waits::{Awaited, Wait};

/// What a segment of some connection changed for all connections.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::track) enum Shift {
    /// So many connections began.
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
    /// So many hosts are known by their IP IDs.
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
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(in crate::track) struct Counted {
    pub bare: i64,
    pub data: i64,
}

/// An initial sequence number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::track) struct Isn {
    pub src: Socket,
    pub dst: Socket,
    pub seq: SeqNumber,
}

/// A rule that is said once an interface.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::track) struct Said {
    pub rule: SaidOnce,
    pub interface: u32,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
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
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::track) struct Shifts {
    pub frame: u64,
    pub ts: Timestamp,
    pub shifts: Vec<Shift>,
}

impl Wire for Shifts {
    fn put(&self, out: &mut Vec<u8>) {
        self.frame.put(out);
        self.ts.put(out);
        (self.shifts.len() as u32).put(out);
        self.shifts.iter().for_each(|shift| shift.put(out));
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        let (frame, ts, count) = (u64::take(from)?, Timestamp::take(from)?, u32::take(from)?);
        let shifts = (0..count).map(|_| Shift::take(from)).collect::<Option<_>>()?;
        Some(Self { frame, ts, shifts })
    }
}

wire!(struct Counted { bare, data });
wire!(struct Isn { src, dst, seq });
wire!(enum SaidOnce { 0 Cut, 1 Checksum, 2 Segmentation });
wire!(struct Said { rule, interface });
wire!(enum Kind { 0 Host, 1 Program });
wire!(enum Awaited { 0 Handshake, 1 Answer });
wire!(struct Wait { flow, host, from, to, awaited, root });
wire!(struct Tap { from, to, hops, after });
wire!(enum Shift {
    0 Began(number), 1 TwoSided, 2 OneSided, 3 Lossy, 4 Skewed, 5 Due(number), 6 AcksMissing, 7 Altered(number), 8 Counted(by),
    9 Hosts(number), 10 Tapped(tap), 11 Paused(pause), 12 Isn(isn), 13 Said(said), 14 Waited(wait)
});

impl Wire for Pause {
    fn put(&self, out: &mut Vec<u8>) {
        let Self { flow, hosts: [silent, waiting], start, end, frame, kind } = self;
        ((*flow, (*silent, *waiting)), ((*start, *end), (*frame, *kind))).put(out);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        type Hosts = (u32, (IpAddr, IpAddr));
        let (flow, (silent, waiting)) = Hosts::take(from)?;
        let ((start, end), (frame, kind)) = Wire::take(from)?;
        Some(Self { flow, hosts: [silent, waiting], start, end, frame, kind })
    }
}
