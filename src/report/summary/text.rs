//! The summary as text: at most 120 columns, every number measured.

use crate::capture::Span;
use crate::display;
use crate::report::style::{Ink, Style};
use crate::report::units::{self, TimestampFormatter};
use crate::rules::{Rule, Severity};
use crate::track::Outcome;

use super::{Data, Found, Sample, Summary};

/// Where a line's text begins behind its label.
const LABEL: usize = 15;

/// Widest line.
const COLUMNS: usize = 120;

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
        self.heading(out, style);
        for limit in self.limits() {
            text(out, "  ");
            let start = out.len();
            text(out, &shortened(&format!("the capture: {limit}"), COLUMNS - 2));
            style.paint(out, start, Ink::Strong);
            text(out, "\n");
        }
        if self.flows > 0 {
            if !self.found.is_empty() {
                out.push(b'\n');
            }
            self.connections(out);
        }
        if self.found.is_empty() {
            out.extend_from_slice(b"  no findings\n");
            return;
        }
        out.push(b'\n');
        self.findings(out, style);
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
        let mut kinds = Vec::new();
        self.heading(&mut kinds, Style::new(false));
        let heading = String::from_utf8_lossy(&kinds).into_owned();
        let mut lines = heading.lines();
        let first = lines.next().unwrap_or_default();
        let source = display::line(&self.source.name);
        facts.insert(0, ("Capture", first.strip_prefix(&*source).unwrap_or(first).trim().to_owned()));
        let limits: Vec<&str> = self.limits().collect();
        if !limits.is_empty() {
            facts.push(("What the capture cannot tell", limits.join("; ")));
        }
        facts.insert(1, ("Packets", lines.next().unwrap_or_default().trim().to_owned()));
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

    /// The source, and what kinds of packets it holds.
    fn heading(&self, out: &mut Vec<u8>, style: Style) {
        let start = out.len();
        let name = display::line(&self.source.name);
        text(out, &name);
        style.paint(out, start, Ink::Strong);
        text(out, "  ");
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
        counted(out, self.packets, "packet");
        if let Some((first, last)) = self.between {
            text(out, " in ");
            units::time(out, last.since(first));
            text(out, ", from ");
            TimestampFormatter::default().readable(out, first);
            text(out, " UTC");
        }
        text(out, "\n");
        // The second line stands below the first's facts, unless a long path would push it too far.
        let width = name.chars().count();
        text(out, &" ".repeat(if width <= 30 { width + 2 } else { 10 }));
        text(out, "TCP: ");
        units::grouped(out, self.tcp_packets);
        text(out, " in ");
        counted(out, self.flows, "connection");
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

    /// Outcomes, handshakes, round trips and data.
    fn connections(&self, out: &mut Vec<u8>) {
        label(out, "outcome");
        for (at, (outcome, count)) in self.outcomes().enumerate() {
            text(out, if at == 0 { "" } else { "   " });
            units::grouped(out, count);
            text(out, " ");
            text(out, outcome_words(outcome));
        }
        text(out, "\n");
        let causes = self.causes.lines();
        for (at, line) in causes.iter().enumerate() {
            label(out, if at == 0 { "verdict" } else { "" });
            text(out, &shortened(line, COLUMNS - LABEL));
            text(out, "\n");
        }
        // A clean capture is told in five lines.
        let brief = self.found.is_empty();
        if brief {
            if !causes.is_empty() {
                self.responses(out);
            }
            self.data(out);
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
        counted(out, responses.times.count(), "answer");
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
            counted(out, data.segments, "segment");
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
            counted(out, segments, "data segment");
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
            counted(out, self.syns, "SYN");
        }
        text(out, "\n");
    }

    /// What routers and hosts said of the connections; and where nothing can be known of it, though it might explain something.
    fn errors(&self, out: &mut Vec<u8>) {
        const MAY_BE_EXPLAINED: [Rule; 3] = [Rule::NoAnswer, Rule::SynRetransmission, Rule::TimeoutRetransmission];
        let (related, unrelated) = self.icmp;
        if related + unrelated > 0 {
            label(out, "icmp");
            counted(out, related, "error");
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

    /// A line for each rule that fired, the worst first.
    fn findings(&self, out: &mut Vec<u8>, style: Style) {
        text(out, "  ");
        for (at, (severity, name)) in
            [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Note, "note")]
                .into_iter()
                .enumerate()
        {
            text(out, if at == 0 { "" } else { "   " });
            counted(out, self.count(severity), name);
        }
        text(out, "\n");
        let mut rows: Vec<(&Rule, &Found)> = self.found.iter().collect();
        rows.sort_by_key(|(rule, found)| (std::cmp::Reverse(found.severity()), **rule));
        let slugs = rows.iter().map(|(rule, _)| rule.slug().len()).max().unwrap_or(0);
        let counts = rows.iter().map(|(_, found)| found.count().to_string().len()).max().unwrap_or(0);
        let places: Vec<String> = rows.iter().map(|(_, found)| found.places()).collect();
        let widest = places.iter().map(String::len).max().unwrap_or(0);
        for ((rule, found), places) in rows.into_iter().zip(places) {
            let (severity, code, slug, count) = (found.severity().as_str(), rule.code(), rule.slug(), found.count());
            let row =
                format!("{severity:<7} {code} {slug:<slugs$} {count:>counts$}  {places:<widest$}  {}", found.message);
            text(out, "  ");
            let start = out.len();
            text(out, &shortened(row.trim_end(), COLUMNS - 2));
            style.paint(out, start, Ink::Finding(found.severity()));
            text(out, "\n");
        }
    }

    /// Commands that look deeper.
    fn next(&self, out: &mut Vec<u8>, again: &Invocation) {
        if again.head.is_empty() {
            return;
        }
        let worst = self.found.values().max_by_key(|found| (found.severity(), std::cmp::Reverse(found.places.first())));
        let flow = worst.and_then(|found| found.places.iter().find_map(|(flow, _)| *flow));
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
        // In one line where they fit, else one below the other.
        let length: usize = commands.iter().map(|command| command.chars().count() + 3).sum();
        let between = if length + 5 <= COLUMNS { " | " } else { "\n        " };
        text(out, "\n  next: ");
        text(out, &commands.join(between));
        text(out, "\n");
    }
}

impl Found {
    /// `flow 2 @22 @23 (+1)`: the first connection's frames, and how many more findings there are.
    fn places(&self) -> String {
        let Some((first, _)) = self.places.first() else { return String::new() };
        let mut words: Vec<String> = first.iter().map(|flow| format!("flow {flow}")).collect();
        let frames = self.places.iter().filter(|(flow, _)| flow == first);
        let more = self.count() - frames.clone().count() as u64;
        words.extend(frames.filter(|(_, frame)| *frame > 0).map(|(_, frame)| format!("@{frame}")));
        if more > 0 {
            words.push(format!("(+{more})"));
        }
        words.join(" ")
    }
}

impl Data {
    fn and(self, other: Self) -> Self {
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
    if max < Span::from_secs(1) {
        units::millis(out, min);
    } else {
        units::time(out, min);
    }
    text(out, " to ");
    units::time(out, max);
    text(out, ", ");
    counted(out, sample.count(), "sample");
    text(out, ")");
}

fn outcome_words(outcome: Outcome) -> &'static str {
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
    text(out, &format!("  {name:<12} "));
}

/// `1 packet`, `2 packets`.
fn counted(out: &mut Vec<u8>, number: u64, noun: &str) {
    units::grouped(out, number);
    text(out, " ");
    text(out, noun);
    text(out, if number == 1 { "" } else { "s" });
}

/// Cut to so many columns after a word, with `...` for what is left out.
fn shortened(row: &str, columns: usize) -> String {
    if row.chars().count() <= columns {
        return row.to_owned();
    }
    let kept: String = row.chars().take(columns - 3).collect();
    let whole = kept.rfind(' ').map_or(kept.as_str(), |at| &kept[..at + 1]);
    format!("{whole}...")
}
