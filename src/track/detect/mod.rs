//! What is found: a folder or file a subject, in the order of the rules.

pub(in crate::track) mod ack;
pub(in crate::track) mod application;
pub(in crate::track) mod capture;
pub(in crate::track) mod close;
pub(in crate::track) mod conclude;
pub(in crate::track) mod diagnosis;
pub(in crate::track) mod handshake;
pub(in crate::track) mod header;
pub(in crate::track) mod limited_by;
pub(in crate::track) mod loss;
pub(in crate::track) mod path;
pub(in crate::track) mod security;
pub(in crate::track) mod slow_path;
pub(in crate::track) mod window;
