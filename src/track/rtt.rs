//! Round trips of one direction: extremes, and a sample for the median that stays small.

use crate::capture::Span;

use super::RttSummary;

/// Round trips from this end's segments to what acknowledged them, at the capture point.
#[derive(Debug, Default)]
pub(super) struct Rtt {
    samples: u32,
    min: i64,
    max: i64,
    /// Every `stride`-th sample. When it is full, every second one goes: an even sample in bounded memory.
    kept: Vec<i64>,
    stride: u32,
}

const KEPT: usize = 64;

impl Rtt {
    pub fn add(&mut self, rtt: Span) {
        if self.samples == 0 {
            (self.min, self.max, self.stride) = (rtt.0, rtt.0, 1);
        }
        self.min = self.min.min(rtt.0);
        self.max = self.max.max(rtt.0);
        if self.samples.is_multiple_of(self.stride) {
            if self.kept.len() == KEPT {
                let mut nth = 0;
                self.kept.retain(|_| {
                    nth += 1;
                    nth % 2 == 1
                });
                self.stride = self.stride.saturating_mul(2);
            }
            if self.samples.is_multiple_of(self.stride) {
                self.kept.push(rtt.0);
            }
        }
        self.samples = self.samples.saturating_add(1);
    }

    pub fn min(&self) -> Option<Span> {
        (self.samples > 0).then_some(Span(self.min))
    }

    pub fn max(&self) -> Option<Span> {
        (self.samples > 0).then_some(Span(self.max))
    }

    pub fn summary(&self) -> Option<RttSummary> {
        let mut sorted = self.kept.clone();
        sorted.sort_unstable();
        let last = sorted.len().checked_sub(1)?;
        let [median, p95] = [*sorted.get(last / 2)?, *sorted.get((sorted.len() * 95).div_ceil(100) - 1)?].map(Span);
        Some(RttSummary { min: Span(self.min), median, p95, max: Span(self.max), samples: self.samples })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_many_samples_comes_from_an_even_sample() {
        let mut rtt = Rtt::default();
        (0..10_000).for_each(|n| rtt.add(Span(n)));
        let summary = rtt.summary().unwrap();
        assert_eq!((summary.min, summary.max, summary.samples), (Span(0), Span(9_999), 10_000));
        assert!((4_600..=5_400).contains(&summary.median.0), "{summary:?}");
        assert!((9_200..=9_800).contains(&summary.p95.0), "{summary:?}");
        assert!(rtt.kept.len() <= KEPT);
    }
}
