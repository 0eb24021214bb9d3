//! NDJSON: one object a line, for programs. The order of the keys is part of the format, and so is `docs/ndjson.schema.json`.

mod ends;
mod evidence;
mod fast;
mod flow;
mod packet;
mod records;
mod writer;

use crate::capture::{SourceInfo, Timestamp};
use crate::track::{Amend, Exchange, Finding, FlowRecord, IcmpSeen};
pub(super) use evidence::Evidence;

use super::buffer::{BufferWriter, SpareCapacity};
use super::units::TimestampFormatter;
use super::{Packet, Reporter, Summary};
use ends::Ends;
use flow::FlowLine;
use packet::PacketLine;
pub(super) use packet::direction;
use records::{AmendLine, CaptureLine, ExchangeLine, FindingLine, IcmpLine, SummaryLine};
pub(super) use writer::line;

/// The schema's version, in every record.
pub(super) const VERSION: u8 = 1;

/// Which records are written besides `capture`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Records {
    /// `packet`.
    pub packets: bool,
    /// `finding`.
    pub findings: bool,
    /// `exchange`.
    pub exchanges: bool,
    /// `flow`.
    pub flows: bool,
    /// `summary`.
    pub summary: bool,
}

/// Writes NDJSON records.
#[derive(Debug)]
pub struct Ndjson {
    records: Records,
    first: Option<Timestamp>,
    calendar: TimestampFormatter,
    ends: Ends,
    scratch: Vec<u8>,
    room: SpareCapacity,
}

impl Ndjson {
    /// Writes these records, and `capture`.
    pub fn new(records: Records) -> Self {
        Self {
            records,
            first: None,
            calendar: TimestampFormatter::default(),
            ends: Ends::default(),
            scratch: Vec::with_capacity(32),
            room: SpareCapacity::default(),
        }
    }

    /// An instant as text, kept until the next one.
    fn stamp(&mut self, ts: Timestamp) -> &str {
        self.scratch.clear();
        self.calendar.rfc3339(&mut self.scratch, ts);
        str::from_utf8(&self.scratch).unwrap_or_default()
    }
}

impl Reporter for Ndjson {
    fn begin(&mut self, out: &mut Vec<u8>, source: &SourceInfo) {
        line(out, &CaptureLine::new(source));
    }

    fn packet(&mut self, out: &mut Vec<u8>, packet: &Packet<'_>) {
        let first = *self.first.get_or_insert(packet.ts);
        let Some((segment, seen)) = packet.tcp else { return };
        if self.records.packets {
            let elapsed = segment.ts.since(first);
            if seen.flow > 0 {
                let pen = &mut BufferWriter::new(&mut self.room, out);
                fast::packet(pen, segment, seen, elapsed, (&mut self.calendar, &mut self.ends));
            } else {
                line(out, &PacketLine::new(segment, seen, elapsed, self.stamp(segment.ts)));
            }
        }
        for finding in &seen.findings {
            self.finding(out, finding);
        }
    }

    fn hidden(&mut self, _: &mut Vec<u8>, packet: &Packet<'_>) {
        self.first.get_or_insert(packet.ts);
    }

    fn finding(&mut self, out: &mut Vec<u8>, finding: &Finding) {
        if self.records.findings {
            line(out, &FindingLine::new(finding, &mut self.calendar));
        }
    }

    fn icmp(&mut self, out: &mut Vec<u8>, seen: &IcmpSeen) {
        if self.records.packets {
            line(out, &IcmpLine::new(seen, self.stamp(seen.ts)));
        }
    }

    fn amend(&mut self, out: &mut Vec<u8>, amend: &Amend) {
        if self.records.packets || self.records.findings {
            line(out, &AmendLine::new(amend, &mut self.calendar));
        }
    }

    fn exchange(&mut self, out: &mut Vec<u8>, exchange: &Exchange) {
        if self.records.exchanges {
            line(out, &ExchangeLine::new(exchange, self.stamp(exchange.ts)));
        }
    }

    fn ended(&mut self, out: &mut Vec<u8>, flow: &FlowRecord) {
        if self.records.flows {
            let first = self.calendar.text(flow.first_ts);
            line(out, &FlowLine::new(flow, &first, self.stamp(flow.last_ts)));
        }
    }

    fn end(&mut self, out: &mut Vec<u8>, summary: &Summary) {
        if self.records.summary {
            line(out, &SummaryLine::new(summary));
        }
    }
}
