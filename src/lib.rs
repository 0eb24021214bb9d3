//! tcpcheck as a library: bytes in, meaning out.
//!
//! Data goes one way, and a module uses only what stands to its left:
//!
//! ```text
//! capture ──► dissect ──► rules ──► track ──► policy ──► report ──► pipeline ──► cli
//!  frames      facts     catalogue  meaning   verdict    wording    batches     one run
//! ```
//!
//! * [`capture`] yields [`Frame`]s from files and live interfaces; it knows no TCP.
//! * [`dissect`] turns a frame's bytes into facts, a [`Segment`] among them; it keeps no state and judges nothing.
//! * [`rules`] is the catalogue of everything tcpcheck can find fault with.
//! * [`track`] follows connections by capture time alone: the same input gives the same answers.
//! * [`policy`] says whether what was found is allowed.
//! * [`report`] words what was found: tcpdump's lines, NDJSON, tables.
//! * [`pipeline`] takes packets from a file to the tracker in batches, with one thread or two.
//! * [`cli`] is one run of the program.

pub mod capture;
pub mod cli;
pub mod dissect;
pub mod pipeline;
pub mod policy;
pub mod report;
pub mod rules;
pub mod track;

pub use capture::{CaptureError, CaptureFault, Frame, FrameSource, LinkType, Next, Span, Timestamp};
pub use dissect::{Content, Dissection, Segment, SeqNumber, Shortfall, TcpFlags, dissect};
pub use rules::{Rule, Severity};
pub use track::{Direction, Finding, FlowRecord, FlowTracker, Observation, TcpState, TrackerOptions};
