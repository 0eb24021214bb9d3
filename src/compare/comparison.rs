//! Packets of two captures, paired as they come.

use std::collections::VecDeque;

use crate::capture::{Span, Timestamp};
use crate::dissect::TcpFlags;
use crate::rules::Rule;
use crate::track::{Amend, Direction, Finding};

use super::event::{Brief, Crossing, Ending, Fate, PathEvent, PathRecord};
use super::findings::Findings;
use super::link::Links;
use super::pair::Pair;
use super::queue::PathQueue;
use super::sighting::{Header, Sighting};
use super::silence::Silences;
use super::totals::Totals;
use super::waiting::Waiting;
use super::{Overlap, Side, Way};

/// A packet that has not come after so long does not come any more: full queues hold packets for seconds.
const PATIENCE: Span = Span::from_secs(10);

/// Ranges that a capture is known to have missed, of one direction of a connection.
const MAX_MISSED: usize = 256;

/// Packets that wait at most, of both sides: what comes beyond that sends the oldest away.
const MAX_WAITING: usize = 1 << 20;

/// Pairs the packets of two captures, which are shown to it in the order of A's clock.
///
/// Memory goes by what is on its way: by connections that are open, and packets of the last seconds.
#[derive(Debug)]
pub struct Comparison {
    pub(super) overlap: Overlap,
    pub(super) links: Links,
    pub(super) waiting: Waiting,
    pub(super) events: VecDeque<PathEvent>,
    pub(super) findings: Findings,
    pub(super) totals: Totals,
    /// How many packets went either way, and what their queue is like.
    pub(super) sent: [u64; 2],
    pub(super) queues: [PathQueue; 2],
    /// A capture is known to have missed frames.
    pub(super) lossy: [bool; 2],
    /// When either shows nothing.
    pub(super) silences: [Silences; 2],
    /// For whom it is not known on whose side they are.
    pub(super) clients: Side,
    pub(super) now: Timestamp,
}

impl Comparison {
    /// Of two captures that a survey has found to show the same packets.
    pub fn new(overlap: Overlap) -> Self {
        Self {
            totals: Totals::new(overlap.spans),
            lossy: overlap.lossy,
            links: Links::new(overlap.telltale),
            overlap,
            waiting: Waiting::default(),
            events: VecDeque::new(),
            findings: Findings::default(),
            sent: [0; 2],
            queues: [PathQueue::default(); 2],
            silences: Default::default(),
            clients: Side::A,
            now: Timestamp(i64::MIN),
        }
    }

    /// When a packet of a capture was seen, by A's clock: packets are to be shown in that order.
    pub fn time(&self, side: Side, ts: Timestamp) -> Timestamp {
        match side {
            Side::A => ts,
            Side::B => self.overlap.clock.by_a(ts),
        }
    }

    /// What the survey knows.
    pub fn overlap(&self) -> &Overlap {
        &self.overlap
    }

    /// What came of it so far.
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// The next thing that has become known.
    pub fn next_event(&mut self) -> Option<PathEvent> {
        self.events.pop_front()
    }

    /// Takes the next packet.
    pub fn observe(&mut self, side: Side, sighting: &Sighting) {
        let ts = self.time(side, sighting.header.ts);
        self.advance(ts);
        self.silences[side.index()].end(ts);
        let cut = self.overlap.short.iter().any(|short| *short > 0).then(|| sighting.without_options());
        let sighting = cut.as_ref().unwrap_or(sighting);
        let found = self.links.find(side, sighting);
        if let Some(gone) = found.merged {
            self.merge(found.pair, side, *gone);
        }
        let Some(pair) = self.links.pairs.get_mut(found.pair) else { return };
        let half = pair.half_of(side, sighting);
        pair.halves[half].seen[side.index()] += 1;
        if sighting.client_known && !pair.client.1 {
            pair.client = (if sighting.from == Direction::FromOriginator { half } else { 1 - half }, true);
        }
        if pair.way.is_none() {
            let way = self.way_by_host(sighting);
            if let (Some(way), Some(pair)) = (way, self.links.pairs.get_mut(found.pair)) {
                pair.set_way(half, way);
            }
        }
        let Some(pair) = self.links.pairs.get_mut(found.pair) else { return };
        let header = pair.normalised(side, half, Header { ts, ..sighting.header });
        if !header.is(TcpFlags::RST) {
            pair.halves[half].ttls[side.index()] = Some(header.ttl);
        }
        pair.halves[half].base[side.index()] = Some(header.seq.0.wrapping_sub(sighting.relative as u32));
        if let Some(ack) = header.ack {
            let acked = &mut pair.halves[1 - half].acked[side.index()];
            *acked = Some(acked.filter(|acked| acked.distance(ack) > 0).unwrap_or(ack));
        }
        self.arrive(side, found.pair, half, header);
    }

    /// Which way a packet goes, by what is known of the hosts.
    fn way_by_host(&self, sighting: &Sighting) -> Option<Way> {
        let [src, dst] = [sighting.src, sighting.dst].map(|end| self.overlap.hosts.get(&end.addr).copied());
        src.or(dst.map(Side::other)).map(Way::from)
    }

    /// A finding of a capture's tracker.
    pub fn finding(&mut self, side: Side, finding: &Finding) {
        if matches!(finding.rule, Rule::CaptureGap | Rule::KernelDrops) {
            self.lossy[side.index()] = true;
            self.note_missed(side, finding);
        }
        if let Some(pair) = finding.flow.and_then(|flow| self.links.of_flow(side, flow)) {
            let due = Timestamp(self.now.0.saturating_add(PATIENCE.0));
            self.findings.wait(side, pair, finding, due);
        }
    }

    /// Bytes that a capture missed: the bytes that its tracker found to be acknowledged though they were not captured.
    fn note_missed(&mut self, side: Side, finding: &Finding) {
        let Some((from, to)) = finding.range else { return };
        let Some(pair) = finding.flow.and_then(|flow| self.links.of_flow(side, flow)) else { return };
        let Some(pair) = self.links.pairs.get_mut(pair) else { return };
        let half = &mut pair.halves[pair.half_from(finding.direction)];
        if half.missed[side.index()].len() < MAX_MISSED
            && let Some(at) = half.numbers(side)
        {
            half.missed[side.index()].push((at(from), at(to)));
        }
    }

    /// A capture's tracker has thought better of a frame.
    pub fn amend(&mut self, side: Side, amend: &Amend) {
        for rule in amend.replaced() {
            self.findings.withdraw(side, amend.frame, rule);
        }
        for finding in &amend.details {
            self.finding(side, finding);
        }
    }

    /// A capture's tracker has ended a connection.
    pub fn ended(&mut self, side: Side, flow: u32) {
        if let Some(pair) = self.links.end(side, flow) {
            self.close_if_over(pair);
        }
    }

    /// Lets time go on.
    pub fn advance(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
        while let Some((key, packet)) = self.waiting.oldest()
            && (self.now.since(packet.since) > PATIENCE || self.waiting.len() > MAX_WAITING)
        {
            self.expire(key);
        }
        while let Some(finding) = self.findings.due(self.now) {
            self.explain(finding);
        }
    }

    /// The captures are over: nothing waits any more.
    pub fn finish(&mut self) {
        while let Some((key, _)) = self.waiting.oldest() {
            self.expire(key);
        }
        while let Some(finding) = self.findings.due(Timestamp(i64::MAX)) {
            self.explain(finding);
        }
        let mut left: Vec<(u64, usize)> = self.links.pairs.iter().map(|(key, pair)| (pair.serial, key)).collect();
        left.sort_unstable();
        for (_, key) in left {
            self.close(key);
        }
    }

    /// Ends a pair that no tracker knows any more, once nothing of it waits.
    pub(super) fn close_if_over(&mut self, key: usize) {
        let over = self.links.pairs.get(key).is_some_and(|pair| {
            let ended = Side::ALL.iter().all(|side| pair.ended[side.index()] || pair.flows[side.index()].is_none());
            ended && pair.is_settled(&self.waiting) && !self.findings.wait_for(key)
        });
        if over {
            self.close(key);
        }
    }

    fn close(&mut self, key: usize) {
        let pair = *self.links.remove(key);
        self.totals.pair(&pair);
        let (flows, ends, client) = (pair.flows, pair.ends, pair.client);
        let (renumbered, proxied) = (pair.is_shifted() && !pair.proxied, pair.proxied);
        let ways = [pair.way_of(0), pair.way_of(1)];
        for (at, half) in pair.halves.into_iter().enumerate() {
            if half.seen == [0, 0] {
                continue;
            }
            let turned = |ends: [_; 2]| if at == 0 { ends } else { [ends[1], ends[0]] };
            self.events.push_back(PathEvent::Path(Box::new(PathRecord {
                flows,
                direction: direction(client.0, at),
                client_known: client.1,
                ends: ends.map(|ends| ends.map(turned)),
                way: ways[at],
                renumbered,
                proxied,
                stats: half.record,
            })));
        }
    }

    /// Says what became of a packet.
    pub(super) fn report(&mut self, crossing: Crossing) {
        self.totals.crossing(&crossing);
        self.events.push_back(PathEvent::Crossing(crossing));
    }
}

/// Of whose packet something is said.
#[derive(Clone, Copy, Debug)]
pub(super) struct PacketContext {
    flows: [Option<u32>; 2],
    direction: Direction,
    way: Option<Way>,
    /// What relative numbers count from, of its own direction and of the other.
    bases: [u32; 2],
}

impl PacketContext {
    pub(super) fn of(pair: &Pair, half: usize) -> Self {
        let base = |half: usize| pair.halves[half].base.iter().flatten().next().copied().unwrap_or(0);
        let bases = [base(half), base(1 - half)];
        Self { flows: pair.flows, direction: direction(pair.client.0, half), way: pair.way_of(half), bases }
    }

    /// Whether a packet ends its connection.
    pub(super) fn ends(&self, header: &Header) -> bool {
        ending(header).is_some()
    }

    /// A crossing of a packet that one capture shows.
    pub(super) fn alone(&self, side: Side, header: &Header, fate: Fate) -> Crossing {
        let mut frames = [None; 2];
        frames[side.index()] = Some(header.frame);
        Crossing {
            frames,
            flows: self.flows,
            direction: self.direction,
            way: self.way,
            fate,
            ts: header.ts,
            delay: None,
            overtaken: false,
            brief: Brief {
                flags: header.flags,
                seq: header.seq.0.wrapping_sub(self.bases[0]),
                payload: header.payload,
                ack: header.ack.map(|ack| ack.0.wrapping_sub(self.bases[1])),
            },
            part: None,
            ends: ending(header),
        }
    }
}

fn direction(client: usize, half: usize) -> Direction {
    if client == half { Direction::FromOriginator } else { Direction::FromResponder }
}

fn ending(header: &Header) -> Option<Ending> {
    if header.is(TcpFlags::RST) {
        Some(Ending::Rst)
    } else if header.is(TcpFlags::FIN) {
        Some(Ending::Fin)
    } else {
        None
    }
}
