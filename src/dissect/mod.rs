//! Bytes to facts: no state, no judgement, no allocation, and no input that makes it panic.
//!
//! [`dissect`] reads one frame from the outside in and reports every layer up to the innermost IP packet. What cannot be
//! read says why, as a [`Shortfall`].

mod flags;
mod ip;
mod layer;
mod segment;
mod seq;
mod shortfall;
mod tcp;

pub use flags::TcpFlags;
pub use ip::{Fragment, Ip, LengthSource};
pub use layer::{Content, Dissection, Layer, MAX_LAYERS, NotTcp};
pub use segment::{Checksum, HeaderFault, OptionFacts, OptionFault, OptionFaultKind, SackBlocks, Segment, Socket};
pub use seq::SeqNumber;
pub use shortfall::{LayerName, Shortfall};
pub use tcp::Tcp;

use crate::capture::Frame;

/// Reads a frame down to its TCP segment, or to the reason why there is none.
pub fn dissect<'a>(frame: &Frame<'a>) -> Dissection<'a> {
    let _ = frame;
    unimplemented!("link layers")
}
