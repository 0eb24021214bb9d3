//! Every way out, over a capture: JSON where JSON is promised, and nothing that a terminal would obey.

use std::io::Cursor;

use tcpcheck::capture::open_reader;
use tcpcheck::report::lines::{DumpStyle, LineStyle, Lines};
use tcpcheck::report::{
    Annotator, Findings, Flows, Format, Graph, GraphCollector, GraphCollectorOptions, Invocation, Ladder,
    LadderOptions, Level, Names, Ndjson, Order, Packet, Packets, Records, Report, ReportOptions, Reporter, Style,
    Summary, Svg, TextStyle, write_xpl,
};
use tcpcheck::track::Event;
use tcpcheck::{Content, Direction, FlowTracker, Next, Observation, TrackerOptions, dissect};

use crate::safe::{json, printable, xml};
use crate::{memory, threads};

/// A name that a file may have.
const NAME: &str = "a\u{1b}[31m\u{9b}7m\u{202e}<b>\"'\n.pcap";

/// Most frames of a capture that are looked at.
const MOST: u64 = 5_000;

/// What is written where, and what has to hold of it.
struct Way<'a> {
    reporter: Box<dyn Reporter + 'a>,
    out: Vec<u8>,
    json: bool,
    /// All of it is one XML document.
    drawing: Option<Vec<u8>>,
}

impl<'a> Way<'a> {
    fn new(reporter: impl Reporter + 'a, json: bool) -> Self {
        Self { reporter: Box::new(reporter), out: Vec::new(), json, drawing: None }
    }

    /// Looks at what was written since, and forgets it.
    fn check(&mut self) {
        printable(&self.out);
        if self.json {
            for line in self.out.split_inclusive(|byte| *byte == b'\n') {
                let record = json(line);
                assert!(record["type"].is_string(), "{record}");
            }
        }
        if let Some(drawing) = &mut self.drawing {
            drawing.extend_from_slice(&self.out);
        }
        self.out.clear();
    }
}

/// Reads a capture with everything that can be asked of it. The first byte says how some of it is to look.
pub fn report(bytes: &[u8]) {
    let Some((&how, bytes)) = bytes.split_first() else { return };
    let bit = |n: u8| how & (1 << n) != 0;
    threads::alike(bytes);
    let Ok(mut source) = open_reader(Cursor::new(bytes.to_vec()), NAME) else { return };
    let style = Style::new(false);
    let line = LineStyle {
        numeric: true,
        link_header: bit(0),
        verbose: how & 3,
        dump: DumpStyle { hex_ascii: 2 * u8::from(bit(2)), ..DumpStyle::default() },
        ..LineStyle::default()
    };
    let ladder = LadderOptions {
        format: match how >> 6 {
            0 => Format::Mermaid,
            1 => Format::Svg,
            _ => Format::Text(TextStyle { columns: 100, ascii: bit(6), style }),
        },
        full: bit(3),
        payload: true,
        live: bit(4),
        names: Names::numeric(),
    };
    let mut page =
        Report::new(ReportOptions { full: 3, payload: true, names: Names::numeric(), again: "a.pcap".to_owned() });
    let mut collector = GraphCollector::new(GraphCollectorOptions { keep: 2, payload: true });
    let mut ways = [
        Way::new(Packets::new(Annotator::new(Level::Full, style), !bit(4)), false),
        Way::new(
            Ndjson::new(Records { packets: true, findings: true, exchanges: true, flows: true, summary: true }),
            true,
        ),
        Way::new(Findings::new(style, !bit(4)), false),
        Way::new(Flows::new(Order::Start, bit(5), style), false),
        Way::new(Ladder::new(ladder), false),
        Way::new(&mut page, false),
        Way::new(&mut collector, false),
    ];
    if how >> 6 == 1 {
        ways[4].drawing = Some(Vec::new());
    }
    let before = memory::reset_peak();
    let (mut lines, mut text) = (Lines::new(line), Vec::new());
    let mut tracker = FlowTracker::new(TrackerOptions::default());
    let mut seen = Observation::default();
    let info = source.info();
    let mut summary = Summary::new(info.clone());
    for way in &mut ways {
        way.reporter.begin(&mut way.out, &info);
        way.check();
    }
    while let Ok(Next::Frame(frame)) = source.next_frame() {
        let dissection = dissect(&frame);
        let tcp = match &dissection.content {
            Content::Tcp(tcp) => {
                tracker.observe(&tcp.segment, &mut seen);
                Some((&tcp.segment, &seen))
            }
            _ => {
                tracker.advance(frame.ts);
                None
            }
        };
        text.clear();
        lines.packet(&mut text, &frame, &dissection);
        let packet = &Packet { line: &text, tcp, ..Packet::new(&frame, &dissection) };
        summary.packet(packet);
        for way in &mut ways {
            way.reporter.packet(&mut way.out, packet);
            way.check();
        }
        tell(&mut tracker, &mut ways, &mut summary);
        if frame.number > MOST {
            break;
        }
    }
    for fault in source.faults() {
        // The file's own name is `cli`'s to clean, as it does for all that goes to standard error.
        printable(fault.to_string().replace(NAME, "").as_bytes());
    }
    if let Some(drops) = source.drops() {
        summary.lost(drops);
    }
    tracker.finish();
    tell(&mut tracker, &mut ways, &mut summary);
    for way in &mut ways {
        way.reporter.end(&mut way.out, &summary);
        way.check();
        if let Some(drawing) = way.drawing.as_deref().filter(|drawing| !drawing.is_empty()) {
            xml(drawing);
        }
    }
    drop(ways);
    graphs(&mut collector);
    let mut out = Vec::new();
    summary.write(&mut out, style, &Invocation::default());
    printable(&out);
    printable(page.page());
    let most = 64 * 1024 * 1024 + 256 * bytes.len();
    assert!(memory::peak() - before <= most, "{} bytes held for {}", memory::peak() - before, bytes.len());
}

const BOTH: [Direction; 2] = [Direction::FromOriginator, Direction::FromResponder];

/// Every graph of the connections in the most trouble.
fn graphs(collector: &mut GraphCollector) {
    for kept in collector.kept() {
        for (graph, way) in Graph::ALL.into_iter().flat_map(|graph| BOTH.map(|way| (graph, way))) {
            let mut out = Vec::new();
            if let Some(plot) = graph.plot(&kept.trail, way) {
                plot.file(&mut out);
                xml(&out);
            }
            out.clear();
            write_xpl(&mut out, graph, &kept.trail, way, NAME);
            printable(&out);
        }
    }
}

fn tell(tracker: &mut FlowTracker, ways: &mut [Way<'_>], summary: &mut Summary) {
    while let Some(event) = tracker.next_event() {
        for way in &mut *ways {
            let Way { reporter, out, .. } = way;
            match &event {
                Event::Finding(finding) => reporter.finding(out, finding),
                Event::Amend(amend) => reporter.amend(out, amend),
                Event::Icmp(seen) => reporter.icmp(out, seen),
                Event::Exchange(exchange) => reporter.exchange(out, exchange),
                Event::Ended(flow) => reporter.ended(out, flow),
            }
            way.check();
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
