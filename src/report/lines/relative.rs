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
#[derive(Debug)]
pub struct Relative {
    /// Most connections in one generation.
    limit: usize,
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

impl Default for Relative {
    fn default() -> Self {
        Self { limit: GENERATION, young: HashMap::default(), old: HashMap::default() }
    }
}

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
        if self.young.len() >= self.limit {
            std::mem::swap(&mut self.young, &mut self.old);
            self.young.clear();
        }
        self.young.insert(pair, bases);
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
