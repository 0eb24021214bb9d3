//! What becomes of every connection while the capture is read, and of the worst when it is over; all in bounded memory.
//!
//! A packet waits in the [`Log`] until that is full or the capture over; what is wanted of it then goes to its connection,
//! an [`Open`]. When all is over, [`GraphedConnection`] are made of the worst.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::mem;

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use crate::report::ladder::PacketRecord;
use crate::report::worst::{Rank, Shortlist};
use crate::report::{Packet, Reporter};
use crate::track::{Amend, Direction, Finding, FlowRecord};

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
    /// Of the connections that were over, and without trouble, when the log was sorted: the largest, and those that waited the
    /// longest for the server.
    largest: Greatest,
    slowest: Greatest,
    /// The worst connections that are over.
    over: Shortlist<Box<FlowRecord>>,
    /// The worst, made when they are asked for.
    kept: Vec<GraphedConnection>,
    /// How many of the worst had to go.
    dropped: u64,
}

/// The connections with the greatest of some number, the older ones of equals.
#[derive(Debug, Default)]
struct Greatest(BinaryHeap<Reverse<(u64, Reverse<u32>)>>);

impl Greatest {
    /// Whether a connection is one of them, so far.
    fn takes(&mut self, keep: usize, number: u64, flow: u32) -> bool {
        self.0.push(Reverse((number, Reverse(flow))));
        let least = if self.0.len() > keep { self.0.pop() } else { None };
        least.is_none_or(|Reverse((_, Reverse(least)))| least != flow)
    }
}

impl GraphCollector {
    /// An empty one.
    pub fn new(options: GraphCollectorOptions) -> Self {
        Self {
            options,
            log: Log::default(),
            open: HashMap::default(),
            large: [0; LARGE],
            largest: Greatest::default(),
            slowest: Greatest::default(),
            over: Shortlist::new(options.keep),
            kept: Vec::new(),
            dropped: 0,
        }
    }

    /// The connections that were kept: those that lost the most time first.
    pub fn kept(&mut self) -> impl ExactSizeIterator<Item = &GraphedConnection> {
        self.make();
        self.kept.iter()
    }

    fn make(&mut self) {
        self.sort();
        for record in mem::replace(&mut self.over, Shortlist::new(self.options.keep)).finish() {
            match self.open.remove(&record.number).flatten() {
                Some(open) => self.kept.push(open.finish(record)),
                None => self.dropped += 1,
            }
        }
    }

    /// How many of the worst connections could not be kept.
    pub fn dropped(&mut self) -> u64 {
        self.make();
        self.dropped
    }

    /// Sorts the log's packets into their connections.
    fn sort(&mut self) {
        let (open, large, keep) = (&mut self.open, &mut self.large, self.options.keep);
        let (largest, slowest) = (&mut self.largest, &mut self.slowest);
        self.log.drain(|group| {
            let connection = open.entry(group.flow);
            if let (Entry::Vacant(_), Some(quiet)) = (&connection, Quiet::of(&group)) {
                let is_large = largest.takes(keep, quiet.bytes, group.flow);
                let is_slow = slowest.takes(keep, quiet.waited, group.flow);
                if !(is_large || is_slow) {
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
        open.retain(|(_, number)| !self.over.has(*number));
        open.sort_unstable();
        for ((_, weight), number) in open {
            if total <= BUDGET / 2 {
                break;
            }
            total -= weight;
            self.open.insert(number, None);
        }
    }
}

impl Reporter for GraphCollector {
    fn reads_payload(&self) -> bool {
        self.options.payload
    }

    fn packet(&mut self, _: &mut Vec<u8>, packet: &Packet<'_>) {
        if self.options.keep == 0 {
            return;
        }
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
        let Some(flow) = finding.flow.filter(|_| self.options.keep > 0) else { return };
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
        if self.options.keep == 0 {
            return;
        }
        // It is one of the worst, or nobody will ask for its points.
        let rank = Rank::of(flow);
        let (open, log) = (&mut self.open, &mut self.log);
        let mut forget = |number: u32| {
            open.remove(&number);
            log.forget(number);
        };
        if self.over.wants(&rank) {
            self.over.push(rank, flow.number, Box::new(flow.clone()), forget);
        } else {
            forget(flow.number);
        }
    }
}

/// A connection that is whole, over, and on which nothing was found.
///
/// It cannot become one of the worst any more where as many others of its kind are larger, and as many waited longer, unless
/// trouble is found later.
struct Quiet {
    /// Its payload.
    bytes: u64,
    /// Nanoseconds that ended with data of the server. What the server lost it by its answers, which is known when it has ended, is
    /// no more than this.
    waited: u64,
}

impl Quiet {
    /// Nothing of any other.
    fn of(group: &Group<'_>) -> Option<Self> {
        if !group.iter().next_back().is_some_and(PacketRecord::is_over) {
            return None;
        }
        let (mut quiet, mut last) = (Self { bytes: 0, waited: 0 }, None);
        for record in group.iter() {
            if !record.findings().is_empty() || record.again > 0 {
                return None;
            }
            quiet.bytes += u64::from(record.payload);
            let since = last.replace(record.ts).map_or(0, |last| record.ts.since(last).0);
            if record.payload > 0 && record.from == Direction::FromResponder {
                quiet.waited = quiet.waited.saturating_add(since.max(0).unsigned_abs());
            }
        }
        Some(quiet)
    }
}
