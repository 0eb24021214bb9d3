//! Where connections are kept.

pub(in crate::track) mod awake;
pub(in crate::track) mod label;
pub(in crate::track) mod table;
