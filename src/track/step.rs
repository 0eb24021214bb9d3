//! One segment on its way through its connection.

use std::collections::VecDeque;

use crate::dissect::{Segment, TcpFlags};
use crate::rules::Rule;

use super::trail::Trail;
use super::{Direction, Event, Finding, Observation};

/// A segment, where it goes, and what is being said of it.
pub(super) struct Step<'a> {
    pub segment: &'a Segment,
    pub from: Direction,
    pub obs: &'a mut Observation,
    /// Where words about other frames go.
    pub events: &'a mut VecDeque<Event>,
    /// The last segments of all connections.
    pub trail: &'a mut Trail,
}

impl Step<'_> {
    /// Index of the sending end.
    pub fn me(&self) -> usize {
        self.from.index()
    }

    /// Index of the receiving end.
    pub fn peer(&self) -> usize {
        self.from.reverse().index()
    }

    pub fn has(&self, flags: TcpFlags) -> bool {
        self.segment.flags.contains(flags)
    }

    /// Adds a finding on this segment.
    pub fn fire(&mut self, rule: Rule) -> &mut Finding {
        let mut finding = Finding::new(rule);
        finding.flow = Some(self.obs.flow).filter(|flow| *flow != 0);
        finding.direction = Some(self.from);
        finding.frame = self.segment.frame;
        finding.ts = self.segment.ts;
        self.obs.findings.push(finding);
        self.obs.findings.last_mut().expect("one was just pushed")
    }
}
