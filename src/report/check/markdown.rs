//! The verdict as Markdown: the summary of a job, with the packets of its first failure as a Mermaid sequence diagram.

use crate::policy::State;

use super::words;
use super::{Capture, Run, RunStanding};
use crate::display::{self, markdown as text, markdown_cell as cell, markdown_code as code};
use crate::report::phrase::counted;

/// Captures listed in the table, and failures told in full.
const LISTED: usize = 50;
const TOLD: usize = 20;

/// Writes a run.
pub fn markdown(run: &Run<'_>) -> Vec<u8> {
    let mut out = String::new();
    let standing = run.standing();
    let captures = run.subjects();
    let heading = match standing {
        RunStanding::Passed => "passed",
        RunStanding::Empty => "nothing to judge",
        RunStanding::Poor => "capture too poor",
        RunStanding::Failed => "failed",
        RunStanding::CouldNot => "could not read everything",
    };
    out.push_str(&format!("## tcpcheck: {heading}\n\n{captures}, {}", counted(run.checks() as u64, "check")));
    if let Some(file) = &run.policy.file {
        out.push_str(&format!(" of {}", code(&file.display().to_string())));
    }
    out.push_str(&format!(
        "; exit status {}\n\n| capture | | connections | failed |\n|---|---|---:|---:|\n",
        standing.status()
    ));
    // What fails comes first.
    let mut sorted: Vec<&Capture> = run.captures.iter().collect();
    sorted.sort_by_key(|capture| std::cmp::Reverse(capture.standing(run.allow_empty)));
    for capture in sorted.iter().take(LISTED) {
        let word = match capture.standing(run.allow_empty) {
            RunStanding::Passed => "ok".to_owned(),
            RunStanding::Empty => "no TCP connection".to_owned(),
            RunStanding::Poor => "**too poor**".to_owned(),
            RunStanding::Failed => "**failed**".to_owned(),
            RunStanding::CouldNot => text(capture.verdict.as_ref().err().map_or("", String::as_str)),
        };
        let connections = capture.verdict.as_ref().map_or(0, |verdict| verdict.connections);
        out.push_str(&format!("| {} | {word} | {connections} | {} |\n", cell(&capture.name), capture.failures()));
    }
    if sorted.len() > LISTED {
        out.push_str(&format!("\n{} more.\n", sorted.len() - LISTED));
    }
    if let Some(command) = &run.command {
        out.push_str(&format!("\n{} {}\n", code(&command.line), text(&command.words)));
    }
    for scope in run.idle_scopes() {
        out.push_str(&format!("\nWarning: {}\n", text(&words::idle(scope))));
    }
    failures(&mut out, run);
    out.into_bytes()
}

fn failures(out: &mut String, run: &Run<'_>) {
    let failed = run.captures.iter().filter_map(|capture| Some((capture, capture.verdict.as_ref().ok()?)));
    let failed = failed
        .flat_map(|(capture, verdict)| run.policy.written(verdict).into_iter().map(move |check| (capture, check)));
    let failed: Vec<_> = failed.filter(|(_, (_, result))| result.state >= State::Failed).collect();
    let mut drawn = false;
    for (capture, (check, result)) in failed.iter().take(TOLD) {
        out.push_str(&format!("\n### {}\n\n", code(&words::title(run.policy, check))));
        if let Some(position) = run.position(check.at) {
            out.push_str(&format!("{}, in {}", text(&position), code(&capture.name)));
        } else {
            out.push_str(&format!("in {}", code(&capture.name)));
        }
        out.push_str(&format!(": {}\n\n", text(&words::found(check, result))));
        for place in &result.places {
            out.push_str(&format!("- {}\n", text(&words::place(place))));
        }
        if result.more > 0 {
            out.push_str(&format!("- and {} more\n", result.more));
        }
        let line =
            result.places.first().and_then(|place| place.frames.first()).and_then(|frame| capture.exhibit.line(*frame));
        if let Some(line) = line {
            out.push_str(&format!("\n```\n{}\n```\n", display::line(line)));
        }
        if !drawn && capture.exhibit.first.is_some() {
            drawn = true;
            diagram(out, capture);
        }
        if let Some(command) = capture.look(result) {
            out.push_str(&format!("\nLook closer: {}\n", code(&command)));
        }
    }
    if failed.len() > TOLD {
        out.push_str(&format!("\n{} more failures.\n", failed.len() - TOLD));
    }
}

/// The packets around the first failure.
fn diagram(out: &mut String, capture: &Capture) {
    let exhibit = &capture.exhibit;
    if exhibit.steps.is_empty() {
        return;
    }
    out.push_str("\n```mermaid\nsequenceDiagram\n    participant c as client\n    participant s as server\n");
    if exhibit.left_out.0 > 0 {
        out.push_str(&format!("    Note over c,s: {} before\n", counted(exhibit.left_out.0, "packet")));
    }
    for step in &exhibit.steps {
        let arrow = if step.from_client { "c->>s" } else { "s->>c" };
        out.push_str(&format!("    {arrow}: @{} {}\n", step.frame, display::mermaid(&step.words)));
        if !step.findings.is_empty() {
            out.push_str(&format!("    Note over c,s: {}\n", step.findings.join(", ")));
        }
    }
    if exhibit.left_out.1 > 0 {
        out.push_str(&format!("    Note over c,s: {} after\n", counted(exhibit.left_out.1, "packet")));
    }
    out.push_str("```\n");
}
