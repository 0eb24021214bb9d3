//! Which findings count.

use anyhow::{Result, bail};

use crate::rules::{Rule, Severity};
use crate::track::{Amend, Finding, FlowRecord};

/// The findings that count.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Selection {
    /// Their rules, in the catalogue's order; none for all.
    rules: Option<Vec<Rule>>,
    /// The least severity.
    least: Severity,
}

impl Selection {
    /// Those of the rules `selected` (none: all) but not `ignored`, from `least` on.
    ///
    /// # Errors
    /// When a word names no rule.
    pub fn new(selected: &[String], ignored: &[String], least: Severity) -> Result<Self> {
        let (selected, ignored) = (named("--select", selected)?, named("--ignore", ignored)?);
        let narrowed = !(selected.is_empty() && ignored.is_empty());
        let counts = |rule: &Rule| (selected.is_empty() || selected.contains(rule)) && !ignored.contains(rule);
        Ok(Self { rules: narrowed.then(|| Rule::ALL.iter().copied().filter(counts).collect()), least })
    }

    /// Whether every finding counts.
    pub fn is_all(&self) -> bool {
        self.rules.is_none() && self.least == Severity::Note
    }

    /// Whether a finding counts.
    pub fn takes(&self, finding: &Finding) -> bool {
        self.has(finding.rule, finding.severity)
    }

    fn has(&self, rule: Rule, severity: Severity) -> bool {
        severity >= self.least && self.rules.as_ref().is_none_or(|rules| rules.binary_search(&rule).is_ok())
    }

    /// Leaves of a change what counts; false when nothing does.
    pub fn narrow_amend(&self, amend: &mut Amend) -> bool {
        let takes = |(rule, severity): &(Rule, Severity)| self.has(*rule, *severity);
        // One that has just become too slight is withdrawn, and one that counts only now is new.
        let gone = amend.changed.iter().filter(|was| takes(was));
        let gone = gone.filter(|(rule, _)| !amend.details.iter().any(|now| now.rule == *rule && self.takes(now)));
        let gone: Vec<_> = gone.copied().collect();
        amend.findings.retain(takes);
        amend.withdrawn.retain(takes);
        amend.details.retain(|finding| self.takes(finding));
        amend.changed.retain(|was| takes(was) && !gone.contains(was));
        amend.withdrawn.extend(gone);
        !(amend.details.is_empty() && amend.withdrawn.is_empty())
    }

    /// Leaves of a connection's findings those that count.
    pub fn narrow_record(&self, record: &mut FlowRecord) {
        let kept: Vec<_> = record.graded().filter(|(rule, severity, _)| self.has(*rule, *severity)).collect();
        for (rule, count) in &mut record.findings {
            *count = kept.iter().filter(|(other, ..)| other == rule).map(|(.., count)| count).sum();
        }
        record.findings.retain(|(_, count)| *count > 0);
        record.regraded.retain(|(rule, grade, _)| self.has(*rule, *grade));
    }
}

/// The rules that words name, by code (`TC202`), the beginning of one (`TC2`) or name (`fast-retransmission`).
///
/// # Errors
/// When a word names none.
pub fn named(option: &str, words: &[String]) -> Result<Vec<Rule>> {
    let mut rules = Vec::new();
    for word in words {
        let named = Rule::named(word);
        if named.is_empty() {
            bail!("{option} {word}: no rule is called that; {}", Rule::advice(word));
        }
        rules.extend(named);
    }
    Ok(rules)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    fn selection(select: &[&str], ignore: &[&str], least: Severity) -> Selection {
        Selection::new(&words(select), &words(ignore), least).unwrap()
    }

    #[test]
    fn rules_are_named_by_code_beginning_and_slug_in_any_case() {
        let codes =
            |word: &str| named("--only", &words(&[word])).unwrap().iter().map(|rule| rule.code()).collect::<Vec<_>>();
        assert_eq!(codes("TC103"), ["TC103"]);
        assert_eq!(codes("tc103"), ["TC103"]);
        assert_eq!(codes("syn-retransmission"), ["TC103"]);
        assert!(codes("TC1").len() > 3 && codes("TC1").iter().all(|code| code.starts_with("TC1")));
        assert_eq!(codes("TC").len(), Rule::ALL.len());
    }

    #[test]
    fn a_word_that_names_no_rule_is_told_with_the_nearest() {
        for (word, near) in [
            ("fast-retransmision", "did you mean TC202 fast-retransmission"),
            ("TC299", "did you mean TC2"),
            ("", "say a code (TC202)"),
            ("T", "no rule is called that"),
            ("zzz", "say a code (TC202)"),
        ] {
            let error = named("--select", &words(&[word])).unwrap_err().to_string();
            assert!(error.starts_with("--select ") && error.contains(near), "{error}");
        }
    }

    #[test]
    fn what_is_ignored_is_taken_from_what_is_selected() {
        let takes = |selection: &Selection, rule: Rule| selection.takes(&Finding::new(rule));
        let losses = selection(&["TC2"], &["TC202"], Severity::Note);
        assert!(takes(&losses, Rule::Retransmission) && !takes(&losses, Rule::FastRetransmission));
        assert!(!takes(&losses, Rule::NoAnswer));
        let all_but = selection(&[], &["TC2", "no-answer"], Severity::Warning);
        assert!(takes(&all_but, Rule::ConnectionRefused) && !takes(&all_but, Rule::NoAnswer));
        assert!(!takes(&all_but, Rule::CaptureDuplicate), "a note");
        assert!(selection(&[], &[], Severity::Note).is_all());
    }

    #[test]
    fn a_change_is_told_as_far_as_it_counts() {
        let (note, error) = (Severity::Note, Severity::Error);
        let mut now = Finding::new(Rule::BadChecksum);
        now.severity = error;
        let amend = Amend {
            frame: 7,
            flow: 1,
            notes: Vec::new(),
            findings: vec![(Rule::BadChecksum, error), (Rule::SegmentGap, note)],
            details: vec![now, Finding::new(Rule::SegmentGap)],
            changed: vec![(Rule::BadChecksum, note)],
            withdrawn: vec![(Rule::SynAckUnsolicited, Severity::Warning)],
        };
        let narrowed = |selection: &Selection| {
            let mut amend = amend.clone();
            let any = selection.narrow_amend(&mut amend);
            (any, amend)
        };
        let (any, worse) = narrowed(&selection(&[], &[], error));
        assert!(any && worse.changed.is_empty() && worse.withdrawn.is_empty());
        assert_eq!(worse.findings, [(Rule::BadChecksum, error)]);
        assert_eq!(worse.added().map(|finding| finding.rule).collect::<Vec<_>>(), [Rule::BadChecksum]);
        assert!(!narrowed(&selection(&["TC3"], &[], note)).0);
        let mut back = amend.clone();
        (back.details[0].severity, back.changed[0].1) = (note, error);
        assert!(selection(&["TC506"], &[], error).narrow_amend(&mut back));
        assert_eq!((back.withdrawn, back.details.len()), (vec![(Rule::BadChecksum, error)], 0));
    }
}
