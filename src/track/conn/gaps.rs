//! What is missing of one direction's numbers: the holes below the highest one.

use std::ops::Range;

use crate::capture::Timestamp;
use crate::dissect::Segment;
use crate::rules::Rule;

use crate::track::conn::connection::Connection;
use crate::track::step::Step;

/// Numbers that were not captured, though higher ones were.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::track) struct Hole {
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
    /// The receiver has asked for it: a duplicate acknowledgment or a SACK block above it.
    pub missed_by_receiver: bool,
    /// The frame that acknowledged it all the same.
    pub acked: Option<(u64, Timestamp)>,
}

impl Hole {
    /// How many numbers are missing.
    pub fn len(&self) -> u64 {
        u64::try_from(self.to.saturating_sub(self.from)).unwrap_or(0)
    }

    /// What `segment` went past.
    pub fn before(segment: &Segment, from: i64, to: i64) -> Self {
        Self {
            from,
            to,
            opener: segment.frame,
            opened: segment.ts,
            ip_id: segment.ip_id.unwrap_or(0),
            tsval: segment.options.timestamps.map(|(tsval, _)| tsval),
            announced: false,
            missed_by_receiver: false,
            acked: None,
        }
    }
}

/// Maximum number of gaps in one direction; beyond it the lowest is given up.
const MAX_HOLES: usize = 256;

/// The holes of one direction, in order and apart from each other.
///
/// Those that are acknowledged, and those that the receiver has asked for, come first: acknowledgments only rise, and each new hole
/// lies above all others. So whatever is looked for is found by halving.
#[derive(Debug)]
pub(in crate::track) struct Holes {
    // Nothing is allocated before the first hole, and all of it goes with the last.
    list: Vec<Hole>,
    /// The end of the highest hole that was given up: of numbers below nobody knows any more whether they were seen.
    unknown_below: i64,
}

impl Default for Holes {
    fn default() -> Self {
        Self { list: Vec::new(), unknown_below: i64::MIN }
    }
}

impl Holes {
    /// Nothing is missing.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty() && !self.gave_up()
    }

    /// There were too many holes: some were given up, and what they lacked is not acknowledged yet.
    pub fn gave_up(&self) -> bool {
        self.unknown_below != i64::MIN
    }

    /// Whether it is not known any more which of the numbers from there on were seen.
    pub fn is_unknown(&self, from: i64) -> bool {
        from < self.unknown_below
    }

    /// The lowest hole that is not acknowledged.
    pub fn first_open(&self) -> Option<&Hole> {
        self.list.get(self.acked())
    }

    /// The highest hole, if it ends at `to` and no data has gone past it yet.
    pub fn unannounced(&mut self, to: i64) -> Option<&mut Hole> {
        self.list.last_mut().filter(|hole| hole.to == to && !hole.announced)
    }

    /// Marks what lies below `ack` as acknowledged by `frame`; true when there was any.
    pub fn acknowledge(&mut self, ack: i64, frame: (u64, Timestamp)) -> bool {
        if ack >= self.unknown_below {
            self.unknown_below = i64::MIN;
        }
        let (first, last) = (self.acked(), self.list.partition_point(|hole| hole.to <= ack));
        let acked = self.list.get_mut(first..last).unwrap_or_default();
        acked.iter_mut().for_each(|hole| hole.acked = Some(frame));
        !acked.is_empty()
    }

    /// Whether an acknowledged hole is left.
    pub fn any_acked(&self) -> bool {
        self.acked() > 0
    }

    fn acked(&self) -> usize {
        self.list.partition_point(|hole| hole.acked.is_some())
    }

    /// Takes out the acknowledged holes, as far as the first that is still `waiting`.
    pub fn take_acked(&mut self, waiting: impl Fn(&Hole) -> bool) -> Vec<Hole> {
        let taken = self.list.iter().take_while(|hole| hole.acked.is_some() && !waiting(hole)).count();
        if taken == self.list.len() {
            return std::mem::take(&mut self.list);
        }
        self.list.drain(..taken).collect()
    }

    /// Adds a hole above all others.
    pub fn open(&mut self, hole: Hole) {
        self.list.push(hole);
        self.limit();
    }

    /// Takes `from..to` out of the holes. Returns how many numbers that filled, and the first hole it touched.
    pub fn fill(&mut self, from: i64, to: i64) -> (u64, Option<Hole>) {
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
        let rest = [Hole { to: from, ..first }, Hole { from: to, ..last }];
        self.list.splice(touched, rest.into_iter().filter(|rest| rest.from < rest.to));
        if self.list.is_empty() {
            self.list = Vec::new();
        }
        self.limit();
        (filled, Some(first))
    }

    /// Gives up the lowest hole where there are too many.
    fn limit(&mut self) {
        if self.list.len() > MAX_HOLES {
            self.unknown_below = self.unknown_below.max(self.list.remove(0).to);
        }
    }

    /// Marks every hole below `edge` as asked for.
    pub fn ask_below(&mut self, edge: i64) {
        let first = self.list.partition_point(|hole| hole.missed_by_receiver);
        let last = self.list.partition_point(|hole| hole.from < edge);
        let asked = self.list.get_mut(first..last).unwrap_or_default();
        asked.iter_mut().for_each(|hole| hole.missed_by_receiver = true);
    }

    /// Whether any of `from..to` lies in a hole.
    pub fn has_any(&self, from: i64, to: i64) -> bool {
        !self.touched(from, to).is_empty()
    }

    /// How much of `from..to` lies in holes.
    pub fn overlap(&self, from: i64, to: i64) -> u64 {
        let touched = self.list.get(self.touched(from, to)).unwrap_or_default();
        touched.iter().map(|hole| (hole.to.min(to) - hole.from.max(from)).max(0) as u64).sum()
    }

    /// The bytes that it has on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.list.capacity() * size_of::<Hole>()
    }

    /// The places of the holes that have something of `from..to`.
    fn touched(&self, from: i64, to: i64) -> Range<usize> {
        let first = self.list.partition_point(|hole| hole.to <= from);
        first..self.list.partition_point(|hole| hole.from < to).max(first)
    }
}

impl Connection {
    /// Says once a direction that gaps had to be given up.
    pub(in crate::track) fn say_given_up(&mut self, step: &mut Step<'_>) {
        for from in [step.from, step.from.reverse()] {
            let at = from.index();
            if !self.ends[at].holes.gave_up() || std::mem::replace(&mut self.once.gaps[at], true) {
                continue;
            }
            let finding = step.fire(Rule::StateLimited);
            finding.direction = Some(from);
            finding
                .word("limit", "the limit of gaps in one direction")
                .number("value", MAX_HOLES as i64)
                .word("what", "the oldest are given up, and what comes for them is not judged");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hole(from: i64, to: i64) -> Hole {
        Hole {
            from,
            to,
            opener: 1,
            opened: Timestamp(0),
            ip_id: 0,
            tsval: None,
            announced: true,
            missed_by_receiver: false,
            acked: None,
        }
    }

    #[test]
    fn a_segment_in_the_middle_splits_a_hole() {
        let mut holes = Holes::default();
        holes.open(hole(100, 400));
        assert_eq!(holes.fill(200, 300), (100, Some(hole(100, 400))));
        assert_eq!((holes.overlap(0, 1000), holes.overlap(200, 300), holes.overlap(300, 900)), (200, 0, 100));
    }

    #[test]
    fn filling_the_last_hole_leaves_none() {
        let mut holes = Holes::default();
        holes.open(hole(1, 2));
        holes.open(hole(5, 9));
        assert_eq!(holes.fill(0, 100).0, 5);
        assert!(holes.list.is_empty());
    }

    #[test]
    fn the_lowest_of_too_many_holes_is_given_up() {
        let mut holes = Holes::default();
        for n in 0..MAX_HOLES as i64 {
            holes.open(hole(10 * n, 10 * n + 1));
        }
        assert!(!holes.gave_up());
        holes.open(hole(1 << 40, (1 << 40) + 1));
        assert_eq!(holes.first_open().map(|h| h.from), Some(10));
        assert!(holes.gave_up() && holes.is_unknown(0) && !holes.is_unknown(1));
        holes.acknowledge(1, (1, Timestamp(0)));
        assert!(!holes.gave_up(), "the receiver has it");
    }

    #[test]
    fn one_hole_that_is_split_again_and_again_makes_no_more_than_the_most() {
        for split in [|n: i64| 2 * n, |n: i64| -2 * n, |n: i64| (n * 0x9e37) % 100_000] {
            let mut holes = Holes::default();
            holes.open(hole(-1_000_000, 1_000_000));
            for n in 1..5_000 {
                holes.fill(split(n), split(n) + 1);
                assert!(holes.list.len() <= MAX_HOLES);
                assert!(holes.list.is_sorted_by(|one, next| one.from < one.to && one.to <= next.from));
            }
            assert!(holes.gave_up());
        }
    }

    #[test]
    fn a_segment_over_several_holes_fills_them_all() {
        let mut holes = Holes::default();
        [(10, 20), (30, 40), (50, 60), (70, 80)].into_iter().for_each(|(from, to)| holes.open(hole(from, to)));
        assert_eq!(holes.fill(35, 75), (5 + 10 + 5, Some(hole(30, 40))));
        let left: Vec<_> = holes.list.iter().map(|hole| (hole.from, hole.to)).collect();
        assert_eq!(left, [(10, 20), (30, 35), (75, 80)]);
        assert!(holes.has_any(0, 11) && !holes.has_any(35, 75) && !holes.has_any(20, 30));
    }

    #[test]
    fn acknowledged_holes_are_taken_as_far_as_the_first_that_waits() {
        let mut holes = Holes::default();
        [(10, 20), (30, 40), (50, 60)].into_iter().for_each(|(from, to)| holes.open(hole(from, to)));
        assert!(holes.acknowledge(20, (1, Timestamp(0))) && holes.acknowledge(45, (9, Timestamp(0))));
        assert!(!holes.acknowledge(45, (10, Timestamp(0))));
        let taken = holes.take_acked(|hole| hole.acked.is_some_and(|(frame, _)| frame > 5));
        assert_eq!(taken.iter().map(|hole| hole.from).collect::<Vec<_>>(), [10]);
        assert!(holes.any_acked());
        assert_eq!(holes.first_open().map(|hole| hole.from), Some(50));
    }
}
