//! What stands before a segment in a line: link layers, tags, tunnels and IP headers, against tcpdump's text (`layers.txt`).

use tcpcheck::report::lines::{LineStyle, Lines, StampStyle};
use tcpcheck::{Frame, LinkType, Timestamp, dissect};

/// A frame of the table, with tcpdump's letters and what it prints of the frame with them.
#[derive(Default)]
struct Case {
    name: String,
    link_type: u16,
    wire_len: u32,
    bytes: Vec<u8>,
    lines: Vec<(String, String)>,
}

fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in include_str!("layers.txt").lines().filter(|line| !line.starts_with('#')) {
        if let Some(frame) = line.strip_prefix("frame ") {
            let words: Vec<&str> = frame.split(' ').collect();
            let [name, "link-type", link_type, "length", wire_len] = words[..] else { panic!("{line}") };
            let (link_type, wire_len) = (link_type.parse().unwrap(), wire_len.parse().unwrap());
            cases.push(Case { name: name.into(), link_type, wire_len, ..Case::default() });
        } else if let Some(hex) = line.strip_prefix("  ") {
            let digits = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
            cases.last_mut().unwrap().bytes.extend((0..hex.len()).step_by(2).map(digits));
        } else if let Some(letters) = line.strip_prefix("tcpdump -") {
            cases.last_mut().unwrap().lines.push((letters.into(), String::new()));
        } else if let Some(text) = line.strip_prefix("| ") {
            let (_, expected) = cases.last_mut().unwrap().lines.last_mut().unwrap();
            expected.push_str(text);
            expected.push('\n');
        }
    }
    cases
}

fn print(case: &Case, letters: &str) -> String {
    let count = |letter: char| letters.chars().filter(|&c| c == letter).count() as u8;
    let style = LineStyle {
        numeric: count('n') > 0,
        stamp: StampStyle::from_count(count('t')),
        verbose: count('v'),
        quiet: count('q') > 0,
        link_header: count('e') > 0,
        ..LineStyle::default()
    };
    let frame = Frame {
        number: 1,
        ts: Timestamp(0),
        link_type: LinkType(case.link_type),
        interface: 0,
        wire_len: case.wire_len,
        data: &case.bytes,
    };
    let mut out = Vec::new();
    Lines::new(style).packet(&mut out, &frame, &dissect(&frame));
    String::from_utf8(out).unwrap()
}

#[test]
fn every_layer_is_written_as_tcpdump_writes_it() {
    let cases = cases();
    assert!(cases.len() > 80, "the table is there");
    for case in &cases {
        for (letters, expected) in &case.lines {
            assert_eq!(&print(case, letters), expected, "{} -{letters}", case.name);
        }
    }
}

#[test]
fn a_frame_cut_anywhere_still_makes_a_line_or_none() {
    for case in &cases() {
        for len in 0..case.bytes.len() {
            let (link_type, wire_len, bytes) = (case.link_type, case.wire_len, case.bytes[..len].to_vec());
            let cut = Case { link_type, wire_len, bytes, ..Case::default() };
            for letters in ["tn", "tnev"] {
                let line = print(&cut, letters);
                assert!(line.is_empty() || line.ends_with('\n'), "{} cut at {len}: {line:?}", case.name);
            }
        }
    }
}
