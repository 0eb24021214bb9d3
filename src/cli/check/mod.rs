//! `tcpcheck check`: captures judged by a policy.

pub mod args;
mod inputs;
mod judging;
mod known;
mod live;

pub use args::CheckArgs;

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::capture::Filter;
use crate::policy::{self, Draft, Policy};
use crate::report::Style;
use crate::report::check::{self, Run};

use super::output::tell;
use super::plan::is_standard;
use super::{Environment, Exit};
use args::{Destination, Format};
use known::Known;

/// Judges what was named.
pub fn run(args: &CheckArgs, around: &Environment) -> Result<Exit> {
    if args.schema {
        std::io::stdout().lock().write_all(policy::SCHEMA.as_bytes())?;
        return Ok(Exit::Done);
    }
    let filter = Filter::compile(args.filter.as_deref().unwrap_or_default())?;
    if args.init {
        return init(args, &filter);
    }
    let policy = read_policy(args)?;
    let mut known = Known::open(args, &policy)?;
    match &args.interface {
        Some(interface) => judge_live(args, around, interface, &policy, &mut known),
        None => judge_files(args, around, &filter, &policy, &mut known),
    }
}

fn judge_files(
    args: &CheckArgs,
    around: &Environment,
    filter: &Filter,
    policy: &Policy,
    known: &mut Known,
) -> Result<Exit> {
    let paths = inputs::captures(&args.files)?;
    let mut captures = judging::each(&paths, |path| judging::file(path, policy, filter));
    for capture in &mut captures {
        known.apply(capture);
    }
    let exhibits = judging::each(&captures.iter().zip(&paths).collect::<Vec<_>>(), |(capture, path)| {
        capture.verdict.as_ref().map(|verdict| judging::exhibit(path, verdict, filter)).unwrap_or_default()
    });
    for (capture, exhibit) in captures.iter_mut().zip(exhibits) {
        capture.exhibit = exhibit;
    }
    finish(args, around, Run { captures, ..new_run(args, policy) }, known)
}

fn judge_live(
    args: &CheckArgs,
    around: &Environment,
    interface: &OsString,
    policy: &Policy,
    known: &mut Known,
) -> Result<Exit> {
    let live::Live { mut capture, command, kept, path } = live::judge(args, interface, policy)?;
    known.apply(&mut capture);
    if let Ok(verdict) = &capture.verdict {
        // The kernel has applied the filter.
        capture.exhibit = judging::exhibit(&path, verdict, &Filter::compile("")?);
    }
    let failed = !capture.exhibit.is_empty();
    let exit = finish(args, around, Run { captures: vec![capture], command, ..new_run(args, policy) }, known)?;
    if let Some(kept) = kept.filter(|_| failed) {
        let path = kept.keep().context("the temporary file")?;
        tell(&format!("tcpcheck: the packets are kept in {}", path.display()));
    }
    Ok(exit)
}

fn new_run<'p>(args: &CheckArgs, policy: &'p Policy) -> Run<'p> {
    Run {
        policy,
        captures: Vec::new(),
        allow_empty: args.allow_empty,
        baseline: None,
        shrinks: Vec::new(),
        command: None,
    }
}

/// Reports a run, and keeps its baseline.
fn finish(args: &CheckArgs, around: &Environment, mut run: Run<'_>, known: &mut Known) -> Result<Exit> {
    (run.baseline, run.shrinks) = known.settle()?;
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

/// Writes a policy that the captures pass.
fn init(args: &CheckArgs, filter: &Filter) -> Result<Exit> {
    let file = args.policy.clone().unwrap_or_else(|| policy::FILE_NAME.into());
    if !is_standard(&file) && file.exists() {
        bail!("{}: there is a policy already: remove it first, or name another with -P", file.display());
    }
    let paths = inputs::captures(&args.files)?;
    let mut draft = Draft::default();
    for path in &paths {
        let verdicts = draft.policies().iter().map(|policy| judging::file(path, policy, filter).verdict);
        draft.learn(verdicts.collect::<Result<_, _>>().map_err(anyhow::Error::msg)?);
    }
    if draft.connections() == 0 {
        bail!("no TCP connection to learn from in {}", named(&paths));
    }
    let text = draft.text(&named(&paths));
    if is_standard(&file) {
        std::io::stdout().lock().write_all(text.as_bytes())?;
    } else {
        save(&file, text.as_bytes())?;
        tell(&format!("{}: written; try it: tcpcheck check {}", file.display(), named(&paths)));
    }
    Ok(Exit::Done)
}

fn named(paths: &[PathBuf]) -> String {
    let names: Vec<String> = paths.iter().take(3).map(|path| path.display().to_string()).collect();
    let more = paths.len().saturating_sub(3);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", names.join(" ")).replace(char::is_control, "?")
}

/// Writes each format where it belongs; text to standard output unless something else goes there.
fn write(args: &CheckArgs, around: &Environment, run: &Run<'_>) -> Result<()> {
    let to_stdout = |destination: &Destination| is_standard(&destination.file);
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
    // GitHub shows what is appended to this file above the job.
    let annotated = args.output.iter().any(|destination| destination.format == Format::Github);
    if let Some(summary) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|file| annotated && !file.is_empty()) {
        let path = PathBuf::from(summary);
        let file = std::fs::OpenOptions::new().append(true).create(true).open(&path);
        let written = file.and_then(|mut file| file.write_all(&check::markdown(run)));
        written.with_context(|| format!("the job summary, {}", path.display()))?;
    }
    Ok(())
}

fn rendered(format: Format, args: &CheckArgs, style: Style, run: &Run<'_>) -> Vec<u8> {
    match format {
        Format::Text => check::text(run, style, args.quiet),
        Format::Ndjson => check::ndjson(run),
        Format::Junit => check::junit(run),
        Format::Sarif => check::sarif(run),
        Format::Github => check::github(run),
        Format::Markdown => check::markdown(run),
    }
}

fn save(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).with_context(|| path.display().to_string())
}
