//! A run that is about to begin: its sources are open, and its process has given up what it does not need any more.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use jiff::tz::TimeZone;

use crate::analyse::{self, Connections, Foresight, ReadOptions, Reading, Standing, Watch};
use crate::capture::{
    self, Anchor, Block, CaptureError, CaptureFault, FrameSource, Merge, OpenFiles, OwnBroker, Purpose, SaveNames,
    SharedBroker, Timestamp, Turns,
};
use crate::cli::descriptors;
use crate::cli::exit::Exit;
use crate::cli::interruptible::Interruptible;
use crate::cli::output::warn;
use crate::cli::plan::{Origin, Plan, is_standard};
use crate::cli::progress::Progress;
use crate::cli::sandbox::{self, AllowedDescriptors};
use crate::cli::sides;
use crate::cli::signals::Signals;
use crate::report::Reporter;
use crate::report::lines::Lines;
use crate::rules::Rule;
use crate::track::{Analysed, Analysis, Event, Finding, FlowRecord, Observation, Reason, Visitor};

use super::saving::{self, FirstReading};
use super::tick::tell_standing;
use super::{Run, announcement};

/// A run whose sources are open, and nothing of them read.
pub(crate) struct Session<'p> {
    pub(super) plan: &'p Plan,
    signals: Signals,
    source: Source,
    connections: Connections,
    lines: Option<Lines>,
    broker: SharedBroker,
}

enum Source {
    Files(OpenFiles),
    Live(Box<dyn FrameSource>),
}

/// Who makes the files of a run, and to whom a confined process may still talk.
pub(crate) struct BrokerHandle {
    /// Whom to ask.
    pub broker: SharedBroker,
    /// Where a confined process asks.
    pub socket: Option<i32>,
}

impl BrokerHandle {
    /// For files of these names, and for a capture that may have to be bound anew. A confined process has its files made by
    /// another one; standard output it has already.
    ///
    /// # Errors
    /// When that process cannot be started.
    pub(crate) fn open(confined: bool, names: Option<SaveNames>, anchor: Option<Anchor>) -> Result<Self> {
        let elsewhere = names.as_ref().is_some_and(|names| !is_standard(names.pattern())) || anchor.is_some();
        let names = names.unwrap_or_else(|| SaveNames::new("-".as_ref(), Turns::default()));
        #[cfg(target_os = "linux")]
        if confined && elsewhere {
            let broker = crate::cli::broker::RemoteBroker::spawn(names, anchor)?;
            let socket = Some(broker.socket());
            return Ok(Self { broker: SharedBroker::new(broker), socket });
        }
        let _ = (confined, elsewhere);
        Ok(Self { broker: SharedBroker::new(OwnBroker::new(names).anchored(anchor)), socket: None })
    }
}

impl<'p> Session<'p> {
    /// Opens the sources, and confines the process. None when the user has ended it while it waited for one.
    ///
    /// # Errors
    /// When a source cannot be opened, or the process cannot be confined.
    pub(crate) fn begin(plan: &'p Plan) -> Result<Option<Self>> {
        let names = |path| SaveNames::new(path, plan.turns.clone());
        let names = match &plan.keep {
            Some(keep) => Some(names(&keep.pattern).with_purpose(Purpose::Findings(keep.files))),
            None => plan.write.as_deref().map(names),
        };
        Self::begin_beside(plan, None, names)
    }

    /// The same, where another desk makes the only files.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub(crate) fn begin_with(plan: &'p Plan, desk: BrokerHandle) -> Result<Option<Self>> {
        Self::begin_beside(plan, Some(desk), None)
    }

    fn begin_beside(plan: &'p Plan, desk: Option<BrokerHandle>, names: Option<SaveNames>) -> Result<Option<Self>> {
        let signals = listen(&plan.origin)?;
        if plan.stderr_terminal
            && let Origin::Files(paths) = &plan.origin
            && paths.iter().any(|path| is_standard(path))
        {
            warn("reading packets from standard input ...; ^C ends");
        }
        // All that reads a file when it is needed first reads it here.
        let lines = (plan.show.packets && !plan.json).then(|| Lines::new(plan.line));
        let _ = TimeZone::system();
        let source = match &plan.origin {
            Origin::Files(paths) => {
                descriptors::allow(paths.len(), "read fewer at a time, or have mergecap make one of them first")?;
                OpenFiles::open(paths).map(Source::Files)
            }
            Origin::Live(options) => capture::open_live(options).map(Source::Live),
        };
        let source = match source {
            Err(_) if signals.stopped() => return Ok(None),
            source => source?,
        };
        let (anchor, capture) = match &source {
            Source::Live(source) => (source.anchor(), source.socket()),
            Source::Files(_) => (None, None),
        };
        let desk = desk.map_or_else(|| BrokerHandle::open(plan.confined, names, anchor), Ok)?;
        if plan.confined {
            sandbox::close(plan.user.as_ref(), AllowedDescriptors { broker: desk.socket, capture })?;
        }
        if let Source::Files(files) = &source
            && !plan.merge
        {
            sides::refuse_both(files)?;
        }
        let connections = plan.connections.clone();
        Ok(Some(Self { plan, signals, source, connections, lines, broker: desk.broker }))
    }

    /// Reads the plan's files once before they are read in earnest, for what shows only at the end. What is wrong with one
    /// is told when it is read again.
    ///
    /// # Errors
    /// When one is not a capture, and those of `visitor`.
    pub(crate) fn read_ahead(&self, visitor: &mut impl Visitor<Error = anyhow::Error>) -> Result<()> {
        let Source::Files(files) = &self.source else { return Ok(()) };
        let mut source = files.source(|| Box::new(std::io::empty()))?;
        self.visit(source.as_mut(), visitor).map(|_| ())
    }

    /// Reads the plan's files for `visitor` alone. Gives what is wrong with them short of an error.
    ///
    /// # Errors
    /// When one is not a capture or cannot be read, and those of `visitor`.
    pub(crate) fn read(&self, visitor: &mut impl Visitor<Error = anyhow::Error>) -> Result<Vec<CaptureFault>> {
        let Source::Files(files) = &self.source else { return Ok(Vec::new()) };
        let stop = self.signals.stop.clone();
        let mut source = files.source(|| Box::new(Interruptible::new(std::io::stdin(), stop.clone())))?;
        if let Some(error) = self.visit(source.as_mut(), visitor)? {
            return Err(error.into());
        }
        Ok(source.faults().to_vec())
    }

    /// The same, of one of the files alone.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub(crate) fn read_one(
        &self,
        at: usize,
        visitor: &mut impl Visitor<Error = anyhow::Error>,
    ) -> Result<Vec<CaptureFault>> {
        let Source::Files(files) = &self.source else { return Ok(Vec::new()) };
        let stop = self.signals.stop.clone();
        let mut source = files.one(at, || Box::new(Interruptible::new(std::io::stdin(), stop.clone())))?;
        if let Some(error) = self.visit(source.as_mut(), visitor)? {
            return Err(error.into());
        }
        Ok(source.faults().to_vec())
    }

    /// Takes a source to its end; gives the error that ended it.
    fn visit(
        &self,
        source: &mut dyn FrameSource,
        visitor: &mut dyn Visitor<Error = anyhow::Error>,
    ) -> Result<Option<CaptureError>> {
        let mut filter = self.plan.filter.clone();
        let (progress, packets) = (Progress::new(self.plan.progress), 0);
        let mut planned = Planned { plan: self.plan, visitor, progress, packets };
        let analysis = Analysis::new(self.plan.analysis);
        let failed = analysis.run(source, &mut filter, self.plan.count, &mut planned)?;
        planned.progress.clear();
        Ok(failed)
    }

    /// Shows these connections, rather than the plan's.
    pub(crate) fn narrow(&mut self, connections: Connections) {
        self.connections = connections;
    }

    /// Does what was planned, with these ways out.
    ///
    /// # Errors
    /// When it cannot be done.
    pub(crate) fn run<'r>(mut self, reporters: Vec<Box<dyn Reporter + 'r>>) -> Result<Exit>
    where
        'p: 'r,
    {
        let plan: &'r Plan = self.plan;
        let connections = match plan.only.as_slice() {
            [] => self.connections.clone(),
            only => self.connections.and(self.with_findings(only)?),
        };
        let first_reading = self.first_reading()?;
        let stop = self.signals.stop.clone();
        let stdin = || Box::new(Interruptible::new(std::io::stdin(), stop.clone())) as _;
        let source = match &mut self.source {
            Source::Files(files) => files.source(stdin),
            // It is read once.
            Source::Live(source) => Ok(std::mem::replace(source, Box::new(Merge::new(Vec::new())))),
        };
        let mut source = match source {
            // Nothing had come yet.
            Err(_) if self.signals.stopped() => return Ok(Exit::Done),
            source => source?,
        };
        let known = saving::known(plan, source.as_ref(), first_reading);
        warn(&announcement(plan, &known.info));
        let mut run = Run::new(plan, connections, reporters, known, self.lines, self.broker, self.signals)?;
        let read = if run.takes_batches() { run.read_batches(source.as_mut()) } else { run.read(source.as_mut()) };
        run.finish(source.as_mut(), read)
    }

    /// Reads the plan's files for the library's reporters, while progress is told and signals are answered.
    ///
    /// # Errors
    /// When one is not a capture. None where the user has ended it before it began.
    pub(crate) fn analyse(self, reporters: &mut [&mut dyn Reporter]) -> Result<Option<Reading>> {
        let Source::Files(files) = &self.source else { return Ok(None) };
        let stop = self.signals.stop.clone();
        let source = files.source(|| Box::new(Interruptible::new(std::io::stdin(), stop.clone())));
        let mut source = match source {
            // Nothing had come yet.
            Err(_) if self.signals.stopped() => return Ok(None),
            source => source?,
        };
        warn(&announcement(self.plan, &source.info()));
        let plan = self.plan;
        let options = ReadOptions {
            filter: plan.filter.clone(),
            analysis: plan.analysis,
            connections: self.connections,
            threads: if plan.at_hand { plan.threads } else { 1 },
        };
        let mut watch = Watched { plan, signals: self.signals, progress: Progress::new(plan.progress) };
        let reading = analyse::read(source.as_mut(), options, reporters, &mut watch);
        watch.progress.clear();
        Ok(Some(reading))
    }

    /// What will be said of the packets of files that can be read twice, and the summary of them: where comments want it.
    ///
    /// # Errors
    /// When one is not a capture.
    fn first_reading(&self) -> Result<Option<(Foresight, String)>> {
        if !self.plan.comments || !self.plan.at_hand {
            return Ok(None);
        }
        let mut first = FirstReading::new(self.plan);
        self.read_ahead(&mut first)?;
        Ok(Some(first.finish()))
    }

    /// The connections with a finding of one of these rules, in the order in which they end.
    fn with_findings(&self, only: &[Rule]) -> Result<Vec<u32>> {
        let mut found = Numbers::default();
        self.read_ahead(&mut Events(|event| match event {
            Event::Finding(finding) if only.contains(&finding.rule) => found.extend(finding.flow),
            // A stall is told once, and is of all connections that refer to it.
            Event::Amend(amend) if only.contains(&Rule::PathStall) && amend.details.iter().any(is_part_of_stall) => {
                found.extend(Some(amend.flow));
            }
            Event::Ended(flow) if has_finding(&flow, only) => found.extend(Some(flow.number)),
            _ => {}
        }))?;
        found.finish()
    }

    /// What is read only once, where something is: a file's path, `-` for standard input and for a live capture.
    pub(crate) fn read_once(&self) -> Option<PathBuf> {
        match &self.source {
            Source::Files(files) => files.once_only().map(Path::to_owned),
            Source::Live(_) => Some("-".into()),
        }
    }
}

/// Whether a connection has a finding of one of these rules.
fn has_finding(flow: &FlowRecord, only: &[Rule]) -> bool {
    let stalled = matches!(flow.diagnosis.reason, Reason::Stall { .. }) && only.contains(&Rule::PathStall);
    stalled || flow.findings.iter().any(|(rule, _)| only.contains(rule))
}

fn is_part_of_stall(finding: &Finding) -> bool {
    finding.fact("stall").is_some()
}

/// Maximum number of connections that are chosen by their findings: 4 bytes each.
const MAX_NUMBERS: usize = 16 << 20;

/// Numbers of connections, each kept once however often it comes.
#[derive(Default)]
struct Numbers {
    numbers: Vec<u32>,
    /// Of these, the first are sorted, and different.
    sorted: usize,
    are_too_many: bool,
}

impl Numbers {
    fn extend(&mut self, number: Option<u32>) {
        if self.are_too_many {
            return;
        }
        self.numbers.extend(number);
        if self.numbers.len() >= 2 * self.sorted.max(1 << 16) {
            self.sort();
        }
    }

    fn sort(&mut self) {
        self.numbers.sort_unstable();
        self.numbers.dedup();
        self.sorted = self.numbers.len();
        self.are_too_many = self.sorted > MAX_NUMBERS;
    }

    fn finish(mut self) -> Result<Vec<u32>> {
        self.sort();
        if self.are_too_many {
            bail!("--only: more than {MAX_NUMBERS} connections have such findings: choose rarer ones, or add a filter");
        }
        Ok(self.numbers)
    }
}

/// What ends a capture is ^C. A file is read to its end, or not at all.
fn listen(origin: &Origin) -> Result<Signals> {
    Ok(match origin {
        Origin::Files(paths) if !paths.iter().any(|path| is_standard(path)) => Signals::summary_only()?,
        Origin::Files(_) => Signals::listen(std::sync::Arc::default())?,
        Origin::Live(options) => Signals::listen(options.stop.clone())?,
    })
}

/// A visitor that is shown the findings that the plan selects, while progress is told.
struct Planned<'v> {
    plan: &'v Plan,
    visitor: &'v mut dyn Visitor<Error = anyhow::Error>,
    progress: Progress,
    packets: u64,
}

impl Visitor for Planned<'_> {
    type Error = anyhow::Error;

    fn begin(&mut self, source: &dyn FrameSource) {
        self.visitor.begin(source);
    }

    fn blocks(&mut self, blocks: &[Block]) {
        self.visitor.blocks(blocks);
    }

    fn select(&mut self, observation: &mut Observation) {
        if !self.plan.selection.is_all() {
            observation.findings.retain(|finding| self.plan.selection.takes(finding));
        }
    }

    fn packet(&mut self, packet: &Analysed<'_>) -> Result<()> {
        self.visitor.packet(packet)
    }

    fn event(&mut self, event: Event) -> Result<()> {
        self.visitor.event(event)
    }

    fn settle(&mut self, now: Timestamp) -> Result<()> {
        self.visitor.settle(now)?;
        self.packets += 1;
        self.progress.packets(self.packets);
        Ok(())
    }

    fn end(&mut self, source: &mut dyn FrameSource) -> Result<()> {
        self.visitor.end(source)
    }
}

/// Looks after a reading of the library's.
struct Watched<'p> {
    plan: &'p Plan,
    signals: Signals,
    progress: Progress,
}

impl Watch for Watched<'_> {
    fn look(&mut self, standing: Standing<'_>) -> bool {
        self.progress.packets(standing.summary.packets());
        if self.signals.take_summary() {
            tell_standing(self.plan, standing.summary, standing.open);
        }
        !self.signals.stopped()
    }
}

/// Takes events alone.
pub(crate) struct Events<F>(pub F);

impl<F: FnMut(Event)> Visitor for Events<F> {
    type Error = anyhow::Error;

    fn event(&mut self, event: Event) -> Result<()> {
        (self.0)(event);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_is_found_a_million_times_takes_the_room_of_one() {
        let mut numbers = Numbers::default();
        (0..1_000_000).for_each(|n| numbers.extend(Some(n % 7)));
        assert!(numbers.numbers.capacity() <= 1 << 18);
        assert_eq!(numbers.finish().unwrap(), [0, 1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn more_connections_than_can_be_chosen_are_refused() {
        let mut numbers = Numbers::default();
        (0..3 * MAX_NUMBERS as u32).for_each(|n| numbers.extend(Some(n)));
        assert!(numbers.numbers.len() <= 2 * MAX_NUMBERS + 2);
        assert!(numbers.finish().unwrap_err().to_string().contains("choose rarer ones"));
    }
}
