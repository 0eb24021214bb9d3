//! Judges one capture: follows its connections, and when one has ended, asks every check that holds for it.

use std::collections::HashMap;

use crate::capture::{CaptureError, CaptureFault, Filter, Frame, Span};
use crate::dissect::{Dissection, Segment};
use crate::rules::{Rule, Severity};
use crate::track::{Analysis, AnalysisOptions, Event, Finding, FlowRecord, Observation, Outcome};

use super::check::{Defect, Demand, Measure, Policy};
use super::following::Following;
use super::scope;
use super::tally::tally;
use super::units::Close;
use super::verdict::{Ends, Judgement, Place, Verdict, What};

/// The findings that say that bytes were sent again.
const REPETITIONS: [Rule; 6] = [
    Rule::Retransmission,
    Rule::FastRetransmission,
    Rule::TimeoutRetransmission,
    Rule::TailLossProbe,
    Rule::SpuriousRetransmission,
    Rule::RetransmissionExcessive,
];

/// One capture, while it is judged.
pub struct Judge<'p> {
    analysis: Analysis,
    ledger: Ledger<'p>,
}

/// What is judged of it, so far.
struct Ledger<'p> {
    policy: &'p Policy,
    /// Each scope's filter.
    filters: Vec<(usize, Filter)>,
    following: HashMap<u32, Following>,
    packets: u64,
    connections: u64,
    sections: Vec<u64>,
    results: Vec<Judgement>,
}

impl<'p> Judge<'p> {
    /// A capture of which nothing has been seen.
    pub fn new(policy: &'p Policy, options: AnalysisOptions) -> Self {
        let filters = policy.sections.iter().enumerate();
        let filters = filters.filter_map(|(at, section)| Some((at, section.scope.as_ref()?.filter.clone()))).collect();
        let ledger = Ledger {
            policy,
            filters,
            following: HashMap::new(),
            packets: 0,
            connections: 0,
            sections: vec![0; policy.sections.len()],
            results: vec![Judgement::default(); policy.checks.len()],
        };
        Self { analysis: Analysis::new(options), ledger }
    }

    /// Takes the next frame.
    ///
    /// # Errors
    /// When a scope's filter cannot be applied.
    pub fn frame(&mut self, frame: &Frame<'_>) -> Result<(), CaptureError> {
        self.ledger.packets += 1;
        let mut dissection = Dissection::new();
        if let Ok((segment, observation)) = self.analysis.frame(frame, &mut dissection) {
            self.ledger.segment(segment, observation)?;
        }
        self.events();
        Ok(())
    }

    /// Whether every connection so far is over.
    pub fn is_quiet(&self) -> bool {
        self.ledger.following.values().all(|following| following.over)
    }

    /// The capture has lost packets: what is missing from now on is held against no connection.
    pub fn capture_lost(&mut self) {
        self.analysis.capture_lost();
    }

    /// Takes note of what was wrong with the source.
    pub fn fault(&mut self, fault: &CaptureFault, finding: Option<&Finding>) {
        match finding {
            Some(finding) => self.finding(finding),
            None => self.ledger.defect(
                Defect::FileCut,
                Place { flow: None, frames: Vec::new(), what: What::Damaged(fault.to_string()) },
            ),
        }
    }

    /// Takes a finding that belongs to no connection: it is judged as what no scope takes.
    pub fn finding(&mut self, finding: &Finding) {
        self.ledger.finding(finding);
    }

    /// The capture is over: the verdict.
    pub fn finish(mut self) -> Verdict {
        self.analysis.finish();
        self.events();
        let Ledger { policy, packets, connections, sections, mut results, .. } = self.ledger;
        for (check, result) in policy.checks.iter().zip(&mut results) {
            result.settle(&check.demand);
        }
        Verdict { of_pair: false, packets, connections, sections, results }
    }

    fn events(&mut self) {
        while let Some(event) = self.analysis.next_event() {
            self.ledger.event(event);
        }
    }
}

impl Ledger<'_> {
    fn segment(&mut self, segment: &Segment, seen: &Observation) -> Result<(), CaptureError> {
        // A segment of no connection: a header that cannot be read.
        if seen.flow == 0 {
            for finding in &seen.findings {
                self.finding(finding);
            }
            return Ok(());
        }
        let following = match self.following.entry(seen.flow) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                let mut section = 0;
                for (at, filter) in &mut self.filters {
                    if scope::takes(filter, segment.src, segment.dst)? {
                        section = *at;
                        break;
                    }
                }
                self.sections[section] += 1;
                let [round_trips, responses] =
                    [Measure::RoundTrip, Measure::Response].map(|measure| limits_of(self.policy, section, measure));
                entry.insert(Following::new(section, round_trips, responses, segment))
            }
        };
        following.segment(segment, seen);
        Ok(())
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Finding(finding) => match finding.flow.and_then(|flow| self.following.get_mut(&flow)) {
                Some(following) => following.keep(&finding),
                None => self.finding(&finding),
            },
            Event::Icmp(_) => {}
            Event::Amend(amend) => {
                if let Some(following) = self.following.get_mut(&amend.flow) {
                    following.amend(&amend);
                }
            }
            Event::Exchange(exchange) => {
                if let Some(following) = self.following.get_mut(&exchange.flow) {
                    following.exchange(&exchange);
                }
            }
            Event::Ended(flow) => {
                self.connections += 1;
                if let Some(mut following) = self.following.remove(&flow.number) {
                    following.end();
                    self.ended(&flow, &following);
                }
            }
        }
    }

    fn finding(&mut self, finding: &Finding) {
        self.found(0, finding.rule, finding.severity, 1, None, std::slice::from_ref(finding));
        let defect = match finding.rule {
            Rule::KernelDrops => Defect::KernelDrops,
            Rule::FileCut => Defect::FileCut,
            _ => return,
        };
        let what = What::Finding(Box::new(finding.clone()), finding.severity);
        self.defect(defect, Place { flow: None, frames: Vec::new(), what });
    }

    fn defect(&mut self, defect: Defect, place: Place) {
        for (check, result) in self.policy.checks.iter().zip(&mut self.results) {
            if matches!(check.demand, Demand::Quality(of, _) if of == defect) {
                tally(result).bad(1).place(place.clone());
            }
        }
    }

    /// Judges a connection that has ended.
    fn ended(&mut self, flow: &FlowRecord, following: &Following) {
        let policy = self.policy;
        let ends = Ends { number: flow.number, client: flow.client, server: flow.server };
        for (rule, severity, count) in flow.graded() {
            self.found(following.section, rule, severity, count.into(), Some(ends), &following.findings);
        }
        let Some(section) = policy.sections.get(following.section) else { return };
        for &at in &section.checks {
            let (Some(check), Some(result)) = (policy.checks.get(at), self.results.get_mut(at)) else { continue };
            let name = check.key.name();
            let took =
                |frames: Vec<u64>, span, count| Place { flow: Some(ends), frames, what: What::Took(span, count) };
            let mut tally = tally(result);
            match check.demand {
                Demand::Repetitions(_) => {
                    tally.of(flow.c2s.data_segments + flow.s2c.data_segments);
                    let resent = flow.c2s.retransmitted_segments + flow.s2c.retransmitted_segments;
                    if resent > 0 {
                        tally
                            .count(name, Some(ends), resent)
                            .worst_first(resent as i64, || repeated(flow, ends, following, resent));
                    }
                }
                Demand::Longest(measure @ (Measure::RoundTrip | Measure::Response), _)
                | Demand::Percentile(measure @ (Measure::RoundTrip | Measure::Response), _) => {
                    let leg = match measure {
                        Measure::RoundTrip => following.round_trips(),
                        _ => following.responses,
                    };
                    let above = leg.above[usize::from(matches!(check.demand, Demand::Percentile(..)))];
                    tally.of(leg.samples).worst(leg.worst.0, leg.samples);
                    if above > 0 {
                        let (span, frame) = leg.worst;
                        tally.count(name, Some(ends), above).worst_first(span.0, || took(vec![frame], span, above));
                    }
                }
                Demand::Longest(measure, limit) | Demand::Percentile(measure, limit) => {
                    let (measured, frames) = match measure {
                        Measure::Handshake => {
                            (flow.handshake, vec![flow.first_frame, following.established.unwrap_or(flow.last_frame)])
                        }
                        Measure::ZeroWindow => {
                            (Some(flow.c2s.zero_window.max(flow.s2c.zero_window)), following.closed.1.to_vec())
                        }
                        _ => (Some(flow.longest_idle), following.idle.1.to_vec()),
                    };
                    let Some(span) = measured else { continue };
                    tally.of(1).worst(span, 1);
                    if span > limit {
                        tally.count(name, Some(ends), 1).worst_first(span.0, || took(frames, span, 1));
                    }
                }
                Demand::Close(close) => {
                    if is_exempt(policy, &section.checks, flow.outcome) {
                        tally.exempt();
                    } else {
                        tally.of(1);
                        if !ends_well(close, flow.outcome) {
                            tally.count(name, Some(ends), 1).place(Place {
                                flow: Some(ends),
                                frames: vec![flow.last_frame, flow.first_frame],
                                what: What::Ended(flow.outcome),
                            });
                        }
                    }
                }
                Demand::Connections(_) | Demand::Findings(_) => {
                    tally.of(1);
                }
                Demand::Quality(defect, _) => {
                    let rule = match defect {
                        Defect::Gaps => Rule::CaptureGap,
                        Defect::OneDirection => Rule::OneDirectionOnly,
                        Defect::KernelDrops | Defect::FileCut => continue,
                    };
                    let count = flow.findings.iter().find(|(found, _)| *found == rule).map_or(0, |(_, count)| *count);
                    if count > 0 {
                        tally.bad(count.into()).findings(
                            rule,
                            rule.severity(),
                            Some(ends),
                            &following.findings,
                            count.into(),
                        );
                    }
                }
                Demand::Allow(_) | Demand::Path(_) => {}
            }
        }
    }

    /// Counts findings of one rule and severity where they belong: with what allows them, or with what forbids them.
    fn found(
        &mut self,
        section: usize,
        rule: Rule,
        severity: Severity,
        count: u64,
        ends: Option<Ends>,
        kept: &[Finding],
    ) {
        let policy = self.policy;
        let Some(section) = policy.sections.get(section).filter(|_| count > 0) else { return };
        let graded = section.findings.severity(rule, severity);
        for &at in &section.checks {
            let (Some(check), Some(result)) = (policy.checks.get(at), self.results.get_mut(at)) else { continue };
            if allows(&check.demand, rule) {
                tally(result).bad(count).findings(rule, graded.unwrap_or(severity), ends, kept, count);
                return;
            }
        }
        for &at in &section.checks {
            let (Some(check), Some(result)) = (policy.checks.get(at), self.results.get_mut(at)) else { continue };
            if let (Demand::Findings(least), Some(graded)) = (&check.demand, graded)
                && graded >= *least
            {
                tally(result).count(rule.code(), ends, count).findings(rule, graded, ends, kept, count);
            }
        }
    }
}

/// Whether an entry of `allow` that still holds covers a rule.
fn allows(demand: &Demand, rule: Rule) -> bool {
    matches!(demand, Demand::Allow(allowance) if !allowance.expired && allowance.rules.contains(&rule))
}

/// What a section allows of a measure: at most, and for 95 of 100.
fn limits_of(policy: &Policy, section: usize, measure: Measure) -> [Option<Span>; 2] {
    let mut limits = [None; 2];
    let checks = policy.sections.get(section).into_iter().flat_map(|section| &section.checks);
    for check in checks.filter_map(|at| policy.checks.get(*at)) {
        match check.demand {
            Demand::Longest(of, limit) if of == measure => limits[0] = Some(limit),
            Demand::Percentile(of, limit) if of == measure => limits[1] = Some(limit),
            _ => {}
        }
    }
    limits
}

fn repeated(flow: &FlowRecord, ends: Ends, following: &Following, resent: u64) -> Place {
    let by = following.findings.iter().filter(|finding| REPETITIONS.contains(&finding.rule));
    let by: Vec<(&str, u64)> = by.map(|finding| (finding.rule.code(), finding.frame)).collect();
    Place {
        flow: Some(ends),
        frames: by.iter().map(|(_, frame)| *frame).collect(),
        what: What::Repeated { resent, segments: flow.c2s.data_segments + flow.s2c.data_segments, by },
    }
}

/// A connection that began before the capture need not end in it, and one whose end is known and allowed may end so.
fn is_exempt(policy: &Policy, checks: &[usize], outcome: Outcome) -> bool {
    let rule = match outcome {
        Outcome::MidStream => return true,
        Outcome::Closed => return false,
        Outcome::NoAnswer => Rule::NoAnswer,
        Outcome::Refused => Rule::ConnectionRefused,
        Outcome::ResetByClient | Outcome::ResetByServer => Rule::Reset,
        Outcome::HalfClosed => Rule::HalfClosed,
        Outcome::Open => Rule::NotClosed,
    };
    checks.iter().filter_map(|at| policy.checks.get(*at)).any(|check| allows(&check.demand, rule))
}

fn ends_well(close: Close, outcome: Outcome) -> bool {
    match (close, outcome) {
        (Close::Any, _) | (_, Outcome::Closed) => true,
        (Close::ResetOk, Outcome::ResetByClient | Outcome::ResetByServer) => true,
        (Close::ResetOk | Close::Clean, _) => false,
    }
}
