//! The `flow` record.

use std::net::IpAddr;

use serde::Serialize;
use serde::ser::Serializer;

use crate::capture::Span;
use crate::report::community_id::community_id;
use crate::report::diagnosis_text;
use crate::rules::Rule;
use crate::track::{Cause, Diagnosis, DirectionStats, ExchangeSummary, FlowRecord, LimitedBy, RttSummary, Shares};

use super::VERSION;
use super::packet::{self, StatesObject};

/// A connection that has ended.
#[derive(Serialize)]
pub(super) struct FlowLine<'a> {
    r#type: &'static str,
    v: u8,
    flow: u32,
    community_id: String,
    client: IpAddr,
    client_port: u16,
    server: IpAddr,
    server_port: u16,
    ip_version: u8,
    outcome: &'static str,
    client_known: bool,
    first_ts: &'a str,
    last_ts: &'a str,
    duration_s: f64,
    longest_idle_s: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    handshake_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rtt_ms: Option<RttObject>,
    states: StatesObject,
    conn_state: &'static str,
    history: &'a str,
    c2s: DirectionObject,
    s2c: DirectionObject,
    #[serde(skip_serializing_if = "Option::is_none")]
    exchanges: Option<ExchangesObject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limited_by: Option<LimitsObject>,
    verdict: VerdictObject,
    findings: Counts<'a>,
}

impl<'a> FlowLine<'a> {
    /// Of a connection between those instants.
    pub(super) fn new(flow: &'a FlowRecord, first_ts: &'a str, last_ts: &'a str) -> Self {
        Self {
            r#type: "flow",
            v: VERSION,
            flow: flow.number,
            community_id: community_id(flow.client, flow.server),
            client: flow.client.addr,
            client_port: flow.client.port,
            server: flow.server.addr,
            server_port: flow.server.port,
            ip_version: if flow.client.addr.is_ipv4() { 4 } else { 6 },
            outcome: flow.outcome.as_str(),
            client_known: flow.client_known,
            first_ts,
            last_ts,
            duration_s: flow.duration().as_secs_f64(),
            longest_idle_s: flow.longest_idle.as_secs_f64(),
            handshake_ms: flow.handshake.map(Span::as_millis_f64),
            rtt_ms: flow.rtt.map(RttObject::from),
            states: flow.states.into(),
            conn_state: flow.conn_state,
            history: &flow.history,
            c2s: DirectionObject::new(&flow.c2s, flow),
            s2c: DirectionObject::new(&flow.s2c, flow),
            exchanges: flow.exchanges.map(ExchangesObject::from),
            limited_by: flow.limited_by.map(LimitsObject::from),
            verdict: VerdictObject::new(&flow.diagnosis),
            findings: Counts(&flow.findings),
        }
    }
}

#[derive(Serialize)]
struct RttObject {
    min: f64,
    median: f64,
    p95: f64,
    max: f64,
    samples: u32,
}

impl From<RttSummary> for RttObject {
    fn from(rtt: RttSummary) -> Self {
        Self {
            min: rtt.min.as_millis_f64(),
            median: rtt.median.as_millis_f64(),
            p95: rtt.p95.as_millis_f64(),
            max: rtt.max.as_millis_f64(),
            samples: rtt.samples,
        }
    }
}

/// Requests and their answers.
#[derive(Serialize)]
struct ExchangesObject {
    count: u32,
    overlapping: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_time_ms: Option<ServerTimeObject>,
}

#[derive(Serialize)]
struct ServerTimeObject {
    p50: f64,
    p95: f64,
    max: f64,
}

impl From<ExchangeSummary> for ExchangesObject {
    fn from(exchanges: ExchangeSummary) -> Self {
        let times = exchanges.server_time.map(|times| ServerTimeObject {
            p50: times.median.as_millis_f64(),
            p95: times.p95.as_millis_f64(),
            max: times.max.as_millis_f64(),
        });
        Self { count: exchanges.count, overlapping: exchanges.overlapping, server_time_ms: times }
    }
}

#[derive(Serialize)]
struct DirectionObject {
    packets: u64,
    wire_bytes: u64,
    payload_bytes: u64,
    unique_bytes: u64,
    missed_bytes: u64,
    retransmitted_segments: u64,
    retransmitted_bytes: u64,
    out_of_order_segments: u64,
    duplicate_acks: u64,
    zero_window_ms: f64,
    max_in_flight_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    throughput_bytes_per_s: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    goodput_bytes_per_s: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mss: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wscale: Option<u8>,
    sack: bool,
    timestamps: bool,
}

impl DirectionObject {
    fn new(stats: &DirectionStats, flow: &FlowRecord) -> Self {
        Self {
            packets: stats.packets,
            wire_bytes: stats.wire_bytes,
            payload_bytes: stats.payload_bytes,
            unique_bytes: stats.unique_bytes,
            missed_bytes: stats.missed_bytes,
            retransmitted_segments: stats.retransmitted_segments,
            retransmitted_bytes: stats.retransmitted_bytes,
            out_of_order_segments: stats.out_of_order_segments,
            duplicate_acks: stats.duplicate_acks,
            zero_window_ms: stats.zero_window.as_millis_f64(),
            max_in_flight_bytes: stats.max_in_flight,
            throughput_bytes_per_s: flow.per_second(stats.payload_bytes),
            goodput_bytes_per_s: flow.per_second(stats.unique_bytes.saturating_sub(stats.missed_bytes)),
            mss: stats.mss,
            wscale: stats.wscale,
            sack: stats.sack,
            timestamps: stats.timestamps,
        }
    }
}

/// Whose doing it was.
#[derive(Serialize)]
pub(super) struct VerdictObject {
    cause: &'static str,
    lost_s: f64,
    text: String,
}

impl VerdictObject {
    /// Of a connection, or of the capture as a whole.
    pub(super) fn new(diagnosis: &Diagnosis) -> Self {
        Self {
            cause: diagnosis.responsible.as_str(),
            lost_s: diagnosis.lost.as_secs_f64(),
            text: diagnosis_text(diagnosis),
        }
    }
}

/// What held the connection back.
#[derive(Serialize)]
struct LimitsObject {
    #[serde(skip_serializing_if = "Option::is_none")]
    main: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    main_dir: Option<&'static str>,
    c2s: SharesObject,
    s2c: SharesObject,
}

impl From<LimitedBy> for LimitsObject {
    fn from(limited: LimitedBy) -> Self {
        Self {
            main: limited.main.map(|(_, cause)| cause.as_str()),
            main_dir: limited.main.map(|(direction, _)| packet::direction(direction)),
            c2s: limited.c2s.into(),
            s2c: limited.s2c.into(),
        }
    }
}

/// One direction's time by what held it back: together the connection's duration.
#[derive(Serialize)]
struct SharesObject {
    handshake_s: f64,
    receiver_window_s: f64,
    congestion_s: f64,
    application_s: f64,
    close_s: f64,
    unknown_s: f64,
}

impl From<Shares> for SharesObject {
    fn from(shares: Shares) -> Self {
        let seconds = |cause| shares.of(cause).as_secs_f64();
        Self {
            handshake_s: seconds(Cause::Handshake),
            receiver_window_s: seconds(Cause::ReceiverWindow),
            congestion_s: seconds(Cause::Congestion),
            application_s: seconds(Cause::Application),
            close_s: seconds(Cause::Close),
            unknown_s: seconds(Cause::Unknown),
        }
    }
}

/// How often each rule fired, by code.
pub(super) struct Counts<'a>(pub &'a [(Rule, u32)]);

impl Serialize for Counts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(rule, count)| (rule.code(), count)))
    }
}
