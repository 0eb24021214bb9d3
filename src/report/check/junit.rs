//! The verdict as JUnit XML: a suite for each capture, a case for each key of the policy.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use crate::display;
use crate::policy::{Check, Judgement, State};

use super::words;
use super::{Capture, Run, RunStanding};
use crate::report::phrase::counted;

type Xml<'x> = &'x mut Writer<Vec<u8>>;

/// Writes a run.
pub fn junit(run: &Run<'_>) -> Vec<u8> {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    // Into memory, with names that are names: nothing here can fail.
    let _ = suites(&mut xml, run);
    let mut out = xml.into_inner();
    out.push(b'\n');
    out
}

/// How the cases of a suite came out.
#[derive(Clone, Copy, Default)]
struct Totals {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

fn suites(xml: Xml<'_>, run: &Run<'_>) -> io::Result<()> {
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let command = run.command.as_ref().map(|command| Totals {
        tests: 1,
        failures: usize::from(!command.good),
        ..Totals::default()
    });
    let all: Vec<Totals> = run.captures.iter().map(|capture| totals(run, capture)).chain(command).collect();
    let sum = |of: fn(&Totals) -> usize| all.iter().map(of).sum::<usize>().to_string();
    let element = xml.create_element("testsuites").with_attributes([
        ("name", "tcpcheck"),
        ("tests", &sum(|t| t.tests)),
        ("failures", &sum(|t| t.failures)),
        ("errors", &sum(|t| t.errors)),
    ]);
    element.write_inner_content(|xml| {
        for capture in &run.captures {
            suite(xml, &capture.name, totals(run, capture), |xml| cases(xml, run, capture))?;
        }
        if let (Some(command), Some(totals)) = (&run.command, command) {
            suite(xml, "command", totals, |xml| {
                case(
                    xml,
                    "command",
                    &command.line,
                    (!command.good).then(|| ("failure", command.words.clone(), String::new())),
                )
            })?;
        }
        Ok(())
    })?;
    Ok(())
}

fn totals(run: &Run<'_>, capture: &Capture) -> Totals {
    let Ok(verdict) = &capture.verdict else { return Totals { tests: 1, errors: 1, ..Totals::default() } };
    let cases = run.policy.written(verdict);
    let count = |state: State| cases.iter().filter(|(_, result)| result.state == state).count();
    let empty = usize::from(capture.standing(run.allow_empty) == RunStanding::Empty);
    Totals {
        tests: cases.len() + empty,
        failures: count(State::Failed) + empty,
        errors: count(State::Poor),
        skipped: count(State::Accepted),
    }
}

fn suite(xml: Xml<'_>, name: &str, totals: Totals, cases: impl FnOnce(Xml<'_>) -> io::Result<()>) -> io::Result<()> {
    let element = xml.create_element("testsuite").with_attributes([
        ("name", display::xml(name).as_str()),
        ("tests", &totals.tests.to_string()),
        ("failures", &totals.failures.to_string()),
        ("errors", &totals.errors.to_string()),
        ("skipped", &totals.skipped.to_string()),
    ]);
    element.write_inner_content(cases)?;
    Ok(())
}

fn cases(xml: Xml<'_>, run: &Run<'_>, capture: &Capture) -> io::Result<()> {
    let verdict = match &capture.verdict {
        Ok(verdict) => verdict,
        Err(words) => return case(xml, &capture.name, "can be read", Some(("error", words.clone(), String::new()))),
    };
    for (check, result) in run.policy.written(verdict) {
        let said = match result.state {
            State::Passed => None,
            State::Warned => Some(("system-out", String::new(), body(run, capture, check, result))),
            State::Accepted => {
                Some(("skipped", format!("in the baseline: {}", words::found(check, result)), String::new()))
            }
            State::Failed => Some(("failure", words::found(check, result), body(run, capture, check, result))),
            State::Poor => Some(("error", words::found(check, result), body(run, capture, check, result))),
        };
        case(xml, &capture.name, &words::title(run.policy, check), said)?;
    }
    if capture.standing(run.allow_empty) == RunStanding::Empty {
        let words = format!("no TCP connection to judge in {}", counted(verdict.packets, "packet"));
        case(xml, &capture.name, "has a TCP connection", Some(("failure", words, String::new())))?;
    }
    Ok(())
}

/// A case with what is said of it: an element's name, its message and its text.
fn case(xml: Xml<'_>, class: &str, name: &str, said: Option<(&str, String, String)>) -> io::Result<()> {
    let (class, name) = (display::xml(class), display::xml(name));
    let element =
        xml.create_element("testcase").with_attributes([("classname", class.as_str()), ("name", name.as_str())]);
    let Some((kind, message, text)) = said else {
        element.write_empty()?;
        return Ok(());
    };
    element.write_inner_content(|xml| {
        let mut element = xml.create_element(kind);
        let message = display::xml(&message);
        if kind != "system-out" {
            element = element.with_attribute(("message", message.as_str()));
        }
        if text.is_empty() {
            element.write_empty()?
        } else {
            element.write_text_content(BytesText::new(&display::xml(&text)))?
        };
        Ok(())
    })?;
    Ok(())
}

/// What was expected and found, and where.
fn body(run: &Run<'_>, capture: &Capture, check: &Check, result: &Judgement) -> String {
    let mut lines =
        vec![format!("expected  {}", words::expected(check)), format!("found     {}", words::found(check, result))];
    lines.extend(run.position(check.at).map(|position| format!("policy    {position}")));
    for place in &result.places {
        lines.push(format!("          {}", words::place(place)));
        let line = place.frames.first().and_then(|frame| capture.exhibit.line(*frame));
        lines.extend(line.map(|line| format!("            {line}")));
    }
    lines.extend(capture.look(result).map(|command| format!("look      {command}")));
    lines.join("\n")
}
