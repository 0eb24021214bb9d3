//! What becomes of every connection while the capture is read, and of the worst when it is over; all in bounded memory.
//!
//! A packet waits in the [`Log`] until that is full or the capture over; what is wanted of it then goes to its connection,
//! an [`Open`]. When all is over, [`GraphedConnection`] are made of the worst.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use crate::report::ladder::PacketRecord;
use crate::report::{Packet, Reporter};
use crate::rules::Severity;
use crate::track::{Amend, Finding, FlowRecord};

use super::kept::GraphedConnection;
use super::log::{Group, Log};
use super::open::Open;

/// Points kept of all open connections, 32 bytes each.
const BUDGET: usize = 2_000_000;

/// So many large connections are known at a time.
const LARGE: usize = 64;

/// What is kept.
#[derive(Clone, Copy, Debug)]
pub struct GraphCollectorOptions {
    /// Connections whose points are kept to the end.
    pub keep: usize,
    /// Connections of which the record is kept.
    pub records: usize,
    /// Their ladders show the beginning of payloads that are text.
    pub payload: bool,
}

/// Gathers.
#[derive(Debug)]
pub struct GraphCollector {
    options: GraphCollectorOptions,
    log: Log,
    /// What came before the log, by connection; nothing of one whose points had to go.
    open: HashMap<u32, Option<Box<Open>>, foldhash::fast::RandomState>,
    /// Large connections, at the place of their number modulo [`LARGE`]: the log would only delay their packets.
    large: [u32; LARGE],
    /// The largest of the connections that were over, and without trouble, when the log was sorted.
    largest: BinaryHeap<Reverse<(u64, Reverse<u32>)>>,
    /// The worst connections that are over.
    over: Vec<(Rank, Box<FlowRecord>)>,
    /// The worst, made when they are asked for.
    kept: Vec<GraphedConnection>,
    records: Vec<(Rank, Box<FlowRecord>)>,
    /// The last of the records, once there are as many as are kept.
    bar: Option<Rank>,
    /// How many of the worst had to go.
    dropped: u64,
}

/// The worst first, the larger first, the older first.
type Rank = Reverse<(TroubleRank, u64, Reverse<u32>)>;

impl GraphCollector {
    /// An empty one.
    pub fn new(options: GraphCollectorOptions) -> Self {
        Self {
            options,
            log: Log::default(),
            open: HashMap::default(),
            large: [0; LARGE],
            largest: BinaryHeap::new(),
            over: Vec::new(),
            kept: Vec::new(),
            records: Vec::new(),
            bar: None,
            dropped: 0,
        }
    }

    /// The connections that were kept, worst first.
    pub fn kept(&mut self) -> impl ExactSizeIterator<Item = &GraphedConnection> {
        self.make();
        self.kept.iter()
    }

    fn make(&mut self) {
        self.sort();
        self.over.sort_unstable_by_key(|(rank, _)| *rank);
        for (_, record) in self.over.drain(..) {
            match self.open.remove(&record.number).flatten() {
                Some(open) => self.kept.push(open.finish(record)),
                None => self.dropped += 1,
            }
        }
    }

    /// The records that were kept, worst first.
    pub fn records(&mut self) -> impl Iterator<Item = &FlowRecord> {
        self.narrow(self.options.records);
        self.records.sort_unstable_by_key(|(rank, _)| *rank);
        self.records.iter().map(|(_, record)| &**record)
    }

    /// How many of the worst connections could not be kept.
    pub fn dropped(&mut self) -> u64 {
        self.make();
        self.dropped
    }

    fn narrow(&mut self, most: usize) {
        if most == 0 || self.records.len() <= most {
            return;
        }
        let (_, (bar, _), _) = self.records.select_nth_unstable_by_key(most - 1, |(rank, _)| *rank);
        self.bar = Some(*bar);
        self.records.truncate(most);
    }

    /// Sorts the log's packets into their connections.
    fn sort(&mut self) {
        let (open, large, largest, keep) = (&mut self.open, &mut self.large, &mut self.largest, self.options.keep);
        self.log.drain(|group| {
            let connection = open.entry(group.flow);
            if let (Entry::Vacant(_), Some(bytes)) = (&connection, quiet_bytes(&group)) {
                largest.push(Reverse((bytes, Reverse(group.flow))));
                let least = if largest.len() > keep { largest.pop() } else { None };
                if least.is_some_and(|Reverse((_, Reverse(flow)))| flow == group.flow) {
                    connection.insert(None);
                    return;
                }
            }
            if let Some(connection) = connection.or_insert_with(|| Some(Box::default())) {
                let flow = group.flow;
                connection.extend(group);
                if connection.is_large() {
                    large[flow as usize % LARGE] = flow;
                }
            }
        });
        self.look();
    }

    /// Lets points go when there are too many: those of connections without findings first, small ones before large ones.
    fn look(&mut self) {
        let mut total = 0;
        let mut open: Vec<((usize, usize), u32)> = Vec::new();
        for (number, connection) in &self.open {
            if let Some(connection) = connection {
                let (found, weight) = connection.weight();
                total += weight;
                open.push(((found, weight), *number));
            }
        }
        if total <= BUDGET {
            return;
        }
        // Those that are over are few, and chosen.
        open.retain(|(_, number)| self.over.iter().all(|(_, record)| record.number != *number));
        open.sort_unstable();
        for ((_, weight), number) in open {
            if total <= BUDGET / 2 {
                break;
            }
            total -= weight;
            self.open.insert(number, None);
        }
    }

    /// A connection is over: it is one of the worst, or nobody will ask for its points.
    fn choose(&mut self, rank: Rank, flow: &FlowRecord) {
        if self.over.len() < self.options.keep {
            return self.over.push((rank, Box::new(flow.clone())));
        }
        let last = self.over.iter_mut().max_by_key(|(rank, _)| *rank);
        let forgotten = match last.filter(|last| rank < last.0) {
            Some(last) => std::mem::replace(last, (rank, Box::new(flow.clone()))).1.number,
            None => flow.number,
        };
        self.open.remove(&forgotten);
        self.log.forget(forgotten);
    }
}

impl Reporter for GraphCollector {
    fn reads_payload(&self) -> bool {
        self.options.payload
    }

    fn packet(&mut self, _: &mut Vec<u8>, packet: &Packet<'_>) {
        let Some((segment, seen)) = packet.tcp.filter(|(_, seen)| seen.flow > 0) else { return };
        if let Some(record) = PacketRecord::new(segment, seen) {
            let record = if self.options.payload { record.with_excerpt(packet.payload) } else { record };
            if self.large[record.flow as usize % LARGE] == record.flow {
                if let Some(Some(open)) = self.open.get_mut(&record.flow) {
                    open.push(record);
                }
                return;
            }
            self.log.push(record);
            if self.log.is_full() {
                self.sort();
            }
        }
    }

    fn finding(&mut self, _: &mut Vec<u8>, finding: &Finding) {
        let Some(flow) = finding.flow else { return };
        if let Some(record) = self.log.find(flow, finding.frame) {
            record.add(finding);
        } else if let Some(open) = self.open.entry(flow).or_insert_with(|| Some(Box::default())) {
            open.say(finding);
        }
    }

    fn amend(&mut self, _: &mut Vec<u8>, amend: &Amend) {
        if let Some(record) = self.log.find(amend.flow, amend.frame) {
            record.amend(amend);
        } else if let Some(Some(open)) = self.open.get_mut(&amend.flow) {
            open.amend(amend);
        }
    }

    fn ended(&mut self, _: &mut Vec<u8>, flow: &FlowRecord) {
        let rank = rank(flow);
        self.choose(rank, flow);
        // One that is no better than the worst of those left at the last look need not be kept.
        if self.options.records > 0 && self.bar.is_none_or(|bar| rank < bar) {
            self.records.push((rank, Box::new(flow.clone())));
            if self.records.len() >= 2 * self.options.records {
                self.narrow(self.options.records);
            }
        }
    }
}

/// The payload bytes of a connection that is whole, over, and has not been in trouble; nothing of any other.
///
/// It cannot become one of the worst any more where as many others of its kind are larger, unless trouble is found later.
fn quiet_bytes(group: &Group<'_>) -> Option<u64> {
    let over = group.iter().next_back().is_some_and(PacketRecord::is_over);
    let quiet = over && group.iter().all(|record| record.findings().is_empty() && record.again == 0);
    quiet.then(|| group.iter().map(|record| u64::from(record.payload)).sum())
}

/// How much trouble a connection was in: errors, warnings, notes, segments sent again.
pub type TroubleRank = [u64; 4];

/// Measures it.
pub fn trouble(flow: &FlowRecord) -> TroubleRank {
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
