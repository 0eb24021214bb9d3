//! Two captures compared by one thread, each read several times.

use std::collections::VecDeque;

use crate::capture::{CaptureError, CaptureFault, Filter, FrameSource, Next};
use crate::compare::{Comparison, Overlap, PathEvent, Relation, Sighting, Survey};
use crate::dissect::Dissection;
use crate::report::Style;
use crate::report::compare::{CompareReport, Ladder, Page, Text, write_page};
use crate::track::{Analysis, AnalysisOptions, Event};

use super::again::{file_word, quoted};
use super::pairing::{Item, Items, Surveyed, pair, survey, unrelated_words};

/// Columns of the ladder on a page.
const COLUMNS: usize = 120;

/// Opens a capture from its beginning, as often as it is asked.
pub type Open<'a> = &'a dyn Fn() -> Result<Box<dyn FrameSource>, CaptureError>;

/// What `tcpcheck compare` says of two captures.
#[derive(Debug)]
pub struct ComparisonReport {
    /// The verdict as text, without colour.
    pub text: String,
    /// What `-o` writes: a page of HTML.
    pub page: Vec<u8>,
    /// Where the captures are cut or damaged: they were compared up to there.
    pub faults: Vec<CaptureFault>,
}

/// Why two captures are not compared.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// One cannot be read.
    #[error("{0}")]
    Capture(#[from] CaptureError),
    /// They do not show the same traffic.
    #[error("{0}")]
    Unrelated(String),
}

/// Compares two captures of the same traffic, as `tcpcheck compare` does: the text, and the page with the connection in the most
/// trouble. Each is read three times or four.
///
/// # Errors
/// When one is no capture or cannot be read, and when they do not show the same traffic.
pub fn compare_captures(
    open: [Open<'_>; 2],
    filter: &Filter,
    options: AnalysisOptions,
) -> Result<ComparisonReport, CompareError> {
    let (overlap, surveyed) = overlap(open, filter)?;
    let [a, b] = surveyed;
    let sources = [a.info, b.info];
    let again = again(&[&sources[0].name, &sources[1].name], filter.expression());
    let (mut text, mut page, mut said, mut nothing) =
        (Text::new(Style::default(), again), Page::default(), Vec::new(), Vec::new());
    text.begin(&mut said, &sources, &overlap);
    page.begin(&mut nothing, &sources, &overlap);
    let comparison = pass(open, filter, options, &overlap, |event| {
        text.event(&mut said, event);
        page.event(&mut nothing, event);
    })?;
    text.end(&mut said, &comparison);
    page.end(&mut nothing, &comparison);
    let mut ladder = page.worst().map(|flow| Ladder::new(flow, COLUMNS, Style::default()));
    if let Some(ladder) = &mut ladder {
        pass(open, filter, options, &overlap, |event| ladder.event(&mut nothing, event))?;
    }
    let mut document = Vec::new();
    write_page(&mut document, &page, ladder.as_ref());
    Ok(ComparisonReport {
        text: String::from_utf8_lossy(&said).into_owned(),
        page: document,
        faults: a.faults.into_iter().chain(b.faults).collect(),
    })
}

/// What was run, without options for the way out; empty where a shell could not run it.
pub fn again(names: &[&str; 2], filter: &str) -> String {
    let [Some(a), Some(b)] = names.map(file_word) else { return String::new() };
    if filter.contains(crate::display::is_unsafe) {
        return String::new();
    }
    let filter = if filter.is_empty() { String::new() } else { format!(" --filter {}", quoted(filter)) };
    format!("tcpcheck compare {a} {b}{filter}")
}

/// What they have to do with each other.
fn overlap(open: [Open<'_>; 2], filter: &Filter) -> Result<(Overlap, [Surveyed; 2]), CompareError> {
    let look = |new: fn() -> Survey| {
        let [a, b] = open.map(|open| survey(open()?.as_mut(), &mut filter.clone(), new()));
        Ok::<_, CaptureError>([a?, b?])
    };
    let surveyed = look(Survey::default)?;
    let mut relation = surveyed[0].survey.relation(&surveyed[1].survey);
    if matches!(relation, Relation::Different) {
        let [a, b] = look(Survey::of_payloads)?;
        relation = a.survey.relation(&b.survey);
    }
    match relation {
        Relation::Path(overlap) => Ok((overlap, surveyed)),
        unrelated => Err(CompareError::Unrelated(unrelated_words(&unrelated, &surveyed))),
    }
}

fn pass(
    open: [Open<'_>; 2],
    filter: &Filter,
    options: AnalysisOptions,
    overlap: &Overlap,
    mut take: impl FnMut(&PathEvent),
) -> Result<Comparison, CaptureError> {
    let [a, b] = open;
    let mut items = [InTurn::new(a()?, filter, options), InTurn::new(b()?, filter, options)];
    pair(overlap.clone(), &mut items, |event| {
        take(event);
        Ok(())
    })
}

/// What a capture shows, read when it is asked for.
struct InTurn {
    source: Box<dyn FrameSource>,
    filter: Filter,
    analysis: Analysis,
    /// A packet and what was found on it, before the tracker's other events.
    waiting: VecDeque<Item>,
    over: bool,
}

impl InTurn {
    fn new(source: Box<dyn FrameSource>, filter: &Filter, options: AnalysisOptions) -> Self {
        Self { source, filter: filter.clone(), analysis: Analysis::new(options), waiting: VecDeque::new(), over: false }
    }

    fn packet(&mut self) -> Result<(), CaptureError> {
        let frame = match self.source.next_frame()? {
            Next::Frame(frame) => frame,
            Next::Idle => return Ok(()),
            Next::End => {
                self.over = true;
                self.analysis.finish();
                return Ok(());
            }
        };
        if self.filter.accepts(&frame)? {
            let mut dissection = Dissection::new();
            if let Ok((segment, observation)) = self.analysis.frame(&frame, &mut dissection) {
                self.waiting.extend(Sighting::new(segment, observation).map(Item::Sighting));
                let findings = observation.findings.iter().cloned();
                self.waiting.extend(findings.map(|finding| Item::Event(Box::new(Event::Finding(finding)))));
            }
        }
        Ok(())
    }
}

impl Items for InTurn {
    fn next(&mut self) -> Result<Option<Item>, CaptureError> {
        loop {
            if let Some(item) = self.waiting.pop_front() {
                return Ok(Some(item));
            }
            if let Some(event) = self.analysis.next_event() {
                return Ok(Some(Item::Event(Box::new(event))));
            }
            if self.over {
                return Ok(None);
            }
            self.packet()?;
        }
    }
}
