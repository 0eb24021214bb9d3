//! ICMP errors about connections, as long as they explain something.

use crate::capture::{Span, Timestamp};
use crate::dissect::{IcmpKind, Segment};
use crate::rules::Rule;
use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::track::timing::MIN_RTO;
use crate::track::{Direction, Finding, Value};

/// Maximum number of connections whose errors are remembered, and of different errors for each.
pub(in crate::track) const MAX_FLOWS: usize = 4096;

pub(in crate::track) const MAX_ERRORS: usize = 8;

/// What is remembered of errors.
#[derive(Debug, Default)]
pub(in crate::track) struct IcmpErrors {
    pub by_flow: BTreeMap<u32, Vec<Remembered>>,
}

/// An error about a connection.
#[derive(Clone, Copy, Debug)]
pub(in crate::track) struct Remembered {
    pub kind: IcmpKind,
    pub direction: Direction,
    pub frame: u64,
    pub ts: Timestamp,
    pub from: IpAddr,
    pub mtu: Option<u32>,
    pub packet_len: u32,
    /// How long after the segment it came.
    pub after: Option<Span>,
    /// What had been sent when it came.
    pub sent: i64,
    /// When the sender last sent something of that again because of it.
    pub resent: Timestamp,
    /// It was said that the sender goes on with as long packets.
    pub ignored: bool,
}

impl Remembered {
    pub(crate) fn is_unreachable(&self) -> bool {
        rule_of(self.kind) == Some(Rule::IcmpUnreachable)
    }

    pub(crate) fn asks_for_smaller(&self) -> bool {
        matches!(self.kind, IcmpKind::FragmentationNeeded | IcmpKind::PacketTooBig)
    }
}

impl IcmpErrors {
    /// Whether anything is remembered of a connection.
    #[inline]
    pub(crate) fn concerns(&self, flow: u32) -> bool {
        !self.by_flow.is_empty() && self.by_flow.contains_key(&flow)
    }

    /// Forgets a connection that has ended.
    pub(crate) fn forget(&mut self, flow: u32) {
        self.by_flow.remove(&flow);
    }

    /// Whether one said that segments which go that way are too long for the path.
    pub(crate) fn asks_for_smaller(&self, flow: u32, from: Direction) -> bool {
        self.of(flow).iter().any(|error| error.direction == from && error.asks_for_smaller())
    }

    /// The last one that says that segments which the client sent were not delivered, and whether the server's host itself says so.
    pub(crate) fn unreachable(&self, flow: u32, server: IpAddr) -> Option<(IcmpKind, bool)> {
        let mut errors = self.of(flow).iter().rev();
        let told = |error: &&Remembered| {
            let lost = error.is_unreachable() || error.kind == IcmpKind::TtlExceeded;
            error.direction == Direction::FromOriginator && lost
        };
        errors.find(told).map(|error| (error.kind, error.from == server))
    }

    /// Whether no more connections can be remembered.
    pub(crate) fn is_full(&self) -> bool {
        self.by_flow.len() >= MAX_FLOWS
    }

    pub(crate) fn of(&self, flow: u32) -> &[Remembered] {
        self.by_flow.get(&flow).map_or(&[], Vec::as_slice)
    }

    /// Remembers an error; false where one like it was remembered before.
    pub(crate) fn remember(&mut self, flow: u32, error: Remembered) -> bool {
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
    pub(crate) fn cause(
        &mut self,
        flow: u32,
        from: Direction,
        segment: &Segment,
        sent_from: i64,
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
                && sent_from < error.sent
                && len < error.packet_len
                && error.mtu.is_none_or(|mtu| len <= mtu)
                && error.ts <= now
                && now.since(since) < patience
        })?;
        error.resent = now;
        Some((error.frame, error.kind.name()))
    }

    /// Adds to findings what errors explain of them.
    pub(crate) fn explain(&self, flow: u32, findings: &mut [Finding]) {
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
    pub(crate) fn ignored(
        &mut self,
        flow: u32,
        from: Direction,
        segment: &Segment,
        round_trip: Span,
    ) -> Option<Remembered> {
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
pub(in crate::track) fn rule_of(kind: IcmpKind) -> Option<Rule> {
    match kind {
        IcmpKind::FragmentationNeeded | IcmpKind::PacketTooBig => Some(Rule::PathMtuExceeded),
        IcmpKind::TtlExceeded => Some(Rule::TtlExceeded),
        IcmpKind::ReassemblyTimeExceeded | IcmpKind::ParameterProblem | IcmpKind::SourceQuench => None,
        _ => Some(Rule::IcmpUnreachable),
    }
}

/// Length of a segment's packet, IP options left out, in bytes.
pub(in crate::track) fn packet_len(segment: &Segment) -> u32 {
    let ip = if segment.src.addr.is_ipv4() { 20 } else { 40 };
    segment.payload_len.saturating_add(u32::from(segment.header_len)).saturating_add(ip)
}
