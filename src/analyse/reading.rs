//! One way from a capture's first packet to its last: filter, dissector, tracker, summary, and whatever reports it.

use crate::capture::{CaptureError, CaptureFault, Filter, Frame, FrameSource, Next};
use crate::dissect::{Dissection, Segment};
use crate::pipeline::{self, Feed, Tracked};
use crate::report::{Packet, Reporter, Summary};
use crate::track::{Analysis, AnalysisOptions, FlowHash};

use super::again::leaves_icmp_out;
use super::quality::{capture_findings, is_damage};
use super::{Connections, Reporters};

/// Number of packets that pass between two looks at a reading, where they come one by one.
const LOOK: u64 = 1024;

/// How a capture is read.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// Which packets count.
    pub filter: Filter,
    /// Limits of the analysis.
    pub analysis: AnalysisOptions,
    /// The connections that reporters are shown.
    pub connections: Connections,
    /// With two threads or more packets are read by one and tracked by another; what comes out is the same.
    pub threads: usize,
}

/// What came of a reading.
#[derive(Debug)]
pub struct Reading {
    /// The capture in numbers.
    pub summary: Summary,
    /// What was wrong with it short of an error.
    pub faults: Vec<CaptureFault>,
    /// What ended it early; what had come before stands.
    pub error: Option<CaptureError>,
}

impl Reading {
    /// What the program ends with an error for: the capture could not be read to its end, or is damaged.
    pub fn trouble(&self) -> Option<String> {
        let damaged = || self.faults.iter().rfind(|fault| is_damage(fault)).map(ToString::to_string);
        self.error.as_ref().map(ToString::to_string).or_else(damaged)
    }
}

/// How things stand while a capture is read.
pub struct Standing<'a> {
    /// Until now.
    pub summary: &'a Summary,
    /// Connections that are not over.
    pub open: usize,
    /// What the reporters have written since the last look; may be taken.
    pub out: &'a mut Vec<u8>,
}

/// Whoever looks at a reading now and then, and takes what is written.
pub trait Watch {
    /// Some packets have been taken, or all: whether to go on. A reading that is given up is no fault of the file.
    fn look(&mut self, standing: Standing<'_>) -> bool;
}

/// Never looks away, and takes nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn look(&mut self, _: Standing<'_>) -> bool {
        true
    }
}

/// Takes a capture to its end, for these reporters.
///
/// An error of the source ends the reading and is part of what it gives.
pub fn read(
    source: &mut dyn FrameSource,
    options: ReadOptions,
    reporters: &mut [&mut dyn Reporter],
    watch: &mut dyn Watch,
) -> Reading {
    let ReadOptions { mut filter, analysis, connections, threads } = options;
    let mut out = Vec::new();
    let reporters = reporters.iter_mut().map(|reporter| Box::new(&mut **reporter) as Box<dyn Reporter + '_>).collect();
    let mut reporters = Reporters::begin(&mut out, source.info(), connections, reporters);
    if leaves_icmp_out(&filter) {
        reporters.summary.without_icmp();
    }
    let reads_payload = reporters.read_payload();
    let mut gather = Gather { analysis: Analysis::new(analysis), reporters, out, watch };
    let ended = match reads_payload {
        true => gather.packet_by_packet(source, &mut filter),
        false => gather.in_batches(source, &mut filter, threads),
    };
    gather.finish(source, ended)
}

/// Why no more packets come.
enum Ended {
    Failed(CaptureError),
    GivenUp,
}

impl From<CaptureError> for Ended {
    fn from(error: CaptureError) -> Self {
        Self::Failed(error)
    }
}

struct Gather<'g> {
    analysis: Analysis,
    reporters: Reporters<'g>,
    out: Vec<u8>,
    watch: &'g mut dyn Watch,
}

impl Gather<'_> {
    /// Where nobody asks for a packet's bytes behind its headers.
    fn in_batches(&mut self, source: &mut dyn FrameSource, filter: &mut Filter, threads: usize) -> Result<(), Ended> {
        let mut reader = self.analysis.take_reader();
        let hasher = self.analysis.hasher().clone();
        let feed = Feed { source, filter, reader: &mut reader, hasher, lines: None, count: None };
        let read = pipeline::run(feed, threads, |batch| {
            batch.each(
                self,
                |gather| &mut gather.analysis,
                |gather, packet, tracked| {
                    gather.take(packet, tracked.map(|Tracked { segment, hash }| (segment, *hash)));
                    Ok::<(), Ended>(())
                },
            )?;
            self.look()
        });
        self.analysis.put_back(reader);
        read
    }

    fn packet_by_packet(&mut self, source: &mut dyn FrameSource, filter: &mut Filter) -> Result<(), Ended> {
        loop {
            let frame = match source.next_frame()? {
                Next::Frame(frame) => frame,
                Next::Idle => continue,
                Next::End => return self.look(),
            };
            if filter.accepts(&frame)? {
                self.frame(&frame);
                if self.reporters.summary.packets().is_multiple_of(LOOK) {
                    self.look()?;
                }
            }
        }
    }

    fn frame(&mut self, frame: &Frame<'_>) {
        let mut dissection = Dissection::new();
        let segment = self.analysis.read(frame, &mut dissection);
        let packet = Packet { other: segment.err().unwrap_or_default(), ..Packet::new(frame, &dissection) };
        let hashed = segment.as_ref().ok().map(|segment| (segment, self.analysis.hasher().of(segment)));
        self.take(packet, hashed);
    }

    /// Lets the tracker take a packet, and reports it and what came of the tracker with it.
    #[inline(always)]
    fn take(&mut self, packet: Packet<'_>, segment: Option<(&Segment, FlowHash)>) {
        match segment {
            Some((segment, hash)) => {
                self.analysis.segment(segment, hash);
            }
            None => self.analysis.other(packet.number, packet.ts, packet.other),
        }
        let packet = &Packet { tcp: segment.map(|(segment, _)| (segment, self.analysis.observation())), ..packet };
        let shown = self.reporters.connections().show(packet.tcp.map(|(_, seen)| seen.flow));
        self.reporters.packet(&mut self.out, packet, shown);
        self.events();
    }

    #[inline]
    fn events(&mut self) {
        while let Some(event) = self.analysis.next_event() {
            self.reporters.event(&mut self.out, &event);
        }
    }

    fn look(&mut self) -> Result<(), Ended> {
        let standing = Standing { summary: &self.reporters.summary, open: self.analysis.open(), out: &mut self.out };
        if self.watch.look(standing) { Ok(()) } else { Err(Ended::GivenUp) }
    }

    /// What is left to say.
    fn finish(mut self, source: &mut dyn FrameSource, ended: Result<(), Ended>) -> Reading {
        // Whoever gives up a file has cut it, perhaps inside a packet.
        let faults = match &ended {
            Err(Ended::GivenUp) => Vec::new(),
            _ => source.faults().to_vec(),
        };
        let error = match ended {
            Err(Ended::Failed(error)) => Some(error),
            _ => None,
        };
        if !faults.is_empty() || error.is_some() {
            self.reporters.summary.incomplete();
        }
        let drops = source.drops();
        drops.into_iter().for_each(|drops| self.reporters.summary.lost(drops));
        let found = capture_findings(&faults, source.limits(), drops);
        found.for_each(|finding| self.reporters.finding(&mut self.out, &finding));
        self.analysis.finish();
        self.events();
        self.reporters.end(&mut self.out);
        // There is nothing left to give up.
        let _ = self.look();
        Reading { summary: self.reporters.summary, faults, error }
    }
}
