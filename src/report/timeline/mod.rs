//! Where the time of all connections went, gathered while a capture is read, in bounded memory.
//!
//! A [`Lane`] is a connection's time; [`Servers`] sums them up by server and over time; of the connections that lost the most time,
//! and of those in the most trouble, the lanes are kept.

mod columns;
mod lane;
mod parts;
mod servers;

use std::collections::BTreeMap;

use hashbrown::HashMap;

use crate::capture::Timestamp;
use crate::dissect::Socket;
use crate::report::Packet;
use crate::report::worst::{Rank, Shortlist};
use crate::rules::Rule;
use crate::track::{Amend, Finding, FlowRecord};

use columns::When;
use lane::OpenLane;
use servers::{Ranked, Servers, busy};

pub(super) use columns::{ColumnSet, Columns};
pub(super) use lane::Lane;
pub(super) use parts::{Parts, Phase};
pub(super) use servers::{Cell, Server};

/// Maximum number of parts of a connection, and of each where very many connections are open at once.
const MAX_PARTS: usize = 128;
const FEW_PARTS: usize = 16;

/// So many open connections may have parts in full: 16 MB.
const MANY: usize = 8_192;

/// Maximum number of parts of a connection that has ended.
const KEPT_PARTS: usize = 64;

/// Gathers.
#[derive(Debug)]
pub(super) struct Timeline {
    columns: Option<Columns>,
    end: Timestamp,
    open: HashMap<u32, OpenLane, foldhash::fast::RandomState>,
    kept: Shortlist<(Box<FlowRecord>, Lane)>,
    servers: Servers,
    /// When a rule fired.
    rules: BTreeMap<Rule, When>,
    /// When any connection waited for anything.
    busy: When,
}

/// A capture's time, once it is over.
#[derive(Debug)]
pub(super) struct Overview {
    /// How time is divided.
    pub columns: Columns,
    /// The last packet of a connection.
    pub end: Timestamp,
    /// Connections, those that lost the most time first.
    pub connections: Vec<(Box<FlowRecord>, Lane)>,
    /// Servers, those whose connections lost the most time first.
    pub servers: Vec<(Socket, Server)>,
    /// How many others there are, and their connections.
    pub others: Option<(u64, Server)>,
    /// When rules fired.
    pub rules: BTreeMap<Rule, ColumnSet>,
    /// When any connection waited for anything.
    pub busy: ColumnSet,
}

impl Timeline {
    /// With the lanes of that many connections in the end.
    pub(super) fn new(keep: usize) -> Self {
        Self {
            columns: None,
            end: Timestamp(i64::MIN),
            open: HashMap::default(),
            kept: Shortlist::new(keep),
            servers: Servers::default(),
            rules: BTreeMap::new(),
            busy: When::default(),
        }
    }

    /// Takes a packet.
    #[inline]
    pub(super) fn packet(&mut self, packet: &Packet<'_>) {
        let Some((segment, seen)) = packet.tcp.filter(|(_, seen)| seen.flow > 0) else { return };
        if self.columns.is_none() {
            self.columns = Some(Columns::new(segment.ts));
        }
        let most = if self.open.len() > MANY { FEW_PARTS } else { MAX_PARTS };
        let lane = self.open.entry(seen.flow).or_insert_with(|| OpenLane::new(segment));
        lane.packet(segment, seen, most);
        if !seen.findings.is_empty() {
            seen.findings.iter().for_each(|finding| self.finding(finding));
        }
    }

    /// Takes a finding.
    pub(super) fn finding(&mut self, finding: &Finding) {
        if let Some(lane) = finding.flow.and_then(|flow| self.open.get_mut(&flow)) {
            lane.mark(finding);
        }
        if let Some(columns) = &mut self.columns {
            let column = columns.reach(finding.ts);
            self.rules.entry(finding.rule).or_default().insert(columns, column);
        }
    }

    /// Changes what was found on a frame.
    pub(super) fn amend(&mut self, amend: &Amend) {
        if let Some(lane) = self.open.get_mut(&amend.flow) {
            lane.amend(amend);
        }
        for finding in amend.added() {
            if let Some(columns) = &mut self.columns {
                let column = columns.reach(finding.ts);
                self.rules.entry(finding.rule).or_default().insert(columns, column);
            }
        }
    }

    /// A connection has ended.
    pub(super) fn ended(&mut self, flow: &FlowRecord) {
        let columns = self.columns.get_or_insert_with(|| Columns::new(flow.first_ts));
        let mut lane = match self.open.remove(&flow.number) {
            Some(open) => open.finish(),
            None => Lane { start: flow.first_ts, parts: Parts::default(), marks: Vec::new() },
        };
        lane.parts.narrow(KEPT_PARTS);
        self.end = self.end.max(flow.last_ts);
        columns.reach(flow.last_ts);
        self.servers.count(flow, &lane, columns);
        busy(&mut self.busy, &lane, columns);
        let rank = Rank::of(flow);
        if self.kept.wants(&rank) {
            self.kept.push(rank, flow.number, (Box::new(flow.clone()), lane), |_| {});
        }
    }

    /// The capture is over: that many servers are told apart.
    pub(super) fn finish(self, servers: usize) -> Overview {
        let columns = self.columns.unwrap_or(Columns::new(Timestamp(0)));
        let Ranked { servers, others } = self.servers.finish(servers, &columns);
        Overview {
            end: self.end.max(columns.start),
            connections: self.kept.finish(),
            servers,
            others,
            rules: self.rules.into_iter().map(|(rule, when)| (rule, when.set(&columns))).collect(),
            busy: self.busy.set(&columns),
            columns,
        }
    }
}
