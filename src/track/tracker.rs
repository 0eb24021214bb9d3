//! The flow tracker: every connection of a capture.

use crate::capture::{Span, Timestamp};
use crate::dissect::Segment;

use super::{Finding, FlowRecord, Observation};

/// Limits and constants of a tracker.
#[derive(Clone, Copy, Debug)]
pub struct TrackerOptions {
    /// Maximum segment lifetime; TIME-WAIT lasts twice as long.
    pub msl: Span,
    /// Most connections tracked at once.
    pub max_flows: usize,
    /// Most connections tracked at once that have not been answered.
    pub max_half_open: usize,
    /// A connection without traffic for so long is forgotten.
    pub idle_timeout: Span,
}

impl Default for TrackerOptions {
    fn default() -> Self {
        Self {
            // RFC 9293 §3.4.2 takes 2 minutes; 30 s is what Linux's TIME-WAIT of 60 s amounts to.
            msl: Span::from_secs(30),
            max_flows: 1_000_000,
            max_half_open: 250_000,
            // RFC 5382 REQ-5: an established connection may be idle for 2 hours and 4 minutes.
            idle_timeout: Span::from_secs(7_440),
        }
    }
}

/// Something that did not come with a segment.
#[derive(Clone, Debug)]
pub enum Event {
    /// A rule fired on a connection as a whole, or on the tracker.
    Finding(Finding),
    /// A connection has ended, or was forgotten.
    Ended(Box<FlowRecord>),
}

/// Follows every connection of one capture.
pub struct FlowTracker {
    options: TrackerOptions,
}

impl FlowTracker {
    /// A tracker that has seen nothing.
    pub fn new(options: TrackerOptions) -> Self {
        Self { options }
    }

    /// Takes the next segment, and says in `observation` what it did. Events may be waiting afterwards.
    pub fn observe(&mut self, segment: &Segment, observation: &mut Observation) {
        let _ = (segment, observation, self.options.msl);
    }

    /// Lets capture time go on without a segment (a frame that holds no TCP).
    pub fn advance(&mut self, now: Timestamp) {
        let _ = now;
    }

    /// Ends every connection: the capture is over.
    pub fn finish(&mut self) {}

    /// The next event, oldest first.
    pub fn next_event(&mut self) -> Option<Event> {
        None
    }
}
