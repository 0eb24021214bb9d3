//! `tcpcheck check`: captures judged by a policy.

mod helper;
mod inputs;
mod judging;
mod known;
mod live;
mod outputs;
mod pair;

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use jiff::tz::TimeZone;

use crate::capture::{Filter, SaveNames, SavedFile, Turns};
use crate::display;
use crate::policy::{self, Draft, Named, Policy};
use crate::report::check::Run;

use super::args::CheckArgs;
use super::output::warn;
use super::plan::{self, is_standard};
use super::run::BrokerHandle;
use super::sandbox::{self, AllowedDescriptors};
use super::{Environment, Exit};
use inputs::Input;
use known::BaselineSession;
use live::Live;
use outputs::Outputs;
use pair::Pair;

/// Judges what was named.
pub fn run(args: &CheckArgs, around: &Environment) -> Result<Exit> {
    if args.schema {
        std::io::stdout().lock().write_all(policy::SCHEMA.as_bytes())?;
        return Ok(Exit::Done);
    }
    let filter = Filter::compile(args.filter.as_deref().unwrap_or_default())?.prepared();
    if args.init {
        return init(args, &filter);
    }
    let policy = read_policy(args)?;
    let mut known = BaselineSession::open(args, &policy)?;
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
    known: &mut BaselineSession,
) -> Result<Exit> {
    let confined = !args.confinement.no_sandbox;
    let inputs = inputs::inputs(&args.files, confined)?;
    let pair = Pair::open((&inputs, &args.files), policy, filter, args.analysis.options())?;
    let names = inputs.iter().map(|input| input.path.display().to_string()).chain(pair.as_ref().map(Pair::name));
    known.prepare(args, names)?;
    let captures: Vec<PathBuf> = inputs.iter().map(|input| input.path.clone()).collect();
    let outputs = Outputs::open(args, around, &captures)?;
    confine(args, AllowedDescriptors::default())?;
    let inputs = if pair.is_none() || policy.judges_captures() { inputs } else { Vec::new() };
    let mut captures = judging::each(&inputs, |input| judging::file(input, policy, filter, args.analysis.options()));
    captures.extend(pair.map(|pair| pair.judge(policy)));
    for capture in &mut captures {
        known.apply(capture);
    }
    let exhibits = judging::each(&captures.iter().zip(&inputs).collect::<Vec<_>>(), |(capture, input)| {
        capture
            .verdict
            .as_ref()
            .map(|verdict| judging::exhibit(input, verdict, filter, args.analysis.options()))
            .unwrap_or_default()
    });
    for (capture, exhibit) in captures.iter_mut().zip(exhibits) {
        capture.exhibit = exhibit;
    }
    finish(outputs, Run { captures, ..new_run(args, policy) }, known)
}

fn judge_live(
    args: &CheckArgs,
    around: &Environment,
    interface: &OsString,
    policy: &Policy,
    known: &mut BaselineSession,
) -> Result<Exit> {
    if policy.judges_pairs() {
        bail!("{}", pair::WANTED);
    }
    let live = Live::open(args, interface)?;
    known.prepare(args, std::iter::once(live.name.clone()))?;
    let outputs = Outputs::open(args, around, &[])?;
    let live::Judged { mut capture, command, mut kept, again } = live.judge(args, policy)?;
    known.apply(&mut capture);
    if let Ok(verdict) = &capture.verdict {
        // The kernel has applied the filter.
        capture.exhibit = judging::exhibit(&again, verdict, &Filter::default(), args.analysis.options());
    }
    let failed = !capture.exhibit.is_empty();
    let exit = finish(outputs, Run { captures: vec![capture], command, ..new_run(args, policy) }, known)?;
    if failed && let Some(path) = kept.keep()? {
        warn(&format!("tcpcheck: the packets are kept in {}", display::path(&path)));
    }
    Ok(exit)
}

/// Gives up what reading packets needs not. What reads a file when it is needed first has read it by now, or reads it here.
fn confine(args: &CheckArgs, doors: AllowedDescriptors) -> Result<()> {
    if args.confinement.no_sandbox {
        return Ok(());
    }
    let _ = TimeZone::system();
    sandbox::close(plan::user(&args.confinement)?.as_ref(), doors)
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
fn finish(mut outputs: Outputs<'_>, mut run: Run<'_>, known: &mut BaselineSession) -> Result<Exit> {
    (run.baseline, run.shrinks) = known.settle()?;
    outputs.write(&run)?;
    Ok(Exit::Judged(run.standing()))
}

/// The policy that was named, or that lies in this directory or above, or else the one that is built in.
fn read_policy(args: &CheckArgs) -> Result<Policy> {
    let (path, named) = match &args.policy {
        Some(path) => (Some(path.clone()), Named::ByUser),
        None => (policy::find(&std::env::current_dir().context("the working directory")?), Named::BySearch),
    };
    match path {
        Some(path) => Ok(Policy::read(&inputs::slashed(path), named, jiff::Zoned::now().date())?),
        None => Ok(Policy::built_in()),
    }
}

/// Writes a policy that the captures pass.
fn init(args: &CheckArgs, filter: &Filter) -> Result<Exit> {
    let file = args.policy.clone().unwrap_or_else(|| policy::FILE_NAME.into());
    if !is_standard(&file) && file.exists() {
        bail!("{}: there is a policy already: remove it first, or name another with -P", display::path(&file));
    }
    let confined = !args.confinement.no_sandbox;
    let inputs = inputs::inputs(&args.files, confined)?;
    // Only what has been learnt is worth a file: it is made at the end.
    let desk = BrokerHandle::open(confined, Some(SaveNames::new(&file, Turns::default())), None)?;
    confine(args, AllowedDescriptors { broker: desk.socket, capture: None })?;
    let mut draft = Draft::default();
    for input in &inputs {
        let verdicts =
            draft.policies().iter().map(|policy| judging::file(input, policy, filter, args.analysis.options()).verdict);
        draft.learn(verdicts.collect::<Result<_, _>>().map_err(anyhow::Error::msg)?);
    }
    let named = named(&inputs);
    if draft.connections() == 0 {
        bail!("no TCP connection to learn from in {named}");
    }
    let text = draft.text(&named);
    if is_standard(&file) {
        std::io::stdout().lock().write_all(text.as_bytes())?;
    } else {
        let (mut made, path) = desk.broker.ask().make(&SavedFile::Turn { began: None, count: 0 })?;
        made.write_all(text.as_bytes()).with_context(|| display::path(&path))?;
        warn(&format!("{}: written; try it: tcpcheck check {named}", display::path(&file)));
    }
    Ok(Exit::Done)
}

fn named(inputs: &[Input]) -> String {
    let names: Vec<String> = inputs.iter().take(3).map(|input| display::path(&input.path)).collect();
    let more = inputs.len().saturating_sub(3);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", names.join(" "))
}
