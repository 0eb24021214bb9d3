//! The policy: any text is a policy or has a problem on one of its lines, and a verdict can be written in every format.

use std::io::Cursor;

use jiff::civil::date;
use tcpcheck::capture::open_reader;
use tcpcheck::policy::{Baseline, Draft, Judge, Policy, Standing, Verdict};
use tcpcheck::report::Style;
use tcpcheck::report::check::{Capture, EvidenceExcerpt, Run, github, junit, markdown, ndjson, sarif, text};
use tcpcheck::report::lines::{LineStyle, Lines};
use tcpcheck::track::AnalysisOptions;
use tcpcheck::{Content, FlowTracker, Frame, Next, Observation, TrackerOptions, dissect};

use crate::safe::{json, printable, xml};

/// What stands between the policy and the capture that it judges.
pub const BETWEEN: &[u8] = b"\n# capture\n";

/// Most frames of a capture that are looked at.
const MOST: u64 = 2_000;

/// A capture's name with something in it for every format to escape.
const NAME: &str = "a\u{1b}[31m\u{9b}7m\u{fffe}<b>&\"']]>|`\n::error::.pcap";

pub fn judge(bytes: &[u8]) {
    let at = bytes.windows(BETWEEN.len()).position(|part| part == BETWEEN);
    let (words, capture) = match at {
        Some(at) => (&bytes[..at], &bytes[at + BETWEEN.len()..]),
        None => (bytes, &[][..]),
    };
    let Ok(words) = str::from_utf8(words) else { return };
    let baseline = baseline(words);
    let policy = match Policy::parse("a.toml", words, date(2026, 1, 1)) {
        Ok(policy) => policy,
        // A list of known failures needs a policy that fails.
        Err(_) if baseline.is_some() => Policy::built_in(),
        Err(problem) => return assert!(!problem.to_string().is_empty()),
    };
    let Some(mut verdict) = verdict(&policy, capture) else { return };
    draft(capture);
    let shrinks = baseline.map_or(Vec::new(), |baseline| baseline.apply(NAME, &mut verdict));
    let mut exhibit = EvidenceExcerpt::of(&verdict);
    show(&mut exhibit, capture);
    let run = Run {
        policy: &policy,
        // `cli` names a file again only if a shell can take the name.
        captures: vec![Capture {
            name: NAME.to_owned(),
            file: Some("a.pcap".to_owned()),
            first_of_pair: None,
            verdict: Ok(verdict),
            exhibit,
        }],
        allow_empty: false,
        baseline: None,
        shrinks,
        command: None,
    };
    for out in [github(&run), markdown(&run), text(&run, Style::new(false), false)] {
        printable(&out);
    }
    json(&sarif(&run));
    xml(&junit(&run));
    for record in ndjson(&run).split_inclusive(|byte| *byte == b'\n') {
        json(record);
    }
}

/// A baseline that is written and read is the same.
fn baseline(words: &str) -> Option<Baseline> {
    let baseline = Baseline::parse("a.baseline.toml", words).ok()?;
    let again = Baseline::parse("a.baseline.toml", &baseline.text()).expect("a baseline that was just written");
    assert_eq!(baseline, again);
    Some(baseline)
}

fn frames(capture: &[u8], mut each: impl FnMut(&Frame<'_>) -> bool) -> Option<Box<dyn tcpcheck::FrameSource>> {
    let mut source = open_reader(Cursor::new(capture.to_vec()), "capture").ok()?;
    while let Ok(Next::Frame(frame)) = source.next_frame() {
        if frame.number > MOST || !each(&frame) {
            break;
        }
    }
    Some(source)
}

/// The verdict, unless a filter cannot be applied. A capture that is none has no packets.
fn verdict(policy: &Policy, capture: &[u8]) -> Option<Verdict> {
    let mut judge = Judge::new(policy, AnalysisOptions::default());
    let mut good = true;
    if let Some(source) = frames(capture, |frame| {
        good &= judge.frame(frame).is_ok();
        good
    }) {
        for fault in source.faults() {
            judge.fault(fault, None);
        }
    }
    good.then(|| judge.finish())
}

/// The policy that is made of a capture is one that it passes.
fn draft(capture: &[u8]) {
    let mut draft = Draft::default();
    let verdicts: Option<Vec<Verdict>> = draft.policies().iter().map(|policy| verdict(policy, capture)).collect();
    draft.learn(verdicts.expect("no filter"));
    if draft.connections() == 0 {
        return;
    }
    let text = draft.text("a.pcap");
    let policy = Policy::parse("draft.toml", &text, date(2026, 1, 1)).unwrap_or_else(|e| panic!("{e}\n{text}"));
    let verdict = verdict(&policy, capture).expect("no filter");
    assert_eq!(verdict.standing(false), Standing::Passed, "{text}\n{verdict:#?}");
}

fn show(exhibit: &mut EvidenceExcerpt, capture: &[u8]) {
    let mut tracker = FlowTracker::new(TrackerOptions::default());
    let (mut seen, mut line) = (Observation::default(), Vec::new());
    let mut lines = Lines::new(LineStyle { numeric: true, ..LineStyle::default() });
    frames(capture, |frame| {
        let dissection = dissect(frame);
        line.clear();
        lines.packet(&mut line, frame, &dissection);
        let tcp = match &dissection.content {
            Content::Tcp(tcp) => {
                tracker.observe(&tcp.segment, &mut seen);
                Some((&tcp.segment, &seen))
            }
            _ => None,
        };
        exhibit.packet(&line, frame.number, tcp);
        while tracker.next_event().is_some() {}
        true
    });
}
