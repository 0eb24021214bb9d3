//! The comparison as a page: the verdict, delays over time, and a connection at both capture points side by side.

use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::capture::{SourceInfo, Timestamp};
use crate::compare::{Comparison, Overlap, PathEvent, Way};
use crate::report::graph::{Axis, Dot, Plot, Unit};
use crate::report::ladder::{STYLE, Svg};

use super::words::WayNames;
use super::{CompareReport, Ladder, Text, Worst};

const LOOKS: &str = include_str!("../../../templates/report.css");

/// Gathers what the page shows of a comparison as a whole.
#[derive(Debug, Default)]
pub struct Page {
    text: Text,
    verdict: Vec<u8>,
    plots: Vec<String>,
    worst: Worst,
    names: [String; 2],
}

impl Page {
    /// The connection of A in the most trouble.
    pub fn worst(&self) -> Option<u32> {
        self.worst.flow()
    }
}

impl CompareReport for Page {
    fn begin(&mut self, out: &mut Vec<u8>, sources: &[SourceInfo; 2], overlap: &Overlap) {
        self.names = sources.each_ref().map(|info| crate::display::line(&info.name).into_owned());
        self.text.begin(out, sources, overlap);
    }

    fn event(&mut self, _: &mut Vec<u8>, event: &PathEvent) {
        if let PathEvent::Path(record) = event {
            self.worst.path(record);
        }
    }

    fn end(&mut self, _: &mut Vec<u8>, comparison: &Comparison) {
        self.text.end(&mut self.verdict, comparison);
        let names = WayNames::new(comparison.totals().connections().clients);
        self.plots.extend(Way::ALL.into_iter().filter_map(|way| plot(comparison, way, names)));
    }
}

/// Delays of one way over time, with the losses.
fn plot(comparison: &Comparison, way: Way, names: WayNames) -> Option<String> {
    let timeline = comparison.totals().timeline(way);
    let start = comparison.overlap().spans.map(|(first, _)| first).into_iter().min()?;
    let half = timeline.width().0 / 2;
    let at = |ts: Timestamp| ts.since(start).0.saturating_add(half);
    let dot = |t: i64, lo: i64, hi: i64| Dot { t, lo, hi, frame: 0 };
    let arrived: Vec<Dot> = timeline
        .steps()
        .filter(|(_, step)| step.arrived > 0)
        .map(|(ts, step)| dot(at(ts), step.min.0, step.max.0))
        .collect();
    let most = arrived.iter().map(|dot| dot.hi).max()?;
    let end = timeline.steps().last().map_or(0, |(ts, _)| at(ts));
    let means: Vec<Dot> =
        timeline.steps().filter_map(|(ts, step)| step.mean().map(|mean| dot(at(ts), mean.0, mean.0))).collect();
    // A little above the axis, which would cover half of them.
    let low = most / 50;
    let lost: Vec<Dot> =
        timeline.steps().filter(|(_, step)| step.lost > 0).map(|(ts, _)| dot(at(ts), low, low)).collect();
    let mut plot = Plot::new(
        format!("One-way delay, {}", names.name(way)),
        "Each upright stroke goes from the shortest to the longest delay of the packets that were sent then; the dots on it are \
         the mean, and dots at the bottom mark when packets were lost.",
        Axis::new(0, end, Unit::Time).with_room(),
        Axis::new(0, most, Unit::Time).with_room(),
        "delay",
    );
    plot.bars("data", "shortest to longest", &arrived);
    plot.dots("dot window", "mean", &means);
    plot.dots("dot again", "lost", &lost);
    let mut out = Vec::new();
    plot.write(&mut out, false);
    let picture = String::from_utf8(out).unwrap_or_default();
    Some(format!("<h3>{}</h3><figure>{picture}<figcaption>{}</figcaption></figure>", plot.title(), plot.caption()))
}

/// The page.
#[derive(Template)]
#[template(path = "compare.html")]
struct Document<'a> {
    policy: &'a str,
    style: &'a str,
    version: &'static str,
    names: &'a [String; 2],
    verdict: Vec<(&'a str, &'a str)>,
    plots: &'a [String],
    ladder: &'a str,
}

/// Writes the page of a comparison, with one connection drawn.
pub fn write_page(out: &mut Vec<u8>, page: &Page, ladder: Option<&Ladder>) {
    let style = format!("{STYLE}{LOOKS}");
    let digest = STANDARD.encode(Sha256::digest(&style));
    let policy =
        format!("default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'");
    let verdict = String::from_utf8_lossy(&page.verdict);
    let mut drawn = Vec::new();
    if let Some(ladder) = ladder {
        ladder.draw(&mut drawn);
    }
    let document = Document {
        policy: &policy,
        style: &style,
        version: env!("CARGO_PKG_VERSION"),
        names: &page.names,
        verdict: verdict.lines().map(|line| line.split_once(": ").unwrap_or((line, ""))).collect(),
        plots: &page.plots,
        ladder: &String::from_utf8_lossy(&drawn),
    };
    // Writing into a Vec cannot fail.
    let _ = document.write_into(out);
}
