//! The tracker: what holds of any segments whatsoever.

use std::collections::HashMap;

use tcpcheck::dissect::Segment;
use tcpcheck::track::{Event, SegmentEffect, States};
use tcpcheck::{Finding, FlowRecord, FlowTracker, Observation, Rule, TcpState, Timestamp, TrackerOptions};

use crate::script::decode;
use crate::{memory, states};

/// Most memory that a connection may hold, in bytes, and what a tracker holds beside its connections.
const A_CONNECTION: usize = 1024 * 1024;
const BESIDE: usize = 1024 * 1024;

/// With `SHOW` in the environment it prints each segment, both states and the findings.
pub fn follow(bytes: &[u8]) {
    let script = decode(bytes);
    let usual = TrackerOptions::default();
    let options = TrackerOptions {
        max_flows: script.max_flows.unwrap_or(usual.max_flows),
        max_half_open: script.max_half_open.unwrap_or(usual.max_half_open),
        ..usual
    };
    // First, so that what fails is shown up to where it does.
    if std::env::var_os("SHOW").is_some() {
        run(&script.segments, options, Words::Shown);
    }
    let usually = run(&script.segments, options, Words::Counted);
    // No segment is taken for what was expected, and every connection that rests is packed and unpacked between two of its
    // segments. Every way to follow the same segments has to say the same.
    let slowly = TrackerOptions { max_hot: 0, predicts: false, ..options };
    if usually != run(&script.segments, slowly, Words::Counted) {
        let told =
            [options, TrackerOptions { max_hot: 0, ..options }, TrackerOptions { predicts: false, ..options }, slowly];
        let told = told.map(|options| run(&script.segments, options, Words::Kept).kept);
        for (how, other) in ["packed", "not predicted", "both"].into_iter().zip(&told[1..]) {
            let at = told[0].iter().zip(other).take_while(|(a, b)| a == b).count();
            assert!(told[0] == *other, "{how}, word {at}: {:#?}\nand usually: {:#?}", other.get(at), told[0].get(at));
        }
        panic!("the same segments, the same way, do not mean the same");
    }
}

/// What becomes of what is said.
#[derive(Clone, Copy, PartialEq)]
enum Words {
    Counted,
    Kept,
    /// Printed as a trace script would have them.
    Shown,
}

/// What one connection came to, as counted from outside.
#[derive(Default)]
struct Counted {
    states: Option<States>,
    packets: [u64; 2],
    segments: u64,
    first: u64,
    findings: HashMap<Rule, i64>,
}

/// Gives a digest of everything that was said.
fn run(segments: &[Segment], options: TrackerOptions, words: Words) -> Digest {
    let before = memory::reset_peak();
    let mut tracker = FlowTracker::new(options);
    let mut seen = Observation::default();
    let mut flows: HashMap<u32, Counted> = HashMap::new();
    let mut digest = Digest::new(words);
    let mut left = segments.len() as u64;
    for segment in segments {
        tracker.observe(segment, &mut seen);
        digest.say(&seen);
        if words == Words::Shown {
            print(segment, &seen, segments[0].ts);
        }
        if seen.flow != 0 {
            flows.entry(seen.flow).or_default().segment(segment, &seen);
        }
        events(&mut tracker, &mut flows, &mut digest, &mut left);
        assert!(tracker.live() <= options.max_flows.max(1));
        let held = memory::held().saturating_sub(before + footprint(&flows));
        assert!(
            words == Words::Kept || held <= BESIDE + tracker.live() * A_CONNECTION,
            "{held} bytes held for {} connections",
            tracker.live()
        );
    }
    tracker.finish();
    events(&mut tracker, &mut flows, &mut digest, &mut left);
    assert_eq!(tracker.live(), 0);
    assert!(flows.is_empty(), "a connection never ended");
    digest
}

/// What this module itself holds, roughly.
fn footprint(flows: &HashMap<u32, Counted>) -> usize {
    flows.capacity() * 256
}

fn events(tracker: &mut FlowTracker, flows: &mut HashMap<u32, Counted>, digest: &mut Digest, left: &mut u64) {
    while let Some(event) = tracker.next_event() {
        digest.say(&event);
        match event {
            Event::Finding(finding) => {
                if let Some(counted) = finding.flow.and_then(|flow| flows.get_mut(&flow)) {
                    counted.finding(&finding, 1);
                }
            }
            Event::Amend(amend) => {
                let counted = flows.get_mut(&amend.flow).expect("an amendment is about a live connection");
                for finding in amend.added() {
                    counted.finding(finding, 1);
                }
                for (rule, _) in &amend.withdrawn {
                    *counted.findings.entry(*rule).or_default() -= 1;
                }
            }
            Event::Icmp(_) | Event::Exchange(_) => {}
            Event::Ended(record) => {
                let counted = flows.remove(&record.number).expect("a connection ends once, and was seen before");
                counted.check(&record);
                let packets = record.c2s.packets + record.s2c.packets;
                *left = left.checked_sub(packets).expect("no segment counts in two connections");
            }
        }
    }
}

impl Counted {
    fn segment(&mut self, segment: &Segment, seen: &Observation) {
        if self.segments == 0 {
            self.first = segment.frame;
        }
        self.segments += 1;
        let direction = seen.direction.expect("a segment of a connection goes one way");
        self.packets[direction as usize] += 1;
        if let Some(before) = self.states {
            assert_eq!(seen.before, before, "frame {}: a state changed between two segments", segment.frame);
        }
        for (before, after) in [(seen.before.client, seen.after.client), (seen.before.server, seen.after.server)] {
            // A FIN counts as arrived until a FIN that crossed it says that it had not.
            let crossed = seen.findings.iter().any(|finding| finding.rule == Rule::SimultaneousClose);
            let before = if crossed && before == TcpState::CloseWait { TcpState::Established } else { before };
            assert!(states::reachable(before, after), "frame {}: {before} to {after}", segment.frame);
        }
        if matches!(seen.effect, SegmentEffect::Copy(_) | SegmentEffect::Stray | SegmentEffect::Outside) {
            assert_eq!(seen.before, seen.after, "frame {}: what is left out changes no state", segment.frame);
        }
        self.states = Some(seen.after);
        for finding in &seen.findings {
            assert_eq!(finding.flow, Some(seen.flow));
            self.finding(finding, 1);
        }
        if let Some((from, to)) = seen.gap {
            assert!(from < to, "an empty gap");
        }
        if seen.acked.is_some() {
            let frames = &seen.acked_frames;
            assert!(frames.len() <= 4096 && frames.iter().all(|frame| *frame <= segment.frame));
        }
    }

    fn finding(&mut self, finding: &Finding, count: i64) {
        *self.findings.entry(finding.rule).or_default() += count;
    }

    fn check(mut self, record: &FlowRecord) {
        // A SYN that seemed to mean nothing to the connection before opened this one after all.
        let opener = u64::from(record.first_frame < self.first);
        // Who is client may show only with a SYN that was stored late, so that the ways change places.
        let packets = self.packets[0] + self.packets[1] + opener;
        assert!(record.c2s.packets + record.s2c.packets <= packets, "{packets} segments and {record:?}");
        for stats in [&record.c2s, &record.s2c] {
            assert!(stats.data_segments <= stats.packets && u64::from(stats.syns) <= stats.packets);
            assert!(stats.payload_bytes <= stats.wire_bytes, "{stats:?}");
            assert!(stats.retransmitted_segments <= stats.packets, "{stats:?}");
            assert!(stats.retransmitted_bytes <= stats.payload_bytes + 2 * stats.packets, "{stats:?}");
            assert!(stats.out_of_order_segments <= stats.packets);
            assert!(stats.duplicate_acks <= stats.packets);
        }
        assert!(record.first_frame <= record.last_frame && record.longest_idle.0 >= 0);
        self.findings.retain(|_, count| *count != 0);
        for (rule, count) in &record.findings {
            let told = self.findings.remove(rule).unwrap_or(0);
            // What limits gave up is said once for all connections.
            assert!(told == i64::from(*count) || *rule == Rule::StateLimited, "{rule:?}: {count} counted, {told} told");
        }
        assert!(self.findings.is_empty(), "told and not counted: {:?}", self.findings);
        for (_, _, count) in &record.regraded {
            assert!(u64::from(*count) <= 2 * self.segments + 64);
        }
    }
}

/// FNV-1a over what is said, without the text being kept unless that is asked for.
#[derive(PartialEq)]
struct Digest {
    hash: u64,
    keep: bool,
    kept: Vec<String>,
}

impl Digest {
    fn new(words: Words) -> Self {
        Self { hash: 0xcbf2_9ce4_8422_2325, keep: words == Words::Kept, kept: Vec::new() }
    }

    fn say(&mut self, what: &impl std::fmt::Debug) {
        use std::fmt::Write;
        if self.keep {
            self.kept.push(format!("{what:?}"));
        }
        write!(self, "{what:?}").expect("a digest takes anything");
    }
}

impl std::fmt::Write for Digest {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        for byte in text.bytes() {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Ok(())
    }
}

fn print(segment: &Segment, seen: &Observation, start: Timestamp) {
    let first = segment.src < segment.dst;
    let seconds = segment.ts.since(start).0 as f64 / 1e9;
    let letters = "FSRP.UEWe".chars().enumerate().filter(|(bit, _)| segment.flags.0 & 1 << bit != 0);
    let letters: String = letters.map(|(_, letter)| letter).collect();
    let mut line = format!("{seconds:.6} {} {letters} seq={}", if first { '>' } else { '<' }, segment.seq.0);
    if let Some(ack) = segment.ack {
        line += &format!(" ack={}", ack.0);
    }
    line += &format!(" win={} len={}", segment.window, segment.payload_len);
    if let Some((value, echo)) = segment.options.timestamps {
        line += &format!(" ts={value}:{echo}");
    }
    for (left, right) in segment.options.sack.as_slice() {
        line += &format!(" sack={}-{}", left.0, right.0);
    }
    line += &format!("  f{} {:?}  = {} {}", seen.flow, seen.effect, seen.after.client, seen.after.server);
    for finding in &seen.findings {
        line += &format!(" ! {}", finding.rule.code());
    }
    eprintln!("{line}");
}
