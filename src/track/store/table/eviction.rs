//! Which connections are hot, and which are packed.

use crate::track::store::cold::ColdHeader;
use crate::track::store::hot::HotIndex;
use crate::track::store::table::{Age, Held, Slot, Table};

/// How many connections the clock asks after a segment: more than one, so that it overtakes the segments that load others.
const CLOCK_TURNS: usize = 4;

/// How many turns before its own a connection is prefetched.
const CLOCK_LOOKAHEAD: usize = 4;

/// Maximum number of connections that have not been answered, and of those that are over, that stay hot: those of a second of a busy
/// server, for which the answer or the last segments may still come.
const MAX_PASSING: usize = 8 * 1024;

impl Table {
    /// Evicts a few connections where too many are hot. Those of which something is open stay.
    #[inline]
    pub(crate) fn settle(&mut self) {
        if self.hot.len() > self.max_hot {
            self.run_clock();
        }
    }

    /// Evicts what was not heard of since its last turn until all fits, but not `newest`. The first that cannot be is
    /// the one to be given up.
    pub(crate) fn evict_idle(&mut self, newest: Slot) -> Option<Slot> {
        // Each is asked twice at most: what was heard of at its first turn is not any more at its second.
        for _ in 0..2 * self.clock.len() {
            if !self.is_too_large() {
                return None;
            }
            let slot = self.clock.pop_front()?;
            let entry = &mut self.slots[slot as usize];
            entry.in_clock = false;
            if !entry.is_hot() {
                continue;
            }
            if slot == newest || std::mem::replace(&mut entry.heard, false) {
                entry.in_clock = true;
                self.clock.push_back(slot);
            } else if !self.evict(slot) {
                return Some(slot);
            }
        }
        None
    }

    /// Lets the clock go on: what was not heard of since its last turn is evicted.
    fn run_clock(&mut self) {
        for _ in 0..CLOCK_TURNS {
            if self.hot.len() <= self.max_hot {
                return;
            }
            let Some(slot) = self.clock.pop_front() else { return };
            // Whose turn comes soon has not been heard of for long, and is far away.
            self.prefetch_all(self.clock.get(CLOCK_LOOKAHEAD));
            self.turn(slot);
        }
    }

    fn turn(&mut self, slot: Slot) {
        let entry = &mut self.slots[slot as usize];
        entry.in_clock = false;
        if !entry.is_hot() {
            return;
        }
        let heard = std::mem::replace(&mut entry.heard, false);
        if heard || !self.evict(slot) {
            self.slots[slot as usize].in_clock = true;
            self.clock.push_back(slot);
        }
    }

    /// Packs a connection, unless something of it is about to be settled.
    fn evict(&mut self, slot: Slot) -> bool {
        let entry = &mut self.slots[slot as usize];
        let Held::Hot(index) = entry.held else { return false };
        let Some(connection) = self.hot.get_mut(index) else { return false };
        if !connection.prepare_eviction() {
            return false;
        }
        entry.held = Held::Cold(ColdHeader::pack(connection, &mut self.codec).into());
        self.hot.take(index);
        self.weigh(slot);
        true
    }

    /// Notes that a hot connection is not open, and evicts those that were noted long before it and are not open still.
    pub(super) fn note_passing(&mut self, slot: Slot, age: Age) {
        if age == Age::Open {
            return;
        }
        self.passing[age as usize].push_back(slot);
        // Two, since what is loaded again is put at the end too.
        for _ in 0..2 {
            let queue = &mut self.passing[age as usize];
            if queue.len() <= MAX_PASSING.min(self.max_hot) {
                return;
            }
            let Some(oldest) = queue.pop_front() else { return };
            if self.slots[oldest as usize].age == age {
                self.evict(oldest);
            }
        }
    }

    /// Unpacks a connection.
    pub(super) fn load(&mut self, slot: Slot) -> Option<HotIndex> {
        let entry = self.slots.get_mut(slot as usize)?;
        let Held::Cold(bytes) = &entry.held else { return None };
        let index = self.hot.put(ColdHeader::unpack(bytes, &mut self.codec));
        entry.held = Held::Hot(index);
        if entry.age != Age::Open {
            self.passing[entry.age as usize].push_back(slot);
        }
        self.put_in_clock(slot);
        self.weigh(slot);
        Some(index)
    }

    /// One more is hot.
    pub(super) fn put_in_clock(&mut self, slot: Slot) {
        let entry = &mut self.slots[slot as usize];
        entry.heard = true;
        if !std::mem::replace(&mut entry.in_clock, true) {
            self.clock.push_back(slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::Timestamp;
    use crate::dissect::{Segment, SeqNumber, Socket};
    use crate::track::Direction;
    use crate::track::conn::connection::Connection;

    /// The `n`th of connections from ports of their own.
    fn connection(n: u16) -> Connection {
        let [client, server] = [(1, n), (2, 80)].map(|(host, port)| Socket { addr: [10, 0, 0, host].into(), port });
        let segment = Segment::new(client, server, SeqNumber(7));
        Connection::new(n.into(), &segment, Direction::FromOriginator)
    }

    fn filled(table: &mut Table, count: u16, age: Age) -> Vec<Slot> {
        let mut add = |n| {
            let slot = table.insert(connection(n), Age::Open, Timestamp(0));
            table.set_age(slot, age, Timestamp(0));
            table.settle();
            slot
        };
        (0..count).map(&mut add).collect()
    }

    #[test]
    fn of_those_that_are_over_only_the_last_stay_hot_and_the_others_come_back_when_they_are_asked_for() {
        let mut table = Table::new(usize::MAX, usize::MAX);
        let slots = filled(&mut table, MAX_PASSING as u16 + 100, Age::Over);
        assert_eq!((table.len(), table.hot.len()), (MAX_PASSING + 100, MAX_PASSING));
        let is_hot = |table: &Table, slot: Slot| table.slots[slot as usize].is_hot();
        assert!(!is_hot(&table, slots[99]) && is_hot(&table, slots[100]));
        assert_eq!(table.get(slots[99]).map(|connection| connection.number), Some(99));
        assert!(is_hot(&table, slots[99]));
    }

    #[test]
    fn open_connections_stay_hot_up_to_the_limit() {
        let mut table = Table::new(1_000, usize::MAX);
        let slots = filled(&mut table, 900, Age::Open);
        assert_eq!(table.hot.len(), 900);
        filled(&mut table, 2_000, Age::HalfOpen);
        assert!(table.hot.len() <= 1_000, "{}", table.hot.len());
        assert_eq!(table.get(slots[0]).map(|connection| connection.number), Some(0));
    }

    #[test]
    fn an_evicted_connection_takes_a_fraction_of_a_hot_one() {
        let mut table = Table::new(0, usize::MAX);
        filled(&mut table, 100, Age::Over);
        assert_eq!(table.hot.len(), 0);
        assert!(table.bytes < 100 * size_of::<Connection>() / 4, "{}", table.bytes);
    }
}
