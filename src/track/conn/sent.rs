//! A range of numbers in flight.

use std::num::NonZeroU32;

use crate::capture::Timestamp;
use crate::track::packed::packed;

/// A range of numbers that waits for its acknowledgment.
#[derive(Clone, Copy, Debug)]
pub(in crate::track) struct Sent {
    pub from: i64,
    pub end: i64,
    pub frame: u64,
    pub ts: Timestamp,
    /// When it was sent the last time.
    pub last_ts: Timestamp,
    /// 0 when there is none.
    pub ip_id: u16,
    /// An octet that probes a closed window: its receiver has no room for it.
    pub probe: bool,
    /// Sent more than once: no measure of the round trip (Karn).
    pub resent: bool,
    /// The payload's, where the range is one segment's and all of that was captured undamaged.
    pub digest: Option<NonZeroU32>,
}

packed!(Sent { from, end, ts, last_ts, ip_id, probe, resent, digest } delta Frame { frame });
