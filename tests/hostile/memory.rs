//! The memory of connections has a limit, whatever is open of them.

use tcpcheck::capture::{Next, open};
use tcpcheck::track::Event;
use tcpcheck::{Content, FlowTracker, Observation, Rule, TrackerOptions, dissect};

use super::{capture, findings, packet};

/// So many connections one after the other, each with data behind a gap.
fn with_gaps(connections: u32) -> (tempfile::TempDir, std::path::PathBuf) {
    let segments = (0..connections).flat_map(|n| [1000, 1100, 1300].map(|seq| (seq, n)));
    capture(segments.zip(0..).map(|((seq, n), us)| {
        let client = format!("10.1.{}.{}:40000", n / 256, n % 256);
        (1_600_000_000_000_000 + us, packet(&client, super::SERVER, seq, 1))
    }))
}

#[test]
fn connections_with_gaps_take_no_more_memory_than_they_may() {
    let (_folder, path) = with_gaps(2_000);
    let options = TrackerOptions { max_memory: 1 << 18, ..TrackerOptions::default() };
    let mut tracker = FlowTracker::new(options);
    let (mut limited, mut ended, mut most) = (0, 0, 0);
    let mut source = open(&path).unwrap();
    let mut observation = Observation::default();
    let mut events = |tracker: &mut FlowTracker| {
        while let Some(event) = tracker.next_event() {
            match event {
                Event::Finding(finding) => limited += usize::from(finding.rule == Rule::StateLimited),
                Event::Ended(_) => ended += 1,
                _ => {}
            }
        }
    };
    while let Next::Frame(frame) = source.next_frame().unwrap() {
        if let Content::Tcp(tcp) = dissect(&frame).content {
            tracker.observe(&tcp.segment, &mut observation);
        }
        events(&mut tracker);
        most = most.max(tracker.live());
    }
    tracker.finish();
    events(&mut tracker);
    // Each takes some hundred bytes when it is packed: a quarter of a mebibyte is for some hundreds.
    assert!((50..1_000).contains(&most), "{most}");
    assert_eq!(limited, 2, "the first that was given up, and how many in the end");
    assert!(ended >= 2_000, "{ended}");
}

#[test]
fn the_limit_of_memory_is_said_in_words() {
    let (_folder, path) = with_gaps(1_000);
    let said = findings(&path, &["--max-memory", "128k"]);
    assert!(said.contains("the limit of memory for connections reached (131072 B)"), "{said}");
    assert!(!findings(&path, &[]).contains("TC911"));
}
