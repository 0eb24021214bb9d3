//! The connections that are shown where not all can be: those that lost the most time, and those in the most trouble.

use std::cmp::Reverse;

use crate::rules::Severity;
use crate::track::FlowRecord;

/// How much trouble a connection was in: errors, warnings, notes, retransmitted segments.
pub type TroubleRank = [u64; 4];

/// Measures it.
pub fn trouble(flow: &FlowRecord) -> TroubleRank {
    let [mut errors, mut warnings, mut notes] = [0; 3];
    for (_, severity, count) in flow.graded() {
        *match severity {
            Severity::Error => &mut errors,
            Severity::Warning => &mut warnings,
            Severity::Note => &mut notes,
        } += u64::from(count);
    }
    [errors, warnings, notes, flow.c2s.retransmitted_segments + flow.s2c.retransmitted_segments]
}

/// Which of two connections is the worse one, the greater first; the larger one of equals, then the older one.
type Key = [u64; 8];

/// A connection's places in both orders.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rank {
    /// By the time that it lost; of those that lost none, those that failed before the others.
    lost: Key,
    /// By what was found on it.
    trouble: Key,
}

impl Rank {
    /// Of a connection that has ended.
    pub(super) fn of(flow: &FlowRecord) -> Self {
        let lost = flow.diagnosis.lost.0.max(0).unsigned_abs();
        let blamed = u64::from(flow.diagnosis.responsible.is_blamed());
        let bytes = flow.c2s.payload_bytes.saturating_add(flow.s2c.payload_bytes);
        let [errors, warnings, notes, again] = trouble(flow);
        let age = u64::from(u32::MAX - flow.number);
        Self {
            lost: [lost, blamed, errors, warnings, notes, again, bytes, age],
            trouble: [errors, warnings, notes, again, lost, blamed, bytes, age],
        }
    }
}

/// The worst of very many connections, in bounded room.
#[derive(Debug)]
pub(super) struct Shortlist<T> {
    most: usize,
    entries: Vec<Entry<T>>,
    /// The last of either order, once there are as many as are kept: one that is below both need not be looked at.
    bars: Option<Rank>,
}

#[derive(Debug)]
struct Entry<T> {
    rank: Rank,
    number: u32,
    value: T,
}

impl<T> Shortlist<T> {
    /// Of that many in the end.
    pub(super) fn new(most: usize) -> Self {
        Self { most, entries: Vec::new(), bars: None }
    }

    /// Whether a connection is one of the worst so far.
    pub(super) fn wants(&self, rank: &Rank) -> bool {
        self.most > 0 && self.bars.is_none_or(|bars| rank.lost > bars.lost || rank.trouble > bars.trouble)
    }

    /// Adds one that is [wanted](Self::wants); `forgotten` is told the numbers of those that have to go for it.
    pub(super) fn push(&mut self, rank: Rank, number: u32, value: T, forgotten: impl FnMut(u32)) {
        self.entries.push(Entry { rank, number, value });
        if self.entries.len() >= (4 * self.most).max(8) {
            self.narrow(forgotten);
        }
    }

    /// Whether that connection is here.
    pub(super) fn has(&self, number: u32) -> bool {
        self.entries.iter().any(|entry| entry.number == number)
    }

    /// Leaves the worst of either order.
    fn narrow(&mut self, mut forgotten: impl FnMut(u32)) {
        if self.entries.len() <= self.most {
            return;
        }
        let last = |key: fn(&Rank) -> Key| {
            let mut keys: Vec<Key> = self.entries.iter().map(|entry| key(&entry.rank)).collect();
            let at = keys.len() - self.most;
            *keys.select_nth_unstable(at).1
        };
        let bars = Rank { lost: last(|rank| rank.lost), trouble: last(|rank| rank.trouble) };
        self.entries.retain(|entry| {
            let stays = entry.rank.lost >= bars.lost || entry.rank.trouble >= bars.trouble;
            if !stays {
                forgotten(entry.number);
            }
            stays
        });
        self.bars = Some(bars);
    }

    /// The worst by either order in turn, as many as were asked for: those that lost the most time first.
    pub(super) fn finish(mut self) -> Vec<T> {
        let mut order: Vec<usize> = Vec::with_capacity(2 * self.entries.len());
        let by = |key: fn(&Rank) -> Key| {
            let mut order: Vec<usize> = (0..self.entries.len()).collect();
            order.sort_unstable_by_key(|at| Reverse(key(&self.entries[*at].rank)));
            order
        };
        let (trouble, lost) = (by(|rank| rank.trouble), by(|rank| rank.lost));
        for pair in trouble.into_iter().zip(lost) {
            order.extend([pair.0, pair.1]);
        }
        let mut chosen = vec![false; self.entries.len()];
        let mut left = self.most;
        for at in order {
            if left > 0 && !std::mem::replace(&mut chosen[at], true) {
                left -= 1;
            }
        }
        let mut at = 0;
        self.entries.retain(|_| {
            at += 1;
            chosen[at - 1]
        });
        self.entries.sort_unstable_by_key(|entry| Reverse(entry.rank.lost));
        self.entries.into_iter().map(|entry| entry.value).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rank(lost: u64, errors: u64, number: u64) -> Rank {
        let age = 1_000_000 - number;
        Rank { lost: [lost, 0, errors, 0, 0, 0, 0, age], trouble: [errors, 0, 0, 0, lost, 0, 0, age] }
    }

    #[test]
    fn the_slowest_are_kept_beside_those_with_errors_however_many_there_are() {
        let mut list = Shortlist::new(4);
        let mut forgotten = 0;
        for number in 1..=1000_u32 {
            let (lost, errors) = (u64::from(number == 500) * 9, u64::from(number > 900));
            let rank = rank(lost, errors, number.into());
            if list.wants(&rank) {
                list.push(rank, number, number, |_| forgotten += 1);
            }
        }
        assert!(list.entries.len() < 16 && forgotten > 0);
        let worst = list.finish();
        assert_eq!(worst.len(), 4);
        assert_eq!(worst[0], 500, "the one that lost time is first");
        assert!(worst[1..].iter().all(|number| *number > 900), "{worst:?}");
    }

    #[test]
    fn of_one_alone_the_one_in_the_most_trouble_is_kept() {
        let mut list = Shortlist::new(1);
        for (number, lost, errors) in [(1, 5, 0), (2, 0, 1), (3, 0, 0)] {
            list.push(rank(lost, errors, number.into()), number, number, |_| {});
        }
        assert_eq!(list.finish(), [2]);
    }
}
