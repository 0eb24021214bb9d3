//! Two captures, surveyed and then paired packet by packet.

use std::thread;

use anyhow::{Result, anyhow};

use crate::analyse::{Surveyed, pair, unrelated_words};
use crate::capture::{CaptureFault, SourceInfo};
use crate::compare::{Comparison, Overlap, PathEvent, Relation, Survey};
use crate::report::compare::CompareReport;

use super::super::output::Output;
use super::feed::Input;

/// Two captures that show the same traffic.
pub(crate) struct Compared<'a> {
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
    pub(crate) fn new(a: &'a Input, b: &'a Input) -> Result<Self> {
        let (overlap, [a_surveyed, b_surveyed]) = overlap(a, b)?;
        let sources = [a_surveyed.info, b_surveyed.info];
        Ok(Self { inputs: [a, b], sources, faults: [a_surveyed.faults, b_surveyed.faults], overlap })
    }

    /// Where the captures are cut or damaged: they were compared up to there.
    pub(crate) fn faults(&self) -> &[Vec<CaptureFault>; 2] {
        &self.faults
    }

    /// The first one's name.
    pub(crate) fn name(&self) -> &str {
        &self.sources[0].name
    }

    /// Both names.
    pub(crate) fn names(&self) -> [&str; 2] {
        self.sources.each_ref().map(|source| source.name.as_str())
    }

    /// How they compare as a whole.
    pub(crate) fn overlap(&self) -> &Overlap {
        &self.overlap
    }

    /// Reports all that there is.
    ///
    /// # Errors
    /// When a capture cannot be read, or nothing be written.
    pub(crate) fn report(&self, report: &mut dyn CompareReport, output: &mut Output) -> Result<()> {
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
    pub(crate) fn each(&self, take: &mut dyn FnMut(&PathEvent)) -> Result<Comparison> {
        self.compare(|event| {
            take(event);
            Ok(())
        })
    }

    /// Pairs the packets of both.
    fn compare(&self, mut note: impl FnMut(&PathEvent) -> Result<()>) -> Result<Comparison> {
        thread::scope(|scope| {
            let mut items = self.inputs.map(|input| input.items(scope));
            pair(self.overlap.clone(), &mut items, &mut note)
        })
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
        unrelated => Err(anyhow!(unrelated_words(&unrelated, &surveyed))),
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
