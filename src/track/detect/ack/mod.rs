//! Acknowledgments (TC3).

pub(in crate::track) mod acks;
pub(in crate::track) mod sack;
pub(in crate::track) mod suspect;
