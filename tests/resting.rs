//! A connection that was packed and unpacked is the one it was.

use std::path::Path;

use tcpcheck::capture::{Next, open};
use tcpcheck::{Content, FlowTracker, Observation, TrackerOptions, dissect};

use crate::testkit::files_below;

/// All that a tracker says of a capture, with so many connections at hand.
fn told(path: &Path, max_awake: usize) -> Vec<String> {
    let mut tracker = FlowTracker::new(TrackerOptions { max_awake, ..TrackerOptions::default() });
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

#[test]
fn what_is_said_does_not_depend_on_how_many_connections_are_at_hand() {
    let mut lines = 0;
    for path in files_below("fixtures", &[".pcap", ".pcapng"]) {
        let (never, at_once) = (told(&path, usize::MAX), told(&path, 0));
        for (at, (a, b)) in never.iter().zip(&at_once).enumerate() {
            assert_eq!(a, b, "{}: line {at}", path.display());
        }
        assert_eq!(never.len(), at_once.len(), "{}", path.display());
        lines += never.len();
    }
    assert!(lines > 1_500, "{lines}");
}
