//! Packets of two captures that could be the same, as far as they agree on the clocks.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::capture::{Span, Timestamp};

use super::sketch::Sampled;

/// Packets that agree on the clocks before two captures are taken for two sides of one traffic.
pub(super) const ENOUGH: usize = 3;

/// Packets that agree on another offset before a clock is taken to have been set.
const STEPPED: usize = 10;

/// Packets that could be the same and agree on the clocks.
pub(super) struct Agreed {
    pub both: Vec<(Sampled, Sampled)>,
    /// Many of the others agree on clocks that are so far from these, from then on or until then.
    pub step: Option<(Span, Timestamp)>,
}

impl Agreed {
    /// Of packets that could be the same; none where too few agree.
    pub(super) fn new(possible: usize, both: &[(Sampled, Sampled)]) -> Option<Self> {
        let mut offsets: Vec<i64> = both.iter().map(ahead).collect();
        offsets.sort_unstable();
        let span = both.last()?.0.ts.since(both.first()?.0.ts);
        // A round trip, a queue, and what clocks drift meanwhile.
        let width = Span::from_secs(2).0.saturating_add(span.0.unsigned_abs().checked_div(2_000)? as i64);
        let (count, from) = most_within(&offsets, width)?;
        // Of three packets all have to agree; of thousands, what chance does not explain.
        if count < ENOUGH.min(possible) || count == 0 || count * 2 < both.len() && count < possible / 50 + ENOUGH {
            return None;
        }
        let agrees = |offset: i64| (0..=width).contains(&offset.saturating_sub(from));
        let others: Vec<i64> = offsets.iter().copied().filter(|offset| !agrees(*offset)).collect();
        let step = most_within(&others, width).filter(|(many, _)| *many >= STEPPED).and_then(|(many, other)| {
            let times = |is: &dyn Fn(i64) -> bool| -> Vec<Timestamp> {
                both.iter().filter(|both| is(ahead(both))).map(|(a, _)| a.ts).collect()
            };
            let [these, others] =
                [times(&agrees), times(&|offset: i64| (0..=width).contains(&offset.saturating_sub(other)))];
            let later = if these.get(these.len() / 2) > others.get(others.len() / 2) {
                (&these, &others)
            } else {
                (&others, &these)
            };
            // One after the other is a clock that was set; among each other it has to be many. Chance may put a few anywhere.
            let when = *later.0.get(later.0.len() / 20)?;
            let apart = later.1.get(later.1.len() * 19 / 20).is_some_and(|end| *end <= when);
            let by = Span(other.saturating_sub(from).saturating_abs());
            (apart || many * 5 >= both.len()).then_some((by, when))
        });
        let both = both.iter().filter(|both| agrees(ahead(both))).copied().collect();
        Some(Self { both: same(same(both, |one| one.ip_id), |one| one.times), step })
    }

    /// Whether something of both directions is among them.
    pub(super) fn goes_both_ways(&self) -> bool {
        let senders: BTreeSet<IpAddr> = self.both.iter().map(|(a, _)| a.src).collect();
        self.both.iter().any(|(a, _)| senders.contains(&a.dst))
    }
}

/// Without those that are told to be others by something which nearly all have in common, such as a retransmission whose first copy
/// offload has hidden.
fn same<T: PartialEq>(
    mut both: Vec<(Sampled, Sampled)>,
    fact: impl Fn(&Sampled) -> Option<T>,
) -> Vec<(Sampled, Sampled)> {
    let differ = |(a, b): &(Sampled, Sampled)| fact(a).zip(fact(b)).is_some_and(|(a, b)| a != b);
    if both.iter().filter(|both| differ(both)).count() * 5 <= both.len() {
        both.retain(|both| !differ(both));
    }
    both
}

/// How far B's clock is ahead by one packet.
fn ahead((a, b): &(Sampled, Sampled)) -> i64 {
    b.ts.since(a.ts).0
}

/// Of sorted numbers the most that lie so close together: how many, and the first.
fn most_within(sorted: &[i64], width: i64) -> Option<(usize, i64)> {
    let mut low = 0;
    let mut best = (0, 0);
    for high in 0..sorted.len() {
        while sorted[high].saturating_sub(sorted[low]) > width {
            low += 1;
        }
        best = best.max((high + 1 - low, low));
    }
    sorted.get(best.1).map(|from| (best.0, *from))
}
