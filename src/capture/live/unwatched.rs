//! An interface where the system does not tell what becomes of it.

use ::pcap::{Active, Capture};

use crate::capture::{LinkType, Notice};

use super::Anchor;

/// Nothing is known of the interface.
pub(super) struct Watched;

impl Watched {
    pub(super) fn new(_: &str, _: bool) -> Self {
        Self
    }

    pub(super) fn waits(&self) -> bool {
        false
    }

    pub(super) fn look(&mut self) {}

    pub(super) fn gone(&mut self) {}

    pub(super) fn next(&mut self) -> Option<Notice> {
        None
    }

    pub(super) fn lost(&mut self) -> Option<u64> {
        None
    }

    pub(super) fn anchor(&self, _: &Capture<Active>, _: &str, _: bool, _: LinkType) -> Option<Anchor> {
        None
    }
}
