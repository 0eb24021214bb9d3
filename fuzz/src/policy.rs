//! The policy: any text is a policy or has a problem on one of its lines, and a verdict can be written in every format.

use std::io::Cursor;

use jiff::civil::date;
use tcpcheck::capture::open_reader;
use tcpcheck::policy::{Judge, Policy};
use tcpcheck::report::Style;
use tcpcheck::report::check::{Capture, Exhibit, Run, github, junit, markdown, ndjson, sarif, text};
use tcpcheck::{Next, TrackerOptions};

use crate::dissection::printable;

/// What stands between the policy and the capture that it judges.
pub const BETWEEN: &[u8] = b"\n# capture\n";

pub fn judge(bytes: &[u8]) {
    let at = bytes.windows(BETWEEN.len()).position(|part| part == BETWEEN);
    let (words, capture) = match at {
        Some(at) => (&bytes[..at], &bytes[at + BETWEEN.len()..]),
        None => (bytes, &[][..]),
    };
    let Ok(words) = str::from_utf8(words) else { return };
    let policy = match Policy::parse("a.toml", words, date(2026, 1, 1)) {
        Ok(policy) => policy,
        Err(problem) => return assert!(!problem.to_string().is_empty()),
    };
    let mut judge = Judge::new(&policy, TrackerOptions::default());
    if let Ok(mut source) = open_reader(Cursor::new(capture.to_vec()), "capture") {
        let mut frames = 0;
        while let Ok(Next::Frame(frame)) = source.next_frame() {
            if judge.frame(&frame).is_err() {
                return;
            }
            frames += 1;
            if frames > 2_000 {
                break;
            }
        }
        for fault in source.faults() {
            judge.fault(fault, None);
        }
    }
    let verdict = judge.finish();
    let name = "a\u{1b}[31m<b>&\"']]>|`.pcap".to_owned();
    let exhibit = Exhibit::of(&verdict);
    let run = Run {
        policy: &policy,
        captures: vec![Capture { name: name.clone(), file: Some(name), verdict: Ok(verdict), exhibit }],
        allow_empty: false,
        baseline: None,
        shrinks: Vec::new(),
        command: None,
    };
    for out in
        [github(&run), junit(&run), markdown(&run), ndjson(&run), sarif(&run), text(&run, Style::new(false), false)]
    {
        printable(&out);
    }
    let _: serde_json::Value = serde_json::from_slice(&sarif(&run)).expect("SARIF is JSON");
    for line in ndjson(&run).split_inclusive(|byte| *byte == b'\n') {
        let _: serde_json::Value = serde_json::from_slice(line).expect("a record is JSON");
    }
}
