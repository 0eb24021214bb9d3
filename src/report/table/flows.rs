//! The rows of connections and of findings.

use super::Kind::{Bool, Float, Signed, Text, Time, Unsigned};
use super::{Cell, Column, column, number, or_null, text};
use crate::capture::Span;
use crate::report::community_id::community_id;
use crate::report::diagnosis_text;
use crate::report::json;
use crate::report::ndjson::Evidence;
use crate::report::wording;
use crate::rules::Severity;
use crate::track::{Direction, DirectionStats, Finding, FlowRecord};

/// The columns of `flows`.
#[rustfmt::skip]
pub(super) const FLOWS: &[Column] = &[
    column("source", Text, "The capture file"),
    column("flow", Unsigned, "The connection's number in its capture, from 1, by first packet"),
    column("community_id", Text, "Community ID, version 1, seed 0"),
    column("client", Text, "The client's address"),
    column("client_port", Unsigned, "Its port"),
    column("server", Text, "The server's address"),
    column("server_port", Unsigned, "Its port"),
    column("ip_version", Unsigned, "4 or 6"),
    column("client_known", Bool, "The SYN was seen, so it is known who is the client"),
    column("outcome", Text, "closed, no-answer, refused, reset-by-client, reset-by-server, half-closed, open, mid-stream"),
    column("conn_state", Text, "Zeek's conn_state"),
    column("history", Text, "Zeek's history"),
    column("first_frame", Unsigned, "Frame of the first packet"),
    column("last_frame", Unsigned, "Frame of the last packet"),
    column("first_ts", Time, "Time of the first packet"),
    column("last_ts", Time, "Time of the last packet"),
    column("duration_s", Float, "Between them"),
    column("longest_idle_s", Float, "The longest time without a packet"),
    column("handshake_ms", Float, "SYN to the acknowledgment of the SYN+ACK"),
    column("rtt_min_ms", Float, "The shortest round trip"),
    column("rtt_median_ms", Float, "The median round trip"),
    column("rtt_p95_ms", Float, "95 of 100 round trips are no longer"),
    column("rtt_max_ms", Float, "The longest round trip"),
    column("rtt_samples", Unsigned, "Round trips measured; 0 for none"),
    column("limited_by", Text, "What held the transfer back most"),
    column("limited_dir", Text, "Which way: c2s or s2c"),
    column("verdict", Text, "Whose doing it was that it failed or was slow: network, server, client, receiver, capture, nothing"),
    column("verdict_lost_s", Float, "The time that it cost"),
    column("verdict_text", Text, "Why that is said"),
    column("exchanges", Unsigned, "Requests, answered or not"),
    column("exchanges_overlapping", Unsigned, "Of these, those that overlap and are not timed"),
    column("server_time_p50_ms", Float, "The median time that the server took to answer"),
    column("server_time_p95_ms", Float, "95 of 100 answers took no longer"),
    column("server_time_max_ms", Float, "The longest that an answer took"),
    column("errors", Unsigned, "Findings that are errors"),
    column("warnings", Unsigned, "Findings that are warnings"),
    column("notes", Unsigned, "Findings that are notes"),
    column("findings", Text, "Codes with their counts: TC202:2 TC210:1"),
    column("c2s_packets", Unsigned, "Segments from client to server"),
    column("c2s_wire_bytes", Unsigned, "Their frames' bytes on the wire"),
    column("c2s_payload_bytes", Unsigned, "Payload, repeats included"),
    column("c2s_unique_bytes", Unsigned, "Payload, each byte once, with bytes that were acknowledged and never captured"),
    column("c2s_missed_bytes", Unsigned, "Of these, bytes that were never captured"),
    column("c2s_retransmitted_segments", Unsigned, "Segments that carry bytes again"),
    column("c2s_retransmitted_bytes", Unsigned, "The bytes that they carry again"),
    column("c2s_out_of_order_segments", Unsigned, "Segments that fill a gap"),
    column("c2s_duplicate_acks", Unsigned, "Duplicate acknowledgments"),
    column("c2s_zero_window_ms", Float, "How long the sender of this direction had its own window closed"),
    column("c2s_max_in_flight_bytes", Unsigned, "Most bytes in flight"),
    column("c2s_mss", Unsigned, "The MSS that the client announced"),
    column("c2s_wscale", Unsigned, "The window scale that the client announced"),
    column("c2s_sack", Bool, "The client permits SACK"),
    column("c2s_timestamps", Bool, "The client sends timestamps"),
    column("s2c_packets", Unsigned, "Segments from server to client; the columns below as those of c2s"),
    column("s2c_wire_bytes", Unsigned, ""),
    column("s2c_payload_bytes", Unsigned, ""),
    column("s2c_unique_bytes", Unsigned, ""),
    column("s2c_missed_bytes", Unsigned, ""),
    column("s2c_retransmitted_segments", Unsigned, ""),
    column("s2c_retransmitted_bytes", Unsigned, ""),
    column("s2c_out_of_order_segments", Unsigned, ""),
    column("s2c_duplicate_acks", Unsigned, ""),
    column("s2c_zero_window_ms", Float, ""),
    column("s2c_max_in_flight_bytes", Unsigned, ""),
    column("s2c_mss", Unsigned, ""),
    column("s2c_wscale", Unsigned, ""),
    column("s2c_sack", Bool, ""),
    column("s2c_timestamps", Bool, ""),
];

/// The columns of `findings`.
#[rustfmt::skip]
pub(super) const FINDINGS: &[Column] = &[
    column("source", Text, "The capture file"),
    column("code", Text, "The rule's code: TC202"),
    column("slug", Text, "The rule's name: fast-retransmission"),
    column("severity", Text, "error, warning or note"),
    column("confidence", Text, "certain, likely or possible"),
    column("flow", Unsigned, "The connection; none where it is about the capture"),
    column("frame", Unsigned, "The frame; none where it is about no frame"),
    column("ts", Time, "Its time"),
    column("dir", Text, "Who sent it: c2s or s2c"),
    column("range_from", Signed, "First byte that it is about, by relative sequence number"),
    column("range_to", Signed, "The byte behind the last"),
    column("message", Text, "What was measured, in a sentence"),
    column("evidence", Text, "The same as JSON, as in the finding records of --json"),
];

/// The row of a connection in `source`.
pub fn flow_cells<'a>(source: &'a str, flow: &'a FlowRecord) -> Vec<Cell<'a>> {
    let millis = |span: Span| Cell::Float(span.as_millis_f64());
    let rtt = |part: fn(&crate::track::RttSummary) -> Span| or_null(flow.rtt.as_ref().map(part), millis);
    let times = flow.exchanges.and_then(|exchanges| exchanges.server_time);
    let server = |part: fn(&crate::track::RttSummary) -> Span| or_null(times.as_ref().map(part), millis);
    let limited = flow.limited_by.and_then(|limited| limited.main);
    let severity = |severity| number(count(flow, severity));
    let found = flow.findings.iter().map(|(rule, count)| format!("{}:{count}", rule.code())).collect::<Vec<_>>();
    let mut cells = vec![
        text(source),
        number(flow.number),
        text(community_id(flow.client, flow.server)),
        text(flow.client.addr.to_string()),
        number(flow.client.port),
        text(flow.server.addr.to_string()),
        number(flow.server.port),
        number(if flow.client.addr.is_ipv4() { 4_u8 } else { 6 }),
        Cell::Bool(flow.client_known),
        text(flow.outcome.as_str()),
        text(flow.conn_state),
        text(flow.history.as_str()),
        number(flow.first_frame),
        number(flow.last_frame),
        Cell::Time(flow.first_ts),
        Cell::Time(flow.last_ts),
        Cell::Float(flow.duration().as_secs_f64()),
        Cell::Float(flow.longest_idle.as_secs_f64()),
        or_null(flow.handshake, millis),
        rtt(|rtt| rtt.min),
        rtt(|rtt| rtt.median),
        rtt(|rtt| rtt.p95),
        rtt(|rtt| rtt.max),
        number(flow.rtt.map_or(0, |rtt| rtt.samples)),
        or_null(limited, |(_, cause)| text(cause.as_str())),
        or_null(limited, |(dir, _)| text(direction(dir))),
        text(flow.diagnosis.responsible.as_str()),
        Cell::Float(flow.diagnosis.lost.as_secs_f64()),
        text(diagnosis_text(&flow.diagnosis)),
        number(flow.exchanges.map_or(0, |exchanges| exchanges.count)),
        number(flow.exchanges.map_or(0, |exchanges| exchanges.overlapping)),
        server(|times| times.median),
        server(|times| times.p95),
        server(|times| times.max),
        severity(Severity::Error),
        severity(Severity::Warning),
        severity(Severity::Note),
        text(found.join(" ")),
    ];
    cells.extend(direction_cells(&flow.c2s));
    cells.extend(direction_cells(&flow.s2c));
    cells
}

fn direction_cells(stats: &DirectionStats) -> [Cell<'static>; 15] {
    [
        number(stats.packets),
        number(stats.wire_bytes),
        number(stats.payload_bytes),
        number(stats.unique_bytes),
        number(stats.missed_bytes),
        number(stats.retransmitted_segments),
        number(stats.retransmitted_bytes),
        number(stats.out_of_order_segments),
        number(stats.duplicate_acks),
        Cell::Float(stats.zero_window.as_millis_f64()),
        number(stats.max_in_flight),
        or_null(stats.mss, number),
        or_null(stats.wscale, number),
        Cell::Bool(stats.sack),
        Cell::Bool(stats.timestamps),
    ]
}

/// Findings of that severity: of the rule's own, but for those that have another one.
fn count(flow: &FlowRecord, severity: Severity) -> u64 {
    let own = flow.findings.iter().filter(|(rule, _)| rule.severity() == severity);
    let own: i64 = own.map(|(_, count)| i64::from(*count)).sum();
    let regraded = flow.regraded.iter().map(|(rule, now, count)| {
        i64::from(*count) * (i64::from(*now == severity) - i64::from(rule.severity() == severity))
    });
    u64::try_from(own + regraded.sum::<i64>()).unwrap_or(0)
}

/// The row of a finding in `source`.
pub fn finding_cells<'a>(source: &'a str, finding: &Finding) -> Vec<Cell<'a>> {
    let mut evidence = Vec::new();
    json::value(&mut evidence, &Evidence(&finding.evidence));
    vec![
        text(source),
        text(finding.rule.code()),
        text(finding.rule.slug()),
        text(finding.severity.as_str()),
        text(finding.confidence.as_str()),
        or_null(finding.flow, number),
        or_null(Some(finding.frame).filter(|frame| *frame > 0), number),
        or_null(Some(finding.ts).filter(|_| finding.frame > 0), Cell::Time),
        or_null(finding.direction, |dir| text(direction(dir))),
        or_null(finding.range, |(from, _)| Cell::Signed(from)),
        or_null(finding.range, |(_, to)| Cell::Signed(to)),
        text(wording::message(finding)),
        text(String::from_utf8(evidence).unwrap_or_default()),
    ]
}

/// `c2s` or `s2c`.
pub(super) fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::FromOriginator => "c2s",
        Direction::FromResponder => "s2c",
    }
}
