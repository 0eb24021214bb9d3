//! What a third party's segments look like (TC6).

pub(in crate::track) mod challenge;
pub(in crate::track) mod content;
pub(in crate::track) mod injection;
pub(in crate::track) mod path;
