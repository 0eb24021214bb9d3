//! What became of all packets.

use std::collections::BTreeMap;

use crate::capture::{Span, Timestamp};
use crate::dissect::Socket;
use crate::rules::{Rule, Severity};
use crate::track::Direction;

use super::event::{Crossing, Ending, Fate};
use super::explanation::{Explanation, Shown};
use super::pair::{Bursts, Pair, PathStats};
use super::timeline::Timeline;
use super::{Side, Way};

/// Packets that end a connection and that only one side saw, of which each is named.
const MAX_ENDINGS: usize = 16;

/// Both ways, over all connections.
#[derive(Debug)]
pub struct Totals {
    ways: [PathStats; 2],
    bursts: [Bursts; 2],
    times: [Timeline; 2],
    connections: Connections,
    endings: Vec<Inserted>,
    /// The ends of the first connection that is between others in B.
    translation: Option<[[Socket; 2]; 2]>,
    explained: BTreeMap<(Side, Rule, Shown), Explained>,
}

/// How many connections there are of a kind.
#[derive(Clone, Copy, Debug, Default)]
pub struct Connections {
    /// In both captures.
    pub both: u64,
    /// In one of them only.
    pub only: [u64; 2],
    /// Of those in both: with the client on that side.
    pub clients: [u64; 2],
    /// Between other addresses or ports in B.
    pub translated: u64,
    /// With other sequence numbers in B.
    pub renumbered: u64,
    /// That end at something between.
    pub proxied: u64,
}

/// A RST or FIN that nobody sent at the other end.
#[derive(Clone, Copy, Debug)]
pub struct Inserted {
    /// Which.
    pub ending: Ending,
    /// Who saw it.
    pub side: Side,
    /// Its frame there.
    pub frame: u64,
    /// Its connection there.
    pub flow: Option<u32>,
    /// As whose it came.
    pub direction: Direction,
    /// When, by A's clock.
    pub ts: Timestamp,
}

/// Findings of one rule that the other side explains alike.
#[derive(Clone, Copy, Debug)]
pub struct Explained {
    /// How many.
    pub count: u64,
    /// The worst of their severities.
    pub severity: Severity,
    /// The first one's frame, and what the other side shows of it.
    pub first: (u64, Option<u64>),
}

impl Totals {
    pub(super) fn new(spans: [(Timestamp, Timestamp); 2]) -> Self {
        let start = spans[0].0.min(spans[1].0);
        Self {
            ways: Default::default(),
            bursts: Default::default(),
            times: [Timeline::new(start), Timeline::new(start)],
            connections: Connections::default(),
            endings: Vec::new(),
            translation: None,
            explained: BTreeMap::new(),
        }
    }

    /// One way, over all connections that are over.
    pub fn way(&self, way: Way) -> &PathStats {
        &self.ways[way.index()]
    }

    /// One way over time.
    pub fn timeline(&self, way: Way) -> &Timeline {
        &self.times[way.index()]
    }

    /// The connections that are over.
    pub fn connections(&self) -> Connections {
        self.connections
    }

    /// Client and server of the first connection that has others in B: in A, and in B.
    pub fn translation(&self) -> Option<[[Socket; 2]; 2]> {
        self.translation
    }

    /// RSTs and FINs that nobody sent at the other end, the first ones.
    pub fn inserted(&self) -> &[Inserted] {
        &self.endings
    }

    /// What the other side shows of findings.
    pub fn explained(&self) -> impl Iterator<Item = (Side, Rule, Shown, &Explained)> {
        self.explained.iter().map(|((side, rule, shown), explained)| (*side, *rule, *shown, explained))
    }

    /// Whether no packet of one capture could be found in the other.
    pub fn pairs_nothing(&self) -> bool {
        self.ways.iter().all(|stats| stats.arrived + stats.duplicated == 0)
    }

    /// Whether nothing is between the captures: they show the same packets, unchanged, and as far as clocks can tell at one time.
    pub fn is_one_point(&self, round_trip: Option<Span>) -> bool {
        let near = round_trip.is_some_and(|time| time < ONE_POINT);
        let unchanged = |stats: &PathStats| {
            stats.changes.iter().next().is_none() && stats.changes.hops().is_none_or(|hops| hops == (0, 0))
        };
        near && self.ways.iter().all(unchanged)
    }

    pub(super) fn crossing(&mut self, crossing: &Crossing) {
        let Some(way) = crossing.way else { return };
        if let (Fate::Arrived, Some(delay)) = (crossing.fate, crossing.delay) {
            self.times[way.index()].arrived(crossing.ts, delay);
        }
        if let (Fate::Inserted, Some(ending)) = (crossing.fate, crossing.ends)
            && self.endings.len() < MAX_ENDINGS
        {
            let side = way.receiver();
            self.endings.extend(crossing.frames[side.index()].map(|frame| Inserted {
                ending,
                side,
                frame,
                flow: crossing.flows[side.index()],
                direction: crossing.direction,
                ts: crossing.ts,
            }));
        }
    }

    /// A packet was lost: it was the `nth` that went this way.
    pub(super) fn lost(&mut self, way: Way, nth: u64, ts: Timestamp) {
        self.times[way.index()].lost(ts);
        self.bursts[way.index()].lost(nth, &mut self.ways[way.index()]);
    }

    pub(super) fn explain(&mut self, explanation: &Explanation) {
        let first = (explanation.frame, explanation.other_frame);
        let key = (explanation.side, explanation.rule, explanation.shown);
        let severity = explanation.severity;
        let explained = self.explained.entry(key).or_insert(Explained { count: 0, severity, first });
        explained.count += 1;
        explained.severity = explained.severity.max(severity);
    }

    /// A pair is over.
    pub(super) fn pair(&mut self, pair: &Pair) {
        for (at, half) in pair.halves.iter().enumerate() {
            if let Some(way) = pair.way_of(at) {
                self.ways[way.index()].merge(&half.record);
            }
        }
        let connections = &mut self.connections;
        let [Some(a), Some(b)] = pair.ends else {
            let side = usize::from(pair.ends[0].is_none());
            connections.only[side] += u64::from(!pair.joined);
            return;
        };
        connections.both += 1;
        if let Some(way) = pair.way_of(pair.client.0) {
            connections.clients[way.sender().index()] += 1;
        }
        if a != b {
            connections.translated += 1;
            // The client first.
            let client = pair.client.0;
            self.translation.get_or_insert([a, b].map(|ends| [ends[client], ends[1 - client]]));
        }
        connections.renumbered += u64::from(pair.is_shifted() && !pair.proxied);
        connections.proxied += u64::from(pair.proxied);
    }
}

/// Packets that take less than this both ways together have passed no network.
const ONE_POINT: Span = Span(20_000);
