//! Files that are at hand, read batch by batch.

use anyhow::Result;

use crate::capture::{Frame, FrameSource};
use crate::dissect::Dissection;
use crate::pipeline::{self, Feed, Tracked, WriteLine};

use super::Run;

impl Run<'_> {
    /// Whether packets can be prepared before it is known what the ones before them did, and nobody asks for their bytes then.
    pub(super) fn takes_batches(&self) -> bool {
        let saves = self.save.is_some() || self.ring.is_some();
        self.plan.at_hand && self.reporters.connections().are_all() && !saves && !self.reporters.read_payload()
    }

    /// Reads files batch by batch.
    pub(super) fn read_batches(&mut self, source: &mut dyn FrameSource) -> Result<()> {
        let (mut filter, mut lines) = (self.filter.clone(), self.lines.take());
        let mut reader = self.analysis.take_reader();
        let hasher = self.analysis.hasher().clone();
        let mut line = lines.as_mut().map(|lines| {
            |out: &mut Vec<u8>, frame: &Frame<'_>, dissection: &Dissection<'_>| lines.packet(out, frame, dissection)
        });
        let feed = Feed {
            source,
            filter: &mut filter,
            reader: &mut reader,
            hasher,
            lines: line.as_mut().map(|line| line as WriteLine<'_>),
            count: self.plan.count,
        };
        let read = pipeline::run(feed, self.plan.threads, |batch| {
            batch.each(
                self,
                |run| &mut run.analysis,
                |run, packet, tracked| {
                    let shown = run.track(&packet, tracked.map(|Tracked { segment, hash }| (segment, *hash)));
                    let reported = run.report(packet, tracked.map(|tracked| &tracked.segment), shown);
                    reported.or_else(|error| run.give_up_output(error))
                },
            )?;
            self.answer_signals();
            Ok(())
        });
        self.analysis.put_back(reader);
        read
    }
}
