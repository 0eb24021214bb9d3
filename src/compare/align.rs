//! Packets that are alike in everything, such as the RSTs that a host sends for each segment of a closed connection.
//!
//! Nothing but their times tells which is which, and a lost one shifts all behind it. So they wait until all are there, and are
//! then paired in their order such that delays vary the least (a sequence alignment, S. Needleman and C. Wunsch, 1970).

use crate::capture::Span;

use super::Way;
use super::comparison::Comparison;
use super::waiting::Unpaired;

/// What it costs to leave a packet without a counterpart: as much as a delay that is off by four times what delays vary by.
const ALONE: f64 = 1.0;

/// One of several packets that are alike, and what is known of it.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    key: usize,
    frame: u64,
    ts: i64,
    /// How long packets took before it was sent, and after that.
    usual: (i64, i64),
}

impl Candidate {
    fn new((key, packet): (usize, &Unpaired)) -> Self {
        Self { key, frame: packet.header.frame, ts: packet.header.ts.0, usual: (packet.usual.0.0, packet.usual.1.0) }
    }
}

impl Comparison {
    /// Pairs the packets that are alike in everything with one that has waited for long.
    pub(super) fn align(&mut self, key: usize) {
        let Some(packet) = self.waiting.get(key) else { return };
        let (mark, id) = (packet.mark, packet.header.ip_id);
        let Some(pair) = self.links.pairs.get(packet.pair) else { return };
        let keeps_ids = pair.halves[packet.half].keeps_ids();
        let way = pair.way_of(packet.half).unwrap_or(Way::AToB);
        let of = |side| -> Vec<Candidate> {
            let alike = self.waiting.alike(side, mark);
            let mut candidates: Vec<Candidate> = alike
                .filter(|(_, one)| one.cover.is_empty() && (!keeps_ids || one.header.ip_id == id))
                .map(Candidate::new)
                .collect();
            candidates.sort_by_key(|candidate| (candidate.ts, candidate.key));
            candidates
        };
        let (sent, came) = (of(way.sender()), of(way.receiver()));
        if sent.is_empty() || came.is_empty() {
            return;
        }
        let floor = self.overlap.clock.floor().unwrap_or_default().0;
        let unit = self.queues[way.index()].variation().0.saturating_mul(4).max(4_000) as f64;
        let most = self.queues[way.index()].max.0;
        // So long every packet of this way has taken, which a wrong pair would undercut.
        let least = self.queues[way.index()].min.map_or(floor, |min| min.0);
        let cost = |sent: &Candidate, came: &Candidate| {
            let delay = came.ts.saturating_sub(sent.ts);
            let off = [sent.usual.0, sent.usual.1].map(|usual| delay.saturating_sub(usual).unsigned_abs());
            let off = off[0].min(off[1]) as f64 / unit;
            match delay {
                _ if delay < floor => f64::INFINITY,
                _ if delay < least => off + 8.0 * least.saturating_sub(delay) as f64 / unit,
                // Two that may be one are rather one than a lost one and a copy.
                _ if delay <= most => off.min(1.75 * ALONE),
                _ => off,
            }
        };
        let mut pairs = alignment(&sent, &came, cost);
        overtaken(&sent, &came, &mut pairs, |delay| (floor..=most).contains(&delay));
        let copies = copies(&sent, &came, &pairs);
        pairs.sort_by_key(|(_, came)| *came);
        for (sent, came) in pairs {
            if let Some(packet) = self.take(came) {
                self.pair_up(sent, packet);
            }
        }
        for (copy, frame) in copies {
            if let Some(packet) = self.take(copy) {
                self.report_copy(&packet, frame);
            }
        }
    }

    /// Whether there are several that a packet could be, or several that could be the same.
    pub(super) fn is_one_of_many(&self, packet: &Unpaired) -> bool {
        let Some(pair) = self.links.pairs.get(packet.pair) else { return false };
        let keeps_ids = pair.halves[packet.half].keeps_ids();
        let same = |one: &Unpaired| one.cover.is_empty() && (!keeps_ids || one.header.ip_id == packet.header.ip_id);
        let alike = |side| self.waiting.alike(side, packet.mark).filter(|(_, one)| same(one));
        let there = alike(packet.side.other()).take(2).count();
        // What looks like a copy has come before all that is waited for on the other side.
        there > 1 || there == 1 && alike(packet.side).any(|(_, one)| one.copy_of.is_none())
    }

    /// What a delay would be if two packets were one.
    pub(super) fn delay(&self, one: &Unpaired, other: &Unpaired) -> Span {
        let way = self.links.pairs.get(one.pair).and_then(|pair| pair.way_of(one.half)).unwrap_or(Way::AToB);
        let (sent, came) = if one.side == way.sender() { (one, other) } else { (other, one) };
        came.header.ts.since(sent.header.ts)
    }
}

/// The pairs of an alignment that costs least, in order.
fn alignment(
    sent: &[Candidate],
    came: &[Candidate],
    cost: impl Fn(&Candidate, &Candidate) -> f64,
) -> Vec<(usize, usize)> {
    let width = came.len() + 1;
    let mut costs = vec![0.0; (sent.len() + 1) * width];
    let at = |i: usize, j: usize| i * width + j;
    for i in 0..=sent.len() {
        for j in 0..=came.len() {
            costs[at(i, j)] = match (i, j) {
                (0, _) | (_, 0) => (i + j) as f64 * ALONE,
                _ => {
                    let paired = costs[at(i - 1, j - 1)] + cost(&sent[i - 1], &came[j - 1]);
                    paired.min(costs[at(i - 1, j)] + ALONE).min(costs[at(i, j - 1)] + ALONE)
                }
            };
        }
    }
    let (mut i, mut j) = (sent.len(), came.len());
    let mut pairs = Vec::new();
    while i > 0 && j > 0 {
        let here = costs[at(i, j)];
        if here == costs[at(i - 1, j)] + ALONE {
            i -= 1;
        } else if here == costs[at(i, j - 1)] + ALONE {
            j -= 1;
        } else {
            (i, j) = (i - 1, j - 1);
            pairs.push((sent[i].key, came[j].key));
        }
    }
    pairs
}

/// Pairs what has left its place in the order.
fn overtaken(sent: &[Candidate], came: &[Candidate], pairs: &mut Vec<(usize, usize)>, fits: impl Fn(i64) -> bool) {
    for one in came {
        if pairs.iter().any(|(_, came)| *came == one.key) {
            continue;
        }
        let alone = |candidate: &&Candidate| pairs.iter().all(|(sent, _)| *sent != candidate.key);
        let first = sent.iter().filter(alone).find(|candidate| fits(one.ts.saturating_sub(candidate.ts)));
        pairs.extend(first.map(|candidate| (candidate.key, one.key)));
    }
}

/// What is left where all that was sent has come: each a copy of the one before it, by that one's frame.
fn copies(sent: &[Candidate], came: &[Candidate], pairs: &[(usize, usize)]) -> Vec<(usize, u64)> {
    if pairs.len() < sent.len() {
        return Vec::new();
    }
    let mut last = None;
    let mut copies = Vec::new();
    for one in came {
        match pairs.iter().find(|(_, came)| *came == one.key) {
            Some((original, _)) => {
                last = sent.iter().find(|candidate| candidate.key == *original).map(|candidate| candidate.frame)
            }
            None => copies.extend(last.map(|frame| (one.key, frame))),
        }
    }
    copies
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Packets sent then, and what takes 25 ms, but for what the network does to it.
    fn pairs(sent: &[i64], came: &[i64]) -> Vec<(usize, usize)> {
        let candidates = |times: &[i64]| -> Vec<Candidate> {
            times
                .iter()
                .enumerate()
                .map(|(key, ts)| Candidate { key, frame: 0, ts: *ts, usual: (25_000, 25_000) })
                .collect()
        };
        let (sent, came) = (candidates(sent), candidates(came));
        let mut pairs = alignment(&sent, &came, |a, b| ((b.ts - a.ts) - 25_000).unsigned_abs() as f64 / 2_000.0);
        overtaken(&sent, &came, &mut pairs, |delay| (24_000..60_000).contains(&delay));
        pairs.sort_unstable();
        pairs
    }

    #[test]
    fn a_lost_one_of_a_train_is_told_by_the_gap_that_it_leaves() {
        let sent: Vec<i64> = (0..20).map(|n| n * 1_500 + n * n * 40).collect();
        let mut came: Vec<i64> = sent.iter().map(|ts| ts + 25_000).collect();
        came.remove(7);
        let expected: Vec<_> = (0..20).filter(|n| *n != 7).enumerate().map(|(came, sent)| (sent, came)).collect();
        assert_eq!(pairs(&sent, &came), expected);
    }

    #[test]
    fn one_that_was_overtaken_is_paired_all_the_same() {
        let sent: Vec<i64> = (0..10).map(|n| n * 1_500).collect();
        let mut came: Vec<i64> = sent.iter().map(|ts| ts + 25_000).collect();
        came[2] += 20_000;
        came.sort_unstable();
        let pairs = pairs(&sent, &came);
        assert_eq!((pairs.len(), pairs[2], pairs[9]), (10, (2, 9), (9, 8)));
    }
}
