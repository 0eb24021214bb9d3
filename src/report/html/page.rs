//! The page as a whole, below its bound of bytes.

use askama::Template;

use crate::report::Summary;
use crate::report::graph::GraphCollector;
use crate::report::ladder::STYLE;
use crate::report::phrase::counted;
use crate::report::timeline::Overview;
use crate::rules::{Rule, Severity};

use super::connections::{Group, Listed};
use super::explain::{self, Explained, Piece, Term, Words};
use super::first::{self, Headline, Tile};
use super::lanes::{self, Drawn};
use super::{ReportOptions, findings, flow, policy};

/// A page has no more bytes than this.
const MOST: usize = 4_800_000;

/// A connection takes no more than this, so that a page of one is opened at once on any machine.
const MOST_OF_ONE: usize = 1_000_000;

const LOOKS: &str = include_str!("../../../templates/report.css");
const PAGE_LOOKS: &str = include_str!("../../../templates/page.css");
const SCRIPT: &str = concat!(
    "\"use strict\";\n(() => {\n",
    include_str!("../../../templates/page.js"),
    include_str!("../../../templates/brush.js"),
    include_str!("../../../templates/graph.js"),
    "})();\n"
);

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
    headline: Headline,
    tiles: Vec<Tile>,
    timeline: Drawn,
    facts: Vec<(&'static str, String)>,
    lost: Option<String>,
    complete: bool,
    outcomes: Vec<(&'static str, u64)>,
    counts: Vec<(&'static str, u64)>,
    groups: Vec<findings::Group>,
    servers: Vec<Group>,
    connections: u64,
    listed: usize,
    full: usize,
    again: &'a str,
    explained: Vec<Explained>,
    lessons: Vec<Term>,
    words: Vec<Term>,
    /// Connections whose points had to go.
    dropped: Option<u64>,
}

impl Page<'_> {
    /// More connections than are shown somewhere.
    fn has_more_than(&self, shown: &usize) -> bool {
        self.connections > *shown as u64
    }
}

/// Makes the page.
pub(super) fn write(
    options: &ReportOptions,
    collector: &mut GraphCollector,
    overview: &Overview,
    summary: &Summary,
) -> Vec<u8> {
    let style = format!("{STYLE}{LOOKS}{PAGE_LOOKS}");
    let policy = policy::of(&style, SCRIPT);
    let source = summary.source();
    let mut page = Page { policy: &policy, style: &style, source: &source, ..empty(options, overview, summary) };
    page.dropped = Some(collector.dropped()).filter(|dropped| *dropped > 0);
    let mut room = MOST.saturating_sub(length(&page));
    // The list takes no more than a third.
    let full: Vec<u32> = collector.kept().map(|connection| connection.record.number).collect();
    let mut listed = Listed::new(overview, &options.names, &full, room / 3);
    room = room.saturating_sub(listed.length());
    let kept = collector.kept();
    let mut left = kept.len();
    for connection in kept {
        let share = (room / left.max(1)).min(MOST_OF_ONE);
        left -= 1;
        let number = connection.record.number;
        let lane = overview.connections.iter().find(|(record, _)| record.number == number).map(|(_, lane)| lane);
        let mut sections =
            DETAIL.into_iter().map(|most| flow::section(connection, lane, &options.names, &options.again, most));
        let mut section = sections.next().unwrap_or_default();
        while section.len() > share
            && let Some(smaller) = sections.next()
        {
            section = smaller;
        }
        // One that takes more than its share at the least takes it from those behind it.
        let length = section.len();
        if length <= room && listed.show(number, section) {
            room -= length;
            page.full += 1;
        }
    }
    page.listed = listed.len();
    page.servers = listed.groups();
    let mut out = Vec::with_capacity(MOST);
    // Writing into a Vec cannot fail.
    let _ = page.write_into(&mut out);
    out
}

/// The page without its connections.
fn empty<'a>(options: &'a ReportOptions, overview: &Overview, summary: &Summary) -> Page<'a> {
    let rules: Vec<Rule> = summary.rules().map(|(rule, _)| rule).collect();
    Page {
        policy: "",
        style: "",
        script: SCRIPT,
        source: "",
        version: env!("CARGO_PKG_VERSION"),
        headline: first::headline(summary),
        tiles: first::tiles(summary),
        timeline: lanes::draw(overview, &options.names, summary.flows()),
        facts: summary.facts(),
        lost: lost(summary),
        complete: summary.complete(),
        outcomes: summary.outcomes().map(|(outcome, count)| (outcome.as_str(), count)).collect(),
        counts: [Severity::Error, Severity::Warning, Severity::Note]
            .map(|severity| (severity.as_str(), summary.count(severity)))
            .to_vec(),
        groups: findings::groups(summary, overview, &options.again),
        servers: Vec::new(),
        connections: summary.flows(),
        listed: 0,
        full: 0,
        again: &options.again,
        explained: explain::pages(&rules),
        lessons: explain::lessons(),
        words: explain::words(),
        dropped: None,
    }
}

fn length(page: &Page<'_>) -> usize {
    page.render().map_or(0, |text| text.len())
}

fn lost(summary: &Summary) -> Option<String> {
    let drops = summary.drops();
    let lost = drops.kernel + drops.interface;
    (lost > 0).then(|| format!("{} did not reach the capture: every loss below is doubtful.", counted(lost, "packet")))
}
