//! Fixtures with bytes changed, cut, repeated and swapped, through reader, dissector, tracker and every report: nothing panics,
//! and nothing goes on for ever.
//!
//! Mutation number N is the same on every machine. `MUTATIONS=100000 cargo test --release mutations` tries more of them,
//! `MUTATIONS=4711..4712` one again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use tcpcheck::capture::{Next, open_reader};
use tcpcheck::report::lines::{DumpStyle, LineStyle, Lines};
use tcpcheck::report::{
    Annotator, Findings, Flows, Invocation, Level, Ndjson, Order, Packet, Packets, Records, Reporter, Style, Summary,
};
use tcpcheck::track::Event;
use tcpcheck::{Content, FlowTracker, Observation, TrackerOptions, dissect};

use crate::testkit::mutation::{Dice, mutate, wanted};
use crate::testkit::{files_below, short};

/// How many are tried unless `MUTATIONS` says otherwise: some seconds' worth of a debug build.
const USUALLY: u64 = 3_000;

/// Larger fixtures take long and add nothing.
const LARGEST: usize = 12_000;

/// Reads a capture with everything that can be asked of it.
fn read(bytes: Vec<u8>) {
    let most_frames = bytes.len().max(1) * 64;
    let Ok(mut source) = open_reader(std::io::Cursor::new(bytes), "mutation") else { return };
    let style = Style::new(false);
    let line = LineStyle {
        numeric: true,
        link_header: true,
        verbose: 3,
        dump: DumpStyle { hex_ascii: 2, ..DumpStyle::default() },
        ..LineStyle::default()
    };
    let records = Records { packets: true, findings: true, exchanges: true, flows: true, summary: true };
    let mut reporters: [Box<dyn Reporter>; 4] = [
        Box::new(Packets::new(Annotator::new(Level::Full, style), true)),
        Box::new(Ndjson::new(records)),
        Box::new(Findings::new(style, true)),
        Box::new(Flows::new(Order::Start, true, style)),
    ];
    let mut tracker = FlowTracker::new(TrackerOptions::default());
    let mut seen = Observation::default();
    let mut summary = Summary::new(source.info());
    let (mut lines, mut text, mut out) = (Lines::new(line), Vec::new(), Vec::new());
    let mut frames = 0;
    while let Ok(Next::Frame(frame)) = source.next_frame() {
        frames += 1;
        assert!(frames <= most_frames, "more frames than bytes");
        let dissection = dissect(&frame);
        let tcp = match &dissection.content {
            Content::Tcp(tcp) => {
                tracker.observe(&tcp.segment, &mut seen);
                Some((&tcp.segment, &seen))
            }
            _ => None,
        };
        text.clear();
        lines.packet(&mut text, &frame, &dissection);
        let packet = &Packet { line: &text, tcp, ..Packet::new(&frame, &dissection) };
        summary.packet(packet);
        for reporter in &mut reporters {
            out.clear();
            reporter.packet(&mut out, packet);
        }
        report_events(&mut tracker, &mut reporters, &mut summary);
    }
    for fault in source.faults() {
        assert!(!fault.to_string().is_empty());
    }
    tracker.finish();
    report_events(&mut tracker, &mut reporters, &mut summary);
    for reporter in &mut reporters {
        out.clear();
        reporter.end(&mut out, &summary);
    }
    summary.write(&mut out, style, &Invocation::default());
}

fn report_events(tracker: &mut FlowTracker, reporters: &mut [Box<dyn Reporter>], summary: &mut Summary) {
    let mut out = Vec::new();
    while let Some(event) = tracker.next_event() {
        for reporter in &mut *reporters {
            match &event {
                Event::Finding(finding) => reporter.finding(&mut out, finding),
                Event::Amend(amend) => reporter.amend(&mut out, amend),
                Event::Icmp(seen) => reporter.icmp(&mut out, seen),
                Event::Exchange(exchange) => reporter.exchange(&mut out, exchange),
                Event::Ended(flow) => reporter.ended(&mut out, flow),
            }
        }
        match &event {
            Event::Finding(finding) => summary.finding(finding),
            Event::Amend(amend) => summary.amend(amend),
            Event::Icmp(seen) => summary.icmp(seen),
            Event::Exchange(exchange) => summary.exchange(exchange),
            Event::Ended(flow) => summary.ended(flow),
        }
    }
}

#[test]
fn no_mutation_of_a_capture_makes_anything_panic() {
    let captures: Vec<(PathBuf, Vec<u8>)> = files_below("fixtures", &[".pcap", ".pcapng", ".gz", ".zst"])
        .into_iter()
        .map(|path| (path.clone(), std::fs::read(path).expect("a fixture")))
        .filter(|(_, bytes)| bytes.len() <= LARGEST)
        .collect();
    for number in wanted(USUALLY) {
        let mut dice = Dice(number);
        let (path, bytes) = &captures[dice.below(captures.len())];
        let mut bytes = bytes.clone();
        mutate(&mut bytes, &mut dice, 8);
        if catch_unwind(AssertUnwindSafe(|| read(bytes.clone()))).is_err() {
            let kept = std::env::temp_dir().join(format!("mutation-{number}"));
            std::fs::write(&kept, &bytes).expect("a file in the temporary folder");
            panic!("mutation {number}, of {}, panics; it is kept as {}", short(path), kept.display());
        }
    }
}

#[test]
fn every_fixture_is_read_as_it_stands() {
    for path in files_below("fixtures", &[".pcap", ".pcapng", ".gz", ".zst"]) {
        read(std::fs::read(path).expect("a fixture"));
    }
}
