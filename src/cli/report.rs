//! `tcpcheck report`: a page to open in a browser, or one graph of it as a file.

use std::io::{IsTerminal, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::analyse::{Connections, named_files};
use crate::capture::{Purpose, SaveNames, SavedFile, SharedBroker, Turns};
use crate::display;
use crate::report::{
    Graph, GraphCollector, GraphCollectorOptions, Names, Report, ReportOptions, Reporter, Svg, called, main_way,
    way_name, write_xpl,
};
use crate::track::Direction;

use super::args::{End, GraphName, ReportArgs};
use super::exit::Exit;
use super::output::warn;
use super::plan::{self, Environment, Plan};
use super::run::{BrokerHandle, Session};

/// Makes what was asked for.
pub(super) fn run(args: &ReportArgs, around: &Environment) -> Result<Exit> {
    let plan = plan(args, around)?;
    let names = if args.numeric { Names::numeric() } else { Names::new() };
    let output = args.output.as_deref().unwrap_or("-".as_ref());
    plan::check_output(output, &args.files)?;
    let standard = plan::is_standard(output);
    if args.open && standard {
        bail!("--open needs a file to open: -o report.html");
    }
    let purpose = if args.open { Purpose::Shown } else { Purpose::Turns };
    let names_file = SaveNames::new(output, Turns::default()).with_purpose(purpose);
    let desk = BrokerHandle::open(plan.confined, Some(names_file), None)?;
    let broker = desk.broker.clone();
    let Some(session) = Session::begin_with(&plan, desk)? else { return Ok(Exit::Done) };
    let mut written = Vec::new();
    match args.graph {
        Some(graph) => draw(args, session, &names, graph.into(), &mut written)?,
        None => {
            let files: Vec<_> = args.files.iter().map(|file| file.to_string_lossy()).collect();
            let again = named_files(&files);
            let mut report = Report::new(ReportOptions { full: args.full.into(), payload: args.payload, names, again });
            gather(session, &mut report)?;
            written.extend_from_slice(report.page());
        }
    }
    write(&broker, &written)?;
    if !standard {
        warn(&format!("{}: {}", display::path(output), size(written.len())));
    }
    if args.open {
        broker.ask().hand_on().context("the page is written, and cannot be opened")?;
    }
    Ok(Exit::Done)
}

/// Takes the capture to its end. One that cannot be read or is damaged is an error, and nothing is made of it.
fn gather(session: Session<'_>, reporter: &mut dyn Reporter) -> Result<()> {
    let Some(reading) = session.analyse(&mut [reporter])? else { return Ok(()) };
    match (reading.trouble(), reading.error) {
        (_, Some(error)) => Err(error.into()),
        (Some(damaged), None) => bail!(damaged),
        (None, None) => Ok(()),
    }
}

/// `129 kB`: of what was written.
fn size(bytes: usize) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
    }
}

/// A run that shows nothing but what is asked of it.
fn plan(args: &ReportArgs, around: &Environment) -> Result<Plan> {
    if args.output.is_none() && std::io::stdout().is_terminal() {
        bail!("say where to write it: -o report.html, or -o - for standard output");
    }
    let connections = Connections::numbered(args.flow.as_slice());
    let plan = Plan::silent(&args.files, args.filter.as_ref(), Some(&args.analysis), &args.confinement, around)?;
    Ok(Plan { connections, merge: true, ..plan })
}

/// One graph of one connection.
fn draw(args: &ReportArgs, session: Session<'_>, names: &Names, graph: Graph, out: &mut Vec<u8>) -> Result<()> {
    let mut collector = GraphCollector::new(GraphCollectorOptions { keep: 1, payload: false });
    gather(session, &mut collector)?;
    let Some(kept) = collector.kept().next() else {
        match args.flow {
            Some(flow) => bail!("there is no connection {flow}: tcpcheck --flows lists those there are"),
            None => bail!("no TCP connection passes the filter: there is nothing to draw"),
        }
    };
    let way = match args.from {
        Some(End::Client) => Direction::FromOriginator,
        Some(End::Server) => Direction::FromResponder,
        None => main_way(&kept.trail),
    };
    let record = &kept.record;
    let Some(plot) = graph.plot(&kept.trail, way) else {
        bail!("connection {} has no points for this graph, {}", record.number, way_name(way))
    };
    let is_xpl = args.output.as_deref().and_then(Path::extension).is_some_and(|ending| ending == "xpl");
    if is_xpl {
        let title =
            format!("flow {}, {} > {}", record.number, called(names, record.client), called(names, record.server));
        write_xpl(out, graph, &kept.trail, way, &title);
    } else {
        plot.file(out);
        out.push(b'\n');
    }
    Ok(())
}

/// Writes the file of `-o`, whole.
fn write(broker: &SharedBroker, text: &[u8]) -> Result<()> {
    let (mut file, path) = broker.ask().make(&SavedFile::Turn { began: None, count: 0 })?;
    file.write_all(text).with_context(|| display::path(&path))
}

impl From<GraphName> for Graph {
    fn from(drawn: GraphName) -> Self {
        match drawn {
            GraphName::TimeSequence => Self::TimeSequence,
            GraphName::InFlight => Self::InFlight,
            GraphName::Rtt => Self::Rtt,
            GraphName::Throughput => Self::Throughput,
        }
    }
}
