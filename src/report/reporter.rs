//! What every way out has in common.

use crate::capture::SourceInfo;
use crate::track::{Amend, Exchange, Finding, FlowRecord, IcmpSeen};

use super::{Packet, Summary};

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

    /// A connection is over, and may still get segments before it ends.
    fn over(&mut self, out: &mut Vec<u8>, flow: &FlowRecord) {
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

    fn over(&mut self, out: &mut Vec<u8>, flow: &FlowRecord) {
        (**self).over(out, flow);
    }

    fn end(&mut self, out: &mut Vec<u8>, summary: &Summary) {
        (**self).end(out, summary);
    }
}
