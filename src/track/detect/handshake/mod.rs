//! Opening (TC1), and opening again on the same ports.

pub(in crate::track) mod opening;
pub(in crate::track) mod reuse;
