//! A packet as pictures keep it: what its segment did, without its bytes.

use arrayvec::ArrayVec;

use crate::capture::{Span, Timestamp};
use crate::dissect::{Segment, TcpFlags};
use crate::rules::Rule;
use crate::track::{Amend, Direction, Finding, Note, Observation, SegmentEffect, States, TcpState};

/// One packet of a connection.
#[derive(Clone, Debug)]
pub struct PacketRecord {
    /// Its connection.
    pub flow: u32,
    /// Its frame.
    pub frame: u64,
    /// When it was captured.
    pub ts: Timestamp,
    /// Who sent it.
    pub from: Direction,
    /// Its flags.
    pub flags: TcpFlags,
    /// What it did.
    pub effect: SegmentEffect,
    /// Both ends' states before it.
    pub before: States,
    /// Both ends' states after it.
    pub after: States,
    /// First sequence number, relative.
    pub seq: i64,
    /// The one behind its payload.
    pub seq_end: i64,
    /// Relative acknowledgment number.
    pub ack: Option<i64>,
    /// Payload bytes.
    pub payload: u32,
    /// The window field.
    pub raw_window: u16,
    /// The window in bytes, where the scale is known.
    pub window: Option<u32>,
    /// Bytes in flight this way.
    pub in_flight: u32,
    /// Bytes of it that were seen before.
    pub again: u32,
    /// It acknowledges something new.
    pub acks_new: bool,
    /// The round trip that it ends.
    pub rtt: Option<Span>,
    /// The MSS and the window scale that it announces.
    pub announces: (Option<u16>, Option<u8>),
    /// What most packets have nothing of: of every packet of every connection a hop is kept for a while.
    extra: Option<Box<Extra>>,
}

/// What few packets have.
#[derive(Clone, Debug, Default)]
pub struct Extra {
    /// The bytes missing before it.
    pub gap: Option<(i64, i64)>,
    /// The frame whose gap it fills.
    pub fills: Option<u64>,
    /// SACK blocks, relative.
    pub sack: ArrayVec<(i64, i64), 4>,
    /// Annotations.
    pub notes: Vec<Note>,
    /// What was found, as far as that is known.
    pub findings: Vec<Finding>,
    /// The beginning of its payload as text, where that is wanted.
    pub excerpt: Option<Box<str>>,
}

static NOTHING: Extra = Extra {
    gap: None,
    fills: None,
    sack: ArrayVec::new_const(),
    notes: Vec::new(),
    findings: Vec::new(),
    excerpt: None,
};

impl PacketRecord {
    /// Of a segment and what it did; nothing where it belongs to no connection.
    pub fn new(segment: &Segment, seen: &Observation) -> Option<Self> {
        Some(Self {
            flow: seen.flow,
            frame: segment.frame,
            ts: segment.ts,
            from: seen.direction?,
            flags: segment.flags,
            effect: seen.effect,
            before: seen.before,
            after: seen.after,
            seq: seen.seq,
            seq_end: seen.seq_end,
            ack: seen.ack,
            payload: segment.payload_len,
            raw_window: segment.window,
            window: seen.window_bytes.map(short),
            in_flight: short(seen.in_flight),
            again: short(seen.retransmitted_bytes),
            acks_new: seen.acked.is_some(),
            rtt: seen.acked.as_ref().and_then(|acked| acked.rtt),
            announces: (segment.options.mss, segment.options.wscale),
            extra: Extra::of(segment, seen),
        })
    }

    /// The same with the beginning of its payload.
    pub fn with_excerpt(mut self, payload: &[u8]) -> Self {
        if let Some(excerpt) = excerpt(payload) {
            self.extra_mut().excerpt = Some(excerpt);
        }
        self
    }

    /// Takes it out of where it is, of which nothing is wanted any more.
    pub fn take(&mut self) -> Self {
        let extra = self.extra.take();
        Self { extra, ..*self }
    }

    /// What few packets have.
    pub fn extra(&self) -> &Extra {
        self.extra.as_deref().unwrap_or(&NOTHING)
    }

    fn extra_mut(&mut self) -> &mut Extra {
        self.extra.get_or_insert_default()
    }

    /// What was found, as far as that is known.
    pub fn findings(&self) -> &[Finding] {
        &self.extra().findings
    }

    /// Adds a finding that comes behind it.
    pub fn add(&mut self, finding: &Finding) {
        self.extra_mut().findings.push(finding.clone());
    }

    /// Puts the final word in the place of the provisional one.
    pub fn amend(&mut self, amend: &Amend) {
        let extra = self.extra_mut();
        amend.apply(&mut extra.findings);
        extra.notes.clone_from(&amend.notes);
    }

    /// Whether a state changed with it.
    pub fn changes_state(&self) -> bool {
        self.before != self.after
    }

    /// Whether that rule fired on it.
    pub fn has(&self, rule: Rule) -> bool {
        self.findings().iter().any(|finding| finding.rule == rule)
    }

    /// Whether both ends are done with it.
    pub fn is_over(&self) -> bool {
        let done = |state| matches!(state, TcpState::Closed | TcpState::TimeWait);
        done(self.after.client) && done(self.after.server)
    }

    /// 0 from the client, 1 from the server.
    pub fn side(&self) -> usize {
        usize::from(self.from == Direction::FromResponder)
    }

    /// The window, in bytes where the scale is known.
    pub fn room(&self) -> u32 {
        self.window.unwrap_or(self.raw_window.into())
    }

    /// It stops the other side.
    pub fn closes_window(&self) -> bool {
        self.raw_window == 0 && !self.flags.intersects(TcpFlags::RST.with(TcpFlags::SYN))
    }
}

impl Extra {
    fn of(segment: &Segment, seen: &Observation) -> Option<Box<Self>> {
        let plain = seen.findings.is_empty() && seen.notes.is_empty() && segment.options.sack.as_slice().is_empty();
        if plain && seen.gap.is_none() && seen.fills_gap_of.is_none() {
            return None;
        }
        Some(Box::new(Self {
            gap: seen.gap,
            fills: seen.fills_gap_of,
            sack: sack_blocks(segment, seen).collect(),
            notes: seen.notes.clone(),
            findings: seen.findings.clone(),
            excerpt: None,
        }))
    }
}

/// The SACK blocks of a segment in relative numbers.
pub(super) fn sack_blocks<'a>(segment: &'a Segment, seen: &Observation) -> impl Iterator<Item = (i64, i64)> + use<'a> {
    let base = seen.ack.zip(segment.ack);
    segment.options.sack.as_slice().iter().filter_map(move |(left, right)| {
        let (relative, ack) = base?;
        Some((relative.saturating_add(left.distance(ack).into()), relative.saturating_add(right.distance(ack).into())))
    })
}

/// A window has 30 bits at most (RFC 7323 §2.3), and so has what is in flight, in a connection that means it.
fn short(bytes: u64) -> u32 {
    bytes.try_into().unwrap_or(u32::MAX)
}

/// Most characters of an excerpt.
const EXCERPT: usize = 40;

/// The beginning of a payload where that is text: up to the end of its first line, printable ASCII alone.
fn excerpt(payload: &[u8]) -> Option<Box<str>> {
    let line = payload.split(|byte| matches!(byte, b'\r' | b'\n')).next()?;
    let shown = line.get(..EXCERPT.min(line.len()))?;
    let text = shown.iter().all(|byte| (b' '..=b'~').contains(byte)) && shown.len() > 1;
    text.then(|| {
        let more = if shown.len() < line.len() { "..." } else { "" };
        format!("{}{more}", String::from_utf8_lossy(shown)).into_boxed_str()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_the_first_line_of_a_text_and_nothing_of_anything_else() {
        assert_eq!(excerpt(b"GET / HTTP/1.1\r\nHost: a\r\n").as_deref(), Some("GET / HTTP/1.1"));
        assert_eq!(excerpt(&[b'a'; 100]).unwrap().len(), EXCERPT + 3);
        assert_eq!(excerpt(b"\x16\x03\x01\x02"), None);
        assert_eq!(excerpt(b"\x1b[31mred"), None);
        assert_eq!(excerpt(b""), None);
    }
}
