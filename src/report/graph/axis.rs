//! An axis: what it counts, where a value stands on it, and where its grid is.

/// An axis is so many units long, whatever it shows.
pub(super) const UNITS: i64 = 100_000;

/// About so many lines of a grid.
const TICKS: i64 = 6;

/// What an axis counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unit {
    /// Nanoseconds.
    Time,
    /// Sequence numbers.
    Number,
    /// Bytes.
    Bytes,
    /// Bits a second.
    Rate,
}

impl Unit {
    /// How the page's script calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Number => "number",
            Self::Bytes => "bytes",
            Self::Rate => "rate",
        }
    }

    /// A value as it stands at a line of the grid, where these are `step` apart.
    pub fn label(self, value: i64, step: i64) -> String {
        let (value, step) = match self {
            Self::Number => return value.to_string(),
            // A nanosecond is the unit: 10^-9 s.
            Self::Time => (value as f64 / 1e9, step as f64 / 1e9),
            Self::Bytes | Self::Rate => (value as f64, step as f64),
        };
        if value == 0.0 {
            return "0".to_owned();
        }
        let sizes = [(1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n")];
        let whole = if matches!(self, Self::Time) { &sizes[3..] } else { &sizes[..4] };
        let (size, prefix) = whole.iter().find(|(size, _)| value.abs() >= *size * 0.9999).copied().unwrap_or((1.0, ""));
        let places = if step >= size { 0 } else { (size / step).log10().ceil().clamp(0.0, 6.0) as usize };
        let unit = match self {
            Self::Time => "s",
            Self::Bytes => "B",
            Self::Rate => "bit/s",
            Self::Number => "",
        };
        format!("{:.places$} {prefix}{unit}", value / size)
    }
}

/// A range of values.
#[derive(Clone, Copy, Debug)]
pub struct Axis {
    low: i64,
    high: i64,
    unit: Unit,
}

impl Axis {
    /// From the lowest to the highest value.
    pub fn new(low: i64, high: i64, unit: Unit) -> Self {
        Self { low, high: if high > low { high } else { low.saturating_add(1) }, unit }
    }

    /// The lowest value.
    pub fn low(&self) -> i64 {
        self.low
    }

    /// The highest.
    pub fn high(&self) -> i64 {
        self.high
    }

    /// What it counts.
    pub fn unit(&self) -> Unit {
        self.unit
    }

    /// The same with a little room beyond its ends, so that what stands there is seen whole.
    pub fn with_room(self) -> Self {
        let room = self.high.saturating_sub(self.low) / 40;
        let low = if self.low == 0 { 0 } else { self.low.saturating_sub(room) };
        Self { low, high: self.high.saturating_add(room.max(1)), ..self }
    }

    /// Where a value stands between 0 and [`UNITS`].
    pub fn place(&self, value: i64) -> i64 {
        let (from, span) = (i128::from(self.low), i128::from(self.high) - i128::from(self.low));
        let place = (i128::from(value) - from) * i128::from(UNITS) / span;
        i64::try_from(place.clamp(-i128::from(UNITS), 2 * i128::from(UNITS))).unwrap_or(0)
    }

    /// Values of the grid: 1, 2 or 5 times a power of ten apart.
    pub fn ticks(&self) -> Vec<(i64, String)> {
        let span = self.high.saturating_sub(self.low).max(1);
        let mut step = 1_i64;
        'search: loop {
            for factor in [1, 2, 5] {
                if span / step.saturating_mul(factor) <= TICKS {
                    step = step.saturating_mul(factor);
                    break 'search;
                }
            }
            step = step.saturating_mul(10);
        }
        let first = self.low.div_euclid(step).saturating_mul(step);
        (0..=TICKS + 2)
            .map(|at| first.saturating_add(step.saturating_mul(at)))
            .filter(|value| (self.low..=self.high).contains(value))
            .map(|value| (value, self.unit.label(value, step)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_a_grid_are_round_and_have_their_units() {
        let labels = |low, high, unit| {
            Axis::new(low, high, unit).ticks().into_iter().map(|(_, label)| label).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(labels(0, 119_000_000, Unit::Time), "0, 20 ms, 40 ms, 60 ms, 80 ms, 100 ms");
        assert_eq!(labels(0, 1_084_100_000, Unit::Time), "0, 200 ms, 400 ms, 600 ms, 800 ms, 1.0 s");
        assert_eq!(labels(0, 87_040, Unit::Bytes), "0, 20 kB, 40 kB, 60 kB, 80 kB");
        assert_eq!(labels(1, 30_001, Unit::Number), "5000, 10000, 15000, 20000, 25000, 30000");
        assert_eq!(
            labels(0, 3_000_000, Unit::Rate),
            "0, 500 kbit/s, 1.0 Mbit/s, 1.5 Mbit/s, 2.0 Mbit/s, 2.5 Mbit/s, 3.0 Mbit/s"
        );
        assert!(!labels(i64::MIN, i64::MAX, Unit::Bytes).is_empty());
        assert_eq!(labels(5, 5, Unit::Bytes), "5 B, 6 B");
    }
}
