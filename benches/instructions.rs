//! Instructions that each stage takes for 10,000 packets: exact, and the same on a busy machine as on an idle one.
//!
//! ```text
//! cargo install gungraun-runner --version 0.20.0        # once; needs valgrind
//! cargo bench --bench instructions
//! ```
//!
//! A count divided by 10,000 is instructions a packet. Each stage is fed what the one before it made, so that only its own
//! work counts. `short` is a thousand connections of ten packets, `large` is four flows that are always sending.

// The harness's macros make public items without documentation.
#![allow(missing_docs)]

#[path = "../examples/generate/connection.rs"]
mod connection;
#[path = "../examples/generate/frame.rs"]
mod frame;
#[path = "../examples/generate/random.rs"]
mod random;
// The example counts connections too.
#[allow(dead_code)]
#[path = "../examples/generate/traffic.rs"]
mod traffic;

use std::hint::black_box;
use std::io::{Cursor, Seek, Write};

use gungraun::{library_benchmark, library_benchmark_group, main};
use tcpcheck::report::lines::{LineStyle, Lines};
use tcpcheck::report::{Annotator, Level, Ndjson, Packet, Packets, Records, Reporter, Style};
use tcpcheck::{
    Content, Dissection, FlowTracker, Frame, FrameSource, Next, Observation, Segment, TrackerOptions, capture, dissect,
};

use traffic::{Shape, Traffic};

const PACKETS: usize = 10_000;

/// A capture as a file's bytes.
fn bytes(shape: Shape) -> Vec<u8> {
    let (connections, payload) = if shape == Shape::Large { (4, frame::MAX_PAYLOAD) } else { (1_100, 512) };
    let traffic = Traffic {
        shape,
        packets: 11_000,
        connections,
        fresh: 0,
        concurrent: 100,
        seed: 1,
        payload,
        loss: 2,
        reorder: 1,
        resets: 0,
        ipv6: 20,
    };
    let mut bytes = Vec::new();
    let totals = traffic.write(&mut bytes).unwrap();
    assert!(totals.packets >= PACKETS as u64 && totals.span > 0, "{totals:?}");
    bytes
}

/// Everything that the stages make of it.
struct Made {
    frames: Vec<Frame<'static>>,
    dissections: Vec<Dissection<'static>>,
    segments: Vec<Segment>,
    seen: Vec<Observation>,
}

fn made(shape: Shape) -> Made {
    let mut made = Made { frames: vec![], dissections: vec![], segments: vec![], seen: vec![] };
    let mut source = capture::open_reader(Cursor::new(bytes(shape)), "generated").unwrap();
    let mut tracker = FlowTracker::new(TrackerOptions::default());
    while made.frames.len() < PACKETS
        && let Next::Frame(frame) = source.next_frame().unwrap()
    {
        // What is measured ends with the process, and so may this.
        let frame = Frame { data: frame.data.to_vec().leak(), ..frame };
        let dissection = dissect(&frame);
        let Content::Tcp(tcp) = &dissection.content else { unreachable!("all that is generated is TCP") };
        let mut seen = Observation::default();
        tracker.observe(&tcp.segment, &mut seen);
        made.segments.push(tcp.segment);
        made.dissections.push(dissection);
        made.frames.push(frame);
        made.seen.push(seen);
    }
    assert_eq!(made.frames.len(), PACKETS);
    made
}

/// Lets a way out write every packet.
fn write(mut lines: Option<Lines>, mut reporter: impl Reporter, made: &Made) -> Vec<u8> {
    let (mut out, mut line) = (Vec::with_capacity(1 << 20), Vec::new());
    for n in 0..PACKETS {
        let (frame, dissection) = (&made.frames[n], &made.dissections[n]);
        line.clear();
        if let Some(lines) = &mut lines {
            lines.packet(&mut line, frame, dissection);
        }
        let tcp = Some((&made.segments[n], &made.seen[n]));
        reporter.packet(&mut out, &Packet { line: &line, tcp, ..Packet::new(frame, dissection) });
        if out.len() > 1 << 16 {
            black_box(&out);
            out.clear();
        }
    }
    out
}

fn text(level: Level, made: &Made) -> Vec<u8> {
    let style = LineStyle { numeric: true, ..LineStyle::default() };
    write(Some(Lines::new(style)), Packets::new(Annotator::new(level, Style::new(false)), true), made)
}

/// A capture in a file: what the system copies out of it is not counted.
fn file(shape: Shape) -> Box<dyn FrameSource> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&bytes(shape)).unwrap();
    file.rewind().unwrap();
    capture::open_reader(file, "generated").unwrap()
}

#[library_benchmark]
#[bench::short(args = (Shape::Short,), setup = file)]
#[bench::large(args = (Shape::Large,), setup = file)]
fn reader(mut source: Box<dyn FrameSource>) -> usize {
    let mut packets = 0;
    while packets < PACKETS
        && let Next::Frame(frame) = source.next_frame().unwrap()
    {
        black_box(frame);
        packets += 1;
    }
    packets
}

#[library_benchmark]
#[bench::short(args = (Shape::Short,), setup = made)]
#[bench::large(args = (Shape::Large,), setup = made)]
fn dissector(made: Made) -> Made {
    let mut dissection = Dissection::new();
    for frame in &made.frames {
        dissection.read(frame);
        black_box(&dissection);
    }
    made
}

#[library_benchmark]
#[bench::short(args = (Shape::Short,), setup = made)]
#[bench::large(args = (Shape::Large,), setup = made)]
fn tracker(made: Made) -> (Made, FlowTracker) {
    let mut tracker = FlowTracker::new(TrackerOptions::default());
    let mut seen = Observation::default();
    for segment in &made.segments {
        tracker.observe(segment, &mut seen);
        black_box(&seen);
        while let Some(event) = tracker.next_event() {
            black_box(event);
        }
    }
    (made, tracker)
}

#[library_benchmark]
#[bench::short(args = (Shape::Short,), setup = made)]
#[bench::large(args = (Shape::Large,), setup = made)]
fn lines(made: Made) -> (Made, Vec<u8>) {
    let out = text(Level::Off, &made);
    (made, out)
}

#[library_benchmark]
#[bench::short(args = (Shape::Short,), setup = made)]
#[bench::large(args = (Shape::Large,), setup = made)]
fn annotated_lines(made: Made) -> (Made, Vec<u8>) {
    let out = text(Level::Brief, &made);
    (made, out)
}

#[library_benchmark]
#[bench::short(args = (Shape::Short,), setup = made)]
#[bench::large(args = (Shape::Large,), setup = made)]
fn ndjson(made: Made) -> (Made, Vec<u8>) {
    let records = Records { packets: true, findings: true, exchanges: true, flows: true, summary: true };
    let out = write(None, Ndjson::new(records), &made);
    (made, out)
}

library_benchmark_group!(name = stages, benchmarks = [reader, dissector, tracker, lines, annotated_lines, ndjson]);

main!(library_benchmark_groups = stages);
