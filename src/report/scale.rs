//! An axis of time whose long silences are cut.

/// A silence is cut that takes more than a third of what the axis would show: it leaves too little room for all else.
const SHARE: i64 = 3;

/// Maximum number of cuts.
const MAX_CUTS: usize = 8;

/// Maximum number of ticks.
const MAX_TICKS: usize = 32;

/// What a cut takes of the axis, in percent.
const CUT_PERCENT: f64 = 3.0;

/// Times from 0 on, in nanoseconds, along an axis.
#[derive(Clone, Debug, Default)]
pub struct Scale {
    span: i64,
    /// Silences that are cut, from and to.
    cuts: Vec<(i64, i64)>,
    /// What a cut takes, as if it were nanoseconds.
    narrow: f64,
}

impl Scale {
    /// Up to `span`, without the longest of these silences.
    pub fn new(span: i64, silences: impl IntoIterator<Item = (i64, i64)>) -> Self {
        let span = span.max(1);
        let mut silences: Vec<(i64, i64)> =
            silences.into_iter().filter(|(from, to)| 0 <= *from && from < to && *to <= span).collect();
        silences.sort_unstable_by_key(|(from, to)| (std::cmp::Reverse(to - from), *from));
        let (mut cuts, mut left) = (Vec::new(), span);
        for (from, to) in silences {
            if cuts.len() == MAX_CUTS || to - from <= left / SHARE {
                break;
            }
            left -= to - from;
            cuts.push((from, to));
        }
        cuts.sort_unstable();
        let share = CUT_PERCENT / 100.0;
        let narrow = left.max(1) as f64 * share / (1.0 - share * cuts.len() as f64);
        Self { span, cuts, narrow }
    }

    /// The last time.
    pub fn span(&self) -> i64 {
        self.span
    }

    /// Silences that are cut, from and to.
    pub fn cuts(&self) -> &[(i64, i64)] {
        &self.cuts
    }

    /// What a time would be if cuts were as short as they are drawn.
    pub fn drawn(&self, t: i64) -> f64 {
        let mut drawn = t as f64;
        for (from, to) in &self.cuts {
            if t <= *from {
                break;
            }
            let length = (to - from) as f64;
            let within = ((t - from) as f64 / length).min(1.0);
            drawn -= within * (length - self.narrow);
        }
        drawn
    }

    /// Where a time stands, from 0 to 1.
    pub fn place(&self, t: i64) -> f64 {
        (self.drawn(t.clamp(0, self.span)) / self.drawn(self.span).max(1.0)).clamp(0.0, 1.0)
    }

    /// Round times that stand apart by at least `apart` of the axis, and how far apart they are in time.
    pub fn ticks(&self, apart: f64) -> (i64, Vec<i64>) {
        let step = round_step(self.drawn(self.span) * apart);
        let (mut ticks, mut last, mut t) = (Vec::new(), f64::MIN, 0_i64);
        while t <= self.span && t < i64::MAX && ticks.len() < MAX_TICKS {
            if let Some((_, to)) = self.cuts.iter().find(|(from, to)| (*from..*to).contains(&t)) {
                // The first round time behind the silence.
                t = (to / step).saturating_add(1).saturating_mul(step);
                continue;
            }
            let place = self.place(t);
            if place - last >= apart * 0.8 {
                ticks.push(t);
                last = place;
            }
            t = t.saturating_add(step);
        }
        (step, ticks)
    }

    /// The cuts as the page's script reads them: `from-to from-to`, in units of so many nanoseconds.
    pub fn cuts_text(&self, unit: i64) -> String {
        let cuts = self.cuts.iter().map(|(from, to)| format!("{}-{}", from / unit, to / unit));
        cuts.collect::<Vec<_>>().join(" ")
    }

    /// What a cut takes, as if it were nanoseconds.
    pub fn narrow(&self) -> f64 {
        self.narrow
    }
}

/// The least of 1, 2 and 5 times a power of ten that is not below it.
fn round_step(least: f64) -> i64 {
    let mut step = 1_i64;
    loop {
        for factor in [1, 2, 5] {
            let wide = step.saturating_mul(factor);
            if wide as f64 >= least || wide == i64::MAX {
                return wide;
            }
        }
        step = step.saturating_mul(10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silence_that_would_fill_the_axis_is_cut_and_others_are_not() {
        let scale = Scale::new(1_000, [(100, 900), (10, 20)]);
        assert_eq!(scale.cuts(), [(100, 900)]);
        assert!((scale.place(1_000) - 1.0).abs() < 1e-9);
        let cut = scale.place(900) - scale.place(100);
        assert!((cut - 0.03).abs() < 1e-9, "{cut}");
        assert!((scale.place(100) - (1.0 - scale.place(900))).abs() < 1e-9);
        assert!(Scale::new(1_000, [(0, 300)]).cuts().is_empty());
    }

    #[test]
    fn whatever_the_silences_are_time_runs_forward() {
        let silences = [(i64::MIN, 5), (5, 4), (0, i64::MAX), (i64::MAX - 5, i64::MAX), (7, 7)];
        for span in [0, 1, 1_000_000, i64::MAX] {
            let scale = Scale::new(span, silences);
            let places = [0, 1, 2, span / 2, span].map(|t| scale.place(t));
            assert!(places.is_sorted() || span < 4, "{places:?}");
        }
    }
}
