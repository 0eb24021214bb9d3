//! ICMP errors tied to their connections (TC701, TC702, TC704), and what they explain of what the sender does next. What the path does
//! without a word (TC703, TC705 to TC707) has files of its own.
//!
//! Anybody on the path may send one, and others may forge one. So an error counts for a connection only where the sequence
//! number that it quotes was in flight, or just had been (RFC 5927 §4.1); all others are counted apart.

pub(in crate::track) mod black_hole;
pub(in crate::track) mod proxy;
pub(in crate::track) mod queue;
pub(in crate::track) mod silence;
pub(in crate::track) mod watch;

use crate::capture::{Span, Timestamp};
use crate::dissect::IcmpError;
use crate::rules::{Rule, Severity};

use crate::track::conn::connection::Connection;
use crate::track::conn::step::Step;
use crate::track::shared::icmp::IcmpErrors;
use crate::track::shared::icmp::{Remembered, packet_len, rule_of};
use crate::track::{Direction, Finding, Value};

/// How far below what is acknowledged a number may lie that was in flight just before: an error travels as long as an
/// acknowledgment does. The largest window without scaling; a guess hits it once in 65,536 times.
const JUST_BEFORE: i64 = 65_535;

/// How long ago it may have been acknowledged, besides the round trip: routers that limit errors do not keep them for longer.
const JUST: Span = Span::from_secs(1);

/// An error that no router has reason to send: its MTU would have let the packet pass, or is less than any link of IPv6 has.
// RFC 1191 §4, RFC 8201 §4: a next-hop MTU below 1280 must be discarded.
fn is_impossible(error: &IcmpError) -> bool {
    let least = if error.from.is_ipv6() { IPV6_MIN_MTU } else { 0 };
    rule_of(error.kind) == Some(Rule::PathMtuExceeded)
        && error.mtu.is_some_and(|mtu| u64::from(mtu) >= u64::from(error.packet_len) || u64::from(mtu) < least)
}

/// RFC 8200 §5.
const IPV6_MIN_MTU: u64 = 1280;

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
        let just = ts.since(me.una_ts).0 <= JUST.0.saturating_add(self.round_trip().0);
        let low = match me.una {
            i64::MIN => me.low.min(0),
            una => una.saturating_sub(if just { JUST_BEFORE } else { 0 }),
        };
        if me.count.packets == 0 || !(low..=me.nxt).contains(&seq) || is_impossible(error) {
            return (None, None);
        }
        let quoted = me.first_copy(seq).map(|sent| (sent.frame, sent.last_ts));
        let syn = || (seq == 0 && from == Direction::FromOriginator).then_some((self.syn().0, self.last_syn()));
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
