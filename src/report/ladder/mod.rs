//! One connection as a ladder: time runs down, an arrow is a packet or a run of packets, and both ends' states stand beside.
//!
//! A [`PacketRecord`] is what is kept of a packet, [`Fold`] makes rows ([`LadderRow`]) of them as they come, and a canvas draws these: text
//! at once and for any length, Mermaid and SVG at the end and cut to a bound.

mod extract;
mod fold;
mod mermaid;
mod record;
mod repeat;
mod row;
mod scroll;
mod story;
mod svg;
mod text;

use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};

use crate::capture::Timestamp;
use crate::dissect::{Segment, Socket};
use crate::rules::Severity;
use crate::track::{Amend, Direction, Finding, FlowRecord, Responsible};

use self::row::mark;
use super::style::Ink;
use super::{Names, Packet, Reporter, Summary, finding_text, units, verdict_text};

pub(super) use extract::Extract;
pub(super) use fold::Fold;
pub(super) use record::PacketRecord;
pub(super) use row::{LadderRow, bytes};
pub(super) use scroll::Scroll;
pub use svg::Svg;
pub(super) use svg::{Drawing, STYLE};
pub use text::{COLUMNS, TextStyle};

/// What an amendment may still change waits behind no more packets than this.
const AHEAD: usize = 10_000;

/// Most rows of a diagram: Mermaid takes no more than 50,000 letters.
const DIAGRAM: usize = 400;

/// Most rows of a picture.
const PICTURE: usize = 2_000;

/// How a ladder is drawn.
#[derive(Clone, Copy, Debug)]
pub enum Format {
    /// In a terminal.
    Text(TextStyle),
    /// As a Mermaid sequence diagram.
    Mermaid,
    /// As a picture.
    Svg,
}

/// What a ladder shows.
#[derive(Debug)]
pub struct LadderOptions {
    /// How it is drawn.
    pub format: Format,
    /// A row for every packet.
    pub full: bool,
    /// The beginning of payloads that are text.
    pub payload: bool,
    /// Each packet at once, whatever is found later.
    pub live: bool,
    /// Names of hosts and services.
    pub names: Names,
}

/// Draws the first connection that it is shown.
#[derive(Debug)]
pub struct Ladder {
    options: LadderOptions,
    flow: Option<Course>,
    /// Packets whose findings may still change.
    records: VecDeque<PacketRecord>,
    fold: Fold,
    scroll: Scroll,
    /// Packets of other connections.
    others: u64,
    record: Option<Box<FlowRecord>>,
    /// What is told below it, by frame, and how much that is.
    said: BTreeMap<u64, Vec<Finding>>,
    said_count: usize,
}

/// The connection that is drawn.
#[derive(Debug)]
struct Course {
    number: u32,
    start: Timestamp,
    client: String,
    server: String,
}

impl Ladder {
    /// A ladder of nothing yet.
    pub fn new(options: LadderOptions) -> Self {
        let most = if matches!(options.format, Format::Svg) { PICTURE } else { DIAGRAM };
        Self {
            fold: Fold::new(options.full),
            scroll: Scroll::new(most),
            options,
            flow: None,
            records: VecDeque::new(),
            others: 0,
            record: None,
            said: BTreeMap::new(),
            said_count: 0,
        }
    }

    /// Packets of connections that are not drawn.
    pub fn others(&self) -> u64 {
        self.others
    }

    /// Whether there was a connection.
    pub fn is_empty(&self) -> bool {
        self.flow.is_none()
    }

    fn begin(&mut self, out: &mut Vec<u8>, number: u32, segment: &Segment, from: Direction, known: bool) {
        let (client, server) =
            if from == Direction::FromOriginator { (segment.src, segment.dst) } else { (segment.dst, segment.src) };
        let (client, server) = (called(&self.options.names, client), called(&self.options.names, server));
        if let Format::Text(style) = &self.options.format {
            style.head(out, number, &client, &server, known);
        }
        self.flow = Some(Course { number, start: segment.ts, client, server });
    }

    /// Draws the packets before the last `keep`.
    fn settle(&mut self, out: &mut Vec<u8>, keep: usize) {
        while self.records.len() > keep
            && let Some(record) = self.records.pop_front()
        {
            let mut rows = Vec::new();
            self.fold.push(&record, &mut rows);
            self.draw(out, rows);
        }
    }

    fn draw(&mut self, out: &mut Vec<u8>, rows: Vec<LadderRow>) {
        let Some(flow) = &self.flow else { return };
        match &self.options.format {
            Format::Text(style) => rows.iter().for_each(|row| style.row(out, row, flow.start)),
            Format::Mermaid | Format::Svg => self.scroll.rows().extend(rows),
        }
    }

    /// Draws the row that a run of packets has become so far.
    fn flush(&mut self, out: &mut Vec<u8>) {
        let mut rows = Vec::new();
        self.fold.flush(&mut rows);
        self.draw(out, rows);
    }

    fn is_drawn(&self, flow: Option<u32>) -> bool {
        flow.is_some() && flow == self.flow.as_ref().map(|flow| flow.number)
    }

    /// Says later what was found on a packet that is drawn.
    fn say(&mut self, out: &mut Vec<u8>, finding: &Finding) {
        self.flush(out);
        if mark(std::slice::from_ref(finding)).is_some() {
            self.draw(out, vec![LadderRow::later(finding)]);
        }
    }

    fn foot(&self, out: &mut Vec<u8>) {
        let (Format::Text(style), Some(record)) = (&self.options.format, &self.record) else { return };
        out.push(b'\n');
        let packets = record.c2s.packets + record.s2c.packets;
        units::grouped(out, packets);
        out.extend_from_slice(if packets == 1 { b" packet in " } else { b" packets in " });
        units::time(out, record.duration());
        out.extend_from_slice(b", ");
        out.extend_from_slice(record.outcome.as_str().as_bytes());
        out.push(b'\n');
        if record.diagnosis.responsible != Responsible::Nothing {
            style.words(out, &format!("verdict: {}", verdict_text(&record.diagnosis)), Ink::Strong);
        }
        for finding in self.said.values().flatten().take(SAID) {
            let mut words = Vec::new();
            finding_text(&mut words, finding);
            style.words(out, &String::from_utf8_lossy(&words), Ink::Finding(finding.severity));
        }
        if let Some(more) = self.said_count.checked_sub(SAID).filter(|more| *more > 0) {
            out.extend_from_slice(format!("{more} more (tcpcheck --findings lists all)\n").as_bytes());
        }
        let worst = |finding: &&Finding| (Reverse(finding.severity), finding.frame);
        if let Some(finding) = self.said.values().flatten().min_by_key(worst) {
            out.extend_from_slice(format!("what it means: tcpcheck explain {}\n", finding.rule.code()).as_bytes());
        }
    }

    fn keep_word(&mut self, finding: &Finding) {
        if finding.severity >= Severity::Warning && self.said_count < AHEAD {
            self.said.entry(finding.frame).or_default().push(finding.clone());
            self.said_count += 1;
        }
    }
}

/// Findings told below a ladder.
const SAID: usize = 8;

impl Reporter for Ladder {
    fn reads_payload(&self) -> bool {
        self.options.payload
    }

    fn packet(&mut self, out: &mut Vec<u8>, packet: &Packet<'_>) {
        let Some((segment, seen)) = packet.tcp else { return };
        let Some(record) = PacketRecord::new(segment, seen).filter(|_| seen.flow > 0) else { return };
        if self.flow.is_none() {
            self.begin(out, seen.flow, segment, record.from, seen.client_known);
        }
        if !self.is_drawn(Some(seen.flow)) {
            self.others += 1;
            return;
        }
        for finding in record.findings() {
            self.keep_word(finding);
        }
        self.records.push_back(if self.options.payload { record.with_excerpt(packet.payload) } else { record });
        self.settle(out, if self.options.live { 0 } else { AHEAD });
    }

    fn hidden(&mut self, _: &mut Vec<u8>, packet: &Packet<'_>) {
        self.others += u64::from(packet.tcp.is_some());
    }

    fn finding(&mut self, out: &mut Vec<u8>, finding: &Finding) {
        if !self.is_drawn(finding.flow) {
            return;
        }
        self.keep_word(finding);
        match self.records.binary_search_by_key(&finding.frame, |record| record.frame) {
            Ok(at) => self.records[at].add(finding),
            Err(_) => {
                self.settle(out, 0);
                self.say(out, finding);
            }
        }
    }

    fn amend(&mut self, out: &mut Vec<u8>, amend: &Amend) {
        if !self.is_drawn(Some(amend.flow)) {
            return;
        }
        if let Some(said) = self.said.get_mut(&amend.frame) {
            let before = said.len();
            said.retain(|finding| !amend.removes(finding));
            self.said_count -= before - said.len();
        }
        for finding in &amend.details {
            self.keep_word(finding);
        }
        match self.records.binary_search_by_key(&amend.frame, |record| record.frame) {
            Ok(at) => self.records[at].amend(amend),
            Err(_) => amend.details.iter().for_each(|finding| self.say(out, finding)),
        }
    }

    fn idle(&mut self, out: &mut Vec<u8>) {
        self.flush(out);
    }

    fn ended(&mut self, _: &mut Vec<u8>, flow: &FlowRecord) {
        if self.is_drawn(Some(flow.number)) {
            self.record = Some(Box::new(flow.clone()));
        }
    }

    fn end(&mut self, out: &mut Vec<u8>, _: &Summary) {
        self.settle(out, 0);
        self.flush(out);
        let Some(flow) = &self.flow else { return };
        let title = format!("Connection {}: {} to {}", flow.number, flow.client, flow.server);
        match self.options.format {
            Format::Text(_) => self.foot(out),
            Format::Mermaid => mermaid::write(out, &flow.client, &flow.server, self.scroll.finish()),
            Format::Svg => {
                let rows = self.scroll.finish();
                let (client, server) = (flow.client.as_str(), flow.server.as_str());
                Drawing { title: &title, client, server, start: flow.start, rows }.file(out);
                out.push(b'\n');
            }
        }
    }
}

/// `localhost:http`, `10.0.0.1:51000`: with names where there are any.
pub fn called(names: &Names, socket: Socket) -> String {
    let mut numbers = Vec::new();
    units::socket(&mut numbers, socket);
    let numbers = String::from_utf8(numbers).unwrap_or_default();
    let (address, port) = numbers.rsplit_once(':').unwrap_or((&numbers, ""));
    let host = names.host(socket.addr).unwrap_or(address);
    let port = names.port(socket.port).unwrap_or(port);
    format!("{host}:{port}")
}
