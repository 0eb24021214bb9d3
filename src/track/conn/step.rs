//! One segment on its way through its connection.

use std::collections::VecDeque;

use crate::capture::Span;
use crate::dissect::{Segment, TcpFlags};
use crate::rules::Rule;

use crate::track::conn::sent::Sent;
use crate::track::shared::carried::Counts;
use crate::track::shared::context::Shift;
use crate::track::shared::echo::Echo;
use crate::track::shared::icmp::IcmpErrors;
use crate::track::shared::recent::RecentSegments;
use crate::track::shared::stall::Stalls;
use crate::track::shared::taps::Taps;
use crate::track::shared::waits::{Wait, Waits};
use crate::track::stack::host::Stacks;
use crate::track::{Direction, Event, Finding, Observation};

/// A segment, where it goes, and what is being said of it.
pub(in crate::track) struct Step<'a> {
    pub segment: &'a Segment,
    pub from: Direction,
    pub obs: &'a mut Observation,
    pub shared: &'a mut Shared,
}

/// What connections have in common.
#[derive(Debug, Default)]
pub(in crate::track) struct Shared {
    /// Where words about other frames go.
    pub events: VecDeque<Event>,
    /// The last segments of all connections.
    pub recent: RecentSegments,
    /// What hosts' IP IDs count.
    pub stacks: Stacks,
    /// Errors about connections.
    pub icmp: IcmpErrors,
    /// Connections that were silent together.
    pub stalls: Stalls,
    /// Hosts that waited for others.
    pub waits: Waits,
    /// Of some connection, the capture is known to have missed segments.
    pub lossy: bool,
    /// A server that takes so long to answer is slow.
    pub slow_response: Span,
    /// Capture points, as copies show them.
    pub taps: Taps,
    /// Whether every packet comes again.
    pub echo: Echo,
    /// One direction of some connection is stored late against the other.
    pub skewed: bool,
    /// What is counted of the capture.
    pub counts: Counts,
    /// What the last segments changed for all connections, where another tracker is to hear of it.
    pub shifts: Option<Vec<Shift>>,
    /// Spare buffers for segments in flight. The next end that sends gets the one given back last: a core's cache holds that yet.
    pub spare_buffers: Vec<VecDeque<Sent>>,
}

impl Shared {
    /// Notes what a segment changes for all connections.
    pub(crate) fn log_shift(&mut self, shift: impl FnOnce() -> Shift) {
        if let Some(shifts) = &mut self.shifts {
            shifts.push(shift());
        }
    }

    /// Notes that a client waited for long.
    pub(crate) fn note_wait(&mut self, wait: Wait) {
        self.waits.note(wait);
        self.log_shift(|| Shift::Waited(wait));
    }

    /// Lends an end a buffer for its segments in flight.
    #[inline]
    pub(crate) fn lend_buffer(&mut self, flight: &mut VecDeque<Sent>) {
        if flight.capacity() == 0 {
            *flight = self.spare_buffers.pop().unwrap_or_default();
        }
    }

    /// Takes back the buffer of segments that were acknowledged.
    #[inline]
    pub(crate) fn give_back(&mut self, mut buffer: VecDeque<Sent>) {
        if self.spare_buffers.len() < MAX_SPARE_BUFFERS && buffer.capacity() <= MAX_SPARE_CAPACITY {
            buffer.clear();
            self.spare_buffers.push(buffer);
        }
    }
}

/// Maximum number of spare buffers, and of segments that one of them has space for.
const MAX_SPARE_BUFFERS: usize = 64;
const MAX_SPARE_CAPACITY: usize = 64;

impl Step<'_> {
    /// Index of the sending end.
    pub(crate) fn me(&self) -> usize {
        self.from.index()
    }

    /// Index of the receiving end.
    pub(crate) fn peer(&self) -> usize {
        self.from.reverse().index()
    }

    pub(crate) fn has(&self, flags: TcpFlags) -> bool {
        self.segment.flags.contains(flags)
    }

    /// Adds a finding on this segment.
    pub(crate) fn fire(&mut self, rule: Rule) -> &mut Finding {
        let mut finding = Finding::new(rule);
        finding.flow = Some(self.obs.flow).filter(|flow| *flow != 0);
        finding.direction = Some(self.from);
        finding.frame = self.segment.frame;
        finding.ts = self.segment.ts;
        self.obs.findings.push(finding);
        self.obs.findings.last_mut().expect("one was just pushed")
    }
}
