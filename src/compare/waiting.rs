//! Packets that one capture has shown and the other not yet, and those just paired, of which a further copy may come.

use std::collections::VecDeque;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use slab::Slab;

use crate::capture::{Span, Timestamp};

use super::ranges::Cover;
use super::sighting::Header;
use super::{Side, Way};

/// Packets with one mark that are told apart; of more, the others wait unnoticed.
const MAX_ALIKE: usize = 256;

/// A copy that the network made comes no later than this behind the first.
const COPY: Span = Span::from_secs(2);

/// Paired packets of which copies are known: as many as a fast link carries in that time, or at least the latest.
const MAX_PAIRED: usize = 1 << 18;

/// Packets that wait to be told what those behind them took.
const MAX_SENT: usize = 1 << 16;

/// A packet that waits for its counterpart.
#[derive(Debug)]
pub(super) struct Unpaired {
    pub header: Header,
    pub side: Side,
    pub pair: usize,
    /// Which direction of the connection.
    pub half: usize,
    pub mark: u64,
    /// Since when it waits: as late as the captures were then, whatever its own time.
    pub since: Timestamp,
    /// How many packets went this way between the captures before it, and how many of its connection.
    pub nth: (u64, u64),
    /// The longest the network had just taken when it was sent.
    pub queue: Span,
    /// What is usual before and behind it, as far as packets tell that nothing else was like.
    pub usual: (Span, Span),
    /// Which of its bytes the other side has shown.
    pub cover: Cover,
    /// It looks like a further copy of a packet that has this frame at the sender's side, unless that shows a copy of its own.
    pub copy_of: Option<u64>,
    /// The next one with this mark.
    alike: Option<usize>,
    /// Neighbours of its direction and side, and of all.
    near: Links,
    all: Links,
}

#[derive(Clone, Copy, Debug, Default)]
struct Links {
    before: Option<usize>,
    behind: Option<usize>,
}

/// The ends of a list.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Queue {
    first: Option<usize>,
    last: Option<usize>,
}

/// A packet that both captures have shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paired {
    ts: Timestamp,
    mark: u64,
    /// Its frame at the sender's side.
    pub frame: u64,
    pub ip_id: Option<u16>,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    packets: Slab<Unpaired>,
    /// The first of each mark.
    marks: [HashMap<u64, usize, RandomState>; 2],
    all: Queue,
    /// Those that passed the sender's side of either way, in order, until one behind them has come.
    sent: [VecDeque<(usize, u64)>; 2],
    paired: VecDeque<Paired>,
    /// How many were paired before the first of these.
    forgotten: u64,
    by_mark: HashMap<u64, u64, RandomState>,
}

impl Unpaired {
    /// One that has just come.
    pub(super) fn new(header: Header, side: Side, pair: usize, half: usize, mark: u64) -> Self {
        Self {
            header,
            side,
            pair,
            half,
            mark,
            since: header.ts,
            nth: (0, 0),
            queue: Span(0),
            usual: (Span(0), Span(0)),
            cover: Cover::default(),
            copy_of: None,
            alike: None,
            near: Links::default(),
            all: Links::default(),
        }
    }

    /// The same packet by other numbers.
    pub(super) fn anew(self, header: Header, mark: u64) -> Self {
        let Self { since, nth, queue, usual, cover, copy_of, .. } = self;
        Self { since, nth, queue, usual, cover, copy_of, ..Self::new(header, self.side, self.pair, self.half, mark) }
    }
}

impl Waiting {
    /// Puts one behind the others of its direction and side.
    pub(super) fn add(&mut self, packet: Unpaired, queue: &mut Queue) -> usize {
        let (side, mark) = (packet.side, packet.mark);
        let key = self.packets.insert(packet);
        self.chain(key, side, mark);
        self.link(key, queue, |packet| &mut packet.near);
        let mut all = self.all;
        self.link(key, &mut all, |packet| &mut packet.all);
        self.all = all;
        key
    }

    /// Notes that a waiting packet was the `nth` that went that way.
    pub(super) fn send(&mut self, way: Way, key: usize, nth: u64) {
        let sent = &mut self.sent[way.index()];
        if sent.len() >= MAX_SENT {
            sent.pop_front();
        }
        sent.push_back((key, nth));
    }

    /// Says what packets took that were sent that way, up to one that took so long.
    pub(super) fn tell_usual(&mut self, way: Way, ts: Timestamp, usual: (Span, Span)) {
        let sent = &mut self.sent[way.index()];
        while let Some((key, nth)) = sent.front().copied() {
            if let Some(packet) = self.packets.get_mut(key).filter(|packet| packet.nth.0 == nth) {
                if packet.header.ts > ts {
                    break;
                }
                packet.usual = usual;
            }
            sent.pop_front();
        }
    }

    fn chain(&mut self, key: usize, side: Side, mark: u64) {
        let Some(mut at) = self.marks[side.index()].get(&mark).copied() else {
            self.marks[side.index()].insert(mark, key);
            return;
        };
        for _ in 1..MAX_ALIKE {
            match self.packets.get(at).and_then(|packet| packet.alike) {
                Some(next) => at = next,
                None => {
                    self.packets[at].alike = Some(key);
                    return;
                }
            }
        }
    }

    fn link(&mut self, key: usize, queue: &mut Queue, of: impl Fn(&mut Unpaired) -> &mut Links) {
        match queue.last {
            Some(last) => of(&mut self.packets[last]).behind = Some(key),
            None => queue.first = Some(key),
        }
        of(&mut self.packets[key]).before = queue.last;
        queue.last = Some(key);
    }

    fn unlink(&mut self, links: Links, queue: &mut Queue, of: impl Fn(&mut Unpaired) -> &mut Links) {
        match links.before {
            Some(before) => of(&mut self.packets[before]).behind = links.behind,
            None => queue.first = links.behind,
        }
        match links.behind {
            Some(behind) => of(&mut self.packets[behind]).before = links.before,
            None => queue.last = links.before,
        }
    }

    /// Takes one out.
    pub(super) fn take(&mut self, key: usize, queue: &mut Queue) -> Unpaired {
        let packet = self.packets.remove(key);
        self.unchain(key, &packet);
        self.unlink(packet.near, queue, |packet| &mut packet.near);
        let mut all = self.all;
        self.unlink(packet.all, &mut all, |packet| &mut packet.all);
        self.all = all;
        packet
    }

    fn unchain(&mut self, key: usize, packet: &Unpaired) {
        let marks = &mut self.marks[packet.side.index()];
        let Some(mut at) = marks.get(&packet.mark).copied() else { return };
        if at == key {
            match packet.alike {
                Some(next) => marks.insert(packet.mark, next),
                None => marks.remove(&packet.mark),
            };
            return;
        }
        // One that was too many is in no chain.
        while let Some(next) = self.packets[at].alike {
            if next == key {
                self.packets[at].alike = packet.alike;
                return;
            }
            at = next;
        }
    }

    pub(super) fn get(&self, key: usize) -> Option<&Unpaired> {
        self.packets.get(key)
    }

    pub(super) fn get_mut(&mut self, key: usize) -> Option<&mut Unpaired> {
        self.packets.get_mut(key)
    }

    /// Those of that side with a mark, oldest first.
    pub(super) fn alike(&self, side: Side, mark: u64) -> impl Iterator<Item = (usize, &Unpaired)> {
        let mut next = self.marks[side.index()].get(&mark).copied();
        std::iter::from_fn(move || {
            let key = next?;
            let packet = self.packets.get(key)?;
            next = packet.alike;
            Some((key, packet))
        })
    }

    /// Those of a direction and side, oldest first.
    pub(super) fn of(&self, queue: Queue) -> impl Iterator<Item = (usize, &Unpaired)> {
        let mut next = queue.first;
        std::iter::from_fn(move || {
            let key = next?;
            let packet = self.packets.get(key)?;
            next = packet.near.behind;
            Some((key, packet))
        })
    }

    /// All of them, the one that has waited longest first.
    pub(super) fn all(&self) -> impl Iterator<Item = &Unpaired> {
        let mut next = self.all.first;
        std::iter::from_fn(move || {
            let packet = self.packets.get(next?)?;
            next = packet.all.behind;
            Some(packet)
        })
    }

    /// The one that has waited longest.
    pub(super) fn oldest(&self) -> Option<(usize, &Unpaired)> {
        self.all.first.and_then(|key| self.packets.get(key).map(|packet| (key, packet)))
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.packets.len()
    }

    /// Remembers a packet that both captures have shown, under its mark, for copies of it.
    pub(super) fn remember(&mut self, mark: u64, now: Timestamp, frame: u64, ip_id: Option<u16>) {
        while self.paired.len() >= MAX_PAIRED || self.paired.front().is_some_and(|first| now.since(first.ts) > COPY) {
            let Some(gone) = self.paired.pop_front() else { break };
            if self.by_mark.get(&gone.mark) == Some(&self.forgotten) {
                self.by_mark.remove(&gone.mark);
            }
            self.forgotten += 1;
        }
        self.by_mark.insert(mark, self.forgotten + self.paired.len() as u64);
        self.paired.push_back(Paired { ts: now, mark, frame, ip_id });
    }

    /// The packet of that mark that both captures have shown, if that was not long ago.
    pub(super) fn paired(&self, mark: u64, now: Timestamp) -> Option<&Paired> {
        let at = self.by_mark.get(&mark)?.checked_sub(self.forgotten)?;
        self.paired.get(usize::try_from(at).ok()?).filter(|paired| now.since(paired.ts) <= COPY)
    }
}
