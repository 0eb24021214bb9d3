//! A trace script played twice: through the tracker alone, and as a capture through the built program.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;
use tcpcheck::dissect::{Checksum, Content, HeaderFault, OptionFacts, SackBlocks, Socket};
use tcpcheck::track::Event;
use tcpcheck::{
    Finding, FlowTracker, Frame, LinkType, Observation, Segment, SeqNumber, TcpFlags, Timestamp, TrackerOptions,
    dissect,
};

use super::file::{Record, pcap};
use super::packet::{Opt, Sum};
use super::script::{End, Line, Script};

/// When a script's zero is: 2023-11-14 22:13:20 UTC.
const ZERO: i64 = 1_700_000_000_000_000_000;

/// What came of a script.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// A segment each, in order.
    pub segments: Vec<SeenSegment>,
    /// By the connection's number; 0 stands for the capture as a whole.
    pub flows: BTreeMap<u32, SeenFlow>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct SeenSegment {
    pub states: [String; 2],
    pub codes: Vec<String>,
}

/// A connection at the end.
#[derive(Clone, Debug, Default)]
pub(crate) struct SeenFlow {
    pub outcome: Option<String>,
    pub states: [String; 2],
    pub conn_state: String,
    pub history: String,
    /// Whose doing it was.
    pub verdict: String,
    /// Findings that belong to no segment.
    pub codes: Vec<String>,
}

/// Plays a script to the tracker.
pub(crate) fn through_the_tracker(script: &Script) -> Seen {
    let mut tracker = FlowTracker::new(TrackerOptions::default());
    let mut observation = Observation::default();
    let mut seen = Seen::default();
    for (index, line) in script.lines.iter().enumerate() {
        tracker.observe(&segment(line, index as u64 + 1), &mut observation);
        seen.segments.push(SeenSegment {
            states: [observation.after.client.to_string(), observation.after.server.to_string()],
            codes: observation.findings.iter().map(code).collect(),
        });
        take_events(&mut tracker, &mut seen);
    }
    tracker.finish();
    take_events(&mut tracker, &mut seen);
    seen
}

/// All that a tracker says of a script.
pub(crate) fn told(script: &Script, options: TrackerOptions) -> Vec<String> {
    let mut tracker = FlowTracker::new(options);
    let (mut observation, mut told) = (Observation::default(), Vec::new());
    for (line, number) in script.lines.iter().zip(1..) {
        tracker.observe(&segment(line, number), &mut observation);
        told.push(format!("{observation:?}"));
        told.extend(std::iter::from_fn(|| tracker.next_event()).map(|event| format!("{event:?}")));
    }
    tracker.finish();
    told.extend(std::iter::from_fn(|| tracker.next_event()).map(|event| format!("{event:?}")));
    told
}

fn take_events(tracker: &mut FlowTracker, seen: &mut Seen) {
    while let Some(event) = tracker.next_event() {
        match event {
            Event::Finding(finding) => {
                seen.flows.entry(finding.flow.unwrap_or(0)).or_default().codes.push(code(&finding));
            }
            Event::Amend(amend) => {
                if let Some(segment) = seen.segments.get_mut((amend.frame as usize).wrapping_sub(1)) {
                    segment.codes = amend.findings.iter().map(|(rule, _)| rule.code().to_owned()).collect();
                }
            }
            Event::Icmp(_) | Event::Exchange(_) => {}
            Event::Ended(record) => {
                let flow = seen.flows.entry(record.number).or_default();
                flow.outcome = Some(record.outcome.as_str().to_owned());
                flow.states = [record.states.client.to_string(), record.states.server.to_string()];
                flow.conn_state = record.conn_state.to_owned();
                flow.history = record.history.clone();
                flow.verdict = record.diagnosis.responsible.as_str().to_owned();
            }
        }
    }
}

fn code(finding: &Finding) -> String {
    finding.rule.code().to_owned()
}

/// A line as the tracker is shown it: made from the script alone, or by the dissector where the bytes are the point.
fn segment(line: &Line, number: u64) -> Segment {
    let packet = &line.packet;
    let frame = packet.frame();
    let captured = line.captured.unwrap_or(frame.len()).min(frame.len());
    let raw = packet.options.iter().any(|option| matches!(option, Opt::Raw(_)));
    if raw || captured < frame.len() {
        let frame = Frame {
            number,
            ts: Timestamp(ZERO + line.ns),
            link_type: LinkType::EN10MB,
            interface: 0,
            wire_len: frame.len() as u32,
            data: &frame[..captured],
        };
        return match dissect(&frame).content {
            Content::Tcp(tcp) => tcp.segment,
            other => panic!("line {} holds no whole TCP header: {other:?}", line.number),
        };
    }
    let tcp_len = packet.tcp().len();
    let header_len = packet.data_offset.map_or(tcp_len - packet.payload.len(), |words| usize::from(words) * 4);
    let socket = |address: std::net::SocketAddr| Socket { addr: address.ip(), port: address.port() };
    Segment {
        frame: number,
        ts: Timestamp(ZERO + line.ns),
        interface: 0,
        place: packet.via.into(),
        wire_len: frame.len() as u32,
        captured_len: frame.len() as u32,
        src: socket(packet.src),
        dst: socket(packet.dst),
        ttl: packet.ttl,
        tos: packet.tos,
        ip_id: packet.src.is_ipv4().then_some(packet.ip_id),
        dont_fragment: packet.src.is_ipv4(),
        fragment: false,
        seq: SeqNumber(packet.seq),
        ack: TcpFlags(packet.flags).contains(TcpFlags::ACK).then_some(SeqNumber(packet.ack)),
        flags: TcpFlags(packet.flags),
        window: packet.window,
        urgent: packet.urgent,
        header_len: header_len as u8,
        payload_len: tcp_len.saturating_sub(header_len.max(20)) as u32,
        offloaded: false,
        header_fault: match header_len {
            ..20 => Some(HeaderFault::TooShort),
            len if len > tcp_len => Some(HeaderFault::TooLong),
            _ => None,
        },
        checksum: match packet.sum {
            Sum::Correct => Checksum::Correct,
            Sum::Partial => Checksum::Partial,
            Sum::Wrong => Checksum::Wrong { expected: 0 },
        },
        payload_digest: digest(&packet.payload),
        options: option_facts(&packet.options),
    }
}

/// Any digest will do: what the tracker compares are digests of one maker.
fn digest(payload: &[u8]) -> Option<std::num::NonZeroU32> {
    let fnv = payload.iter().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    std::num::NonZeroU32::new(fnv | 1).filter(|_| !payload.is_empty())
}

fn option_facts(options: &[Opt]) -> OptionFacts {
    let mut facts = OptionFacts::default();
    for (index, option) in options.iter().enumerate() {
        let kind = match option {
            Opt::Mss(mss) => (facts.mss = facts.mss.or(Some(*mss)), 2).1,
            Opt::WindowScale(shift) => (facts.wscale = facts.wscale.or(Some(*shift)), 3).1,
            Opt::SackPermitted => (facts.sack_permitted = true, 4).1,
            Opt::Sack(blocks) => {
                let mut sack = SackBlocks { len: blocks.len() as u8, ..SackBlocks::default() };
                for (slot, (left, right)) in sack.blocks.iter_mut().zip(blocks) {
                    *slot = (SeqNumber(*left), SeqNumber(*right));
                }
                (facts.sack = sack, 5).1
            }
            Opt::Timestamps(value, echo) => (facts.timestamps = facts.timestamps.or(Some((*value, *echo))), 8).1,
            Opt::FastOpen(cookie) => (facts.fast_open = Some(*cookie), 34).1,
            Opt::Md5 => (facts.md5 = true, 19).1,
            Opt::Ao => (facts.ao = true, 29).1,
            Opt::Raw(_) => unreachable!("raw options are the dissector's"),
        };
        let same = |earlier: &Opt| std::mem::discriminant(earlier) == std::mem::discriminant(option);
        if options[..index].iter().any(same) {
            facts.duplicate = facts.duplicate.or(Some(kind));
        }
    }
    facts
}

/// A script as a capture file.
pub(crate) fn capture(script: &Script) -> Vec<u8> {
    let record = |line: &Line| {
        let mut record = Record::whole(ZERO + line.ns, line.packet.frame());
        record.bytes.truncate(line.captured.unwrap_or(usize::MAX));
        record
    };
    pcap(&script.lines.iter().map(record).collect::<Vec<_>>())
}

/// Plays a script to the program, as a capture, and reads its NDJSON.
pub(crate) fn through_the_program(script: &Script) -> Result<Seen, String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("script.pcap");
    std::fs::write(&path, capture(script)).expect("a file in it");
    let output = super::tcpcheck(&["-nr".as_ref(), path.as_os_str(), "--json".as_ref()]);
    if !output.status.success() {
        return Err(format!("{}: {}\n{}", script.name, output.status, String::from_utf8_lossy(&output.stderr)));
    }
    let mut seen = Seen::default();
    let mut findings: Vec<(u64, u32, String)> = Vec::new();
    let word = |record: &Value, key: &str| record[key].as_str().unwrap_or_default().to_owned();
    let codes = |record: &Value| -> Vec<String> {
        let codes = record["findings"].as_array().into_iter().flatten();
        codes.filter_map(|code| code.as_str().map(str::to_owned)).collect()
    };
    let states = |state: &Value| [word(state, "client"), word(state, "server")];
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let record: Value = serde_json::from_str(line).map_err(|e| format!("{}: {e} in {line}", script.name))?;
        let flow = record["flow"].as_u64().unwrap_or(0) as u32;
        let frame = record["frame"].as_u64().unwrap_or(0);
        match record["type"].as_str() {
            Some("packet") => {
                seen.segments.push(SeenSegment { states: states(&record["state"]), codes: codes(&record) });
            }
            Some("amend") => {
                let at = (frame as usize).wrapping_sub(1);
                let segment = seen.segments.get_mut(at).ok_or(format!("{}: amends nothing: {line}", script.name))?;
                segment.codes = codes(&record);
                let withdrawn = |code: &str| {
                    let codes = record["withdrawn"].as_array().into_iter().flatten();
                    codes.filter_map(|withdrawn| withdrawn["code"].as_str()).any(|withdrawn| withdrawn == code)
                };
                findings.retain(|(of, _, code)| *of != frame || !withdrawn(code));
            }
            Some("finding") => findings.push((frame, flow, word(&record, "code"))),
            Some("flow") => {
                let ended = seen.flows.entry(flow).or_default();
                ended.outcome = Some(word(&record, "outcome"));
                ended.states = states(&record["states"]);
                ended.conn_state = word(&record, "conn_state");
                ended.history = word(&record, "history");
                ended.verdict = word(&record["verdict"], "cause");
            }
            _ => {}
        }
    }
    // What a packet record counts as its own was said there.
    let mut of_segments: Vec<Vec<String>> = seen.segments.iter().map(|segment| segment.codes.clone()).collect();
    for (frame, flow, code) in findings {
        let own = of_segments.get_mut((frame as usize).wrapping_sub(1));
        let at = own.as_ref().and_then(|own| own.iter().position(|known| *known == code));
        match (own, at) {
            (Some(own), Some(at)) => drop(own.remove(at)),
            _ => seen.flows.entry(flow).or_default().codes.push(code),
        }
    }
    Ok(seen)
}

/// What does not hold, in full: the script's line, what it asks for, and what came.
pub(crate) fn complaints(script: &Script, seen: &Seen) -> String {
    let mut out = String::new();
    if seen.segments.len() != script.lines.len() {
        let (asked, came) = (script.lines.len(), seen.segments.len());
        let _ = writeln!(out, "{}: {asked} segments went in, {came} came out", script.name);
    }
    for (line, segment) in script.lines.iter().zip(&seen.segments) {
        if !states_hold(&line.states, &segment.states) || !line.findings.hold(&segment.codes) {
            let _ = writeln!(out, "{}:{}: {}", script.name, line.number, line.text);
            let _ = writeln!(out, "    came out = {} ! {}", segment.states.join(" "), list(&segment.codes));
        }
    }
    let segment_codes = seen.segments.iter().flat_map(|segment| &segment.codes);
    let all: Vec<&String> = segment_codes.chain(seen.flows.values().flat_map(|flow| &flow.codes)).collect();
    for end in &script.ends {
        let came = seen.flows.get(&end.flow).cloned().unwrap_or_default();
        let missing = end.seen.codes.iter().any(|alternatives| !all.iter().any(|code| alternatives.contains(code)));
        let unwanted = all.iter().any(|code| end.never.name(code));
        if missing || unwanted || !end_holds(end, &came) {
            let _ = writeln!(out, "{}:{}: {}", script.name, end.number, end.text);
            let SeenFlow { outcome, states, conn_state, history, verdict, codes } = &came;
            let outcome = outcome.as_deref().unwrap_or("missing");
            let (states, codes) = (states.join(","), list(codes));
            let _ = write!(out, "    came out outcome={outcome} states={states} conn_state={conn_state} ");
            let _ = writeln!(out, "history={history} verdict={verdict} findings={codes}");
            if missing || unwanted {
                let all: Vec<&str> = all.iter().map(|code| code.as_str()).collect();
                let _ = writeln!(out, "    in all {}", all.join(" "));
            }
        }
    }
    for (flow, came) in &seen.flows {
        if !script.ends.iter().any(|end| end.flow == *flow) {
            let _ = writeln!(out, "{}: nothing is said of flow {flow}: {came:?}", script.name);
        }
    }
    out
}

fn end_holds(end: &End, came: &SeenFlow) -> bool {
    let holds = |asked: &Option<String>, came: &str| asked.as_deref().is_none_or(|asked| asked == came);
    holds(&end.outcome, came.outcome.as_deref().unwrap_or("missing"))
        && holds(&end.conn_state, &came.conn_state)
        && holds(&end.history, &came.history)
        && holds(&end.verdict, &came.verdict)
        && states_hold(&end.states, &came.states)
        && end.findings.hold(&came.codes)
}

/// Whether both states are those asked for; `*` is any.
fn states_hold(asked: &Option<[String; 2]>, came: &[String; 2]) -> bool {
    let holds = |(asked, came): (&String, &String)| asked == "*" || asked == came;
    asked.as_ref().is_none_or(|asked| asked.iter().zip(came).all(holds))
}

fn list(codes: &[String]) -> String {
    if codes.is_empty() { "none".to_owned() } else { codes.join(" ") }
}
