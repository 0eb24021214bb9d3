//! Capture time: the only clock that the analysis knows.

use serde::{Deserialize, Serialize};

/// An instant in capture time, in nanoseconds since 1970-01-01 00:00:00 UTC.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// From whole seconds and the nanoseconds within them; what does not fit is held at the nearest end.
    #[inline]
    pub fn new(seconds: i64, nanos: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000_000).saturating_add(nanos))
    }

    /// Whole seconds since the epoch, rounded down.
    #[inline]
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000_000)
    }

    /// Nanoseconds within the second, `0..1_000_000_000`.
    #[inline]
    pub fn subsec_nanos(self) -> u32 {
        self.0.rem_euclid(1_000_000_000) as u32
    }

    /// How long after `earlier` this is; negative when it is before.
    #[inline]
    pub fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

/// A length of capture time in nanoseconds; negative when a clock went back.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Span(pub i64);

impl Span {
    /// A span of whole milliseconds.
    pub const fn from_millis(ms: i64) -> Self {
        Self(ms.saturating_mul(1_000_000))
    }

    /// A span of whole seconds.
    pub const fn from_secs(s: i64) -> Self {
        Self(s.saturating_mul(1_000_000_000))
    }

    /// Whether it is shorter than `percent` of another.
    pub fn is_below(self, percent: i64, other: Self) -> bool {
        i128::from(self.0) * 100 < i128::from(other.0) * i128::from(percent)
    }

    /// Shorter by another; negative when that is longer.
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Twice as long.
    pub const fn doubled(self) -> Self {
        Self(self.0.saturating_mul(2))
    }

    /// In milliseconds, with what is left as a fraction.
    pub fn as_millis_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// In seconds, with what is left as a fraction.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

/// How fine a capture's timestamps are.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Precision {
    /// Microseconds (or coarser).
    #[default]
    Micro,
    /// Nanoseconds (or finer than a microsecond).
    Nano,
}
