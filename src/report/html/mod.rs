//! The page: one file that makes no request, needs no server, and runs nothing but the script that the program put into it.
//!
//! Everything from the wire goes through the template engine, which escapes it. A content security policy names the one
//! script and the one style by their digests, so that nothing else would run even if it came to stand in the page.

mod advice;
mod bar;
mod explain;
mod flow;
mod page;

use super::graph::{GraphCollector, GraphCollectorOptions};
use super::{Names, Packet, Reporter, Summary};
use crate::track::{Amend, Finding, FlowRecord};

/// Connections in the table.
const TABLE: usize = 2_000;

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
    page: Vec<u8>,
}

impl Report {
    /// Of nothing yet.
    pub fn new(options: ReportOptions) -> Self {
        let collector =
            GraphCollector::new(GraphCollectorOptions { keep: options.full, records: TABLE, payload: options.payload });
        Self { options, collector, page: Vec::new() }
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
        self.collector.packet(out, packet);
    }

    fn finding(&mut self, out: &mut Vec<u8>, finding: &Finding) {
        self.collector.finding(out, finding);
    }

    fn amend(&mut self, out: &mut Vec<u8>, amend: &Amend) {
        self.collector.amend(out, amend);
    }

    fn ended(&mut self, out: &mut Vec<u8>, flow: &FlowRecord) {
        self.collector.ended(out, flow);
    }

    fn end(&mut self, _: &mut Vec<u8>, summary: &Summary) {
        self.page = page::write(&self.options, &mut self.collector, summary);
    }
}
