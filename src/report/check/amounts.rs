//! Numbers and times in a verdict's words.

use crate::capture::Span;
use crate::report::units;

/// `1 connection`, `2 connections`, `1,000 connections`.
pub(super) fn counted(count: u64, what: &str) -> String {
    let number = units::written(|out| units::grouped(out, count));
    if count == 1 { format!("{number} {what}") } else { format!("{number} {what}s") }
}

/// `23.1 %`.
pub(super) fn percent(part: u64, of: u64) -> String {
    if of == 0 {
        return "0 %".to_owned();
    }
    let tenths = (u128::from(part) * 1_000 + u128::from(of) / 2) / u128::from(of);
    let tenths: i64 = tenths.try_into().unwrap_or(i64::MAX);
    format!("{} %", units::written(|out| units::fixed(out, tenths, 1)))
}

pub(super) fn time(span: Span) -> String {
    units::written(|out| units::time(out, span))
}
