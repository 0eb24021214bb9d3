//! What is known of a host and its stack: learnt, never assumed.

pub(in crate::track) mod host;
pub(in crate::track) mod ip_id;
