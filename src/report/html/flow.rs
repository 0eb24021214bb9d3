//! One connection in full: where its time went, what was found, its ladder and its graphs.

use std::collections::BTreeMap;

use askama::Template;

use crate::capture::Span;
use crate::report::graph::{Graph, GraphedConnection};
use crate::report::ladder::{Drawing, Scroll, Svg, bytes, called};
use crate::report::names::Names;
use crate::report::phrase::{counted, time};
use crate::report::scale::Scale;
use crate::report::timeline::{Lane, Phase};
use crate::report::verdict_text;
use crate::report::wording::message;
use crate::rules::{Page, Rule, Severity};
use crate::track::Direction;

use super::{bar, explain, lanes};

/// Frames named for a finding.
const FRAMES: usize = 12;

/// The section of a connection.
#[derive(Template)]
#[template(path = "flow.html")]
pub(super) struct Flow<'a> {
    number: u32,
    client: String,
    server: String,
    facts: Vec<(&'static str, String)>,
    lane: Vec<(&'static str, String)>,
    phases: Vec<(&'static str, &'static str, String)>,
    found: Vec<Found>,
    bars: Vec<String>,
    ladder: String,
    cut: bool,
    graphs: Vec<DrawnConnection>,
    thinned: bool,
    /// Silences that the graphs leave out.
    silences: Vec<String>,
    again: &'a str,
}

/// A rule that fired on it.
struct Found {
    severity: &'static str,
    rule: Rule,
    id: String,
    count: u64,
    frames: Vec<u64>,
    more: bool,
    message: String,
    advice: &'static str,
}

/// A graph.
struct DrawnConnection {
    title: String,
    svg: String,
    caption: &'static str,
}

/// The section, with no more than so many points of a series.
pub(super) fn section(
    kept: &GraphedConnection,
    lane: Option<&Lane>,
    names: &Names,
    again: &str,
    most: usize,
) -> String {
    let (record, mut trail) = (&kept.record, kept.trail.clone());
    trail.thin(most);
    // Where it waited for nothing may be left out, and nothing else.
    let idle = lane.into_iter().flat_map(|lane| lane.parts.iter());
    let idle = idle.filter(|(_, part)| part.phase == Phase::Idle).map(|(start, part)| (start, part.end));
    let scale = Scale::new(trail.end, idle);
    let rows = (most / 8).max(20);
    let mut scroll = Scroll::new(rows);
    scroll.rows().extend(kept.rows.iter().cloned());
    let rows = scroll.finish();
    let (client, server) = (called(names, record.client), called(names, record.server));
    let title = format!("Ladder of connection {}: {client} to {server}", record.number);
    let drawing = Drawing { title: &title, client: &client, server: &server, start: record.first_ts, rows };
    let ladder = drawing.part();
    let ways = [Direction::FromResponder, Direction::FromOriginator];
    let has_data = ways.map(|way| trail.way(way).has_data());
    let graphs = Graph::ALL.into_iter().flat_map(|graph| {
        let drawn = ways.into_iter().filter(move |way| has_data[usize::from(*way == ways[1])] || graph == Graph::Rtt);
        let (trail, scale) = (&trail, &scale);
        drawn.filter_map(move |way| graph.plot_on(scale, trail, way)).map(|plot| DrawnConnection {
            svg: plot.part(),
            caption: plot.caption(),
            title: plot.title().to_owned(),
        })
    });
    let thinned = ways.into_iter().any(|way| trail.way(way).is_thinned());
    let section = Flow {
        number: record.number,
        lane: lane.map(lanes::bar).unwrap_or_default(),
        phases: lane.map(lanes::phases).unwrap_or_default(),
        silences: scale.cuts().iter().map(|(from, to)| time(Span(to - from))).collect(),
        facts: facts(kept),
        found: found(kept),
        bars: bar::of(record),
        cut: rows.iter().any(|row| row.left_out.is_some()),
        graphs: graphs.collect(),
        ladder,
        thinned,
        client,
        server,
        again,
    };
    section.render().unwrap_or_default()
}

fn facts(kept: &GraphedConnection) -> Vec<(&'static str, String)> {
    let record = &kept.record;
    let mut facts = vec![
        ("verdict", verdict_text(&record.diagnosis)),
        ("outcome", record.outcome.as_str().to_owned()),
        ("lasted", time(record.duration())),
    ];
    facts.extend(record.handshake.map(|span| ("opened in", time(span))));
    facts.extend(record.rtt.map(|rtt| ("round trip, median", time(rtt.median))));
    for (name, stats) in [("client sent", &record.c2s), ("server sent", &record.s2c)] {
        let fresh = stats.unique_bytes.saturating_sub(stats.missed_bytes);
        let mut told = format!("{} in {}", bytes(fresh), counted(stats.packets, "packet"));
        if stats.retransmitted_segments > 0 {
            told.push_str(&format!(
                ", {} of them again ({})",
                stats.retransmitted_segments,
                bytes(stats.retransmitted_bytes)
            ));
        }
        facts.push((name, told));
    }
    facts
}

/// What was found, a row for each rule and severity.
fn found(kept: &GraphedConnection) -> Vec<Found> {
    let mut rows: BTreeMap<(std::cmp::Reverse<Severity>, Rule), Found> = BTreeMap::new();
    for mark in kept.trail.marks.all() {
        let finding = &mark.finding;
        let row = rows.entry((std::cmp::Reverse(finding.severity), finding.rule)).or_insert_with(|| Found {
            severity: finding.severity.as_str(),
            rule: finding.rule,
            id: explain::rule_id(finding.rule),
            count: 0,
            frames: Vec::new(),
            more: false,
            message: message(finding),
            advice: Page::advice(finding.rule),
        });
        row.count += mark.count;
        if row.frames.len() < FRAMES {
            row.frames.push(finding.frame);
        }
        row.more = row.count > row.frames.len() as u64;
    }
    rows.into_values().collect()
}
