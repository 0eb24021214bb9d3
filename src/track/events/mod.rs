//! What the tracker says: observations, findings, amendments, and records.

pub(in crate::track) mod amend;
pub(in crate::track) mod diagnosis;
pub(in crate::track) mod event;
pub(in crate::track) mod exchange;
pub(in crate::track) mod finding;
pub(in crate::track) mod icmp;
pub(in crate::track) mod limited_by;
pub(in crate::track) mod observation;
pub(in crate::track) mod record;
pub(in crate::track) mod rtt;
