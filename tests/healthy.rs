//! Healthy traffic stays quiet. On captures of an undisturbed network nothing is found above a note; and where only the capture is
//! poor (begun late, one direction, frames missed, each frame twice), the capture is blamed and not the network.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use tcpcheck::capture::{Span, Timestamp, open};
use tcpcheck::track::Event;
use tcpcheck::{Content, Finding, FlowTracker, Frame, LinkType, Observation, Rule, Severity, TrackerOptions, dissect};

use crate::testkit::root;

/// Captures of which nothing was lost, overtaken or doubled: with and without offloads, over a wire, veth, `lo` and `any`.
const HEALTHY: &[&str] = &[
    "healthy/download.pcap",
    "healthy/download-offloaded.pcap",
    "healthy/requests.pcap",
    "healthy/several-clients.pcap",
    "healthy/upload-ipv6.pcap",
    "close/client-first.pcap",
    "close/half-close.pcap",
    "close/server-first.pcap",
    "close/simultaneous.pcap",
    "close/three-segments.pcap",
    "link/any.pcap",
    "link/dsa.pcap",
    "link/edsa.pcap",
    "link/frame-relay.pcap",
    "link/gre.pcap",
    "link/ip-in-ip.pcap",
    "link/ipnet.pcap",
    "link/ipv6.pcap",
    "link/juniper.pcap",
    "link/l2tp.pcap",
    "link/loopback.pcap",
    "link/netanalyzer.pcap",
    "link/nsh.pcap",
    "link/pppd.pcap",
    "link/qinq.pcap",
    "link/slip.pcap",
    "link/token-ring.pcap",
    "link/vlan.pcap",
    "link/vxlan.pcap",
    "open/ecn.pcap",
    "open/fast-open.pcap",
    "open/md5.pcap",
    "open/no-options.pcap",
    "capture/offload.pcap",
    "window/keep-alive.pcap",
    "application/greeting.pcap",
    "application/no-delay.pcap",
    "application/pipelined.pcap",
    "application/http-keep-alive.pcap",
    "application/http2.pcap",
    "application/mysql.pcap",
    "application/smtp.pcap",
    "path/no-proxy.pcap",
];

/// A frame that is nobody's but ours.
#[derive(Clone)]
struct Held {
    ts: Timestamp,
    link_type: LinkType,
    wire_len: u32,
    data: Vec<u8>,
    /// Who sent it, where it is TCP.
    from: Option<tcpcheck::dissect::Socket>,
}

fn frames(name: &str) -> Vec<Held> {
    let mut source = open(&root().join("fixtures").join(name)).expect("a capture");
    let mut frames = Vec::new();
    while let Some(frame) = source.next_frame().expect("a frame").frame() {
        let from = match &dissect(&frame).content {
            Content::Tcp(tcp) => Some(tcp.segment.src),
            _ => None,
        };
        let Frame { ts, link_type, wire_len, data, .. } = frame;
        frames.push(Held { ts, link_type, wire_len, data: data.to_vec(), from });
    }
    frames
}

/// What is found in the end, after all amendments: each rule with the frames that it fired on.
#[derive(Default)]
struct Verdict(BTreeMap<(Rule, u64), Severity>);

impl Verdict {
    fn of<'a>(frames: impl IntoIterator<Item = &'a Held>) -> Self {
        let (mut tracker, mut seen) = (FlowTracker::new(TrackerOptions::default()), Observation::default());
        let mut verdict = Self::default();
        for (frame, number) in frames.into_iter().zip(1..) {
            let &Held { ts, link_type, wire_len, ref data, .. } = frame;
            let frame = Frame { number, ts, link_type, interface: 0, wire_len, data };
            match &dissect(&frame).content {
                Content::Tcp(tcp) => {
                    tracker.observe(&tcp.segment, &mut seen);
                    verdict.add(&seen.findings);
                }
                _ => tracker.advance(ts),
            }
            verdict.settle(&mut tracker);
        }
        tracker.finish();
        verdict.settle(&mut tracker);
        verdict
    }

    fn add(&mut self, findings: &[Finding]) {
        self.0.extend(findings.iter().map(|finding| ((finding.rule, finding.frame), finding.severity)));
    }

    fn settle(&mut self, tracker: &mut FlowTracker) {
        while let Some(event) = tracker.next_event() {
            match event {
                Event::Finding(finding) => self.add(&[finding]),
                Event::Amend(amend) => {
                    for (rule, _) in &amend.withdrawn {
                        self.0.remove(&(*rule, amend.frame));
                    }
                    self.add(&amend.details);
                }
                Event::Icmp(_) | Event::Ended(_) | Event::Exchange(_) => {}
            }
        }
    }

    fn has(&self, rule: Rule) -> bool {
        self.0.keys().any(|(found, _)| *found == rule)
    }

    /// Warnings and errors that are not about the capture.
    fn accusations(&self) -> Vec<String> {
        let accuses = |rule: Rule, severity: Severity| severity > Severity::Note && !rule.code().starts_with("TC9");
        let found = self.0.iter().filter(|((rule, _), severity)| accuses(*rule, **severity));
        found.map(|((rule, frame), _)| format!("{} {} @{frame}", rule.code(), rule.slug())).collect()
    }
}

/// Numbers that look random, the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// Plays every healthy capture as `poorer` makes it, and lists what was said against the network.
fn wrongly_accused(poorer: impl Fn(&str, &[Held]) -> Vec<(String, Vec<Held>)>) -> String {
    let mut wrong = String::new();
    for name in HEALTHY {
        let whole = frames(name);
        for (how, made) in poorer(name, &whole) {
            let accusations = Verdict::of(&made).accusations();
            if !accusations.is_empty() {
                let _ = writeln!(wrong, "{name}, {how}: {}", accusations.join(", "));
            }
        }
    }
    wrong
}

/// The senders of a capture.
fn senders(frames: &[Held]) -> Vec<std::net::IpAddr> {
    let mut senders: Vec<_> = frames.iter().filter_map(|frame| frame.from).map(|socket| socket.addr).collect();
    senders.sort();
    senders.dedup();
    senders
}

/// Where something is changed: at every frame near the ends of a capture, and here and there between.
fn places(frames: &[Held]) -> impl Iterator<Item = usize> {
    let len = frames.len();
    (0..len).filter(move |at| *at < 20 || at + 12 > len || at % 11 == 0)
}

#[test]
fn nothing_above_a_note_is_found_in_undisturbed_traffic() {
    let mut wrong = String::new();
    for name in HEALTHY {
        let whole = frames(name);
        assert!(whole.len() > 4, "{name}");
        let above: Vec<_> = Verdict::of(&whole)
            .0
            .iter()
            .filter(|(_, severity)| **severity > Severity::Note)
            .map(|((rule, frame), _)| format!("{} @{frame}", rule.code()))
            .collect();
        if !above.is_empty() {
            let _ = writeln!(wrong, "{name}: {}", above.join(" "));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn a_capture_that_begins_late_accuses_nobody() {
    let wrong = wrongly_accused(|_, whole| {
        let places = places(whole).filter(|from| *from > 0);
        places.map(|from| (format!("from @{}", from + 1), whole[from..].to_vec())).collect()
    });
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn a_capture_of_one_direction_accuses_nobody_and_says_what_it_is() {
    let one_way = |whole: &[Held], addr| -> Vec<Held> {
        whole.iter().filter(|frame| frame.from.is_some_and(|from| from.addr == addr)).cloned().collect()
    };
    let wrong = wrongly_accused(|_, whole| {
        senders(whole).into_iter().map(|addr| (format!("only from {addr}"), one_way(whole, addr))).collect()
    });
    assert!(wrong.is_empty(), "{wrong}");
    for name in ["healthy/download.pcap", "healthy/requests.pcap"] {
        let whole = frames(name);
        for addr in senders(&whole) {
            assert!(Verdict::of(&one_way(&whole, addr)).has(Rule::OneDirectionOnly), "{name} {addr}");
        }
    }
}

#[test]
fn a_capture_that_loses_frames_accuses_nobody() {
    let wrong = wrongly_accused(|name, whole| {
        let mut made = Vec::new();
        for seed in 0..60u64 {
            // A few of a hundred, each by itself or several in a row.
            let (share, burst) = ([2, 5, 15, 40][seed as usize % 4], [1, 3, 10][seed as usize % 3]);
            let mut dice = Dice(seed * 7_919 + name.len() as u64);
            let mut left = 0;
            let lossy = whole.iter().filter(|_| {
                if left == 0 && dice.below(100 * burst) < share {
                    left = 1 + dice.below(burst);
                }
                left = left.saturating_sub(1);
                left == 0
            });
            made.push((format!("seed {seed}: {share} % lost, {burst} at a time"), lossy.cloned().collect()));
        }
        for at in places(whole) {
            let without = whole.iter().enumerate().filter(|(index, _)| *index != at).map(|(_, frame)| frame.clone());
            made.push((format!("without @{}", at + 1), without.collect()));
        }
        made
    });
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn a_capture_that_misses_data_says_so() {
    let whole = frames("healthy/requests.pcap");
    let missed = whole.iter().enumerate().filter(|(index, _)| *index != 8).map(|(_, frame)| frame);
    assert!(Verdict::of(missed).has(Rule::CaptureGap));
}

#[test]
fn a_capture_with_every_frame_twice_accuses_nobody_and_says_what_it_is() {
    let twice = |whole: &[Held], later: i64| -> Vec<Held> {
        let again = whole.iter().map(|frame| Held { ts: Timestamp(frame.ts.0 + later), ..frame.clone() });
        let mut both: Vec<_> = whole.iter().cloned().chain(again).collect();
        both.sort_by_key(|frame| frame.ts);
        both
    };
    let wrong = wrongly_accused(|_, whole| {
        [1_000, 20_000, 300_000].map(|later| (format!("again after {:?}", Span(later)), twice(whole, later))).into()
    });
    assert!(wrong.is_empty(), "{wrong}");
    for name in HEALTHY {
        assert!(Verdict::of(&twice(&frames(name), 20_000)).has(Rule::CaptureDuplicate), "{name}");
    }
}

#[test]
fn a_capture_that_misses_the_last_acknowledgment_accuses_nobody() {
    for name in ["close/client-first.pcap", "close/server-first.pcap", "healthy/requests.pcap"] {
        let mut whole = frames(name);
        whole.pop();
        // The capture goes on for long enough that a FIN without an acknowledgment would have been repeated: its sender has one.
        let other = frames("healthy/several-clients.pcap").pop().expect("a frame");
        whole.push(Held { ts: Timestamp(whole[0].ts.0 + 20_000_000_000), ..other });
        let made = Verdict::of(&whole);
        assert!(made.accusations().is_empty() && !made.has(Rule::FinUnacked), "{name}: {:?}", made.0);
    }
}

#[test]
fn a_capture_that_swaps_neighbours_accuses_nobody() {
    // Several queues of a card, or the devices behind `any`, hand frames over out of turn.
    let wrong = wrongly_accused(|name, whole| {
        let mut made = Vec::new();
        for seed in 0..30 {
            let mut dice = Dice(seed * 104_729 + name.len() as u64);
            let mut swapped = whole.to_vec();
            for at in 1..swapped.len() {
                let near = swapped[at].ts.since(swapped[at - 1].ts) < Span(200_000);
                if near && dice.below(100) < 10 {
                    let (one, other) = (swapped[at - 1].ts, swapped[at].ts);
                    swapped.swap(at - 1, at);
                    (swapped[at - 1].ts, swapped[at].ts) = (one, other);
                }
            }
            made.push((format!("seed {seed}"), swapped));
        }
        made
    });
    assert!(wrong.is_empty(), "{wrong}");
}

/// The same traffic as other stacks number it, as worse captures see it.
mod rewritten {
    use super::*;

    /// Writes IPv4's identification anew, and the header's checksum with it.
    fn renumbered(frame: &Held, id: u16) -> Held {
        let mut made = frame.clone();
        let Some(at) = ipv4_at(frame) else { return made };
        made.data[at + 4..at + 6].copy_from_slice(&id.to_be_bytes());
        sum_up(&mut made.data[at..]);
        made
    }

    /// Where the innermost IP header begins, if it is IPv4.
    fn ipv4_at(frame: &Held) -> Option<usize> {
        let &Held { ts, link_type, wire_len, ref data, .. } = frame;
        let dissection = dissect(&Frame { number: 1, ts, link_type, interface: 0, wire_len, data });
        let at = dissection.ip().map(|ip| ip.offset as usize)?;
        (data.get(at).is_some_and(|first| first >> 4 == 4)).then_some(at)
    }

    // RFC 1071, over a header of 20 bytes or more.
    fn sum_up(header: &mut [u8]) {
        header[10..12].fill(0);
        let len = usize::from(header[0] & 15) * 4;
        let words = header[..len].chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]])));
        let mut sum: u32 = words.sum();
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        header[10..12].copy_from_slice(&(!(sum as u16)).to_be_bytes());
    }

    /// How a host numbers its packets.
    #[derive(Clone, Copy, Debug)]
    enum Stack {
        /// One counter for all connections.
        HostWide,
        /// The same, on a host that talks to others as well.
        Busy,
        /// The same, in the wrong byte order.
        Swapped,
        Zero,
        Random,
    }

    fn restacked(whole: &[Held], stack: Stack, seed: u64) -> Vec<Held> {
        let mut dice = Dice(seed);
        let mut counters: BTreeMap<std::net::IpAddr, (u16, Timestamp)> = BTreeMap::new();
        let number = |frame: &Held| {
            let Some(from) = frame.from else { return frame.clone() };
            let (last, before) = counters.entry(from.addr).or_insert((dice.below(60_000) as u16, frame.ts));
            let waited = frame.ts.since(*before).0.max(0) / 1_000_000;
            let others = if matches!(stack, Stack::Busy) { dice.below(3 + waited.min(2_000) as u64) } else { 0 };
            (*last, *before) = (last.wrapping_add(1 + others as u16), frame.ts);
            let id = match stack {
                Stack::HostWide | Stack::Busy => *last,
                Stack::Swapped => last.swap_bytes(),
                Stack::Zero => 0,
                Stack::Random => dice.below(65_536) as u16,
            };
            renumbered(frame, id)
        };
        whole.iter().map(number).collect()
    }

    #[test]
    fn another_stack_s_numbers_accuse_nobody() {
        let stacks = [Stack::HostWide, Stack::Busy, Stack::Swapped, Stack::Zero, Stack::Random];
        let wrong = wrongly_accused(|_, whole| {
            let made = stacks.iter().flat_map(|stack| (1..4).map(move |seed| (*stack, seed)));
            made.map(|(stack, seed)| (format!("{stack:?} {seed}"), restacked(whole, stack, seed))).collect()
        });
        assert!(wrong.is_empty(), "{wrong}");
    }

    /// The frame as it looks behind a router.
    fn behind_a_router(frame: &Held, later: i64) -> Held {
        let mut made = Held { ts: Timestamp(frame.ts.0 + later), ..frame.clone() };
        let &Held { ts, link_type, wire_len, ref data, .. } = frame;
        let dissection = dissect(&Frame { number: 1, ts, link_type, interface: 0, wire_len, data });
        let Some(at) = dissection.ip().map(|ip| ip.offset as usize) else { return made };
        match ipv4_at(frame) {
            Some(at) => {
                made.data[at + 8] -= 1;
                sum_up(&mut made.data[at..]);
            }
            None => made.data[at + 7] -= 1,
        }
        if link_type == LinkType::EN10MB {
            made.data[..12].copy_from_slice(&[2, 0, 0, 0, 1, 1, 2, 0, 0, 0, 1, 2]);
        }
        made
    }

    fn in_time_order(mut frames: Vec<Held>) -> Vec<Held> {
        frames.sort_by_key(|frame| frame.ts);
        frames
    }

    fn two_hops(whole: &[Held], later: i64) -> Vec<Held> {
        let mut dice = Dice(later as u64);
        let behind = whole.iter().map(|frame| behind_a_router(frame, later + dice.below(200_000) as i64));
        in_time_order(whole.iter().cloned().chain(behind).collect())
    }

    #[test]
    fn a_capture_of_two_hops_accuses_nobody_and_says_what_it_is() {
        let times = [100_000, 3_000_000, 25_000_000, 80_000_000];
        let wrong = wrongly_accused(|_, whole| {
            times.map(|later| (format!("again after {:?}", Span(later)), two_hops(whole, later))).into()
        });
        assert!(wrong.is_empty(), "{wrong}");
        for name in HEALTHY {
            for later in times {
                let verdict = Verdict::of(&two_hops(&frames(name), later));
                let (twice, delivered) = (verdict.has(Rule::CapturedTwice), verdict.has(Rule::NetworkDuplicate));
                assert!(twice && !delivered, "{name} {later}: {:?}", verdict.0);
            }
        }
    }

    /// Without most of the segments that carry nothing.
    fn without_acks(whole: &[Held], seed: u64) -> Vec<Held> {
        let mut dice = Dice(seed);
        let bare = |frame: &Held| {
            let &Held { ts, link_type, wire_len, ref data, .. } = frame;
            match dissect(&Frame { number: 1, ts, link_type, interface: 0, wire_len, data }).content {
                Content::Tcp(tcp) => tcp.segment.seq_len() == 0 && tcp.segment.flags.0 == 0x10,
                _ => false,
            }
        };
        whole.iter().filter(|frame| !bare(frame) || dice.below(10) == 0).cloned().collect()
    }

    #[test]
    fn a_capture_without_acknowledgments_accuses_nobody() {
        let wrong = wrongly_accused(|_, whole| {
            (1..6).map(|seed| (format!("seed {seed}"), without_acks(whole, seed))).collect()
        });
        assert!(wrong.is_empty(), "{wrong}");
    }

    #[test]
    fn a_capture_whose_directions_are_skewed_accuses_nobody() {
        let late = |whole: &[Held], addr, later: i64| {
            let moved = |frame: &Held| {
                let late = frame.from.is_some_and(|from| from.addr == addr);
                Held { ts: Timestamp(frame.ts.0 + if late { later } else { 0 }), ..frame.clone() }
            };
            in_time_order(whole.iter().map(moved).collect())
        };
        let wrong = wrongly_accused(|_, whole| {
            let ways = senders(whole).into_iter().flat_map(|addr| {
                [300_000, 5_000_000, 50_000_000, 700_000_000, 3_000_000_000].map(|later| (addr, later))
            });
            ways.map(|(addr, later)| (format!("{addr} late by {:?}", Span(later)), late(whole, addr, later))).collect()
        });
        assert!(wrong.is_empty(), "{wrong}");
        let whole = frames("healthy/download.pcap");
        let said = |addr| Verdict::of(&late(&whole, addr, 700_000_000)).has(Rule::DirectionsSkewed);
        assert!(senders(&whole).into_iter().any(said));
    }

    #[test]
    fn a_capture_appended_to_itself_accuses_nobody_and_says_what_it_is() {
        for name in HEALTHY {
            let whole = frames(name);
            let verdict = Verdict::of(whole.iter().chain(&whole));
            assert!(verdict.accusations().is_empty() && verdict.has(Rule::Concatenated), "{name}: {:?}", verdict.0);
        }
    }
}
