//! The packets that a failure points at: tcpdump's line of each, and those around the first one.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::dissect::Segment;
use crate::policy::{State, Verdict};
use crate::track::{Direction, Observation};

use super::super::buffer::{BufferWriter, SpareCapacity};
use super::super::remark;

/// Packets of the first failure's connection that are kept: so many before it, and so many after.
const BEFORE: usize = 12;
const AFTER: usize = 8;

/// What is shown of a capture's packets.
#[derive(Debug, Default)]
pub struct EvidenceExcerpt {
    wanted: BTreeSet<u64>,
    lines: BTreeMap<u64, String>,
    /// The connection and the frame of the first failure.
    pub(super) first: Option<(u32, u64)>,
    pub(super) steps: VecDeque<Step>,
    /// Packets of that connection before the steps, and after them.
    pub(super) left_out: (u64, u64),
}

/// One packet of the first failure's connection.
#[derive(Debug)]
pub(super) struct Step {
    pub frame: u64,
    pub from_client: bool,
    pub words: String,
    pub findings: Vec<&'static str>,
}

impl EvidenceExcerpt {
    /// What has to be shown of a verdict; nothing when all is well.
    pub fn of(verdict: &Verdict) -> Self {
        let mut exhibit = Self::default();
        for result in verdict.results.iter().filter(|result| result.state >= State::Failed) {
            for place in &result.places {
                let Some(frame) = place.frames.first() else { continue };
                exhibit.wanted.insert(*frame);
                if let (None, Some(ends)) = (exhibit.first, place.flow) {
                    exhibit.first = Some((ends.number, *frame));
                }
            }
        }
        exhibit
    }

    /// Whether any packet is wanted.
    pub fn is_empty(&self) -> bool {
        self.wanted.is_empty()
    }

    /// Takes what it wants of a packet; `line` is tcpdump's.
    pub fn packet(&mut self, line: &[u8], frame: u64, tcp: Option<(&Segment, &Observation)>) {
        if self.wanted.contains(&frame) {
            let line = String::from_utf8_lossy(line);
            self.lines.insert(frame, line.lines().next().unwrap_or_default().to_owned());
        }
        let Some((flow, around)) = self.first else { return };
        let Some((segment, seen)) = tcp.filter(|(_, seen)| seen.flow == flow) else { return };
        let after = self.steps.iter().filter(|step| step.frame > around).count();
        if after >= AFTER {
            self.left_out.1 += 1;
            return;
        }
        let Some(direction) = seen.direction else { return };
        let mut words = Vec::new();
        remark::write(
            &mut BufferWriter::new(&mut SpareCapacity::default(), &mut words),
            segment,
            seen,
            direction,
            false,
        );
        self.steps.push_back(Step {
            frame,
            from_client: direction == Direction::FromOriginator,
            words: String::from_utf8_lossy(&words).into_owned(),
            findings: seen.findings.iter().map(|finding| finding.rule.slug()).collect(),
        });
        if frame <= around && self.steps.len() > BEFORE {
            self.steps.pop_front();
            self.left_out.0 += 1;
        }
    }

    /// tcpdump's line of a frame.
    pub(super) fn line(&self, frame: u64) -> Option<&str> {
        self.lines.get(&frame).map(String::as_str)
    }
}
