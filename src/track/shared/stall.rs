//! Connections that are silent and go on together: one stall of a host, a program, a radio or a path (TC706).
//!
//! Each connection tells when an end of it was silent although it had something to answer. Where several of one host end their
//! silence within a moment, and the host said nothing to anybody in the time that they have in common, it is one stall. It is said
//! once; the connections' own findings refer to it.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, VecDeque};
use std::net::IpAddr;

use crate::capture::{Span, Timestamp};
use crate::rules::{Confidence, Rule};

use crate::track::shared::recent::{MAX_FRAMES_BACK, RecentSegments, host_mark};
use crate::track::{Finding, Value};

/// RFC 9293 §3.8.6.3 lets an acknowledgment wait for half a second: a silence is longer.
pub(in crate::track) const SHORTEST_SILENCE: Span = Span::from_millis(600);

/// What was silent.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(in crate::track) enum Kind {
    /// The host: it acknowledged nothing.
    Host,
    /// Its program: the host acknowledged.
    Program,
}

/// An end of a connection that was silent although it had something to answer.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(in crate::track) struct Pause {
    pub flow: u32,
    /// The host that was silent, and the one that waited.
    pub hosts: [IpAddr; 2],
    pub start: Timestamp,
    pub end: Timestamp,
    /// The segment that ended it.
    pub frame: u64,
    pub kind: Kind,
}

/// What the connections of a stall have in common.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Common {
    /// The host that was silent.
    Silent,
    /// The host that waited: nobody answered it.
    Waiting,
}

/// Connections that were silent and went on together.
#[derive(Debug)]
struct Stall {
    common: Common,
    host: IpAddr,
    kind: Kind,
    start: Timestamp,
    /// When the first and the last of them went on.
    ends: (Timestamp, Timestamp),
    flows: BTreeSet<u32>,
    frames: Vec<u64>,
}

/// Stalls of a capture, and what may become one.
#[derive(Debug)]
pub(in crate::track) struct Stalls {
    /// The last pauses, oldest first, that are part of no stall.
    pauses: VecDeque<Pause>,
    /// Stalls that others may still go on from, and those that have been said, oldest first.
    open: VecDeque<Stall>,
    said: VecDeque<Stall>,
    /// When the next one is to be said.
    due: Timestamp,
    /// The last findings of all connections that a stall may explain.
    found: VecDeque<Finding>,
    /// Segments that were looked at to see whether a host was quiet.
    looked_at: u64,
    /// Of which pauses it is known that the host was not quiet, where other trackers are asked and told.
    loud: Option<BTreeSet<(u64, bool)>>,
    quiet: bool,
}

impl Default for Stalls {
    fn default() -> Self {
        let (pauses, open, said, found) = Default::default();
        Self { pauses, open, said, due: Timestamp(i64::MAX), found, looked_at: 0, loud: None, quiet: false }
    }
}

/// Connections go on together when no more time lies between two of them.
pub(in crate::track) const JOINT: Span = Span::from_millis(100);
/// Fewer connections are silent together by chance.
const CONNECTIONS: usize = 3;
/// Bounds, for a capture in which all is silent all the time.
const MAX_PAUSES: usize = 64;
const MAX_OPEN: usize = 8;
const MAX_SAID: usize = 64;
const MAX_FLOWS: usize = 4096;
const MAX_FRAMES: usize = 4;
const MAX_FOUND: usize = 256;
/// So many segments are looked at for each that passes, in the mean.
const LOOKS: u64 = 8;

impl Stalls {
    /// Whether a stall is to be said by now.
    #[inline]
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        now >= self.due
    }

    /// Takes a pause, and sees whether it is part of a stall.
    pub(crate) fn note(&mut self, pause: Pause, recent: &RecentSegments) {
        if let Some(stall) = self.open.iter_mut().find(|stall| stall.goes_on_with(&pause)) {
            stall.add(&pause);
        } else {
            if self.pauses.len() >= MAX_PAUSES {
                self.pauses.pop_front();
            }
            self.pauses.push_back(pause);
            let mut ways = [Common::Silent, Common::Waiting].into_iter();
            if let Some(stall) = ways.find_map(|common| self.join(&pause, common, recent)) {
                self.pauses.retain(|pause| !stall.flows.contains(&pause.flow));
                if self.open.len() < MAX_OPEN {
                    self.open.push_back(stall);
                }
            }
        }
        self.due = self.next();
    }

    /// Other trackers see other segments of the same hosts: their answers come, and this one's are wanted.
    pub(crate) fn listen(&mut self) {
        self.loud = Some(BTreeSet::new());
    }

    /// The host that ended a pause with that frame, or that waited, was not quiet.
    pub(crate) fn know_loud(&mut self, frame: u64, waiting: bool) {
        self.loud.get_or_insert_default().insert((frame, waiting));
    }

    /// Those known by now.
    pub(crate) fn loud(&self) -> impl Iterator<Item = (u64, bool)> {
        self.loud.iter().flatten().copied()
    }

    /// As far as this tracker can see, there was a stall.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// When the next stall is to be said.
    fn next(&self) -> Timestamp {
        let ends = self.open.iter().map(|stall| stall.ends.1.0.saturating_add(JOINT.0));
        Timestamp(ends.min().unwrap_or(i64::MAX))
    }

    /// The stall that this pause and others have in common.
    fn join(&mut self, last: &Pause, common: Common, recent: &RecentSegments) -> Option<Stall> {
        let host = common.host(last);
        let joint = |pause: &&Pause| common.host(pause) == host && last.end.since(pause.end) <= JOINT;
        let members = || self.pauses.iter().filter(joint);
        let flows: BTreeSet<u32> = members().map(|pause| pause.flow).collect();
        // It is looked at again only when more have joined: each look goes through what passed meanwhile.
        if flows.len() < CONNECTIONS || !flows.len().is_power_of_two() && flows.len() != CONNECTIONS {
            return None;
        }
        let from = members().map(|pause| pause.start).max()?;
        let to = members().map(|pause| pause.end).min()?;
        let kind = if members().all(|pause| pause.kind == Kind::Host) { Kind::Host } else { Kind::Program };
        let tired = self.looked_at > last.frame.saturating_mul(LOOKS).saturating_add(4 * MAX_FRAMES_BACK);
        if to.since(from) < Span(SHORTEST_SILENCE.0 / 2) || tired {
            return None;
        }
        let asked = (last.frame, common == Common::Waiting);
        if self.loud.as_ref().is_some_and(|loud| loud.contains(&asked)) {
            return None;
        }
        let (quiet, looked_at) = common.was_quiet(host, kind, (from, to), recent);
        self.looked_at = self.looked_at.saturating_add(looked_at);
        self.quiet |= quiet;
        if !quiet {
            self.loud.iter_mut().for_each(|loud| loud.extend([asked]));
            return None;
        }
        let members = || self.pauses.iter().filter(joint);
        let mut stall =
            Stall { common, host, kind, start: from, ends: (to, to), flows: BTreeSet::new(), frames: Vec::new() };
        members().for_each(|pause| stall.add(pause));
        Some(stall)
    }

    /// Says the stalls that are complete.
    pub(crate) fn settle(&mut self, now: Timestamp) -> Vec<Finding> {
        let mut found = Vec::new();
        while let Some(at) = self.open.iter().position(|stall| now.since(stall.ends.1) >= JOINT) {
            let Some(stall) = self.open.remove(at) else { break };
            found.push(stall.finding());
            if self.said.len() >= MAX_SAID {
                self.said.pop_front();
            }
            self.said.push_back(stall);
        }
        self.due = self.next();
        found
    }

    /// The frame of the stall that a connection was part of when its silence ended then.
    pub(crate) fn stall_of(&self, flow: u32, end: Timestamp) -> Option<u64> {
        let mut all = self.open.iter().chain(&self.said).rev();
        let ends = |stall: &&Stall| (stall.ends.0..=stall.ends.1).contains(&end) && stall.flows.contains(&flow);
        all.find(ends)?.frames.first().copied()
    }

    /// Keeps a finding that a stall may explain.
    pub(crate) fn keep(&mut self, finding: &Finding) {
        if self.found.len() >= MAX_FOUND {
            self.found.pop_front();
        }
        self.found.push_back(finding.clone());
    }

    /// What was found of a connection in that time.
    pub(crate) fn found_between(&self, flow: u32, (start, end): (Timestamp, Timestamp)) -> Vec<Finding> {
        let within = |finding: &&Finding| finding.flow == Some(flow) && (start..=end).contains(&finding.ts);
        self.found.iter().filter(within).cloned().collect()
    }
}

impl Common {
    fn host(self, pause: &Pause) -> IpAddr {
        let [silent, waiting] = pause.hosts;
        if self == Self::Silent { silent } else { waiting }
    }

    /// Whether the host that was silent said nothing to anybody in that time, or nobody said anything to the one that waited; and how
    /// many segments were looked at for that.
    fn was_quiet(
        self,
        host: IpAddr,
        kind: Kind,
        (from, to): (Timestamp, Timestamp),
        recent: &RecentSegments,
    ) -> (bool, u64) {
        let mark = host_mark(host);
        let speaks = |mark_there: u16| (mark_there >> 1 == mark >> 1) == (self == Self::Silent);
        for (passed, looked_at) in recent.newest_first().zip(1..) {
            if passed.ts <= from {
                return (true, looked_at);
            }
            let counts = kind == Kind::Host || passed.host & 1 == 1;
            if passed.ts < to && counts && speaks(passed.host) {
                return (false, looked_at);
            }
        }
        // It is not known what passed before.
        (false, MAX_FRAMES_BACK)
    }
}

impl Stall {
    /// Whether this pause is part of it.
    fn goes_on_with(&self, pause: &Pause) -> bool {
        self.common.host(pause) == self.host
            && pause.end.since(self.ends.1) <= JOINT
            && pause.start < self.ends.0
            && self.flows.len() < MAX_FLOWS
    }

    fn add(&mut self, pause: &Pause) {
        self.start = self.start.min(pause.start);
        self.ends = (self.ends.0.min(pause.end), self.ends.1.max(pause.end));
        if pause.kind == Kind::Program {
            self.kind = Kind::Program;
        }
        if self.flows.insert(pause.flow) && self.frames.len() < MAX_FRAMES {
            self.frames.push(pause.frame);
        }
    }

    fn finding(&self) -> Finding {
        let mut finding = Finding::new(Rule::PathStall);
        (finding.frame, finding.ts) = (self.frames.first().copied().unwrap_or(0), self.ends.0);
        let count = i64::try_from(self.flows.len()).unwrap_or(i64::MAX);
        let what = match (self.common, self.kind) {
            (Common::Silent, Kind::Host) => "the host, its radio, or the path to it stood still",
            (Common::Silent, Kind::Program) => "the host acknowledged meanwhile, its programs stood still",
            (Common::Waiting, _) => "nobody answered this host: its radio, or its path, stood still",
        };
        finding
            .with("connections", Value::Count(count, "connection"))
            .with("host", Value::Address(self.host))
            .time("silent", self.ends.0.since(self.start))
            .time("within", self.ends.1.since(self.ends.0))
            .with("resumed", Value::Frames(self.frames.clone()))
            .word("what", what)
            .confidence(Confidence::Likely);
        finding
    }
}
