//! What is missing of one direction's numbers: the holes below the highest one.

use std::ops::Range;

use crate::capture::Timestamp;
use crate::dissect::{Segment, TcpFlags};
use crate::track::packed::packed;

/// Numbers that were not captured, though higher ones were.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::track) struct Gap {
    pub from: i64,
    pub to: i64,
    /// The frame that went past it.
    pub opener: u64,
    pub opened: Timestamp,
    /// That frame's IP ID (0 for none) and timestamp: what it went past was sent before it.
    pub ip_id: u16,
    pub tsval: Option<u32>,
    /// Data has gone past it; before that, only a bare acknowledgment's number told of it.
    pub announced: bool,
    /// When the receiver first asked for it: by a duplicate acknowledgment, or a SACK block above it.
    pub asked: Option<Timestamp>,
    /// The frame that acknowledged it all the same.
    pub acked: Option<(u64, Timestamp)>,
}

packed!(Gap { from, to, opened, ip_id, tsval, announced, asked, acked } delta Frame { opener });

impl Gap {
    /// How many numbers are missing.
    pub(crate) fn len(&self) -> u64 {
        u64::try_from(self.to.saturating_sub(self.from)).unwrap_or(0)
    }

    /// What `segment` went past.
    pub(crate) fn before(segment: &Segment, from: i64, to: i64) -> Self {
        Self {
            from,
            to,
            opener: segment.frame,
            opened: segment.ts,
            ip_id: segment.ip_id.unwrap_or(0),
            tsval: segment.options.timestamps.map(|(tsval, _)| tsval),
            announced: false,
            asked: None,
            acked: None,
        }
    }
}

/// Maximum number of gaps in one direction; beyond it the lowest is given up.
pub(in crate::track) const MAX_GAPS: usize = 256;

/// The holes of one direction, in order and apart from each other.
///
/// Those that are acknowledged, and those that the receiver has asked for, come first: acknowledgments only rise, and each new hole
/// lies above all others. So whatever is looked for is found by halving.
#[derive(Debug)]
pub(in crate::track) struct Gaps {
    // Nothing is allocated before the first hole, and all of it goes with the last.
    list: Vec<Gap>,
    /// The end of the highest hole that was given up: of numbers below nobody knows any more whether they were seen.
    unknown_below: i64,
}

packed!(Gaps { list, unknown_below });

impl Default for Gaps {
    fn default() -> Self {
        Self::NONE
    }
}

impl Gaps {
    pub(crate) const NONE: Self = Self { list: Vec::new(), unknown_below: i64::MIN };

    /// Nothing is missing.
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty() && !self.gave_up()
    }

    /// There were too many holes: some were given up, and what they lacked is not acknowledged yet.
    pub(crate) fn gave_up(&self) -> bool {
        self.unknown_below != i64::MIN
    }

    /// Whether it is not known any more which of the numbers from there on were seen.
    pub(crate) fn is_unknown(&self, from: i64) -> bool {
        from < self.unknown_below
    }

    /// The lowest hole that is not acknowledged.
    pub(crate) fn first_open(&self) -> Option<&Gap> {
        self.list.get(self.acked())
    }

    /// The highest hole, if it ends at `to` and no data has gone past it yet.
    pub(crate) fn unannounced(&mut self, to: i64) -> Option<&mut Gap> {
        self.list.last_mut().filter(|gap| gap.to == to && !gap.announced)
    }

    /// Marks what lies below `ack` as acknowledged by `frame`; true when there was any.
    pub(crate) fn acknowledge(&mut self, ack: i64, frame: (u64, Timestamp)) -> bool {
        if ack >= self.unknown_below {
            self.unknown_below = i64::MIN;
        }
        let (first, last) = (self.acked(), self.list.partition_point(|gap| gap.to <= ack));
        let acked = self.list.get_mut(first..last).unwrap_or_default();
        acked.iter_mut().for_each(|gap| gap.acked = Some(frame));
        !acked.is_empty()
    }

    /// Whether an acknowledged hole is left.
    pub(crate) fn any_acked(&self) -> bool {
        self.acked() > 0
    }

    fn acked(&self) -> usize {
        self.list.partition_point(|gap| gap.acked.is_some())
    }

    /// Takes out the acknowledged holes, as far as the first that is still `waiting`.
    pub(crate) fn take_acked(&mut self, waiting: impl Fn(&Gap) -> bool) -> Vec<Gap> {
        let taken = self.list.iter().take_while(|gap| gap.acked.is_some() && !waiting(gap)).count();
        if taken == self.list.len() {
            return std::mem::take(&mut self.list);
        }
        self.list.drain(..taken).collect()
    }

    /// Adds a hole above all others.
    pub(crate) fn open(&mut self, gap: Gap) {
        self.list.push(gap);
        self.limit();
    }

    /// Takes `from..to` out of the holes. Returns how many numbers that filled, and the first hole it touched.
    pub(crate) fn fill(&mut self, from: i64, to: i64) -> (u64, Option<Gap>) {
        let touched = self.touched(from, to);
        let (Some(first), Some(last)) =
            (self.list.get(touched.start).copied(), self.list.get(..touched.end).and_then(|list| list.last()).copied())
        else {
            return (0, None);
        };
        if touched.is_empty() {
            return (0, None);
        }
        let filled = self.overlap(from, to);
        let rest = [Gap { to: from, ..first }, Gap { from: to, ..last }];
        self.list.splice(touched, rest.into_iter().filter(|rest| rest.from < rest.to));
        if self.list.is_empty() {
            self.list = Vec::new();
        }
        self.limit();
        (filled, Some(first))
    }

    /// Gives up the lowest hole where there are too many.
    fn limit(&mut self) {
        if self.list.len() > MAX_GAPS {
            self.unknown_below = self.unknown_below.max(self.list.remove(0).to);
        }
    }

    /// Marks every hole below `edge` as asked for.
    pub(crate) fn ask_below(&mut self, edge: i64, now: Timestamp) {
        let first = self.list.partition_point(|gap| gap.asked.is_some());
        let last = self.list.partition_point(|gap| gap.from < edge);
        let loss_reports = self.list.get_mut(first..last).unwrap_or_default();
        loss_reports.iter_mut().for_each(|gap| gap.asked = Some(now));
    }

    /// Whether any of `from..to` lies in a hole.
    pub(crate) fn has_any(&self, from: i64, to: i64) -> bool {
        !self.touched(from, to).is_empty()
    }

    /// How much of `from..to` lies in holes.
    pub(crate) fn overlap(&self, from: i64, to: i64) -> u64 {
        let touched = self.list.get(self.touched(from, to)).unwrap_or_default();
        touched.iter().map(|gap| (gap.to.min(to) - gap.from.max(from)).max(0) as u64).sum()
    }

    /// The bytes that it has on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.list.capacity() * size_of::<Gap>()
    }

    /// The places of the holes that have something of `from..to`.
    fn touched(&self, from: i64, to: i64) -> Range<usize> {
        let first = self.list.partition_point(|gap| gap.to <= from);
        first..self.list.partition_point(|gap| gap.from < to).max(first)
    }
}

/// A segment that takes numbers and that was not captured in the order of time.
pub(in crate::track) fn is_earlier(segment: &Segment, gap: &Gap) -> bool {
    segment.ts < gap.opened && gap.asked.is_none() && !segment.flags.contains(TcpFlags::SYN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gap(from: i64, to: i64) -> Gap {
        Gap {
            from,
            to,
            opener: 1,
            opened: Timestamp(0),
            ip_id: 0,
            tsval: None,
            announced: true,
            asked: None,
            acked: None,
        }
    }

    #[test]
    fn a_segment_in_the_middle_splits_a_hole() {
        let mut gaps = Gaps::default();
        gaps.open(gap(100, 400));
        assert_eq!(gaps.fill(200, 300), (100, Some(gap(100, 400))));
        assert_eq!((gaps.overlap(0, 1000), gaps.overlap(200, 300), gaps.overlap(300, 900)), (200, 0, 100));
    }

    #[test]
    fn filling_the_last_hole_leaves_none() {
        let mut gaps = Gaps::default();
        gaps.open(gap(1, 2));
        gaps.open(gap(5, 9));
        assert_eq!(gaps.fill(0, 100).0, 5);
        assert!(gaps.list.is_empty());
    }

    #[test]
    fn the_lowest_of_too_many_holes_is_given_up() {
        let mut gaps = Gaps::default();
        for n in 0..MAX_GAPS as i64 {
            gaps.open(gap(10 * n, 10 * n + 1));
        }
        assert!(!gaps.gave_up());
        gaps.open(gap(1 << 40, (1 << 40) + 1));
        assert_eq!(gaps.first_open().map(|h| h.from), Some(10));
        assert!(gaps.gave_up() && gaps.is_unknown(0) && !gaps.is_unknown(1));
        gaps.acknowledge(1, (1, Timestamp(0)));
        assert!(!gaps.gave_up(), "the receiver has it");
    }

    #[test]
    fn one_hole_that_is_split_again_and_again_makes_no_more_than_the_most() {
        for split in [|n: i64| 2 * n, |n: i64| -2 * n, |n: i64| (n * 0x9e37) % 100_000] {
            let mut gaps = Gaps::default();
            gaps.open(gap(-1_000_000, 1_000_000));
            for n in 1..5_000 {
                gaps.fill(split(n), split(n) + 1);
                assert!(gaps.list.len() <= MAX_GAPS);
                assert!(gaps.list.is_sorted_by(|one, next| one.from < one.to && one.to <= next.from));
            }
            assert!(gaps.gave_up());
        }
    }

    #[test]
    fn a_segment_over_several_holes_fills_them_all() {
        let mut gaps = Gaps::default();
        [(10, 20), (30, 40), (50, 60), (70, 80)].into_iter().for_each(|(from, to)| gaps.open(gap(from, to)));
        assert_eq!(gaps.fill(35, 75), (5 + 10 + 5, Some(gap(30, 40))));
        let left: Vec<_> = gaps.list.iter().map(|gap| (gap.from, gap.to)).collect();
        assert_eq!(left, [(10, 20), (30, 35), (75, 80)]);
        assert!(gaps.has_any(0, 11) && !gaps.has_any(35, 75) && !gaps.has_any(20, 30));
    }

    #[test]
    fn acknowledged_holes_are_taken_as_far_as_the_first_that_waits() {
        let mut gaps = Gaps::default();
        [(10, 20), (30, 40), (50, 60)].into_iter().for_each(|(from, to)| gaps.open(gap(from, to)));
        assert!(gaps.acknowledge(20, (1, Timestamp(0))) && gaps.acknowledge(45, (9, Timestamp(0))));
        assert!(!gaps.acknowledge(45, (10, Timestamp(0))));
        let taken = gaps.take_acked(|gap| gap.acked.is_some_and(|(frame, _)| frame > 5));
        assert_eq!(taken.iter().map(|gap| gap.from).collect::<Vec<_>>(), [10]);
        assert!(gaps.any_acked());
        assert_eq!(gaps.first_open().map(|gap| gap.from), Some(50));
    }
}
