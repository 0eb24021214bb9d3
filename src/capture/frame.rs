//! One captured frame, lent by its source.

use super::{LinkType, Timestamp};

/// A frame as it was captured: link-layer bytes and what the capture says about them.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Position in the input, counted from 1 as Wireshark does, before any filter.
    pub number: u64,
    /// When it was captured.
    pub ts: Timestamp,
    /// How the bytes are to be read.
    pub link_type: LinkType,
    /// Index into [`FrameSource::interfaces`](super::FrameSource::interfaces).
    pub interface: u32,
    /// Length on the wire, in bytes; `data` may be shorter (snapshot length).
    pub wire_len: u32,
    /// The captured bytes.
    pub data: &'a [u8],
}
