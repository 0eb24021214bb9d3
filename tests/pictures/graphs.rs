//! The points of graphs against numbers calculated from what tshark reads in the same capture.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::testkit::{root, tcpcheck};

/// Captures of one connection: without trouble, with loss, with reordering, with a closed window, both ways.
const FIXTURES: [&str; 6] = [
    "healthy/download.pcap",
    "loss/one-lost-at-sender.pcap",
    "loss/one-lost-at-receiver.pcap",
    "loss/reordered.pcap",
    "window/zero-window.pcap",
    "close/half-close.pcap",
];

/// A time in nanoseconds and a value.
type Point = (i64, i64);

/// A frame as tshark reads it.
#[derive(Clone, Debug, Default)]
struct Frame {
    t: i64,
    from_client: bool,
    flags: u64,
    seq: i64,
    len: i64,
    ack: i64,
    window: i64,
    sack: Vec<(i64, i64)>,
    ack_rtt: Option<i64>,
    in_flight: Option<i64>,
}

impl Frame {
    fn acks(&self) -> bool {
        self.flags & 0x10 != 0 && self.flags & 0x04 == 0
    }
}

/// What tshark reads; nothing where there is none.
fn frames(fixture: &str) -> Option<Vec<Frame>> {
    let fields = [
        "frame.time_relative",
        "tcp.srcport",
        "tcp.flags",
        "tcp.seq",
        "tcp.len",
        "tcp.ack",
        "tcp.window_size",
        "tcp.options.sack_le",
        "tcp.options.sack_re",
        "tcp.analysis.ack_rtt",
        "tcp.analysis.bytes_in_flight",
    ];
    let mut tshark = Command::new("tshark");
    tshark.args(["-n", "-T", "fields", "-E", "separator=;", "-r"]).arg(root().join("fixtures").join(fixture));
    for field in fields {
        tshark.args(["-e", field]);
    }
    let Ok(output) = tshark.output() else {
        assert!(std::env::var("TCPCHECK_WITNESSES").is_err(), ".ci/run installs tshark, and it is not here");
        crate::testkit::skipped("no tshark here to compare with", "apt-get install tshark");
        return None;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let mut client = None;
    let frames = text.lines().map(|line| {
        let cells: Vec<&str> = line.split(';').collect();
        let number = |at: usize| cells[at].parse::<i64>().unwrap_or(0);
        let list = |at: usize| cells[at].split(',').filter_map(|cell: &str| cell.parse().ok()).collect::<Vec<i64>>();
        let client = *client.get_or_insert(number(1));
        Frame {
            t: nanos(cells[0]),
            from_client: number(1) == client,
            flags: u64::from_str_radix(cells[2].trim_start_matches("0x"), 16).unwrap(),
            seq: number(3),
            len: number(4),
            ack: number(5),
            window: number(6),
            sack: list(7).into_iter().zip(list(8)).collect(),
            ack_rtt: Some(cells[9]).filter(|cell| !cell.is_empty()).map(nanos),
            in_flight: cells[10].parse().ok(),
        }
    });
    Some(frames.collect())
}

/// Nanoseconds of a number of seconds with a point.
fn nanos(text: &str) -> i64 {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    whole.parse::<i64>().unwrap() * 1_000_000_000 + format!("{part:0<9}")[..9].parse::<i64>().unwrap()
}

/// A graph for xplot: what is drawn in each colour.
#[derive(Debug, Default)]
struct Xpl {
    /// Lines: both ends.
    lines: BTreeMap<String, Vec<[Point; 2]>>,
    dots: BTreeMap<String, Vec<(i64, String)>>,
}

impl Xpl {
    /// The points that a line with steps goes through: its first, and the end of every upright part.
    fn steps(&self, color: &str) -> Vec<Point> {
        let first = self.dots.get(color).map(|dots| (dots[0].0, dots[0].1.parse().unwrap()));
        let lines = self.lines.get(color).map(Vec::as_slice).unwrap_or_default();
        first.into_iter().chain(lines.chunks(2).map(|pair| pair[1][1])).collect()
    }

    /// Upright lines: time, lower and upper end.
    fn bars(&self, color: &str) -> Vec<(i64, i64, i64)> {
        let lines = self.lines.get(color).map(Vec::as_slice).unwrap_or_default();
        let upright = |line: &[Point; 2]| {
            assert_eq!(line[0].0, line[1].0);
            (line[0].0, line[0].1, line[1].1)
        };
        lines.iter().map(upright).collect()
    }
}

fn drawn(fixture: &str, graph: &str, end: &str, ending: &str) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(format!("graph.{ending}"));
    let capture = root().join("fixtures").join(fixture);
    let args = ["report", capture.to_str().unwrap(), "--graph", graph, "--from", end, "-o", path.to_str().unwrap()];
    let made = tcpcheck(&args);
    made.status.success().then(|| fs::read_to_string(&path).unwrap())
}

/// What `tcpcheck report --graph` writes for xplot; nothing where that end sent nothing.
fn xpl(fixture: &str, graph: &str, end: &str) -> Option<Xpl> {
    let text = drawn(fixture, graph, end, "xpl")?;
    let (mut xpl, mut color) = (Xpl::default(), String::new());
    for line in text.lines().skip(7) {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["line", a, b, c, d] => {
                let ends = [(nanos(a), b.parse().unwrap()), (nanos(c), d.parse().unwrap())];
                xpl.lines.entry(color.clone()).or_default().push(ends);
            }
            ["dot", t, y] => xpl.dots.entry(color.clone()).or_default().push((nanos(t), y.to_owned())),
            [word] if word != "go" => color = word.to_owned(),
            _ => {}
        }
    }
    Some(xpl)
}

/// The ends that sent data.
fn senders(frames: &[Frame]) -> Vec<(&'static str, bool)> {
    let ends = [("client", true), ("server", false)];
    ends.into_iter()
        .filter(|(_, client)| frames.iter().any(|frame| frame.from_client == *client && frame.len > 0))
        .collect()
}

#[test]
fn sequence_numbers_acknowledgments_windows_and_sack_are_where_tshark_has_them() {
    for fixture in FIXTURES {
        let Some(frames) = frames(fixture) else { return };
        for (end, client) in senders(&frames) {
            let graph = xpl(fixture, "time-sequence", end).unwrap();
            let (own, other): (Vec<&Frame>, Vec<&Frame>) = frames.iter().partition(|frame| frame.from_client == client);
            let mut drawn = [graph.bars("white"), graph.bars("red"), graph.bars("orange")].concat();
            drawn.sort_unstable();
            let sent =
                own.iter().filter(|frame| frame.len > 0).map(|frame| (frame.t, frame.seq, frame.seq + frame.len));
            let mut sent: Vec<_> = sent.collect();
            sent.sort_unstable();
            assert_eq!(drawn, sent, "{fixture}: data of the {end}");
            let acks: Vec<&&Frame> = other.iter().filter(|frame| frame.acks()).collect();
            let points = |value: &dyn Fn(&Frame) -> i64| acks.iter().map(|ack| (ack.t, value(ack))).collect::<Vec<_>>();
            assert_eq!(graph.steps("green"), points(&|ack| ack.ack), "{fixture}: acknowledged of the {end}");
            assert_eq!(graph.steps("yellow"), points(&|ack| ack.ack + ack.window), "{fixture}: window of the {end}");
            let sack = acks.iter().flat_map(|ack| ack.sack.iter().map(|(from, to)| (ack.t, *from, *to)));
            assert_eq!(graph.bars("purple"), sack.collect::<Vec<_>>(), "{fixture}: SACK to the {end}");
        }
    }
}

#[test]
fn what_is_drawn_again_is_what_was_sent_before() {
    for (fixture, again, late) in [
        ("loss/one-lost-at-sender.pcap", 1, 0),
        ("loss/one-lost-at-receiver.pcap", 0, 1),
        ("loss/reordered.pcap", 1, 1),
    ] {
        let graph = xpl(fixture, "time-sequence", "server").unwrap();
        assert_eq!((graph.bars("red").len(), graph.bars("orange").len()), (again, late), "{fixture}");
    }
}

#[test]
fn bytes_in_flight_are_those_sent_and_not_acknowledged() {
    for fixture in FIXTURES {
        let Some(frames) = frames(fixture) else { return };
        for (end, client) in senders(&frames) {
            let graph = xpl(fixture, "in-flight", end).unwrap();
            let (mut high, mut acked) = (1, 1);
            let mut expected = Vec::new();
            for frame in &frames {
                if frame.from_client == client && frame.len > 0 {
                    high = high.max(frame.seq + frame.len);
                    expected.push((frame.t, high - acked));
                    // Where nothing is missing, tshark's own calculation is the same.
                    if fixture.starts_with("healthy") {
                        assert_eq!(frame.in_flight, Some(high - acked));
                    }
                } else if frame.from_client != client && frame.acks() && frame.ack > acked {
                    acked = frame.ack;
                    // The FIN takes a number, and is no byte.
                    expected.extend((high > 1).then_some((frame.t, (high - acked).max(0))));
                }
            }
            assert_eq!(graph.steps("white"), expected, "{fixture}: {end}");
        }
    }
}

#[test]
fn round_trips_are_tsharks_but_for_those_that_nobody_can_know() {
    for fixture in FIXTURES {
        let Some(frames) = frames(fixture) else { return };
        for (end, client) in senders(&frames) {
            let graph = xpl(fixture, "rtt", end).unwrap();
            let drawn: Vec<Point> = graph.dots.values().flatten().map(|(t, y)| (*t, nanos(y))).collect();
            let mut before = None;
            let mut expected = Vec::new();
            let mut repeated = false;
            for frame in frames.iter().filter(|frame| frame.from_client != client) {
                let gap = frame.sack.iter().any(|(from, _)| *from >= frame.ack);
                // Behind duplicate ACKs comes the answer to what filled the gap, and not to what is newest (RFC 6298 §3).
                let known = !std::mem::replace(&mut repeated, before == Some(frame.ack) && gap);
                expected.extend(frame.ack_rtt.filter(|_| known || before == Some(frame.ack)).map(|rtt| (frame.t, rtt)));
                before = Some(frame.ack);
            }
            assert_eq!(drawn, expected, "{fixture}: {end}");
        }
    }
}

#[test]
fn throughput_counts_every_byte_and_goodput_each_once() {
    for fixture in FIXTURES {
        let Some(frames) = frames(fixture) else { return };
        for (end, client) in senders(&frames) {
            let graph = xpl(fixture, "throughput", end).unwrap();
            let (all, fresh) = (graph.steps("red"), graph.steps("white"));
            let width = all.get(1).map_or(1_000_000, |second| second.0);
            let mut expected: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
            let mut seen: Vec<(i64, i64)> = Vec::new();
            for frame in frames.iter().filter(|frame| frame.from_client == client && frame.len > 0) {
                let bytes = (frame.seq, frame.seq + frame.len);
                let bin = expected.entry(frame.t / width * width).or_default();
                bin.0 += frame.len;
                bin.1 += if seen.contains(&bytes) { 0 } else { frame.len };
                seen.push(bytes);
            }
            let rate = |bytes: i64| bytes * 8 * 1_000_000_000 / width;
            for ((t, all), (_, fresh)) in all.into_iter().zip(fresh) {
                let (sum, once) = expected.remove(&t).unwrap_or_default();
                assert_eq!((all, fresh), (rate(sum), rate(once)), "{fixture}: {end} at {t} ns");
            }
            assert!(expected.is_empty(), "{fixture}: {expected:?}");
        }
    }
}

/// The numbers of an SVG graph's plane.
fn plane(svg: &str, name: &str) -> i64 {
    let at = svg.find(&format!("data-{name}=\"")).unwrap() + name.len() + 7;
    svg[at..].split('"').next().unwrap().parse().unwrap()
}

#[test]
fn the_picture_has_the_points_of_the_numbers() {
    for fixture in FIXTURES {
        for end in ["client", "server"] {
            let Some(svg) = drawn(fixture, "time-sequence", end, "svg") else { continue };
            let graph = xpl(fixture, "time-sequence", end).unwrap();
            let [x0, x1, y0, y1, units] = ["x0", "x1", "y0", "y1", "units"].map(|name| plane(&svg, name));
            let x = |t: i64| (t - x0) * units / (x1 - x0);
            let y = |value: i64| units - (value - y0) * units / (y1 - y0);
            let bars = |bars: &[(i64, i64, i64)]| {
                bars.iter().map(|(t, lo, hi)| format!("M{} {}V{}", x(*t), y(*lo), y(*hi))).collect::<String>()
            };
            for (class, color) in [("data", "white"), ("again", "red"), ("late", "orange"), ("sack", "purple")] {
                let path = bars(&graph.bars(color));
                let written = format!("<path class=\"{class}\" d=\"{path}\"/>");
                assert!(path.is_empty() || svg.contains(&written), "{fixture} {end}: {class} is not {path}\n{svg}");
            }
        }
    }
}

#[test]
fn a_graph_of_nothing_is_refused_in_words() {
    let capture = root().join("fixtures/open/refused.pcap");
    let capture = capture.to_str().unwrap();
    let said = |args: &[&str]| {
        let output = tcpcheck(&[&["report", capture, "-o", "-"], args].concat());
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(said(&["--graph", "time-sequence"]).contains("connection 1 has no points for this graph"));
    assert!(said(&["--graph", "rtt", "--flow", "7"]).contains("there is no connection 7"));
    assert!(!Path::new("-").exists());
}
