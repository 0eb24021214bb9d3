//! The verdict as workflow commands of GitHub Actions: annotations at the policy's lines.

use crate::policy::{Position, State};

use super::words;
use super::{Run, RunStanding};
use crate::display::{workflow_data, workflow_property};
use crate::report::phrase::counted;

/// GitHub shows so many annotations of a step.
const SHOWN: usize = 10;

/// Writes a run: the worst ten annotations, then a count of the others.
pub fn github(run: &Run<'_>) -> Vec<u8> {
    let mut all: Vec<(State, String)> = Vec::new();
    let mut annotate = |state: State, at: String, title: &str, message: &str| {
        let level = if state == State::Warned { "warning" } else { "error" };
        all.push((state, format!("::{level} {at}title={}::{}\n", workflow_property(title), workflow_data(message))));
    };
    if let Some(command) = run.command.as_ref().filter(|command| !command.good) {
        annotate(State::Poor, String::new(), "command", &format!("{}: {}", command.line, command.words));
    }
    for capture in &run.captures {
        let verdict = match &capture.verdict {
            Ok(verdict) => verdict,
            Err(words) => {
                annotate(State::Poor, String::new(), "cannot be read", words);
                continue;
            }
        };
        if capture.standing(run.allow_empty) == RunStanding::Empty {
            annotate(State::Failed, String::new(), "nothing to judge", &format!("{}: no TCP connection", capture.name));
        }
        let mut checks: Vec<_> = run.policy.checks.iter().zip(&verdict.results).collect();
        checks.sort_by_key(|(check, _)| check.at);
        for (check, result) in checks {
            if !matches!(result.state, State::Failed | State::Poor | State::Warned) {
                continue;
            }
            let mut message = format!("{}: {}", capture.name, words::found(check, result));
            for place in result.places.iter().take(3) {
                message.push_str(&format!("\n{}", words::place(place)));
            }
            message.extend(capture.look(result).map(|command| format!("\nlook: {command}")));
            annotate(result.state, position(run, check.at), &words::title(run.policy, check), &message);
        }
    }
    for scope in run.idle_scopes() {
        annotate(State::Warned, position(run, scope.at), "policy", &words::idle(scope));
    }
    // Sorting keeps the order of what is equally bad.
    all.sort_by_key(|(state, _)| std::cmp::Reverse(*state));
    let more = all.len().saturating_sub(SHOWN);
    let mut out: String = all.into_iter().take(SHOWN).map(|(_, line)| line).collect();
    if more > 0 {
        out.push_str(&format!(
            "::notice title=tcpcheck::{} not shown here: see the job summary\n",
            counted(more as u64, "more annotation")
        ));
    }
    out.into_bytes()
}

/// The properties that point at the policy's line.
fn position(run: &Run<'_>, at: Position) -> String {
    match run.policy.file.as_ref().filter(|_| at.line > 0) {
        Some(file) => format!("file={},line={},", workflow_property(&file.display().to_string()), at.line),
        None => String::new(),
    }
}
