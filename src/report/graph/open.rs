//! One connection on its way to points and rows.

use std::collections::VecDeque;

use crate::capture::Timestamp;
use crate::report::ladder::{Extract, Hop, Rung};
use crate::track::{Amend, Finding, FlowRecord};

use super::kept::Kept;
use super::log::Group;
use super::trail::Trail;

/// Packets that wait for their last word; at the end they are the last of the ladder.
const AHEAD: usize = 256;

/// Findings that are about no packet, with a row each.
const SAID: usize = 64;

/// Room is counted in points, 32 bytes each: that of a connection, a packet that waits, what is drawn, and a row of it.
const OWN: usize = 4;
const HOP: usize = size_of::<Hop>() / 32 + 1;
const DRAWN: usize = size_of::<Drawn>() / 32;
const ROW: usize = size_of::<Rung>() / 32 + 4;

/// A connection's packets and findings.
#[derive(Debug, Default)]
pub struct Open {
    /// Its last packets, whose last word may be to come; of a short connection all of them.
    hops: VecDeque<Hop>,
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
    trail: Trail,
    rows: Extract,
}

impl Open {
    /// Adds packets, and makes points and rows of those that need not wait any more.
    pub fn extend(&mut self, group: Group<'_>) {
        self.hops.reserve_exact(group.len().min(AHEAD + 1).saturating_sub(self.hops.len()));
        group.take().for_each(|hop| self.push(hop));
    }

    /// Adds one.
    pub fn push(&mut self, hop: Hop) {
        self.found += hop.findings().len();
        self.hops.push_back(hop);
        if self.hops.len() > AHEAD
            && let Some(hop) = self.hops.pop_front()
        {
            let drawn = self.drawn.get_or_insert_with(|| Box::new(Drawn::new(hop.ts)));
            drawn.trail.packet(&hop);
            drawn.rows.push(&hop);
        }
    }

    /// Whether it is so large that its packets become points one by one.
    pub fn is_large(&self) -> bool {
        self.drawn.is_some()
    }

    /// Takes a finding that came when its packet had gone by, or that is about none.
    pub fn say(&mut self, finding: &Finding) {
        match self.hops.iter_mut().rev().find(|hop| hop.frame == finding.frame) {
            Some(hop) => hop.add(finding),
            None if self.said.len() < SAID => self.said.push(finding.clone()),
            None => self.drawn.get_or_insert_with(|| Box::new(Drawn::new(finding.ts))).trail.finding(finding),
        }
    }

    /// Changes what was found on a frame.
    pub fn amend(&mut self, amend: &Amend) {
        if let Ok(at) = self.hops.binary_search_by_key(&amend.frame, |hop| hop.frame) {
            self.hops[at].amend(amend);
        } else if let Some(drawn) = &mut self.drawn {
            drawn.trail.amend(amend);
            drawn.rows.amend(amend);
        }
    }

    /// The connection is over: its points and rows.
    pub fn finish(mut self, record: Box<FlowRecord>) -> Kept {
        let Drawn { mut trail, rows } = self.drawn.take().map_or_else(|| Drawn::new(record.first_ts), |drawn| *drawn);
        self.hops.iter().for_each(|hop| trail.packet(hop));
        self.said.iter().for_each(|finding| trail.finding(finding));
        trail.settle();
        Kept { record, rows: rows.finish(&self.hops, &self.said), trail }
    }

    /// How much was found on it, and the room that it takes.
    pub fn weight(&self) -> (usize, usize) {
        let (found, points) =
            self.drawn.as_ref().map_or((0, 0), |drawn| (drawn.trail.marks.all().len(), drawn.weight()));
        (self.found + found, OWN + HOP * self.hops.capacity() + points)
    }
}

impl Drawn {
    fn new(start: Timestamp) -> Self {
        Self { trail: Trail::new(start), rows: Extract::default() }
    }

    fn weight(&self) -> usize {
        DRAWN + self.trail.weight() + ROW * self.rows.len()
    }
}
