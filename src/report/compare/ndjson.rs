//! The `compare`, `crossing`, `explanation`, `path` and `compare_summary` records.

mod stats;

use std::net::IpAddr;

use serde::Serialize;

use crate::capture::{SourceInfo, Span};
use crate::compare::{Clock, Comparison, Crossing, Explanation, Inserted, Overlap, PathEvent, PathRecord, Side, Way};
use crate::dissect::Socket;
use crate::report::ndjson::{VERSION, direction, line};
use crate::report::units::TimestampFormatter;

use super::CompareReport;
use stats::StatsObject;

/// Writes NDJSON records of a comparison.
#[derive(Debug)]
pub struct Ndjson {
    packets: bool,
    calendar: TimestampFormatter,
}

impl Ndjson {
    /// With a record of each packet, or without.
    pub fn new(packets: bool) -> Self {
        Self { packets, calendar: TimestampFormatter::default() }
    }
}

impl CompareReport for Ndjson {
    fn begin(&mut self, out: &mut Vec<u8>, sources: &[SourceInfo; 2], overlap: &Overlap) {
        let [a, b] = sources.each_ref().map(|info| SourceObject { source: &info.name, format: &info.format });
        line(out, &CompareLine { r#type: "compare", v: VERSION, tool: TOOL, a, b, clock: (&overlap.clock).into() });
    }

    fn event(&mut self, out: &mut Vec<u8>, event: &PathEvent) {
        match event {
            PathEvent::Crossing(crossing) if self.packets => line(out, &CrossingLine::new(crossing)),
            PathEvent::Crossing(_) => {}
            PathEvent::Explanation(explanation) => {
                line(out, &ExplanationLine::new(explanation, &mut self.calendar));
            }
            PathEvent::Path(record) => line(out, &PathLine::new(record)),
        }
    }

    fn end(&mut self, out: &mut Vec<u8>, comparison: &Comparison) {
        line(out, &SummaryLine::new(comparison, &mut self.calendar));
    }
}

const TOOL: &str = concat!("tcpcheck ", env!("CARGO_PKG_VERSION"));

#[derive(Serialize)]
struct CompareLine<'a> {
    r#type: &'static str,
    v: u8,
    tool: &'static str,
    a: SourceObject<'a>,
    b: SourceObject<'a>,
    clock: ClockObject,
}

#[derive(Serialize)]
struct SourceObject<'a> {
    source: &'a str,
    format: &'a str,
}

#[derive(Serialize)]
struct ClockObject {
    offset_ms: f64,
    drift_ppm: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    uncertainty_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    round_trip_ms: Option<f64>,
}

impl From<&Clock> for ClockObject {
    fn from(clock: &Clock) -> Self {
        Self {
            offset_ms: clock.offset().as_millis_f64(),
            drift_ppm: (clock.drift_ppm() * 1e3).round() / 1e3,
            uncertainty_ms: clock.uncertainty().map(Span::as_millis_f64),
            round_trip_ms: clock.round_trip().map(Span::as_millis_f64),
        }
    }
}

fn way(way: Way) -> &'static str {
    match way {
        Way::AToB => "a2b",
        Way::BToA => "b2a",
    }
}

fn side(side: Side) -> &'static str {
    match side {
        Side::A => "a",
        Side::B => "b",
    }
}

#[derive(Serialize)]
struct CrossingLine {
    r#type: &'static str,
    v: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    a_frame: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    b_frame: Option<u64>,
    fate: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    a_flow: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    b_flow: Option<u32>,
    dir: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    way: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_ms: Option<f64>,
    overtaken: bool,
    payload_bytes: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<(u32, u32)>,
}

impl CrossingLine {
    fn new(crossing: &Crossing) -> Self {
        let ([a_frame, b_frame], [a_flow, b_flow]) = (crossing.frames, crossing.flows);
        Self {
            r#type: "crossing",
            v: VERSION,
            a_frame,
            b_frame,
            fate: crossing.fate.as_str(),
            a_flow,
            b_flow,
            dir: direction(crossing.direction),
            way: crossing.way.map(way),
            delay_ms: crossing.delay.map(Span::as_millis_f64),
            overtaken: crossing.overtaken,
            payload_bytes: crossing.brief.payload,
            part: crossing.part,
        }
    }
}

#[derive(Serialize)]
struct ExplanationLine {
    r#type: &'static str,
    v: u8,
    side: &'static str,
    code: &'static str,
    slug: &'static str,
    frame: u64,
    ts: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    a_flow: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    b_flow: Option<u32>,
    shown: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    lost_frame: Option<u64>,
}

impl ExplanationLine {
    fn new(explanation: &Explanation, calendar: &mut TimestampFormatter) -> Self {
        let [a_flow, b_flow] = explanation.flows;
        Self {
            r#type: "explanation",
            v: VERSION,
            side: side(explanation.side),
            code: explanation.rule.code(),
            slug: explanation.rule.slug(),
            frame: explanation.frame,
            ts: calendar.text(explanation.ts),
            a_flow,
            b_flow,
            shown: explanation.shown.as_str(),
            lost_frame: explanation.other_frame,
        }
    }
}

/// Who sends and who receives, as one capture calls them.
#[derive(Serialize)]
struct EndsObject {
    src: IpAddr,
    sport: u16,
    dst: IpAddr,
    dport: u16,
}

impl From<[Socket; 2]> for EndsObject {
    fn from([src, dst]: [Socket; 2]) -> Self {
        Self { src: src.addr, sport: src.port, dst: dst.addr, dport: dst.port }
    }
}

#[derive(Serialize)]
struct PathLine {
    r#type: &'static str,
    v: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    a_flow: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    b_flow: Option<u32>,
    dir: &'static str,
    client_known: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    way: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    a: Option<EndsObject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    b: Option<EndsObject>,
    renumbered: bool,
    proxied: bool,
    #[serde(flatten)]
    stats: StatsObject,
}

impl PathLine {
    fn new(record: &PathRecord) -> Self {
        let ([a_flow, b_flow], [a, b]) = (record.flows, record.ends);
        Self {
            r#type: "path",
            v: VERSION,
            a_flow,
            b_flow,
            dir: direction(record.direction),
            client_known: record.client_known,
            way: record.way.map(way),
            a: a.map(EndsObject::from),
            b: b.map(EndsObject::from),
            renumbered: record.renumbered,
            proxied: record.proxied,
            stats: (&record.stats).into(),
        }
    }
}

#[derive(Serialize)]
struct SummaryLine {
    r#type: &'static str,
    v: u8,
    connections: ConnectionsObject,
    one_point: bool,
    a2b: StatsObject,
    b2a: StatsObject,
    inserted: Vec<InsertedObject>,
}

#[derive(Serialize)]
struct ConnectionsObject {
    both: u64,
    only_a: u64,
    only_b: u64,
    translated: u64,
    renumbered: u64,
    proxied: u64,
}

#[derive(Serialize)]
struct InsertedObject {
    flag: &'static str,
    side: &'static str,
    frame: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    flow: Option<u32>,
    dir: &'static str,
    ts: String,
}

impl InsertedObject {
    fn new(inserted: &Inserted, calendar: &mut TimestampFormatter) -> Self {
        Self {
            flag: inserted.ending.name(),
            side: side(inserted.side),
            frame: inserted.frame,
            flow: inserted.flow,
            dir: direction(inserted.direction),
            ts: calendar.text(inserted.ts),
        }
    }
}

impl SummaryLine {
    fn new(comparison: &Comparison, calendar: &mut TimestampFormatter) -> Self {
        let totals = comparison.totals();
        let connections = totals.connections();
        Self {
            r#type: "compare_summary",
            v: VERSION,
            connections: ConnectionsObject {
                both: connections.both,
                only_a: connections.only[0],
                only_b: connections.only[1],
                translated: connections.translated,
                renumbered: connections.renumbered,
                proxied: connections.proxied,
            },
            one_point: totals.is_one_point(comparison.overlap().clock.round_trip()),
            a2b: totals.way(Way::AToB).into(),
            b2a: totals.way(Way::BToA).into(),
            inserted: totals.inserted().iter().map(|one| InsertedObject::new(one, calendar)).collect(),
        }
    }
}
