//! Judges what the path between two captures did.

use std::collections::BTreeMap;

use crate::capture::Span;
use crate::compare::{Clock, Comparison, Crossing, Ending, Fate, PathEvent, PathRecord, PathStats, Side, Way};
use crate::track::Direction;

use super::check::{Demand, Policy};
use super::pair::{CONNECTION_CHANGES, PathDemand, PathFault, PathPlace};
use super::tally::tally;
use super::verdict::{Ends, Judgement, Place, State, Verdict, What};

/// Frames named of one direction of a connection.
const MAX_FRAMES: usize = 4;

/// Two captures, while what the path between them does is judged.
pub struct PathJudge<'p> {
    demands: Vec<(usize, &'p PathDemand)>,
    policy: &'p Policy,
    uncertainty: Option<Span>,
    packets: u64,
    /// What a demand has found in a direction of a connection that is not over.
    open: BTreeMap<(HalfName, usize), Found>,
    results: Vec<PathResult>,
}

/// One direction of a connection: its numbers in both captures, and who sends.
type HalfName = ([Option<u32>; 2], bool);

/// What came of one demand so far.
#[derive(Clone, Default)]
struct PathResult {
    judgement: Judgement,
    ways: [Count; 2],
}

/// Packets that are not as they should be, of so many.
#[derive(Clone, Copy, Default)]
struct Count {
    bad: u64,
    of: u64,
}

/// What one demand has found in one direction of a connection.
#[derive(Clone, Default)]
struct Found {
    bad: u64,
    longest: Span,
    /// How the first one ends its connection.
    ending: Option<Ending>,
    frames: Vec<u64>,
}

impl<'p> PathJudge<'p> {
    /// Of two captures whose clocks compare like that.
    pub fn new(policy: &'p Policy, clock: &Clock) -> Self {
        let demands = policy.checks.iter().enumerate().filter_map(|(at, check)| match &check.demand {
            Demand::Path(demand) => Some((at, demand)),
            _ => None,
        });
        Self {
            demands: demands.collect(),
            policy,
            uncertainty: clock.uncertainty(),
            packets: 0,
            open: BTreeMap::new(),
            results: vec![PathResult::default(); policy.checks.len()],
        }
    }

    /// Takes the next thing that has become known.
    pub fn event(&mut self, event: &PathEvent) {
        match event {
            PathEvent::Crossing(crossing) => self.crossing(crossing),
            PathEvent::Path(record) => self.path(record),
            PathEvent::Explanation(_) => {}
        }
    }

    /// Both captures are over: the verdict.
    pub fn finish(mut self, comparison: &Comparison) -> Verdict {
        let mut results = vec![Judgement::default(); self.results.len()];
        for (at, demand) in &self.demands {
            results[*at] = settled(demand, std::mem::take(&mut self.results[*at]), comparison);
        }
        let connections = comparison.totals().connections().both;
        Verdict { of_pair: true, packets: self.packets, connections, sections: Vec::new(), results }
    }

    fn crossing(&mut self, crossing: &Crossing) {
        self.packets += 1;
        let Some(way) = crossing.way else { return };
        let uncertainty = self.uncertainty.unwrap_or_default();
        for (at, demand) in &self.demands {
            let result = &mut self.results[*at];
            let bad = match demand {
                PathDemand::Lost(_) => crossing.fate == Fate::Lost,
                PathDemand::Duplicated(_) => crossing.fate == Fate::Duplicated,
                PathDemand::Overtaken(_) => crossing.overtaken,
                PathDemand::Inserted(_) => crossing.fate == Fate::Inserted,
                PathDemand::LongestDelay(limit) | PathDemand::DelayPercentile(limit) => {
                    let Some(delay) = crossing.delay else { continue };
                    tally(&mut result.judgement).worst(delay, 1);
                    result.ways[way.index()].of += 1;
                    // What the clocks may be off by is held against no packet.
                    delay.minus(uncertainty) > *limit
                }
                PathDemand::Changes(_) | PathDemand::ClockOffset(_) => false,
            };
            if !bad {
                continue;
            }
            result.ways[way.index()].bad += 1;
            let found = self.open.entry((half_name(crossing.flows, crossing.direction), *at)).or_default();
            found.bad += 1;
            found.longest = found.longest.max(crossing.delay.unwrap_or_default());
            found.ending = found.ending.or(crossing.ends);
            if found.frames.len() < MAX_FRAMES {
                found.frames.extend(crossing.frames[side_of(demand, way).index()]);
            }
        }
    }

    /// One direction of a connection is over.
    fn path(&mut self, record: &PathRecord) {
        let (Some(way), Some(ends)) = (record.way, ends(record)) else { return };
        for (at, demand) in &self.demands {
            let PathResult { judgement, ways } = &mut self.results[*at];
            let of = sample(demand, &record.stats);
            ways[way.index()].of += of;
            if let PathDemand::Changes(allowed) = demand {
                changes(judgement, allowed, record, way, ends);
            }
            let Some(found) = self.open.remove(&(half_name(record.flows, record.direction), *at)) else { continue };
            let fault = match demand {
                PathDemand::LongestDelay(_) | PathDemand::DelayPercentile(_) => {
                    PathFault::Delays { longest: found.longest, above: found.bad }
                }
                PathDemand::Inserted(_) => PathFault::Made(found.ending),
                _ => PathFault::Packets { bad: found.bad, of },
            };
            let name = self.policy.checks[*at].key.name();
            let place = PathPlace { way: Some(way), side: side_of(demand, way), fault };
            let place = || Place { flow: Some(ends), frames: found.frames, what: What::Path(place) };
            tally(judgement).count(name, Some(ends), found.bad).worst_first(found.bad as i64, place);
        }
    }
}

fn half_name(flows: [Option<u32>; 2], direction: Direction) -> HalfName {
    (flows, direction == Direction::FromOriginator)
}

/// The capture whose frames show what a demand is about.
fn side_of(demand: &PathDemand, way: Way) -> Side {
    match demand {
        PathDemand::Lost(_) | PathDemand::LongestDelay(_) | PathDemand::DelayPercentile(_) => way.sender(),
        _ => way.receiver(),
    }
}

/// How many packets of a direction a share is of; delays are counted one by one.
fn sample(demand: &PathDemand, stats: &PathStats) -> u64 {
    match demand {
        PathDemand::Lost(_) => stats.arrived + stats.lost,
        PathDemand::Duplicated(_) | PathDemand::Overtaken(_) => stats.arrived,
        PathDemand::Inserted(_) => stats.arrived + stats.inserted,
        _ => 0,
    }
}

/// Client and server, as A knows them, or else B.
fn ends(record: &PathRecord) -> Option<Ends> {
    let [src, dst] = record.ends.iter().flatten().next().copied()?;
    let number = record.flows.iter().flatten().next().copied()?;
    let (client, server) = if record.direction == Direction::FromOriginator { (src, dst) } else { (dst, src) };
    Some(Ends { number, client, server })
}

/// Notes what was changed in a direction of a connection that may not be.
fn changes(judgement: &mut Judgement, allowed: &[&str], record: &PathRecord, way: Way, ends: Ends) {
    let mut note = |what: &'static str, change, count, frames, way| {
        if !allowed.contains(&what) {
            let place = PathPlace {
                way,
                side: record.way.map_or(Side::A, Way::sender),
                fault: PathFault::Changed { what, change, count },
            };
            tally(judgement).count(what, Some(ends), 1).place(Place {
                flow: Some(ends),
                frames,
                what: What::Path(place),
            });
        }
    };
    if record.direction == Direction::FromOriginator {
        let [nat, isn, proxy] = CONNECTION_CHANGES;
        let translated = matches!(record.ends, [Some(a), Some(b)] if a != b);
        for (what, is_so) in [(nat, translated), (isn, record.renumbered), (proxy, record.proxied)] {
            if is_so {
                note(what, None, 1, Vec::new(), None);
            }
        }
    }
    for (change, count, frame) in record.stats.changes.iter() {
        note(change.as_str(), Some(change), count, vec![frame], Some(way));
    }
}

/// Whether a demand holds, now that everything has been counted.
fn settled(demand: &PathDemand, result: PathResult, comparison: &Comparison) -> Judgement {
    let PathResult { mut judgement, ways } = result;
    let clock = &comparison.overlap().clock;
    // Either way has to hold: the worse one decides, and with shares that is the one that is further above what may be.
    let worse = ways.into_iter().max_by_key(|way| (i128::from(way.bad) - i128::from(demand.allowed(way.of)), way.of));
    let all = Count { bad: ways[0].bad + ways[1].bad, of: ways[0].of + ways[1].of };
    let (count, is_measured) = match demand {
        PathDemand::Lost(_) | PathDemand::Duplicated(_) | PathDemand::Overtaken(_) => {
            (worse.unwrap_or_default(), all.of > 0)
        }
        PathDemand::DelayPercentile(_) => (worse.unwrap_or_default(), all.of > 0 && clock.uncertainty().is_some()),
        PathDemand::LongestDelay(_) => (all, all.of > 0 && clock.uncertainty().is_some()),
        PathDemand::Inserted(_) => (all, true),
        PathDemand::Changes(_) => (Count { bad: judgement.bad, of: comparison.totals().connections().both }, true),
        PathDemand::ClockOffset(limit) => {
            let apart = Span(clock.offset().0.saturating_abs());
            judgement.worst = Some(apart);
            let beyond = apart.minus(clock.uncertainty().unwrap_or_default()) > *limit;
            (Count { bad: beyond.into(), of: 1 }, clock.uncertainty().is_some())
        }
    };
    (judgement.of, judgement.bad) = (count.of, count.bad);
    judgement.allowed = demand.allowed(count.of);
    judgement.state = match judgement.bad <= judgement.allowed {
        _ if !is_measured => State::Poor,
        true => State::Passed,
        false => State::Failed,
    };
    judgement
}
