//! An interface where the system does not tell what becomes of it.

use ::pcap::{Active, Capture};

use crate::capture::{LinkType, Notice};

use super::Anchor;

/// Nothing is known of the interface.
pub(super) struct Watched;

impl Watched {
    pub fn new(_: &str, _: bool) -> Self {
        Self
    }

    pub fn waits(&self) -> bool {
        false
    }

    pub fn look(&mut self) {}

    pub fn gone(&mut self) {}

    pub fn next(&mut self) -> Option<Notice> {
        None
    }

    pub fn lost(&mut self) -> Option<u64> {
        None
    }

    pub fn anchor(&self, _: &Capture<Active>, _: &str, _: bool, _: LinkType) -> Option<Anchor> {
        None
    }
}
