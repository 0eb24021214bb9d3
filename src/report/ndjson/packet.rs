//! The `packet` record.

use std::net::IpAddr;

use serde::Serialize;
use serde::ser::{SerializeSeq, Serializer};

use crate::capture::Span;
use crate::dissect::{Checksum, OptionFacts, Segment, TcpFlags};
use crate::track::{Acked, Direction, Finding, Note, Observation, States};

use super::VERSION;

/// A segment and what it did.
#[derive(Serialize)]
pub(super) struct PacketLine<'a> {
    r#type: &'static str,
    v: u8,
    frame: u64,
    ts: &'a str,
    rel_s: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    flow: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dir: Option<&'static str>,
    src: IpAddr,
    sport: u16,
    dst: IpAddr,
    dport: u16,
    ip_version: u8,
    wire_bytes: u32,
    captured_bytes: u32,
    ttl: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip_id: Option<u16>,
    flags: FlagNames,
    flags_text: FlagLetters,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq_end: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ack: Option<i64>,
    seq_raw: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    ack_raw: Option<u32>,
    payload_bytes: u32,
    window: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    window_bytes: Option<u64>,
    options: OptionsObject<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<StatesObject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acks: Option<AcksObject<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    in_flight_bytes: Option<u64>,
    checksum: &'static str,
    notes: Notes<'a>,
    findings: Codes<'a>,
}

impl<'a> PacketLine<'a> {
    /// Of a segment `elapsed` after the first packet, at `ts`.
    pub(super) fn new(segment: &'a Segment, seen: &'a Observation, elapsed: Span, ts: &'a str) -> Self {
        let tracked = seen.flow > 0;
        Self {
            r#type: "packet",
            v: VERSION,
            frame: segment.frame,
            ts,
            rel_s: elapsed.as_secs_f64(),
            flow: tracked.then_some(seen.flow),
            dir: seen.direction.map(direction),
            src: segment.src.addr,
            sport: segment.src.port,
            dst: segment.dst.addr,
            dport: segment.dst.port,
            ip_version: if segment.src.addr.is_ipv4() { 4 } else { 6 },
            wire_bytes: segment.wire_len,
            captured_bytes: segment.captured_len,
            ttl: segment.ttl,
            ip_id: segment.ip_id,
            flags: FlagNames(segment.flags),
            flags_text: FlagLetters(segment.flags),
            seq: tracked.then_some(seen.seq),
            seq_end: tracked.then_some(seen.seq_end),
            ack: seen.ack.filter(|_| tracked),
            seq_raw: segment.seq.0,
            ack_raw: segment.ack.map(|ack| ack.0),
            payload_bytes: segment.payload_len,
            window: segment.window,
            window_bytes: seen.window_bytes,
            options: OptionsObject::new(segment, seen),
            state: tracked.then(|| StatesObject::from(seen.after)),
            acks: seen.acked.map(|acked| AcksObject::new(acked, &seen.acked_frames)),
            in_flight_bytes: tracked.then_some(seen.in_flight),
            checksum: match segment.checksum {
                Checksum::Correct => "correct",
                Checksum::Partial => "partial",
                Checksum::Wrong { .. } => "wrong",
                Checksum::Unknown => "unknown",
            },
            notes: Notes(&seen.notes),
            findings: Codes { of: segment.frame, among: &seen.findings },
        }
    }
}

/// `c2s` or `s2c`.
pub(crate) fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::FromOriginator => "c2s",
        Direction::FromResponder => "s2c",
    }
}

/// Both ends' states by name.
#[derive(Serialize)]
pub(super) struct StatesObject {
    client: &'static str,
    server: &'static str,
}

impl From<States> for StatesObject {
    fn from(states: States) -> Self {
        Self { client: states.client.as_str(), server: states.server.as_str() }
    }
}

#[derive(Serialize)]
struct AcksObject<'a> {
    bytes: u64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    syn: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    fin: bool,
    frames: &'a [u64],
    #[serde(skip_serializing_if = "Option::is_none")]
    rtt_ms: Option<f64>,
}

impl<'a> AcksObject<'a> {
    fn new(acked: Acked, frames: &'a [u64]) -> Self {
        let Acked { bytes, syn, fin, rtt } = acked;
        Self { bytes, syn, fin, frames, rtt_ms: rtt.map(Span::as_millis_f64) }
    }
}

/// The options that are there; SACK blocks relative, as `ack` is.
#[derive(Serialize)]
struct OptionsObject<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    mss: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wscale: Option<u8>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    sack_permitted: bool,
    #[serde(skip_serializing_if = "SackRanges::is_empty")]
    sack: SackRanges<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamps: Option<TimestampsObject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fast_open_cookie_bytes: Option<u8>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    md5: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    ao: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    mptcp: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    acc_ecn: bool,
}

#[derive(Serialize)]
struct TimestampsObject {
    val: u32,
    ecr: u32,
}

impl<'a> OptionsObject<'a> {
    fn new(segment: &'a Segment, seen: &'a Observation) -> Self {
        let facts: &OptionFacts = &segment.options;
        Self {
            mss: facts.mss,
            wscale: facts.wscale,
            sack_permitted: facts.sack_permitted,
            sack: SackRanges { segment, base: seen.ack.filter(|_| seen.flow > 0) },
            timestamps: facts.timestamps.map(|(val, ecr)| TimestampsObject { val, ecr }),
            fast_open_cookie_bytes: facts.fast_open,
            md5: facts.md5,
            ao: facts.ao,
            mptcp: facts.mptcp,
            acc_ecn: facts.acc_ecn,
        }
    }
}

/// SACK blocks as half-open ranges, counted from the acknowledgment number.
struct SackRanges<'a> {
    segment: &'a Segment,
    base: Option<i64>,
}

impl SackRanges<'_> {
    fn is_empty(&self) -> bool {
        self.base.is_none() || self.segment.ack.is_none() || self.segment.options.sack.is_empty()
    }
}

impl Serialize for SackRanges<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (base, ack) = (self.base.unwrap_or_default(), self.segment.ack.unwrap_or_default());
        let relative = |edge: crate::dissect::SeqNumber| base.saturating_add(i64::from(edge.distance(ack)));
        let blocks = self.segment.options.sack.as_slice().iter();
        serializer.collect_seq(blocks.map(|(left, right)| [relative(*left), relative(*right)]))
    }
}

/// Flags by name: `["SYN","ACK"]`.
struct FlagNames(TcpFlags);

impl Serialize for FlagNames {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(None)?;
        for (flag, name) in TcpFlags::NAMES {
            if self.0.contains(flag) {
                seq.serialize_element(name)?;
            }
        }
        seq.end()
    }
}

/// Flags as a packet's line writes them: `S.`, or `none`.
struct FlagLetters(TcpFlags);

impl Serialize for FlagLetters {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = arrayvec::ArrayVec::<u8, 8>::new();
        text.extend(TcpFlags::LETTERS.iter().filter(|(flag, _)| self.0.contains(*flag)).map(|(_, letter)| *letter));
        let text = str::from_utf8(&text).unwrap_or_default();
        serializer.serialize_str(if text.is_empty() { "none" } else { text })
    }
}

/// Annotations by slug.
struct Notes<'a>(&'a [Note]);

impl Serialize for Notes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|note| note.as_str()))
    }
}

/// The codes of the findings about a frame; what a segment tells of earlier frames is theirs.
struct Codes<'a> {
    of: u64,
    among: &'a [Finding],
}

impl Serialize for Codes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let own = self.among.iter().filter(|finding| finding.frame == self.of);
        serializer.collect_seq(own.map(|finding| finding.rule.code()))
    }
}
