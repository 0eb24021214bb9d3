//! `tcpcheck ladder`: one connection drawn, from a file or as it happens.

use std::cmp::Reverse;

use anyhow::{Result, bail};
use clap::Parser;

use crate::analyse::Connections;
use crate::display;
use crate::report::{COLUMNS, Format, Ladder, LadderOptions, Names, TextStyle, TroubleRank, trouble};
use crate::track::Event;

use super::args::{Args, LadderArgs, LadderFormat};
use super::exit::Exit;
use super::output::warn;
use super::plan::{Environment, Plan, Show, is_standard};
use super::run::{Events, Session};

/// Columns where no terminal says how many it has.
const WITHOUT_TERMINAL: usize = 100;

/// Draws what was asked for.
pub(super) fn run(args: &LadderArgs, around: &Environment) -> Result<Exit> {
    let plan = plan(args, around)?;
    let columns = args.columns.or_else(|| around.columns());
    let text = TextStyle {
        columns: columns.unwrap_or(WITHOUT_TERMINAL).clamp(*COLUMNS.start(), *COLUMNS.end()),
        ascii: args.ascii,
        style: plan.style,
    };
    let mut ladder = Ladder::new(LadderOptions {
        format: match args.format {
            LadderFormat::Text => Format::Text(text),
            LadderFormat::Mermaid => Format::Mermaid,
            LadderFormat::Svg => Format::Svg,
        },
        full: args.full,
        payload: args.payload,
        live: !plan.look_ahead,
        names: if args.numeric { Names::numeric() } else { Names::new() },
    });
    let Some(mut session) = Session::begin(&plan)? else { return Ok(Exit::Done) };
    if let Some(flow) = chosen(args, &session)? {
        session.narrow(Connections::numbered(&[flow]));
    }
    let exit = session.run(vec![Box::new(&mut ladder)])?;
    match args.flow {
        _ if !ladder.is_empty() => {}
        Some(flow) => bail!("there is no connection {flow}: tcpcheck --flows lists those there are"),
        None => bail!("no TCP connection passes the filter: there is nothing to draw"),
    }
    if args.flow.is_none() && !args.worst && ladder.others() > 0 {
        let packets = ladder.others();
        warn(&format!(
            "tcpcheck: {packets} packets of other connections are not drawn: choose one with --flow N or a filter"
        ));
    }
    Ok(exit)
}

/// A run that shows nothing but what is asked of it.
fn plan(args: &LadderArgs, around: &Environment) -> Result<Plan> {
    if args.read.is_empty() && args.interface.is_none() && args.filter.is_empty() {
        bail!("name a capture, as in 'tcpcheck ladder FILE', or an interface with -i");
    }
    let mut typed = Args::parse_from(["tcpcheck"]);
    typed.source.interface.clone_from(&args.interface);
    typed.source.read.clone_from(&args.read);
    typed.source.merge = true;
    typed.which.filter.clone_from(&args.filter);
    typed.which.count = args.count;
    typed.output.color = args.color;
    typed.analysis = args.analysis.clone();
    typed.confinement = args.confinement.clone();
    Ok(Plan { show: Show::default(), ..Plan::new(&typed, around)? })
}

/// The number of the connection to draw; none where that is the first one.
fn chosen(args: &LadderArgs, session: &Session<'_>) -> Result<Option<u32>> {
    let once = session.read_once();
    if args.flow.is_some() {
        return Ok(args.flow);
    }
    if let Some(once) = once {
        if args.worst {
            let once = if is_standard(&once) {
                "standard input".to_owned()
            } else {
                format!("{}, a pipe,", display::path(&once))
            };
            bail!("--worst reads the packets twice, which {once} does not allow: save them, then use -r FILE");
        }
        return Ok(None);
    }
    let mut worst: Option<(TroubleRank, Reverse<u32>)> = None;
    let mut count = 0_u64;
    session.read_ahead(&mut Events(|event| {
        if let Event::Ended(flow) = event {
            count += 1;
            worst = worst.max(Some((trouble(&flow), Reverse(flow.number))));
        }
    }))?;
    match worst {
        Some((_, Reverse(number))) if args.worst || count == 1 => Ok(Some(number)),
        Some((_, Reverse(number))) => bail!(
            "{count} connections pass the filter: choose one with --flow N, --worst (here: {number}) or a filter; \
             tcpcheck --flows lists them"
        ),
        None => Ok(None),
    }
}
