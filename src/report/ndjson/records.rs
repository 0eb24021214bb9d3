//! The `capture`, `finding`, `amend` and `summary` records.

use std::net::IpAddr;

use serde::Serialize;
use serde::ser::Serializer;

use crate::capture::{SourceInfo, Span};
use crate::report::units::TimestampFormatter;
use crate::report::{Summary, message};
use crate::rules::{Confidence, Severity};
use crate::track::{Amend, Exchange, Finding, IcmpSeen};

use super::VERSION;
use super::evidence::Evidence;
use super::flow::VerdictObject;
use super::packet::direction;

/// Where the packets come from.
#[derive(Serialize)]
pub(super) struct CaptureLine<'a> {
    r#type: &'static str,
    v: u8,
    tool: &'static str,
    source: &'a str,
    format: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    link_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    snaplen: Option<u32>,
}

impl<'a> CaptureLine<'a> {
    /// Of a source that has just been opened.
    pub(super) fn new(source: &'a SourceInfo) -> Self {
        Self {
            r#type: "capture",
            v: VERSION,
            tool: concat!("tcpcheck ", env!("CARGO_PKG_VERSION")),
            source: &source.name,
            format: &source.format,
            link_type: source.link_type.and_then(|link_type| link_type.name()),
            snaplen: Some(source.snaplen).filter(|snaplen| *snaplen > 0),
        }
    }
}

/// A rule that fired.
#[derive(Serialize)]
pub(super) struct FindingLine<'a> {
    r#type: &'static str,
    v: u8,
    #[serde(flatten)]
    finding: FindingObject<'a>,
}

/// A finding, as a record or among the details of an `amend`.
#[derive(Serialize)]
struct FindingObject<'a> {
    code: &'static str,
    slug: &'static str,
    severity: Severity,
    confidence: Confidence,
    #[serde(skip_serializing_if = "Option::is_none")]
    flow: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frame: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ts: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dir: Option<&'static str>,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<(i64, i64)>,
    evidence: Evidence<'a>,
}

impl<'a> FindingLine<'a> {
    /// Of a finding.
    pub(super) fn new(finding: &'a Finding, calendar: &mut TimestampFormatter) -> Self {
        Self { r#type: "finding", v: VERSION, finding: FindingObject::new(finding, calendar) }
    }
}

impl<'a> FindingObject<'a> {
    fn new(finding: &'a Finding, calendar: &mut TimestampFormatter) -> Self {
        let frame = Some(finding.frame).filter(|frame| *frame > 0);
        Self {
            code: finding.rule.code(),
            slug: finding.rule.slug(),
            severity: finding.severity,
            confidence: finding.confidence,
            flow: finding.flow,
            frame,
            ts: frame.map(|_| calendar.text(finding.ts)),
            dir: finding.direction.map(direction),
            message: message(finding),
            range: finding.range,
            evidence: Evidence(&finding.evidence),
        }
    }
}

/// What was said of a frame has changed.
#[derive(Serialize)]
pub(super) struct AmendLine<'a> {
    r#type: &'static str,
    v: u8,
    frame: u64,
    flow: u32,
    notes: Vec<&'static str>,
    findings: Vec<&'static str>,
    details: Vec<FindingObject<'a>>,
    withdrawn: Vec<RuleObject>,
}

#[derive(Serialize)]
struct RuleObject {
    code: &'static str,
    slug: &'static str,
}

impl<'a> AmendLine<'a> {
    /// Of a change.
    pub(super) fn new(amend: &'a Amend, calendar: &mut TimestampFormatter) -> Self {
        let withdrawn = amend.withdrawn.iter().map(|(rule, _)| RuleObject { code: rule.code(), slug: rule.slug() });
        Self {
            r#type: "amend",
            v: VERSION,
            frame: amend.frame,
            flow: amend.flow,
            notes: amend.notes.iter().map(|note| note.as_str()).collect(),
            findings: amend.findings.iter().map(|(rule, _)| rule.code()).collect(),
            details: amend.details.iter().map(|finding| FindingObject::new(finding, calendar)).collect(),
            withdrawn: withdrawn.collect(),
        }
    }
}

/// An ICMP error about a segment.
#[derive(Serialize)]
pub(super) struct IcmpLine<'a> {
    r#type: &'static str,
    v: u8,
    frame: u64,
    ts: &'a str,
    from: IpAddr,
    icmp: String,
    icmp_type: u8,
    icmp_code: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    mtu: Option<u32>,
    src: IpAddr,
    sport: u16,
    dst: IpAddr,
    dport: u16,
    seq_raw: u32,
    packet_bytes: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    flow: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dir: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<i64>,
    related: bool,
}

impl<'a> IcmpLine<'a> {
    /// Of an error that was captured at that time.
    pub(super) fn new(seen: &IcmpSeen, ts: &'a str) -> Self {
        let error = &seen.error;
        Self {
            r#type: "icmp",
            v: VERSION,
            frame: seen.frame,
            ts,
            from: error.from,
            icmp: error.kind.name().replace(' ', "-"),
            icmp_type: error.numbers.0,
            icmp_code: error.numbers.1,
            mtu: error.mtu,
            src: error.src.addr,
            sport: error.src.port,
            dst: error.dst.addr,
            dport: error.dst.port,
            seq_raw: error.seq.0,
            packet_bytes: error.packet_len,
            flow: seen.flow.map(|(flow, _)| flow),
            dir: seen.flow.map(|(_, from)| direction(from)),
            seq: seen.seq,
            related: seen.seq.is_some(),
        }
    }
}

/// A request and its answer.
#[derive(Serialize)]
pub(super) struct ExchangeLine<'a> {
    r#type: &'static str,
    v: u8,
    flow: u32,
    exchange: u32,
    frame: u64,
    ts: &'a str,
    request_bytes: u64,
    request_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_time_ms: Option<f64>,
    retransmission_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer_frame: Option<u64>,
    answer_bytes: u64,
    answer_ms: f64,
    overlapping: bool,
}

impl<'a> ExchangeLine<'a> {
    /// Of an exchange that began at that instant.
    pub(super) fn new(exchange: &Exchange, ts: &'a str) -> Self {
        Self {
            r#type: "exchange",
            v: VERSION,
            flow: exchange.flow,
            exchange: exchange.number,
            frame: exchange.frame,
            ts,
            request_bytes: exchange.request_bytes,
            request_ms: exchange.request.as_millis_f64(),
            server_time_ms: exchange.server_time.map(Span::as_millis_f64),
            retransmission_ms: exchange.retransmission.as_millis_f64(),
            answer_frame: Some(exchange.answer_frame).filter(|frame| *frame > 0),
            answer_bytes: exchange.answer_bytes,
            answer_ms: exchange.answer.as_millis_f64(),
            overlapping: exchange.overlapping,
        }
    }
}

/// What the capture amounts to.
#[derive(Serialize)]
pub(super) struct SummaryLine<'a> {
    r#type: &'static str,
    v: u8,
    packets: u64,
    tcp_packets: u64,
    other_packets: u64,
    duration_s: f64,
    flows: u64,
    outcomes: Outcomes<'a>,
    findings: SeverityCounts,
    codes: Codes<'a>,
    kernel_drops: u64,
    /// ICMP errors about the connections.
    icmp_errors: u64,
    /// Those whose quoted numbers fit none.
    icmp_unrelated: u64,
    complete: bool,
    verdict: VerdictObject,
}

impl<'a> SummaryLine<'a> {
    /// Of all that was seen.
    pub(super) fn new(summary: &'a Summary) -> Self {
        Self {
            r#type: "summary",
            v: VERSION,
            packets: summary.packets(),
            tcp_packets: summary.tcp_packets(),
            other_packets: summary.packets() - summary.tcp_packets(),
            duration_s: summary.span().as_secs_f64(),
            flows: summary.flows(),
            outcomes: Outcomes(summary),
            findings: SeverityCounts {
                error: summary.count(Severity::Error),
                warning: summary.count(Severity::Warning),
                note: summary.count(Severity::Note),
            },
            codes: Codes(summary),
            kernel_drops: summary.drops().kernel,
            icmp_errors: summary.icmp_errors().0,
            icmp_unrelated: summary.icmp_errors().1,
            complete: summary.complete(),
            verdict: VerdictObject::new(&summary.diagnosis()),
        }
    }
}

#[derive(Serialize)]
struct SeverityCounts {
    error: u64,
    warning: u64,
    note: u64,
}

struct Outcomes<'a>(&'a Summary);

impl Serialize for Outcomes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.outcomes().map(|(outcome, count)| (outcome.as_str(), count)))
    }
}

struct Codes<'a>(&'a Summary);

impl Serialize for Codes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.rules().map(|(rule, count)| (rule.code(), count)))
    }
}
