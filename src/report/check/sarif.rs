//! The verdict as SARIF 2.1.0: a result for each check that does not hold, at the policy's line.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha1::{Digest, Sha1};

use crate::policy::{Check, Demand, Fingerprint, Judgement, Key, Place, State, What};
use crate::report::json;
use crate::rules::{Rule, Severity};

use super::{Capture, Run, RunStanding, words};
use crate::report::phrase;

/// Writes a run.
pub fn sarif(run: &Run<'_>) -> Vec<u8> {
    let mut results: Vec<Value> = Vec::new();
    let mut notifications: Vec<Value> = Vec::new();
    for capture in &run.captures {
        match &capture.verdict {
            Ok(verdict) => {
                for (check, result) in run.policy.written(verdict).into_iter().filter(|(_, r)| r.state != State::Passed)
                {
                    results.extend(parts(check, result).map(|part| result_of(run, capture, check, result, &part)));
                }
                if capture.standing(run.allow_empty) == RunStanding::Empty {
                    notifications.push(notification(&format!("{}: no TCP connection to judge", capture.name)));
                }
            }
            Err(words) => notifications.push(notification(words)),
        }
    }
    if let Some(command) = run.command.as_ref().filter(|command| !command.good) {
        notifications.push(notification(&format!("command {}: {}", command.line, command.words)));
    }
    for scope in run.idle_scopes() {
        notifications.push(json!({ "level": "warning", "message": { "text": words::idle(scope) } }));
    }
    let standing = run.standing();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "tcpcheck",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules(),
            }},
            "invocations": [{
                "executionSuccessful": standing != RunStanding::CouldNot,
                "exitCode": standing.status(),
                "toolExecutionNotifications": notifications,
            }],
            "results": results,
        }],
    });
    json::document(&log)
}

/// Every rule, by code, and every key, by name.
fn rules() -> Vec<Value> {
    let rules = Rule::ALL.iter().map(|rule| {
        json!({
            "id": rule.code(),
            "name": rule.slug(),
            "shortDescription": { "text": rule.info().fires },
            "defaultConfiguration": { "level": rule.severity().as_str() },
        })
    });
    let keys = Key::ALL
        .iter()
        .chain(&Key::OF_PAIRS)
        .map(|info| json!({ "id": info.name, "shortDescription": { "text": info.says } }));
    rules.chain(keys).collect()
}

/// A result's own part of a check: what its fingerprint is made of, and the places that belong to it.
struct Part<'r> {
    rule: String,
    fingerprint: Option<&'r Fingerprint>,
    count: u64,
    places: Vec<&'r Place>,
}

/// Findings are told by rule and port; any other check is told once.
fn parts<'r>(check: &Check, result: &'r Judgement) -> Box<dyn Iterator<Item = Part<'r>> + 'r> {
    if !matches!(check.demand, Demand::Findings(_)) {
        let rule = check.key.name().to_owned();
        return Box::new(std::iter::once(Part {
            rule,
            fingerprint: None,
            count: result.bad,
            places: result.places.iter().collect(),
        }));
    }
    Box::new(result.counts.iter().map(|(fingerprint, count)| {
        let belongs = |place: &&Place| {
            let rule = matches!(&place.what, What::Finding(finding, _) if finding.rule.code() == fingerprint.subject);
            rule && place.flow.map(|ends| ends.server.port) == fingerprint.port
        };
        let places = result.places.iter().filter(belongs).collect();
        Part { rule: fingerprint.subject.clone(), fingerprint: Some(fingerprint), count: *count, places }
    }))
}

fn result_of(run: &Run<'_>, capture: &Capture, check: &Check, result: &Judgement, part: &Part<'_>) -> Value {
    let mut message = format!("{}: {}: ", capture.name, words::title(run.policy, check));
    message.push_str(&match part.fingerprint {
        Some(name) => format!("{name}: {}", phrase::counted(part.count, "finding")),
        None => words::found(check, result),
    });
    for place in part.places.iter().take(3) {
        message.push_str(&format!("\n{}", words::place(place)));
        if let Some(line) = place.frames.first().and_then(|frame| capture.exhibit.line(*frame)) {
            message.push_str(&format!("\n    {line}"));
        }
    }
    let level = match result.state {
        State::Warned => Severity::Warning,
        _ => Severity::Error,
    };
    let artifact =
        json!({ "artifactLocation": { "uri": uri(capture.first_of_pair.as_ref().unwrap_or(&capture.name)) } });
    let policy = run.policy.file.as_ref().map(|file| {
        json!({
            "artifactLocation": { "uri": uri(&file.display().to_string()) },
            "region": {
                "startLine": check.at.line.max(1),
                "startColumn": check.at.column.max(1),
                "snippet": { "text": check.text },
            },
        })
    });
    let mut sarif = json!({
        "ruleId": part.rule,
        "level": level.as_str(),
        "message": { "text": message },
        // What it points at is the line that demands it; without a policy of one's own, the capture.
        "locations": [{ "physicalLocation": policy.as_ref().unwrap_or(&artifact) }],
        "partialFingerprints": partial_fingerprints(run, capture, check, part),
    });
    if policy.is_some() {
        sarif["relatedLocations"] =
            json!([{ "id": 1, "message": { "text": "the capture" }, "physicalLocation": artifact }]);
    }
    if result.state == State::Accepted {
        let justification = run.baseline.as_ref().map_or("in the baseline".to_owned(), |file| format!("in {file}"));
        sarif["suppressions"] = json!([{ "kind": "external", "justification": justification }]);
    }
    sarif
}

/// What stays the same when the capture is made anew: no ports of clients, no sequence numbers, no times, no frames.
fn partial_fingerprints(
    run: &Run<'_>,
    capture: &Capture,
    check: &Check,
    part: &Part<'_>,
) -> BTreeMap<&'static str, String> {
    let port = part.fingerprint.and_then(|name| name.port).map(|port| port.to_string());
    let scope = run.policy.scope_of(check).unwrap_or_default();
    let mut hash = Sha1::new();
    for word in [capture.name.as_str(), scope, check.key.name(), &part.rule, port.as_deref().unwrap_or_default()] {
        hash.update(word.as_bytes());
        hash.update([0]);
    }
    let hex = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    BTreeMap::from([("tcpcheck/v1", hex)])
}

fn notification(words: &str) -> Value {
    json!({ "level": "error", "message": { "text": words } })
}

/// A path as a relative reference (RFC 3986 §4.2).
fn uri(path: &str) -> String {
    let path = path.strip_prefix("./").unwrap_or(path);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    path.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
