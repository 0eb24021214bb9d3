//! A packet on its way out.

use crate::capture::{Frame, Timestamp};
use crate::dissect::{Content, Dissection, NotTcp, Other, Segment};
use crate::track::Observation;

/// A packet on its way out: what is said of it.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// Frame number in the input.
    pub number: u64,
    /// Capture time.
    pub ts: Timestamp,
    /// Fewer bytes were captured than there were on the wire.
    pub is_cut: bool,
    /// It holds TCP, if only the beginning of a header, or a fragment.
    pub is_tcp: bool,
    /// What it is where it came to no segment.
    pub other: Other,
    /// tcpdump's line, with its line end; empty where none is wanted.
    pub line: &'a [u8],
    /// The segment's payload as captured; empty where it is not at hand any more.
    pub payload: &'a [u8],
    /// Its segment and what that did; none without a whole TCP header.
    pub tcp: Option<(&'a Segment, &'a Observation)>,
}

impl<'a> Packet<'a> {
    /// What a frame holds, as yet without its line and what it did.
    #[inline]
    pub fn new(frame: &Frame<'_>, dissection: &Dissection<'a>) -> Self {
        Self {
            number: frame.number,
            ts: frame.ts,
            is_cut: frame.data.len() < frame.wire_len as usize,
            is_tcp: matches!(
                dissection.content,
                Content::Tcp(_) | Content::TcpCut(..) | Content::Other(NotTcp::LaterFragment)
            ),
            other: dissection.other(),
            line: &[],
            payload: match &dissection.content {
                Content::Tcp(tcp) => tcp.payload,
                _ => &[],
            },
            tcp: None,
        }
    }
}
