//! Facts to meaning: connections, both ends' states, and findings.
//!
//! [`FlowTracker::observe`] takes one [`Segment`](crate::dissect::Segment) in capture order and says what it did. Time is the
//! capture's; there is no clock and no I/O here, and what a connection's segments mean depends on nothing but those segments
//! and the tracker's limits.

mod analysis;
mod conn;
mod detect;
mod events;
mod key;
mod packed;
mod shared;
mod stack;
mod state;
mod store;
mod timing;
mod tracker;

pub use analysis::{Analysed, Analysis, AnalysisOptions, Visitor};
pub use events::amend::Amend;
pub use events::diagnosis::{Diagnosis, Reason, Responsible};
pub use events::event::Event;
pub use events::exchange::{Exchange, ExchangeSummary};
pub use events::finding::{Fact, Finding, Value};
pub use events::icmp::IcmpSeen;
pub use events::limited_by::{Cause, LimitedBy, Shares};
pub use events::observation::{Acked, Note, Observation, SegmentEffect, States};
pub use events::record::{DirectionStats, FlowRecord, Outcome};
pub use events::rtt::RttSummary;
pub use key::{Direction, FlowHash, FlowHasher, FlowKey};
pub use shared::carried::kind_of;
pub use state::TcpState;
pub use tracker::{FlowTracker, Shard, TrackerOptions};
