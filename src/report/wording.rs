//! A finding's sentence: the catalogue's template with the measured facts put in.

use crate::capture::Span;
use crate::track::{Finding, Value};

/// The sentence of a finding.
pub fn message(finding: &Finding) -> String {
    fill(finding.rule.info().message, finding).unwrap_or_default()
}

/// Puts facts into a template; `None` when a fact outside of `[…]` is absent.
fn fill(template: &str, finding: &Finding) -> Option<String> {
    let mut out = String::new();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '[']) {
        out.push_str(&rest[..at]);
        let optional = rest[at..].starts_with('[');
        let end = at + rest[at..].find(if optional { ']' } else { '}' })?;
        let inner = &rest[at + 1..end];
        if optional {
            out.push_str(&fill(inner, finding).unwrap_or_default());
        } else {
            write_value(&mut out, finding.fact(inner)?);
        }
        rest = &rest[end + 1..];
    }
    out.push_str(rest);
    Some(out)
}

/// A value as text writes it: frames as `@8`, times with their unit, bytes with `B`.
fn write_value(out: &mut String, value: &Value) {
    match value {
        Value::Frame(frame) => out.push_str(&format!("@{frame}")),
        Value::Frames(frames) => {
            let names: Vec<String> = frames.iter().map(|frame| format!("@{frame}")).collect();
            out.push_str(&names.join(" "));
        }
        Value::Time(span) => out.push_str(&time(*span)),
        Value::Bytes(bytes) => out.push_str(&format!("{bytes} B")),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::Count(1, thing) => out.push_str(&format!("1 {thing}")),
        Value::Count(number, thing) => out.push_str(&format!("{number} {thing}s")),
        Value::Word(word) => out.push_str(word),
    }
}

/// A time as text writes it: milliseconds with one decimal below a second, seconds with three above.
pub fn time(span: Span) -> String {
    if span.0.abs() < 1_000_000_000 {
        format!("{:.1} ms", span.as_millis_f64())
    } else {
        format!("{:.3} s", span.as_secs_f64())
    }
}
