//! What did not come with a segment.

use crate::track::{Amend, Exchange, Finding, FlowRecord, IcmpSeen};

/// Something that did not come with a segment.
#[derive(Clone, Debug)]
pub enum Event {
    /// A rule fired on a connection as a whole, or on the tracker.
    Finding(Finding),
    /// A frame's word has changed.
    Amend(Amend),
    /// An ICMP error about a segment.
    Icmp(Box<IcmpSeen>),
    /// A request and its answer are complete.
    Exchange(Exchange),
    /// A connection has ended, or was forgotten.
    Ended(Box<FlowRecord>),
}
