//! What a capture amounts to, gathered packet by packet in bounded memory.

mod causes;
mod held;
mod numbers;
mod sample;
mod text;

use std::collections::BTreeMap;

use crate::capture::{Drops, SourceInfo, Span, Timestamp};
use crate::dissect::Checksum;
use crate::rules::{Rule, Severity};
use crate::track::{
    Amend, Diagnosis, Direction, DirectionStats, Exchange, Finding, FlowRecord, IcmpSeen, Outcome, Responsible,
};

use super::phrase::counted;
use super::{Packet, diagnosis_text, wording};
pub(in crate::report) use causes::{Blamed, Causes, Trouble};
use held::LimitedByShare;
pub(in crate::report) use numbers::Quantiles;
use sample::Sample;
pub use text::{FoundRule, Invocation};

/// Frames named for each rule.
const PLACES: usize = 3;

/// The rules that say what a capture as a whole cannot carry.
const LIMITS: [Rule; 6] = [
    Rule::KernelDrops,
    Rule::AcksMissing,
    Rule::CapturedTwice,
    Rule::DirectionsSkewed,
    Rule::PayloadAltered,
    Rule::Concatenated,
];

/// A capture in numbers.
#[derive(Debug)]
pub struct Summary {
    source: SourceInfo,
    packets: u64,
    tcp_packets: u64,
    cut_packets: u64,
    checksums: [u64; 4],
    between: Option<(Timestamp, Timestamp)>,
    flows: u64,
    outcomes: [u64; Outcome::ALL.len()],
    handshakes: Handshakes,
    /// Round trips from the capture point: to the server and back, to the client and back.
    rtt: [Sample; 2],
    c2s: Data,
    s2c: Data,
    syns: u64,
    syns_again: u64,
    zero_window: Span,
    responses: Responses,
    causes: Causes,
    held: LimitedByShare,
    found: BTreeMap<Rule, Found>,
    drops: Drops,
    /// ICMP errors about connections, and those whose quoted numbers fit none.
    icmp: (u64, u64),
    /// Packets of ICMP were left out before they came here.
    without_icmp: bool,
    complete: bool,
}

/// Openings whose SYN was seen.
#[derive(Debug, Default)]
struct Handshakes {
    begun: u64,
    times: Sample,
    slowest: Option<(Span, u32)>,
}

/// Requests and their answers.
#[derive(Debug, Default)]
struct Responses {
    exchanges: u64,
    times: Sample,
    /// The longest, its connection, and the frame of the request.
    slowest: Option<(Span, u32, u64)>,
}

/// Payload of one direction, over all connections.
#[derive(Clone, Copy, Debug, Default)]
struct Data {
    bytes: u64,
    segments: u64,
    resent_segments: u64,
    resent_bytes: u64,
}

/// How often a rule fired, where first, and what it said there.
#[derive(Debug)]
struct Found {
    /// By severity: a gate lowers some.
    severities: [u64; 3],
    /// Connection and frame.
    places: Vec<(Option<u32>, u64)>,
    message: String,
}

impl Summary {
    /// Of a source of which nothing has been seen yet.
    pub fn new(source: SourceInfo) -> Self {
        Self {
            source,
            packets: 0,
            tcp_packets: 0,
            cut_packets: 0,
            checksums: [0; 4],
            between: None,
            flows: 0,
            outcomes: [0; Outcome::ALL.len()],
            handshakes: Handshakes::default(),
            rtt: [Sample::default(), Sample::default()],
            c2s: Data::default(),
            s2c: Data::default(),
            syns: 0,
            syns_again: 0,
            zero_window: Span(0),
            responses: Responses::default(),
            causes: Causes::default(),
            held: LimitedByShare::default(),
            found: BTreeMap::new(),
            drops: Drops::default(),
            icmp: (0, 0),
            without_icmp: false,
            complete: true,
        }
    }

    /// Counts a packet and what it did.
    #[inline]
    pub fn packet(&mut self, packet: &Packet<'_>) {
        self.packets += 1;
        self.cut_packets += u64::from(packet.is_cut);
        self.tcp_packets += u64::from(packet.is_tcp);
        let (first, last) = self.between.get_or_insert((packet.ts, packet.ts));
        if packet.ts > *last {
            *last = packet.ts;
        } else if packet.ts < *first {
            *first = packet.ts;
        }
        let Some((segment, seen)) = packet.tcp else { return };
        self.checksums[match segment.checksum {
            Checksum::Correct => 0,
            Checksum::Partial => 1,
            Checksum::Wrong { .. } => 2,
            Checksum::Unknown => 3,
        }] += 1;
        if let (Some(direction), Some(rtt)) = (seen.direction, seen.acked.as_ref().and_then(|acked| acked.rtt)) {
            self.rtt[usize::from(direction == Direction::FromOriginator)].add(rtt);
        }
        for finding in &seen.findings {
            self.finding(finding);
        }
    }

    /// Counts a finding.
    pub fn finding(&mut self, finding: &Finding) {
        let found = self.found.entry(finding.rule).or_insert_with(|| Found {
            severities: [0; 3],
            places: Vec::new(),
            message: wording::message(finding),
        });
        found.severities[finding.severity as usize] += 1;
        if finding.flow.is_none() && finding.frame == 0 {
            return;
        }
        // Some are made when later frames tell: the first are named, and the very first is the example.
        let at = found.places.partition_point(|(_, frame)| *frame <= finding.frame);
        if at < PLACES {
            found.places.insert(at, (finding.flow, finding.frame));
            found.places.truncate(PLACES);
            if at == 0 && found.places.len() > 1 {
                found.message = wording::message(finding);
            }
        }
    }

    /// Counts what is new, and takes back what no longer holds.
    pub fn amend(&mut self, amend: &Amend) {
        for (rule, severity) in &amend.withdrawn {
            let Some(found) = self.found.get_mut(rule) else { continue };
            found.move_one(*severity, None);
            found.places.retain(|(_, frame)| *frame != amend.frame);
            if found.count() == 0 {
                self.found.remove(rule);
            }
        }
        for (rule, severity) in &amend.changed {
            let now = amend.details.iter().find(|finding| finding.rule == *rule);
            let (Some(found), Some(now)) = (self.found.get_mut(rule), now) else { continue };
            found.move_one(*severity, Some(now.severity));
            // What stands behind the frames was said of the first.
            if found.places.first() == Some(&(Some(amend.flow), amend.frame)) {
                found.message = wording::message(now);
            }
        }
        for finding in amend.added() {
            self.finding(finding);
        }
    }

    /// Counts a request and its answer.
    pub fn exchange(&mut self, exchange: &Exchange) {
        self.responses.count(exchange);
    }

    /// Counts a connection.
    pub fn ended(&mut self, flow: &FlowRecord) {
        self.flows += 1;
        if let Some(at) = Outcome::ALL.iter().position(|outcome| *outcome == flow.outcome) {
            self.outcomes[at] += 1;
        }
        self.handshakes.count(flow);
        self.causes.count(flow);
        self.held.count(flow);
        self.c2s.add(&flow.c2s);
        self.s2c.add(&flow.s2c);
        self.syns += u64::from(flow.c2s.syns);
        self.syns_again += u64::from(flow.c2s.syns.saturating_sub(1));
        let closed = flow.c2s.zero_window.0.saturating_add(flow.s2c.zero_window.0);
        self.zero_window = Span(self.zero_window.0.saturating_add(closed));
    }

    /// Notes what the capture lost, as far as its source counts that.
    pub fn lost(&mut self, drops: Drops) {
        self.drops = drops;
    }

    /// Counts an ICMP error.
    pub fn icmp(&mut self, seen: &IcmpSeen) {
        let count = if seen.seq.is_some() { &mut self.icmp.0 } else { &mut self.icmp.1 };
        *count += 1;
    }

    /// Notes that a filter has left ICMP out: whether any came cannot be known.
    pub fn without_icmp(&mut self) {
        self.without_icmp = true;
    }

    /// ICMP errors about connections, and those whose quoted numbers fit none.
    pub fn icmp_errors(&self) -> (u64, u64) {
        self.icmp
    }

    /// Notes that the source holds more than could be read.
    pub fn incomplete(&mut self) {
        self.complete = false;
    }

    /// Packets.
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// Packets that hold TCP.
    pub fn tcp_packets(&self) -> u64 {
        self.tcp_packets
    }

    /// Time between the first and the last packet.
    pub fn span(&self) -> Span {
        self.between.map(|(first, last)| last.since(first)).unwrap_or_default()
    }

    /// Connections.
    pub fn flows(&self) -> u64 {
        self.flows
    }

    /// Outcomes that occurred, with how often.
    pub fn outcomes(&self) -> impl Iterator<Item = (Outcome, u64)> {
        Outcome::ALL.into_iter().zip(self.outcomes).filter(|(_, count)| *count > 0)
    }

    /// Rules that fired, with how often.
    pub fn rules(&self) -> impl Iterator<Item = (Rule, u64)> {
        self.found.iter().map(|(rule, found)| (*rule, found.count()))
    }

    /// Findings of a severity.
    pub fn count(&self, severity: Severity) -> u64 {
        self.found.values().map(|found| found.severities[severity as usize]).sum()
    }

    /// The worst severity of any finding.
    pub fn worst(&self) -> Option<Severity> {
        [Severity::Error, Severity::Warning, Severity::Note].into_iter().find(|severity| self.count(*severity) > 0)
    }

    /// Whose doing it was, over all connections.
    pub fn diagnosis(&self) -> Diagnosis {
        self.causes.overall()
    }

    /// The same in lines: how many connections failed or were slow, and for whose doing; one line where all went well.
    pub fn verdict(&self) -> Vec<String> {
        let lines = self.causes.lines();
        let nobody = || format!("{}: {}", Responsible::Nothing.as_str(), self.unblamed());
        if lines.is_empty() { vec![nobody()] } else { lines }
    }

    /// Whether there are errors or warnings.
    pub(in crate::report) fn has_trouble(&self) -> bool {
        self.worst() > Some(Severity::Note)
    }

    /// What is said where nobody is blamed: not that nothing went wrong where something was found.
    pub(in crate::report) fn unblamed(&self) -> String {
        let counts = [(Severity::Error, "error"), (Severity::Warning, "warning")];
        let found = counts.map(|(severity, noun)| (self.count(severity), noun));
        let found: Vec<_> = found.into_iter().filter(|(count, _)| *count > 0).collect();
        if found.is_empty() {
            return diagnosis_text(&self.diagnosis());
        }
        let found: Vec<String> = found.into_iter().map(|(count, noun)| counted(count, noun)).collect();
        format!("no connection failed or was slow, but there are findings: {}", found.join(" and "))
    }

    /// What limits trust in the capture, a sentence each: it is judged first.
    pub fn limits(&self) -> impl Iterator<Item = &str> {
        let limits = |rule: &Rule| LIMITS.contains(rule);
        self.found.iter().filter(move |(rule, _)| limits(rule)).map(|(_, found)| found.message.as_str())
    }

    /// What the capture lost.
    pub fn drops(&self) -> Drops {
        self.drops
    }

    /// Whether all that the source holds was read.
    pub fn complete(&self) -> bool {
        self.complete
    }
}

impl Found {
    fn count(&self) -> u64 {
        self.severities.iter().sum()
    }

    /// The worst.
    fn severity(&self) -> Severity {
        let worst =
            [Severity::Error, Severity::Warning].into_iter().find(|severity| self.severities[*severity as usize] > 0);
        worst.unwrap_or(Severity::Note)
    }

    /// One finding has another severity now, or does not hold any more.
    fn move_one(&mut self, from: Severity, to: Option<Severity>) {
        let was = &mut self.severities[from as usize];
        *was = was.saturating_sub(1);
        if let Some(to) = to {
            self.severities[to as usize] += 1;
        }
    }
}

impl Handshakes {
    fn count(&mut self, flow: &FlowRecord) {
        self.begun += u64::from(flow.client_known);
        if let Some(time) = flow.handshake {
            self.times.add(time);
            if self.slowest.is_none_or(|(slowest, _)| time > slowest) {
                self.slowest = Some((time, flow.number));
            }
        }
    }
}

impl Responses {
    fn count(&mut self, exchange: &Exchange) {
        self.exchanges += 1;
        if let Some(time) = exchange.server_time {
            self.times.add(time);
            if self.slowest.is_none_or(|(slowest, ..)| time > slowest) {
                self.slowest = Some((time, exchange.flow, exchange.frame));
            }
        }
    }
}

impl Data {
    fn add(&mut self, stats: &DirectionStats) {
        self.bytes += stats.unique_bytes.saturating_sub(stats.missed_bytes);
        self.segments += stats.data_segments;
        self.resent_segments += stats.retransmitted_segments;
        self.resent_bytes += stats.retransmitted_bytes;
    }
}
