//! The verdict as NDJSON: a `check` record for each check of a capture, a `verdict` for each capture, and `run` at the end.

use serde::Serialize;

use crate::policy::{Check, Judgement, Place};
use crate::report::json::line;

use super::{Capture, Run, RunStanding, words};

/// Writes a run.
pub fn ndjson(run: &Run<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    for capture in &run.captures {
        if let Ok(verdict) = &capture.verdict {
            for (check, result) in run.policy.written(verdict) {
                line(&mut out, &check_record(run, capture, check, result));
            }
        }
        line(&mut out, &verdict_record(run, capture));
    }
    let standing = run.standing();
    line(
        &mut out,
        &RunRecord {
            kind: "run",
            v: 1,
            tool: concat!("tcpcheck ", env!("CARGO_PKG_VERSION")),
            policy: run.policy.file.as_ref().map(|file| file.display().to_string()),
            status: status(standing),
            exit_status: standing.status(),
            captures: run.captures.len(),
            command: run.command.as_ref().map(|command| CommandRecord {
                line: &command.line,
                good: command.good,
                ended: &command.words,
            }),
        },
    );
    out
}

#[derive(Serialize)]
struct CheckRecord<'r> {
    #[serde(rename = "type")]
    kind: &'static str,
    v: u8,
    source: &'r str,
    key: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    demand: &'r str,
    state: &'static str,
    expected: String,
    found: String,
    of: u64,
    bad: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    worst_ms: Option<f64>,
    places: Vec<PlaceRecord>,
    more_places: u64,
    counts: Vec<CountRecord<'r>>,
}

#[derive(Serialize)]
struct PlaceRecord {
    #[serde(skip_serializing_if = "Option::is_none")]
    flow: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_port: Option<u16>,
    frames: Vec<u64>,
    text: String,
}

#[derive(Serialize)]
struct CountRecord<'r> {
    subject: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    count: u64,
}

#[derive(Serialize)]
struct VerdictRecord<'r> {
    #[serde(rename = "type")]
    kind: &'static str,
    v: u8,
    source: &'r str,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'r str>,
    packets: u64,
    connections: u64,
    checks: usize,
    failed: usize,
}

#[derive(Serialize)]
struct RunRecord<'r> {
    #[serde(rename = "type")]
    kind: &'static str,
    v: u8,
    tool: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<String>,
    status: &'static str,
    exit_status: u8,
    captures: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<CommandRecord<'r>>,
}

#[derive(Serialize)]
struct CommandRecord<'r> {
    line: &'r str,
    good: bool,
    ended: &'r str,
}

fn check_record<'r>(run: &Run<'r>, capture: &'r Capture, check: &'r Check, result: &'r Judgement) -> CheckRecord<'r> {
    let file = run.policy.file.as_ref();
    CheckRecord {
        kind: "check",
        v: 1,
        source: &capture.name,
        key: check.key.name(),
        scope: run.policy.scope_of(check),
        policy: file.map(|file| file.display().to_string()),
        line: file.map(|_| check.at.line),
        demand: &check.text,
        state: result.state.as_str(),
        expected: words::expected(check),
        found: words::found(check, result),
        of: result.of,
        bad: result.bad,
        worst_ms: result.worst.map(|worst| worst.as_millis_f64()),
        places: result.places.iter().map(place_record).collect(),
        more_places: result.more,
        counts: result
            .counts
            .iter()
            .map(|(name, count)| CountRecord { subject: &name.subject, port: name.port, count: *count })
            .collect(),
    }
}

fn place_record(place: &Place) -> PlaceRecord {
    PlaceRecord {
        flow: place.flow.map(|ends| ends.number),
        client: place.flow.map(|ends| ends.client.addr.to_string()),
        client_port: place.flow.map(|ends| ends.client.port),
        server: place.flow.map(|ends| ends.server.addr.to_string()),
        server_port: place.flow.map(|ends| ends.server.port),
        frames: place.frames.clone(),
        text: words::what(&place.what),
    }
}

fn verdict_record<'r>(run: &Run<'_>, capture: &'r Capture) -> VerdictRecord<'r> {
    let verdict = capture.verdict.as_ref();
    VerdictRecord {
        kind: "verdict",
        v: 1,
        source: &capture.name,
        status: status(capture.standing(run.allow_empty)),
        error: verdict.err().map(String::as_str),
        packets: verdict.map_or(0, |verdict| verdict.packets),
        connections: verdict.map_or(0, |verdict| verdict.connections),
        checks: run.checks_of(capture),
        failed: capture.failures(),
    }
}

fn status(standing: RunStanding) -> &'static str {
    match standing {
        RunStanding::Passed => "passed",
        RunStanding::Empty => "empty",
        RunStanding::Poor => "poor",
        RunStanding::Failed => "failed",
        RunStanding::CouldNot => "error",
    }
}
