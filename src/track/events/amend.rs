//! Words that change later: what was said of a frame, kept for as long as the capture may still say better.

use std::collections::VecDeque;

use arrayvec::ArrayVec;

use crate::rules::{Rule, Severity};

use crate::track::packed::packed;
use crate::track::{Finding, Note, Observation};

/// A frame's final notes and findings, which replace what was said when it came.
#[derive(Clone, Debug)]
pub struct Amend {
    /// The frame.
    pub frame: u64,
    /// Its connection.
    pub flow: u32,
    /// All its annotations now.
    pub notes: Vec<Note>,
    /// All its rules now, each with its finding's severity.
    pub findings: Vec<(Rule, Severity)>,
    /// The findings that are new or changed.
    pub details: Vec<Finding>,
    /// The rules of those that are only changed, with the severity that they had: they count already.
    pub changed: Vec<(Rule, Severity)>,
    /// The rules that no longer hold, with the severity that they had.
    pub withdrawn: Vec<(Rule, Severity)>,
}

impl Amend {
    /// The rules whose findings in this frame no longer hold as they were: withdrawn, or changed.
    pub fn replaced(&self) -> impl Iterator<Item = Rule> {
        self.withdrawn.iter().chain(&self.changed).map(|(rule, _)| *rule)
    }

    /// Whether a finding that was reported before no longer holds as it was.
    pub fn removes(&self, finding: &Finding) -> bool {
        finding.frame == self.frame && self.replaced().any(|rule| rule == finding.rule)
    }

    /// Applies it to findings, those of other frames among them: a changed one keeps its place.
    pub fn apply(&self, findings: &mut Vec<Finding>) {
        let own = |finding: &Finding| finding.frame == self.frame;
        let withdrawn = |finding: &Finding| self.withdrawn.iter().any(|(rule, _)| *rule == finding.rule);
        findings.retain(|finding| !(own(finding) && withdrawn(finding)));
        for detail in &self.details {
            match findings.iter_mut().find(|finding| own(finding) && finding.rule == detail.rule) {
                Some(finding) => finding.clone_from(detail),
                None => findings.push(detail.clone()),
            }
        }
    }

    /// The details that are new: their frame had no finding of that rule.
    pub fn added(&self) -> impl Iterator<Item = &Finding> {
        self.details.iter().filter(|finding| self.changed.iter().all(|(rule, _)| *rule != finding.rule))
    }
}

/// What was said of one frame.
#[derive(Clone, Debug)]
struct Statement {
    frame: u64,
    notes: ArrayVec<Note, 4>,
    rules: ArrayVec<(Rule, Severity), 8>,
}

packed!(Statement { notes, rules } delta Frame { frame });

/// More frames than this are not waited for in one connection; the oldest keep their provisional word.
const MAX_STATEMENTS: usize = 1024;

/// The frames of one connection whose word may still change, oldest first.
#[derive(Debug, Default)]
pub(in crate::track) struct PendingVerdicts {
    statements: VecDeque<Statement>,
}

packed!(PendingVerdicts { statements });

impl PendingVerdicts {
    pub(crate) const NONE: Self = Self { statements: VecDeque::new() };

    /// The memory that it takes besides its own size.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.statements.capacity() * size_of::<Statement>()
    }

    /// No frame's word may change.
    pub(crate) fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    /// Keeps what was said of a frame.
    pub(crate) fn keep(&mut self, frame: u64, observation: &Observation) {
        if self.statements.len() >= MAX_STATEMENTS {
            self.statements.pop_front();
        }
        let own = observation.findings.iter().filter(|finding| finding.frame == frame);
        self.statements.push_back(Statement {
            frame,
            notes: observation.notes.iter().copied().take(4).collect(),
            rules: own.take(8).map(|finding| (finding.rule, finding.severity)).collect(),
        });
    }

    /// Whether the word about a frame may still change, and names that rule.
    pub(crate) fn holds(&self, frame: u64, rule: Rule) -> bool {
        let at = self.statements.binary_search_by_key(&frame, |statements| statements.frame);
        at.is_ok_and(|at| self.statements[at].rules.iter().any(|(held, _)| *held == rule))
    }

    /// Says something else of a frame. `None` when it is no longer known what was said: the provisional word stays.
    pub(crate) fn change(&mut self, flow: u32, frame: u64, add: Vec<Finding>, withdraw: &[Rule]) -> Option<Amend> {
        let at = self.statements.binary_search_by_key(&frame, |statements| statements.frame).ok()?;
        let statements = self.statements.get_mut(at)?;
        let (withdrawn, kept): (Vec<_>, Vec<_>) =
            statements.rules.iter().partition(|(rule, _)| withdraw.contains(rule));
        statements.rules = kept.into_iter().collect();
        let mut changed = Vec::new();
        for finding in &add {
            if let Some((_, severity)) = statements.rules.iter_mut().find(|(rule, _)| *rule == finding.rule) {
                changed.push((finding.rule, std::mem::replace(severity, finding.severity)));
            } else {
                let _ = statements.rules.try_push((finding.rule, finding.severity));
            }
        }
        Some(Amend {
            frame,
            flow,
            notes: statements.notes.to_vec(),
            findings: statements.rules.to_vec(),
            details: add,
            changed,
            withdrawn,
        })
    }
}
