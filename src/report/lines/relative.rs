//! Relative sequence numbers, by tcpdump's table and not by the tracker's: it knows only what was printed.

use hashbrown::HashMap;

use crate::dissect::{Segment, Socket, TcpFlags};

/// Most connections in one generation of the table: as many as fill half a million buckets.
const GENERATION: usize = (1 << 19) / 8 * 7;

/// Where each connection's numbers count from.
///
/// tcpdump never forgets an entry. Here there are two generations: a connection that is met moves to the young one, and when
/// that is full it becomes the old one, whose connections are forgotten. So a connection is remembered as long as fewer than
/// 458,752 others were met since, and the table stays below 64 MiB.
#[derive(Debug, Default)]
pub struct Relative {
    young: HashMap<Pair, Bases, foldhash::fast::RandomState>,
    old: HashMap<Pair, Bases, foldhash::fast::RandomState>,
}

/// The numbers of one segment, as they are printed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Numbers {
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgment number; means nothing without the ACK flag.
    pub ack: u32,
    /// What the edges of SACK blocks count from.
    pub sack_base: u32,
}

/// Both ends of a connection, whichever way a segment goes.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
struct Pair(Socket, Socket);

/// Where the numbers of either end count from, in the pair's order.
#[derive(Clone, Copy, Debug)]
struct Bases(u32, u32);

impl Relative {
    /// The numbers of a segment; what it says about where numbers begin is remembered.
    pub fn numbers(&mut self, segment: &Segment) -> Numbers {
        let seq = segment.seq.0;
        // Only a segment that acknowledges says where both ends' numbers are.
        let Some(ack) = segment.ack else { return Numbers { seq, ack: 0, sack_base: 0 } };
        let ack = ack.0;
        let reverse = segment.src > segment.dst;
        let pair = if reverse { Pair(segment.dst, segment.src) } else { Pair(segment.src, segment.dst) };
        let known = if segment.flags.contains(TcpFlags::SYN) { None } else { self.find(&pair) };
        match known {
            Some(bases) => {
                let (this, other) = if reverse { (bases.1, bases.0) } else { (bases.0, bases.1) };
                Numbers { seq: seq.wrapping_sub(this), ack: ack.wrapping_sub(other), sack_base: other }
            }
            None => {
                let other = ack.wrapping_sub(1);
                self.insert(pair, if reverse { Bases(other, seq) } else { Bases(seq, other) });
                Numbers { seq, ack, sack_base: other }
            }
        }
    }

    fn find(&mut self, pair: &Pair) -> Option<Bases> {
        if let Some(bases) = self.young.get(pair) {
            return Some(*bases);
        }
        let bases = self.old.remove(pair)?;
        self.insert(*pair, bases);
        Some(bases)
    }

    fn insert(&mut self, pair: Pair, bases: Bases) {
        if self.young.len() >= GENERATION {
            std::mem::swap(&mut self.young, &mut self.old);
            self.young.clear();
        }
        self.young.insert(pair, bases);
    }
}
