//! Where frames come from. This layer knows link types and time, and no protocol above them.
//!
//! A [`FrameSource`] lends one [`Frame`] at a time; [`open`] makes one of a capture file. What is wrong with a source short
//! of an error (a file that ends inside a packet) is a [`CaptureFault`]: everything before it has been handed out and stays
//! valid.

// Nothing that a stranger wrote may make it panic. Arithmetic is on lengths of at most 32 bits, widened before they are added; tests and
// fuzzing run with overflow checks.
#![cfg_attr(not(test), warn(clippy::indexing_slicing))]

mod block;
mod broker;
mod bytes;
#[cfg(unix)]
mod create;
#[cfg(not(unix))]
#[path = "create_elsewhere.rs"]
mod create;
pub mod defragment;
mod error;
mod file;
mod filter;
mod frame;
mod input;
mod link_type;
mod live;
mod merge;
mod pcap;
mod pcapng;
mod ring;
mod rotation;
mod source;
mod spool;
mod time;
mod turns;
mod unpack;
mod window;
mod writer;

pub use block::{Beside, Block, Interface};
pub use broker::{Broker, OwnBroker, Part, Purpose, SaveNames, SavedFile, SharedBroker};
pub use create::{Name, file_len, open_unchanged};
pub use error::{CaptureError, CaptureFault, Damage};
pub use file::{OpenFiles, open, open_all, open_reader};
pub use filter::Filter;
pub use frame::{Frame, OwnedFrame};
pub use link_type::LinkType;
#[cfg(all(feature = "live", target_os = "linux"))]
pub use live::AnchorOptions;
pub use live::{
    Anchor, DEFAULT_SNAPLEN, ListedInterface, LiveOptions, Traffic, list_interfaces, list_link_types, open_live,
};
pub use merge::Merge;
pub use ring::{Extent, Ring};
pub use rotation::{Rotation, Saved};
pub use source::{Drops, FrameSource, Next, Notice, SourceInfo, SourceLimits};
pub use spool::Spool;
pub use time::{Precision, Span, Timestamp};
pub use turns::Turns;
pub use writer::{Preamble, Remarks, SaveFile, SaveFormat, SaveOptions, Suspended, standard_output};
