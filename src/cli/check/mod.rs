//! `tcpcheck check`: captures judged by a policy.

pub mod args;
mod inputs;
mod judging;

pub use args::CheckArgs;

use std::io::{IsTerminal, Write};
use std::path::Path;

use anyhow::{Context, Result};

use crate::capture::Filter;
use crate::policy::{self, Policy};
use crate::report::Style;
use crate::report::check::{self, Run};

use super::{Environment, Exit};
use args::{Destination, Format};

/// Judges what was named.
pub fn run(args: &CheckArgs, around: &Environment) -> Result<Exit> {
    let policy = read_policy(args)?;
    let filter = Filter::compile(args.filter.as_deref().unwrap_or_default())?;
    let paths = inputs::captures(&args.files)?;
    let captures = judging::each(&paths, |path| {
        let mut capture = judging::file(path, &policy, &filter);
        if let Ok(verdict) = &capture.verdict {
            capture.exhibit = judging::exhibit(path, verdict, &filter);
        }
        capture
    });
    let run = Run {
        policy: &policy,
        captures,
        allow_empty: args.allow_empty,
        baseline: None,
        shrinks: Vec::new(),
        command: None,
    };
    write(args, around, &run)?;
    Ok(Exit::Judged(run.standing()))
}

/// The policy that was named, or that lies in this directory or above, or else the one that is built in.
fn read_policy(args: &CheckArgs) -> Result<Policy> {
    let path = match &args.policy {
        Some(path) => Some(path.clone()),
        None => policy::find(&std::env::current_dir().context("the working directory")?),
    };
    match path {
        Some(path) => Ok(Policy::read(&path, jiff::Zoned::now().date())?),
        None => Ok(Policy::built_in()),
    }
}

/// Writes each format where it belongs; text to standard output unless something else goes there.
fn write(args: &CheckArgs, around: &Environment, run: &Run<'_>) -> Result<()> {
    let to_stdout = |destination: &Destination| super::plan::is_standard(&destination.file);
    for destination in &args.output {
        let written = rendered(destination.format, args, Style::new(false), run);
        if to_stdout(destination) {
            std::io::stdout().lock().write_all(&written)?;
        } else {
            save(&destination.file, &written)?;
        }
    }
    if !args.output.iter().any(to_stdout) {
        let style = Style::new(around.colors(args.color, std::io::stdout().is_terminal()));
        std::io::stdout().lock().write_all(&rendered(Format::Text, args, style, run))?;
    }
    Ok(())
}

fn rendered(format: Format, args: &CheckArgs, style: Style, run: &Run<'_>) -> Vec<u8> {
    match format {
        Format::Text => check::text(run, style, args.quiet),
        _ => Vec::new(),
    }
}

fn save(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).with_context(|| path.display().to_string())
}
