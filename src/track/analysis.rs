//! The one loop of every command: frames to segments, segments to observations and events.

use crate::capture::{Block, CaptureError, Filter, Frame, FrameSource, Next, Timestamp};
use crate::dissect::{Dissection, Other, Reader, Segment};

use super::{Event, FlowHash, FlowHasher, FlowRecord, FlowTracker, Observation, TrackerOptions};

/// What is decided before the first frame.
#[derive(Clone, Copy, Debug, Default)]
pub struct AnalysisOptions {
    /// The tracker's limits.
    pub tracker: TrackerOptions,
    /// Checksums are not verified.
    pub ignore_checksums: bool,
}

/// The analysis of one capture: its reader, its tracker, and what the last segment did.
pub struct Analysis {
    reader: Reader,
    tracker: FlowTracker,
    observation: Observation,
}

/// A packet that passed the filter, and what is known of it.
pub struct Analysed<'a> {
    /// As it was captured.
    pub frame: &'a Frame<'a>,
    /// The options of its block.
    pub options: &'a [u8],
    /// What it holds.
    pub dissection: &'a Dissection<'a>,
    /// Its segment and what that did.
    pub tcp: Option<(&'a Segment, &'a Observation)>,
}

/// Whoever takes a capture packet by packet.
pub trait Visitor {
    /// What it can fail with.
    type Error: From<CaptureError>;

    /// The source is open.
    fn begin(&mut self, source: &dyn FrameSource) {
        let _ = source;
    }

    /// What a capture holds besides packets, before the next one.
    fn blocks(&mut self, blocks: &[Block]) {
        let _ = blocks;
    }

    /// The findings of an observation that count: others may be taken out.
    fn select(&mut self, observation: &mut Observation) {
        let _ = observation;
    }

    /// A packet that passed the filter.
    ///
    /// # Errors
    /// The visitor's own: the analysis ends.
    fn packet(&mut self, packet: &Analysed<'_>) -> Result<(), Self::Error> {
        let _ = packet;
        Ok(())
    }

    /// What came of the tracker with it, or in the end.
    ///
    /// # Errors
    /// The visitor's own: the analysis ends.
    fn event(&mut self, event: Event) -> Result<(), Self::Error>;

    /// The packet and what came with it are over.
    ///
    /// # Errors
    /// The visitor's own: the analysis ends.
    fn settle(&mut self, now: Timestamp) -> Result<(), Self::Error> {
        let _ = now;
        Ok(())
    }

    /// The source has ended; events may follow.
    ///
    /// # Errors
    /// The visitor's own: the analysis ends.
    fn end(&mut self, source: &mut dyn FrameSource) -> Result<(), Self::Error> {
        let _ = source;
        Ok(())
    }
}

impl Analysis {
    /// Of a capture of which nothing has been seen.
    pub fn new(options: AnalysisOptions) -> Self {
        Self {
            reader: Reader::new(!options.ignore_checksums),
            tracker: FlowTracker::new(options.tracker),
            observation: Observation::default(),
        }
    }

    /// Reads a frame into `dissection` and lets the tracker take what it holds: its segment, if there is one, and what that did.
    pub fn frame<'s, 'a>(
        &'s mut self,
        frame: &Frame<'a>,
        dissection: &'s mut Dissection<'a>,
    ) -> Result<(&'s Segment, &'s mut Observation), Other> {
        self.reader.read(frame, dissection);
        self.track(frame, dissection)
    }

    /// Lets the tracker take what a frame holds that was just read.
    fn track<'s>(
        &'s mut self,
        frame: &Frame<'_>,
        dissection: &'s Dissection<'_>,
    ) -> Result<(&'s Segment, &'s mut Observation), Other> {
        match self.reader.segment(dissection) {
            Ok(segment) => {
                self.tracker.observe(segment, &mut self.observation);
                Ok((segment, &mut self.observation))
            }
            Err(other) => {
                self.tracker.pass(frame.number, frame.ts, other);
                Err(other)
            }
        }
    }

    /// Reads a frame into `dissection`, and leaves it to the caller to let the tracker take what it holds.
    #[inline]
    pub fn read<'a>(&mut self, frame: &Frame<'a>, dissection: &mut Dissection<'a>) -> Result<Segment, Other> {
        self.reader.read(frame, dissection);
        self.reader.segment(dissection).copied()
    }

    /// Lets the tracker take a segment that was read elsewhere, with the hash of this analysis' [`hasher`](Self::hasher).
    #[inline]
    pub fn segment(&mut self, segment: &Segment, hash: FlowHash) -> &mut Observation {
        self.tracker.observe_hashed(segment, hash, &mut self.observation);
        &mut self.observation
    }

    /// Lets the tracker take a frame without a segment that was read elsewhere.
    #[inline]
    pub fn other(&mut self, frame: u64, ts: Timestamp, other: Other) {
        self.tracker.pass(frame, ts, other);
    }

    /// What the last segment did.
    #[inline]
    pub fn observation(&self) -> &Observation {
        &self.observation
    }

    /// The reader, for whoever reads elsewhere: to be [put back](Self::put_back) before the end.
    pub fn take_reader(&mut self) -> Reader {
        std::mem::take(&mut self.reader)
    }

    /// Gives a reader back.
    pub fn put_back(&mut self, reader: Reader) {
        self.reader = reader;
    }

    /// Says where the tracker looks for a segment's connection.
    pub fn hasher(&self) -> &FlowHasher {
        self.tracker.hasher()
    }

    /// Prefetches what is known of the connections with these hashes.
    pub fn look_ahead(&mut self, hashes: impl Iterator<Item = FlowHash>) {
        self.tracker.look_ahead(hashes);
    }

    /// Lets capture time go on without a frame.
    pub fn advance(&mut self, now: Timestamp) {
        self.tracker.advance(now);
    }

    /// Connections tracked now.
    pub fn live(&self) -> usize {
        self.tracker.live()
    }

    /// Those of them that are not over.
    pub fn open(&self) -> usize {
        self.tracker.open()
    }

    /// The records of connections that are over and had a segment since then; their [`Event::Ended`] comes later.
    pub fn over_since(&mut self, since: Timestamp) -> Vec<FlowRecord> {
        self.tracker.over_since(since)
    }

    /// The capture has lost packets: what is missing from now on is held against no connection.
    pub fn capture_lost(&mut self) {
        self.tracker.capture_lost();
    }

    /// The next event, oldest first.
    #[inline]
    pub fn next_event(&mut self) -> Option<Event> {
        self.tracker.next_event()
    }

    /// The capture is over: every connection ends, one after the other as events are asked for.
    pub fn finish(&mut self) {
        self.tracker.lost_fragments(self.reader.lost_fragments());
        self.tracker.finish();
    }

    /// Takes `source` to its end, or `count` packets of it that pass the filter, and then every connection to its own. Gives the
    /// error that ended the source early: what had come before it was taken all the same.
    ///
    /// # Errors
    /// Those of the visitor, and a filter that cannot be applied.
    pub fn run<V: Visitor + ?Sized>(
        mut self,
        source: &mut dyn FrameSource,
        filter: &mut Filter,
        count: Option<u64>,
        visitor: &mut V,
    ) -> Result<Option<CaptureError>, V::Error> {
        visitor.begin(source);
        let failed = self.frames(source, filter, count, visitor)?;
        visitor.end(source)?;
        self.finish();
        self.events(visitor)?;
        Ok(failed)
    }

    fn frames<V: Visitor + ?Sized>(
        &mut self,
        source: &mut dyn FrameSource,
        filter: &mut Filter,
        count: Option<u64>,
        visitor: &mut V,
    ) -> Result<Option<CaptureError>, V::Error> {
        let mut packets = 0;
        while count.is_none_or(|count| packets < count) {
            let (next, beside) = match source.next_with_blocks() {
                Ok(found) => found,
                Err(error) => return Ok(Some(error)),
            };
            visitor.blocks(beside.blocks);
            let frame = match next {
                Next::Frame(frame) => frame,
                Next::Idle => continue,
                Next::End => break,
            };
            if !filter.accepts(&frame)? {
                continue;
            }
            let mut dissection = Dissection::new();
            self.reader.read(&frame, &mut dissection);
            let tcp = self.track(&frame, &dissection).ok().map(|(segment, observation)| {
                visitor.select(observation);
                (segment, &*observation)
            });
            visitor.packet(&Analysed { frame: &frame, options: beside.options, dissection: &dissection, tcp })?;
            self.events(visitor)?;
            visitor.settle(frame.ts)?;
            packets += 1;
        }
        Ok(None)
    }

    fn events<V: Visitor + ?Sized>(&mut self, visitor: &mut V) -> Result<(), V::Error> {
        while let Some(event) = self.tracker.next_event() {
            visitor.event(event)?;
        }
        Ok(())
    }
}
