//! What is known of the programs at both ends.

use crate::capture::{Span, Timestamp};

use crate::track::Direction;
use crate::track::packed::packed;
use crate::track::shared::waits::PassedOn;

/// What is known of one connection's programs.
#[derive(Debug, Default)]
pub(in crate::track) struct Application {
    /// An acknowledgment that came late, and perhaps let the end that it went to write on.
    pub late_ack: Option<LateAck>,
    pub stalls: Stalls,
    /// The last long pause.
    pub pause: Option<Pause>,
    /// Answers that waited for somebody else's.
    pub passed_on: Option<PassedOn>,
    /// Server times that are perhaps none: the server may have had nothing to say until then.
    pub unasked: Span,
}

packed!(Application { late_ack, stalls, pause, passed_on, unasked });

/// An acknowledgment that came later than the path explains.
#[derive(Clone, Copy, Debug)]
pub(in crate::track) struct LateAck {
    /// Whose data it acknowledged.
    pub writer: Direction,
    pub ts: Timestamp,
    pub delay: Span,
    /// Its timestamp, which what is sent after it echoes.
    pub tsval: Option<u32>,
}

packed!(LateAck { writer, ts, delay, tsval });

/// Writes that waited for a delayed acknowledgment.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::track) struct Stalls {
    pub count: u32,
    pub total: Span,
    /// Who waited, and the first write that did.
    pub first: Option<(Direction, u64, Timestamp)>,
}

packed!(Stalls { count, total, first });

/// A time without any segment.
#[derive(Clone, Copy, Debug)]
pub(in crate::track) struct Pause {
    pub length: Span,
    /// The frame that ended it.
    pub frame: u64,
    /// How many segments each end had sent until then.
    pub packets: [u64; 2],
}

packed!(Pause { length, packets } delta Frame { frame });
