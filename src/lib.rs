//! tcpcheck as a library: bytes in, meaning out.
//!
//! Data goes one way, and a module uses only what stands to its left:
//!
//! ```text
//! capture ──► dissect ──► rules ──► track ──► compare ──► policy ──► report ──► pipeline ──► analyse ──► cli
//!  frames      facts     catalogue  meaning    path      verdict    wording    batches      one call    one run
//! ```
//!
//! * [`capture`] yields [`Frame`]s from files and live interfaces; it knows no TCP.
//! * [`mod@dissect`] turns a frame's bytes into facts, a [`Segment`] among them; it keeps no state and judges nothing.
//! * [`rules`] is the catalogue of everything tcpcheck can find fault with.
//! * [`track`] follows connections by capture time alone: the same input gives the same answers.
//! * [`compare`] takes two captures of the same traffic and says what the path between them did.
//! * [`policy`] says whether what was found is allowed.
//! * [`report`] words what was found: tcpdump's lines, NDJSON, tables.
//! * [`pipeline`] takes packets from a file to the tracker in batches, with one thread or two.
//! * [`mod@analyse`] takes a capture from its first packet to its last, and makes its summary and its page.
//! * `cli` is one run of the program, and no part of the library.
//!
//! # A capture in one call
//!
//! [`fn@analyse`] does what `tcpcheck report` and `tcpcheck --summary` do, from any reader.
//!
//! # The findings of a capture
//!
//! ```
//! use std::path::Path;
//!
//! use tcpcheck::capture::{Next, open};
//! use tcpcheck::report::message;
//! use tcpcheck::{Content, FlowTracker, Observation, TrackerOptions, dissect};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut source = open(Path::new("fixtures/loss/timeout.pcap"))?;
//! let mut tracker = FlowTracker::new(TrackerOptions::default());
//! let mut observation = Observation::default();
//! let mut codes = Vec::new();
//! while let Next::Frame(frame) = source.next_frame()? {
//!     if let Content::Tcp(tcp) = dissect(&frame).content {
//!         tracker.observe(&tcp.segment, &mut observation);
//!         for finding in &observation.findings {
//!             println!("@{} {} {}", finding.frame, finding.rule.code(), message(finding));
//!             codes.push(finding.rule.code());
//!         }
//!     }
//! }
//! assert!(codes.contains(&"TC203"));
//! # Ok(())
//! # }
//! ```
//!
//! # Segments of one's own
//!
//! The tracker needs no capture: a simulator's segments do, or those of another dissector.
//!
//! ```
//! use tcpcheck::dissect::Socket;
//! use tcpcheck::{FlowTracker, Observation, Segment, SeqNumber, TcpFlags, TcpState, Timestamp, TrackerOptions};
//!
//! let client = Socket { addr: [10, 0, 0, 1].into(), port: 40000 };
//! let server = Socket { addr: [10, 0, 0, 2].into(), port: 80 };
//! let syn = Segment {
//!     frame: 1,
//!     ts: Timestamp::new(0, 0),
//!     flags: TcpFlags::SYN,
//!     ..Segment::new(client, server, SeqNumber(1000))
//! };
//! let refusal = Segment {
//!     frame: 2,
//!     ts: Timestamp::new(0, 30_000_000),
//!     flags: TcpFlags(TcpFlags::RST.0 | TcpFlags::ACK.0),
//!     ack: Some(SeqNumber(1001)),
//!     ..Segment::new(server, client, SeqNumber(0))
//! };
//! let mut tracker = FlowTracker::new(TrackerOptions::default());
//! let mut observation = Observation::default();
//! tracker.observe(&syn, &mut observation);
//! assert_eq!(observation.after.client, TcpState::SynSent);
//! tracker.observe(&refusal, &mut observation);
//! assert_eq!(observation.findings[0].rule.slug(), "connection-refused");
//! ```
//!
//! # A way out of one's own
//!
//! ```
//! use std::io::Write;
//!
//! use tcpcheck::FlowRecord;
//! use tcpcheck::report::Reporter;
//!
//! /// A line for each connection: its number and how it ended.
//! struct Outcomes;
//!
//! impl Reporter for Outcomes {
//!     fn ended(&mut self, out: &mut Vec<u8>, flow: &FlowRecord) {
//!         // Into memory, where nothing fails.
//!         let _ = writeln!(out, "{} {}", flow.number, flow.outcome.as_str());
//!     }
//! }
//! # use tcpcheck::capture::{Next, open};
//! # use tcpcheck::track::Event;
//! # use tcpcheck::{Content, FlowTracker, Observation, TrackerOptions, dissect};
//! # let mut source = open(std::path::Path::new("fixtures/open/refused.pcap")).unwrap();
//! # let mut tracker = FlowTracker::new(TrackerOptions::default());
//! # while let Next::Frame(frame) = source.next_frame().unwrap() {
//! #     if let Content::Tcp(tcp) = dissect(&frame).content {
//! #         tracker.observe(&tcp.segment, &mut Observation::default());
//! #     }
//! # }
//! # tracker.finish();
//!
//! let mut out = Vec::new();
//! while let Some(event) = tracker.next_event() {
//!     if let Event::Ended(flow) = event {
//!         Outcomes.ended(&mut out, &flow);
//!     }
//! }
//! assert_eq!(out, b"1 refused\n");
//! ```
//!
//! # Stability
//!
//! Until 1.0 a minor version (0.2, 0.3) may change the library, and its entry in CHANGELOG.md says how; a patch version does not. The NDJSON
//! records, exit statuses and rule codes are more lasting: a code never changes its meaning, and what programs read of a record
//! stays until its `v` is another. What is public is listed in docs/api.txt, so that a change of it shows. The least Rust version
//! moves with a minor version only.

pub mod analyse;
pub mod capture;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
pub mod compare;
mod display;
pub mod dissect;
pub mod pipeline;
pub mod policy;
pub mod report;
pub mod rules;
pub mod track;

pub use analyse::{CaptureReport, Options, analyse};
pub use capture::{CaptureError, CaptureFault, Frame, FrameSource, LinkType, Next, Span, Timestamp};
pub use dissect::{Content, Dissection, Segment, SeqNumber, Shortfall, TcpFlags, dissect};
pub use rules::{Rule, Severity};
pub use track::{Direction, Finding, FlowRecord, FlowTracker, Observation, TcpState, TrackerOptions};
