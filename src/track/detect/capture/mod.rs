//! What the capture itself is like (TC9).

pub(in crate::track) mod carried;
pub(in crate::track) mod copies;
pub(in crate::track) mod quality;
pub(in crate::track) mod unread;
pub(in crate::track) mod unseen;
