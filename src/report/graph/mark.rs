//! Findings in a graph: every one is visible, and very many of one rule close together share a mark that counts them.

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use crate::rules::Rule;
use crate::track::{Amend, Direction, Finding};

/// Most marks of a connection.
const MOST: usize = 1200;

/// A finding's place, or that of several of one rule.
#[derive(Clone, Debug)]
pub struct FindingMark {
    /// Nanoseconds since the connection began.
    pub t: i64,
    /// The direction of the bytes that it is about.
    pub way: Direction,
    /// Its sequence numbers, where it is about any.
    pub range: Option<(i64, i64)>,
    /// The first of them.
    pub finding: Finding,
    /// How many there are.
    pub count: u64,
    /// The frame of the last.
    pub last_frame: u64,
}

/// Where a mark stands: its time, the direction of its bytes, and these.
pub(super) type Place = (i64, Direction, Option<(i64, i64)>);

/// The findings of a connection.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    marks: Vec<FindingMark>,
    /// Marks of one rule that are no further apart share one; nanoseconds.
    column: i64,
}

impl Marks {
    /// Adds a finding.
    pub fn push(&mut self, mark: FindingMark) {
        if self.marks.len() >= MOST {
            self.merge();
        }
        self.marks.push(mark);
    }

    /// All of them, in the order in which they came.
    pub fn all(&self) -> &[FindingMark] {
        &self.marks
    }

    /// Takes out what no longer holds of a frame; returns the place that it had.
    pub fn withdraw(&mut self, amend: &Amend) -> Option<Place> {
        let mut place = None;
        let gone = |rule: Rule| amend.replaced().any(|replaced| replaced == rule);
        let begin = self.marks.partition_point(|mark| mark.last_frame < amend.frame);
        // Marks that share a frame stand together, but for those that were added later.
        let mut at = begin;
        while let Some(mark) = self.marks.get_mut(at) {
            if mark.finding.frame > amend.frame {
                break;
            }
            if mark.finding.frame == amend.frame {
                place = Some((mark.t, mark.way, mark.range));
            }
            if !gone(mark.finding.rule) || (mark.finding.frame != amend.frame && mark.count == 1) {
                at += 1;
            } else if mark.count > 1 {
                mark.count -= 1;
                at += 1;
            } else {
                self.marks.remove(at);
            }
        }
        place
    }

    /// Puts a finding where its frame's others are, or would be.
    pub fn insert(&mut self, mark: FindingMark) {
        let at = self.marks.partition_point(|other| other.finding.frame <= mark.finding.frame);
        self.marks.insert(at, mark);
        if self.marks.len() > MOST {
            self.merge();
        }
    }

    /// Makes one of the marks of a rule in a column of time, until half of the room is free.
    fn merge(&mut self) {
        self.narrow(MOST / 2);
    }

    /// Leaves no more marks than that, or one for each rule.
    pub fn narrow(&mut self, most: usize) {
        let Some((first, last)) = self.marks.first().zip(self.marks.last()) else { return };
        self.column = self.column.max(last.t.saturating_sub(first.t) / 1000).max(1);
        while self.marks.len() > most {
            self.join_columns();
            if self.column == i64::MAX {
                break;
            }
            self.column = self.column.saturating_mul(2);
        }
    }

    /// Makes one of those of a rule that share a column, in whatever order they came.
    fn join_columns(&mut self) {
        let mut kept: Vec<FindingMark> = Vec::with_capacity(self.marks.len());
        let mut places = HashMap::<_, usize, foldhash::fast::RandomState>::default();
        for mark in self.marks.drain(..) {
            let Finding { rule, severity, .. } = mark.finding;
            match places.entry((mark.t.div_euclid(self.column), rule, severity, mark.way)) {
                Entry::Occupied(place) => {
                    let twin = &mut kept[*place.get()];
                    twin.count = twin.count.saturating_add(mark.count);
                    twin.last_frame = twin.last_frame.max(mark.last_frame);
                }
                Entry::Vacant(place) => {
                    place.insert(kept.len());
                    kept.push(mark);
                }
            }
        }
        self.marks = kept;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_whose_time_jumps_to_and_fro_share_marks_too() {
        let mut marks = Marks::default();
        for at in 0..10_000_u64 {
            let mut finding = Finding::new(Rule::DuplicateAck);
            finding.frame = at;
            let (t, way) = (if at % 2 == 0 { 1_000_000 } else { 0 }, Direction::FromOriginator);
            marks.insert(FindingMark { t, way, range: None, finding, count: 1, last_frame: at });
        }
        assert!(marks.all().len() <= MOST);
        assert_eq!(marks.all().iter().map(|mark| mark.count).sum::<u64>(), 10_000);
    }

    #[test]
    fn very_many_findings_share_marks_and_none_is_lost() {
        let mut marks = Marks::default();
        for at in 0..100_000_u64 {
            let rule = if at == 12_345 { Rule::ZeroWindow } else { Rule::DuplicateAck };
            let mut finding = Finding::new(rule);
            finding.frame = at;
            let way = Direction::FromOriginator;
            marks.push(FindingMark { t: at as i64, way, range: None, finding, count: 1, last_frame: at });
        }
        assert!(marks.all().len() <= MOST);
        assert_eq!(marks.all().iter().map(|mark| mark.count).sum::<u64>(), 100_000);
        assert!(marks.all().iter().any(|mark| mark.finding.rule == Rule::ZeroWindow && mark.t == 12_345));
    }
}
