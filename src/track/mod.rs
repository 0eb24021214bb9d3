//! Facts to meaning: connections, both ends' states, and findings.
//!
//! [`FlowTracker::observe`] takes one [`Segment`](crate::dissect::Segment) in capture order and says what it did. Time is the
//! capture's; there is no clock and no I/O here, and what a connection's segments mean depends on nothing but those segments
//! and the tracker's limits.

mod acks;
mod amend;
mod application;
mod asked;
mod awake;
mod carried;
mod challenge;
mod claims;
mod close;
mod conclude;
mod connection;
mod content;
mod copies;
mod diagnosis;
mod endpoint;
mod exchanges;
mod expected;
mod facts;
mod finding;
mod flood;
mod flow;
mod handshake;
mod header;
mod history;
mod holes;
mod icmp;
mod ids;
mod injection;
mod isn;
mod keepalive;
mod key;
mod kind;
mod label;
mod limits;
mod loss;
mod needless;
mod observation;
mod packed;
mod path;
mod quality;
mod recovery;
mod resend;
mod reuse;
mod rtt;
mod sack;
mod sequence;
mod stack;
mod state;
mod step;
mod table;
mod taps;
mod timing;
mod tracker;
mod trail;
mod unread;
mod unseen;
mod window;

pub use amend::Amend;
pub use diagnosis::{Diagnosis, Reason, Responsible};
pub use exchanges::{Exchange, ExchangeSummary};
pub use finding::{Fact, Finding, Value};
pub use flow::{DirectionStats, FlowRecord, Outcome, RttSummary};
pub use icmp::IcmpSeen;
pub use key::{Direction, FlowHash, FlowHasher, FlowKey};
pub use limits::{Cause, LimitedBy, Shares};
pub use observation::{Acked, Deed, Note, Observation, States};
pub use state::TcpState;
pub use tracker::{Event, FlowTracker, TrackerOptions};
