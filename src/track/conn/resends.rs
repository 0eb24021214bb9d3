//! What one end has retransmitted, and what the other reported by SACK.

use crate::capture::{Span, Timestamp};
use std::collections::VecDeque;

use crate::track::packed::packed;

/// What one end has sent again, and what the other reported by SACK. Allocated with the first of either, and bounded.
#[derive(Debug, Default)]
pub(in crate::track) struct Resends {
    pub ranges: VecDeque<Range>,
    pub reports: VecDeque<Report>,
    /// When a timer last sent something again.
    pub timeout: Option<Timestamp>,
}

packed!(Resends { ranges, reports, timeout });

/// Bytes that went again, by their first number.
#[derive(Clone, Copy, Debug)]
pub(in crate::track) struct Range {
    pub from: i64,
    /// Copies after the first.
    pub times: u32,
    pub first: (u64, Timestamp),
    /// The last copy, and how long after the one before it came; none when no timer sent it.
    pub last: Timestamp,
    pub interval: Option<Span>,
    /// When the copy before that one came, and the one before it.
    pub previous: Timestamp,
    pub earlier: Timestamp,
    pub said: bool,
    /// The interval before the last, where the last is shorter.
    pub shrinks_from: Option<Span>,
}

packed!(Range { from, times, first, last, interval, previous, earlier, said, shrinks_from });

/// A SACK block, when it was new.
#[derive(Clone, Copy, Debug)]
pub(in crate::track) struct Report {
    pub from: i64,
    pub to: i64,
    pub frame: u64,
    pub ts: Timestamp,
}

packed!(Report { from, to, ts } delta Frame { frame });

pub(in crate::track) const MAX_RANGES: usize = 32;

pub(in crate::track) const MAX_REPORTS: usize = 64;
