//! What TCP is: one connection of two ends, its numbers, and what each segment does to them.

pub(in crate::track) mod connection;
pub(in crate::track) mod endpoint;
pub(in crate::track) mod facts;
pub(in crate::track) mod fast_path;
pub(in crate::track) mod gaps;
pub(in crate::track) mod history;
pub(in crate::track) mod key;
pub(in crate::track) mod rtt;
pub(in crate::track) mod sequence;
pub(in crate::track) mod state;
