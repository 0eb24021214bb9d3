//! `tcpcheck split`: a capture in parts, by connection, host, port or finding, and a list of the parts.

mod parts;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::analyse::{Outgoing, Sink};
use crate::capture::{Block, FrameSource, Part, Purpose, SaveNames, Timestamp, Turns};
use crate::display;
use crate::dissect::{Segment, Socket};
use crate::track::{Analysed, Direction, Event, FlowRecord, Observation, Visitor};

use super::args::{By, SplitArgs};
use super::exit::Exit;
use super::output::warn;
use super::plan::{Environment, Plan, is_standard};
use super::quality::check_faults;
use super::run::{BrokerHandle, Events, Session};
use parts::Parts;

/// Splits.
pub(super) fn run(args: &SplitArgs, around: &Environment) -> Result<Exit> {
    let plan = Plan::silent(&args.files, args.filter.as_ref(), Some(&args.analysis), &args.confinement, around)?;
    if args.by == By::Finding && args.files.iter().any(|file| is_standard(file)) {
        bail!("--by finding reads the packets twice, which standard input does not allow: save them first");
    }
    let folder = empty_folder(&args.directory)?;
    let desk = BrokerHandle::open(
        plan.confined,
        Some(SaveNames::new(&folder, Turns::default()).with_purpose(Purpose::Parts)),
        None,
    )?;
    let broker = desk.broker.clone();
    let Some(session) = Session::begin_with(&plan, desk)? else { return Ok(Exit::Done) };
    let mut splitter = Splitter {
        by: args.by,
        worst: WorstFindings::default(),
        flows: HashMap::new(),
        ended: Vec::new(),
        outgoing: Outgoing::default(),
        parts: Parts::new(broker),
    };
    if args.by == By::Finding {
        session.read_ahead(&mut Events(|event| {
            if let Event::Ended(flow) = event {
                splitter.worst.note(&flow);
            }
        }))?;
        if splitter.worst.are_too_many {
            bail!(
                "--by finding: more than {MAX_CONNECTIONS} connections: split it by --by port first, or add a filter"
            );
        }
    }
    let faults = session.read(&mut splitter)?;
    splitter.outgoing.finish(&mut Routed { flows: &splitter.flows, parts: &mut splitter.parts })?;
    let count = splitter.parts.finish()?;
    warn(&format!("{count} part{} in {}", if count == 1 { "" } else { "s" }, display::path(&folder)));
    check_faults(&faults)?;
    Ok(Exit::Done)
}

/// Makes the folder; one in which something is already would be mixed with it.
fn empty_folder(folder: &Path) -> Result<PathBuf> {
    let named = || format!("-d {}", display::path(&folder));
    std::fs::create_dir_all(folder).with_context(named)?;
    if folder.read_dir().with_context(named)?.next().is_some() {
        bail!("-d {}: the folder is not empty: name another one", display::path(&folder));
    }
    // A process elsewhere makes the files.
    folder.canonicalize().with_context(named)
}

/// The code of the worst finding, the first one of the catalogue among these, in digits.
fn worst(flow: &FlowRecord) -> Option<u16> {
    let rules = flow.findings.iter().map(|(rule, _)| *rule);
    let worst = rules.min_by_key(|rule| (std::cmp::Reverse(rule.severity()), *rule))?;
    worst.code().trim_start_matches("TC").parse().ok()
}

/// Maximum number of connections whose findings are remembered: two bytes each.
const MAX_CONNECTIONS: usize = 64 << 20;

/// The code of each connection's worst finding, by its number; 0 where there is none.
#[derive(Default)]
struct WorstFindings {
    codes: Vec<u16>,
    are_too_many: bool,
}

impl WorstFindings {
    fn note(&mut self, flow: &FlowRecord) {
        let (at, Some(code)) = (flow.number as usize, worst(flow)) else { return };
        if at >= MAX_CONNECTIONS {
            self.are_too_many = true;
            return;
        }
        if at >= self.codes.len() {
            self.codes.resize(at + 1, 0);
        }
        self.codes[at] = code;
    }

    fn of(&self, flow: u32) -> Option<u16> {
        self.codes.get(flow as usize).copied().filter(|code| *code > 0)
    }
}

/// Sends packets to their parts.
struct Splitter {
    by: By,
    worst: WorstFindings,
    /// The parts of the connections that are open.
    flows: HashMap<u32, Part>,
    /// Those that have ended, and of which packets may still wait.
    ended: Vec<u32>,
    outgoing: Outgoing,
    parts: Parts,
}

/// Parts, and which connection goes to which.
struct Routed<'a> {
    flows: &'a HashMap<u32, Part>,
    parts: &'a mut Parts,
}

impl Sink for Routed<'_> {
    type Error = anyhow::Error;

    fn wants(&self, _: Option<u32>) -> bool {
        true
    }

    fn take(
        &mut self,
        frame: &crate::capture::Frame<'_>,
        flow: Option<u32>,
        remarks: crate::capture::Remarks<'_>,
    ) -> Result<()> {
        let part = flow.and_then(|flow| self.flows.get(&flow)).copied().unwrap_or(Part::Other);
        self.parts.write(part, frame, remarks)
    }
}

impl Splitter {
    /// Where a connection's packets go, of which this is the first.
    fn part(&self, segment: &Segment, seen: &Observation) -> Part {
        let (client, server) = match seen.direction {
            Some(Direction::FromResponder) => (segment.dst, segment.src),
            _ => (segment.src, segment.dst),
        };
        let socket = |Socket { addr, port }| SocketAddr::new(addr, port);
        match self.by {
            By::Flow => Part::Connection(seen.flow, socket(client), socket(server)),
            By::Host => Part::Host(server.addr),
            By::Port => Part::Port(server.port),
            By::Finding => self.worst.of(seen.flow).map_or(Part::NoFinding, Part::Finding),
        }
    }
}

impl Visitor for Splitter {
    type Error = anyhow::Error;

    fn begin(&mut self, source: &dyn FrameSource) {
        self.parts.begin(source);
    }

    fn blocks(&mut self, blocks: &[Block]) {
        self.parts.blocks(blocks);
    }

    fn packet(&mut self, seen: &Analysed<'_>) -> Result<()> {
        if let Some((segment, observation)) = seen.tcp.filter(|(_, observation)| observation.flow > 0)
            && !self.flows.contains_key(&observation.flow)
        {
            let part = self.part(segment, observation);
            self.flows.insert(observation.flow, part);
            self.parts.count_connection(part);
        }
        let mut sink = Routed { flows: &self.flows, parts: &mut self.parts };
        self.outgoing.packet(seen.frame, seen.options, seen.dissection, seen.tcp, &mut sink)
    }

    fn event(&mut self, event: Event) -> Result<()> {
        if let Event::Ended(flow) = event {
            self.outgoing.ended(&flow);
            self.ended.push(flow.number);
        }
        Ok(())
    }

    fn settle(&mut self, now: Timestamp) -> Result<()> {
        self.outgoing.settle(now, &mut Routed { flows: &self.flows, parts: &mut self.parts })?;
        if self.outgoing.is_empty() {
            for flow in self.ended.drain(..) {
                self.flows.remove(&flow);
            }
        }
        Ok(())
    }
}
