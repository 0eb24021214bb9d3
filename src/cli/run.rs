//! The run: source, filter, dissector, tracker, reports, until the source or the user ends it.

mod batches;
mod ending;
mod events;
mod saving;
mod session;
mod tick;

use anyhow::Result;

use crate::analyse::{Connections, Foresight, Outgoing, Reporters};
use crate::capture::{
    Beside, Filter, Frame, FrameSource, Next, Preamble, Remarks, Rotation, SaveFormat, SaveOptions, Saved,
    SharedBroker, SourceInfo, Timestamp,
};
use crate::dissect::{Dissection, Segment};
use crate::report::lines::Lines;
use crate::report::{Annotator, Exchanges, Findings, Flows, Ndjson, Packet, Packets, Records, Reporter};
use crate::track::{Analysis, FlowHash};

use super::exit::Exit;
use super::output::Output;
use super::plan::{Origin, Plan, Show};
use super::progress::Progress;
use super::quality::Losses;
use super::ring::RingSaver;
use super::saver::CaptureSaver;
use super::signals::Signals;
use tick::Schedule;

pub(super) use session::{BrokerHandle, Events, Session};

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
        Origin::Live(_) => {
            let ending = if plan.stderr_terminal && plan.count.is_none() { "; ^C ends" } else { "" };
            format!("listening on {name}{link_type}, snapshot length {snaplen} bytes{ending}")
        }
    }
}

/// What is known before the first packet.
struct BeforeFirstPacket {
    info: SourceInfo,
    /// What a pcapng file that is written begins with.
    preamble: Preamble,
    /// What will be said of packets.
    foresight: Foresight,
}

/// A run under way.
struct Run<'p> {
    plan: &'p Plan,
    analysis: Analysis,
    reporters: Reporters<'p>,
    /// Where packets are printed: writes tcpdump's line.
    lines: Option<Lines>,
    line: Vec<u8>,
    filter: Filter,
    save: Option<CaptureSaver>,
    /// Where packets are chosen or commented: those on their way to be saved.
    outgoing: Option<Outgoing>,
    ring: Option<RingSaver>,
    output: Output,
    progress: Progress,
    broker: SharedBroker,
    signals: Signals,
    losses: Losses,
    pace: Schedule,
    /// The latest packet.
    last: (u64, Timestamp),
}

impl<'p> Run<'p> {
    fn new(
        plan: &'p Plan,
        connections: Connections,
        reporters: Vec<Box<dyn Reporter + 'p>>,
        known: BeforeFirstPacket,
        lines: Option<Lines>,
        broker: SharedBroker,
        signals: Signals,
    ) -> Result<Self> {
        let BeforeFirstPacket { info, preamble, foresight } = known;
        let options = SaveOptions {
            link_type: info.link_type,
            snaplen: info.snaplen,
            precision: info.precision,
            unbuffered: plan.packet_buffered,
            format: plan.format,
        };
        // The kernel has applied a live capture's filter.
        let live = matches!(plan.origin, Origin::Live(_));
        let save = match &plan.write {
            Some(_) => {
                let rotation = Rotation::begin_with(broker.clone(), options, plan.turns.clone(), preamble)?;
                Some(CaptureSaver::new(rotation, live || plan.show != Show::default()))
            }
            None => None,
        };
        let ring = plan.keep.clone().map(|keep| RingSaver::new(keep, broker.clone(), options));
        let mut output = Output::new(plan.by_line)?;
        let outgoing = save.as_ref().and_then(|_| saving::outgoing(plan, &connections, foresight));
        let mut reporters = Reporters::begin(output.text(), info, connections, reporters);
        if plan.without_icmp {
            reporters.summary.without_icmp();
        }
        Ok(Self {
            plan,
            outgoing,
            analysis: Analysis::new(plan.analysis),
            reporters,
            lines,
            line: Vec::new(),
            filter: if live { Filter::compile("")? } else { plan.filter.clone() },
            save,
            ring,
            output,
            progress: Progress::new(plan.progress),
            broker,
            signals,
            losses: Losses::default(),
            pace: Schedule::new(plan.interval),
            last: (0, Timestamp::default()),
        })
    }

    /// Reads until the source ends, the user ends it, or there are enough packets.
    fn read(&mut self, source: &mut dyn FrameSource) -> Result<()> {
        // A live capture ends by itself when it is told to, with what has come until then.
        let live = matches!(self.plan.origin, Origin::Live(_));
        while live || !self.signals.stopped() {
            // What else a capture holds is of use to whom writes it anew.
            let (next, beside) = match self.plan.format {
                SaveFormat::Pcapng if self.save.is_some() => source.next_with_blocks()?,
                _ => (source.next_frame()?, Beside::default()),
            };
            if let Some(save) = self.save.as_mut().filter(|_| !beside.blocks.is_empty()) {
                save.blocks(beside.blocks);
            }
            let idle = match next {
                Next::Frame(frame) => {
                    if !self.filter.accepts(&frame)? {
                        continue;
                    }
                    if self.outgoing.is_none()
                        && let Some(save) = &mut self.save
                        && save.frame(&frame, Remarks { options: beside.options, comments: &[] })? == Saved::Enough
                    {
                        break;
                    }
                    if let Some(ring) = &mut self.ring {
                        ring.frame(&frame);
                    }
                    if let Err(error) = self.frame(&frame, beside.options) {
                        self.give_up_output(error)?;
                    }
                    if self.outgoing.is_some() && self.save_settled(frame.ts)? == Saved::Enough {
                        self.outgoing = None;
                        break;
                    }
                    if self.plan.count.is_some_and(|count| self.reporters.summary.packets() >= count) {
                        break;
                    }
                    false
                }
                Next::Idle => {
                    self.reporters.idle(self.output.text());
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
    fn frame(&mut self, frame: &Frame<'_>, options: &[u8]) -> Result<()> {
        let mut dissection = Dissection::new();
        let segment = self.analysis.read(frame, &mut dissection);
        let packet = Packet { other: segment.err().unwrap_or_default(), ..Packet::new(frame, &dissection) };
        let segment = segment.as_ref().ok();
        let shown = self.track(&packet, segment.map(|segment| (segment, self.analysis.hasher().of(segment))));
        if let Err(error) = self.save_observed(frame, options, &dissection, segment) {
            // It is not the reader of standard output who has had enough, where the analysis would go on.
            self.save = None;
            return Err(error);
        }
        let mut line = std::mem::take(&mut self.line);
        line.clear();
        match &mut self.lines {
            Some(lines) if shown => lines.packet(&mut line, frame, &dissection),
            Some(lines) => lines.skip(frame),
            None => {}
        }
        let reported = self.report(Packet { line: &line, ..packet }, segment, shown);
        self.line = line;
        reported
    }

    /// Learns what a packet did: whether it is shown.
    #[inline(always)]
    fn track(&mut self, packet: &Packet<'_>, tracked: Option<(&Segment, FlowHash)>) -> bool {
        match tracked {
            Some((segment, hash)) => {
                let observation = self.analysis.segment(segment, hash);
                if !self.plan.selection.is_all() {
                    observation.findings.retain(|finding| self.plan.selection.takes(finding));
                }
            }
            None => self.analysis.other(packet.number, packet.ts, packet.other),
        }
        self.reporters.connections().show(tracked.map(|_| self.analysis.observation().flow))
    }

    /// Reports a packet, and what came of the tracker with it.
    #[inline(always)]
    fn report(&mut self, packet: Packet<'_>, segment: Option<&Segment>, shown: bool) -> Result<()> {
        self.last = (packet.number, packet.ts);
        let ts = packet.ts;
        let packet = &Packet { tcp: segment.map(|segment| (segment, self.analysis.observation())), ..packet };
        self.reporters.packet(self.output.text(), packet, shown);
        if let (Some(ring), Some((_, seen))) = (&mut self.ring, packet.tcp) {
            seen.findings.iter().for_each(|finding| ring.finding(finding));
        }
        self.events()?;
        self.interval(ts);
        self.progress.packets(self.reporters.summary.packets());
        self.output.settle()
    }
}

/// The ways out that the plan asks for.
fn reporters(plan: &Plan) -> Vec<Box<dyn Reporter + '_>> {
    let (show, style) = (plan.show, plan.style);
    if plan.json {
        let all = show.packets;
        return vec![Box::new(Ndjson::new(Records {
            packets: all,
            findings: all || show.findings,
            exchanges: all || show.exchanges,
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
    if show.exchanges {
        reporters.push(Box::new(Exchanges::new(style)));
    }
    reporters
}

/// Whether an error says that nobody reads any more.
pub fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    })
}
