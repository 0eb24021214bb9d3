//! What a packet costs, in instructions: bytes and packets in, and callgrind counts from outside (`fuzz/cost`).
//!
//! The count is exact and the same on a busy machine. Each script goes on for tens of thousands of segments, so that a walk which
//! grows with what came before outweighs everything else.

use std::io::Cursor;

use tcpcheck::capture::open_reader;
use tcpcheck::dissect::Segment;
use tcpcheck::report::{Annotator, Level, Ndjson, Packet, Records, Reporter, Style};
use tcpcheck::{Content, FlowTracker, Next, Observation, TrackerOptions, dissect};

use crate::script::decode_long;

/// What one input came to: packets, and bytes of them.
#[derive(Debug)]
pub struct Size {
    pub packets: u64,
    pub bytes: u64,
}

/// Follows the conversation that a script stands for, drawn out to that number of segments.
pub fn of_script(bytes: &[u8], segments: usize) -> Size {
    let script = decode_long(bytes, segments);
    let usual = TrackerOptions::default();
    let options = TrackerOptions { max_flows: script.max_flows.unwrap_or(usual.max_flows), ..usual };
    measured_script(&script.segments, options);
    Size { packets: script.segments.len() as u64, bytes: 0 }
}

/// Only this is counted.
#[inline(never)]
fn measured_script(segments: &[Segment], options: TrackerOptions) {
    let mut tracker = FlowTracker::new(options);
    let mut seen = Observation::default();
    let mut annotator = Annotator::new(Level::Full, Style::new(false));
    let mut out = Vec::new();
    for segment in segments {
        tracker.observe(segment, &mut seen);
        annotator.packet(&mut out, segment, &seen);
        while std::hint::black_box(tracker.next_event()).is_some() {}
        out.clear();
    }
    tracker.finish();
    while std::hint::black_box(tracker.next_event()).is_some() {}
}

/// Reads a capture, follows it, and writes NDJSON.
pub fn of_capture(bytes: &[u8]) -> Size {
    measured_capture(bytes)
}

/// Only this is counted.
#[inline(never)]
fn measured_capture(bytes: &[u8]) -> Size {
    let mut size = Size { packets: 0, bytes: bytes.len() as u64 };
    let Ok(mut source) = open_reader(Cursor::new(bytes.to_vec()), "capture") else { return size };
    let mut tracker = FlowTracker::new(TrackerOptions::default());
    let mut seen = Observation::default();
    let mut records =
        Ndjson::new(Records { packets: true, findings: true, exchanges: true, flows: true, summary: true });
    let mut out = Vec::new();
    while let Ok(Next::Frame(frame)) = source.next_frame() {
        size.packets += 1;
        size.bytes += frame.data.len() as u64;
        let dissection = dissect(&frame);
        if let Content::Tcp(tcp) = &dissection.content {
            tracker.observe(&tcp.segment, &mut seen);
            let packet = Packet { tcp: Some((&tcp.segment, &seen)), ..Packet::new(&frame, &dissection) };
            records.packet(&mut out, &packet);
        }
        while std::hint::black_box(tracker.next_event()).is_some() {}
        out.clear();
    }
    size
}
