//! Relative sequence numbers, by tcpdump's table and not by the tracker's: it knows only what was printed.

use std::hash::{BuildHasher, Hash, Hasher};
use std::net::IpAddr;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use crate::dissect::{Segment, Socket, TcpFlags};

/// Most connections in one generation of the table: as many as fill half a million buckets.
const GENERATION: usize = (1 << 19) / 8 * 7;

/// Where each connection's numbers count from.
///
/// tcpdump never forgets an entry. Here there are two generations: a connection that is met moves to the young one, and when
/// that is full it becomes the old one, whose connections are forgotten. So a connection is remembered as long as fewer than
/// 458,752 others were met since, and the table stays below 64 MiB.
#[derive(Clone, Debug)]
pub(super) struct Relative {
    /// Most connections in one generation.
    limit: usize,
    young: HashTable<(Pair, Bases)>,
    old: HashTable<(Pair, Bases)>,
    hashing: RandomState,
}

/// The numbers of one segment, as they are printed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Numbers {
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgment number; means nothing without the ACK flag.
    pub ack: u32,
    /// What the edges of SACK blocks count from.
    pub sack_base: u32,
}

/// Both ends of a connection, whichever way a segment goes: plain numbers, which are quick to compare.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Pair {
    /// Address and port of either.
    V4([u64; 2]),
    /// Both addresses, then both ports.
    V6([u64; 4], [u16; 2]),
}

impl Pair {
    /// Of a segment, and whether it goes from the second to the first.
    #[inline]
    fn new(src: Socket, dst: Socket) -> (Self, bool) {
        if let (IpAddr::V4(from), IpAddr::V4(to)) = (src.addr, dst.addr) {
            let [from, to] = [(from, src.port), (to, dst.port)]
                .map(|(addr, port)| u64::from(addr.to_bits()) << 16 | u64::from(port));
            return (Self::V4([from.min(to), from.max(to)]), from > to);
        }
        let [from, to] = [(src.addr, src.port), (dst.addr, dst.port)].map(|(addr, port)| match addr {
            IpAddr::V4(addr) => (addr.to_ipv6_mapped().to_bits(), port),
            IpAddr::V6(addr) => (addr.to_bits(), port),
        });
        let halves = |addr: u128| [(addr >> 64) as u64, addr as u64];
        let (low, high) = (from.min(to), from.max(to));
        let ([a, b], [c, d]) = (halves(low.0), halves(high.0));
        (Self::V6([a, b, c, d], [low.1, high.1]), from > to)
    }
}

impl Hash for Pair {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::V4(sockets) => sockets.iter().for_each(|socket| state.write_u64(*socket)),
            Self::V6(addresses, [low, high]) => {
                addresses.iter().for_each(|half| state.write_u64(*half));
                state.write_u32(u32::from(*low) << 16 | u32::from(*high));
            }
        }
    }
}

/// Where the numbers of either end count from, in the pair's order.
#[derive(Clone, Copy, Debug)]
struct Bases(u32, u32);

impl Default for Relative {
    fn default() -> Self {
        Self { limit: GENERATION, young: HashTable::new(), old: HashTable::new(), hashing: RandomState::default() }
    }
}

impl Relative {
    /// The numbers of a segment; what it says about where numbers begin is remembered.
    pub(super) fn numbers(&mut self, segment: &Segment) -> Numbers {
        let seq = segment.seq.0;
        // Only a segment that acknowledges says where both ends' numbers are.
        let Some(ack) = segment.ack else { return Numbers { seq, ack: 0, sack_base: 0 } };
        let ack = ack.0;
        let (pair, reverse) = Pair::new(segment.src, segment.dst);
        let hash = self.hashing.hash_one(pair);
        let known = if segment.flags.contains(TcpFlags::SYN) { None } else { self.find(hash, &pair) };
        match known {
            Some(bases) => {
                let (this, other) = if reverse { (bases.1, bases.0) } else { (bases.0, bases.1) };
                Numbers { seq: seq.wrapping_sub(this), ack: ack.wrapping_sub(other), sack_base: other }
            }
            None => {
                let other = ack.wrapping_sub(1);
                self.insert(hash, pair, if reverse { Bases(other, seq) } else { Bases(seq, other) });
                Numbers { seq, ack, sack_base: other }
            }
        }
    }

    #[inline]
    fn find(&mut self, hash: u64, pair: &Pair) -> Option<Bases> {
        match self.young.find(hash, |(other, _)| other == pair) {
            Some((_, bases)) => Some(*bases),
            None => self.rejuvenate(hash, pair),
        }
    }

    /// Moves a connection to the young generation, if it is in the old one.
    #[inline(never)]
    fn rejuvenate(&mut self, hash: u64, pair: &Pair) -> Option<Bases> {
        let entry = self.old.find_entry(hash, |(other, _)| other == pair).ok()?;
        let ((_, bases), _) = entry.remove();
        self.insert(hash, *pair, bases);
        Some(bases)
    }

    fn insert(&mut self, hash: u64, pair: Pair, bases: Bases) {
        if self.young.len() >= self.limit {
            std::mem::swap(&mut self.young, &mut self.old);
            self.young.clear();
        }
        if let Some((_, known)) = self.young.find_mut(hash, |(other, _)| *other == pair) {
            *known = bases;
            return;
        }
        let hashing = &self.hashing;
        self.young.insert_unique(hash, (pair, bases), |(pair, _)| hashing.hash_one(pair));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::Timestamp;
    use crate::dissect::{Checksum, OptionFacts, SeqNumber};

    /// A segment from client port `port` to a server.
    fn segment(port: u16, seq: u32, ack: Option<u32>) -> Segment {
        Segment {
            frame: 1,
            ts: Timestamp(0),
            interface: 0,
            place: 0,
            wire_len: 54,
            captured_len: 54,
            src: Socket { addr: [10, 0, 0, 1].into(), port },
            dst: Socket { addr: [10, 0, 0, 2].into(), port: 80 },
            ttl: 64,
            tos: 0,
            ip_id: None,
            dont_fragment: true,
            fragment: false,
            seq: SeqNumber(seq),
            ack: ack.map(SeqNumber),
            flags: if ack.is_some() { TcpFlags::ACK } else { TcpFlags::RST },
            window: 1,
            urgent: 0,
            header_len: 20,
            payload_len: 0,
            offloaded: false,
            header_fault: None,
            checksum: Checksum::Unknown,
            payload_digest: None,
            options: OptionFacts::default(),
        }
    }

    #[test]
    fn the_first_acknowledgment_sets_both_bases() {
        let mut relative = Relative::default();
        let first = Numbers { seq: 100, ack: 200, sack_base: 199 };
        assert_eq!(relative.numbers(&segment(1000, 100, Some(200))), first);
        let next = Numbers { seq: 5, ack: 1, sack_base: 199 };
        assert_eq!(relative.numbers(&segment(1000, 105, Some(200))), next);
        let answer = segment(1000, 200, Some(105));
        let answer = Segment { src: answer.dst, dst: answer.src, ..answer };
        assert_eq!(relative.numbers(&answer), Numbers { seq: 1, ack: 5, sack_base: 100 });
    }

    #[test]
    fn without_ack_nothing_is_noted() {
        let mut relative = Relative::default();
        assert_eq!(relative.numbers(&segment(1000, 100, None)).seq, 100);
        assert_eq!(relative.numbers(&segment(1000, 100, Some(200))).seq, 100);
        assert_eq!(relative.numbers(&segment(1000, 101, None)).seq, 101);
    }

    #[test]
    fn the_table_is_bounded_and_keeps_what_is_met() {
        let mut relative = Relative { limit: 100, ..Relative::default() };
        for port in 0..10_000 {
            relative.numbers(&segment(port, 7_000, Some(1)));
            // One connection is met all the time, so it stays relative from its second segment on.
            let seq = relative.numbers(&segment(50_000, 500, Some(1))).seq;
            assert_eq!(seq, if port == 0 { 500 } else { 0 });
            assert!(relative.young.len() <= 100 && relative.old.len() <= 100);
        }
        assert_eq!(relative.numbers(&segment(9_999, 7_001, Some(1))).seq, 1);
        assert_eq!(relative.numbers(&segment(0, 7_001, Some(1))).seq, 7_001);
    }
}
