//! Numbers that were acknowledged and not captured until then.

use crate::capture::{Span, Timestamp};
use std::collections::VecDeque;

use crate::track::packed::packed;

/// Numbers of one end that were acknowledged before they were captured.
#[derive(Clone, Copy, Debug)]
pub(in crate::track) struct Missing {
    pub from: i64,
    pub to: i64,
    /// What acknowledged them.
    pub frame: u64,
    pub ts: Timestamp,
    /// IP ID and timestamp of what this end sent behind them, where it was captured.
    pub ip_id: u16,
    pub tsval: Option<u32>,
    /// They count as missed.
    pub counted: bool,
    /// TC910 was said of them.
    pub said: bool,
}

packed!(Missing { from, to, ts, ip_id, tsval, counted, said } delta Frame { frame });

/// What is known of one end's segments that come behind their acknowledgments.
#[derive(Debug, Default)]
pub(in crate::track) struct Unseen {
    pub ranges: VecDeque<Missing>,
    /// First copies that were captured behind their acknowledgment, and by how much the latest.
    pub behind: u32,
    pub lag: Span,
}

packed!(Unseen { ranges, behind, lag });

/// More ranges of one end are not kept: the oldest is given up.
pub(in crate::track) const MAX_RANGES: usize = 64;

/// Minimum number of first copies behind their acknowledgments that show a late direction, where most of an end's are.
pub(in crate::track) const MIN_LATE: u32 = 3;

/// Nothing comes later than this.
pub(in crate::track) const MAX_LATENESS: Span = Span::from_secs(10);

/// A direction that comes later than this is worth a word; several queues of a card differ by less.
pub(in crate::track) const MIN_LAG: Span = Span::from_millis(1);

impl Unseen {
    pub(crate) fn add(&mut self, missing: Missing) {
        if let Some(last) = self.ranges.back_mut()
            && last.to == missing.from
            && !(last.said || missing.said)
            && last.counted == missing.counted
        {
            *last = Missing { from: last.from, ..missing };
            return;
        }
        if self.ranges.len() >= MAX_RANGES {
            self.ranges.pop_front();
        }
        self.ranges.push_back(missing);
    }

    /// Takes out of `from..to` what is missing: the numbers that counted as missed, all numbers, and the first range.
    pub(crate) fn take(&mut self, from: i64, to: i64) -> Option<Found> {
        if !self.ranges.iter().any(|range| range.from < to && from < range.to) {
            return None;
        }
        let mut found: Option<Found> = None;
        let mut left = VecDeque::new();
        for range in self.ranges.drain(..) {
            let (a, b) = (range.from.max(from), range.to.min(to));
            if a >= b {
                left.push_back(range);
                continue;
            }
            let found = found.get_or_insert(Found { bytes: 0, counted: 0, missing: range });
            found.bytes += (b - a) as u64;
            found.counted += if range.counted { (b - a) as u64 } else { 0 };
            let rest = [Missing { to: a, ..range }, Missing { from: b, ..range }];
            left.extend(rest.into_iter().filter(|rest| rest.from < rest.to));
        }
        self.ranges = left;
        found
    }
}

/// Numbers that turned up behind their acknowledgment.
#[derive(Clone, Copy, Debug)]
pub(in crate::track) struct Found {
    pub bytes: u64,
    pub counted: u64,
    pub missing: Missing,
}
