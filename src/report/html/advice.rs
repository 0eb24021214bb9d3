//! What to do about a finding: what its page says.

use crate::rules::{Page, Rule};

/// What to do.
pub fn of(rule: Rule) -> &'static str {
    Page::advice(rule)
}
