//! Numbers as sentences have them, each as a text of its own; [`units`] appends the same to a buffer.

use super::units;
use crate::capture::Span;

/// `36.0 ms`, `1.503 s`.
pub(crate) fn time(span: Span) -> String {
    units::written(|out| units::time(out, span))
}

/// `1,200`.
pub(crate) fn grouped(number: u64) -> String {
    units::written(|out| units::grouped(out, number))
}

/// `1 connection`, `1,200 connections`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// `0.4 %`, rounded to a tenth; of nothing, 0.
pub(crate) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "0 %".to_owned();
    }
    let tenths = (u128::from(part) * 1_000 + u128::from(whole) / 2) / u128::from(whole);
    let tenths = i64::try_from(tenths).unwrap_or(i64::MAX);
    format!("{} %", units::written(|out| units::fixed(out, tenths, 1)))
}
