//! Every live connection: found by its two ends, aged in lists of equal patience, packed when it rests.

mod lookahead;

use std::collections::VecDeque;

use hashbrown::HashTable;

use crate::capture::Timestamp;
use crate::dissect::{Segment, Socket};

use crate::track::conn::connection::Connection;
use crate::track::key::{FlowHash, FlowHasher, is_low};
use crate::track::packed::Patterns;
use crate::track::store::awake::{Awake, Seat};
use crate::track::store::label::Label;
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

/// So many take their turn after a segment.
const TURNS: usize = 4;

/// So many turns before its own a connection is brought near.
const SOON: usize = 4;

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
    /// The connections that are awake, and some places where none is any more; in turn, each is asked whether it was heard of.
    waking: VecDeque<Slot>,
    awake: Awake,
    most_awake: usize,
    /// The memory that all of them take, and may take.
    bytes: usize,
    max_bytes: usize,
    /// Those that are over, and still awake when that was noted.
    over: VecDeque<Slot>,
    patterns: Patterns,
    /// The places of the next segments' connections, and whether they come from its lower end; so many of them have been taken.
    near: Vec<(Slot, bool)>,
    nearest: usize,
}

struct Entry {
    held: Held,
    age: Age,
    /// It stands in `waking`.
    in_turn: bool,
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
    fn is_awake(&self) -> bool {
        matches!(self.held, Held::Awake(seat) if seat != Seat::NOBODY)
    }

    /// Which way a segment goes.
    fn direction(&self, from_low: bool) -> Direction {
        if from_low == self.client_low { Direction::FromOriginator } else { Direction::FromResponder }
    }
}

/// Where a connection is, if there is one.
#[derive(Debug)]
enum Held {
    Awake(Seat),
    Resting(Box<[u8]>),
}

impl Held {
    // No case of its own: an entry would be larger.
    const NOTHING: Self = Self::Awake(Seat::NOBODY);
}

const _: () = assert!(size_of::<Entry>() <= 40, "every connection has one");

#[derive(Clone, Copy)]
struct List {
    head: Slot,
    tail: Slot,
    len: usize,
}

impl Table {
    /// A table of which so many connections are awake, and which takes about so much memory.
    pub fn new(most_awake: usize, max_bytes: usize) -> Self {
        Self {
            hasher: FlowHasher::default(),
            index: HashTable::new(),
            slots: Vec::new(),
            free: Vec::new(),
            lists: [List { head: NONE, tail: NONE, len: 0 }; AGES],
            waking: VecDeque::new(),
            awake: Awake::default(),
            most_awake,
            bytes: 0,
            max_bytes,
            over: VecDeque::new(),
            patterns: Patterns::default(),
            near: Vec::new(),
            nearest: 0,
        }
    }

    /// Says where it looks for a connection.
    pub fn hasher(&self) -> &FlowHasher {
        &self.hasher
    }

    fn label_of(&self, held: &Held) -> Option<Label> {
        match held {
            Held::Awake(seat) => self.awake.get(*seat).map(Label::of),
            Held::Resting(bytes) => Some(Label::read(bytes).0),
        }
    }

    fn has(&self, held: &Held, segment: &Segment) -> bool {
        match held {
            Held::Awake(seat) => self.awake.get(*seat).is_some_and(|connection| connection.has(segment)),
            Held::Resting(bytes) => Label::has(bytes, segment),
        }
    }

    pub fn len(&self) -> usize {
        self.index.len()
    }

    pub fn count(&self, age: Age) -> usize {
        self.lists[age as usize].len
    }

    /// The connection of a segment with that hash.
    #[inline]
    pub fn find(&self, hash: FlowHash, segment: &Segment) -> Option<Slot> {
        let equal = |slot: &Slot| self.slots.get(*slot as usize).is_some_and(|entry| self.has(&entry.held, segment));
        self.index.find(hash.hash(), equal).copied()
    }

    /// A connection, awake.
    pub fn get(&mut self, slot: Slot) -> Option<&mut Connection> {
        let entry = self.slots.get_mut(slot as usize)?;
        entry.heard = true;
        let seat = match &entry.held {
            Held::Awake(seat) => *seat,
            Held::Resting(_) => self.wake(slot)?,
        };
        self.awake.get_mut(seat)
    }

    /// Unpacks a connection.
    fn wake(&mut self, slot: Slot) -> Option<Seat> {
        let entry = self.slots.get_mut(slot as usize)?;
        let Held::Resting(bytes) = &entry.held else { return None };
        let seat = self.awake.put(Label::unpack(bytes, &mut self.patterns));
        entry.held = Held::Awake(seat);
        self.wakes(slot);
        self.weigh(slot);
        Some(seat)
    }

    /// What can be known of a connection without waking it.
    pub fn label(&self, slot: Slot) -> Option<Label> {
        self.label_of(&self.slots.get(slot as usize)?.held)
    }

    pub fn insert(&mut self, connection: Connection, age: Age, now: Timestamp) -> Slot {
        let hash = self.hasher.hash(&connection.key());
        let client_low = is_low(connection.ends[0].socket, connection.ends[1].socket);
        let held = Held::Awake(self.awake.put(connection));
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
                    in_turn: false,
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
        self.wakes(slot);
        self.weigh(slot);
        slot
    }

    /// Makes room in the index.
    fn grow(&mut self) {
        let mut index = std::mem::take(&mut self.index);
        let rehash = |slot: &Slot| {
            let label = self.label_of(&self.slots[*slot as usize].held);
            label.map_or(0, |label| self.hasher.hash(&FlowKey::new(label.ends[0], label.ends[1])))
        };
        index.reserve(1, rehash);
        self.index = index;
    }

    pub fn remove(&mut self, slot: Slot) -> Option<Connection> {
        self.unlink(slot);
        self.bytes = self.bytes.saturating_sub(std::mem::take(&mut self.slots[slot as usize].bytes) as usize);
        let connection = match std::mem::replace(&mut self.slots[slot as usize].held, Held::NOTHING) {
            Held::Awake(seat) => self.awake.take(seat)?,
            Held::Resting(bytes) => Label::unpack(&bytes, &mut self.patterns),
        };
        if let Ok(found) = self.index.find_entry(self.hasher.hash(&connection.key()), |other| *other == slot) {
            found.remove();
        }
        self.free.push(slot);
        Some(connection)
    }

    /// One more is awake.
    fn wakes(&mut self, slot: Slot) {
        let entry = &mut self.slots[slot as usize];
        entry.heard = true;
        if !std::mem::replace(&mut entry.in_turn, true) {
            self.waking.push_back(slot);
        }
    }

    /// Where too many are awake, a few go to rest: what is over first, and then what was not heard of for long. Those of which
    /// something is open stay awake.
    #[inline]
    pub fn settle(&mut self) {
        if self.awake.len() > self.most_awake {
            self.take_turns();
        }
    }

    /// Takes note of the memory that a connection takes now.
    pub fn weigh(&mut self, slot: Slot) {
        let Some(entry) = self.slots.get_mut(slot as usize) else { return };
        let bytes = size_of::<Entry>()
            + match &entry.held {
                Held::Awake(seat) => self.awake.get(*seat).map_or(0, Connection::bytes),
                Held::Resting(bytes) => bytes.len(),
            };
        let before = std::mem::replace(&mut entry.bytes, u32::try_from(bytes).unwrap_or(u32::MAX));
        self.bytes = self.bytes.saturating_sub(before as usize).saturating_add(entry.bytes as usize);
    }

    /// All connections together take more memory than they may.
    #[inline]
    pub fn is_too_large(&self) -> bool {
        self.bytes > self.max_bytes
    }

    /// Makes room, but not of `newest`: those that were not heard of since their last turn go to rest. The first that cannot is the
    /// one to be given up.
    pub fn make_room(&mut self, newest: Slot) -> Option<Slot> {
        // Each is asked twice at most: what was heard of at its first turn is not any more at its second.
        for _ in 0..2 * self.waking.len() {
            if !self.is_too_large() {
                return None;
            }
            let slot = self.waking.pop_front()?;
            let entry = &mut self.slots[slot as usize];
            entry.in_turn = false;
            if !entry.is_awake() {
                continue;
            }
            if slot == newest || std::mem::replace(&mut entry.heard, false) {
                entry.in_turn = true;
                self.waking.push_back(slot);
            } else if !self.put_to_rest(slot) {
                return Some(slot);
            }
        }
        None
    }

    fn take_turns(&mut self) {
        for _ in 0..TURNS {
            if self.awake.len() <= self.most_awake {
                return;
            }
            // The last first: it is near still, and so is the room that it leaves.
            if let Some(slot) = self.over.pop_back() {
                if self.slots[slot as usize].age == Age::Over {
                    self.put_to_rest(slot);
                }
            } else if let Some(slot) = self.waking.pop_front() {
                // Whose turn comes soon has not been heard of for long, and is far away.
                self.bring_all_near(self.waking.get(SOON));
                self.turn(slot);
            }
        }
    }

    fn turn(&mut self, slot: Slot) {
        let entry = &mut self.slots[slot as usize];
        entry.in_turn = false;
        if !entry.is_awake() {
            return;
        }
        let heard = std::mem::replace(&mut entry.heard, false);
        if heard || !self.put_to_rest(slot) {
            self.slots[slot as usize].in_turn = true;
            self.waking.push_back(slot);
        }
    }

    /// Packs a connection, unless something of it is open.
    fn put_to_rest(&mut self, slot: Slot) -> bool {
        let entry = &mut self.slots[slot as usize];
        let Held::Awake(seat) = entry.held else { return false };
        let Some(connection) = self.awake.get_mut(seat) else { return false };
        if !connection.rest() {
            return false;
        }
        entry.held = Held::Resting(Label::pack(connection, &mut self.patterns).into());
        self.awake.take(seat);
        self.weigh(slot);
        true
    }

    /// Moves a connection to the end of the list for `age`, unless it hangs there already.
    pub fn set_age(&mut self, slot: Slot, age: Age, now: Timestamp) {
        if self.slots[slot as usize].age != age {
            self.unlink(slot);
            self.link(slot, age, now);
            if age == Age::Over {
                if self.over.len() > self.most_awake {
                    // It has been let go since, or has its turn with all that are awake.
                    self.over.pop_front();
                }
                self.over.push_back(slot);
            }
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
        let number = |(entry, slot): (&Entry, Slot)| Some((self.label_of(&entry.held)?.number, slot));
        let mut all: Vec<(u32, Slot)> = self.slots.iter().zip(0..).filter_map(number).collect();
        all.sort_unstable();
        all.into_iter().map(|(_, slot)| slot).collect()
    }

    /// Whom the connections of a list go to, oldest first.
    pub fn targets(&self, age: Age) -> impl Iterator<Item = Socket> {
        let at = |slot: Slot| self.slots.get(slot as usize);
        let first = at(self.lists[age as usize].head);
        let all = std::iter::successors(first, move |entry| at(entry.next));
        all.filter_map(|entry| Some(self.label_of(&entry.held)?.ends[1]))
    }

    /// The places of a list's connections, oldest first.
    pub fn places(&self, age: Age) -> Vec<Slot> {
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
