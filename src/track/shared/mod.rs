//! What connections have in common.

pub(in crate::track) mod carried;
pub(in crate::track) mod context;
pub(in crate::track) mod echo;
pub(in crate::track) mod icmp;
pub(in crate::track) mod isn;
pub(in crate::track) mod recent;
pub(in crate::track) mod stall;
pub(in crate::track) mod taps;
pub(in crate::track) mod waits;
