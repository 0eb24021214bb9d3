//! Which connection of B is which of A.

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use slab::Slab;

use crate::dissect::{Socket, TcpFlags};

use super::pair::Pair;
use super::sighting::{Sighting, hash};
use super::{Side, Telltale};

/// Marks of one connection that wait for another capture's.
const MAX_MARKS: usize = 32;

/// Payloads from so many bytes on tell a connection where its numbers do not.
const TELLING: u32 = 32;

/// The connections of both captures.
#[derive(Debug)]
pub(super) struct Links {
    /// Each in a place of its own: a table of them would be large, and twice as large while it grows.
    pub pairs: Slab<Box<Pair>>,
    serial: u64,
    flows: [HashMap<u32, usize, RandomState>; 2],
    /// By both ends, the latest pair that one capture does not show yet.
    ends: HashMap<[Socket; 2], usize, RandomState>,
    /// Packets of such pairs, and of which capture.
    marks: HashMap<u64, Marks, RandomState>,
    telltale: Telltale,
}

/// Who has shown a packet.
#[derive(Clone, Copy, Debug)]
struct Marked {
    pair: usize,
    side: Side,
    half: usize,
}

/// Who has shown packets of one mark: the first pair, and how many there are; of several it tells none, until all are gone.
#[derive(Clone, Copy, Debug)]
struct Marks {
    first: Marked,
    pairs: u32,
    ambiguous: bool,
}

/// A connection that has been found.
pub(super) struct Found {
    pub pair: usize,
    /// Another one that has turned out to be the same, and is part of it now.
    pub merged: Option<Box<Pair>>,
}

impl Links {
    /// None yet; those between other ends are told by that.
    pub(super) fn new(telltale: Telltale) -> Self {
        let marks = HashMap::default();
        Self { pairs: Slab::new(), serial: 0, flows: Default::default(), ends: HashMap::default(), marks, telltale }
    }

    /// The connection of a packet, known or new.
    #[inline]
    pub(super) fn find(&mut self, side: Side, sighting: &Sighting) -> Found {
        match self.flows[side.index()].get(&sighting.flow).copied() {
            Some(pair) if self.pairs.get(pair).is_some_and(|pair| pair.is_linked()) => Found { pair, merged: None },
            Some(pair) => self.again(pair, side, sighting),
            None => self.first(side, sighting),
        }
    }

    /// The first packet of a connection in its capture.
    fn first(&mut self, side: Side, sighting: &Sighting) -> Found {
        let ends = sorted(sighting.src, sighting.dst);
        let lacks =
            |pairs: &Slab<Box<Pair>>, pair: &usize| pairs.get(*pair).is_some_and(|p| p.flows[side.index()].is_none());
        let same = self.ends.get(&ends).copied().filter(|pair| lacks(&self.pairs, pair));
        if let Some(pair) = same {
            let ends = self.pairs[pair].ends[side.other().index()];
            self.link(pair, side, sighting.flow, ends);
            return Found { pair, merged: None };
        }
        if let Some(other) = self.translated(side, sighting) {
            self.link_translated(other, side, sighting);
            return Found { pair: other.pair, merged: None };
        }
        self.serial += 1;
        let pair = self.pairs.insert(Box::new(Pair::new(self.serial, side, sighting)));
        self.flows[side.index()].insert(sighting.flow, pair);
        self.ends.insert(ends, pair);
        self.keep_marks(pair, side, sighting);
        Found { pair, merged: None }
    }

    /// A further packet of a connection that the other capture has not shown: whether it tells.
    fn again(&mut self, pair: usize, side: Side, sighting: &Sighting) -> Found {
        let Some(other) = self.translated(side, sighting).filter(|other| other.pair != pair) else {
            self.keep_marks(pair, side, sighting);
            return Found { pair, merged: None };
        };
        let gone = self.remove(pair);
        self.link_translated(other, side, sighting);
        Found { pair: other.pair, merged: Some(gone) }
    }

    fn link_translated(&mut self, other: Marked, side: Side, sighting: &Sighting) {
        let ends = if other.half == 0 { [sighting.src, sighting.dst] } else { [sighting.dst, sighting.src] };
        self.link(other.pair, side, sighting.flow, Some(ends));
    }

    fn link(&mut self, key: usize, side: Side, flow: u32, ends: Option<[Socket; 2]>) {
        let Some(pair) = self.pairs.get_mut(key) else { return };
        pair.flows[side.index()] = Some(flow);
        pair.ends[side.index()] = ends;
        let known = pair.ends[side.other().index()].map(|[a, b]| sorted(a, b));
        let marks = std::mem::take(&mut pair.marks);
        self.flows[side.index()].insert(flow, key);
        if let Some(ends) = known.filter(|ends| self.ends.get(ends) == Some(&key)) {
            self.ends.remove(&ends);
        }
        self.forget_marks(&marks);
    }

    /// Where the other capture has shown this very packet between other ends.
    fn translated(&self, side: Side, sighting: &Sighting) -> Option<Marked> {
        let known = |mark| {
            let Marks { first, ambiguous, .. } = *self.marks.get(&mark)?;
            let is_open = self.pairs.get(first.pair).is_some_and(|pair| !pair.is_linked());
            (!ambiguous && first.side != side && is_open).then_some(first)
        };
        self.telltale.marks(sighting).into_iter().flatten().find_map(known)
    }

    fn keep_marks(&mut self, key: usize, side: Side, sighting: &Sighting) {
        let Some(pair) = self.pairs.get_mut(key) else { return };
        let half = pair.half_of(side, sighting);
        for mark in self.telltale.marks(sighting).into_iter().flatten() {
            let is_full = pair.marks.len() >= MAX_MARKS;
            if pair.marks.contains(&mark) || is_full && !self.marks.contains_key(&mark) {
                continue;
            }
            let first = Marked { pair: key, side, half };
            let marks = self.marks.entry(mark).or_insert(Marks { first, pairs: 0, ambiguous: false });
            marks.ambiguous |= marks.first.pair != key;
            if !is_full {
                marks.pairs += 1;
                pair.marks.push(mark);
            }
        }
    }

    fn forget_marks(&mut self, marks: &[u64]) {
        for mark in marks {
            if let Some(of_mark) = self.marks.get_mut(mark) {
                of_mark.pairs = of_mark.pairs.saturating_sub(1);
                if of_mark.pairs == 0 {
                    self.marks.remove(mark);
                }
            }
        }
    }

    /// The pair of a connection, where there is one.
    pub(super) fn of_flow(&self, side: Side, flow: u32) -> Option<usize> {
        self.flows[side.index()].get(&flow).copied()
    }

    /// A capture's tracker has ended a connection: its pair, which is over when neither capture knows it any more.
    pub(super) fn end(&mut self, side: Side, flow: u32) -> Option<usize> {
        let key = self.flows[side.index()].remove(&flow)?;
        if let Some(pair) = self.pairs.get_mut(key) {
            pair.ended[side.index()] = true;
        }
        Some(key)
    }

    /// Takes a pair out for good.
    pub(super) fn remove(&mut self, key: usize) -> Box<Pair> {
        let pair = self.pairs.remove(key);
        self.forget_marks(&pair.marks);
        for ends in pair.ends.iter().flatten() {
            let ends = sorted(ends[0], ends[1]);
            if self.ends.get(&ends) == Some(&key) {
                self.ends.remove(&ends);
            }
        }
        for side in Side::ALL {
            if let Some(flow) = pair.flows[side.index()]
                && self.flows[side.index()].get(&flow) == Some(&key)
            {
                self.flows[side.index()].remove(&flow);
            }
        }
        pair
    }
}

fn sorted(a: Socket, b: Socket) -> [Socket; 2] {
    if a <= b { [a, b] } else { [b, a] }
}

impl Telltale {
    /// What tells a connection by one of its packets, whatever its ends are called: 64 bits of sequence numbers, the initial one
    /// alone of a SYN, and, where something has changed these, what the packet holds. A scanner may give all its SYNs one number:
    /// these are told by the end that most translators leave alone, first.
    fn marks(self, sighting: &Sighting) -> [Option<u64>; 4] {
        let header = &sighting.header;
        let numbered = header.is(TcpFlags::SYN) || header.ack.is_some();
        let numbers = (0, header.seq.0, header.ack.map(|ack| ack.0), header.payload, header.controls());
        let content = header.digest.filter(|_| self != Self::Numbers && header.payload >= TELLING);
        let times = header.timestamps.filter(|_| self != Self::Payload);
        let opens_or_refuses = header.flags.intersects(TcpFlags::SYN.with(TcpFlags::RST));
        let with_end = |end: Socket| (numbered && opens_or_refuses).then(|| hash((end, numbers)));
        let content = content.map(|digest| hash((1, digest, header.payload, times)));
        [with_end(sighting.dst), with_end(sighting.src), numbered.then(|| hash(numbers)), content]
    }
}
