//! Chosen frames of a capture, with the final word on them: what was found later counts.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::capture::{FrameSource, Next, OpenFiles};
use crate::dissect::{Dissection, Reader, Segment};
use crate::report::lines::Lines;
use crate::rules::Rule;
use crate::track::{Event, Finding, FlowTracker, Observation, TrackerOptions};

/// A frame that was asked for.
#[derive(Debug)]
pub struct Watched {
    /// Its number.
    pub frame: u64,
    /// tcpdump's line for it; empty when it is not TCP.
    pub line: Vec<u8>,
    /// Its segment and what that did, with the findings that hold in the end; none without a whole TCP header.
    pub tcp: Option<(Segment, Observation)>,
}

/// Reads captures to their end and keeps the frames of these numbers, in order. Says as well how many frames there are.
pub fn watch(files: &OpenFiles, frames: &BTreeSet<u64>, lines: Lines) -> Result<(Vec<Watched>, u64)> {
    let mut watch = Watch { frames, tracker: FlowTracker::new(TrackerOptions::default()), kept: Vec::new() };
    let last = watch.read(files.source(|| Box::new(std::io::empty()))?.as_mut(), lines)?;
    watch.tracker.finish();
    watch.events();
    Ok((watch.kept, last))
}

struct Watch<'f> {
    frames: &'f BTreeSet<u64>,
    tracker: FlowTracker,
    kept: Vec<Watched>,
}

impl Watch<'_> {
    fn read(&mut self, source: &mut dyn FrameSource, mut lines: Lines) -> Result<u64> {
        let (mut seen, mut line, mut last) = (Observation::default(), Vec::new(), 0);
        let mut reader = Reader::default();
        loop {
            let frame = match source.next_frame()? {
                Next::Frame(frame) => frame,
                Next::Idle => continue,
                Next::End => return Ok(last),
            };
            last = frame.number;
            let mut dissection = Dissection::new();
            reader.read(&frame, &mut dissection);
            let segment = reader.segment(&dissection).copied();
            match &segment {
                Ok(segment) => self.tracker.observe(segment, &mut seen),
                Err(other) => self.tracker.pass(frame.number, frame.ts, *other),
            }
            // Every packet has to come by: tcpdump's relative numbers count from the first one of a connection.
            line.clear();
            lines.packet(&mut line, &frame, &dissection);
            if self.frames.contains(&frame.number) {
                let mut tcp = segment.ok().map(|segment| (segment, seen.clone()));
                if let Some((_, seen)) = &mut tcp {
                    seen.findings.clear();
                }
                self.kept.push(Watched { frame: frame.number, line: line.clone(), tcp });
            }
            if segment.is_ok() {
                for finding in seen.findings.drain(..) {
                    self.finding(finding);
                }
            }
            self.events();
        }
    }

    /// Takes what comes of the tracker besides packets.
    fn events(&mut self) {
        while let Some(event) = self.tracker.next_event() {
            match event {
                Event::Finding(finding) => self.finding(finding),
                Event::Amend(amend) => {
                    if let Some(seen) = self.observation(amend.frame) {
                        let gone = |rule: Rule| {
                            amend.withdrawn.iter().chain(&amend.changed).any(|(replaced, _)| *replaced == rule)
                        };
                        seen.findings.retain(|finding| !gone(finding.rule));
                        seen.findings.extend(amend.details);
                        seen.notes = amend.notes;
                    }
                }
                Event::Icmp(_) | Event::Ended(_) | Event::Exchange(_) => {}
            }
        }
    }

    fn finding(&mut self, finding: Finding) {
        if let Some(seen) = self.observation(finding.frame) {
            seen.findings.push(finding);
        }
    }

    fn observation(&mut self, frame: u64) -> Option<&mut Observation> {
        let at = self.kept.binary_search_by_key(&frame, |watched| watched.frame).ok()?;
        self.kept.get_mut(at)?.tcp.as_mut().map(|(_, seen)| seen)
    }
}
