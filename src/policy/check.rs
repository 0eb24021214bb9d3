//! What a policy demands, as a list of checks and of the parts of the traffic that each is for.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::civil::Date;

use crate::capture::{Filter, Span};
use crate::rules::{Rule, Severity};

use super::pair::PathDemand;
use super::units::{Close, Comparison, Gate, Share};
use super::{Key, Position};

/// A policy, read and sound.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Where it was read; none when it is the one that is built in.
    pub file: Option<PathBuf>,
    /// What it demands, in the order of the keys.
    pub checks: Vec<Check>,
    /// The traffic that no scope takes, and then the scopes as they are written.
    pub sections: Vec<Section>,
}

/// One demand: a key, or an entry of `allow`.
#[derive(Clone, Debug)]
pub struct Check {
    /// The key that makes it.
    pub key: Key,
    /// The section it was written in.
    pub section: usize,
    /// What it demands.
    pub demand: Demand,
    /// Where it is written.
    pub at: Position,
    /// As it is written, in a line: `close = "clean"`.
    pub text: String,
}

impl Check {
    /// Whether it holds without being written: it can only warn.
    pub fn is_implied(&self) -> bool {
        self.at.line == 0
    }

    /// Whether it is about two captures of the same traffic.
    pub fn is_of_pairs(&self) -> bool {
        matches!(self.demand, Demand::Path(_))
    }
}

/// What a check demands.
#[derive(Clone, Debug)]
pub enum Demand {
    /// No selected finding of that severity or above.
    Findings(Severity),
    /// No more repetitions among the data segments.
    Repetitions(Share),
    /// Nothing measured is longer.
    Longest(Measure, Span),
    /// 95 of 100 measured are no longer.
    Percentile(Measure, Span),
    /// How connections end.
    Close(Close),
    /// A capture that is good enough.
    Quality(Defect, Gate),
    /// So many connections.
    Connections(Comparison),
    /// Findings that are known.
    Allow(Allowance),
    /// What the path between two captures does.
    Path(PathDemand),
}

/// What is measured of connections.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Measure {
    /// SYN to the acknowledgment of the SYN+ACK.
    Handshake,
    /// Segment to acknowledgment, on the longer way from the capture point.
    RoundTrip,
    /// Last byte of a request to first byte of its answer, less the round trip and what retransmissions cost.
    Response,
    /// How long a side has its window closed.
    ZeroWindow,
    /// Between two segments.
    Idle,
}

/// What can be wrong with a capture.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Defect {
    /// Bytes were missed.
    Gaps,
    /// One direction only.
    OneDirection,
    /// The kernel dropped packets.
    KernelDrops,
    /// The file ends inside a packet, or is damaged.
    FileCut,
}

/// Findings that are known, and why they may be.
#[derive(Clone, Debug)]
pub struct Allowance {
    /// Of these rules.
    pub rules: Vec<Rule>,
    /// As they were named.
    pub named: String,
    /// So many of them in a capture; none for any number.
    pub max: Option<u64>,
    /// Why.
    pub reason: String,
    /// The last day on which it holds.
    pub until: Option<Date>,
    /// That day has passed.
    pub expired: bool,
}

/// A part of the traffic, and what holds there.
#[derive(Clone, Debug)]
pub struct Section {
    /// A scope's name; none for what no scope takes.
    pub scope: Option<Scope>,
    /// Which findings fail.
    pub findings: FindingRules,
    /// The checks that hold here: [`Policy::checks`] by index.
    pub checks: Vec<usize>,
}

/// A named part of the traffic.
#[derive(Clone, Debug)]
pub struct Scope {
    /// Its name.
    pub name: String,
    /// Which connections it takes.
    pub filter: Filter,
    /// Where it is written.
    pub at: Position,
}

/// Which findings count, and how much.
#[derive(Clone, Debug, Default)]
pub struct FindingRules {
    /// The rules that are judged.
    pub judged: Vec<Rule>,
    /// Other severities than the rules' own.
    pub severities: BTreeMap<Rule, Severity>,
}

impl FindingRules {
    /// The severity of a finding here; none when it is not judged.
    pub fn severity(&self, rule: Rule, found: Severity) -> Option<Severity> {
        let judged = self.judged.binary_search(&rule).is_ok();
        judged.then(|| self.severities.get(&rule).copied().unwrap_or(found))
    }
}

impl Policy {
    /// Whether it demands anything of two captures of the same traffic.
    pub fn judges_pairs(&self) -> bool {
        self.checks.iter().any(Check::is_of_pairs)
    }

    /// Whether it demands anything of a single capture.
    pub fn judges_captures(&self) -> bool {
        self.checks.iter().any(|check| !check.is_of_pairs() && !check.is_implied())
    }

    /// The name of a check's scope.
    pub fn scope_of(&self, check: &Check) -> Option<&str> {
        self.sections.get(check.section)?.scope.as_ref().map(|scope| scope.name.as_str())
    }
}
