//! Two captures at a time: each is read, dissected and tracked by a thread of its own.

use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;

use crate::analyse::{self, Item, Surveyed};
use crate::capture::{CaptureError, Filter, FrameSource, OpenFiles};
use crate::compare::{Sighting, Survey};
use crate::track::{Analysed, Analysis, AnalysisOptions, Event, Visitor};

/// What goes from one thread to the other together.
const BATCH: usize = 1024;

/// Batches that wait.
const WAITING: usize = 2;

/// One of the captures, open.
#[derive(Debug)]
pub(crate) struct Input {
    files: OpenFiles,
    filter: Filter,
    options: AnalysisOptions,
}

/// What a capture shows, in order.
pub(crate) struct Items {
    batches: Receiver<Result<Vec<Item>, CaptureError>>,
    batch: std::vec::IntoIter<Item>,
}

impl Input {
    /// Of open files.
    pub(crate) fn new(files: OpenFiles, filter: Filter, options: AnalysisOptions) -> Self {
        Self { files, filter, options }
    }

    /// From the beginning.
    pub(crate) fn source(&self) -> Result<Box<dyn FrameSource>, CaptureError> {
        self.files.source(|| Box::new(std::io::empty()))
    }

    /// Looks through it once, with a survey that has seen nothing.
    pub(crate) fn survey(&self, survey: Survey) -> Result<Surveyed, CaptureError> {
        analyse::survey(self.source()?.as_mut(), &mut self.filter.clone(), survey)
    }

    /// Reads it in a thread of that scope.
    pub(crate) fn items<'scope>(&'scope self, scope: &'scope thread::Scope<'scope, '_>) -> Items {
        let (give, batches) = mpsc::sync_channel(WAITING);
        scope.spawn(move || {
            if let Err(Ended::Failed(error)) = self.read(&give) {
                let _ = give.send(Err(error));
            }
        });
        Items { batches, batch: Vec::new().into_iter() }
    }

    fn read(&self, give: &SyncSender<Result<Vec<Item>, CaptureError>>) -> Result<(), Ended> {
        let mut source = self.source()?;
        let mut sender = Sender { give, batch: Vec::with_capacity(BATCH) };
        let failed = Analysis::new(self.options).run(source.as_mut(), &mut self.filter.clone(), None, &mut sender)?;
        sender.send(1)?;
        failed.map_or(Ok(()), |error| Err(error.into()))
    }
}

/// Why a capture is not read any further.
enum Ended {
    Failed(CaptureError),
    /// Nobody takes what it shows any more.
    Unheard,
}

impl From<CaptureError> for Ended {
    fn from(error: CaptureError) -> Self {
        Self::Failed(error)
    }
}

/// Hands on what the analysis of a capture gives, in batches.
struct Sender<'a> {
    give: &'a SyncSender<Result<Vec<Item>, CaptureError>>,
    batch: Vec<Item>,
}

impl Sender<'_> {
    /// Sends what there is when it is that many items.
    fn send(&mut self, least: usize) -> Result<(), Ended> {
        if self.batch.len() < least {
            return Ok(());
        }
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH));
        self.give.send(Ok(batch)).map_err(|_| Ended::Unheard)
    }
}

impl Visitor for Sender<'_> {
    type Error = Ended;

    fn packet(&mut self, packet: &Analysed<'_>) -> Result<(), Ended> {
        let Some((segment, observation)) = packet.tcp else { return Ok(()) };
        self.batch.extend(Sighting::new(segment, observation).map(Item::Sighting));
        let findings = observation.findings.iter().cloned();
        self.batch.extend(findings.map(|finding| Item::Event(Box::new(Event::Finding(finding)))));
        self.send(BATCH)
    }

    fn event(&mut self, event: Event) -> Result<(), Ended> {
        self.batch.push(Item::Event(Box::new(event)));
        self.send(BATCH)
    }
}

impl analyse::Items for Items {
    fn next(&mut self) -> Result<Option<Item>, CaptureError> {
        loop {
            if let Some(item) = self.batch.next() {
                return Ok(Some(item));
            }
            match self.batches.recv() {
                Ok(batch) => self.batch = batch?.into_iter(),
                Err(_) => return Ok(None),
            }
        }
    }
}
