//! Words that change later: what was said of a frame, kept for as long as the capture may still say better.

use std::collections::VecDeque;

use arrayvec::ArrayVec;

use crate::rules::Rule;

use super::{Finding, Note, Observation};

/// A frame's final notes and findings, which replace what was said when it came.
#[derive(Clone, Debug)]
pub struct Amend {
    /// The frame.
    pub frame: u64,
    /// Its connection.
    pub flow: u32,
    /// All its annotations now.
    pub notes: Vec<Note>,
    /// All its rules now.
    pub findings: Vec<Rule>,
    /// The findings that are new or changed.
    pub details: Vec<Finding>,
    /// The rules that no longer hold.
    pub withdrawn: Vec<Rule>,
}

/// What was said of one frame.
#[derive(Clone, Debug)]
struct Said {
    frame: u64,
    notes: ArrayVec<Note, 4>,
    rules: ArrayVec<Rule, 8>,
}

/// More frames than this are not waited for in one connection; the oldest keep their provisional word.
const MAX_SAID: usize = 1024;

/// The frames of one connection whose word may still change, oldest first.
#[derive(Debug, Default)]
pub(super) struct Words {
    said: VecDeque<Said>,
}

impl Words {
    /// Keeps what was said of a frame.
    pub fn keep(&mut self, frame: u64, observation: &Observation) {
        if self.said.len() >= MAX_SAID {
            self.said.pop_front();
        }
        let own = observation.findings.iter().filter(|finding| finding.frame == frame).map(|finding| finding.rule);
        self.said.push_back(Said {
            frame,
            notes: observation.notes.iter().copied().take(4).collect(),
            rules: own.take(8).collect(),
        });
    }

    /// Says something else of a frame. `None` when it is no longer known what was said: the provisional word stays.
    pub fn change(&mut self, flow: u32, frame: u64, add: Vec<Finding>, withdraw: &[Rule]) -> Option<Amend> {
        let at = self.said.binary_search_by_key(&frame, |said| said.frame).ok()?;
        let said = self.said.get_mut(at)?;
        let withdrawn = withdraw.iter().copied().filter(|rule| said.rules.contains(rule)).collect();
        said.rules.retain(|rule| !withdraw.contains(rule));
        for finding in &add {
            if !said.rules.contains(&finding.rule) {
                let _ = said.rules.try_push(finding.rule);
            }
        }
        Some(Amend { frame, flow, notes: said.notes.to_vec(), findings: said.rules.to_vec(), details: add, withdrawn })
    }
}
