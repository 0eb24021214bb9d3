//! One run of the program: what was typed ([`args`]), what that means here ([`plan`]), the run, and its exit status.

pub mod args;
mod exit;
mod manual;
mod output;
pub mod plan;
mod progress;
mod quality;
mod run;

pub use args::Args;
pub use exit::Exit;
pub use plan::{Environment, Plan};
pub use run::{is_closed_pipe, run};

use clap::CommandFactory;

use args::SubCommand;

/// Does what was typed.
pub fn main(args: &Args) -> anyhow::Result<Exit> {
    match &args.command {
        None => run(&Plan::new(args, &Environment::of_process())?),
        Some(SubCommand::Completions { shell }) => {
            clap_complete::generate(*shell, &mut Args::command(), "tcpcheck", &mut std::io::stdout());
            Ok(Exit::Done)
        }
        Some(SubCommand::Man) => {
            manual::write(&mut std::io::stdout())?;
            Ok(Exit::Done)
        }
    }
}
