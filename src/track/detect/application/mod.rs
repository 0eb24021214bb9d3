//! What the programs do with a network that works (TC8).

pub(in crate::track) mod exchanges;
pub(in crate::track) mod programs;
