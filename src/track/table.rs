//! Every live connection: found by its two ends, aged in lists of equal patience.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use crate::capture::Timestamp;

use crate::dissect::Socket;

use super::FlowKey;
use super::connection::Connection;

/// How long a connection may be silent depends on what it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Age {
    /// Never answered.
    HalfOpen,
    /// Open.
    Open,
    /// Closed or reset; kept for 2 MSL, since late segments may come.
    Over,
}

const AGES: usize = 3;
const NONE: u32 = u32::MAX;

/// A connection's place in the table.
pub(super) type Slot = u32;

/// The table. Connections of one [`Age`] hang in one list, oldest first; a connection is moved only when it comes to the head, so
/// a packet costs no list work.
pub(super) struct Table {
    // The hash is seeded anew in each run: keys come from the wire.
    hasher: RandomState,
    index: HashTable<Slot>,
    slots: Vec<Entry>,
    free: Vec<Slot>,
    lists: [List; AGES],
}

struct Entry {
    connection: Option<Box<Connection>>,
    age: Age,
    previous: Slot,
    next: Slot,
    /// When it was put at the end of its list.
    queued: Timestamp,
}

#[derive(Clone, Copy)]
struct List {
    head: Slot,
    tail: Slot,
    len: usize,
}

impl Table {
    pub fn new() -> Self {
        Self {
            hasher: RandomState::default(),
            index: HashTable::new(),
            slots: Vec::new(),
            free: Vec::new(),
            lists: [List { head: NONE, tail: NONE, len: 0 }; AGES],
        }
    }

    pub fn len(&self) -> usize {
        self.index.len()
    }

    pub fn count(&self, age: Age) -> usize {
        self.lists[age as usize].len
    }

    pub fn find(&self, key: &FlowKey) -> Option<Slot> {
        let slots = &self.slots;
        let equal = |slot: &Slot| slots[*slot as usize].connection.as_ref().is_some_and(|found| found.key == *key);
        self.index.find(self.hasher.hash_one(key), equal).copied()
    }

    pub fn get(&mut self, slot: Slot) -> Option<&mut Connection> {
        self.slots.get_mut(slot as usize)?.connection.as_deref_mut()
    }

    pub fn insert(&mut self, connection: Connection, age: Age, now: Timestamp) -> Slot {
        let hash = self.hasher.hash_one(connection.key);
        let entry = Entry { connection: Some(Box::new(connection)), age, previous: NONE, next: NONE, queued: now };
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize] = entry;
                slot
            }
            None => {
                self.slots.push(entry);
                (self.slots.len() - 1) as Slot
            }
        };
        let (slots, hasher) = (&self.slots, &self.hasher);
        self.index.insert_unique(hash, slot, |slot| {
            slots[*slot as usize].connection.as_ref().map_or(0, |found| hasher.hash_one(found.key))
        });
        self.link(slot, age, now);
        slot
    }

    pub fn remove(&mut self, slot: Slot) -> Option<Box<Connection>> {
        self.unlink(slot);
        let connection = self.slots[slot as usize].connection.take()?;
        if let Ok(found) = self.index.find_entry(self.hasher.hash_one(connection.key), |other| *other == slot) {
            found.remove();
        }
        self.free.push(slot);
        Some(connection)
    }

    /// Moves a connection to the end of the list for `age`, unless it hangs there already.
    pub fn set_age(&mut self, slot: Slot, age: Age, now: Timestamp) {
        if self.slots[slot as usize].age != age {
            self.unlink(slot);
            self.link(slot, age, now);
        }
    }

    /// The connection at the head of a list, and when it was put there.
    pub fn oldest(&self, age: Age) -> Option<(Slot, Timestamp)> {
        let head = self.lists[age as usize].head;
        (head != NONE).then(|| (head, self.slots[head as usize].queued))
    }

    /// Puts a connection at the end of its list: it was heard of since.
    pub fn requeue(&mut self, slot: Slot, now: Timestamp) {
        let age = self.slots[slot as usize].age;
        self.unlink(slot);
        self.link(slot, age, now);
    }

    /// Every connection's place, by number.
    pub fn by_number(&self) -> Vec<Slot> {
        let mut all: Vec<(u32, Slot)> = self
            .slots
            .iter()
            .zip(0..)
            .filter_map(|(entry, slot)| Some((entry.connection.as_ref()?.number, slot)))
            .collect();
        all.sort_unstable();
        all.into_iter().map(|(_, slot)| slot).collect()
    }

    /// Whom the connections of a list go to, oldest first.
    pub fn targets(&self, age: Age) -> impl Iterator<Item = Socket> {
        let at = |slot: Slot| self.slots.get(slot as usize);
        let first = at(self.lists[age as usize].head);
        let all = std::iter::successors(first, move |entry| at(entry.next));
        all.filter_map(|entry| Some(entry.connection.as_ref()?.ends[1].socket))
    }

    fn link(&mut self, slot: Slot, age: Age, now: Timestamp) {
        let list = &mut self.lists[age as usize];
        let tail = std::mem::replace(&mut list.tail, slot);
        list.len += 1;
        if tail == NONE {
            list.head = slot;
        } else {
            self.slots[tail as usize].next = slot;
        }
        let entry = &mut self.slots[slot as usize];
        (entry.age, entry.previous, entry.next, entry.queued) = (age, tail, NONE, now);
    }

    fn unlink(&mut self, slot: Slot) {
        let Entry { age, previous, next, .. } = self.slots[slot as usize];
        let list = &mut self.lists[age as usize];
        list.len -= 1;
        match previous {
            NONE => list.head = next,
            previous => self.slots[previous as usize].next = next,
        }
        match next {
            NONE => self.lists[age as usize].tail = previous,
            next => self.slots[next as usize].previous = previous,
        }
    }
}
