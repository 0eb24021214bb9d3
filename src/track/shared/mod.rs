//! What connections have in common.

pub(in crate::track) mod flood;
pub(in crate::track) mod isn;
pub(in crate::track) mod recent;
