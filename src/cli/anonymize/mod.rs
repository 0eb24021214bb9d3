//! `tcpcheck anonymize`: a capture without addresses, names and payload, in which the same is found.

mod options;
mod pseudonyms;
mod rewrite;
mod sum;

use anyhow::{Context, Result, bail};

use crate::capture::{
    Frame, FrameSource, Rotation, SaveFormat, SaveNames, SaveOptions, SharedBroker, Timestamp, Turns,
};
use crate::display;
use crate::track::{Analysed, Event, Visitor};

use super::args::AnonymizeArgs;
use super::exit::Exit;
use super::plan::{Environment, Plan, check_output};
use super::quality::check_faults;
use super::run::{BrokerHandle, Session};
use pseudonyms::Pseudonyms;

/// Writes the capture anew.
pub(super) fn run(args: &AnonymizeArgs, around: &Environment) -> Result<Exit> {
    let plan = Plan::silent(&args.files, args.filter.as_ref(), None, &args.confinement, around)?;
    check_output(&args.write, &args.files)?;
    let secret = secret(args)?;
    let desk = BrokerHandle::open(plan.confined, Some(SaveNames::new(&args.write, Turns::default())), None)?;
    let broker = desk.broker.clone();
    let Some(session) = Session::begin_with(&plan, desk)? else { return Ok(Exit::Done) };
    let mut anonymizer = Anonymizer {
        names: Pseudonyms::new(&secret, args.keep_ports),
        broker,
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
    check_faults(&faults)?;
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
    broker: SharedBroker,
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
        Ok(Rotation::through(self.broker.clone(), self.options, Turns::default())?)
    }
}

impl Visitor for Anonymizer {
    type Error = anyhow::Error;

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

    fn packet(&mut self, seen: &Analysed<'_>) -> Result<()> {
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
