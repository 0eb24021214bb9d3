//! Retransmissions, and what they were sent for (TC2).

pub(in crate::track) mod cause;
pub(in crate::track) mod repeated;
pub(in crate::track) mod report;
pub(in crate::track) mod spurious;
pub(in crate::track) mod verdict;
