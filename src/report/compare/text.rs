//! The verdict on a path, in a few sentences.

use crate::capture::{SourceInfo, Span};
use crate::compare::{Clock, Comparison, Overlap, PathEvent, Side, Totals, Way};
use crate::report::layout;
use crate::report::style::{Ink, Style};
use crate::report::units;
use crate::rules::Severity;

use super::words::{self, WayNames};
use super::{CompareReport, Worst};
use crate::report::phrase::{counted, grouped, time};

/// Columns of a line where no terminal says how many it has.
const COLUMNS: usize = 120;

/// Findings of one capture that are told of.
const TOLD: usize = 3;

/// What is made by something between, told one by one.
const NAMED: usize = 3;

/// Writes the verdict when both captures are over.
#[derive(Debug, Default)]
pub struct Text {
    style: Style,
    names: [String; 2],
    /// What was run, to be run again with more options; empty where that is not for a reader to run.
    again: String,
    worst: Worst,
}

impl Text {
    /// In that style; `again` is what was run, such as `tcpcheck compare a.pcap b.pcap`, or empty.
    pub fn new(style: Style, again: String) -> Self {
        Self { style, again, ..Self::default() }
    }

    /// Commands that show more.
    fn next(&self, out: &mut Vec<u8>) {
        if self.again.is_empty() {
            return;
        }
        let flow = self.worst.flow().map(|flow| format!("--flow {flow}"));
        let options = flow.into_iter().chain(["-o compare.html".to_owned()]);
        for (at, options) in options.enumerate() {
            let head = if at == 0 { "next: " } else { "      " };
            out.extend_from_slice(format!("{head}{} {options}\n", self.again).as_bytes());
        }
    }

    fn sentence(&self, out: &mut Vec<u8>, head: &str, words: &str) {
        let start = out.len();
        out.extend_from_slice(head.as_bytes());
        self.style.paint(out, start, Ink::Strong);
        out.extend_from_slice(words.as_bytes());
        layout::fold(out, start, self.style.columns().unwrap_or(COLUMNS), "  ");
        self.style.link(out, start);
        out.push(b'\n');
    }
}

impl CompareReport for Text {
    fn begin(&mut self, _: &mut Vec<u8>, sources: &[SourceInfo; 2], _: &Overlap) {
        self.names = sources.each_ref().map(|info| crate::display::line(&info.name).into_owned());
    }

    fn event(&mut self, _: &mut Vec<u8>, event: &PathEvent) {
        if let PathEvent::Path(record) = event {
            self.worst.path(record);
        }
    }

    fn end(&mut self, out: &mut Vec<u8>, comparison: &Comparison) {
        let (totals, clock) = (comparison.totals(), &comparison.overlap().clock);
        let names = WayNames::new(totals.connections().clients);
        let short = comparison.overlap().short;
        self.sentence(out, "captures", &format!("{}{}", self.captures(totals, names), cut_short(short)));
        if totals.pairs_nothing() {
            return self.sentence(out, "path", &format!(": {}", words::unpaired(totals)));
        }
        self.sentence(out, "clocks", &clocks(clock));
        let is_one_point = totals.is_one_point(clock.round_trip());
        if is_one_point {
            self.sentence(out, "path", &one_point(clock));
        }
        for way in Way::ALL {
            let stats = totals.way(way);
            if stats.sent + stats.outside == 0 {
                continue;
            }
            let name = names.name(way);
            let delays = words::delays(stats).filter(|_| !is_one_point).map(|delays| format!("; {delays}"));
            let delays = delays.unwrap_or_default();
            self.sentence(out, &name, &format!(": {}{delays}", words::losses(stats)));
        }
        if let Some(changed) = changed(totals, names) {
            self.sentence(out, "on the way", &changed);
        }
        if let Some(made) = made(comparison) {
            self.sentence(out, "in between", &made);
        }
        for side in Side::ALL {
            if let Some(words) = explained(totals, side) {
                self.sentence(out, &format!("findings at {}", side.name()), &words);
            }
        }
        self.next(out);
    }
}

impl Text {
    fn captures(&self, totals: &Totals, names: WayNames) -> String {
        let connections = totals.connections();
        let [a, b] = &self.names;
        let mut words = format!(": A is {a}, B is {b}; {} in both", counted(connections.both, "connection"));
        for side in Side::ALL {
            let only = connections.only[usize::from(side == Side::B)];
            if only > 0 {
                words.push_str(&format!(", {} in {} alone", grouped(only), side.name()));
            }
        }
        if let Some(side) = names.clients() {
            words.push_str(&format!("; the clients are on {}'s side", side.name()));
        }
        words
    }
}

/// How the clocks compare.
fn clocks(clock: &Clock) -> String {
    let offset = clock.offset();
    let mut words = match offset.0 {
        0 => ": A's and B's are equal".to_owned(),
        ahead => format!(": B's is {} {}", time(Span(ahead.abs())), if ahead > 0 { "ahead" } else { "behind" }),
    };
    if clock.drift_ppm() != 0.0 {
        let (verb, ppm) = if clock.drift_ppm() > 0.0 { ("gains", 1.0) } else { ("loses", -1.0) };
        words.push_str(&format!(" and {verb} {:.1} ppm", clock.drift_ppm() * ppm));
    }
    match (clock.uncertainty(), clock.round_trip()) {
        (Some(unsure), Some(round_trip)) => {
            words.push_str(&format!(", give or take {}", time(unsure)));
            if is_shown(Span(round_trip.0 / 2)) {
                let half = time(Span(round_trip.0 / 2));
                words.push_str(&format!(", and up to {half} more if one way takes longer than the other"));
            }
        }
        _ => words.push_str(", if packets took no time: only one direction shows, and that bounds it on one side"),
    }
    words
}

fn one_point(clock: &Clock) -> String {
    let round_trip = clock.round_trip().filter(|time| is_shown(*time));
    let late = round_trip.map(|trip| format!(", and within {} there and back", time(trip)));
    format!(
        ": both captures are of one point, or of two with nothing between: packets come unchanged{}",
        late.as_deref().unwrap_or(", and at once")
    )
}

/// Whether it is no 0 in the words for it.
fn is_shown(span: Span) -> bool {
    span.0 >= 500
}

/// How many frames end too early to show all that is compared.
fn cut_short(short: [u64; 2]) -> String {
    let parts = Side::ALL.into_iter().zip(short).filter(|(_, short)| *short > 0).map(|(side, short)| {
        format!(
            "; {} of {} end inside TCP's options or before: these are not compared",
            counted(short, "frame"),
            side.name()
        )
    });
    parts.collect()
}

/// What the path changed.
fn changed(totals: &Totals, names: WayNames) -> Option<String> {
    let connections = totals.connections();
    let mut parts = Vec::new();
    if let Some([a, b]) = totals.translation() {
        let end = |at: usize| {
            let [a, b] = [a[at], b[at]].map(|end| {
                let mut text = Vec::new();
                units::socket(&mut text, end);
                String::from_utf8(text).unwrap_or_default()
            });
            (a != b).then(|| format!("{a} of A is {b} of B"))
        };
        let ends: Vec<String> = [0, 1].into_iter().filter_map(end).collect();
        parts.push(format!(
            "addresses are translated (NAT) in {}: {}",
            counted(connections.translated, "connection"),
            ends.join(", ")
        ));
    }
    if connections.renumbered > 0 {
        parts
            .push(format!("sequence numbers are rewritten (ISN) in {}", counted(connections.renumbered, "connection")));
    }
    if connections.proxied > 0 {
        parts.push(format!(
            "{} at something between, which opens another one: a proxy",
            match connections.proxied {
                1 => "1 connection ends".to_owned(),
                many => format!("{} connections end", grouped(many)),
            }
        ));
    }
    for way in Way::ALL {
        let changes = &totals.way(way).changes;
        let told: Vec<String> = changes
            .iter()
            .filter_map(|(change, packets, _)| {
                Some(format!("{} in {}", words::change(change)?, counted(packets, "packet")))
            })
            .collect();
        let hops = match changes.hops() {
            Some((low, high)) if low == high && high > 0 => Some(counted(low.into(), "hop")),
            Some((low, high)) if high > 0 && high < 64 => Some(format!("{low} to {high} hops")),
            _ => None,
        };
        let told: Vec<String> = hops.into_iter().chain(told).collect();
        if !told.is_empty() {
            parts.push(format!("{}: {}", names.name(way), told.join(", ")));
        }
    }
    (!parts.is_empty()).then(|| format!(": {}", parts.join("; ")))
}

/// What was sent by something between.
fn made(comparison: &Comparison) -> Option<String> {
    let totals = comparison.totals();
    let start = comparison.overlap().spans[0].0;
    let mut parts: Vec<String> = totals
        .inserted()
        .iter()
        .take(NAMED)
        .map(|one| {
            let at = one.ts.since(start);
            format!(
                "{} in the {}'s name, which only {} saw (@{}{}, {} after A began)",
                words::ending(one.ending),
                one.direction.sender(),
                one.side.name(),
                one.frame,
                one.flow.map(|flow| format!(" of flow {flow}")).unwrap_or_default(),
                time(at)
            )
        })
        .collect();
    let all: u64 = Way::ALL.map(|way| totals.way(way).inserted).iter().sum();
    let more = all.saturating_sub(parts.len() as u64);
    if more > 0 {
        parts.push(format!("{} that nobody sent at the other end", counted(more, "packet")));
    }
    (!parts.is_empty()).then(|| format!(": something made {}", parts.join(", ")))
}

/// What the other capture shows of the worst findings of one.
fn explained(totals: &Totals, side: Side) -> Option<String> {
    let mut found: Vec<_> = totals
        .explained()
        .filter(|(of, _, _, explained)| *of == side && explained.severity >= Severity::Warning)
        .collect();
    found.sort_by_key(|(_, rule, shown, explained)| (std::cmp::Reverse(explained.count), *rule, *shown));
    let told: Vec<String> = found
        .iter()
        .take(TOLD)
        .map(|(_, rule, shown, explained)| {
            let words = words::shown(*shown, side.other());
            format!("{} {} ({}; first @{}): {words}", explained.count, rule.code(), rule.slug(), explained.first.0)
        })
        .collect();
    (!told.is_empty()).then(|| format!(": {}", told.join("; ")))
}
