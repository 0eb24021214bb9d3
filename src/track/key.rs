//! Which connection a segment belongs to.

use std::hash::{BuildHasher, Hasher};
use std::net::{IpAddr, Ipv4Addr};

use foldhash::fast::RandomState;

use crate::dissect::{Segment, Socket};

use crate::track::packed::packed_enum;

/// A connection's two ends, whichever way a segment goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FlowKey {
    low: Socket,
    high: Socket,
}

impl FlowKey {
    /// The key of a segment from `src` to `dst`; the same for its answers.
    pub fn new(src: Socket, dst: Socket) -> Self {
        Self::of(src, dst).0
    }

    /// The same, and whether `src` is the lower end.
    #[inline]
    fn of(src: Socket, dst: Socket) -> (Self, bool) {
        let from_low = is_low(src, dst);
        (if from_low { Self { low: src, high: dst } } else { Self { low: dst, high: src } }, from_low)
    }
}

/// Whether an end is the lower one of the two.
#[inline]
pub(in crate::track) fn is_low(end: Socket, other: Socket) -> bool {
    match (end.addr, other.addr) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (a.to_bits(), end.port) <= (b.to_bits(), other.port),
        _ => end <= other,
    }
}

/// Where a tracker looks for a segment's connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FlowHash(u64);

/// Whether the segment comes from the lower of the two ends stands in this bit, which is set in what is looked for: one that a
/// hash table asks for least, since it takes places from the lowest and marks from the highest.
const FROM_LOW: u64 = 1 << 40;

impl FlowHash {
    #[inline]
    pub(in crate::track) fn hash(self) -> u64 {
        self.0 | FROM_LOW
    }

    #[inline]
    pub(in crate::track) fn is_from_low(self) -> bool {
        self.0 & FROM_LOW != 0
    }
}

/// Says where a tracker looks. It is seeded anew for each: keys come from the wire.
#[derive(Clone, Debug, Default)]
pub struct FlowHasher(RandomState);

impl FlowHasher {
    /// Where the tracker looks for a segment's connection.
    #[inline]
    pub fn of(&self, segment: &Segment) -> FlowHash {
        let (key, from_low) = FlowKey::of(segment.src, segment.dst);
        FlowHash(self.hash(&key) ^ if from_low { 0 } else { FROM_LOW })
    }

    /// In whole words: each packet asks for it.
    #[inline]
    pub(in crate::track) fn hash(&self, FlowKey { low, high }: &FlowKey) -> u64 {
        let mut state = self.0.build_hasher();
        match (low.addr, high.addr) {
            (IpAddr::V4(a), IpAddr::V4(b)) => {
                let word = |addr: Ipv4Addr, port: u16| u128::from(addr.to_bits()) << 16 | u128::from(port);
                state.write_u128(word(a, low.port) << 64 | word(b, high.port));
            }
            (a, b) => {
                for addr in [a, b] {
                    state.write_u128(match addr {
                        IpAddr::V4(addr) => addr.to_bits().into(),
                        IpAddr::V6(addr) => addr.to_bits(),
                    });
                }
                state.write_u32(u32::from(low.port) << 16 | u32::from(high.port));
            }
        }
        state.finish() | FROM_LOW
    }
}

/// Which end of a connection sent a segment. The originator (client) is the one that sent the first SYN.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Direction {
    /// Client to server.
    FromOriginator,
    /// Server to client.
    FromResponder,
}

packed_enum!(Direction, [Direction::FromOriginator, Direction::FromResponder]);

impl Direction {
    /// 0 from the client, 1 from the server.
    pub(in crate::track) fn index(self) -> usize {
        match self {
            Self::FromOriginator => 0,
            Self::FromResponder => 1,
        }
    }

    /// Who sends that way.
    pub fn sender(self) -> &'static str {
        match self {
            Self::FromOriginator => "client",
            Self::FromResponder => "server",
        }
    }

    /// The other way.
    pub fn reverse(self) -> Self {
        match self {
            Self::FromOriginator => Self::FromResponder,
            Self::FromResponder => Self::FromOriginator,
        }
    }
}
