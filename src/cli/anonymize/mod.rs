//! `tcpcheck anonymize`: a capture without addresses, names and payload, in which the same is found.

mod options;
mod pseudonyms;
mod rewrite;
mod sum;

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::{Args as Group, ValueHint};

use crate::capture::{Frame, FrameSource, Rotation, SaveFormat, SaveNames, SaveOptions, SharedClerk, Timestamp, Turns};
use crate::display;
use crate::track::Event;

use super::args::ConfinementArgs;
use super::exit::Exit;
use super::plan::{Environment, Plan};
use super::run::{Desk, Seen, Session, Visitor};
use super::split::damaged;
use pseudonyms::Pseudonyms;

/// What was typed behind `anonymize`.
#[derive(Debug, Group)]
pub struct AnonymizeArgs {
    /// Capture files (-: standard input); several are merged in time order
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
    /// Write the packets to this file (-: standard output); pcapng if its name ends in .pcapng
    #[arg(short, long = "write", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub write: PathBuf,
    /// Take the secret from this file: the same secret gives the same pseudonyms. By default it is drawn, and forgotten
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub key: Option<PathBuf>,
    /// Leave ports as they are
    #[arg(long)]
    pub keep_ports: bool,
    /// Move all times by so many seconds, back with a minus
    #[arg(long, value_name = "SECONDS", default_value_t = 0, allow_negative_numbers = true, hide_default_value = true)]
    pub shift: i64,
    /// Only packets that this pcap filter expression takes
    #[arg(long, value_name = "FILTER")]
    pub filter: Option<OsString>,
    /// What is given up before packets are read.
    #[command(flatten)]
    pub confinement: ConfinementArgs,
}

/// Writes the capture anew.
pub fn run(args: &AnonymizeArgs, around: &Environment) -> Result<Exit> {
    let plan = Plan::silent(&args.files, args.filter.as_ref(), &args.confinement, around)?;
    let secret = secret(args)?;
    let desk = Desk::open(plan.confined, Some(SaveNames::new(&args.write, Turns::default())), None)?;
    let clerk = desk.clerk.clone();
    let Some(session) = Session::begin_with(&plan, desk)? else { return Ok(Exit::Done) };
    let mut anonymizer = Anonymizer {
        names: Pseudonyms::new(&secret, args.keep_ports),
        clerk,
        format: SaveFormat::of(&args.write),
        shift: args.shift.saturating_mul(1_000_000_000),
        options: SaveOptions::default(),
        file: None,
        bytes: Vec::new(),
    };
    let faults = session.read(&mut anonymizer)?;
    let file = match anonymizer.file.take() {
        Some(file) => file,
        None => anonymizer.make()?,
    };
    if file.finish()? > 0 {
        bail!("{}: not all packets could be written", display::path(&args.write));
    }
    damaged(&faults)?;
    Ok(Exit::Done)
}

/// What pseudonyms are made with.
fn secret(args: &AnonymizeArgs) -> Result<Vec<u8>> {
    let Some(path) = &args.key else { return Ok(ipcrypt_rs::IpcryptPfx::generate_key().to_vec()) };
    let secret = std::fs::read(path).with_context(|| format!("--key {}", display::path(&path)))?;
    // Whoever knows one pseudonym could try short ones one by one.
    if secret.len() < 16 {
        bail!(
            "--key {}: a secret has 16 bytes at least; head -c 32 /dev/urandom > FILE makes one",
            display::path(&path)
        );
    }
    Ok(secret)
}

/// Writes packets anew.
struct Anonymizer {
    names: Pseudonyms,
    clerk: SharedClerk,
    format: SaveFormat,
    /// Nanoseconds.
    shift: i64,
    options: SaveOptions,
    file: Option<Rotation>,
    /// The packet under way.
    bytes: Vec<u8>,
}

impl Anonymizer {
    fn make(&self) -> Result<Rotation> {
        Ok(Rotation::through(self.clerk.clone(), self.options, Turns::default())?)
    }
}

impl Visitor for Anonymizer {
    fn begin(&mut self, source: &dyn FrameSource) {
        let info = source.info();
        self.options = SaveOptions {
            link_type: info.link_type,
            snaplen: info.snaplen,
            precision: info.precision,
            unbuffered: false,
            format: self.format,
        };
    }

    fn packet(&mut self, seen: &Seen<'_>) -> Result<()> {
        self.bytes.clear();
        rewrite::rewrite(&mut self.bytes, seen.frame, seen.dissection, &mut self.names);
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                let file = self.make()?;
                self.file.insert(file)
            }
        };
        let ts = Timestamp(seen.frame.ts.0.saturating_add(self.shift));
        file.write(&Frame { ts, data: &self.bytes, ..*seen.frame })?;
        Ok(())
    }

    fn event(&mut self, _: Event) -> Result<()> {
        Ok(())
    }
}
