//! `tcpcheck ladder`: one connection drawn, from a file or as it happens.

use std::cmp::Reverse;
use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::{Args as Group, Parser, ValueEnum, ValueHint};

use crate::display;
use crate::report::{COLUMNS, Format, Ladder, LadderOptions, Names, Style, TextStyle, Trouble, trouble};
use crate::track::Event;

use super::args::{Args, Color, ConfinementArgs};
use super::exit::Exit;
use super::output::tell;
use super::plan::{Environment, Plan, Show, is_standard};
use super::run::Session;
use super::select::Connections;

/// Columns where no terminal says how many it has.
const WITHOUT_TERMINAL: usize = 100;

/// What was typed behind `ladder`.
#[derive(Debug, Group)]
pub struct LadderArgs {
    /// Draw as it happens, on this interface
    #[arg(short, long, value_name = "INTERFACE", conflicts_with_all = ["read", "worst"])]
    pub interface: Option<OsString>,
    /// Read packets from a file (-: standard input); repeat to merge several in time order
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub read: Vec<PathBuf>,
    /// Draw the connection of that number, as the other views count them
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), conflicts_with = "worst")]
    pub flow: Option<u32>,
    /// Draw the connection in the most trouble. Reads files twice
    #[arg(long)]
    pub worst: bool,
    /// A row for every packet: fold no runs of data
    #[arg(long)]
    pub full: bool,
    /// How: text, mermaid (for a pull request) or svg
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Drawn::Text, hide_possible_values = true)]
    pub format: Drawn,
    /// Draw with signs of ASCII alone
    #[arg(long)]
    pub ascii: bool,
    /// Columns of a line, 80 to 160; the terminal's otherwise
    #[arg(long, value_name = "N")]
    pub columns: Option<usize>,
    /// Show the beginning of payloads that are text
    #[arg(short = 'A')]
    pub payload: bool,
    /// Addresses and ports as numbers, not by name
    #[arg(short)]
    pub numeric: bool,
    /// Stop after N packets
    #[arg(short, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// Colour: auto (on a terminal, unless NO_COLOR is set), always or never
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Color::Auto, hide_possible_values = true)]
    pub color: Color,
    /// What is given up before packets are read.
    #[command(flatten)]
    pub confinement: ConfinementArgs,
    /// pcap filter expression, such as: tcp port 443
    #[arg(value_name = "FILTER", value_hint = ValueHint::Other)]
    pub filter: Vec<OsString>,
}

/// How a ladder is drawn.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Drawn {
    /// Text for a terminal
    Text,
    /// A Mermaid sequence diagram
    Mermaid,
    /// A picture
    Svg,
}

/// Draws what was asked for.
pub fn run(args: &LadderArgs, around: &Environment) -> Result<Exit> {
    let plan = plan(args, around)?;
    let columns = args.columns.or_else(|| terminal_size::terminal_size().map(|(width, _)| width.0.into()));
    let text = TextStyle {
        columns: columns.unwrap_or(WITHOUT_TERMINAL).clamp(*COLUMNS.start(), *COLUMNS.end()),
        ascii: args.ascii,
        style: Style::new(plan.color),
    };
    let mut ladder = Ladder::new(LadderOptions {
        format: match args.format {
            Drawn::Text => Format::Text(text),
            Drawn::Mermaid => Format::Mermaid,
            Drawn::Svg => Format::Svg,
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
        tell(&format!(
            "tcpcheck: {packets} packets of other connections are not drawn: choose one with --flow N or a filter"
        ));
    }
    Ok(exit)
}

/// A run that shows nothing but what is asked of it.
fn plan(args: &LadderArgs, around: &Environment) -> Result<Plan> {
    let mut typed = Args::parse_from(["tcpcheck"]);
    typed.source.interface.clone_from(&args.interface);
    typed.source.read.clone_from(&args.read);
    typed.source.merge = true;
    typed.which.filter.clone_from(&args.filter);
    typed.which.count = args.count;
    typed.output.color = args.color;
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
    let mut worst: Option<(Trouble, Reverse<u32>)> = None;
    let mut count = 0_u64;
    session.read_ahead(&mut |event| {
        if let Event::Ended(flow) = event {
            count += 1;
            worst = worst.max(Some((trouble(&flow), Reverse(flow.number))));
        }
    })?;
    match worst {
        Some((_, Reverse(number))) if args.worst || count == 1 => Ok(Some(number)),
        Some((_, Reverse(number))) => bail!(
            "{count} connections pass the filter: choose one with --flow N, --worst (here: {number}) or a filter; \
             tcpcheck --flows lists them"
        ),
        None => Ok(None),
    }
}
