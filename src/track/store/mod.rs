//! Where connections are kept.

pub(in crate::track) mod cold;
pub(in crate::track) mod hot;
pub(in crate::track) mod table;
