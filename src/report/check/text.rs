//! The verdict for a terminal: a line for what is well, space for what is not.

use crate::policy::{Judgement, State};
use crate::rules::Severity;

use super::super::style::{Ink, Style};
use super::words;
use super::{Capture, Run, RunStanding};
use crate::display::{self, line as plain};
use crate::report::phrase::counted;

/// Where the policy's line stands.
const MARGIN: usize = 80;

/// Places told of each failure.
const TOLD: usize = 5;

/// Captures named in the head.
const NAMED: usize = 3;

/// Writes a run; `quiet` leaves out what is well.
pub fn text(run: &Run<'_>, style: Style, quiet: bool) -> Vec<u8> {
    let mut page = Page { out: Vec::new(), style, run };
    if !quiet {
        page.head();
    }
    page.list(quiet);
    for capture in &run.captures {
        page.capture(capture);
    }
    page.run_wide();
    page.end(quiet);
    page.out
}

struct Page<'r> {
    out: Vec<u8>,
    style: Style,
    run: &'r Run<'r>,
}

impl Page<'_> {
    fn say(&mut self, words: &str) {
        let start = self.out.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        self.out.extend_from_slice(words.as_bytes());
        self.style.fold(&mut self.out, start, "         ");
        self.out.push(b'\n');
    }

    /// What has to stay as it is: a line of tcpdump's, a command.
    fn quote(&mut self, words: &str) {
        self.out.extend_from_slice(words.as_bytes());
        self.out.push(b'\n');
    }

    /// A text, and what stands at the right of it.
    fn opposite(&mut self, words: &str, width: usize, right: &str) {
        let room = self.style.columns().unwrap_or(usize::MAX);
        let width = width.min(room.saturating_sub(MARGIN - width + 1 + right.len()));
        self.say(&format!("{words:width$} {right}"));
    }

    fn paint(&mut self, words: &str, ink: Ink) {
        let start = self.out.len();
        self.out.extend_from_slice(words.as_bytes());
        self.style.paint(&mut self.out, start, ink);
    }

    fn head(&mut self) {
        let run = self.run;
        let mut names: Vec<String> = run.singles().map(|capture| plain(&capture.name).into_owned()).collect();
        if names.is_empty() {
            names.extend(run.captures.iter().map(|capture| plain(&capture.name).into_owned()));
        }
        let names = if names.len() > NAMED { counted(names.len() as u64, "capture") } else { names.join(" ") };
        let policy = match &run.policy.file {
            Some(file) => format!("policy {}", display::path(file)),
            None => "built-in policy".to_owned(),
        };
        let baseline = run.baseline.as_ref().map(|file| format!(", baseline {}", plain(file))).unwrap_or_default();
        let checks = counted(run.checks() as u64, "check");
        self.say(&format!("tcpcheck check {names}   {policy} ({checks}){baseline}\n"));
    }

    /// A line for each capture, or for those that are not well.
    fn list(&mut self, quiet: bool) {
        let run = self.run;
        let width = run.captures.iter().map(|capture| plain(&capture.name).chars().count()).max().unwrap_or(0).min(60);
        let passed = |capture: &&Capture| capture.standing(run.allow_empty) == RunStanding::Passed;
        for capture in run.captures.iter().filter(|capture| !(quiet && passed(capture))) {
            let (word, ink) = word(capture.standing(run.allow_empty));
            self.out.extend_from_slice(b"  ");
            self.paint(word, ink);
            let pad = 8 - word.len();
            let said = match &capture.verdict {
                // A message about a file begins with its name.
                Err(words) => {
                    let named = format!("{}: ", plain(&capture.name));
                    plain(words.strip_prefix(&named).unwrap_or(words)).into_owned()
                }
                Ok(verdict) => {
                    let mut said = format!(
                        "{}, {}",
                        counted(verdict.connections, "connection"),
                        counted(run.checks_of(capture) as u64, "check")
                    );
                    for (count, word) in [
                        (capture.failures(), "failed"),
                        (verdict.count(State::Accepted), "in the baseline"),
                        (verdict.count(State::Warned), "to be warned of"),
                    ] {
                        if count > 0 {
                            said.push_str(&format!(", {count} {word}"));
                        }
                    }
                    if capture.standing(run.allow_empty) == RunStanding::Empty {
                        said = format!("no TCP connection to judge in {}", counted(verdict.packets, "packet"));
                    }
                    said
                }
            };
            self.say(&format!("{:pad$}{:width$}   {said}", "", plain(&capture.name)));
        }
    }

    /// What is not well in a capture.
    fn capture(&mut self, capture: &Capture) {
        let Ok(verdict) = &capture.verdict else { return };
        let policy = self.run.policy;
        let told = |state: State| matches!(state, State::Failed | State::Poor | State::Warned);
        let mut checks: Vec<_> =
            policy.checks.iter().zip(&verdict.results).filter(|(_, result)| told(result.state)).collect();
        if checks.is_empty() {
            return;
        }
        checks.sort_by_key(|(check, result)| (result.state == State::Warned, check.at));
        if self.run.captures.len() > 1 {
            self.out.push(b'\n');
            self.paint(&plain(&capture.name), Ink::Strong);
            self.out.push(b'\n');
        }
        for (check, result) in &checks {
            let (word, ink) = match result.state {
                State::Failed => ("FAIL", Ink::Finding(Severity::Error)),
                State::Poor => ("POOR", Ink::Finding(Severity::Error)),
                _ => ("WARN", Ink::Finding(Severity::Warning)),
            };
            self.out.push(b'\n');
            self.paint(word, ink);
            let title = words::title(policy, check);
            match self.run.position(check.at) {
                Some(position) => {
                    self.opposite(&format!(" {title}"), MARGIN - 4, &position);
                }
                None => self.say(&format!(" {title}")),
            }
            self.say(&format!("     {}", plain(&words::found(check, result))));
            self.places(capture, result);
        }
        if checks.iter().all(|(_, result)| result.state == State::Warned) {
            return;
        }
        self.out.push(b'\n');
        let Some(file) = &capture.file else { return };
        let look = checks.iter().find(|(_, result)| result.places.iter().any(|place| place.flow.is_some()));
        if let Some(command) = look.or(checks.first()).and_then(|(_, result)| capture.look(result)) {
            self.quote(&format!("  look     {command}"));
        }
        let known = |result: &Judgement| result.state == State::Failed && !result.counts.is_empty();
        if self.run.command.is_none() && checks.iter().any(|(_, result)| known(result)) {
            self.quote(&format!("  accept   tcpcheck check --update-baseline {file}"));
        }
    }

    fn places(&mut self, capture: &Capture, result: &Judgement) {
        for (at, place) in result.places.iter().take(TOLD).enumerate() {
            self.say(&format!("     {}", plain(&words::place(place))));
            let line = place.frames.first().and_then(|frame| capture.exhibit.line(*frame));
            if let Some(line) = line.filter(|_| at == 0) {
                self.quote(&format!("         {}", plain(line)));
            }
        }
        let more = result.more + result.places.len().saturating_sub(TOLD) as u64;
        if more > 0 {
            self.say(&format!(
                "     and {} more",
                counted(more, "place").trim_end_matches(" places").trim_end_matches(" place")
            ));
        }
    }

    /// What is not about one capture.
    fn run_wide(&mut self) {
        let run = self.run;
        for scope in run.idle_scopes() {
            let position = run.position(scope.at).unwrap_or_default();
            self.out.push(b'\n');
            self.paint("WARN", Ink::Finding(Severity::Warning));
            let title = words::idle(scope);
            let title = plain(&title);
            self.opposite(&format!(" {title}"), MARGIN - 4, &position);
        }
        if let Some(command) = &run.command {
            self.out.push(b'\n');
            match command.good {
                true => self.paint("ok  ", Ink::Strong),
                false => self.paint("FAIL", Ink::Finding(Severity::Error)),
            }
            self.say(&format!(" command {}: {}", plain(&command.line), plain(&command.words)));
        }
        if let (false, Some(file)) = (run.shrinks.is_empty(), &run.baseline) {
            self.say(&format!("\nthe baseline can shrink: run again with --update-baseline ({})", plain(file)));
            for shrink in &run.shrinks {
                let what = shrink.what.to_string();
                let (capture, what) = (plain(&shrink.capture), plain(&what));
                self.say(&format!("  {capture}  {what}: {} in the baseline, {} found", shrink.known, shrink.found));
            }
        }
    }

    fn end(&mut self, quiet: bool) {
        let run = self.run;
        let standing = run.standing();
        if quiet && standing == RunStanding::Passed {
            return;
        }
        let connections = counted(run.connections(), "connection");
        let captures = run.subjects();
        let failed: usize = run.captures.iter().map(Capture::failures).sum();
        let of = |wanted: RunStanding| run.captures.iter().filter(|c| c.standing(run.allow_empty) == wanted).count();
        let words = match standing {
            RunStanding::Passed => format!("all checks hold in {captures} ({connections})"),
            RunStanding::Empty => {
                format!("no TCP connection to judge in {} of {captures}; --allow-empty accepts that", of(standing))
            }
            RunStanding::CouldNot => format!("{} of {captures} could not be read", of(standing)),
            RunStanding::Poor => format!("{} of {captures} too poor to be judged ({connections})", of(standing)),
            RunStanding::Failed if failed == 0 => "the command failed".to_owned(),
            RunStanding::Failed => {
                let bad = of(RunStanding::Failed) + of(RunStanding::Poor);
                let failed = counted(failed as u64, "check");
                match run.captures.len() > run.singles().count() {
                    true => format!("{failed} failed in {captures} ({connections})"),
                    false => format!("{failed} failed in {bad} of {captures} ({connections})"),
                }
            }
        };
        self.say("");
        self.opposite(&words, MARGIN, &format!("exit status {}", standing.status()));
    }
}

fn word(standing: RunStanding) -> (&'static str, Ink) {
    match standing {
        RunStanding::Passed => ("ok", Ink::Strong),
        RunStanding::Failed => ("FAILED", Ink::Finding(Severity::Error)),
        RunStanding::Poor => ("POOR", Ink::Finding(Severity::Error)),
        RunStanding::Empty => ("EMPTY", Ink::Finding(Severity::Warning)),
        RunStanding::CouldNot => ("ERROR", Ink::Finding(Severity::Error)),
    }
}
