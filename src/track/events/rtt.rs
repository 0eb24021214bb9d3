//! Round trips in numbers.

use crate::capture::Span;

/// Round trips of a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RttSummary {
    /// The shortest.
    pub min: Span,
    /// The middle one (estimated where there are more than twenty).
    pub median: Span,
    /// 95 of 100 are no longer than this (estimated likewise).
    pub p95: Span,
    /// The longest.
    pub max: Span,
    /// How many were measured.
    pub samples: u32,
}
