//! What was found, by cause: the worst first.

use std::cmp::Reverse;

use crate::report::timeline::{ColumnSet, Columns, Overview};
use crate::report::{FoundRule, Summary};
use crate::rules::{Page, Rule, Severity};

use super::explain;
use crate::report::phrase::{counted, grouped};

/// Findings with one cause.
pub(super) struct Group {
    /// It.
    pub name: &'static str,
    /// How many there are: `1 error, 3 warnings`.
    pub what: String,
    /// The class of the worst.
    pub worst: &'static str,
    /// Errors and warnings.
    pub found: Vec<Found>,
    /// Notes, which are folded.
    pub notes: Vec<Found>,
    /// How many.
    pub note_count: String,
}

/// A rule that fired.
pub(super) struct Found {
    /// Its worst severity.
    pub severity: &'static str,
    /// It.
    pub rule: Rule,
    /// What links to its page lead to.
    pub id: String,
    /// How often.
    pub count: String,
    /// Where first: connections and frames.
    pub places: Vec<(Option<u32>, u64)>,
    /// More than these.
    pub more: bool,
    /// What was measured there.
    pub message: String,
    /// What to do.
    pub advice: &'static str,
    /// A command that shows it.
    pub command: String,
    /// When it fired, in microseconds: `0-100 300-400`.
    pub when: String,
}

/// The causes, the worst first.
pub(super) fn groups(summary: &Summary, overview: &Overview, again: &str) -> Vec<Group> {
    let mut groups: Vec<(Cause, Vec<FoundRule<'_>>)> = Vec::new();
    for row in summary.found() {
        let cause = Cause::of(row.rule);
        match groups.iter_mut().find(|(other, _)| *other == cause) {
            Some((_, rows)) => rows.push(row),
            None => groups.push((cause, vec![row])),
        }
    }
    let count = |rows: &[FoundRule<'_>], severity| {
        rows.iter().filter(|row| row.severity == severity).map(|row| row.count).sum::<u64>()
    };
    groups.sort_by_key(|(cause, rows)| {
        let [errors, warnings, notes] = [Severity::Error, Severity::Warning, Severity::Note].map(|of| count(rows, of));
        (Reverse((errors > 0, warnings > 0)), Reverse((errors, warnings, notes)), *cause)
    });
    let made = groups.into_iter().map(|(cause, rows)| {
        let told = [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Note, "note")]
            .map(|(severity, noun)| (count(&rows, severity), noun));
        let what: Vec<String> =
            told.iter().filter(|(count, _)| *count > 0).map(|(count, noun)| counted(*count, noun)).collect();
        let worst = rows.iter().map(|row| row.severity).max().map_or("note", Severity::as_str);
        let (notes, found) =
            rows.into_iter().map(|row| found(&row, overview, again)).partition(|row: &Found| row.severity == "note");
        Group { name: cause.name(), what: what.join(", "), worst, found, notes, note_count: counted(told[2].0, "note") }
    });
    made.collect()
}

fn found(row: &FoundRule<'_>, overview: &Overview, again: &str) -> Found {
    let place = row.places.first().copied();
    let command = match place {
        Some((_, frame)) if frame > 0 => format!("tcpcheck explain {again} @{frame}"),
        Some((Some(flow), _)) => format!("tcpcheck ladder {again} --flow {flow}"),
        _ => format!("tcpcheck explain {}", row.rule.slug()),
    };
    let set = overview.rules.get(&row.rule).copied().unwrap_or_default();
    Found {
        severity: row.severity.as_str(),
        rule: row.rule,
        id: explain::rule_id(row.rule),
        count: grouped(row.count),
        places: row.places.to_vec(),
        more: row.count > row.places.len() as u64,
        message: row.message.to_owned(),
        advice: Page::advice(row.rule),
        command,
        when: when(set, &overview.columns),
    }
}

/// Runs of columns in microseconds.
fn when(set: ColumnSet, columns: &Columns) -> String {
    let Some((first, last)) = set.bounds() else { return String::new() };
    let at = |column: usize| i64::try_from(column).unwrap_or(0).saturating_mul(columns.width().0) / 1_000;
    let (mut runs, mut begin) = (Vec::new(), None);
    for column in first..=last + 1 {
        match (set.has(column), begin) {
            (true, None) => begin = Some(column),
            (false, Some(from)) => {
                runs.push(format!("{}-{}", at(from), at(column)));
                begin = None;
            }
            _ => {}
        }
    }
    runs.join(" ")
}

/// What findings have in common: the family of their rules.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Cause(char);

impl Cause {
    fn of(rule: Rule) -> Self {
        Self(rule.code().chars().nth(2).unwrap_or('0'))
    }

    fn name(self) -> &'static str {
        match self.0 {
            '1' => "Opening",
            '2' => "Loss and order",
            '3' => "Acknowledgments and windows",
            '4' => "Closing",
            '5' => "Headers",
            '6' => "Security",
            '7' => "Path",
            '8' => "Programs",
            '9' => "The capture itself",
            _ => "Other",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_a_cause_with_a_name() {
        assert!(Rule::ALL.iter().all(|rule| Cause::of(*rule).name() != "Other"));
    }
}
