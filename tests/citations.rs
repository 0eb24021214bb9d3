//! Sections of RFCs are cited from their texts: each one that is cited stands in a list with its heading.

use std::collections::BTreeSet;
use std::fs::read_to_string;

use crate::testkit::{files_below, root, short};

/// A section, as `RFC 9293 3.5`.
fn section(number: &str, section: &str) -> String {
    format!("RFC {number} {section}")
}

/// What a text begins with that is digits, or digits in groups.
fn digits(text: &str, groups: bool) -> &str {
    let end = text.find(|c: char| !(c.is_ascii_digit() || groups && c == '.')).unwrap_or(text.len());
    text[..end].trim_end_matches('.')
}

/// The sections that a text cites: `RFC 9293 §3.1, §3.10.7` in code, `RFC 9293 3.1, 3.5 (figure 6)` in pages and traces.
fn citations(text: &str, sign: &str) -> Vec<String> {
    let mut found = Vec::new();
    for text in text.split("RFC ").skip(1) {
        let number = digits(text, false);
        let mut rest = &text[number.len()..];
        loop {
            rest = rest.trim_start_matches([',', ' ']);
            if let Some(note) = rest.strip_prefix('(') {
                rest = note.split_once(')').map_or("", |(_, rest)| rest);
                continue;
            }
            let Some(after) = rest.strip_prefix(sign) else { break };
            let name = digits(after, true);
            let next = after[name.len()..].chars().next();
            if number.is_empty() || name.is_empty() || next.is_some_and(char::is_alphanumeric) {
                break;
            }
            found.push(section(number, name));
            rest = &after[name.len()..];
        }
    }
    found
}

fn cited() -> Vec<(String, String)> {
    let mut cited = Vec::new();
    for (folder, ending, sign) in [("src", ".rs", "§"), ("src", ".md", ""), ("tests/traces", ".trace", "")] {
        for path in files_below(folder, &[ending]) {
            let text = read_to_string(&path).expect("a text");
            // A citation may go on in the next line.
            let text = text.replace("\n# ", " ").replace('\n', " ");
            cited.extend(citations(&text, sign).into_iter().map(|section| (section, short(&path))));
        }
    }
    cited
}

#[test]
fn every_section_that_is_cited_was_looked_up() {
    let list = read_to_string(root().join("tests/citations.txt")).expect("the list of citations");
    let rows = list.lines().filter(|line| line.starts_with("RFC "));
    let known: BTreeSet<&str> = rows.map(|row| row.split_once("  ").expect("a heading").0).collect();
    let cited = cited();
    assert!(cited.len() > 300, "{}", cited.len());
    let unknown = cited.iter().filter(|(section, _)| !known.contains(section.as_str()));
    let unknown: Vec<String> = unknown.map(|(section, file)| format!("{section} in {file}")).collect();
    assert!(unknown.is_empty(), "look these up, and add them to tests/citations.txt: {unknown:#?}");
}

#[test]
fn citations_are_read_as_they_are_written() {
    assert_eq!(
        citations("// RFC 9293 §3.1, §3.10.7. RFC 793; RFC 6298 §5.5: it doubles", "§"),
        ["RFC 9293 3.1", "RFC 9293 3.10.7", "RFC 6298 5.5"]
    );
    assert_eq!(
        citations("RFC 9293 3.5 (figure 6), 3.8.3, RFC 7413. RFC 2018 2.", ""),
        ["RFC 9293 3.5", "RFC 9293 3.8.3", "RFC 2018 2"]
    );
}
