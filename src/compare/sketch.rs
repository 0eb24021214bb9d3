//! A sample of a capture's packets that is the same sample in every capture of the same traffic.

use std::collections::HashSet;
use std::net::IpAddr;
use std::num::NonZeroU32;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::capture::Timestamp;
use crate::dissect::Segment;

use super::sighting::hash;

/// Packets in a sample.
const SIZE: usize = 1 << 15;

/// Minimum length of a payload, in bytes, beyond which it tells a packet by what it is.
const TELLING: u32 = 32;

/// The packets whose marks are lowest (bottom-k sampling): what two captures share of their traffic, their samples share too.
#[derive(Debug)]
pub(super) struct Sketch {
    packets: HashMap<u64, Sampled, RandomState>,
    /// Marks from here on are not in the sample.
    limit: u64,
}

/// A packet of the sample.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sampled {
    pub ts: Timestamp,
    pub src: IpAddr,
    pub dst: IpAddr,
    pub ttl: u8,
    pub ip_id: Option<u16>,
    /// A digest of its timestamps; none without any.
    pub times: Option<NonZeroU32>,
    /// A digest of its numbers, where it holds so much that its content tells it.
    pub numbers: Option<u32>,
    /// There were several of that mark: it cannot be told which is which.
    pub repeated: bool,
}

impl Sampled {
    fn new(segment: &Segment) -> Self {
        let Segment { ts, ttl, ip_id, seq, ack, .. } = *segment;
        let times = segment.options.timestamps.and_then(|times| NonZeroU32::new(hash(times) as u32 | 1));
        let numbers = (segment.payload_len > TELLING).then(|| hash((seq.0, ack.map(|ack| ack.0))) as u32);
        Self { ts, src: segment.src.addr, dst: segment.dst.addr, ttl, ip_id, times, numbers, repeated: false }
    }
}

impl Default for Sketch {
    fn default() -> Self {
        Self { packets: HashMap::default(), limit: u64::MAX }
    }
}

impl Sketch {
    /// Takes a packet by its mark.
    #[inline]
    pub(super) fn add(&mut self, mark: u64, segment: &Segment) {
        if mark < self.limit {
            self.packets
                .entry(mark)
                .and_modify(|sampled| sampled.repeated = true)
                .or_insert_with(|| Sampled::new(segment));
            if self.packets.len() >= 2 * SIZE {
                self.shrink();
            }
        }
    }

    /// Back to its size.
    fn shrink(&mut self) {
        let mut marks: Vec<u64> = self.packets.keys().copied().collect();
        if marks.len() > SIZE {
            self.limit = *marks.select_nth_unstable(SIZE).1;
            self.packets.retain(|mark, _| *mark < self.limit);
        }
    }

    /// Digests of the numbers of all that are in the sample.
    pub(super) fn all_numbers(&self) -> HashSet<u32> {
        self.packets.values().filter_map(|sampled| sampled.numbers).collect()
    }

    /// Packets that are in both samples, by A's time, and how many either has where both are complete: those alone that can be told
    /// from all others, or the first ones of each mark.
    pub(super) fn shared(&self, other: &Self, told_apart: bool) -> (usize, Vec<(Sampled, Sampled)>) {
        let limit = self.limit.min(other.limit);
        let counts = |mark: u64, one: &Sampled| mark < limit && !(told_apart && one.repeated);
        let possible = |sketch: &Self| sketch.packets.iter().filter(|(mark, one)| counts(**mark, one)).count();
        let mut both: Vec<(u64, Sampled, Sampled)> = self
            .packets
            .iter()
            .filter(|(mark, one)| counts(**mark, one))
            .filter_map(|(mark, one)| {
                let two = other.packets.get(mark).filter(|two| counts(*mark, two))?;
                Some((*mark, *one, *two))
            })
            .collect();
        both.sort_unstable_by_key(|(mark, one, _)| (one.ts, *mark));
        (possible(self).min(possible(other)), both.into_iter().map(|(_, one, two)| (one, two)).collect())
    }
}
