//! A connection that has ended, and all that its graphs need.

use crate::report::ladder::LadderRow;
use crate::track::FlowRecord;

use super::trail::TimeSequence;

/// A connection that is over, with its points.
#[derive(Debug)]
pub struct GraphedConnection {
    /// It in numbers.
    pub record: Box<FlowRecord>,
    /// Its points and findings.
    pub trail: TimeSequence,
    /// Its ladder.
    pub rows: Vec<LadderRow>,
}
