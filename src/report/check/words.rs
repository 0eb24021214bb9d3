//! The sentences of a verdict, for every format.

use crate::policy::{
    Check, Close, Defect, Demand, Ends, Judgement, Measure, Place, Policy, Relation, Scope, What, span_text,
};
use crate::rules::Severity;

use super::super::{units, wording};
use super::path;
use crate::report::phrase::{counted, percent, time};

/// What a check is called: the line that demands it, with its scope.
pub(super) fn title(policy: &Policy, check: &Check) -> String {
    match policy.scope_of(check) {
        Some(name) => format!("[[scope]] {name:?}: {}", check.text),
        None => check.text.clone(),
    }
}

/// A scope that took nothing.
pub(super) fn idle(scope: &Scope) -> String {
    format!("[[scope]] {:?}: {:?} matched no connection", scope.name, scope.filter.expression())
}

/// What was expected, in words.
pub(super) fn expected(check: &Check) -> String {
    match &check.demand {
        Demand::Findings(Severity::Error) => "no selected finding of severity error".to_owned(),
        Demand::Findings(least) => format!("no selected finding of severity {} or above", least.as_str()),
        Demand::Repetitions(share) => {
            format!("at most {} of the data segments retransmitted", percent(u64::from(share.0), 1_000_000))
        }
        Demand::Longest(measure, limit) => format!("no {} above {}", one(*measure), span_text(*limit)),
        Demand::Percentile(measure, limit) => {
            format!("95 of 100 {} at most {}", many(*measure), span_text(*limit))
        }
        Demand::Close(Close::Clean) => "connections end with a FIN from both sides".to_owned(),
        Demand::Close(Close::ResetOk) => "connections end with a FIN from both sides, or with a RST".to_owned(),
        Demand::Close(Close::Any) => "connections end in any way".to_owned(),
        Demand::Quality(Defect::Gaps, _) => "a capture that misses no bytes".to_owned(),
        Demand::Quality(Defect::OneDirection, _) => "both directions of every connection".to_owned(),
        Demand::Quality(Defect::KernelDrops, _) => "a capture without dropped packets".to_owned(),
        Demand::Quality(Defect::FileCut, _) => "a whole file".to_owned(),
        Demand::Connections(comparison) => {
            let relation = match comparison.relation {
                Relation::AtLeast => "at least",
                Relation::AtMost => "at most",
                Relation::Exactly => "exactly",
                Relation::Above => "more than",
                Relation::Below => "less than",
            };
            format!("{relation} {}", counted(comparison.number, "connection"))
        }
        Demand::Allow(allowance) => match allowance.max {
            Some(max) => format!("at most {max} of {}: {}", allowance.named, allowance.reason),
            None => format!("any number of {}: {}", allowance.named, allowance.reason),
        },
        Demand::Path(demand) => path::expected(demand),
    }
}

/// What was found, in words.
pub(super) fn found(check: &Check, result: &Judgement) -> String {
    let Judgement { of, bad, allowed, .. } = *result;
    let worst = || result.worst.map(time).unwrap_or_default();
    let mut words = match &check.demand {
        Demand::Findings(Severity::Error) => format!("{} of severity error", counted(bad, "finding")),
        Demand::Findings(least) => format!("{} of severity {} or above", counted(bad, "finding"), least.as_str()),
        Demand::Repetitions(_) => {
            let small = if of < 20 && bad > 0 {
                format!("; below 20 they are counted: {allowed} may be")
            } else {
                String::new()
            };
            format!("found {} ({bad} of {}){small}", percent(bad, of), counted(of, "data segment"))
        }
        Demand::Longest(_, _) if of == 0 => "nothing to measure".to_owned(),
        Demand::Percentile(_, _) if of == 0 => "nothing to measure".to_owned(),
        Demand::Longest(measure, _) if of == 1 => format!("found {} ({})", worst(), one(*measure)),
        Demand::Longest(measure, _) if bad == 0 => {
            format!("found {} (the longest of {of} {})", worst(), many(*measure))
        }
        Demand::Longest(measure, limit) => {
            format!("found {} ({bad} of {of} {} above {})", worst(), many(*measure), span_text(*limit))
        }
        Demand::Percentile(measure, limit) => {
            let above = format!("{bad} of {of} {} above {}", many(*measure), span_text(*limit));
            format!("found {} ({above}, {allowed} may be); the longest {}", percent(bad, of), worst())
        }
        Demand::Close(close) => {
            let how = if *close == Close::Clean { "a FIN from both sides" } else { "a FIN from both sides or a RST" };
            let verb = if bad == 0 { "all ended" } else { "did not end" };
            format!("{bad} of {} {verb} with {how}", counted(of, "connection")).replace("0 of ", "")
        }
        Demand::Quality(..) if bad == 0 => "nothing wrong with the capture".to_owned(),
        Demand::Quality(Defect::Gaps, _) => format!("the capture missed bytes in {}", counted(bad, "place")),
        Demand::Quality(Defect::OneDirection, _) => format!("{} with one direction only", counted(bad, "connection")),
        Demand::Quality(Defect::KernelDrops, _) => "packets are missing".to_owned(),
        Demand::Quality(Defect::FileCut, _) => "packets at the end are missing".to_owned(),
        Demand::Connections(_) => format!("found {}", counted(of, "connection")),
        Demand::Allow(allowance) if allowance.expired => {
            let until = allowance.until.map(|date| date.to_string()).unwrap_or_default();
            format!("expired: it held until {until} ({})", allowance.reason)
        }
        Demand::Allow(allowance) => format!("found {bad} of {}", allowance.named),
        Demand::Path(demand) => path::found(demand, result),
    };
    if result.exempt > 0 {
        words.push_str(&format!("; {} exempt", counted(result.exempt, "connection")));
    }
    for (fingerprint, known) in &result.baseline {
        let now = result.counts.get(fingerprint).copied().unwrap_or_default();
        words.push_str(&format!("; {}: {now}, the baseline has {known}", fingerprint));
    }
    words
}

/// Who and where: the connection, what is there, and the frames.
pub(super) fn place(place: &Place) -> String {
    let mut words = place.flow.map(|ends| format!("{}   ", flow(ends))).unwrap_or_default();
    words.push_str(&what(&place.what));
    let listed = matches!(place.what, What::Repeated { .. } | What::Finding(..));
    if !listed && !place.frames.is_empty() {
        let mut frames = place.frames.clone();
        frames.sort_unstable();
        frames.dedup();
        let frames: Vec<String> = frames.iter().map(|frame| format!("@{frame}")).collect();
        let between = if matches!(place.what, What::Path(_)) { " " } else { ".." };
        words.push_str(&format!("   {}", frames.join(between)));
    }
    words
}

/// `flow 4  192.168.1.10:51003 > 93.184.216.34:25`.
pub(super) fn flow(ends: Ends) -> String {
    format!("flow {}  {} > {}", ends.number, socket(ends.client), socket(ends.server))
}

/// What is there.
pub(super) fn what(what: &What) -> String {
    match what {
        What::Finding(finding, graded) => {
            let frame = if finding.frame > 0 { format!("@{} ", finding.frame) } else { String::new() };
            let (code, slug) = (finding.rule.code(), finding.rule.slug());
            format!("{frame}{} {code} {slug}  {}", graded.as_str(), wording::message(finding))
        }
        What::Ended(outcome) => outcome.as_str().to_owned(),
        What::Repeated { resent, segments, by } => {
            let by: Vec<String> = by.iter().map(|(code, frame)| format!("{code} @{frame}")).collect();
            format!("{resent} of {segments}  {}", by.join(", ")).trim_end().to_owned()
        }
        What::Took(span, 1) => time(*span),
        What::Took(span, count) => format!("{}, {count} above the limit", time(*span)),
        What::Damaged(words) => words.clone(),
        What::Path(place) => path::place(place),
    }
}

fn one(measure: Measure) -> &'static str {
    match measure {
        Measure::Handshake => "handshake",
        Measure::RoundTrip => "round trip",
        Measure::Response => "answer",
        Measure::ZeroWindow => "closed window",
        Measure::Idle => "pause",
    }
}

fn many(measure: Measure) -> &'static str {
    match measure {
        Measure::Handshake => "handshakes",
        Measure::RoundTrip => "round trips",
        Measure::Response => "answers",
        // Each connection has one total, and one longest pause.
        Measure::ZeroWindow | Measure::Idle => "connections",
    }
}

fn socket(socket: crate::dissect::Socket) -> String {
    units::written(|out| units::socket(out, socket))
}
