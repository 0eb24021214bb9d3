//! A finding's sentence: the catalogue's template with the measured facts put in.

use crate::track::{Finding, Value};

use super::{integer, units};

/// The sentence of a finding.
pub fn message(finding: &Finding) -> String {
    let mut out = Vec::with_capacity(96);
    write_message(&mut out, finding);
    String::from_utf8_lossy(&out).into_owned()
}

/// Appends the sentence of a finding; nothing when a fact that it needs is absent.
pub(super) fn write_message(out: &mut Vec<u8>, finding: &Finding) {
    let start = out.len();
    if fill(out, finding.rule.info().message, finding).is_none() {
        out.truncate(start);
    }
}

/// Puts facts into a template; `None` when a fact outside of `[…]` is absent.
fn fill(out: &mut Vec<u8>, template: &str, finding: &Finding) -> Option<()> {
    let mut rest = template;
    while let Some(at) = rest.find(['{', '[']) {
        let (before, from) = rest.split_at(at);
        out.extend_from_slice(before.as_bytes());
        let optional = from.starts_with('[');
        let (inner, behind) = from.get(1..)?.split_once(if optional { ']' } else { '}' })?;
        if optional {
            let start = out.len();
            if fill(out, inner, finding).is_none() {
                out.truncate(start);
            }
        } else {
            write_value(out, finding.fact(inner)?);
        }
        rest = behind;
    }
    out.extend_from_slice(rest.as_bytes());
    Some(())
}

/// A value as text writes it: frames as `@8`, times with their unit, bytes with `B`.
pub(super) fn write_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Frame(frame) => units::frame(out, *frame),
        Value::Frames(frames) => {
            for (at, frame) in frames.iter().enumerate() {
                if at > 0 {
                    out.push(b' ');
                }
                units::frame(out, *frame);
            }
        }
        Value::Time(span) => units::time(out, *span),
        Value::Bytes(bytes) => units::bytes(out, *bytes),
        Value::Number(number) => units::integer(out, *number),
        Value::Count(number, thing) => {
            units::integer(out, *number);
            out.push(b' ');
            out.extend_from_slice(thing.as_bytes());
            if *number != 1 {
                out.push(b's');
            }
        }
        Value::Word(word) => out.extend_from_slice(word.as_bytes()),
        Value::Address(address) => integer::address(out, *address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::{Span, Timestamp};
    use crate::rules::{Confidence, Rule, Severity};
    use crate::track::Fact;

    fn no_answer(evidence: Vec<Fact>) -> Finding {
        Finding {
            rule: Rule::NoAnswer,
            severity: Severity::Error,
            confidence: Confidence::Certain,
            flow: Some(2),
            direction: None,
            frame: 21,
            ts: Timestamp(0),
            range: None,
            evidence,
        }
    }

    fn filled(template: &str, evidence: Vec<Fact>) -> Option<String> {
        let mut out = Vec::new();
        fill(&mut out, template, &no_answer(evidence)).map(|()| String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_part_in_brackets_goes_when_its_fact_is_absent() {
        let syns = Fact { name: "syns", value: Value::Number(3) };
        let span = Fact { name: "span", value: Value::Time(Span::from_secs(3)) };
        let template = "{syns} SYN[ in {span}], nothing came back";
        assert_eq!(filled(template, vec![syns.clone()]).unwrap(), "3 SYN, nothing came back");
        assert_eq!(filled(template, vec![syns, span]).unwrap(), "3 SYN in 3.000 s, nothing came back");
    }

    #[test]
    fn values_carry_their_units() {
        let facts = vec![
            Fact { name: "gap", value: Value::Frame(8) },
            Fact { name: "acks", value: Value::Frames(vec![10, 12, 14]) },
            Fact { name: "size", value: Value::Bytes(1460) },
            Fact { name: "age", value: Value::Time(Span::from_millis(36)) },
            Fact { name: "cause", value: Value::Word("loss") },
        ];
        assert_eq!(
            filled("{size} {age} after {gap}, {acks}: {cause}", facts).unwrap(),
            "1460 B 36.0 ms after @8, @10 @12 @14: loss"
        );
    }

    #[test]
    fn a_sentence_without_its_facts_is_left_out() {
        assert_eq!(filled("{size} again", Vec::new()), None);
    }
}
