//! What the tracker says: observations, findings, amendments, and records.

pub(in crate::track) mod amend;
pub(in crate::track) mod finding;
pub(in crate::track) mod observation;
pub(in crate::track) mod record;
