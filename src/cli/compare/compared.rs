//! Two captures, surveyed and then paired packet by packet.

use std::thread;

use anyhow::{Result, anyhow};

use crate::capture::{CaptureFault, SourceInfo, Span};
use crate::compare::{Comparison, Overlap, PathEvent, Relation, Side, Survey};
use crate::report::compare::CompareReport;
use crate::track::Event;

use super::super::output::Output;
use super::feed::{self, Input, Item, Surveyed};

/// Two captures that show the same traffic.
pub struct Compared<'a> {
    inputs: [&'a Input; 2],
    sources: [SourceInfo; 2],
    faults: [Vec<CaptureFault>; 2],
    overlap: Overlap,
}

impl<'a> Compared<'a> {
    /// Looks through both.
    ///
    /// # Errors
    /// When they do not show the same traffic, or cannot be read.
    pub fn new(a: &'a Input, b: &'a Input) -> Result<Self> {
        let (overlap, [a_surveyed, b_surveyed]) = overlap(a, b)?;
        let sources = [a_surveyed.info, b_surveyed.info];
        Ok(Self { inputs: [a, b], sources, faults: [a_surveyed.faults, b_surveyed.faults], overlap })
    }

    /// Where the captures are cut or damaged: they were compared up to there.
    pub fn faults(&self) -> &[Vec<CaptureFault>; 2] {
        &self.faults
    }

    /// The first one's name.
    pub fn name(&self) -> &str {
        &self.sources[0].name
    }

    /// Both names.
    pub fn names(&self) -> [&str; 2] {
        self.sources.each_ref().map(|source| source.name.as_str())
    }

    /// How they compare as a whole.
    pub fn overlap(&self) -> &Overlap {
        &self.overlap
    }

    /// Reports all that there is.
    ///
    /// # Errors
    /// When a capture cannot be read, or nothing be written.
    pub fn report(&self, report: &mut dyn CompareReport, output: &mut Output) -> Result<()> {
        report.begin(output.text(), &self.sources, &self.overlap);
        let comparison = self.compare(|event| {
            report.event(output.text(), event);
            output.settle()
        })?;
        report.end(output.text(), &comparison);
        output.settle()
    }

    /// Takes what becomes known, one by one.
    ///
    /// # Errors
    /// When a capture cannot be read.
    pub fn each(&self, take: &mut dyn FnMut(&PathEvent)) -> Result<Comparison> {
        self.compare(|event| {
            take(event);
            Ok(())
        })
    }

    /// Pairs the packets of both.
    fn compare(&self, mut note: impl FnMut(&PathEvent) -> Result<()>) -> Result<Comparison> {
        let mut comparison = Comparison::new(self.overlap.clone());
        let mut settle = |comparison: &mut Comparison| {
            while let Some(event) = comparison.next_event() {
                note(&event)?;
            }
            anyhow::Ok(())
        };
        thread::scope(|scope| {
            let mut items = self.inputs.map(|input| input.items(scope));
            let mut heads = [items[0].next()?, items[1].next()?];
            while let Some(side) = next(&comparison, &heads) {
                let at = usize::from(side == Side::B);
                if let Some(item) = heads[at].take() {
                    take(&mut comparison, side, item);
                }
                heads[at] = items[at].next()?;
                settle(&mut comparison)?;
            }
            anyhow::Ok(())
        })?;
        comparison.finish();
        settle(&mut comparison)?;
        Ok(comparison)
    }
}

/// What two captures have to do with each other.
///
/// # Errors
/// When they do not show the same traffic.
fn overlap(a: &Input, b: &Input) -> Result<(Overlap, [Surveyed; 2])> {
    let surveyed = surveys(a, b, Survey::default)?;
    let mut relation = surveyed[0].survey.relation(&surveyed[1].survey);
    if matches!(relation, Relation::Different) {
        let [a, b] = surveys(a, b, Survey::of_payloads)?;
        relation = a.survey.relation(&b.survey);
    }
    match relation {
        Relation::Path(overlap) => Ok((overlap, surveyed)),
        unrelated => Err(unrelated_words(&unrelated, &surveyed)),
    }
}

/// Looks through both at once.
fn surveys(a: &Input, b: &Input, new: fn() -> Survey) -> Result<[Surveyed; 2]> {
    thread::scope(|scope| {
        let other = scope.spawn(|| b.survey(new()));
        let one = a.survey(new())?;
        let other = other.join().map_err(|_| anyhow!("a thread has failed"))??;
        Ok([one, other])
    })
}

fn unrelated_words(relation: &Relation, surveyed: &[Surveyed; 2]) -> anyhow::Error {
    for Surveyed { survey, info, .. } in surveyed {
        if survey.segments() == 0 {
            return anyhow!("{}: there is no TCP in it to compare", info.name);
        }
    }
    let [a, b] = surveyed.each_ref().map(|surveyed| &surveyed.info.name);
    match relation {
        Relation::Apart(side, gap) => {
            let (first, second) = if *side == Side::A { (a, b) } else { (b, a) };
            anyhow!("{first} had ended {} before {second} began: they do not show the same traffic", words(*gap))
        }
        Relation::Stepped(step, when) => anyhow!(
            "{a} and {b} show the same packets, but one of the clocks was set by {} meanwhile, {} after {a} began: cut the captures \
             there (tcpcheck split), and compare the parts",
            words(*step),
            words(when.since(surveyed[0].survey.first().unwrap_or(*when)))
        ),
        _ => anyhow!(
            "{a} and {b} show different traffic: no packet of one is in the other, not even with other addresses"
        ),
    }
}

/// A length of time in words.
fn words(span: Span) -> String {
    let mut text = Vec::new();
    crate::report::time(&mut text, span);
    String::from_utf8(text).unwrap_or_default()
}

/// Which capture's turn it is.
fn next(comparison: &Comparison, heads: &[Option<Item>; 2]) -> Option<Side> {
    let due = |side: Side, item: &Option<Item>| {
        item.as_ref().map(|item| feed::time(item).map(|ts| comparison.time(side, ts)))
    };
    match (due(Side::A, &heads[0]), due(Side::B, &heads[1])) {
        (None, None) => None,
        (Some(_), None) => Some(Side::A),
        (None, Some(_)) => Some(Side::B),
        (Some(a), Some(b)) => Some(if a <= b { Side::A } else { Side::B }),
    }
}

fn take(comparison: &mut Comparison, side: Side, item: Item) {
    match item {
        Item::Sighting(sighting) => comparison.observe(side, &sighting),
        Item::Event(event) => match *event {
            Event::Finding(finding) => comparison.finding(side, &finding),
            Event::Amend(amend) => comparison.amend(side, &amend),
            Event::Icmp(_) | Event::Exchange(_) => {}
            Event::Ended(flow) => comparison.ended(side, flow.number),
        },
    }
}
