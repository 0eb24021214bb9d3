//! Every connection's points while the capture is read, and those of the worst when it is over; all in bounded memory.

use std::cmp::Reverse;
use std::collections::VecDeque;

use hashbrown::HashMap;

use crate::capture::Timestamp;
use crate::report::ladder::{Fold, Hop, Rung, Scroll};
use crate::report::{Packet, Reporter};
use crate::rules::Severity;
use crate::track::{Amend, Finding, FlowRecord};

use super::trail::Trail;

/// Points kept of all open connections, 32 bytes each.
const BUDGET: usize = 3_000_000;

/// As so many points count a connection, a packet of it that waits, and its first points.
const OWN: usize = 4;
const HOP: usize = size_of::<Hop>() / 32 + 1;
const DRAWN: usize = size_of::<Drawn>() / 32;

/// The budget is looked at after so many packets.
const LOOK: u64 = 65_536;

/// Packets of a connection that wait for their last word.
const AHEAD: usize = 256;

/// Most rows of a ladder.
const ROWS: usize = 240;

/// What is kept.
#[derive(Clone, Copy, Debug)]
pub struct AlbumOptions {
    /// Connections whose points are kept to the end.
    pub keep: usize,
    /// Connections of which the record is kept.
    pub records: usize,
    /// Their ladders show the beginning of payloads that are text.
    pub payload: bool,
}

/// A connection that is over, with its points.
#[derive(Debug)]
pub struct Kept {
    /// It in numbers.
    pub record: Box<FlowRecord>,
    /// Its points and findings.
    pub trail: Trail,
    /// Its ladder.
    pub rows: Vec<Rung>,
}

/// Gathers.
#[derive(Debug)]
pub struct Album {
    options: AlbumOptions,
    /// By number; nothing for one whose points had to go.
    open: HashMap<u32, Option<Box<Open>>, foldhash::fast::RandomState>,
    packets: u64,
    kept: Vec<(Rank, Kept)>,
    records: Vec<(Rank, Box<FlowRecord>)>,
    /// The last of the records, once there are as many as are kept.
    bar: Option<Rank>,
    /// Connections whose points had to go.
    dropped: u64,
}

/// The worst first, the larger first, the older first.
type Rank = Reverse<(Trouble, u64, Reverse<u32>)>;

/// An open connection.
#[derive(Debug)]
struct Open {
    /// Its last packets, whose last word may be to come; of a short connection all of them.
    hops: VecDeque<Hop>,
    /// Findings on these.
    found: usize,
    /// What became of the packets before.
    drawn: Option<Box<Drawn>>,
}

/// Packets that have become points and rows.
#[derive(Debug)]
struct Drawn {
    trail: Trail,
    fold: Fold,
    scroll: Scroll,
}

impl Album {
    /// An empty one.
    pub fn new(options: AlbumOptions) -> Self {
        Self {
            options,
            open: HashMap::default(),
            packets: 0,
            kept: Vec::new(),
            records: Vec::new(),
            bar: None,
            dropped: 0,
        }
    }

    /// The connections that were kept, worst first.
    pub fn kept(&mut self) -> impl ExactSizeIterator<Item = &Kept> {
        self.kept.sort_by_key(|(rank, _)| *rank);
        self.kept.iter().map(|(_, kept)| kept)
    }

    /// The records that were kept, worst first.
    pub fn records(&mut self) -> impl Iterator<Item = &FlowRecord> {
        self.narrow(self.options.records);
        self.records.iter().map(|(_, record)| &**record)
    }

    /// Connections whose points had to go while they were open.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    fn narrow(&mut self, most: usize) {
        self.records.sort_by_key(|(rank, _)| *rank);
        self.records.truncate(most);
        if self.records.len() >= most {
            self.bar = self.records.last().map(|(rank, _)| *rank);
        }
    }

    /// Lets points go when there are too many: those of connections without findings first, small ones before large ones.
    fn look(&mut self) {
        let mut total = 0;
        let mut open: Vec<((usize, usize), u32)> = Vec::new();
        for (number, connection) in &self.open {
            if let Some(connection) = connection {
                let (weight, found) = connection.weight();
                total += weight;
                open.push(((found, weight), *number));
            }
        }
        if total <= BUDGET {
            return;
        }
        open.sort_unstable();
        for ((_, weight), number) in open {
            if total <= BUDGET / 2 {
                break;
            }
            total -= weight;
            self.dropped += 1;
            self.open.insert(number, None);
        }
    }
}

impl Open {
    /// Makes points and rows of all packets but the last `keep`.
    fn settle(&mut self, keep: usize) {
        while self.hops.len() > keep
            && let Some(hop) = self.hops.pop_front()
        {
            let drawn = self.drawn.get_or_insert_with(|| Box::new(Drawn::new(hop.ts)));
            drawn.trail.packet(&hop);
            drawn.fold.push(hop, drawn.scroll.rows());
        }
    }

    fn finish(mut self, record: Box<FlowRecord>) -> Kept {
        self.settle(0);
        let mut drawn = self.drawn.unwrap_or_else(|| Box::new(Drawn::new(record.first_ts)));
        drawn.fold.flush(drawn.scroll.rows());
        Kept { record, rows: drawn.scroll.finish().to_vec(), trail: drawn.trail }
    }

    /// The room that it takes, and how much was found on it.
    fn weight(&self) -> (usize, usize) {
        let (points, found) =
            self.drawn.as_ref().map_or((0, 0), |drawn| (DRAWN + drawn.trail.weight(), drawn.trail.marks.all().len()));
        (OWN + HOP * self.hops.capacity() + points, self.found + found)
    }
}

impl Drawn {
    fn new(start: Timestamp) -> Self {
        Self { trail: Trail::new(start), fold: Fold::new(false), scroll: Scroll::new(ROWS) }
    }
}

impl Reporter for Album {
    fn reads_payload(&self) -> bool {
        self.options.payload
    }

    fn packet(&mut self, _: &mut Vec<u8>, packet: Packet<'_>) {
        let Some((segment, seen)) = packet.tcp.filter(|(_, seen)| seen.flow > 0) else { return };
        self.packets += 1;
        if self.packets.is_multiple_of(LOOK) {
            self.look();
        }
        let open = self
            .open
            .entry(seen.flow)
            .or_insert_with(|| Some(Box::new(Open { hops: VecDeque::new(), found: 0, drawn: None })));
        let Some(open) = open else { return };
        if let Some(hop) = Hop::new(segment, seen) {
            open.found += hop.findings.len();
            open.hops.push_back(if self.options.payload { hop.with_excerpt(packet.payload) } else { hop });
            open.settle(AHEAD);
        }
    }

    fn finding(&mut self, _: &mut Vec<u8>, finding: &Finding) {
        let open = finding.flow.and_then(|flow| self.open.get_mut(&flow));
        let Some(Some(open)) = open else { return };
        match open.hops.iter_mut().rev().find(|hop| hop.frame == finding.frame) {
            Some(hop) => hop.findings.push(finding.clone()),
            None => {
                // One that is about no packet comes behind those that there are.
                open.settle(0);
                if let Some(drawn) = &mut open.drawn {
                    drawn.trail.finding(finding);
                    drawn.scroll.add(finding);
                }
            }
        }
    }

    fn amend(&mut self, _: &mut Vec<u8>, amend: &Amend) {
        let Some(Some(open)) = self.open.get_mut(&amend.flow) else { return };
        match (open.hops.binary_search_by_key(&amend.frame, |hop| hop.frame), &mut open.drawn) {
            (Ok(at), _) => open.hops[at].amend(amend),
            (Err(_), Some(drawn)) => {
                drawn.trail.amend(amend);
                drawn.scroll.amend(amend);
            }
            (Err(_), None) => {}
        }
    }

    fn ended(&mut self, _: &mut Vec<u8>, flow: &FlowRecord) {
        let open = self.open.remove(&flow.number).flatten();
        let rank = rank(flow);
        if let Some(open) = open
            && (self.kept.len() < self.options.keep || self.kept.iter().any(|(other, _)| rank < *other))
        {
            self.kept.push((rank, open.finish(Box::new(flow.clone()))));
            if self.kept.len() > self.options.keep {
                self.kept.sort_by_key(|(rank, _)| *rank);
                self.kept.truncate(self.options.keep);
            }
        }
        // One that is no better than the worst of those left at the last look need not be kept.
        if self.options.records > 0 && self.bar.is_none_or(|bar| rank < bar) {
            self.records.push((rank, Box::new(flow.clone())));
            if self.records.len() >= 2 * self.options.records {
                self.narrow(self.options.records);
            }
        }
    }
}

/// How much trouble a connection was in: errors, warnings, notes, segments sent again.
pub type Trouble = [u64; 4];

/// Measures it.
pub fn trouble(flow: &FlowRecord) -> Trouble {
    let mut found = [0_i64; 4];
    let at = |severity: Severity| match severity {
        Severity::Error => 0,
        Severity::Warning => 1,
        Severity::Note => 2,
    };
    for (rule, count) in &flow.findings {
        found[at(rule.severity())] += i64::from(*count);
    }
    for (rule, severity, count) in &flow.regraded {
        found[at(rule.severity())] -= i64::from(*count);
        found[at(*severity)] += i64::from(*count);
    }
    let again = flow.c2s.retransmitted_segments + flow.s2c.retransmitted_segments;
    found[3] = i64::try_from(again).unwrap_or(i64::MAX);
    found.map(|count| count.max(0).unsigned_abs())
}

fn rank(flow: &FlowRecord) -> Rank {
    let bytes = flow.c2s.payload_bytes.saturating_add(flow.s2c.payload_bytes);
    Reverse((trouble(flow), bytes, Reverse(flow.number)))
}
