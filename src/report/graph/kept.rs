//! A connection that has ended, and all that its graphs need.

use crate::report::ladder::Rung;
use crate::track::FlowRecord;

use super::trail::Trail;

/// A connection that is over, with its points.
#[derive(Debug)]
pub struct Kept {
    /// It in numbers.
    pub record: Box<FlowRecord>,
    /// Its points and findings.
    pub trail: Trail,
    /// Its ladder.
    pub rows: Vec<Rung>,
}
