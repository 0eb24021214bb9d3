//! Two captures at a time: each is read, dissected and tracked by a thread of its own.

use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;

use anyhow::Result;

use crate::capture::{CaptureError, Filter, FrameSource, Next, OpenFiles, SourceInfo, Timestamp};
use crate::compare::{Sighting, Survey};
use crate::dissect::{Dissection, Reader};
use crate::track::{Event, FlowTracker, Observation, TrackerOptions};

/// What goes from one thread to the other together.
const BATCH: usize = 1024;

/// Batches that wait.
const WAITING: usize = 2;

/// One of the captures, open.
#[derive(Debug)]
pub struct Input {
    files: OpenFiles,
    filter: Filter,
}

/// Something that a capture shows.
pub enum Item {
    /// A packet.
    Sighting(Sighting),
    /// What its tracker says besides.
    Event(Box<Event>),
}

/// What a capture shows, in order.
pub struct Items {
    batches: Receiver<Result<Vec<Item>, CaptureError>>,
    batch: std::vec::IntoIter<Item>,
}

impl Input {
    /// Of open files.
    pub fn new(files: OpenFiles, filter: Filter) -> Self {
        Self { files, filter }
    }

    /// From the beginning.
    pub fn source(&self) -> Result<Box<dyn FrameSource>, CaptureError> {
        self.files.source(|| Box::new(std::io::empty()))
    }

    /// Looks through it once, with a survey that has seen nothing.
    pub fn survey(&self, mut survey: Survey) -> Result<(Survey, SourceInfo)> {
        let (mut source, mut filter) = (self.source()?, self.filter.clone());
        let mut reader = Reader::new(false);
        while let Next::Frame(frame) = source.next_frame()? {
            if !filter.accepts(&frame)? {
                continue;
            }
            survey.packet(frame.ts);
            let mut dissection = Dissection::new();
            reader.read(&frame, &mut dissection);
            if let Ok(segment) = reader.segment(&dissection) {
                survey.segment(segment);
            }
        }
        if source.drops().is_some_and(|drops| drops.kernel > 0 || drops.interface > 0) {
            survey.lost_frames();
        }
        Ok((survey, source.info()))
    }

    /// Reads it in a thread of that scope.
    pub fn items<'scope>(&'scope self, scope: &'scope thread::Scope<'scope, '_>) -> Items {
        let (give, batches) = mpsc::sync_channel(WAITING);
        scope.spawn(move || {
            if let Err(error) = self.read(&give) {
                let _ = give.send(Err(error));
            }
        });
        Items { batches, batch: Vec::new().into_iter() }
    }

    fn read(&self, give: &SyncSender<Result<Vec<Item>, CaptureError>>) -> Result<(), CaptureError> {
        let (mut source, mut filter) = (self.source()?, self.filter.clone());
        let (mut reader, mut tracker) = (Reader::default(), FlowTracker::new(TrackerOptions::default()));
        let mut seen = Observation::default();
        let mut batch = Vec::with_capacity(BATCH);
        let send = |batch: &mut Vec<Item>, least: usize| {
            batch.len() < least || give.send(Ok(std::mem::replace(batch, Vec::with_capacity(BATCH)))).is_ok()
        };
        while let Next::Frame(frame) = source.next_frame()? {
            if !filter.accepts(&frame)? {
                continue;
            }
            let mut dissection = Dissection::new();
            reader.read(&frame, &mut dissection);
            match reader.segment(&dissection) {
                Ok(segment) => {
                    tracker.observe(segment, &mut seen);
                    batch.extend(Sighting::new(segment, &seen).map(Item::Sighting));
                    let findings = seen.findings.drain(..);
                    batch.extend(findings.map(|finding| Item::Event(Box::new(Event::Finding(finding)))));
                }
                Err(other) => tracker.pass(frame.number, frame.ts, other),
            }
            events(&mut tracker, &mut batch);
            if !send(&mut batch, BATCH) {
                return Ok(());
            }
        }
        tracker.lost_fragments(reader.lost_fragments());
        tracker.finish();
        while events(&mut tracker, &mut batch) {
            if !send(&mut batch, BATCH) {
                return Ok(());
            }
        }
        send(&mut batch, 1);
        Ok(())
    }
}

/// Takes some of what the tracker has to say: whether there was any.
fn events(tracker: &mut FlowTracker, batch: &mut Vec<Item>) -> bool {
    let before = batch.len();
    while batch.len() < before + BATCH
        && let Some(event) = tracker.next_event()
    {
        batch.push(Item::Event(Box::new(event)));
    }
    batch.len() > before
}

impl Items {
    /// The next thing.
    pub fn next(&mut self) -> Result<Option<Item>, CaptureError> {
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

/// When a thing is to be taken: what is no packet right behind the packet before it.
pub fn time(item: &Item) -> Option<Timestamp> {
    match item {
        Item::Sighting(sighting) => Some(sighting.ts()),
        Item::Event(_) => None,
    }
}
