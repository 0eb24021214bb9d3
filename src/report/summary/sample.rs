//! A median and other quantiles in bounded memory.

use crate::capture::Span;

/// Most values kept.
const KEPT: usize = 4096;

/// An even sample of many spans: all of them up to 4096, then every second, every fourth, and so on.
#[derive(Clone, Debug, Default)]
pub(super) struct Sample {
    kept: Vec<Span>,
    /// One of `2^halvings` values is kept.
    halvings: u32,
    count: u64,
    bounds: Option<(Span, Span)>,
}

impl Sample {
    /// Adds a value.
    pub(super) fn add(&mut self, span: Span) {
        let (min, max) = self.bounds.unwrap_or((span, span));
        self.bounds = Some((min.min(span), max.max(span)));
        if self.count.trailing_zeros() >= self.halvings {
            if self.kept.len() == KEPT {
                let mut at = 0_usize;
                self.kept.retain(|_| {
                    at += 1;
                    at % 2 == 1
                });
                self.halvings += 1;
            }
            if self.count.trailing_zeros() >= self.halvings {
                self.kept.push(span);
            }
        }
        self.count += 1;
    }

    /// How many were added.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The least and the greatest.
    pub(super) fn bounds(&self) -> Option<(Span, Span)> {
        self.bounds
    }

    /// The middle one of those kept; of an even number the lower of the two.
    pub(super) fn median(&self) -> Option<Span> {
        self.quantile(50)
    }

    /// The nearest rank: the least of those kept that at least so many of a hundred do not exceed.
    pub(super) fn quantile(&self, percent: usize) -> Option<Span> {
        let mut sorted = self.kept.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent.min(100)).div_ceil(100);
        sorted.get(rank.saturating_sub(1)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_few_is_exact() {
        let mut sample = Sample::default();
        assert_eq!(sample.median(), None);
        for ms in [30, 10, 20] {
            sample.add(Span::from_millis(ms));
        }
        assert_eq!(sample.median(), Some(Span::from_millis(20)));
        assert_eq!(sample.quantile(95), Some(Span::from_millis(30)));
        assert_eq!(sample.quantile(1), Some(Span::from_millis(10)));
        assert_eq!(sample.bounds(), Some((Span::from_millis(10), Span::from_millis(30))));
    }

    #[test]
    fn a_million_values_keep_to_the_bound_and_to_the_middle() {
        let mut sample = Sample::default();
        for value in 0..1_000_000 {
            sample.add(Span(value));
        }
        assert!(sample.kept.len() <= KEPT);
        assert_eq!(sample.count(), 1_000_000);
        let median = sample.median().unwrap().0;
        assert!((499_000..501_000).contains(&median), "{median}");
    }
}
