//! A file's segments, and what the file is like.

use std::ffi::OsString;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::analyse::is_damage;
use crate::capture::defragment::Lost;
use crate::capture::{Filter, FrameSource, Next, OpenFiles, Timestamp};
use crate::cli::args::AnalysisArgs;
use crate::cli::plan::{Environment, Plan};
use crate::cli::sandbox::{self, AllowedDescriptors, User};
use crate::dissect::{Dissection, IcmpError, Other, Reader, Segment};
use crate::track::kind_of;

use super::blocks::{Blocks, Entries, Letter};

/// A frame on its way to where its connection is tracked.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Record {
    /// The number of its file.
    pub file: u32,
    /// How many bare acknowledgments, and segments with data, the file has before it.
    pub bare: u32,
    pub data: u32,
    pub item: Item,
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) enum Item {
    Segment(Segment),
    Icmp(Icmp),
    /// Nothing comes behind this.
    End,
}

/// An error about a segment.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Icmp {
    pub frame: u64,
    pub ts: Timestamp,
    pub error: IcmpError,
}

/// What a file is like.
#[derive(Debug, Default, Serialize)]
struct Facts {
    frames: u64,
    /// Of all frames, and of those that passed the filter.
    first_ts: Option<i64>,
    last_ts: Option<i64>,
    started: Option<i64>,
    ended: Option<i64>,
    interfaces: usize,
    bare: u32,
    data: u32,
    segments: u64,
    /// Why its segments cannot be tracked apart from each other.
    doubt: Option<&'static str>,
    faults: Vec<String>,
    damaged: bool,
    error: Option<String>,
}

/// Reads the file.
pub(super) fn run(
    file: &Path,
    number: u32,
    filter: Option<&OsString>,
    analysis: &AnalysisArgs,
    blocks: &Blocks,
) -> Result<()> {
    let path: PathBuf = file.to_owned();
    let around = Environment::of_process();
    let plan = Plan::silent(std::slice::from_ref(&path), filter, Some(analysis), &Default::default(), &around)?;
    let files = OpenFiles::open(&[path])?;
    sandbox::close(User::of(None)?.as_ref(), AllowedDescriptors::default())?;
    let mut source = files.one(0, || Box::new(std::io::stdin()))?;
    let mut facts = Facts { interfaces: source.interfaces().len(), ..Facts::default() };
    let mut filter = plan.filter.clone();
    let mut reader = Reader::new(!plan.analysis.ignore_checksums);
    let mut entries = Entries::new(blocks, Letter::Segments);
    let read = segments(source.as_mut(), &mut filter, &mut reader, (number, &mut facts), &mut entries);
    entries.finish()?;
    facts.error = read.err().map(|error| format!("{error:#}"));
    if reader.lost_fragments() != Lost::default() {
        facts.doubt = Some("fragments of packets are missing, or in another file");
    } else if source.interfaces().len() != facts.interfaces {
        facts.doubt = Some("a file tells of its interfaces as it goes");
    } else if !source.faults().is_empty() || source.drops().is_some_and(|drops| drops.kernel + drops.interface > 0) {
        facts.doubt = Some("a file is cut, or packets were lost before it");
    }
    facts.faults = source.faults().iter().map(ToString::to_string).collect();
    facts.damaged = source.faults().iter().any(is_damage);
    Ok(blocks.write(Letter::Facts, &serde_json::to_vec(&facts)?)?)
}

fn segments(
    source: &mut dyn FrameSource,
    filter: &mut Filter,
    reader: &mut Reader,
    (number, facts): (u32, &mut Facts),
    entries: &mut Entries<'_>,
) -> Result<()> {
    loop {
        let frame = match source.next_frame()? {
            Next::Frame(frame) => frame,
            Next::Idle => continue,
            Next::End => return Ok(()),
        };
        facts.frames += 1;
        let ts = frame.ts.0;
        facts.first_ts = Some(facts.first_ts.map_or(ts, |first| first.min(ts)));
        if facts.last_ts.is_some_and(|last| ts < last) {
            facts.doubt = Some("time goes back in a file");
        }
        facts.last_ts = facts.last_ts.max(Some(ts));
        if !filter.accepts(&frame)? {
            continue;
        }
        facts.started = facts.started.or(Some(ts));
        facts.ended = facts.ended.max(Some(ts));
        let mut dissection = Dissection::new();
        reader.read(&frame, &mut dissection);
        let (bare, data) = (facts.bare, facts.data);
        let record = |item| Record { file: number, bare, data, item };
        match reader.segment(&dissection) {
            Ok(segment) => {
                let record = record(Item::Segment(*segment));
                entries.add(key(segment.src.addr, segment.dst.addr), frame.number, &record)?;
                let (bare, data) = kind_of(segment);
                facts.bare += u32::from(bare);
                facts.data += u32::from(data);
                facts.segments += 1;
            }
            Err(Other::Icmp(error)) => {
                let record = record(Item::Icmp(Icmp { frame: frame.number, ts: frame.ts, error }));
                entries.add(key(error.src.addr, error.dst.addr), frame.number, &record)?;
            }
            Err(Other::Unread(_)) => facts.doubt = Some("a link type is not read"),
            Err(Other::Nothing) => {}
        }
    }
}

/// The same for both directions, and for all connections of two hosts: what their stacks count is learnt from all of these.
// The tracker's own key: addresses and ports of the innermost packet, whatever tunnel or tag stands before it.
fn key(one: IpAddr, other: IpAddr) -> u64 {
    let mix = |addr: IpAddr| {
        let bits = match addr {
            IpAddr::V4(addr) => u128::from(addr.to_bits()),
            IpAddr::V6(addr) => addr.to_bits(),
        };
        let word = ((bits >> 64) as u64).rotate_left(32) ^ bits as u64;
        (word ^ word >> 29).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    };
    let sum = mix(one).wrapping_add(mix(other));
    (sum ^ sum >> 32).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}
