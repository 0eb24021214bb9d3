//! One-way delays: their extremes, and their quantiles within a hundredth.

use crate::capture::Span;

/// Buckets of one power of two: a delay is known to one part in so many.
const STEPS: u64 = 64;

/// Delays of many packets, in as many buckets as there are different ones.
#[derive(Clone, Debug, Default)]
pub struct Delays {
    count: u64,
    min: i64,
    max: i64,
    /// Buckets in order, with how many delays are in each.
    buckets: Vec<(u16, u32)>,
}

impl Delays {
    pub(super) fn add(&mut self, delay: Span) {
        let delay = delay.0;
        (self.min, self.max) =
            if self.count == 0 { (delay, delay) } else { (self.min.min(delay), self.max.max(delay)) };
        self.count += 1;
        let bucket = bucket(delay.max(0).unsigned_abs());
        match self.buckets.binary_search_by_key(&bucket, |(bucket, _)| *bucket) {
            Ok(at) => self.buckets[at].1 = self.buckets[at].1.saturating_add(1),
            Err(at) => self.buckets.insert(at, (bucket, 1)),
        }
    }

    /// Takes another's in.
    pub(super) fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        if self.count == 0 {
            *self = other.clone();
            return;
        }
        (self.min, self.max) = (self.min.min(other.min), self.max.max(other.max));
        self.count += other.count;
        for (bucket, count) in &other.buckets {
            match self.buckets.binary_search_by_key(bucket, |(bucket, _)| *bucket) {
                Ok(at) => self.buckets[at].1 = self.buckets[at].1.saturating_add(*count),
                Err(at) => self.buckets.insert(at, (*bucket, *count)),
            }
        }
    }

    /// Packets.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The shortest.
    pub fn min(&self) -> Option<Span> {
        (self.count > 0).then_some(Span(self.min))
    }

    /// The longest.
    pub fn max(&self) -> Option<Span> {
        (self.count > 0).then_some(Span(self.max))
    }

    /// So many of a hundred are no longer than this.
    pub fn percentile(&self, percent: u64) -> Option<Span> {
        let wanted = (self.count * percent).div_ceil(100).max(1);
        let mut below = 0;
        let bucket = self.buckets.iter().find(|(_, count)| {
            below += u64::from(*count);
            below >= wanted
        });
        bucket.map(|(bucket, _)| Span(middle(*bucket).clamp(self.min, self.max)))
    }
}

/// Linear below 64 ns, then 64 steps between one power of two and the next (as HdrHistogram does).
fn bucket(delay: u64) -> u16 {
    let power = (delay / STEPS).checked_ilog2().map_or(0, |log| log + 1);
    let step = if power == 0 { delay } else { (delay >> (power - 1)) - STEPS };
    (u64::from(power) * STEPS + step) as u16
}

/// The middle of a bucket.
fn middle(bucket: u16) -> i64 {
    let (power, step) = (u64::from(bucket) / STEPS, u64::from(bucket) % STEPS);
    if power == 0 {
        return step as i64;
    }
    let width = 1_u64 << (power - 1);
    i64::try_from((STEPS + step) * width + width / 2).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_holds_the_delays_next_to_its_middle() {
        for delay in (0..63).map(|bits| 1_u64 << bits).flat_map(|delay| [delay, delay + delay / 3, delay * 2 - 1]) {
            let found = middle(bucket(delay)) as f64;
            assert!((found - delay as f64).abs() <= delay as f64 / 100.0 + 1.0, "{delay}: {found}");
        }
    }

    #[test]
    fn percentiles_are_delays_that_were_seen() {
        let mut delays = Delays::default();
        (1..=1000).for_each(|ms| delays.add(Span::from_millis(ms)));
        for (percent, ms) in [(1, 10), (50, 500), (95, 950), (100, 1000)] {
            let found = delays.percentile(percent).unwrap().as_millis_f64();
            assert!((found - f64::from(ms)).abs() < f64::from(ms) / 60.0, "{percent}: {found}");
        }
        assert_eq!((delays.min(), delays.max()), (Some(Span::from_millis(1)), Some(Span::from_secs(1))));
        assert_eq!(Delays::default().percentile(50), None);
    }
}
