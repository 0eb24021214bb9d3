//! Some of a capture's connections, tracked from their segments.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::capture::Timestamp;
use crate::cli::sandbox::{self, AllowedDescriptors, User};
use crate::dissect::Other;
use crate::track::{AnalysisOptions, Observation, Shard, Visitor};

use super::blocks::{Blocks, Entries, Letter, Rows};
use super::read::{Icmp, Item, Record};

/// Number of bytes that are read at a time.
const READ: usize = 1 << 20;

/// What is known of a capture.
#[derive(Debug, Deserialize)]
struct CapturePlan {
    source: String,
    started: i64,
    ended: i64,
    files: BTreeMap<u32, Before>,
}

/// What the files before one hold together.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
struct Before {
    frames: u64,
    interfaces: u32,
    bare: u64,
    data: u64,
}

/// Tracks what stands on standard input, in the order of its frames.
pub(super) fn run(plan: &Path, context: &Path, rows: bool, options: AnalysisOptions, blocks: &Blocks) -> Result<()> {
    let read = |path: &Path| std::fs::read(path).with_context(|| path.display().to_string());
    let plan: CapturePlan = serde_json::from_slice(&read(plan)?)?;
    let shard = Shard::new(options.tracker, &read(context)?, Timestamp(plan.started));
    let shard = shard.context("the context is not one of this version")?;
    sandbox::close(User::of(None)?.as_ref(), AllowedDescriptors::default())?;
    let rows = rows.then(|| Rows::new(blocks, &plan.source));
    let mut replay = Replay { plan, shard, rows, observation: Observation::default(), ended: false };
    let mut stdin = std::io::stdin().lock();
    let mut waiting = Vec::new();
    while stdin.by_ref().take(READ as u64).read_to_end(&mut waiting)? > 0 {
        let mut from = &waiting[..];
        let mut taken = 0;
        while let Ok((record, rest)) = postcard::take_from_bytes::<Record>(from) {
            from = rest;
            taken = waiting.len() - from.len();
            replay.take(record)?;
        }
        waiting.drain(..taken);
    }
    if !replay.ended || !waiting.is_empty() {
        bail!("the segments on standard input are cut");
    }
    replay.finish(blocks)
}

struct Replay {
    plan: CapturePlan,
    shard: Shard,
    rows: Option<Rows>,
    observation: Observation,
    ended: bool,
}

impl Replay {
    fn take(&mut self, record: Record) -> Result<()> {
        let Record { file, bare, data, item } = record;
        let before = self.plan.files.get(&file).copied().unwrap_or_default();
        match item {
            Item::Segment(mut segment) => {
                segment.frame += before.frames;
                segment.interface += before.interfaces;
                let counted = (before.bare + u64::from(bare), before.data + u64::from(data));
                self.shard.segment(&segment, counted, &mut self.observation);
                if let Some(rows) = &mut self.rows {
                    rows.segment(&segment, &self.observation)?;
                }
            }
            Item::Icmp(Icmp { frame, ts, error }) => {
                self.shard.other(frame + before.frames, ts, Other::Icmp(error));
            }
            Item::End => self.ended = true,
        }
        self.events()
    }

    fn events(&mut self) -> Result<()> {
        while let Some(event) = self.shard.next_event() {
            if let Some(rows) = &mut self.rows {
                rows.event(event)?;
            }
        }
        Ok(())
    }

    fn finish(mut self, blocks: &Blocks) -> Result<()> {
        self.shard.finish(Timestamp(self.plan.ended));
        self.events()?;
        if let Some(rows) = &mut self.rows {
            rows.finish()?;
        }
        let mut log = Entries::new(blocks, Letter::Log);
        for (frame, bytes) in self.shard.log() {
            log.add_bytes(0, frame, &bytes)?;
        }
        log.finish()?;
        if let Some(why) = self.shard.doubt() {
            blocks.write(Letter::Doubt, why.as_bytes())?;
        }
        Ok(())
    }
}
