//! Windows, and probes of what they stop.

pub(in crate::track) mod advertised;
pub(in crate::track) mod probe;
