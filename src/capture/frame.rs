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

/// A frame with its bytes, for whoever needs it after its source has gone on.
#[derive(Clone, Debug)]
pub struct OwnedFrame {
    number: u64,
    ts: Timestamp,
    link_type: LinkType,
    interface: u32,
    wire_len: u32,
    data: Box<[u8]>,
}

impl OwnedFrame {
    /// The frame, as a source lends it.
    pub fn lend(&self) -> Frame<'_> {
        let Self { number, ts, link_type, interface, wire_len, data } = self;
        Frame { number: *number, ts: *ts, link_type: *link_type, interface: *interface, wire_len: *wire_len, data }
    }

    /// Its number.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// When it was captured.
    pub fn ts(&self) -> Timestamp {
        self.ts
    }

    /// Captured bytes.
    pub fn captured_len(&self) -> usize {
        self.data.len()
    }
}

impl From<&Frame<'_>> for OwnedFrame {
    fn from(frame: &Frame<'_>) -> Self {
        let Frame { number, ts, link_type, interface, wire_len, data } = *frame;
        Self { number, ts, link_type, interface, wire_len, data: data.into() }
    }
}
