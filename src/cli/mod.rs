//! One run of the program: what was typed ([`args`]), what that means here ([`plan`]), the run, and its exit status.

mod anonymize;
pub mod args;
#[cfg(target_os = "linux")]
mod broker;
pub mod check;
mod compare;
mod completions;
mod descriptors;
mod exit;
mod explain;
mod export;
mod interruptible;
mod ladder;
mod manual;
mod operands;
mod output;
mod pager;
pub mod plan;
mod progress;
mod quality;
mod report;
mod ring;
mod rules;
mod run;
#[cfg_attr(not(target_os = "linux"), path = "sandbox/elsewhere.rs")]
pub mod sandbox;
mod saver;
pub mod select;
mod shard;
mod sides;
mod signals;
mod split;
mod watch;

pub use args::Args;
pub use exit::Exit;
pub use output::{chain, warn};
pub use plan::{Environment, Plan};
pub use run::{is_closed_pipe, run};

use std::io::{IsTerminal, Write};

use clap::CommandFactory;

use crate::capture::{self, LinkType};
use args::SubCommand;

/// Does what was typed.
pub fn main(args: &Args) -> anyhow::Result<Exit> {
    let colors = |asked| Environment::of_process().style(asked);
    let mut stdout = std::io::stdout().lock();
    match &args.command {
        Some(SubCommand::Completions { shell }) => {
            stdout.write_all(completions::script(*shell).as_bytes())?;
        }
        Some(SubCommand::Check(args)) => {
            drop(stdout);
            return check::run(args, &Environment::of_process());
        }
        Some(SubCommand::Compare(args)) => {
            drop(stdout);
            return compare::run(args, &Environment::of_process());
        }
        Some(SubCommand::Explain { read, numeric, color, analysis, words }) => {
            let (mut read, mut words, style) = (read.clone(), words.clone(), colors(*color));
            // One word is a page's name, unless it is called like a capture.
            if words.len() > 1 || words.iter().any(|word| operands::is_called_like_one(word.as_ref())) {
                read.extend(operands::take_captures(&mut words));
            }
            let word = explain::one_word(&words)?;
            drop(stdout);
            match read.is_empty() {
                true => pager::show(&explain::word(word, style)?)?,
                // Whoever reads a capture cannot start a pager, and whoever starts a pager reads no capture.
                false if std::io::stdout().is_terminal() => match pager::of_another(style)? {
                    Some(text) => pager::show(&text)?,
                    None => return Ok(Exit::CouldNot),
                },
                false => std::io::stdout().lock().write_all(&explain::frame(
                    &read,
                    word,
                    style,
                    *numeric,
                    analysis.options(),
                )?)?,
            }
        }
        Some(SubCommand::Rules { json, color }) => {
            let text = if *json { rules::json()? } else { rules::table(colors(*color)) };
            stdout.write_all(&text)?;
        }
        Some(SubCommand::Ladder(args)) => {
            drop(stdout);
            return ladder::run(args, &Environment::of_process());
        }
        Some(SubCommand::Report(args)) => {
            drop(stdout);
            return report::run(args, &Environment::of_process());
        }
        Some(SubCommand::Anonymize(args)) => {
            drop(stdout);
            return anonymize::run(args, &Environment::of_process());
        }
        Some(SubCommand::Export(args)) => {
            drop(stdout);
            return export::run(args, &Environment::of_process());
        }
        Some(SubCommand::Split(args)) => {
            drop(stdout);
            return split::run(args, &Environment::of_process());
        }
        Some(SubCommand::Shard(command)) => {
            drop(stdout);
            return shard::run(command, &Environment::of_process());
        }
        Some(SubCommand::Man) => {
            drop(stdout);
            let mut page = Vec::new();
            manual::write(&mut page)?;
            pager::show_manual(&page)?;
        }
        Some(SubCommand::Broker) => {
            drop(stdout);
            #[cfg(target_os = "linux")]
            broker::serve()?;
        }
        None if args.which.filter.first().is_some_and(|word| word == "help") => {
            stdout.write_all(&help(args.which.filter.get(1)))?;
        }
        None if std::env::args_os().len() < 2 && std::io::stdout().is_terminal() => {
            stdout.write_all(WITHOUT_ARGUMENTS.as_bytes())?;
        }
        None if args.source.list_interfaces => {
            for interface in capture::list_interfaces()? {
                writeln!(stdout, "{interface}")?;
            }
        }
        None if args.source.list_data_link_types => {
            for name in capture::list_link_types(&plan::live_options(args)?)? {
                let description = LinkType::named(&name).and_then(LinkType::description);
                writeln!(stdout, "{name}{}", description.map(|words| format!(" ({words})")).unwrap_or_default())?;
            }
        }
        None => {
            drop(stdout);
            return run(&Plan::new(args, &Environment::of_process())?);
        }
    }
    Ok(Exit::Done)
}

/// What is said where nothing was asked for, and somebody is there to read it.
const WITHOUT_ARGUMENTS: &str = "\
tcpdump's lines, both ends' TCP states, and findings that say why.

  tcpcheck trace.pcap                      packets, states and findings
  tcpcheck report trace.pcap -o r.html     a page to open in a browser
  sudo tcpcheck -i any tcp port 443        live, until ^C

tcpcheck --help lists all options and commands.
";

/// The help of a command, or of the program.
fn help(command: Option<&std::ffi::OsString>) -> Vec<u8> {
    let mut program = Args::command();
    program.build();
    let named = command.and_then(|name| program.find_subcommand_mut(name));
    match named {
        Some(command) => command.render_long_help().to_string().into_bytes(),
        None => Args::command().render_long_help().to_string().into_bytes(),
    }
}
