//! Where frames come from. This layer knows link types and time, and no protocol above them.
//!
//! A [`FrameSource`] lends one [`Frame`] at a time. What is wrong with a source short of an error (a file that ends inside
//! a packet) is a [`CaptureFault`]: everything before it has been handed out and stays valid.

mod frame;
mod link_type;
mod source;
mod time;

pub use frame::Frame;
pub use link_type::LinkType;
pub use source::{CaptureError, CaptureFault, Drops, FrameSource, Interface, SourceInfo};
pub use time::{Span, Timestamp};
