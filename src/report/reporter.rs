//! What every way out has in common.

use crate::capture::{Frame, SourceInfo, Timestamp};
use crate::dissect::{Content, Dissection, NotTcp, Other, Segment};
use crate::track::{Amend, Exchange, Finding, FlowRecord, IcmpSeen, Observation};

use super::Summary;

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

/// One way out. Each method appends what it has to say to `out`; most say nothing at most occasions.
pub trait Reporter {
    /// Whether it reads [`Packet::payload`].
    fn reads_payload(&self) -> bool {
        false
    }

    /// The source is open.
    fn begin(&mut self, out: &mut Vec<u8>, source: &SourceInfo) {
        let _ = (out, source);
    }

    /// A packet that passed the filter.
    fn packet(&mut self, out: &mut Vec<u8>, packet: &Packet<'_>) {
        let _ = (out, packet);
    }

    /// A packet that passed the filter and is not to be shown.
    fn hidden(&mut self, out: &mut Vec<u8>, packet: &Packet<'_>) {
        let _ = (out, packet);
    }

    /// Nothing comes for the moment.
    fn idle(&mut self, out: &mut Vec<u8>) {
        let _ = out;
    }

    /// An interval is over, where there are any.
    fn interval(&mut self, out: &mut Vec<u8>) {
        let _ = out;
    }

    /// A finding that came with no packet.
    fn finding(&mut self, out: &mut Vec<u8>, finding: &Finding) {
        let _ = (out, finding);
    }

    /// An ICMP error about a segment, before what is found.
    fn icmp(&mut self, out: &mut Vec<u8>, seen: &IcmpSeen) {
        let _ = (out, seen);
    }

    /// What was said of an earlier packet has changed.
    fn amend(&mut self, out: &mut Vec<u8>, amend: &Amend) {
        let _ = (out, amend);
    }

    /// A request and its answer are complete.
    fn exchange(&mut self, out: &mut Vec<u8>, exchange: &Exchange) {
        let _ = (out, exchange);
    }

    /// A connection has ended.
    fn ended(&mut self, out: &mut Vec<u8>, flow: &FlowRecord) {
        let _ = (out, flow);
    }

    /// The capture is over, and this is what it amounts to.
    fn end(&mut self, out: &mut Vec<u8>, summary: &Summary) {
        let _ = (out, summary);
    }
}

impl<R: Reporter + ?Sized> Reporter for &mut R {
    fn reads_payload(&self) -> bool {
        (**self).reads_payload()
    }

    fn begin(&mut self, out: &mut Vec<u8>, source: &SourceInfo) {
        (**self).begin(out, source);
    }

    fn packet(&mut self, out: &mut Vec<u8>, packet: &Packet<'_>) {
        (**self).packet(out, packet);
    }

    fn hidden(&mut self, out: &mut Vec<u8>, packet: &Packet<'_>) {
        (**self).hidden(out, packet);
    }

    fn idle(&mut self, out: &mut Vec<u8>) {
        (**self).idle(out);
    }

    fn interval(&mut self, out: &mut Vec<u8>) {
        (**self).interval(out);
    }

    fn finding(&mut self, out: &mut Vec<u8>, finding: &Finding) {
        (**self).finding(out, finding);
    }

    fn icmp(&mut self, out: &mut Vec<u8>, seen: &IcmpSeen) {
        (**self).icmp(out, seen);
    }

    fn amend(&mut self, out: &mut Vec<u8>, amend: &Amend) {
        (**self).amend(out, amend);
    }

    fn exchange(&mut self, out: &mut Vec<u8>, exchange: &Exchange) {
        (**self).exchange(out, exchange);
    }

    fn ended(&mut self, out: &mut Vec<u8>, flow: &FlowRecord) {
        (**self).ended(out, flow);
    }

    fn end(&mut self, out: &mut Vec<u8>, summary: &Summary) {
        (**self).end(out, summary);
    }
}
