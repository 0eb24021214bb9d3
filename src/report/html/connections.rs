//! Connections by server, each in a row with its time; in full when it is opened.

use askama::Template;

use crate::capture::{Span, Timestamp};
use crate::dissect::Socket;
use crate::report::ladder::{bytes, called};
use crate::report::summary::Trouble;
use crate::report::timeline::{Lane, Overview};
use crate::report::worst::trouble;
use crate::report::{Names, diagnosis_text, units};
use crate::rules::{Rule, Severity};
use crate::track::{FlowRecord, Responsible};

use super::first::label;
use super::lanes;
use crate::report::phrase::{counted, grouped, time};

/// Maximum number of servers with a group each; connections to others share one.
const MAX_GROUPS: usize = 40;

/// Groups are open up to so many rows in all: more than a few screens of them would hide what comes behind.
const OPEN_ROWS: usize = 60;

/// Rules named on a connection.
const NAMED: usize = 6;

/// The connections to a server.
#[derive(Template)]
#[template(path = "group.html")]
pub(super) struct Group {
    /// Its number among servers.
    id: usize,
    name: String,
    what: String,
    lost: String,
    open: bool,
    rows: Vec<String>,
}

/// A connection.
#[derive(Template)]
#[template(path = "row.html")]
struct Row<'a> {
    number: u32,
    client: String,
    /// Where the group does not say it.
    server: Option<String>,
    who: &'static str,
    label: &'static str,
    text: String,
    outcome: &'static str,
    lost: String,
    lasted: String,
    bar: Vec<(&'static str, String)>,
    /// Microseconds.
    from: i64,
    to: i64,
    /// What it may be sorted by: time lost, duration, round trip, bytes and findings.
    keys: [i64; 5],
    facts: Vec<(&'static str, String)>,
    found: Vec<(&'static str, Rule)>,
    more: usize,
    /// The only one there is.
    open: bool,
    full: &'a str,
}

/// What is listed.
pub(super) struct Listed<'a> {
    /// Connections, those that lost the most time first.
    entries: Vec<Entry<'a>>,
    names: &'a Names,
    start: Timestamp,
    /// How many connections the first servers have, listed or not.
    totals: Vec<u64>,
}

struct Entry<'a> {
    /// Its place by the time that it lost.
    at: usize,
    record: &'a FlowRecord,
    lane: &'a Lane,
    group: usize,
    full: String,
}

impl<'a> Listed<'a> {
    /// The connections of a capture, as many as take no more than `room` bytes; those that are shown in full for certain.
    pub(super) fn new(overview: &'a Overview, names: &'a Names, full: &[u32], room: usize) -> Self {
        // In the timeline's order, which links to them.
        let mut servers: Vec<Socket> = overview.servers.iter().map(|(socket, _)| *socket).collect();
        let totals = overview.servers.iter().map(|(_, server)| server.connections).collect();
        let mut listed = Self { entries: Vec::new(), names, start: overview.columns.start, totals };
        let mut taken = 0;
        let is_full = |record: &FlowRecord| full.contains(&record.number);
        let (first, others): (Vec<_>, Vec<_>) =
            overview.connections.iter().enumerate().partition(|(_, (record, _))| is_full(record));
        for (at, (record, lane)) in first.into_iter().chain(others) {
            let group = servers.iter().position(|server| *server == record.server).unwrap_or_else(|| {
                if servers.len() < MAX_GROUPS {
                    servers.push(record.server);
                    taken += 500 + escaped(&called(names, record.server));
                    servers.len() - 1
                } else {
                    MAX_GROUPS
                }
            });
            let entry = Entry { at, record, lane, group, full: String::new() };
            taken += listed.row(&entry).len();
            if taken > room && !is_full(record) {
                break;
            }
            listed.entries.push(entry);
        }
        listed.entries.sort_unstable_by_key(|entry| entry.at);
        listed
    }

    /// How many are listed.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The bytes that they take.
    pub(super) fn length(&self) -> usize {
        self.groups().iter().map(|group| group.render().map_or(0, |text| text.len())).sum()
    }

    /// Shows one in full; false where it is not listed.
    pub(super) fn show(&mut self, number: u32, full: String) -> bool {
        let entry = self.entries.iter_mut().find(|entry| entry.record.number == number);
        entry.is_some_and(|entry| {
            entry.full = full;
            true
        })
    }

    /// By server: the one whose connections lost the most time first.
    pub(super) fn groups(&self) -> Vec<Group> {
        let mut order: Vec<(usize, Vec<&Entry<'_>>)> = Vec::new();
        for entry in &self.entries {
            match order.iter_mut().find(|(group, _)| *group == entry.group) {
                Some((_, entries)) => entries.push(entry),
                None => order.push((entry.group, vec![entry])),
            }
        }
        order.sort_by_key(|(group, entries)| {
            let lost = entries.iter().fold(0_i64, |sum, entry| sum.saturating_add(entry.record.diagnosis.lost.0));
            (*group == MAX_GROUPS, std::cmp::Reverse(lost))
        });
        let mut rows = 0;
        let groups = order.into_iter().map(|(group, entries)| {
            let open = rows + entries.len() <= OPEN_ROWS;
            rows += if open { entries.len() } else { 0 };
            self.group(group, &entries, open)
        });
        groups.collect()
    }

    fn group(&self, group: usize, entries: &[&Entry<'_>], open: bool) -> Group {
        let lost = entries.iter().fold(0_i64, |sum, entry| sum.saturating_add(entry.record.diagnosis.lost.0.max(0)));
        let failed = entries.iter().filter(|entry| Trouble::failed(entry.record)).count() as u64;
        let slow = entries.iter().filter(|entry| is_slow(entry.record)).count() as u64;
        let listed = entries.len() as u64;
        let all = self.totals.get(group).copied().unwrap_or(0).max(listed);
        let mut what = vec![counted(all, "connection")];
        what.extend((all > listed).then(|| format!("{} here", grouped(listed))));
        what.extend((failed > 0).then(|| format!("{failed} failed")));
        what.extend((slow > 0).then(|| format!("{slow} slow")));
        let name = match entries.first() {
            Some(first) if group < MAX_GROUPS => called(self.names, first.record.server),
            _ => "Other servers".to_owned(),
        };
        Group {
            id: group,
            name,
            what: what.join(", "),
            lost: lanes::lost(Span(lost)),
            open,
            rows: entries.iter().map(|entry| self.row(entry)).collect(),
        }
    }

    fn row(&self, entry: &Entry<'_>) -> String {
        let (record, lane) = (entry.record, entry.lane);
        let diagnosis = record.diagnosis;
        let begin = record.first_ts.since(self.start).0.max(0);
        let mut rules: Vec<Rule> = record.findings.iter().map(|(rule, _)| *rule).collect();
        rules.sort_by_key(|rule| (std::cmp::Reverse(rule.severity()), *rule));
        let [errors, warnings, notes, _] = trouble(record);
        let weight =
            errors.saturating_mul(1 << 40).saturating_add(warnings.saturating_mul(1 << 20)).saturating_add(notes);
        let data = record.c2s.payload_bytes.saturating_add(record.s2c.payload_bytes);
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let row = Row {
            number: record.number,
            client: called(self.names, record.client),
            server: (entry.group == MAX_GROUPS).then(|| called(self.names, record.server)),
            who: diagnosis.responsible.as_str(),
            label: label(diagnosis.responsible),
            text: match diagnosis.responsible {
                Responsible::Nothing => String::new(),
                _ => diagnosis_text(&diagnosis),
            },
            outcome: record.outcome.as_str(),
            lost: lanes::lost(diagnosis.lost),
            lasted: time(record.duration()),
            bar: lanes::bar(lane),
            from: begin / 1_000,
            to: record.last_ts.since(self.start).0.max(begin) / 1_000,
            keys: [
                diagnosis.lost.0.max(0) / 1_000,
                record.duration().0 / 1_000,
                record.rtt.map_or(-1, |rtt| rtt.median.0 / 1_000),
                whole(data),
                whole(weight),
            ],
            facts: if entry.full.is_empty() { facts(record, self.start) } else { Vec::new() },
            found: rules.iter().take(NAMED).map(|rule| (severity(record, *rule).as_str(), *rule)).collect(),
            more: rules.len().saturating_sub(NAMED),
            open: self.totals == [1],
            full: &entry.full,
        };
        row.render().unwrap_or_default()
    }
}

/// The worst that a rule was graded on a connection.
fn severity(record: &FlowRecord, rule: Rule) -> Severity {
    let graded = record.graded().filter(|(other, ..)| *other == rule).map(|(_, severity, _)| severity);
    graded.max().unwrap_or(rule.severity())
}

fn is_slow(record: &FlowRecord) -> bool {
    record.diagnosis.responsible.is_blamed() && !Trouble::failed(record)
}

/// A connection in numbers, where it is not shown in full.
fn facts(record: &FlowRecord, start: Timestamp) -> Vec<(&'static str, String)> {
    let begins = units::written(|out| units::seconds(out, record.first_ts.since(start)));
    let mut facts = vec![
        ("begins at", format!("{begins} s, @{}", record.first_frame)),
        ("outcome", record.outcome.as_str().to_owned()),
    ];
    facts.extend(record.handshake.map(|span| ("opened in", time(span))));
    facts.extend(record.rtt.map(|rtt| ("round trip", time(rtt.median))));
    for (name, stats) in [("client sent", &record.c2s), ("server sent", &record.s2c)] {
        facts.push((name, bytes(stats.unique_bytes.saturating_sub(stats.missed_bytes))));
    }
    let again = record.c2s.retransmitted_segments + record.s2c.retransmitted_segments;
    facts.extend((again > 0).then(|| ("retransmitted", counted(again, "segment"))));
    facts
}

/// The room that a text takes in a page, where five bytes stand for a sign that means something there.
fn escaped(text: &str) -> usize {
    text.bytes().map(|byte| if b"<>&\"'".contains(&byte) { 5 } else { 1 }).sum()
}
