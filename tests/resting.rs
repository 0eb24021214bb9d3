//! Ways to save time and memory change nothing that is said: a connection that was evicted and loaded is the one it was, and what
//! is expected is taken as anything else would be.

use std::path::Path;

use tcpcheck::capture::{Next, open};
use tcpcheck::{Content, FlowTracker, Observation, TrackerOptions, dissect};

use crate::testkit::script::Script;
use crate::testkit::{files_below, replay};

/// All that a tracker says of a capture.
fn told(path: &Path, options: TrackerOptions) -> Vec<String> {
    let mut tracker = FlowTracker::new(options);
    let (mut seen, mut told) = (Observation::default(), Vec::new());
    let Ok(mut source) = open(path) else { return told };
    while let Ok(Next::Frame(frame)) = source.next_frame() {
        if let Content::Tcp(tcp) = dissect(&frame).content {
            tracker.observe(&tcp.segment, &mut seen);
            told.push(format!("{seen:?}"));
        } else {
            tracker.advance(frame.ts);
        }
        told.extend(std::iter::from_fn(|| tracker.next_event()).map(|event| format!("{event:?}")));
    }
    tracker.finish();
    told.extend(std::iter::from_fn(|| tracker.next_event()).map(|event| format!("{event:?}")));
    told
}

/// Compares what is said of all captures below a folder, one way and the other; returns how much that was.
fn compare(folder: &str, one: TrackerOptions, other: TrackerOptions) -> usize {
    let mut lines = 0;
    for path in files_below(folder, &[".pcap", ".pcapng"]) {
        let (a, b) = (told(&path, one), told(&path, other));
        for (at, (a, b)) in a.iter().zip(&b).enumerate() {
            assert_eq!(a, b, "{}: line {at}", path.display());
        }
        assert_eq!(a.len(), b.len(), "{}", path.display());
        lines += a.len();
    }
    lines
}

#[test]
fn what_is_said_does_not_depend_on_how_many_connections_are_hot() {
    let hot = |max_hot| TrackerOptions { max_hot, ..TrackerOptions::default() };
    let lines = compare("fixtures", hot(usize::MAX), hot(0));
    assert!(lines > 1_500, "{lines}");
}

#[test]
fn what_is_expected_is_taken_as_anything_else_would_be() {
    let predicts = |predicts| TrackerOptions { predicts, ..TrackerOptions::default() };
    let lines = compare("fixtures", predicts(true), predicts(false));
    assert!(lines > 1_500, "{lines}");
}

#[test]
fn what_is_said_of_a_trace_depends_on_neither() {
    let usual = TrackerOptions::default();
    for path in files_below("tests/traces", &[".trace"]) {
        let script = Script::read(&path).unwrap_or_else(|mistake| panic!("{mistake}"));
        let expected = replay::told(&script, usual);
        for (max_hot, predicts) in [(0, usual.predicts), (0, false), (usual.max_hot, false)] {
            let told = replay::told(&script, TrackerOptions { max_hot, predicts, ..usual });
            let differs = expected.iter().zip(&told).find(|(a, b)| a != b);
            assert!(differs.is_none() && expected.len() == told.len(), "{}: {differs:#?}", path.display());
        }
    }
}
