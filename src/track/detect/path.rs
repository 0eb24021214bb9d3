//! ICMP errors tied to their connections (TC701, TC702, TC704), and what they explain of what the sender does next. What the path does
//! without a word (TC703, TC705 to TC707) has files of its own.
//!
//! Anybody on the path may send one, and others may forge one. So an error counts for a connection only where the sequence
//! number that it quotes was in flight, or just had been (RFC 5927 §4.1); all others are counted apart.

pub(in crate::track) mod black_hole;
pub(in crate::track) mod proxy;
pub(in crate::track) mod queue;
pub(in crate::track) mod silence;
pub(in crate::track) mod stall;
pub(in crate::track) mod watch;

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::capture::{Span, Timestamp};
use crate::dissect::{IcmpError, IcmpKind, Segment};
use crate::rules::{Rule, Severity};

use crate::track::conn::connection::Connection;

use crate::track::detect::loss::recovery::Retransmission;
use crate::track::step::Step;
use crate::track::timing::MIN_RTO;
use crate::track::{Direction, Finding, Value};

/// Maximum number of connections whose errors are remembered, and of different errors for each.
const MAX_FLOWS: usize = 4096;
const MAX_ERRORS: usize = 8;

/// How far below what is acknowledged a number may lie that was in flight just before: an error travels as long as an
/// acknowledgment does. The largest window without scaling; a guess hits it once in 65,536 times.
const JUST_BEFORE: i64 = 65_535;

/// An ICMP error, and the connection that it is about.
#[derive(Clone, Copy, Debug)]
pub struct IcmpSeen {
    /// Its frame.
    pub frame: u64,
    /// When it was captured.
    pub ts: Timestamp,
    /// What it says.
    pub error: IcmpError,
    /// The connection with the addresses and ports that it quotes, and who sent what is quoted.
    pub flow: Option<(u32, Direction)>,
    /// The quoted sequence number, relative, where that was in flight or just had been: the error is about that connection.
    pub seq: Option<i64>,
}

/// What is remembered of errors.
#[derive(Debug, Default)]
pub(in crate::track) struct IcmpErrors {
    by_flow: BTreeMap<u32, Vec<Remembered>>,
}

/// An error about a connection.
#[derive(Clone, Copy, Debug)]
struct Remembered {
    kind: IcmpKind,
    direction: Direction,
    frame: u64,
    ts: Timestamp,
    from: IpAddr,
    mtu: Option<u32>,
    packet_len: u32,
    /// How long after the segment it came.
    after: Option<Span>,
    /// What had been sent when it came.
    sent: i64,
    /// When the sender last sent something of that again because of it.
    resent: Timestamp,
    /// It was said that the sender goes on with as long packets.
    ignored: bool,
}

impl Remembered {
    fn is_unreachable(&self) -> bool {
        rule_of(self.kind) == Some(Rule::IcmpUnreachable)
    }

    fn asks_for_smaller(&self) -> bool {
        matches!(self.kind, IcmpKind::FragmentationNeeded | IcmpKind::PacketTooBig)
    }
}

impl IcmpErrors {
    /// Whether anything is remembered of a connection.
    #[inline]
    pub fn concerns(&self, flow: u32) -> bool {
        !self.by_flow.is_empty() && self.by_flow.contains_key(&flow)
    }

    /// Forgets a connection that has ended.
    pub fn forget(&mut self, flow: u32) {
        self.by_flow.remove(&flow);
    }

    /// Whether one said that segments which go that way are too long for the path.
    pub fn asks_for_smaller(&self, flow: u32, from: Direction) -> bool {
        self.of(flow).iter().any(|error| error.direction == from && error.asks_for_smaller())
    }

    /// The last one that says that segments which the client sent cannot be delivered, and whether the server's host itself says so.
    pub fn unreachable(&self, flow: u32, server: IpAddr) -> Option<(IcmpKind, bool)> {
        let mut errors = self.of(flow).iter().rev();
        let told = |error: &&Remembered| error.direction == Direction::FromOriginator && error.is_unreachable();
        errors.find(told).map(|error| (error.kind, error.from == server))
    }

    fn of(&self, flow: u32) -> &[Remembered] {
        self.by_flow.get(&flow).map_or(&[], Vec::as_slice)
    }

    /// Remembers an error; false where one like it was remembered before.
    fn remember(&mut self, flow: u32, error: Remembered) -> bool {
        let errors = self.by_flow.entry(flow).or_default();
        let alike = |other: &&mut Remembered| {
            (other.kind, other.direction, other.mtu, other.from) == (error.kind, error.direction, error.mtu, error.from)
        };
        if let Some(known) = errors.iter_mut().find(alike) {
            (known.frame, known.ts, known.sent, known.resent) = (error.frame, error.ts, error.sent, error.ts);
            return false;
        }
        if errors.len() >= MAX_ERRORS {
            errors.remove(0);
        }
        errors.push(error);
        while self.by_flow.len() > MAX_FLOWS {
            self.by_flow.pop_first();
        }
        true
    }

    /// What an error asked for that makes a sender send again at once: the error's frame and its words.
    // RFC 1191 §6.4: the sender may send again what was dropped "in immediate response", no larger than the new MTU, without a timer;
    // as much as its window lets it, and the rest as acknowledgments come.
    pub fn cause(
        &mut self,
        flow: u32,
        from: Direction,
        segment: &Segment,
        sent: &Retransmission,
        una_ts: Timestamp,
        round_trip: Span,
    ) -> Option<(u64, &'static str)> {
        let (now, len) = (segment.ts, packet_len(segment));
        let patience = Span((MIN_RTO.0 * 9 / 10).saturating_add(round_trip.0));
        let errors = self.by_flow.get_mut(&flow)?;
        let error = errors.iter_mut().rev().find(|error| {
            let since = error.ts.max(error.resent).max(una_ts);
            error.asks_for_smaller()
                && error.direction == from
                && sent.from < error.sent
                && len < error.packet_len
                && error.mtu.is_none_or(|mtu| len <= mtu)
                && error.ts <= now
                && now.since(since) < patience
        })?;
        error.resent = now;
        Some((error.frame, error.kind.name()))
    }

    /// Adds to findings what errors explain of them.
    pub fn explain(&self, flow: u32, findings: &mut [Finding]) {
        for finding in
            findings.iter_mut().filter(|finding| matches!(finding.rule, Rule::NoAnswer | Rule::SynRetransmission))
        {
            let direction = finding.direction;
            let mut errors = self.of(flow).iter().filter(|error| Some(error.direction) == direction);
            let Some(error) = errors.rfind(|error| !error.asks_for_smaller()) else { continue };
            finding.evidence.retain(|fact| fact.name != "reply" || finding.rule != Rule::NoAnswer);
            finding
                .word("icmp", error.kind.name())
                .with("icmp_from", Value::Address(error.from))
                .frame("icmp_frame", error.frame);
            if let Some(after) = error.after {
                finding.time("icmp_after", after);
            }
        }
    }

    /// The error that called a segment of this length too long, where its sender must have heard of it and sends such ones all the
    /// same; once.
    // RFC 1191 §3, RFC 8201 §4: for minutes the sender sends no larger packets than the error says.
    fn ignored(&mut self, flow: u32, from: Direction, segment: &Segment, round_trip: Span) -> Option<Remembered> {
        let (now, len) = (segment.ts, packet_len(segment));
        let errors = self.by_flow.get_mut(&flow)?;
        // What was on its way to the wire when the error came is none of it.
        let settled = Span(MIN_RTO.0.saturating_add(round_trip.0));
        let error = errors.iter_mut().find(|error| {
            let limit = error.mtu.unwrap_or(error.packet_len.saturating_sub(1));
            error.asks_for_smaller()
                && error.direction == from
                && !error.ignored
                && len == error.packet_len
                && len > limit
                && now.since(error.ts) > settled
        })?;
        error.ignored = true;
        Some(*error)
    }
}

/// The rule that an error is a matter of.
fn rule_of(kind: IcmpKind) -> Option<Rule> {
    match kind {
        IcmpKind::FragmentationNeeded | IcmpKind::PacketTooBig => Some(Rule::PathMtuExceeded),
        IcmpKind::TtlExceeded => Some(Rule::TtlExceeded),
        IcmpKind::ReassemblyTimeExceeded | IcmpKind::ParameterProblem | IcmpKind::SourceQuench => None,
        _ => Some(Rule::IcmpUnreachable),
    }
}

/// Length of a segment's packet, IP options left out, in bytes.
fn packet_len(segment: &Segment) -> u32 {
    let ip = if segment.src.addr.is_ipv4() { 20 } else { 40 };
    segment.payload_len.saturating_add(u32::from(segment.header_len)).saturating_add(ip)
}

impl Connection {
    /// Says what errors about this connection explain of a segment, or that it does not heed one.
    pub(in crate::track) fn heed_icmp(&mut self, step: &mut Step<'_>) {
        step.shared.icmp.explain(self.number, &mut step.obs.findings);
        let round_trip = self.round_trip();
        let Some(error) = step.shared.icmp.ignored(self.number, step.from, step.segment, round_trip) else { return };
        let (len, after) = (packet_len(step.segment), step.segment.ts.since(error.ts));
        let finding = step.fire(Rule::PathMtuExceeded);
        finding.severity = Severity::Warning;
        finding.bytes("packet", len.into()).frame("error", error.frame).time("late", after);
        if let Some(mtu) = error.mtu {
            finding.bytes("limit", mtu.into());
        }
        self.count_finding(Rule::PathMtuExceeded, Severity::Warning);
    }

    /// Takes an error that quotes a segment of this connection: whose it was, its relative number where it was in flight or just
    /// had been, and what is found.
    pub(in crate::track) fn take_icmp(
        &mut self,
        (frame, ts): (u64, Timestamp),
        error: &IcmpError,
        from: Direction,
        errors: &mut IcmpErrors,
    ) -> (Option<i64>, Option<Finding>) {
        let me = &self.ends[from.index()];
        let seq = me.relative(error.seq);
        let low = if me.una == i64::MIN { me.low.min(0) } else { me.una.saturating_sub(JUST_BEFORE) };
        if me.count.packets == 0 || !(low..=me.nxt).contains(&seq) {
            return (None, None);
        }
        let quoted =
            me.flight.iter().find(|sent| (sent.from..sent.end).contains(&seq)).map(|sent| (sent.frame, sent.last_ts));
        let syn = || {
            (seq == 0 && from == Direction::FromOriginator).then_some((self.handshake.syn.0, self.handshake.last_syn))
        };
        let sent = quoted.or_else(syn).filter(|(_, sent)| *sent <= ts);
        let remembered = Remembered {
            kind: error.kind,
            direction: from,
            frame,
            ts,
            from: error.from,
            mtu: error.mtu,
            packet_len: error.packet_len,
            after: sent.map(|(_, sent)| ts.since(sent)),
            sent: me.nxt,
            resent: ts,
            ignored: false,
        };
        let Some(rule) = rule_of(error.kind) else { return (Some(seq), None) };
        if !errors.remember(self.number, remembered) {
            return (Some(seq), None);
        }
        let mut finding = self.late_finding(rule, (frame, ts), from);
        finding.word("icmp", error.kind.name()).with("from", Value::Address(error.from));
        if rule == Rule::PathMtuExceeded {
            finding.bytes("length", error.packet_len.into());
        }
        if let Some(mtu) = error.mtu {
            finding.bytes("mtu", mtu.into());
        }
        if let Some((segment, sent)) = sent {
            finding.time("after", ts.since(sent)).frame("segment", segment);
        }
        // RFC 1122 §4.2.3.9: soft errors, which must not abort an open connection.
        if rule == Rule::IcmpUnreachable && self.is_half_open() {
            finding.severity = Severity::Error;
        }
        self.count_finding(rule, finding.severity);
        (Some(seq), Some(finding))
    }
}
