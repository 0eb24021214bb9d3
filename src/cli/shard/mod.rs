//! `tcpcheck shard`: the steps of a job on a cluster, each a process between two pipes (docs/cluster.md).
//!
//! What comes out are blocks: a letter, a length, and bytes of that length. The last one says that it is the last, since a pipe that ends
//! early looks like one that ends.

mod blocks;
mod read;
mod replay;

use anyhow::Result;

use crate::cli::args::ShardCommand;
use crate::cli::exit::Exit;
use crate::cli::plan::{Environment, Plan};
use crate::cli::run::Session;

use blocks::{Blocks, Letter, Rows};

/// Does one step.
pub(super) fn run(command: &ShardCommand, around: &Environment) -> Result<Exit> {
    let blocks = Blocks::default();
    match command {
        ShardCommand::Read { file, number, filter, analysis } => {
            read::run(file, *number, filter.as_ref(), analysis, &blocks)?;
        }
        ShardCommand::Replay { plan, context, no_rows, analysis } => {
            replay::run(plan, context, !no_rows, analysis.options(), &blocks)?;
        }
        ShardCommand::Whole { files, filter, analysis } => {
            let mut plan = Plan::silent(files, filter.as_ref(), Some(analysis), &Default::default(), around)?;
            plan.merge = true;
            let Some(session) = Session::begin(&plan)? else { return Ok(Exit::CouldNot) };
            let mut rows = Rows::new(&blocks, &super::export::source_of(files));
            session.read(&mut rows)?;
            rows.finish()?;
        }
    }
    blocks.write(Letter::End, &[])?;
    blocks.flush()?;
    Ok(Exit::Done)
}
