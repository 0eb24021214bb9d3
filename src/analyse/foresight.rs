//! What is said of packets after they have passed, known before they pass: of files that were read once already.
//!
//! Both readings say the same in the same order, so what was noted the first time is skipped by its place the second time.

use std::collections::HashMap;

use crate::track::{Amend, Finding, Observation};

/// As much is noted; what is said later than that comes as it does without foresight.
const MAX_NOTED: usize = 500_000;

/// What will be said of earlier packets.
#[derive(Debug, Default)]
pub struct Foresight {
    noted: HashMap<u64, Vec<LaterWord>>,
    /// How much was noted, and how much of that has come again.
    count: usize,
    passed: usize,
    /// All that was said is noted.
    complete: bool,
}

#[derive(Debug)]
enum LaterWord {
    Finding(Finding),
    Amend(Amend),
}

impl Foresight {
    /// Notes what came with a packet, the first time: what its segment says of earlier ones.
    pub fn note_packet(&mut self, frame: u64, seen: &Observation) {
        for finding in others(frame, seen) {
            self.note(finding.frame, || LaterWord::Finding(finding.clone()));
        }
    }

    /// Notes a finding that came with no packet.
    pub fn note_finding(&mut self, finding: &Finding) {
        self.note(finding.frame, || LaterWord::Finding(finding.clone()));
    }

    /// Notes a change.
    pub fn note_amend(&mut self, amend: &Amend) {
        self.note(amend.frame, || LaterWord::Amend(amend.clone()));
    }

    /// Everything has been read once.
    pub fn noted_all(&mut self) {
        self.complete = self.count < MAX_NOTED;
    }

    fn note(&mut self, frame: u64, word: impl FnOnce() -> LaterWord) {
        // What is about no frame stands where it comes.
        if frame > 0 && self.count < MAX_NOTED {
            self.noted.entry(frame).or_default().push(word());
            self.count += 1;
        }
    }

    /// Whether nothing will be said that is not noted.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// Whether what is said next is noted, and told with its packet.
    pub fn knows_next(&mut self) -> bool {
        let knows = self.passed < self.count;
        self.passed += usize::from(knows);
        knows
    }

    /// A packet passes the second time: gives those findings about earlier ones that are not noted.
    pub fn pass(&mut self, frame: u64, seen: &Observation) -> Vec<Finding> {
        others(frame, seen).filter(|_| !self.knows_next()).cloned().collect()
    }

    /// Puts into a packet's findings what will be said of it.
    pub fn warn(&mut self, frame: u64, findings: &mut Vec<Finding>) {
        for word in self.noted.remove(&frame).unwrap_or_default() {
            match word {
                LaterWord::Finding(finding) => findings.push(finding),
                LaterWord::Amend(amend) => amend.apply(findings),
            }
        }
    }
}

/// What a segment says of earlier frames.
fn others(frame: u64, seen: &Observation) -> impl Iterator<Item = &Finding> {
    seen.findings.iter().filter(move |finding| finding.frame != frame && finding.frame > 0)
}
