//! `tcpcheck check`: the verdict on captures in every format, all pointing at the policy's line.
//!
//! [`Run`] is what a run came to; each format is a function of it. The sentences are in `words`, written once.

mod excerpt;
mod github;
mod junit;
mod markdown;
mod ndjson;
mod path;
mod sarif;
mod text;
mod words;

use crate::report::phrase;
pub use excerpt::EvidenceExcerpt;
pub use github::github;
pub use junit::junit;
pub use markdown::markdown;
pub use ndjson::ndjson;
pub use sarif::sarif;
pub use text::text;

use crate::policy::{Policy, Shrink, Standing, State, Verdict};

/// A run of `check`.
#[derive(Debug)]
pub struct Run<'p> {
    /// What was demanded.
    pub policy: &'p Policy,
    /// What was judged, in the order of the command line.
    pub captures: Vec<Capture>,
    /// No connection at all is fine.
    pub allow_empty: bool,
    /// The baseline's file, if there is one.
    pub baseline: Option<String>,
    /// What the baseline has more of than there is.
    pub shrinks: Vec<Shrink>,
    /// The command that ran while the capture was made.
    pub command: Option<CommandEnd>,
}

/// One capture, or two of the same traffic, and what came of it.
#[derive(Debug)]
pub struct Capture {
    /// As it was named.
    pub name: String,
    /// As it can be named to look closer; none when it cannot be read again.
    pub file: Option<String>,
    /// The first of the two, where the path between two is judged.
    pub first_of_pair: Option<String>,
    /// The verdict, or why there is none.
    pub verdict: Result<Verdict, String>,
    /// Its packets that a failure points at.
    pub exhibit: EvidenceExcerpt,
}

/// How the command ended that ran while the capture was made.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CommandEnd {
    /// As it was typed.
    pub line: String,
    /// It ended well.
    pub good: bool,
    /// How it ended: `exited with status 3`.
    pub words: String,
}

/// How a run fared; the worst decides.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum RunStanding {
    /// Every check holds in every capture.
    Passed,
    /// A capture had no connection to judge.
    Empty,
    /// A capture is too poor for a gate of the policy.
    Poor,
    /// A check does not hold, or the command failed.
    Failed,
    /// A capture could not be read.
    CouldNot,
}

impl RunStanding {
    /// The exit status.
    pub fn status(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Failed => 1,
            Self::CouldNot => 2,
            Self::Empty => 3,
            Self::Poor => 4,
        }
    }
}

impl Run<'_> {
    /// How it fared.
    pub fn standing(&self) -> RunStanding {
        let captures = self.captures.iter().map(|capture| capture.standing(self.allow_empty));
        let worst = captures.max().unwrap_or(RunStanding::Empty);
        match &self.command {
            Some(command) if !command.good => worst.max(RunStanding::Failed),
            _ => worst,
        }
    }

    /// Checks that are written in the policy.
    fn checks(&self) -> usize {
        self.policy.checks.iter().filter(|check| !check.is_implied()).count()
    }

    /// Of these, those that are about a capture like that one.
    fn checks_of(&self, capture: &Capture) -> usize {
        let of_pair = capture.first_of_pair.is_some();
        self.policy.checks.iter().filter(|check| !check.is_implied() && check.is_of_pairs() == of_pair).count()
    }

    /// Captures on their own.
    fn singles(&self) -> impl Iterator<Item = &Capture> {
        self.captures.iter().filter(|capture| capture.first_of_pair.is_none())
    }

    /// `2 captures`, `2 captures and the path between them`.
    fn subjects(&self) -> String {
        let (singles, pairs) = (self.singles().count(), self.captures.len() - self.singles().count());
        match (singles, pairs) {
            (singles, 0) => phrase::counted(singles as u64, "capture"),
            (0, _) => "the path between 2 captures".to_owned(),
            (singles, _) => format!("{} and the path between them", phrase::counted(singles as u64, "capture")),
        }
    }

    /// Connections in all captures, or else those that both of a pair show.
    fn connections(&self) -> u64 {
        let of = |captures: &mut dyn Iterator<Item = &Capture>| {
            captures.filter_map(|capture| capture.verdict.as_ref().ok()).map(|verdict| verdict.connections).sum()
        };
        if self.singles().next().is_some() { of(&mut self.singles()) } else { of(&mut self.captures.iter()) }
    }

    /// Scopes that took no connection of any capture.
    fn idle_scopes(&self) -> impl Iterator<Item = &crate::policy::Scope> {
        let verdicts = || self.captures.iter().filter_map(|capture| capture.verdict.as_ref().ok());
        let sections = self.policy.sections.iter().enumerate();
        sections.filter_map(move |(at, section)| {
            let scope = section.scope.as_ref()?;
            let taken = verdicts().any(|verdict| verdict.sections.get(at).is_some_and(|taken| *taken > 0));
            (!taken && verdicts().next().is_some()).then_some(scope)
        })
    }

    /// The place of a check: `tcpcheck.toml:9`.
    fn position(&self, at: crate::policy::Position) -> Option<String> {
        let file = self.policy.file.as_ref().filter(|_| at.line > 0)?;
        Some(format!("{}:{}", file.display(), at.line))
    }
}

impl Capture {
    /// How it fared.
    pub fn standing(&self, allow_empty: bool) -> RunStanding {
        match &self.verdict {
            Err(_) => RunStanding::CouldNot,
            Ok(verdict) => match verdict.standing(allow_empty) {
                Standing::Passed => RunStanding::Passed,
                Standing::Empty => RunStanding::Empty,
                Standing::Failed => RunStanding::Failed,
                Standing::Poor => RunStanding::Poor,
            },
        }
    }

    /// The command that shows more of a check's first place.
    fn look(&self, result: &crate::policy::Judgement) -> Option<String> {
        let file = self.file.as_ref()?;
        if self.first_of_pair.is_some() {
            let flow = result.places.iter().find_map(|place| place.flow);
            let flow = flow.map(|ends| format!(" --flow {}", ends.number)).unwrap_or_default();
            return Some(format!("tcpcheck compare {file}{flow}"));
        }
        Some(match result.places.iter().find_map(|place| place.flow) {
            Some(ends) => format!("tcpcheck -r {file} --flow {}", ends.number),
            None => format!("tcpcheck -r {file} --summary"),
        })
    }

    /// How many checks fail.
    fn failures(&self) -> usize {
        self.verdict.as_ref().map_or(0, |verdict| verdict.count(State::Failed) + verdict.count(State::Poor))
    }
}
