//! The page: one file that makes no request, needs no server, and runs nothing but the script that the program put into it.
//!
//! Everything from the wire goes through the template engine, which escapes it. A content security policy names the one
//! script and the one style by their digests, so that nothing else would run even if it came to stand in the page.

mod bar;
mod connections;
mod explain;
mod findings;
mod first;
mod flow;
mod lanes;
mod page;
mod policy;

use std::mem;

use super::graph::{GraphCollector, GraphCollectorOptions};
use super::timeline::Timeline;
use super::{Names, Packet, Reporter, Summary};
use crate::display;
use crate::track::{Amend, Finding, FlowRecord};

/// Maximum number of connections that are listed.
const LISTED: usize = 2_000;

/// What a page shows.
#[derive(Debug)]
pub struct ReportOptions {
    /// Connections in full.
    pub full: usize,
    /// The beginning of payloads that are text.
    pub payload: bool,
    /// Names of hosts and services.
    pub names: Names,
    /// How the page's maker was called, to suggest other commands: `-r FILE`.
    pub again: String,
}

/// Gathers a capture, and makes a page of it.
#[derive(Debug)]
pub struct Report {
    options: ReportOptions,
    collector: GraphCollector,
    timeline: Timeline,
    page: Vec<u8>,
}

impl Report {
    /// Of nothing yet.
    pub fn new(options: ReportOptions) -> Self {
        // A file's name may hold anything.
        let options = ReportOptions { again: display::line(&options.again).into_owned(), ..options };
        let collector = GraphCollector::new(GraphCollectorOptions { keep: options.full, payload: options.payload });
        Self { options, collector, timeline: Timeline::new(LISTED), page: Vec::new() }
    }

    /// The page, once the capture is over.
    pub fn page(&self) -> &[u8] {
        &self.page
    }
}

impl Reporter for Report {
    fn reads_payload(&self) -> bool {
        self.collector.reads_payload()
    }

    fn packet(&mut self, out: &mut Vec<u8>, packet: &Packet<'_>) {
        self.timeline.packet(packet);
        self.collector.packet(out, packet);
    }

    fn finding(&mut self, out: &mut Vec<u8>, finding: &Finding) {
        self.timeline.finding(finding);
        self.collector.finding(out, finding);
    }

    fn amend(&mut self, out: &mut Vec<u8>, amend: &Amend) {
        self.timeline.amend(amend);
        self.collector.amend(out, amend);
    }

    fn ended(&mut self, out: &mut Vec<u8>, flow: &FlowRecord) {
        self.timeline.ended(flow);
        self.collector.ended(out, flow);
    }

    fn end(&mut self, _: &mut Vec<u8>, summary: &Summary) {
        let overview = mem::replace(&mut self.timeline, Timeline::new(0)).finish(lanes::MAX_SERVERS);
        self.page = page::write(&self.options, &mut self.collector, &overview, summary);
    }
}
