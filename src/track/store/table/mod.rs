//! Every live connection: found by its two ends, aged in lists of equal patience, hot or evicted.

mod eviction;
mod lookahead;

use std::collections::VecDeque;

use hashbrown::HashTable;

use crate::capture::Timestamp;
use crate::dissect::{Segment, Socket};

use crate::track::conn::connection::Connection;
use crate::track::key::{FlowHash, FlowHasher, is_low};
use crate::track::packed::Codec;
use crate::track::store::cold::ColdHeader;
use crate::track::store::hot::{HotIndex, HotSlab};
use crate::track::{Direction, FlowKey};

/// How long a connection may be silent depends on what it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::track) enum Age {
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
pub(in crate::track) type Slot = u32;

/// The table. Connections of one [`Age`] hang in one list, oldest first; a connection is moved only when it comes to the head, so
/// a packet costs no list work.
pub(in crate::track) struct Table {
    hasher: FlowHasher,
    index: HashTable<Slot>,
    slots: Vec<Entry>,
    free: Vec<Slot>,
    lists: [List; AGES],
    /// The connections that are hot, and some places where none is any more: the clock asks each in turn whether it was heard of.
    clock: VecDeque<Slot>,
    hot: HotSlab,
    max_hot: usize,
    /// The memory that all of them take, and may take.
    bytes: usize,
    max_bytes: usize,
    /// Those that are not open and were hot when that was noted, oldest first: few segments come for them.
    passing: [VecDeque<Slot>; AGES],
    codec: Codec,
    /// The lookahead queue: the places of the next segments' connections, and whether they come from its lower end; so many of them
    /// have been taken.
    lookahead: Vec<(Slot, bool)>,
    taken: usize,
}

struct Entry {
    held: Held,
    age: Age,
    /// It stands in `clock`.
    in_clock: bool,
    /// It was heard of since its last turn.
    heard: bool,
    /// Its client is the lower of its two ends.
    client_low: bool,
    previous: Slot,
    next: Slot,
    /// The memory that it took when it was last asked.
    bytes: u32,
    /// When it was put at the end of its list.
    queued: Timestamp,
}

impl Entry {
    fn is_hot(&self) -> bool {
        matches!(self.held, Held::Hot(index) if index != HotIndex::NONE)
    }

    /// Which way a segment goes.
    fn direction(&self, from_low: bool) -> Direction {
        if from_low == self.client_low { Direction::FromOriginator } else { Direction::FromResponder }
    }
}

/// Where a connection is, if there is one.
#[derive(Debug)]
enum Held {
    Hot(HotIndex),
    /// Packed, behind its header.
    Cold(Box<[u8]>),
}

impl Held {
    // No case of its own: an entry would be larger.
    const NOTHING: Self = Self::Hot(HotIndex::NONE);
}

const _: () = assert!(size_of::<Entry>() <= 40, "every connection has one");

#[derive(Clone, Copy)]
struct List {
    head: Slot,
    tail: Slot,
    len: usize,
}

impl Table {
    /// A table of which so many connections are hot at most, and which takes about so much memory.
    pub(crate) fn new(max_hot: usize, max_bytes: usize) -> Self {
        Self {
            hasher: FlowHasher::default(),
            index: HashTable::new(),
            slots: Vec::new(),
            free: Vec::new(),
            lists: [List { head: NONE, tail: NONE, len: 0 }; AGES],
            clock: VecDeque::new(),
            hot: HotSlab::default(),
            max_hot,
            bytes: 0,
            max_bytes,
            passing: Default::default(),
            codec: Codec::default(),
            lookahead: Vec::new(),
            taken: 0,
        }
    }

    /// Says where it looks for a connection.
    pub(crate) fn hasher(&self) -> &FlowHasher {
        &self.hasher
    }

    fn header_of(&self, held: &Held) -> Option<ColdHeader> {
        match held {
            Held::Hot(index) => self.hot.get(*index).map(ColdHeader::of),
            Held::Cold(bytes) => Some(ColdHeader::read(bytes).0),
        }
    }

    fn has(&self, held: &Held, segment: &Segment) -> bool {
        match held {
            Held::Hot(index) => self.hot.get(*index).is_some_and(|connection| connection.has(segment)),
            Held::Cold(bytes) => ColdHeader::has(bytes, segment),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    pub(crate) fn count(&self, age: Age) -> usize {
        self.lists[age as usize].len
    }

    /// The connection of a segment with that hash.
    #[inline]
    pub(crate) fn find(&self, hash: FlowHash, segment: &Segment) -> Option<Slot> {
        let equal = |slot: &Slot| self.slots.get(*slot as usize).is_some_and(|entry| self.has(&entry.held, segment));
        self.index.find(hash.hash(), equal).copied()
    }

    /// A connection, hot from now on.
    pub(crate) fn get(&mut self, slot: Slot) -> Option<&mut Connection> {
        let entry = self.slots.get_mut(slot as usize)?;
        entry.heard = true;
        let index = match &entry.held {
            Held::Hot(index) => *index,
            Held::Cold(_) => self.load(slot)?,
        };
        self.hot.get_mut(index)
    }

    /// What can be known of a connection without loading it.
    pub(crate) fn header(&self, slot: Slot) -> Option<ColdHeader> {
        self.header_of(&self.slots.get(slot as usize)?.held)
    }

    pub(crate) fn insert(&mut self, connection: Connection, age: Age, now: Timestamp) -> Slot {
        let hash = self.hasher.hash(&connection.key());
        let client_low = is_low(connection.ends[0].socket, connection.ends[1].socket);
        let held = Held::Hot(self.hot.put(connection));
        let slot = match self.free.pop() {
            Some(slot) => {
                let entry = &mut self.slots[slot as usize];
                (entry.held, entry.client_low) = (held, client_low);
                slot
            }
            None => {
                self.slots.push(Entry {
                    held,
                    age,
                    in_clock: false,
                    heard: true,
                    client_low,
                    previous: NONE,
                    next: NONE,
                    bytes: 0,
                    queued: now,
                });
                (self.slots.len() - 1) as Slot
            }
        };
        if self.index.len() == self.index.capacity() {
            self.grow();
        }
        self.index.insert_unique(hash, slot, |_| 0);
        self.link(slot, age, now);
        self.put_in_clock(slot);
        self.weigh(slot);
        slot
    }

    /// Makes room in the index.
    fn grow(&mut self) {
        let mut index = std::mem::take(&mut self.index);
        let rehash = |slot: &Slot| {
            let header = self.header_of(&self.slots[*slot as usize].held);
            header.map_or(0, |header| self.hasher.hash(&FlowKey::new(header.ends[0], header.ends[1])))
        };
        index.reserve(1, rehash);
        self.index = index;
    }

    pub(crate) fn remove(&mut self, slot: Slot) -> Option<Connection> {
        self.unlink(slot);
        self.bytes = self.bytes.saturating_sub(std::mem::take(&mut self.slots[slot as usize].bytes) as usize);
        let connection = match std::mem::replace(&mut self.slots[slot as usize].held, Held::NOTHING) {
            Held::Hot(index) => self.hot.take(index)?,
            Held::Cold(bytes) => ColdHeader::unpack(&bytes, &mut self.codec),
        };
        if let Ok(found) = self.index.find_entry(self.hasher.hash(&connection.key()), |other| *other == slot) {
            found.remove();
        }
        self.free.push(slot);
        Some(connection)
    }

    /// Takes note of the memory that a connection takes now.
    pub(crate) fn weigh(&mut self, slot: Slot) {
        let Some(entry) = self.slots.get_mut(slot as usize) else { return };
        let bytes = size_of::<Entry>()
            + match &entry.held {
                Held::Hot(index) => self.hot.get(*index).map_or(0, Connection::bytes),
                Held::Cold(bytes) => bytes.len(),
            };
        let before = std::mem::replace(&mut entry.bytes, u32::try_from(bytes).unwrap_or(u32::MAX));
        self.bytes = self.bytes.saturating_sub(before as usize).saturating_add(entry.bytes as usize);
    }

    /// All connections together take more memory than they may.
    #[inline]
    pub(crate) fn is_too_large(&self) -> bool {
        self.bytes > self.max_bytes
    }

    /// Moves a connection to the end of the list for `age`, unless it hangs there already.
    pub(crate) fn set_age(&mut self, slot: Slot, age: Age, now: Timestamp) {
        if self.slots[slot as usize].age != age {
            self.unlink(slot);
            self.link(slot, age, now);
            self.note_passing(slot, age);
        }
    }

    /// The connection at the head of a list, and when it was put there.
    pub(crate) fn oldest(&self, age: Age) -> Option<(Slot, Timestamp)> {
        let head = self.lists[age as usize].head;
        (head != NONE).then(|| (head, self.slots[head as usize].queued))
    }

    /// Puts a connection at the end of its list: it was heard of since.
    pub(crate) fn requeue(&mut self, slot: Slot, now: Timestamp) {
        let age = self.slots[slot as usize].age;
        self.unlink(slot);
        self.link(slot, age, now);
    }

    /// Every connection's place, by number.
    pub(crate) fn by_number(&self) -> Vec<Slot> {
        let number = |(entry, slot): (&Entry, Slot)| Some((self.header_of(&entry.held)?.number, slot));
        let mut all: Vec<(u32, Slot)> = self.slots.iter().zip(0..).filter_map(number).collect();
        all.sort_unstable();
        all.into_iter().map(|(_, slot)| slot).collect()
    }

    /// Whom the connections of a list go to, oldest first.
    pub(crate) fn targets(&self, age: Age) -> impl Iterator<Item = Socket> {
        let at = |slot: Slot| self.slots.get(slot as usize);
        let first = at(self.lists[age as usize].head);
        let all = std::iter::successors(first, move |entry| at(entry.next));
        all.filter_map(|entry| Some(self.header_of(&entry.held)?.ends[1]))
    }

    /// The places of a list's connections, oldest first.
    pub(crate) fn places(&self, age: Age) -> Vec<Slot> {
        let next = |slot: Slot| (slot != NONE).then_some(slot);
        let first = next(self.lists[age as usize].head);
        std::iter::successors(first, |slot| next(self.slots.get(*slot as usize)?.next)).collect()
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
