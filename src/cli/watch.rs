//! Chosen frames of a capture, with the final word on them: what was found later counts.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::capture::{Filter, OpenFiles};
use crate::dissect::Segment;
use crate::report::lines::Lines;
use crate::track::{Analysed, Analysis, AnalysisOptions, Event, Finding, Observation, Visitor};

/// A frame that was asked for.
#[derive(Debug)]
pub(super) struct Watched {
    /// Its number.
    pub frame: u64,
    /// tcpdump's line for it; empty when it is not TCP.
    pub line: Vec<u8>,
    /// Its segment and what that did, with the findings that hold in the end; none without a whole TCP header.
    pub tcp: Option<(Segment, Observation)>,
}

/// Reads captures to their end and keeps the frames of these numbers, in order. Says as well how many frames there are.
pub(super) fn watch(
    files: &OpenFiles,
    frames: &BTreeSet<u64>,
    lines: Lines,
    options: AnalysisOptions,
) -> Result<(Vec<Watched>, u64)> {
    let mut watch = Watch { frames, lines, line: Vec::new(), last: 0, kept: Vec::new() };
    let mut source = files.source(|| Box::new(std::io::empty()))?;
    if let Some(error) = Analysis::new(options).run(source.as_mut(), &mut Filter::default(), None, &mut watch)? {
        return Err(error.into());
    }
    Ok((watch.kept, watch.last))
}

struct Watch<'f> {
    frames: &'f BTreeSet<u64>,
    lines: Lines,
    line: Vec<u8>,
    last: u64,
    kept: Vec<Watched>,
}

impl Visitor for Watch<'_> {
    type Error = anyhow::Error;

    fn packet(&mut self, packet: &Analysed<'_>) -> Result<()> {
        let number = packet.frame.number;
        self.last = number;
        // Every packet has to come by: tcpdump's relative numbers count from the first one of a connection.
        self.line.clear();
        self.lines.packet(&mut self.line, packet.frame, packet.dissection);
        if self.frames.contains(&number) {
            let tcp =
                packet.tcp.map(|(segment, seen)| (*segment, Observation { findings: Vec::new(), ..seen.clone() }));
            self.kept.push(Watched { frame: number, line: self.line.clone(), tcp });
        }
        for finding in packet.tcp.iter().flat_map(|(_, seen)| &seen.findings) {
            self.finding(finding.clone());
        }
        Ok(())
    }

    fn event(&mut self, event: Event) -> Result<()> {
        match event {
            Event::Finding(finding) => self.finding(finding),
            Event::Amend(amend) => {
                if let Some(seen) = self.observation(amend.frame) {
                    amend.apply(&mut seen.findings);
                    seen.notes = amend.notes;
                }
            }
            Event::Icmp(_) | Event::Ended(_) | Event::Exchange(_) => {}
        }
        Ok(())
    }
}

impl Watch<'_> {
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
