//! Round trips of one direction: extremes and quantiles, in a few words however many there are.

use std::slice;

use prefetch_index::prefetch_index;

use crate::capture::Span;

use crate::track::RttSummary;
use crate::track::packed::{Pack, Packer, Unpacker};

/// Round trips from this end's segments to what acknowledged them, at the capture point.
#[derive(Debug)]
pub(in crate::track) enum Rtt {
    /// Few: themselves, in order and in [short](short) form. Most connections have no more, and need no memory besides.
    First(u8, [u32; INLINE_SAMPLES]),
    /// More, or one that has no exact short form.
    More(Box<Spread>),
}

impl Default for Rtt {
    fn default() -> Self {
        Self::First(0, [0; INLINE_SAMPLES])
    }
}

const INLINE_SAMPLES: usize = 3;

const _: () = assert!(size_of::<Rtt>() <= 16, "every connection has two");

/// What is known of more samples.
#[derive(Debug)]
pub(in crate::track) struct Spread {
    samples: u32,
    min: i64,
    max: i64,
    between: Between,
}

/// What the quantiles are had from.
#[derive(Debug)]
enum Between {
    /// Few samples: themselves, in order.
    Few([u32; EXACT_SAMPLES]),
    /// Many: markers.
    Many(Markers),
}

/// So many samples are kept as they are.
const EXACT_SAMPLES: usize = 20;

/// Estimates of quantiles.
// K. Raatikainen, "Simultaneous estimation of several percentiles", Simulation 49 (1987), which extends the P² algorithm of
// R. Jain and I. Chlamtac, CACM 28 (1985).
#[derive(Debug)]
struct Markers {
    /// Their heights, in nanoseconds.
    heights: [i64; MARKERS],
    /// How many samples lie at or below each.
    ranks: [u32; MARKERS],
}

/// A marker each for the minimum, the median, the 95th of a hundred and the maximum, and one between any two.
const MARKERS: usize = 7;
const QUANTILES: [f64; MARKERS] = [0.0, 0.25, 0.5, 0.725, 0.95, 0.975, 1.0];
const MEDIAN: usize = 2;
const P95: usize = 4;
/// Where the markers begin among few samples.
const FIRST_RANKS: [u32; MARKERS] = [1, 6, 10, 15, 18, 19, EXACT_SAMPLES as u32];

impl Rtt {
    pub(crate) fn add(&mut self, rtt: Span) {
        match self {
            Self::First(count, first) if long(short(rtt.0)) == rtt.0 && usize::from(*count) < INLINE_SAMPLES => {
                first[usize::from(*count)] = short(rtt.0);
                *count += 1;
                first[..usize::from(*count)].sort_unstable();
            }
            Self::First(count, first) => {
                let mut spread = Spread::of(&first[..usize::from(*count)]);
                spread.add(rtt.0);
                *self = Self::More(Box::new(spread));
            }
            Self::More(spread) => spread.add(rtt.0),
        }
    }

    /// The few first ones, in order, while there are no more.
    #[inline]
    fn first(&self) -> Option<&[u32]> {
        match self {
            Self::First(count, first) => first.get(..usize::from(*count)),
            Self::More(_) => None,
        }
    }

    #[inline]
    pub(crate) fn min(&self) -> Option<Span> {
        match self {
            Self::First(..) => Some(Span(long(*self.first()?.first()?))),
            Self::More(spread) => Some(Span(spread.min)),
        }
    }

    pub(crate) fn samples(&self) -> u32 {
        match self {
            Self::First(count, _) => u32::from(*count),
            Self::More(spread) => spread.samples,
        }
    }

    pub(crate) fn max(&self) -> Option<Span> {
        match self {
            Self::First(..) => Some(Span(long(*self.first()?.last()?))),
            Self::More(spread) => Some(Span(spread.max)),
        }
    }

    pub(crate) fn summary(&self) -> Option<RttSummary> {
        let [min, max] = [self.min()?, self.max()?];
        let samples = self.samples();
        let of_few = |few: &[u32]| {
            let count = samples as usize;
            [(count - 1) / 2, (count * 95).div_ceil(100) - 1].map(|at| long(few[at]))
        };
        let [median, p95] = match self {
            Self::First(_, first) => of_few(first),
            Self::More(spread) => match &spread.between {
                Between::Few(few) => of_few(few),
                Between::Many(markers) => [MEDIAN, P95].map(|at| markers.heights[at]),
            },
        };
        Some(RttSummary { min, median: Span(median), p95: Span(p95), max, samples })
    }

    /// Has prefetched what the next sample needs.
    #[inline]
    pub(crate) fn prefetch(&self) {
        if let Self::More(spread) = self {
            // Its first cache line, and the one behind its end.
            (0..=1).for_each(|at| prefetch_index(slice::from_ref(&**spread), at));
        }
    }

    /// The memory that it takes besides its own size.
    pub(crate) fn heap_bytes(&self) -> usize {
        match self {
            Self::First(..) => 0,
            Self::More(_) => size_of::<Spread>(),
        }
    }
}

impl Pack for Rtt {
    fn pack(&self, out: &mut Packer) {
        out.flag(matches!(self, Self::More(_)));
        match self {
            Self::First(count, first) => {
                count.pack(out);
                first.iter().take(usize::from(*count)).for_each(|sample| sample.pack(out));
            }
            Self::More(spread) => spread.pack(out),
        }
    }

    fn unpack(from: &mut Unpacker) -> Self {
        if from.flag() {
            return Self::More(Pack::unpack(from));
        }
        let count = Pack::unpack(from);
        Self::First(count, unpack_few(from, u32::from(count)))
    }
}

impl Spread {
    /// Of a few samples, in order.
    fn of(first: &[u32]) -> Self {
        let mut few = [0; EXACT_SAMPLES];
        few[..first.len()].copy_from_slice(first);
        let [min, max] = [first.first(), first.last()].map(|sample| sample.map(|sample| long(*sample)));
        let (min, max) = (min.unwrap_or(i64::MAX), max.unwrap_or(i64::MIN));
        Self { samples: first.len() as u32, min, max, between: Between::Few(few) }
    }

    /// Takes one more sample.
    fn add(&mut self, rtt: i64) {
        (self.min, self.max) = (self.min.min(rtt), self.max.max(rtt));
        let count = self.samples as usize;
        self.samples = self.samples.saturating_add(1);
        let samples = self.samples;
        match &mut self.between {
            Between::Few(few) if count < EXACT_SAMPLES => {
                few[count] = short(rtt);
                few[..=count].sort_unstable();
            }
            Between::Few(few) => {
                let heights = FIRST_RANKS.map(|rank| long(few[rank as usize - 1]));
                let mut markers = Markers { heights, ranks: FIRST_RANKS };
                markers.add(rtt, samples);
                self.between = Between::Many(markers);
            }
            Between::Many(markers) => markers.add(rtt, samples),
        }
    }
}

impl Pack for Spread {
    fn pack(&self, out: &mut Packer) {
        self.samples.pack(out);
        [self.min, self.max].map(Span).pack(out);
        out.flag(matches!(self.between, Between::Many(_)));
        match &self.between {
            Between::Few(few) => few.iter().take(self.samples as usize).for_each(|sample| sample.pack(out)),
            Between::Many(Markers { heights, ranks }) => {
                heights.map(Span).pack(out);
                ranks.pack(out);
            }
        }
    }

    fn unpack(from: &mut Unpacker) -> Self {
        let samples = Pack::unpack(from);
        let [Span(min), Span(max)] = Pack::unpack(from);
        let between = if from.flag() {
            let heights: [Span; MARKERS] = Pack::unpack(from);
            Between::Many(Markers { heights: heights.map(|height| height.0), ranks: Pack::unpack(from) })
        } else {
            Between::Few(unpack_few(from, samples))
        };
        Self { samples, min, max, between }
    }
}

/// So many samples, and zeros behind them.
fn unpack_few<const N: usize>(from: &mut Unpacker, count: u32) -> [u32; N] {
    std::array::from_fn(|at| if at < count as usize { Pack::unpack(from) } else { 0 })
}

/// A time in 32 bits: nanoseconds up to two seconds, and above that microseconds.
fn short(nanos: i64) -> u32 {
    match u32::try_from(nanos.max(0)) {
        Ok(nanos) if nanos < MICROS => nanos,
        _ => MICROS | u32::try_from(nanos.max(0) / 1000).unwrap_or(u32::MAX).min(MICROS - 1),
    }
}

fn long(short: u32) -> i64 {
    if short < MICROS { i64::from(short) } else { i64::from(short & !MICROS) * 1000 }
}

/// The bit that tells microseconds.
const MICROS: u32 = 1 << 31;

impl Markers {
    fn add(&mut self, rtt: i64, samples: u32) {
        let heights = &mut self.heights;
        heights[0] = heights[0].min(rtt);
        heights[MARKERS - 1] = heights[MARKERS - 1].max(rtt);
        let below = heights[..MARKERS - 1].iter().filter(|height| **height <= rtt).count();
        self.ranks[below.max(1)..].iter_mut().for_each(|rank| *rank = rank.saturating_add(1));
        for marker in 1..MARKERS - 1 {
            self.settle(marker, samples);
        }
    }

    /// Moves an inner marker one rank where it is off by one or more.
    fn settle(&mut self, at: usize, samples: u32) {
        let height = |marker: usize| self.heights[marker] as f64;
        let [before, rank, behind] = [at - 1, at, at + 1].map(|marker| self.ranks[marker]);
        let off = 1.0 + f64::from(samples - 1) * QUANTILES[at] - f64::from(rank);
        let up = off >= 1.0 && behind > rank.saturating_add(1);
        let down = off <= -1.0 && rank > before.saturating_add(1);
        if !up && !down {
            return;
        }
        let (below, above) = (f64::from(rank) - f64::from(before), f64::from(behind) - f64::from(rank));
        let (left, right) = ((height(at) - height(at - 1)) / below, (height(at + 1) - height(at)) / above);
        let (step, slope) = if up { (1.0, right) } else { (-1.0, left) };
        // A parabola through the three markers, unless it leaves their order: a straight line then.
        let curved = step * ((below + step) * right + (above - step) * left) / (below + above);
        let moved = height(at) + curved;
        let moved = if height(at - 1) < moved && moved < height(at + 1) { moved } else { height(at) + step * slope };
        self.heights[at] = nearest(moved);
        self.ranks[at] = self.ranks[at].wrapping_add_signed(step as i32);
    }
}

/// The nearest whole number, halves away from zero: `round`, where that is no instruction of the machine but a call.
fn nearest(value: f64) -> i64 {
    let whole = value as i64;
    let rest = value - whole as f64;
    whole.saturating_add(i64::from(rest >= 0.5)).saturating_sub(i64::from(rest <= -0.5))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::Timestamp;
    use crate::track::packed::Codec;

    fn summary(samples: impl Iterator<Item = i64>) -> RttSummary {
        let mut rtt = Rtt::default();
        samples.for_each(|sample| rtt.add(Span(sample)));
        rtt.summary().unwrap()
    }

    #[test]
    fn long_round_trips_are_kept_to_the_microsecond() {
        let times = [0, 1, 2_147_483_647, 2_147_484_000, 5_000_000_000];
        assert_eq!(times.map(|nanos| long(short(nanos))), times);
        assert!(short(2_147_483_647) < short(2_147_484_000) && short(i64::MAX) > short(5_000_000_000));
    }

    #[test]
    fn of_a_few_samples_the_quantiles_are_samples() {
        let summary = summary([30, 10, 20, 50, 40].into_iter());
        assert_eq!((summary.min, summary.median, summary.p95, summary.max), (Span(10), Span(30), Span(50), Span(50)));
    }

    #[test]
    fn of_many_they_are_close_whatever_the_order() {
        let mut state = 1_u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as i64 % 10_000
        };
        let summary = summary((0..10_000).map(|_| random()));
        assert!((4_800..=5_200).contains(&summary.median.0), "{summary:?}");
        assert!((9_300..=9_700).contains(&summary.p95.0), "{summary:?}");
        assert_eq!(summary.samples, 10_000);
    }

    #[test]
    fn equal_samples_and_outliers_do_no_harm() {
        let all_equal = summary((0..1_000).map(|_| 5));
        assert_eq!((all_equal.median, all_equal.p95), (Span(5), Span(5)));
        let rare = summary((0..1_000).map(|n| if n % 100 == 50 { 1_000_000_000 } else { 1_000 + n % 10 }));
        assert!((1_000..1_010).contains(&rare.median.0) && rare.max == Span(1_000_000_000), "{rare:?}");
        let extreme = summary([i64::MAX, i64::MIN].into_iter().cycle().take(100));
        assert_eq!((extreme.min.0, extreme.max.0), (i64::MIN, i64::MAX));
    }

    #[test]
    fn the_nearest_whole_number_is_the_one_that_round_names() {
        let halves = [0.5, 1.5, 2.5, 0.499_999_999_999_999_94, 1e15 + 0.5, 4_503_599_627_370_497.5];
        let large = [9_007_199_254_740_993.0, 9.3e18, f64::INFINITY, f64::NAN, 0.0];
        for value in halves.into_iter().chain(large).flat_map(|value| [value, -value]) {
            assert_eq!(nearest(value), value.round() as i64, "{value}");
        }
    }

    #[test]
    fn packed_and_unpacked_they_are_the_same_whatever_the_clock_did() {
        for samples in [[i64::MIN, i64::MAX, 0], [-5, 7, i64::MIN], [1_000, 2_000, 3_000]] {
            let mut rtt = Rtt::default();
            samples.into_iter().for_each(|sample| rtt.add(Span(sample)));
            let mut codec = Codec::default();
            let packed = codec.pack(&[], Timestamp(0), &rtt).to_vec();
            let again: Rtt = codec.unpack(Timestamp(0), &packed);
            assert_eq!(format!("{again:?}"), format!("{rtt:?}"));
        }
    }
}
