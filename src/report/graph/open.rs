//! One connection on its way to points and rows.

use std::collections::VecDeque;

use crate::capture::Timestamp;
use crate::report::ladder::{Extract, LadderRow, PacketRecord};
use crate::track::{Amend, Finding, FlowRecord};

use super::kept::GraphedConnection;
use super::log::Group;
use super::trail::TimeSequence;

/// Packets that wait for their last word; at the end they are the last of the ladder.
const AHEAD: usize = 256;

/// Findings that are about no packet, with a row each.
const SAID: usize = 64;

/// Room is counted in points, 32 bytes each: that of a connection, a packet that waits, what is drawn, and a row of it.
const OWN: usize = 4;
const HOP: usize = size_of::<PacketRecord>() / 32 + 1;
const DRAWN: usize = size_of::<Drawn>() / 32;
const ROW: usize = size_of::<LadderRow>() / 32 + 4;

/// A connection's packets and findings.
#[derive(Debug, Default)]
pub(super) struct Open {
    /// Its last packets, whose last word may be to come; of a short connection all of them.
    records: VecDeque<PacketRecord>,
    /// Findings on these.
    found: usize,
    /// Findings about no packet: they come behind all of them.
    said: Vec<Finding>,
    /// What became of the packets before.
    drawn: Option<Box<Drawn>>,
}

/// Packets that have become points and rows.
#[derive(Debug)]
struct Drawn {
    trail: TimeSequence,
    rows: Extract,
}

impl Open {
    /// Adds packets, and makes points and rows of those that need not wait any more.
    pub(super) fn extend(&mut self, group: Group<'_>) {
        self.records.reserve_exact(group.len().min(AHEAD + 1).saturating_sub(self.records.len()));
        group.take().for_each(|record| self.push(record));
    }

    /// Adds one.
    pub(super) fn push(&mut self, record: PacketRecord) {
        self.found += record.findings().len();
        self.records.push_back(record);
        if self.records.len() > AHEAD
            && let Some(record) = self.records.pop_front()
        {
            let drawn = self.drawn.get_or_insert_with(|| Box::new(Drawn::new(record.ts)));
            drawn.trail.packet(&record);
            drawn.rows.push(&record);
        }
    }

    /// Whether it is so large that its packets become points one by one.
    pub(super) fn is_large(&self) -> bool {
        self.drawn.is_some()
    }

    /// Takes a finding that came when its packet had gone by, or that is about none.
    pub(super) fn say(&mut self, finding: &Finding) {
        match self.records.iter_mut().rev().find(|record| record.frame == finding.frame) {
            Some(record) => record.add(finding),
            None if self.said.len() < SAID => self.said.push(finding.clone()),
            None => self.drawn.get_or_insert_with(|| Box::new(Drawn::new(finding.ts))).trail.finding(finding),
        }
    }

    /// Changes what was found on a frame.
    pub(super) fn amend(&mut self, amend: &Amend) {
        if let Ok(at) = self.records.binary_search_by_key(&amend.frame, |record| record.frame) {
            self.records[at].amend(amend);
        } else if let Some(drawn) = &mut self.drawn {
            drawn.trail.amend(amend);
            drawn.rows.amend(amend);
        }
    }

    /// The connection is over: its points and rows.
    pub(super) fn finish(mut self, record: Box<FlowRecord>) -> GraphedConnection {
        let Drawn { mut trail, rows } = self.drawn.take().map_or_else(|| Drawn::new(record.first_ts), |drawn| *drawn);
        self.records.iter().for_each(|record| trail.packet(record));
        self.said.iter().for_each(|finding| trail.finding(finding));
        trail.settle();
        GraphedConnection { record, rows: rows.finish(&self.records, &self.said), trail }
    }

    /// How much was found on it, and the room that it takes.
    pub(super) fn weight(&self) -> (usize, usize) {
        let (found, points) =
            self.drawn.as_ref().map_or((0, 0), |drawn| (drawn.trail.marks.all().len(), drawn.weight()));
        (self.found + found, OWN + HOP * self.records.capacity() + points)
    }
}

impl Drawn {
    fn new(start: Timestamp) -> Self {
        Self { trail: TimeSequence::new(start), rows: Extract::default() }
    }

    fn weight(&self) -> usize {
        DRAWN + self.trail.weight() + ROW * self.rows.len()
    }
}
