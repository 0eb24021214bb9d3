//! Data beyond every edge that the receiver was seen to advertise.

use crate::capture::Timestamp;

use crate::track::packed::packed;

/// Data beyond every edge that the receiver was seen to advertise.
#[derive(Clone, Copy, Debug)]
pub(in crate::track) struct Overrun {
    pub frame: u64,
    pub ts: Timestamp,
    pub from: i64,
    pub end: i64,
    pub edge: i64,
    /// Its timestamp proves that no later window was missed.
    pub proved: bool,
    /// It has been settled: what else goes beyond the same edge is not said again.
    pub settled: bool,
}

packed!(Overrun { ts, from, end, edge, proved, settled } delta Frame { frame });
