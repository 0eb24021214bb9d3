//! What came of judging one capture: each check's result, with what was found and where.

use std::collections::BTreeMap;

use crate::capture::Span;
use crate::dissect::Socket;
use crate::rules::Severity;
use crate::track::{Finding, Outcome};

use super::check::{Demand, Policy};
use super::pair::PathPlace;
use super::units::{Gate, one_in_20};

/// Places kept of each check; the others are counted.
pub const PLACES: usize = 8;

/// What came of one capture, or of two of the same traffic.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// It is about the path between two captures.
    pub of_pair: bool,
    /// Packets.
    pub packets: u64,
    /// Connections.
    pub connections: u64,
    /// Of these, how many each section took.
    pub sections: Vec<u64>,
    /// A result for each of the policy's checks.
    pub results: Vec<Judgement>,
}

/// What came of one check.
#[derive(Clone, Debug, Default)]
pub struct Judgement {
    /// Whether it holds.
    pub state: State,
    /// How many were looked at: connections, data segments, handshakes, round trips.
    pub of: u64,
    /// How many of them are not as they should be.
    pub bad: u64,
    /// How many of them may be.
    pub allowed: u64,
    /// Connections that it does not apply to.
    pub exempt: u64,
    /// The longest of what was measured.
    pub worst: Option<Span>,
    /// Where, the worst first; at most [`PLACES`].
    pub places: Vec<Place>,
    /// How many more places there are.
    pub more: u64,
    /// What is not as it should be, counted by what it is and by the server's port: what a baseline keeps.
    pub counts: BTreeMap<Fingerprint, u64>,
    /// Of these counts, what the baseline has, where that is not as many.
    pub baseline: BTreeMap<Fingerprint, u64>,
}

/// What stays the same of a failure when the capture is made anew: what it is, and at which service.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Fingerprint {
    /// A rule's code or a key's name.
    pub subject: String,
    /// The server's port; none for the capture as a whole.
    pub port: Option<u16>,
}

/// Whether a check holds.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub enum State {
    /// It holds.
    #[default]
    Passed,
    /// It does not, and is only to warn.
    Warned,
    /// It does not, and the baseline knows that.
    Accepted,
    /// It does not.
    Failed,
    /// The capture cannot show whether the policy holds.
    Poor,
}

impl State {
    /// The word that reports write.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Warned => "warned",
            Self::Accepted => "accepted",
            Self::Failed => "failed",
            Self::Poor => "poor",
        }
    }
}

/// One place where something is not as it should be.
#[derive(Clone, Debug)]
pub struct Place {
    /// The connection.
    pub flow: Option<Ends>,
    /// The frames to look at; the first is the one to show.
    pub frames: Vec<u64>,
    /// What is there.
    pub what: What,
}

/// A connection by number and sockets.
#[derive(Clone, Copy, Debug)]
pub struct Ends {
    /// Its number.
    pub number: u32,
    /// The client.
    pub client: Socket,
    /// The server.
    pub server: Socket,
}

/// What is not as it should be.
#[derive(Clone, Debug)]
pub enum What {
    /// A finding, and how severe the policy takes it to be.
    Finding(Box<Finding>, Severity),
    /// How a connection ended.
    Ended(Outcome),
    /// So many of its data segments are repetitions, and the findings that say so.
    Repeated {
        /// Repetitions.
        resent: u64,
        /// Data segments.
        segments: u64,
        /// Rule codes with their frames.
        by: Vec<(&'static str, u64)>,
    },
    /// Something took so long, and how many did so here.
    Took(Span, u64),
    /// A file goes on, but not as a capture.
    Damaged(String),
    /// What the path between two captures did.
    Path(PathPlace),
}

/// How a capture fares as a whole. The worst decides.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Standing {
    /// Every check holds.
    Passed,
    /// There was no connection to judge.
    Empty,
    /// A check does not hold.
    Failed,
    /// The capture is too poor for a gate of the policy: what else was found in it may be the capture's own doing.
    Poor,
}

impl Verdict {
    /// How the capture fares.
    pub fn standing(&self, allow_empty: bool) -> Standing {
        match self.results.iter().map(|result| result.state).max() {
            Some(State::Poor) => Standing::Poor,
            Some(State::Failed) => Standing::Failed,
            _ if self.connections == 0 && !allow_empty => Standing::Empty,
            _ => Standing::Passed,
        }
    }

    /// How many checks have come to that.
    pub fn count(&self, state: State) -> usize {
        self.results.iter().filter(|result| result.state == state).count()
    }
}

impl Judgement {
    /// Says whether the check holds, now that everything has been counted.
    pub(super) fn settle(&mut self, demand: &Demand) {
        self.allowed = match demand {
            Demand::Repetitions(share) => share.allowed(self.of),
            Demand::Percentile(..) => one_in_20(self.of),
            Demand::Allow(allowance) => allowance.max.unwrap_or(u64::MAX),
            _ => 0,
        };
        let holds = match demand {
            Demand::Connections(comparison) => comparison.holds(self.of),
            _ => self.bad <= self.allowed,
        };
        self.state = match demand {
            Demand::Allow(allowance) if allowance.expired => State::Failed,
            _ if holds => State::Passed,
            Demand::Quality(_, Gate::Fail) => State::Poor,
            Demand::Quality(_, Gate::Warn) => State::Warned,
            Demand::Quality(_, Gate::Ignore) => State::Passed,
            _ => State::Failed,
        };
    }
}

impl Policy {
    /// The checks of this kind that are written, with their results, in the order of the file.
    pub fn written<'v>(&'v self, verdict: &'v Verdict) -> Vec<(&'v super::Check, &'v Judgement)> {
        let is_judged = |check: &super::Check| !check.is_implied() && check.is_of_pairs() == verdict.of_pair;
        let mut written: Vec<_> =
            self.checks.iter().zip(&verdict.results).filter(|(check, _)| is_judged(check)).collect();
        written.sort_by_key(|(check, _)| check.at);
        written
    }
}
