//! What every way out has in common.

use crate::capture::{Frame, SourceInfo};
use crate::dissect::{Dissection, Segment};
use crate::track::{Amend, Finding, FlowRecord, Observation};

use super::Summary;

/// A packet with what it holds and what it did.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// The frame.
    pub frame: &'a Frame<'a>,
    /// What is in it.
    pub dissection: &'a Dissection<'a>,
    /// Its segment and what that did; none without a whole TCP header.
    pub tcp: Option<(&'a Segment, &'a Observation)>,
}

/// One way out. Each method appends what it has to say to `out`; most say nothing at most occasions.
pub trait Reporter {
    /// The source is open.
    fn begin(&mut self, out: &mut Vec<u8>, source: &SourceInfo) {
        let _ = (out, source);
    }

    /// A packet that passed the filter.
    fn packet(&mut self, out: &mut Vec<u8>, packet: Packet<'_>) {
        let _ = (out, packet);
    }

    /// A packet that passed the filter and is not to be shown.
    fn hidden(&mut self, out: &mut Vec<u8>, packet: Packet<'_>) {
        let _ = (out, packet);
    }

    /// Nothing comes for the moment.
    fn idle(&mut self, out: &mut Vec<u8>) {
        let _ = out;
    }

    /// A finding that came with no packet.
    fn finding(&mut self, out: &mut Vec<u8>, finding: &Finding) {
        let _ = (out, finding);
    }

    /// What was said of an earlier packet has changed.
    fn amend(&mut self, out: &mut Vec<u8>, amend: &Amend) {
        let _ = (out, amend);
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
    fn begin(&mut self, out: &mut Vec<u8>, source: &SourceInfo) {
        (**self).begin(out, source);
    }

    fn packet(&mut self, out: &mut Vec<u8>, packet: Packet<'_>) {
        (**self).packet(out, packet);
    }

    fn hidden(&mut self, out: &mut Vec<u8>, packet: Packet<'_>) {
        (**self).hidden(out, packet);
    }

    fn idle(&mut self, out: &mut Vec<u8>) {
        (**self).idle(out);
    }

    fn finding(&mut self, out: &mut Vec<u8>, finding: &Finding) {
        (**self).finding(out, finding);
    }

    fn amend(&mut self, out: &mut Vec<u8>, amend: &Amend) {
        (**self).amend(out, amend);
    }

    fn ended(&mut self, out: &mut Vec<u8>, flow: &FlowRecord) {
        (**self).ended(out, flow);
    }

    fn end(&mut self, out: &mut Vec<u8>, summary: &Summary) {
        (**self).end(out, summary);
    }
}
