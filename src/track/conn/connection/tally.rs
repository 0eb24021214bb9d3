//! What is counted of a connection, and what of that is taken back.

use crate::capture::Timestamp;
use crate::dissect::{Checksum, Segment, TcpFlags};
use crate::rules::{Rule, Severity};
use crate::track::conn::connection::{Connection, RareConnection};
use crate::track::conn::facts::Fact;
use crate::track::conn::step::{Shared, Step};
use crate::track::{Direction, Event, Finding};

impl Connection {
    /// Counts a segment.
    pub(in crate::track) fn count(&mut self, step: &mut Step<'_>) {
        let segment = step.segment;
        step.shared.counts.count(segment);
        let me = &mut self.ends[step.me()];
        let count = &mut me.count;
        count.packets += 1;
        count.wire_bytes += u64::from(segment.wire_len);
        count.payload_bytes += u64::from(segment.payload_len);
        count.data_segments += u64::from(segment.payload_len > 0);
        if segment.flags.contains(TcpFlags::SYN) {
            me.syns += 1;
        }
        if matches!(segment.checksum, Checksum::Correct | Checksum::Partial) {
            me.facts.note(Fact::GoodChecksum);
        }
    }

    /// Takes back what was counted of a segment that belongs to another connection.
    pub(crate) fn disown(&mut self, segment: &Segment) {
        let end = &mut self.ends[self.direction(segment).index()];
        end.syns -= u32::from(segment.flags.contains(TcpFlags::SYN));
        let count = &mut end.count;
        count.packets -= 1;
        count.wire_bytes -= u64::from(segment.wire_len);
        count.payload_bytes -= u64::from(segment.payload_len);
        count.data_segments -= u64::from(segment.payload_len > 0);
    }

    pub(crate) fn count_finding(&mut self, rule: Rule, severity: Severity) {
        match self.rare.found.iter_mut().find(|(found, _)| *found == rule) {
            Some((_, count)) => *count += 1,
            None => self.rare.found.push((rule, 1)),
        }
        if severity == rule.severity() {
            return;
        }
        match self.rare.regraded.iter_mut().find(|(found, grade, _)| (*found, *grade) == (rule, severity)) {
            Some((.., count)) => *count += 1,
            None => self.rare.regraded.push((rule, severity, 1)),
        }
    }

    pub(in crate::track) fn uncount_finding(&mut self, rule: Rule, severity: Severity) {
        let Some(rare) = self.rare.get_mut() else { return };
        if let Some((_, count)) = rare.found.iter_mut().find(|(found, _)| *found == rule) {
            *count = count.saturating_sub(1);
        }
        rare.found.retain(|(_, count)| *count > 0);
        let regraded = rare.regraded.iter_mut();
        for (.., count) in regraded.filter(|(found, grade, _)| (*found, *grade) == (rule, severity)) {
            *count = count.saturating_sub(1);
        }
    }

    /// Changes what was said of an earlier frame.
    pub(in crate::track) fn amend(&mut self, step: &mut Step<'_>, frame: u64, add: Vec<Finding>, withdraw: &[Rule]) {
        self.amend_in(step.shared, frame, add, withdraw);
    }

    /// The same where no segment is at hand.
    pub(in crate::track) fn amend_in(
        &mut self,
        shared: &mut Shared,
        frame: u64,
        mut add: Vec<Finding>,
        withdraw: &[Rule],
    ) {
        let adds = !add.is_empty();
        add.retain(|finding| !shared.silences(finding.rule));
        if adds && add.is_empty() && withdraw.is_empty() {
            return;
        }
        let number = self.number;
        let change = |rare: &mut RareConnection| rare.pending.change(number, frame, add, withdraw);
        let Some(amend) = self.rare.get_mut().and_then(change) else { return };
        for (rule, severity) in amend.withdrawn.iter().chain(&amend.changed) {
            self.uncount_finding(*rule, *severity);
        }
        for finding in &amend.details {
            self.count_finding(finding.rule, finding.severity);
        }
        shared.events.push_back(Event::Amend(amend));
    }

    /// A finding about an earlier frame of this connection.
    pub(in crate::track) fn late_finding(&self, rule: Rule, at: (u64, Timestamp), from: Direction) -> Finding {
        let mut finding = Finding::new(rule);
        (finding.frame, finding.ts) = at;
        (finding.flow, finding.direction) = (Some(self.number), Some(from));
        finding
    }
}
