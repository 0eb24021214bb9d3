//! What is missing of one direction's numbers: the holes below the highest one.

use crate::capture::Timestamp;
use crate::dissect::Segment;

/// Numbers that were not captured, though higher ones were.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Hole {
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

/// More holes than this in one direction are not told apart: the lowest is given up.
const MAX_HOLES: usize = 256;

/// The holes of one direction, in order and apart from each other.
#[derive(Debug, Default)]
pub(super) struct Holes {
    // Nothing is allocated before the first hole, and all of it goes with the last.
    list: Vec<Hole>,
}

impl Holes {
    /// Nothing is missing.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The lowest hole that is not acknowledged.
    pub fn first_open(&self) -> Option<&Hole> {
        self.list.iter().find(|hole| hole.acked.is_none())
    }

    /// The highest hole, if it ends at `to` and no data has gone past it yet.
    pub fn unannounced(&mut self, to: i64) -> Option<&mut Hole> {
        self.list.last_mut().filter(|hole| hole.to == to && !hole.announced)
    }

    /// Marks what lies below `ack` as acknowledged by `frame`; true when there was any.
    pub fn acknowledge(&mut self, ack: i64, frame: (u64, Timestamp)) -> bool {
        let mut any = false;
        for hole in self.list.iter_mut().filter(|hole| hole.to <= ack && hole.acked.is_none()) {
            hole.acked = Some(frame);
            any = true;
        }
        any
    }

    /// Whether an acknowledged hole is left.
    pub fn any_acked(&self) -> bool {
        self.list.iter().any(|hole| hole.acked.is_some())
    }

    /// Takes out the acknowledged holes, but for those still `waiting`.
    pub fn take_acked(&mut self, waiting: impl Fn(&Hole) -> bool) -> Vec<Hole> {
        let taken = |hole: &Hole| hole.acked.is_some() && !waiting(hole);
        if !self.list.iter().any(taken) {
            return Vec::new();
        }
        let (out, left) = std::mem::take(&mut self.list).into_iter().partition(taken);
        self.list = left;
        out
    }

    /// Adds a hole above all others; true when an old one had to be given up.
    pub fn open(&mut self, hole: Hole) -> bool {
        let full = self.list.len() >= MAX_HOLES;
        if full {
            self.list.remove(0);
        }
        self.list.push(hole);
        full
    }

    /// Takes `from..to` out of the holes. Returns how many numbers that filled, and the first hole it touched.
    pub fn fill(&mut self, from: i64, to: i64) -> (u64, Option<Hole>) {
        let (mut filled, mut touched) = (0, None);
        if self.list.is_empty() {
            return (0, None);
        }
        let mut left = Vec::with_capacity(self.list.len());
        for hole in self.list.drain(..) {
            let (a, b) = (hole.from.max(from), hole.to.min(to));
            if a >= b {
                left.push(hole);
                continue;
            }
            filled += (b - a) as u64;
            touched = touched.or(Some(hole));
            left.extend(
                [Hole { to: a, ..hole }, Hole { from: b, ..hole }].into_iter().filter(|rest| rest.from < rest.to),
            );
        }
        if !left.is_empty() {
            self.list = left;
        } else {
            self.list = Vec::new();
        }
        (filled, touched)
    }

    /// Marks every hole below `edge` as asked for.
    pub fn ask_below(&mut self, edge: i64) {
        for hole in self.list.iter_mut().filter(|hole| hole.from < edge) {
            hole.missed_by_receiver = true;
        }
    }

    /// How much of `from..to` lies in holes.
    pub fn overlap(&self, from: i64, to: i64) -> u64 {
        self.list.iter().map(|hole| (hole.to.min(to) - hole.from.max(from)).max(0) as u64).sum()
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
            assert!(!holes.open(hole(10 * n, 10 * n + 1)));
        }
        assert!(holes.open(hole(1 << 40, (1 << 40) + 1)));
        assert_eq!(holes.first_open().map(|h| h.from), Some(10));
    }
}
