//! The page as a whole, below its bound of bytes.

use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::report::graph::GraphCollector;
use crate::report::ladder::{STYLE, called};
use crate::report::{Summary, units};
use crate::rules::{Rule, Severity};
use crate::track::{FlowRecord, Outcome};

use super::explain::{self, Explained, Piece, Term, Words};
use super::{ReportOptions, advice, flow};

/// A page has no more bytes than this.
pub const MOST: usize = 4_800_000;

const LOOKS: &str = include_str!("../../../templates/report.css");
const SCRIPT: &str = include_str!("../../../templates/report.js");

/// Points of a series, from as many as there are to few, until a connection fits.
const DETAIL: [usize; 8] = [4096, 2048, 1024, 512, 256, 128, 64, 32];

/// The page.
#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    policy: &'a str,
    style: &'a str,
    script: &'static str,
    source: &'a str,
    version: &'static str,
    /// Whose doing it was, in all and by each.
    verdict: Vec<String>,
    facts: Vec<(&'static str, String)>,
    lost: Option<String>,
    complete: bool,
    outcomes: Vec<(&'static str, u64)>,
    counts: Vec<(&'static str, u64)>,
    found: Vec<Found<'a>>,
    rows: Vec<Row>,
    connections: u64,
    flows: Vec<String>,
    again: &'a str,
    explained: Vec<Explained>,
    lessons: Vec<Term>,
    words: Vec<Term>,
    /// Connections whose points had to go.
    dropped: Option<u64>,
}

impl Page<'_> {
    /// More connections than are shown somewhere.
    fn has_more_than(&self, shown: usize) -> bool {
        self.connections > shown as u64
    }
}

/// A rule that fired.
struct Found<'a> {
    severity: &'static str,
    rule: Rule,
    id: String,
    count: u64,
    places: Vec<(Option<u32>, u64)>,
    message: &'a str,
    advice: &'static str,
}

/// A connection in the table.
struct Row {
    number: u32,
    /// It is shown in full.
    full: bool,
    client: String,
    server: String,
    outcome: &'static str,
    start: Cell,
    duration: Cell,
    rtt: Cell,
    c2s: Cell,
    s2c: Cell,
    again: u64,
    worst: &'static str,
    found: Vec<&'static str>,
    more: usize,
    /// By which it is sorted at first: the worst before the others.
    rank: usize,
}

/// What is shown, and what it is sorted by.
struct Cell {
    text: String,
    value: i64,
}

/// Makes the page.
pub fn write(options: &ReportOptions, collector: &mut GraphCollector, summary: &Summary) -> Vec<u8> {
    let found = summary.found();
    let rules: Vec<Rule> = found.iter().map(|row| row.rule).collect();
    let explained = explain::pages(&rules);
    let style = format!("{STYLE}{LOOKS}");
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; img-src data:; base-uri 'none'; form-action 'none'",
        digest(&style),
        digest(SCRIPT)
    );
    let dropped = Some(collector.dropped()).filter(|dropped| *dropped > 0);
    let start = collector.records().map(|record| record.first_ts).min();
    let mut rows: Vec<Row> =
        collector.records().enumerate().map(|(at, record)| row(options, record, start, at)).collect();
    let mut page = Page {
        policy: &policy,
        style: &style,
        script: SCRIPT,
        source: &summary.source(),
        version: env!("CARGO_PKG_VERSION"),
        verdict: summary.verdict(),
        facts: summary.facts(),
        lost: lost(summary),
        complete: summary.complete(),
        outcomes: summary.outcomes().map(|(outcome, count)| (outcome.as_str(), count)).collect(),
        counts: [(Severity::Error, "errors"), (Severity::Warning, "warnings"), (Severity::Note, "notes")]
            .map(|(severity, name)| (name, summary.count(severity)))
            .to_vec(),
        found: found
            .into_iter()
            .map(|row| Found {
                severity: row.severity.as_str(),
                rule: row.rule,
                id: explain::rule_id(row.rule),
                count: row.count,
                places: row.places.to_vec(),
                message: row.message,
                advice: advice::of(row.rule),
            })
            .collect(),
        rows: Vec::new(),
        connections: summary.flows(),
        flows: Vec::new(),
        again: &options.again,
        explained,
        lessons: explain::lessons(),
        words: explain::words(),
        dropped,
    };
    let mut room = MOST.saturating_sub(length(&page));
    // The table takes no more than a third.
    let (mut taken, third) = (0, room / 3);
    rows.retain(|row| {
        taken += 640 + escaped(&row.client) + escaped(&row.server);
        taken <= third
    });
    room -= taken.min(room);
    let kept = collector.kept();
    let mut left = kept.len();
    for connection in kept {
        let share = room / left.max(1);
        left -= 1;
        let mut sections =
            DETAIL.into_iter().map(|most| flow::section(connection, &options.names, &options.again, most));
        let mut section = sections.next().unwrap_or_default();
        while section.len() > share
            && let Some(smaller) = sections.next()
        {
            section = smaller;
        }
        // One that takes more than its share at the least takes it from those in less trouble.
        if section.len() > room {
            continue;
        }
        room -= section.len();
        page.flows.push(section);
        if let Some(row) = rows.iter_mut().find(|row| row.number == connection.record.number) {
            row.full = true;
        }
    }
    page.rows = rows;
    let mut out = Vec::with_capacity(length(&page));
    // Writing into a Vec cannot fail.
    let _ = page.write_into(&mut out);
    out
}

fn length(page: &Page<'_>) -> usize {
    let mut out = Vec::new();
    let _ = page.write_into(&mut out);
    out.len()
}

/// The room that a text takes in a page, where five bytes stand for a sign that means something there.
fn escaped(text: &str) -> usize {
    text.bytes().map(|byte| if b"<>&\"'".contains(&byte) { 5 } else { 1 }).sum()
}

/// As a content security policy names a script.
fn digest(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text))
}

fn lost(summary: &Summary) -> Option<String> {
    let drops = summary.drops();
    let lost = drops.kernel + drops.interface;
    (lost > 0)
        .then(|| format!("{lost} packets were lost before they reached the capture: every loss below is doubtful."))
}

fn row(options: &ReportOptions, record: &FlowRecord, start: Option<crate::capture::Timestamp>, rank: usize) -> Row {
    let span = |span: crate::capture::Span, write: fn(&mut Vec<u8>, crate::capture::Span)| {
        let mut text = Vec::new();
        write(&mut text, span);
        Cell { text: String::from_utf8(text).unwrap_or_default(), value: span.0 }
    };
    let size = |bytes: u64| {
        let mut text = Vec::new();
        units::grouped(&mut text, bytes);
        Cell { text: String::from_utf8(text).unwrap_or_default(), value: i64::try_from(bytes).unwrap_or(i64::MAX) }
    };
    let payload = |stats: &crate::track::DirectionStats| stats.unique_bytes.saturating_sub(stats.missed_bytes);
    let mut rules: Vec<Rule> = record.findings.iter().map(|(rule, _)| *rule).collect();
    rules.sort_by_key(|rule| (std::cmp::Reverse(rule.severity()), *rule));
    let named = 4;
    Row {
        number: record.number,
        full: false,
        client: called(&options.names, record.client),
        server: called(&options.names, record.server),
        outcome: Outcome::as_str(record.outcome),
        start: span(record.first_ts.since(start.unwrap_or(record.first_ts)), units::seconds),
        duration: span(record.duration(), units::seconds),
        rtt: record.rtt.map_or(Cell { text: String::new(), value: -1 }, |rtt| span(rtt.median, units::millis)),
        c2s: size(payload(&record.c2s)),
        s2c: size(payload(&record.s2c)),
        again: record.c2s.retransmitted_segments + record.s2c.retransmitted_segments,
        worst: rules.first().map_or("", |rule| rule.severity().as_str()),
        found: rules.iter().take(named).map(|rule| rule.code()).collect(),
        more: rules.len().saturating_sub(named),
        rank,
    }
}
