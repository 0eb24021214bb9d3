//! The run: source, filter, dissector, tracker, reports, until the source or the user ends it.

mod session;
mod tick;

use std::io::Write;

use anyhow::Result;

use crate::capture::{
    Drops, Filter, Frame, FrameSource, Next, Rotation, SaveOptions, Saved, SharedClerk, SourceInfo, Timestamp,
};
use crate::dissect::{Dissection, Segment};
use crate::pipeline::{self, Feed, Tracked};
use crate::report::lines::Lines;
use crate::report::{Annotator, Findings, Flows, Ndjson, Packet, Packets, Records, Reporter, Style, Summary};
use crate::track::{Event, Finding, FlowHash, FlowTracker, Observation};

use super::exit::Exit;
use super::keeper::Keeper;
use super::output::{Output, tell};
use super::plan::{Origin, Plan, Show};
use super::progress::Progress;
use super::quality::{self, Losses};
use super::saver::Saver;
use super::select::Connections;
use super::signals::Signals;
use tick::Pace;

pub use session::{Desk, Session};

/// Does what was planned.
pub fn run(plan: &Plan) -> Result<Exit> {
    match Session::begin(plan)? {
        Some(session) => session.run(reporters(plan)),
        None => Ok(Exit::Done),
    }
}

/// tcpdump's words for a source that has just been opened.
fn announcement(plan: &Plan, info: &SourceInfo) -> String {
    let link_type = match info.link_type {
        Some(link_type) => match (link_type.name(), link_type.description()) {
            (Some(name), Some(description)) => format!(", link-type {name} ({description})"),
            _ => format!(", link-type {}", link_type.0),
        },
        None => String::new(),
    };
    let SourceInfo { name, snaplen, .. } = info;
    match plan.origin {
        Origin::Files(_) => format!("reading from file {name}{link_type}, snapshot length {snaplen}"),
        Origin::Live(_) => format!("listening on {name}{link_type}, snapshot length {snaplen} bytes"),
    }
}

/// A run under way.
struct Run<'p> {
    plan: &'p Plan,
    connections: Connections,
    tracker: FlowTracker,
    seen: Observation,
    reporters: Vec<Box<dyn Reporter + 'p>>,
    /// Where packets are printed: writes tcpdump's line.
    lines: Option<Lines>,
    line: Vec<u8>,
    summary: Summary,
    filter: Filter,
    save: Option<Saver>,
    keeper: Option<Keeper>,
    output: Output,
    progress: Progress,
    clerk: SharedClerk,
    signals: Signals,
    losses: Losses,
    pace: Pace,
    /// The latest packet.
    last: (u64, Timestamp),
}

/// So many packets' connections are looked for at a time: a core keeps all their pages in mind.
const AHEAD: usize = 128;

impl<'p> Run<'p> {
    fn new(
        plan: &'p Plan,
        connections: Connections,
        mut reporters: Vec<Box<dyn Reporter + 'p>>,
        info: SourceInfo,
        lines: Option<Lines>,
        clerk: SharedClerk,
        signals: Signals,
    ) -> Result<Self> {
        let options = SaveOptions {
            link_type: info.link_type,
            snaplen: info.snaplen,
            precision: info.precision,
            unbuffered: plan.packet_buffered,
        };
        // The kernel has applied a live capture's filter.
        let live = matches!(plan.origin, Origin::Live(_));
        let save = match &plan.write {
            Some(_) => {
                let rotation = Rotation::through(clerk.clone(), options, plan.turns.clone())?;
                Some(Saver::new(rotation, live || plan.show != Show::default()))
            }
            None => None,
        };
        let keeper = plan.keep.clone().map(|keep| Keeper::new(keep, clerk.clone(), options));
        let mut output = Output::new(plan.by_line)?;
        for reporter in &mut reporters {
            reporter.begin(output.text(), &info);
        }
        Ok(Self {
            plan,
            connections,
            tracker: FlowTracker::new(plan.tracker),
            seen: Observation::default(),
            reporters,
            lines,
            line: Vec::new(),
            summary: Summary::new(info),
            filter: if live { Filter::compile("")? } else { plan.filter.clone() },
            save,
            keeper,
            output,
            progress: Progress::new(plan.progress),
            clerk,
            signals,
            losses: Losses::default(),
            pace: Pace::new(plan.interval),
            last: (0, Timestamp::default()),
        })
    }

    /// Reads until the source ends, the user ends it, or there are enough packets.
    fn read(&mut self, source: &mut dyn FrameSource) -> Result<()> {
        // A live capture ends by itself when it is told to, with what has come until then.
        let live = matches!(self.plan.origin, Origin::Live(_));
        while live || !self.signals.stopped() {
            let idle = match source.next_frame()? {
                Next::Frame(frame) => {
                    if !self.filter.accepts(&frame)? {
                        continue;
                    }
                    if let Some(save) = &mut self.save
                        && save.frame(&frame)? == Saved::Enough
                    {
                        break;
                    }
                    if let Some(keeper) = &mut self.keeper {
                        keeper.frame(&frame);
                    }
                    if let Err(error) = self.frame(&frame) {
                        self.give_up_output(error)?;
                    }
                    if self.plan.count.is_some_and(|count| self.summary.packets() >= count) {
                        break;
                    }
                    false
                }
                Next::Idle => {
                    for reporter in &mut self.reporters {
                        reporter.idle(self.output.text());
                    }
                    true
                }
                Next::End => break,
            };
            if self.pace.is_due(idle)
                && let Err(error) = self.tick(source)
            {
                self.give_up_output(error)?;
            }
        }
        Ok(())
    }

    /// Whether packets can be prepared before it is known what the ones before them did, and nobody asks for their bytes then.
    fn takes_batches(&self) -> bool {
        let saves = self.save.is_some() || self.keeper.is_some();
        let reads_payload = self.reporters.iter().any(|reporter| reporter.reads_payload());
        self.plan.at_hand && self.connections.are_all() && !saves && !reads_payload
    }

    /// Reads files batch by batch.
    fn read_batches(&mut self, source: &mut dyn FrameSource) -> Result<()> {
        let (mut filter, mut lines) = (self.filter.clone(), self.lines.take());
        let hasher = self.tracker.hasher().clone();
        let feed = Feed { source, filter: &mut filter, hasher, lines: lines.as_mut(), count: self.plan.count };
        pipeline::run(feed, self.plan.threads, |batch| {
            let mut hashes = batch.hashes();
            for (at, (packet, tracked)) in batch.packets().enumerate() {
                if at.is_multiple_of(AHEAD) {
                    self.tracker.look_ahead(hashes.by_ref().take(AHEAD).flatten());
                }
                let shown = self.track(packet.ts, tracked.map(|Tracked { segment, hash }| (segment, *hash)));
                if let Err(error) = self.report(packet, tracked.map(|tracked| &tracked.segment), shown) {
                    self.give_up_output(error)?;
                }
            }
            self.answer_signals();
            Ok(())
        })
    }

    /// Nobody reads standard output any more: the end, unless there is more to do with a file than to show it.
    fn give_up_output(&mut self, error: anyhow::Error) -> Result<()> {
        let more = self.save.is_some() || self.plan.fail_on.is_some();
        if !(more && matches!(self.plan.origin, Origin::Files(_)) && is_closed_pipe(&error)) {
            return Err(error);
        }
        self.output.close();
        Ok(())
    }

    /// Takes a packet that passed the filter.
    fn frame(&mut self, frame: &Frame<'_>) -> Result<()> {
        let mut dissection = Dissection::new();
        dissection.read(frame);
        let segment = dissection.segment();
        let shown = self.track(frame.ts, segment.map(|segment| (segment, self.tracker.hasher().of(segment))));
        let mut line = std::mem::take(&mut self.line);
        line.clear();
        match &mut self.lines {
            Some(lines) if shown => lines.packet(&mut line, frame, &dissection),
            Some(lines) => lines.skip(frame),
            None => {}
        }
        let reported = self.report(Packet { line: &line, ..Packet::new(frame, &dissection) }, segment, shown);
        self.line = line;
        reported
    }

    /// Learns what a packet did: whether it is shown.
    #[inline(always)]
    fn track(&mut self, ts: Timestamp, tracked: Option<(&Segment, FlowHash)>) -> bool {
        match tracked {
            Some((segment, hash)) => {
                self.tracker.observe_hashed(segment, hash, &mut self.seen);
                if !self.plan.selection.is_all() {
                    self.seen.findings.retain(|finding| self.plan.selection.takes(finding));
                }
            }
            None => self.tracker.advance(ts),
        }
        self.connections.show(tracked.map(|_| self.seen.flow))
    }

    /// Reports a packet, and what came of the tracker with it.
    #[inline(always)]
    fn report(&mut self, packet: Packet<'_>, segment: Option<&Segment>, shown: bool) -> Result<()> {
        self.last = (packet.number, packet.ts);
        let ts = packet.ts;
        let packet = &Packet { tcp: segment.map(|segment| (segment, &self.seen)), ..packet };
        self.summary.packet(packet);
        for reporter in &mut self.reporters {
            if shown {
                reporter.packet(self.output.text(), packet);
            } else {
                reporter.hidden(self.output.text(), packet);
            }
        }
        if let (Some(keeper), Some((_, seen))) = (&mut self.keeper, packet.tcp) {
            seen.findings.iter().for_each(|finding| keeper.finding(finding));
        }
        self.events()?;
        self.interval(ts);
        self.progress.packets(self.summary.packets());
        self.output.settle()
    }

    /// Reports what came of the tracker besides packets. A great many connections may end at once.
    #[inline]
    fn events(&mut self) -> Result<()> {
        while let Some(event) = self.tracker.next_event() {
            self.event(event);
            self.output.settle()?;
        }
        Ok(())
    }

    #[inline(never)]
    fn event(&mut self, event: Event) {
        match event {
            Event::Finding(finding) => self.finding(&finding),
            Event::Amend(mut amend) => {
                if !self.plan.selection.is_all() && !self.plan.selection.narrow_amend(&mut amend) {
                    return;
                }
                self.summary.amend(&amend);
                if let Some(keeper) = &mut self.keeper {
                    amend.added().for_each(|finding| keeper.finding(finding));
                }
                if self.connections.show(Some(amend.flow)) {
                    for reporter in &mut self.reporters {
                        reporter.amend(self.output.text(), &amend);
                    }
                }
            }
            Event::Ended(mut flow) => {
                if !self.plan.selection.is_all() {
                    self.plan.selection.narrow_record(&mut flow);
                }
                self.summary.ended(&flow);
                if self.connections.show(Some(flow.number)) {
                    for reporter in &mut self.reporters {
                        reporter.ended(self.output.text(), &flow);
                    }
                }
            }
        }
    }

    fn finding(&mut self, finding: &Finding) {
        if !self.plan.selection.takes(finding) {
            return;
        }
        self.summary.finding(finding);
        if let Some(keeper) = &mut self.keeper {
            keeper.finding(finding);
        }
        if finding.flow.is_none() || self.connections.show(finding.flow) {
            for reporter in &mut self.reporters {
                reporter.finding(self.output.text(), finding);
            }
        }
    }

    /// Says what is left to say, also when reading ended with an error.
    fn finish(mut self, source: &mut dyn FrameSource, read: Result<()>) -> Result<Exit> {
        self.progress.clear();
        let saved = self.save.take().map_or(Ok(()), Saver::finish);
        let mut closed = read.as_ref().is_err_and(is_closed_pipe);
        if closed {
            self.output.close();
        }
        let mut damaged = None;
        // The user has cut it, perhaps inside a packet.
        let stopped = self.signals.stopped();
        for fault in source.faults().iter().filter(|_| !stopped) {
            self.summary.incomplete();
            match quality::file_cut(fault) {
                Some(finding) => self.finding(&finding),
                None => damaged = Some(fault.to_string()),
            }
        }
        if read.is_err() {
            self.summary.incomplete();
        }
        let drops = source.drops();
        if let Some(drops) = drops {
            self.losses.look(drops);
            self.summary.lost(drops);
            if let Some(finding) = self.losses.rest() {
                self.finding(&finding);
            }
        }
        self.tracker.finish();
        while self.events().is_err() {
            self.output.close();
            closed = true;
        }
        for reporter in &mut self.reporters {
            reporter.end(self.output.text(), &self.summary);
        }
        let style = Style::new(self.plan.color);
        if self.plan.show.summary && !self.plan.json {
            self.summary.write(self.output.text(), style, &self.plan.again);
        }
        if self.plan.show.only_count {
            let packets = self.summary.packets();
            writeln!(self.output.text(), "{packets} packet{}", if packets == 1 { "" } else { "s" })?;
        }
        let kept = self.keeper.take().map_or(Ok(()), Keeper::finish);
        let written = self.output.finish();
        closed |= written.as_ref().is_err_and(is_closed_pipe);
        if !closed {
            self.farewell(drops);
        }
        // Whoever has closed the pipe has read enough.
        for done in [read, written].into_iter().filter(|done| !done.as_ref().is_err_and(is_closed_pipe)) {
            done?;
        }
        saved.and(kept)?;
        if let Some(damaged) = damaged {
            anyhow::bail!(damaged);
        }
        Ok(match self.plan.fail_on {
            Some(least) if self.summary.worst().is_some_and(|worst| worst >= least) => Exit::Failed,
            _ => Exit::Done,
        })
    }

    /// What standard error gets in the end.
    fn farewell(&self, drops: Option<Drops>) {
        if let (Origin::Live(_), Some(drops)) = (&self.plan.origin, drops) {
            // Below the ^C that the terminal shows.
            let begin = if self.plan.stderr_terminal { "\n" } else { "" };
            tell(&format!("{begin}{}", counters(self.summary.packets(), drops)));
        }
        if self.plan.show.packets && !self.plan.json && !self.plan.show.summary {
            self.tell_summary();
        }
    }

    fn tell_summary(&self) {
        let mut text = Vec::new();
        self.summary.write(&mut text, Style::new(self.plan.color_stderr), &self.plan.again);
        // Nobody is left to tell when standard error is gone.
        let _ = std::io::stderr().lock().write_all(&text);
    }
}

/// tcpdump's words at the end of a live capture.
fn counters(captured: u64, drops: Drops) -> String {
    let Drops { received, kernel, interface } = drops;
    let line = |(count, what): (u64, &str)| format!("{count} packet{} {what}", if count == 1 { "" } else { "s" });
    let mut lines = vec![(captured, "captured"), (received, "received by filter"), (kernel, "dropped by kernel")];
    if interface > 0 {
        lines.push((interface, "dropped by interface"));
    }
    lines.into_iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The ways out that the plan asks for.
fn reporters(plan: &Plan) -> Vec<Box<dyn Reporter + '_>> {
    let (show, style) = (plan.show, Style::new(plan.color));
    if plan.json {
        let all = show.packets;
        return vec![Box::new(Ndjson::new(Records {
            packets: all,
            findings: all || show.findings,
            flows: all || show.flows,
            summary: all || show.summary,
        }))];
    }
    let mut reporters: Vec<Box<dyn Reporter + '_>> = Vec::new();
    if show.packets {
        reporters.push(Box::new(Packets::new(Annotator::new(plan.level, style), plan.look_ahead)));
    }
    if show.findings {
        reporters.push(Box::new(Findings::new(style, plan.look_ahead)));
    }
    if show.flows {
        reporters.push(Box::new(Flows::new(plan.order, plan.line.verbose > 0, style).paced(plan.table)));
    }
    reporters
}

/// Whether an error says that nobody reads any more.
pub fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    })
}
