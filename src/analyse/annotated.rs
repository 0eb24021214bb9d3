//! A capture written again as pcapng, with what is found as comments: on its packets, and the summary on the file.

use std::io::Write;
use std::path::Path;

use crate::capture::{
    Block, CaptureError, Frame, FrameSource, Next, Preamble, Remarks, SaveFile, SaveFormat, SaveOptions,
};
use crate::dissect::{Dissection, Segment};
use crate::report::{Annotator, Invocation, Level, Packet, Reporter, Style, Summary};
use crate::track::{Amend, Analysis, Event, Finding};

use super::compared::Open;
use super::quality::capture_findings;
use super::reading::{ReadOptions, Standing, Watch, read};
use super::{Foresight, Outgoing, Sink};

/// So many packets pass between two looks.
const LOOK: u64 = 1024;

/// Writes what `-w FILE.pcapng --comments` writes: all of a capture that passes the filter, with each packet's findings as comments on it.
/// It is read twice; `watch` looks at both readings.
///
/// # Errors
/// When it is no capture or cannot be read, and when it cannot be written.
pub fn annotate(
    open: Open<'_>,
    options: &ReadOptions,
    output: Box<dyn Write + Send>,
    watch: &mut dyn Watch,
) -> Result<(), CaptureError> {
    let mut noted = Noted::default();
    let summary = read(open()?.as_mut(), options.clone(), &mut [&mut noted], watch).summary;
    noted.0.noted_all();
    let mut source = open()?;
    let mut writing = Writing::begin(source.as_ref(), noted.0, &summary, options, output)?;
    let read = writing.frames(source.as_mut(), options, watch);
    writing.finish(source.as_mut())?;
    read
}

/// The summary as a comment on the file.
pub fn summary_comment(summary: &Summary) -> String {
    let mut text = Vec::new();
    summary.write(&mut text, Style::new(false), &Invocation::default());
    String::from_utf8_lossy(&text).trim_end().to_owned()
}

/// Notes what is said of packets after they have passed.
#[derive(Default)]
struct Noted(Foresight);

impl Reporter for Noted {
    fn packet(&mut self, _: &mut Vec<u8>, packet: &Packet<'_>) {
        if let Some((_, seen)) = packet.tcp {
            self.0.note_packet(packet.number, seen);
        }
    }

    fn finding(&mut self, _: &mut Vec<u8>, finding: &Finding) {
        self.0.note_finding(finding);
    }

    fn amend(&mut self, _: &mut Vec<u8>, amend: &Amend) {
        self.0.note_amend(amend);
    }
}

/// The second reading.
struct Writing {
    analysis: Analysis,
    outgoing: Outgoing,
    file: File,
    summary: Summary,
}

struct File(SaveFile);

impl Sink for File {
    type Error = CaptureError;

    fn wants(&self, _: Option<u32>) -> bool {
        true
    }

    fn take(&mut self, frame: &Frame<'_>, _: Option<u32>, remarks: Remarks<'_>) -> Result<(), CaptureError> {
        self.0.write_with(frame, remarks)
    }
}

impl Writing {
    fn begin(
        source: &dyn FrameSource,
        foresight: Foresight,
        summary: &Summary,
        options: &ReadOptions,
        output: Box<dyn Write + Send>,
    ) -> Result<Self, CaptureError> {
        let info = source.info();
        let mut preamble = Preamble::default();
        preamble.section.extend_from_slice(source.section());
        source.interfaces().iter().cloned().map(Block::Interface).for_each(|block| preamble.push(&block));
        preamble.comment(&summary_comment(summary));
        let saved = SaveOptions {
            link_type: info.link_type,
            snaplen: info.snaplen,
            precision: info.precision,
            unbuffered: false,
            format: SaveFormat::Pcapng,
        };
        let mut file = SaveFile::new(output, Path::new("annotated.pcapng"), saved)?;
        file.begin_with(&preamble)?;
        let annotator = Annotator::new(Level::Brief, Style::new(false));
        Ok(Self {
            analysis: Analysis::new(options.analysis),
            outgoing: Outgoing::commented(annotator, foresight),
            file: File(file),
            summary: Summary::new(info),
        })
    }

    fn frames(
        &mut self,
        source: &mut dyn FrameSource,
        options: &ReadOptions,
        watch: &mut dyn Watch,
    ) -> Result<(), CaptureError> {
        let mut filter = options.filter.clone();
        loop {
            let (next, beside) = source.next_with_blocks()?;
            beside.blocks.iter().for_each(|block| self.file.0.block(block));
            let frame = match next {
                Next::Frame(frame) => frame,
                Next::Idle => continue,
                Next::End => return Ok(()),
            };
            if !filter.accepts(&frame)? {
                continue;
            }
            self.frame(&frame, beside.options)?;
            if self.summary.packets().is_multiple_of(LOOK) {
                let standing = Standing { summary: &self.summary, open: self.analysis.open(), out: &mut Vec::new() };
                if !watch.look(standing) {
                    return Ok(());
                }
            }
        }
    }

    fn frame(&mut self, frame: &Frame<'_>, options: &[u8]) -> Result<(), CaptureError> {
        let mut dissection = Dissection::new();
        let segment = self.analysis.read(frame, &mut dissection);
        let packet = Packet { other: segment.err().unwrap_or_default(), ..Packet::new(frame, &dissection) };
        let segment: Option<&Segment> = match &segment {
            Ok(segment) => {
                let hash = self.analysis.hasher().of(segment);
                self.analysis.segment(segment, hash);
                Some(segment)
            }
            Err(other) => {
                self.analysis.other(packet.number, packet.ts, *other);
                None
            }
        };
        self.summary.packet(&packet);
        let tcp = segment.map(|segment| (segment, self.analysis.observation()));
        self.outgoing.packet(frame, options, &dissection, tcp, &mut self.file)?;
        self.events();
        self.outgoing.settle(frame.ts, &mut self.file)
    }

    fn events(&mut self) {
        while let Some(event) = self.analysis.next_event() {
            match event {
                Event::Finding(finding) => self.outgoing.finding(&finding),
                Event::Amend(amend) => self.outgoing.amend(&amend),
                Event::Ended(flow) => self.outgoing.ended(&flow),
                Event::Icmp(_) | Event::Exchange(_) => {}
            }
        }
    }

    fn finish(mut self, source: &mut dyn FrameSource) -> Result<(), CaptureError> {
        let drops = source.drops();
        let found = capture_findings(source.faults(), source.limits(), drops);
        found.for_each(|finding| self.outgoing.finding(&finding));
        self.analysis.finish();
        self.events();
        let late = self.outgoing.finish(&mut self.file)?;
        if !late.is_empty() {
            self.file.0.close_with(&late.join("\n"));
        }
        self.file.0.finish().map(|_| ())
    }
}
