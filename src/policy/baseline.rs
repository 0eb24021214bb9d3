//! Failures that are known: counted by capture, by what they are, and by the server's port.
//!
//! Nothing in it changes when a capture is made anew: no client's port, no sequence number, no time, no frame.

use std::collections::BTreeMap;
use std::path::Path;

use toml::de::DeTable;

use super::file::{self, MAX_BASELINE};
use super::verdict::{Fingerprint, State, Verdict};
use super::{Named, PolicyError, Problem};

/// The name of a baseline's file beside its policy.
pub const BASELINE_NAME: &str = "tcpcheck.baseline.toml";

const HEAD: &str = "\
# Failures that `tcpcheck check` accepts: how many, by capture, rule or key, and server port.
# `tcpcheck check --update-baseline` writes it; commit it beside the policy.
version = 1
";

/// Known failures.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Baseline(BTreeMap<String, BTreeMap<Fingerprint, u64>>);

/// Less was found than a baseline has.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Shrink {
    /// The capture.
    pub capture: String,
    /// What there is less of.
    pub what: Fingerprint,
    /// As many are in the baseline.
    pub known: u64,
    /// As many were found.
    pub found: u64,
}

impl Baseline {
    /// Reads a baseline.
    ///
    /// # Errors
    /// When it cannot be read, or is none.
    pub fn read(path: &Path, named: Named) -> Result<Self, PolicyError> {
        let text = file::text(path, named, MAX_BASELINE)?;
        Self::parse(&path.display().to_string(), &text)
    }

    /// The baseline of a text; `file` stands in its errors.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(file: &str, text: &str) -> Result<Self, PolicyError> {
        let wrong = |span, words: &str| {
            let advice = format!("{words}; --update-baseline writes it anew");
            PolicyError::Invalid(vec![Problem::new(file, text, span, advice)])
        };
        let document = DeTable::parse(text).map_err(|error| wrong(error.span().unwrap_or(0..0), error.message()))?;
        let mut captures = BTreeMap::new();
        for (key, value) in document.get_ref() {
            match (key.get_ref().as_ref(), value.get_ref().as_table()) {
                ("version", _) if value.get_ref().as_integer().is_some_and(|number| number.as_str() == "1") => {}
                ("version", _) => return Err(wrong(value.span(), "this tcpcheck reads version 1")),
                ("capture", Some(table)) => {
                    for (name, counts) in table {
                        let Some(counts) = counts.get_ref().as_table() else {
                            return Err(wrong(name.span(), "a capture is a table of counts"));
                        };
                        let entries = captures.entry(name.get_ref().to_string()).or_insert_with(BTreeMap::new);
                        for (what, count) in counts {
                            let number = count.get_ref().as_integer().and_then(|number| number.as_str().parse().ok());
                            let (Some(what), Some(number)) = (fingerprint(what.get_ref()), number) else {
                                return Err(wrong(what.span(), "an entry is \"RULE port PORT\" = COUNT"));
                            };
                            entries.insert(what, number);
                        }
                    }
                }
                _ => return Err(wrong(key.span(), "a baseline has a version and captures")),
            }
        }
        Ok(Self(captures))
    }

    /// As it is written, in an order that does not change.
    pub fn text(&self) -> String {
        let mut text = HEAD.to_owned();
        // JSON's way to write a text is one of TOML's too.
        let quoted = |words: &str| serde_json::Value::from(words).to_string();
        for (capture, counts) in self.0.iter().filter(|(_, counts)| !counts.is_empty()) {
            text.push_str(&format!("\n[capture.{}]\n", quoted(capture)));
            for (what, count) in counts {
                text.push_str(&format!("{} = {count}\n", quoted(&what.to_string())));
            }
        }
        text
    }

    /// Accepts what it knows of a capture, and says of what it knows more than there is.
    pub fn apply(&self, capture: &str, verdict: &mut Verdict) -> Vec<Shrink> {
        let Some(known) = self.0.get(capture) else { return Vec::new() };
        let mut left = known.clone();
        for result in
            verdict.results.iter_mut().filter(|result| result.state == State::Failed && !result.counts.is_empty())
        {
            let mut more = false;
            for (what, count) in &result.counts {
                let left = left.entry(what.clone()).or_default();
                if count > left {
                    more = true;
                    result.baseline.insert(what.clone(), *left);
                }
                *left = left.saturating_sub(*count);
            }
            if !more {
                result.state = State::Accepted;
            }
        }
        let shrinks = known.iter().filter_map(|(what, known)| {
            let left = left.get(what).copied().filter(|left| *left > 0)?;
            Some(Shrink { capture: capture.to_owned(), what: what.clone(), known: *known, found: known - left })
        });
        shrinks.collect()
    }

    /// Takes over what fails in a capture now, in place of what it knew of it.
    pub fn update(&mut self, capture: &str, verdict: &Verdict) {
        let mut counts: BTreeMap<Fingerprint, u64> = BTreeMap::new();
        for result in verdict.results.iter().filter(|result| matches!(result.state, State::Failed | State::Accepted)) {
            for (what, count) in &result.counts {
                *counts.entry(what.clone()).or_default() += count;
            }
        }
        self.0.insert(capture.to_owned(), counts);
    }

    /// How many failures it accepts.
    pub fn len(&self) -> u64 {
        self.0.values().flat_map(BTreeMap::values).sum()
    }

    /// Whether it accepts none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// `TC202 port 443`, or `TC907` of the capture as a whole.
fn fingerprint(text: &str) -> Option<Fingerprint> {
    match text.split_once(" port ") {
        Some((subject, port)) => Some(Fingerprint { subject: subject.to_owned(), port: Some(port.parse().ok()?) }),
        None => (!text.is_empty()).then(|| Fingerprint { subject: text.to_owned(), port: None }),
    }
}

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.port {
            Some(port) => write!(f, "{} port {port}", self.subject),
            None => f.write_str(&self.subject),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::verdict::Judgement;
    use super::*;

    fn verdict(counts: &[(&str, Option<u16>, u64)]) -> Verdict {
        let counts = counts
            .iter()
            .map(|(subject, port, count)| (Fingerprint { subject: (*subject).to_owned(), port: *port }, *count));
        let result = Judgement { state: State::Failed, counts: counts.collect(), ..Judgement::default() };
        Verdict { of_pair: false, packets: 9, connections: 1, sections: vec![1], results: vec![result] }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut baseline = Baseline::default();
        baseline.update("a \"b\"\n.pcap", &verdict(&[("TC202", Some(443), 2), ("TC907", None, 1)]));
        assert!(
            baseline.text().ends_with("[capture.\"a \\\"b\\\"\\n.pcap\"]\n\"TC202 port 443\" = 2\n\"TC907\" = 1\n")
        );
        assert_eq!(Baseline::parse("b.toml", &baseline.text()).unwrap(), baseline);
        assert_eq!(baseline.len(), 3);
    }

    #[test]
    fn as_many_pass_more_fail_and_fewer_can_shrink() {
        let mut baseline = Baseline::default();
        baseline.update("a.pcap", &verdict(&[("TC202", Some(443), 2)]));
        let state = |counts: &[(&str, Option<u16>, u64)]| {
            let mut verdict = verdict(counts);
            let shrinks = baseline.apply("a.pcap", &mut verdict);
            (verdict.results[0].state, shrinks.len())
        };
        assert_eq!(state(&[("TC202", Some(443), 2)]), (State::Accepted, 0));
        assert_eq!(state(&[("TC202", Some(443), 3)]), (State::Failed, 0));
        assert_eq!(state(&[("TC202", Some(80), 1)]), (State::Failed, 1), "another service");
        assert_eq!(state(&[("TC202", Some(443), 1)]), (State::Accepted, 1));
        let mut other = verdict(&[("TC202", Some(443), 1)]);
        assert!(baseline.apply("b.pcap", &mut other).is_empty());
        assert_eq!(other.results[0].state, State::Failed, "another capture");
    }

    #[test]
    fn what_is_no_baseline_is_said_where_it_stands() {
        for (text, words) in [
            ("version = 2", "b.toml:1:11: this tcpcheck reads version 1"),
            ("version = 1\n[capture.a]\n\"TC202 port x\" = 1", "b.toml:3:1: an entry is"),
            ("version = 1\n[captures]", "b.toml:2:2: a baseline has a version"),
            ("version", "b.toml:1:8: "),
        ] {
            let error = Baseline::parse("b.toml", text).unwrap_err().to_string();
            assert!(error.starts_with(words) && error.contains("--update-baseline writes it anew"), "{error}");
        }
    }
}
