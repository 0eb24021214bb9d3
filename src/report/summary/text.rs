//! The summary as text: in the terminal's columns, or 120; every number measured.

use crate::capture::Span;
use crate::display;
use crate::report::layout;
use crate::report::phrase::counted;
use crate::report::style::{Ink, Style};
use crate::report::units::{self, TimestampFormatter};
use crate::rules::{Rule, Severity};
use crate::track::{Outcome, Responsible};

use super::{Data, Sample, Summary};

/// Where a line's text begins behind its label.
const LABEL: usize = 16;

/// Columns of a line where no terminal says how many it has.
const COLUMNS: usize = 120;

/// Minimum number of columns at which what was measured stands beside a finding, and not below it.
const BESIDE: usize = 44;

/// Where it stands below.
const BELOW: usize = 10;

/// The command that was run, to suggest others: what stands before further options, and the filter behind them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Invocation {
    /// Such as `tcpcheck -r bad.pcap`; empty when the packets cannot be had again.
    pub head: String,
    /// Such as `'tcp port 80'`; empty without a filter.
    pub filter: String,
}

/// A rule that fired.
#[derive(Clone, Copy, Debug)]
pub struct FoundRule<'a> {
    /// Which.
    pub rule: Rule,
    /// Its worst severity.
    pub severity: Severity,
    /// How often it fired.
    pub count: u64,
    /// Connection and frame of the first findings.
    pub places: &'a [(Option<u32>, u64)],
    /// What was measured on the first.
    pub message: &'a str,
}

impl Summary {
    /// Appends the summary; `again` is what was run.
    pub fn write(&self, out: &mut Vec<u8>, style: Style, again: &Invocation) {
        let columns = style.columns().unwrap_or(COLUMNS);
        let start = out.len();
        let facts = self.capture_facts();
        let fits = self.name(out, style, columns.saturating_sub(2 + facts.chars().count()));
        if fits {
            text(out, "  ");
            text(out, &facts);
        }
        text(out, "\n");
        for limit in self.limits() {
            text(out, "  ");
            let start = out.len();
            text(out, &format!("the capture: {limit}"));
            style.paint(out, start, Ink::Strong);
            text(out, "\n");
        }
        self.verdict_lines(out);
        self.outcome_line(out);
        if !fits {
            label(out, "capture");
            text(out, &facts);
            text(out, "\n");
        }
        self.packet_counts(out);
        if self.flows > 0 {
            self.connections(out);
        }
        layout::fold(out, start, columns, &" ".repeat(LABEL));
        if self.found.is_empty() {
            out.extend_from_slice(b"  no findings\n");
            return;
        }
        out.push(b'\n');
        self.findings(out, style, columns);
        self.next(out, again);
    }

    /// The same without the findings, as names and texts.
    pub fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts = Vec::new();
        let mut add = |name, write: &dyn Fn(&mut Vec<u8>)| {
            let mut out = Vec::new();
            write(&mut out);
            let written = String::from_utf8_lossy(&out).into_owned();
            let lines: Vec<&str> = written.lines().map(|line| line.get(LABEL..).unwrap_or_default().trim()).collect();
            let told = lines.join("; ");
            if !told.is_empty() {
                facts.push((name, told));
            }
        };
        add("Handshakes", &|out| self.handshakes(out));
        add("Round trips, median", &|out| self.round_trips(out));
        add("Server time", &|out| self.responses(out));
        add("Data", &|out| self.data(out));
        add("Sent again", &|out| self.sent_again(out));
        add("Held back", &|out| {
            for line in self.held.lines() {
                label(out, "");
                out.extend_from_slice(&line);
                out.push(b'\n');
            }
        });
        add("Packets", &|out| self.packet_counts(out));
        facts.rotate_right(1);
        facts.insert(0, ("Capture", self.capture_facts()));
        let limits: Vec<&str> = self.limits().collect();
        if !limits.is_empty() {
            facts.push(("What the capture cannot tell", limits.join("; ")));
        }
        facts
    }

    /// The name of the source.
    pub fn source(&self) -> String {
        display::line(&self.source.name).into_owned()
    }

    /// What was found, the worst first.
    pub fn found(&self) -> Vec<FoundRule<'_>> {
        let rows = self.found.iter().map(|(rule, found)| {
            let (severity, count) = (found.severity(), found.count());
            FoundRule { rule: *rule, severity, count, places: &found.places, message: &found.message }
        });
        let mut rows: Vec<_> = rows.collect();
        rows.sort_by_key(|row| (std::cmp::Reverse(row.severity), row.rule));
        rows
    }

    /// The name of the source, cut in the middle where a terminal has no room for it; whether it takes no more than `room`.
    fn name(&self, out: &mut Vec<u8>, style: Style, room: usize) -> bool {
        let start = out.len();
        let mut name = display::line(&self.source.name).into_owned();
        if let Some(columns) = style.columns() {
            name = layout::shortened(&name, columns);
        }
        text(out, &name);
        style.paint(out, start, Ink::Strong);
        name.chars().count() <= room
    }

    /// `pcap, Ethernet, 12 packets in 960.0 ms, from 2026-11-22 20:55:52.270771 UTC`.
    fn capture_facts(&self) -> String {
        units::written(|out| {
            text(out, &self.source.format);
            if let Some(link_type) = self.source.link_type {
                text(out, ", ");
                match link_type.description() {
                    Some(description) => text(out, description),
                    None => {
                        text(out, "link type ");
                        units::integer(out, link_type.0);
                    }
                }
            }
            text(out, ", ");
            text(out, &counted(self.packets, "packet"));
            if let Some((first, last)) = self.between {
                text(out, " in ");
                units::time(out, last.since(first));
                text(out, ", from ");
                TimestampFormatter::default().readable(out, first);
                text(out, " UTC");
            }
        })
    }

    /// What kinds of packets it holds.
    fn packet_counts(&self, out: &mut Vec<u8>) {
        label(out, "packets");
        text(out, "TCP: ");
        units::grouped(out, self.tcp_packets);
        text(out, " in ");
        text(out, &counted(self.flows, "connection"));
        text(out, "; ");
        units::grouped(out, self.packets - self.tcp_packets);
        text(out, " other; ");
        units::grouped(out, self.cut_packets);
        text(out, " truncated");
        let words = ["correct", "partial (offload)", "wrong", "not verifiable"];
        let kinds = self.checksums.into_iter().zip(words).filter(|(count, _)| *count > 0);
        for (at, (count, word)) in kinds.enumerate() {
            text(out, if at == 0 { "; checksums " } else { ", " });
            units::grouped(out, count);
            text(out, " ");
            text(out, word);
        }
        text(out, "\n");
    }

    /// Whose doing it was, before anything else.
    fn verdict_lines(&self, out: &mut Vec<u8>) {
        if self.flows == 0 {
            return;
        }
        let mut lines = self.causes.lines();
        if lines.is_empty() {
            lines.push(self.unblamed());
        }
        for (at, line) in lines.iter().enumerate() {
            label(out, if at == 0 { "verdict" } else { "" });
            text(out, line);
            text(out, "\n");
        }
    }

    /// How the connections ended.
    fn outcome_line(&self, out: &mut Vec<u8>) {
        if self.flows == 0 {
            return;
        }
        label(out, "outcome");
        for (at, (outcome, count)) in self.outcomes().enumerate() {
            text(out, if at == 0 { "" } else { "   " });
            units::grouped(out, count);
            text(out, " ");
            text(out, outcome_words(outcome));
        }
        text(out, "\n");
    }

    /// Handshakes, round trips and data.
    fn connections(&self, out: &mut Vec<u8>) {
        // A clean capture is told in five lines.
        let brief = self.found.is_empty();
        if brief {
            if self.causes.overall().responsible != Responsible::Nothing {
                self.responses(out);
            }
            self.data(out);
            self.errors(out);
            return;
        }
        self.handshakes(out);
        self.round_trips(out);
        self.responses(out);
        self.data(out);
        self.sent_again(out);
        self.errors(out);
        for (at, line) in self.held.lines().enumerate() {
            label(out, if at == 0 { "limited by" } else { "" });
            out.extend_from_slice(&line);
            out.push(b'\n');
        }
    }

    fn handshakes(&self, out: &mut Vec<u8>) {
        if self.handshakes.begun == 0 {
            return;
        }
        label(out, "handshakes");
        units::grouped(out, self.handshakes.times.count());
        text(out, " of ");
        units::grouped(out, self.handshakes.begun);
        text(out, " completed");
        if let (Some(median), Some((slowest, flow))) = (self.handshakes.times.median(), self.handshakes.slowest) {
            text(out, ", median ");
            units::time(out, median);
            text(out, ", slowest ");
            units::time(out, slowest);
            text(out, " (flow ");
            units::integer(out, flow);
            text(out, ")");
        }
        text(out, "\n");
    }

    fn round_trips(&self, out: &mut Vec<u8>) {
        let sides = self.rtt.iter().zip(["to server", "to client"]);
        for (at, (sample, side)) in sides.filter(|(sample, _)| sample.count() > 0).enumerate() {
            if at == 0 {
                label(out, "rtt median");
            } else {
                text(out, "; ");
            }
            text(out, side);
            text(out, " ");
            round_trip(out, sample);
        }
        if self.rtt.iter().any(|sample| sample.count() > 0) {
            text(out, "\n");
        }
    }

    /// How long servers took to answer.
    fn responses(&self, out: &mut Vec<u8>) {
        let responses = &self.responses;
        let (Some(median), Some((slowest, flow, frame))) = (responses.times.median(), responses.slowest) else {
            return;
        };
        label(out, "server time");
        text(out, "median ");
        units::time(out, median);
        text(out, " of ");
        text(out, &counted(responses.times.count(), "answer"));
        text(out, ", slowest ");
        units::time(out, slowest);
        text(out, " (flow ");
        units::integer(out, flow);
        text(out, " ");
        units::frame(out, frame);
        text(out, ")\n");
    }

    fn data(&self, out: &mut Vec<u8>) {
        label(out, "data");
        for (at, (data, way)) in
            [(self.c2s, "client to server "), (self.s2c, "server to client ")].into_iter().enumerate()
        {
            text(out, if at == 0 { "" } else { "; " });
            text(out, way);
            units::grouped(out, data.bytes);
            text(out, " B in ");
            text(out, &counted(data.segments, "segment"));
        }
        text(out, "\n");
    }

    fn sent_again(&self, out: &mut Vec<u8>) {
        let Data { segments, resent_segments, resent_bytes, .. } = self.c2s.and(self.s2c);
        if resent_segments + self.syns_again == 0 {
            return;
        }
        label(out, "retransmitted");
        if resent_segments > 0 {
            units::grouped(out, resent_segments);
            text(out, " of ");
            text(out, &counted(segments, "data segment"));
            text(out, " (");
            // Rounded to a tenth of a percent.
            let segments = u128::from(segments.max(1));
            let permille = (u128::from(resent_segments) * 1000 + segments / 2) / segments;
            units::fixed(out, permille.try_into().unwrap_or(i64::MAX), 1);
            text(out, " %), ");
            units::grouped(out, resent_bytes);
            text(out, " B");
        }
        if self.syns_again > 0 {
            text(out, if resent_segments > 0 { "; " } else { "" });
            units::grouped(out, self.syns_again);
            text(out, " of ");
            text(out, &counted(self.syns, "SYN"));
        }
        text(out, "\n");
    }

    /// What routers and hosts said of the connections; and where nothing can be known of it, though it might explain something.
    fn errors(&self, out: &mut Vec<u8>) {
        const MAY_BE_EXPLAINED: [Rule; 3] = [Rule::NoAnswer, Rule::SynRetransmission, Rule::TimeoutRetransmission];
        let (related, unrelated) = self.icmp;
        if related + unrelated > 0 {
            label(out, "icmp");
            text(out, &counted(related, "error"));
            text(out, " about these connections");
            if unrelated > 0 {
                text(out, "; ");
                units::grouped(out, unrelated);
                text(out, " quote numbers that were not in flight, and count for nothing");
            }
            text(out, "\n");
        } else if self.without_icmp && MAY_BE_EXPLAINED.iter().any(|rule| self.found.contains_key(rule)) {
            label(out, "icmp");
            text(out, "left out by the filter: whether an error came is not known; 'or icmp or icmp6' lets them in\n");
        }
    }

    /// A line for each rule that fired, the worst first; what was measured beside it or below.
    fn findings(&self, out: &mut Vec<u8>, style: Style, columns: usize) {
        text(out, "  ");
        for (at, (severity, name)) in
            [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Note, "note")]
                .into_iter()
                .enumerate()
        {
            text(out, if at == 0 { "" } else { "   " });
            text(out, &counted(self.count(severity), name));
        }
        text(out, "\n");
        let rows = self.found();
        let slugs = rows.iter().map(|row| row.rule.slug().len()).max().unwrap_or(0);
        let counts = rows.iter().map(|row| row.count.to_string().len()).max().unwrap_or(0);
        let places: Vec<String> = self.found().iter().map(FoundRule::places_text).collect();
        let widest = places.iter().map(String::len).max().unwrap_or(0);
        for (row, places) in rows.into_iter().zip(places) {
            let (severity, code, slug, count) = (row.severity.as_str(), row.rule.code(), row.rule.slug(), row.count);
            let head = format!("  {severity:<7} {code} {slug:<slugs$} {count:>counts$}");
            let beside = head.len() + 2 + widest + 2;
            let start = out.len();
            if beside + BESIDE <= columns {
                text(out, format!("{head}  {places:<widest$}  {}", row.message).trim_end());
                layout::fold(out, start, columns, &" ".repeat(beside));
            } else {
                text(out, &head);
                let between = if places.is_empty() || row.message.is_empty() { "" } else { ": " };
                let below = format!("{places}{between}{}", row.message);
                if !below.is_empty() {
                    text(out, &format!("\n{:BELOW$}{below}", ""));
                }
                layout::fold(out, start, columns, &" ".repeat(BELOW));
            }
            style.paint(out, start, Ink::Finding(row.severity));
            text(out, "\n");
        }
    }

    /// Commands that look deeper.
    fn next(&self, out: &mut Vec<u8>, again: &Invocation) {
        if again.head.is_empty() {
            return;
        }
        let worst = self.found.values().max_by_key(|found| (found.severity(), std::cmp::Reverse(found.places.first())));
        let found = worst.and_then(|found| found.places.iter().find_map(|(flow, _)| *flow));
        let flow = self.causes.worst().or(found);
        let options = [
            flow.filter(|_| self.flows > 1).map(|flow| format!("--flow {flow}")),
            (self.c2s.and(self.s2c).resent_segments + self.syns_again > 0).then(|| "--flows --sort rtx".to_owned()),
            Some("--findings".to_owned()),
        ];
        let commands: Vec<String> = options
            .iter()
            .flatten()
            .map(|options| format!("{} {options} {}", again.head, again.filter).trim_end().to_owned())
            .collect();
        // One a line, as a shell takes them: a terminal breaks them where it must.
        for (at, command) in commands.iter().enumerate() {
            text(out, if at == 0 { "\n  next: " } else { "        " });
            text(out, command);
            text(out, "\n");
        }
    }
}

impl FoundRule<'_> {
    /// `flow 2 @22 @23 (+1)`: the first connection's frames, and how many more findings there are.
    fn places_text(&self) -> String {
        let Some((first, _)) = self.places.first() else { return String::new() };
        let mut words: Vec<String> = first.iter().map(|flow| format!("flow {flow}")).collect();
        let frames = self.places.iter().filter(|(flow, _)| flow == first);
        let more = self.count - frames.clone().count() as u64;
        words.extend(frames.filter(|(_, frame)| *frame > 0).map(|(_, frame)| format!("@{frame}")));
        if more > 0 {
            words.push(format!("(+{more})"));
        }
        words.join(" ")
    }
}

impl Data {
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            bytes: self.bytes + other.bytes,
            segments: self.segments + other.segments,
            resent_segments: self.resent_segments + other.resent_segments,
            resent_bytes: self.resent_bytes + other.resent_bytes,
        }
    }
}

/// `54.8 ms (50.8 to 87.5 ms, 988 samples)`.
fn round_trip(out: &mut Vec<u8>, sample: &Sample) {
    let (min, max) = sample.bounds().unwrap_or((Span(0), Span(0)));
    units::time(out, sample.median().unwrap_or_default());
    text(out, " (");
    let [low, high] = [min, max].map(|span| units::written(|out| units::time(out, span)));
    let unit = high.find(' ').map_or("", |at| &high[at..]);
    // One unit is said once.
    text(out, low.strip_suffix(unit).unwrap_or(&low));
    text(out, " to ");
    text(out, &high);
    text(out, ", ");
    text(out, &counted(sample.count(), "sample"));
    text(out, ")");
}

pub(super) fn outcome_words(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::NoAnswer => "no answer",
        Outcome::ResetByClient => "reset by the client",
        Outcome::ResetByServer => "reset by the server",
        Outcome::HalfClosed => "half closed",
        Outcome::MidStream => "began before the capture",
        Outcome::Closed | Outcome::Refused | Outcome::Open => outcome.as_str(),
    }
}

fn text(out: &mut Vec<u8>, words: &str) {
    out.extend_from_slice(words.as_bytes());
}

fn label(out: &mut Vec<u8>, name: &str) {
    text(out, &format!("  {name:<13} "));
}
