//! What `-w` gets where packets are chosen by connection, or comments are written on them.

use anyhow::Result;

use crate::analyse::{Connections, Foresight, Outgoing, Sink, capture_findings, summary_comment};
use crate::capture::{Block, Frame, FrameSource, Preamble, Remarks, SaveFormat, Saved, Timestamp};
use crate::cli::plan::Plan;
use crate::cli::saver::CaptureSaver;
use crate::dissect::{Dissection, Segment};
use crate::report::{Annotator, Level, Packet, Style, Summary};
use crate::track::{Analysed, Event, Visitor};

use super::{BeforeFirstPacket, Run};

/// What is known of a source before its first packet.
pub(super) fn known(plan: &Plan, source: &dyn FrameSource, first: Option<(Foresight, String)>) -> BeforeFirstPacket {
    let mut preamble = Preamble::default();
    if plan.write.is_some() && plan.format == SaveFormat::Pcapng {
        preamble.section.extend_from_slice(source.section());
        source.interfaces().iter().cloned().map(Block::Interface).for_each(|block| preamble.push(&block));
    }
    let foresight = first.map(|(foresight, summary)| {
        preamble.comment(&summary);
        foresight
    });
    BeforeFirstPacket { info: source.info(), preamble, foresight: foresight.unwrap_or_default() }
}

/// Reads a capture once for what is said of it in the end.
pub(super) struct FirstReading<'p> {
    foresight: Foresight,
    summary: Option<Summary>,
    plan: &'p Plan,
}

impl<'p> FirstReading<'p> {
    pub(super) fn new(plan: &'p Plan) -> Self {
        Self { foresight: Foresight::default(), summary: None, plan }
    }

    /// What will be said of each packet, and the summary.
    pub(super) fn finish(mut self) -> (Foresight, String) {
        self.foresight.noted_all();
        (self.foresight, self.summary.as_ref().map(summary_comment).unwrap_or_default())
    }
}

impl Visitor for FirstReading<'_> {
    type Error = anyhow::Error;

    fn begin(&mut self, source: &dyn FrameSource) {
        self.summary = Some(Summary::new(source.info()));
    }

    fn packet(&mut self, seen: &Analysed<'_>) -> Result<()> {
        let packet = Packet { tcp: seen.tcp, ..Packet::new(seen.frame, seen.dissection) };
        if let Some(summary) = &mut self.summary {
            summary.packet(&packet);
        }
        if let Some((_, seen)) = seen.tcp {
            self.foresight.note_packet(packet.number, seen);
        }
        Ok(())
    }

    fn event(&mut self, event: Event) -> Result<()> {
        let (selection, Some(summary)) = (&self.plan.selection, &mut self.summary) else { return Ok(()) };
        match event {
            Event::Finding(finding) if selection.takes(&finding) => {
                summary.finding(&finding);
                self.foresight.note_finding(&finding);
            }
            Event::Finding(_) => {}
            Event::Icmp(error) => summary.icmp(&error),
            Event::Amend(mut amend) => {
                if selection.is_all() || selection.narrow_amend(&mut amend) {
                    summary.amend(&amend);
                    self.foresight.note_amend(&amend);
                }
            }
            Event::Exchange(exchange) => summary.exchange(&exchange),
            Event::Ended(mut flow) => {
                selection.narrow_record(&mut flow);
                summary.ended(&flow);
            }
        }
        Ok(())
    }

    fn end(&mut self, source: &mut dyn FrameSource) -> Result<()> {
        let Some(summary) = &mut self.summary else { return Ok(()) };
        let drops = source.drops();
        if !source.faults().is_empty() {
            summary.incomplete();
        }
        drops.into_iter().for_each(|drops| summary.lost(drops));
        let found = capture_findings(source.faults(), source.limits(), drops);
        found.filter(|finding| self.plan.selection.takes(finding)).for_each(|finding| summary.finding(&finding));
        Ok(())
    }
}

/// Packets on their way, where that is more than to write each as it comes.
pub(super) fn outgoing(plan: &Plan, connections: &Connections, foresight: Foresight) -> Option<Outgoing> {
    if plan.comments {
        let annotator = Annotator::new(plan.level.max(Level::Changes), Style::new(false));
        return Some(Outgoing::commented(annotator, foresight));
    }
    (!connections.are_all()).then(Outgoing::default)
}

/// Saves the packets of the connections that are shown.
struct Shown<'a> {
    save: &'a mut CaptureSaver,
    connections: &'a Connections,
    /// What ends a file that is left for the next one.
    summary: Option<&'a Summary>,
    saved: Saved,
}

impl Sink for Shown<'_> {
    type Error = anyhow::Error;

    fn wants(&self, flow: Option<u32>) -> bool {
        self.connections.show(flow)
    }

    fn take(&mut self, frame: &Frame<'_>, _: Option<u32>, remarks: Remarks<'_>) -> Result<()> {
        if self.saved == Saved::Written {
            if let Some(summary) = self.summary.filter(|_| self.save.turns_at(frame)) {
                self.save.close_with(summary_comment(summary));
            }
            self.saved = self.save.frame(frame, remarks)?;
        }
        Ok(())
    }
}

impl Run<'_> {
    /// Hands the packet that has just been observed over to be saved.
    pub(super) fn save_observed(
        &mut self,
        frame: &Frame<'_>,
        options: &[u8],
        dissection: &Dissection<'_>,
        segment: Option<&Segment>,
    ) -> Result<()> {
        let Self { save: Some(save), outgoing: Some(outgoing), reporters, analysis, .. } = self else {
            return Ok(());
        };
        let mut sink = Shown { save, connections: reporters.connections(), summary: None, saved: Saved::Written };
        let tcp = segment.map(|segment| (segment, analysis.observation()));
        outgoing.packet(frame, options, dissection, tcp, &mut sink)
    }

    /// Saves those packets of which all is known now.
    pub(super) fn save_settled(&mut self, now: Timestamp) -> Result<Saved> {
        self.with_outgoing(|outgoing, sink| outgoing.settle(now, sink))
    }

    /// Saves those packets that have waited long enough by the clock.
    pub(super) fn save_idle(&mut self, now: Timestamp) -> Result<Saved> {
        self.with_outgoing(|outgoing, sink| outgoing.idle(now, sink))
    }

    fn with_outgoing(&mut self, act: impl FnOnce(&mut Outgoing, &mut Shown<'_>) -> Result<()>) -> Result<Saved> {
        let Self { save: Some(save), outgoing: Some(outgoing), reporters, plan, .. } = self else {
            return Ok(Saved::Written);
        };
        let summary = (plan.comments && !plan.at_hand).then_some(&reporters.summary);
        let mut sink = Shown { save, connections: reporters.connections(), summary, saved: Saved::Written };
        act(outgoing, &mut sink)?;
        Ok(sink.saved)
    }

    /// Saves what still waits, and ends the last file.
    pub(super) fn finish_saving(&mut self) -> Result<()> {
        let mut late = Vec::new();
        let rest = self.with_outgoing(|outgoing, sink| outgoing.finish(sink).map(|words| late = words));
        let Some(mut save) = self.save.take() else { return Ok(()) };
        let comments = self.plan.comments && !self.plan.at_hand;
        if comments {
            late.insert(0, summary_comment(&self.reporters.summary));
        }
        if !late.is_empty() {
            save.close_with(late.join("\n"));
        }
        save.finish().and(rest.map(|_| ()))
    }
}
