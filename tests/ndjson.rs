//! NDJSON: every record of every capture is as `docs/ndjson.schema.json` says, with its keys in order.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::testkit::replay::capture;
use crate::testkit::script::Script;
use crate::testkit::{files_below, root, short, tcpcheck};

/// The keys of each record in the order in which they are written; a record has some of them.
const ORDER: [(&str, &str); 8] = [
    ("capture", "type v tool source format link_type snaplen"),
    (
        "packet",
        "type v frame ts rel_s flow dir src sport dst dport ip_version wire_bytes captured_bytes ttl ip_id flags flags_text \
         seq seq_end ack seq_raw ack_raw payload_bytes window window_bytes options state acks in_flight_bytes checksum \
         notes findings",
    ),
    ("finding", "type v code slug severity confidence flow frame ts dir message range evidence"),
    (
        "icmp",
        "type v frame ts from icmp icmp_type icmp_code mtu src sport dst dport seq_raw packet_bytes flow dir seq related",
    ),
    ("amend", "type v frame flow notes findings details withdrawn"),
    (
        "exchange",
        "type v flow exchange frame ts request_bytes request_ms server_time_ms retransmission_ms answer_frame answer_bytes \
         answer_ms overlapping",
    ),
    (
        "flow",
        "type v flow community_id client client_port server server_port ip_version outcome client_known first_ts last_ts \
         duration_s longest_idle_s handshake_ms rtt_ms states conn_state history c2s s2c exchanges limited_by \
         verdict findings",
    ),
    (
        "summary",
        "type v packets tcp_packets other_packets duration_s flows outcomes findings codes kernel_drops \
         icmp_errors icmp_unrelated complete verdict",
    ),
];

/// A record's own keys in the order in which they stand; none twice.
pub(crate) fn keys(line: &str) -> Vec<String> {
    struct Keys;
    impl<'de> serde::de::Visitor<'de> for Keys {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut keys: Vec<String> = Vec::new();
            while let Some((key, _)) = map.next_entry::<String, serde::de::IgnoredAny>()? {
                assert!(!keys.contains(&key), "{key} stands there twice");
                keys.push(key);
            }
            Ok(keys)
        }
    }
    serde::Deserializer::deserialize_map(&mut serde_json::Deserializer::from_str(line), Keys).unwrap()
}

/// The schema, by type of record: a record's own part has complaints to the point, those of a `oneOf` have not.
struct Schema(BTreeMap<&'static str, jsonschema::Validator>);

impl Schema {
    fn new() -> Self {
        let text = std::fs::read_to_string(root().join("docs/ndjson.schema.json")).unwrap();
        let schema: Value = serde_json::from_str(&text).unwrap();
        let validator = |kind: &str| {
            let mut part = schema.clone();
            part.as_object_mut().unwrap().remove("oneOf");
            part["$ref"] = format!("#/$defs/{kind}").into();
            jsonschema::validator_for(&part).unwrap()
        };
        Self(ORDER.iter().map(|(kind, _)| (*kind, validator(kind))).collect())
    }
}

/// The records of a capture; what is not as it should be is added to `complaints`.
fn records(schema: &Schema, path: &Path, name: &str, complaints: &mut String) -> Vec<Value> {
    let output = tcpcheck(&["-nr".as_ref(), path.as_os_str(), "--json".as_ref()]);
    let text = String::from_utf8(output.stdout).unwrap();
    let mut records = Vec::new();
    for line in text.lines() {
        let record: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{name}: {e} in {line}"));
        let kind = record["type"].as_str().unwrap_or_default();
        let Some((kind, order)) = ORDER.iter().find(|(known, _)| *known == kind) else {
            complaints.push_str(&format!("{name}: a record of type {kind:?}: {line}\n"));
            continue;
        };
        for error in schema.0[kind].iter_errors(&record) {
            complaints.push_str(&format!("{name}: {error} at {} in {line}\n", error.instance_path()));
        }
        let mut expected = order.split_whitespace();
        for key in keys(line) {
            if !expected.any(|known| known == key) {
                complaints.push_str(&format!("{name}: the key {key} is not where it belongs in {line}\n"));
                break;
            }
        }
        for way in ["c2s", "s2c"] {
            let shares = record["limited_by"][way].as_object().into_iter().flatten();
            let seconds = shares.filter_map(|(_, share)| share.as_f64()).reduce(|sum, share| sum + share);
            let duration = record["duration_s"].as_f64().unwrap_or(0.0);
            if seconds.is_some_and(|seconds| (seconds - duration).abs() > 1e-6) {
                complaints.push_str(&format!("{name}: the {way} shares do not add up to the duration in {line}\n"));
            }
        }
        records.push(record);
    }
    records
}

/// How many findings there are when all is amended: a detail of a code that its frame had already has only changed.
fn standing_findings(records: &[Value]) -> u64 {
    let mut standing: Vec<(&Value, &Value)> = Vec::new();
    for record in records {
        if record["type"] == "finding" {
            standing.push((&record["frame"], &record["code"]));
        }
        for withdrawn in record["withdrawn"].as_array().into_iter().flatten() {
            standing.retain(|told| *told != (&record["frame"], &withdrawn["code"]));
        }
        for detail in record["details"].as_array().into_iter().flatten() {
            let finding = (&record["frame"], &detail["code"]);
            if !standing.contains(&finding) {
                standing.push(finding);
            }
        }
    }
    standing.len() as u64
}

/// The order of records: `capture` first, `summary` last, and a finding that a packet names follows it.
fn check_order(records: &[Value], name: &str, complaints: &mut String) {
    let kinds: Vec<&str> = records.iter().filter_map(|record| record["type"].as_str()).collect();
    let one_at = |kind: &str, at: usize| kinds.iter().position(|k| *k == kind) == Some(at);
    if !one_at("capture", 0) || !one_at("summary", kinds.len().saturating_sub(1)) {
        complaints.push_str(&format!("{name}: capture is not first, or summary not last\n"));
    }
    for (at, record) in records.iter().enumerate().filter(|(_, record)| record["type"] == "packet") {
        let named = record["findings"].as_array().into_iter().flatten();
        let told: Vec<&Value> = records[at + 1..].iter().take_while(|next| next["type"] == "finding").collect();
        for code in named {
            if !told.iter().any(|finding| finding["code"] == *code && finding["frame"] == record["frame"]) {
                complaints.push_str(&format!("{name}: {code} of frame {} is not told behind it\n", record["frame"]));
            }
        }
    }
    let Some(summary) = records.last() else { return };
    let count = |kind: &str| kinds.iter().filter(|k| **k == kind).count() as u64;
    let sum = |object: &Value| object.as_object().into_iter().flatten().filter_map(|(_, n)| n.as_u64()).sum::<u64>();
    let findings = standing_findings(records);
    for (what, said, found) in [
        ("flows", summary["flows"].as_u64().unwrap_or(0), count("flow")),
        ("findings", sum(&summary["findings"]), findings),
        ("codes", sum(&summary["codes"]), findings),
        ("outcomes", sum(&summary["outcomes"]), count("flow")),
    ] {
        if said != found {
            complaints.push_str(&format!("{name}: the summary says {said} {what}, and there are {found}\n"));
        }
    }
}

fn check(schema: &Schema, path: &Path, name: &str, complaints: &mut String) {
    let records = records(schema, path, name, complaints);
    if !records.is_empty() {
        check_order(&records, name, complaints);
    }
}

#[test]
fn every_record_of_every_fixture_is_as_the_schema_says() {
    let (schema, mut complaints) = (Schema::new(), String::new());
    for path in files_below("fixtures", &[".pcap", ".pcapng", ".cap", ".gz", ".zst", ".lz4", ".xz"]) {
        check(&schema, &path, &short(&path), &mut complaints);
    }
    assert!(complaints.is_empty(), "{complaints}");
}

#[test]
fn every_record_of_every_trace_script_is_as_the_schema_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("script.pcap");
    let (schema, mut complaints) = (Schema::new(), String::new());
    for script in files_below("tests/traces", &[".trace"]) {
        let Ok(parsed) = Script::read(&script) else { continue };
        std::fs::write(&path, capture(&parsed)).unwrap();
        check(&schema, &path, &short(&script), &mut complaints);
    }
    assert!(complaints.is_empty(), "{complaints}");
}

#[test]
fn what_a_false_acknowledgment_seemed_to_show_as_missed_is_taken_back() {
    // The client acknowledges 2000 bytes too many, and goes on; only later does the server's answer show that it never sent them.
    let script = Script::parse(
        "claim",
        "
vantage: client
0.000    >    S      seq=1000 win=64240 mss=1460 sackok
0.030    <    S.     seq=9000 ack=1001 win=64240 mss=1460 sackok
0.031    >    .      seq=1001 ack=9001
0.040    >    P.     seq=1001 ack=9001 len=100
0.070    <    .      seq=9001 ack=1101 len=1000
0.071    >    .      seq=1101 ack=12001
0.073    >    P.     seq=1101 ack=12001 len=10
0.075    >    P.     seq=1111 ack=12001 len=10
0.077    >    P.     seq=1121 ack=12001 len=10
0.090    >    P.     seq=1131 ack=12001 len=10
0.130    <    .      seq=10001 ack=1141
0.150    <    .      seq=10001 ack=1141 len=500
0.151    >    .      seq=1141 ack=10501
end: outcome=open
",
    )
    .expect("a script");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("claim.pcap");
    std::fs::write(&path, capture(&script)).expect("a file in it");
    let output = tcpcheck(&["-nr", path.to_str().expect("a path"), "--json"]);
    let records = String::from_utf8(output.stdout).expect("NDJSON");
    let mut records = records.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let flow = records.find(|record| record["type"] == "flow").expect("a connection");
    assert_eq!((&flow["findings"]["TC303"], &flow["s2c"]["missed_bytes"]), (&Value::from(1), &Value::from(0)));
}

/// The most memory that a running process has had, in kB.
#[cfg(target_os = "linux")]
fn peak(process: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("a process that runs");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its peak");
    peak.trim().trim_end_matches(" kB").parse().expect("a number")
}

#[test]
#[cfg(target_os = "linux")]
fn connections_that_end_together_are_written_one_by_one() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    use crate::testkit::file::{Record, pcap};
    use crate::testkit::packet::Packet;

    // As many connections as ports, none answered: they end with the capture.
    let syn = |port: u16| Packet {
        flags: 0x002,
        ..Packet::new(([10, 0, 0, 1], port).into(), ([10, 0, (port >> 8) as u8, port as u8], 80).into())
    };
    let records: Vec<Record> = (1..=60_000_u16).map(|n| Record::whole(i64::from(n) * 1_000, syn(n).frame())).collect();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("many.pcap");
    std::fs::write(&path, pcap(&records)).expect("a file in it");
    let mut command = Command::new(env!("CARGO_BIN_EXE_tcpcheck"));
    command.args(["--json", "--flows", "--threads", "1", "-nr"]).arg(&path);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("tcpcheck starts");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines().map(|line| line.expect("a line"));
    let (mut bytes, mut flows) = (0, 0);
    for line in lines.by_ref().take(50_000) {
        bytes += line.len();
        flows += usize::from(line.starts_with("{\"type\":\"flow\""));
    }
    // The rest does not fit the pipe, so it runs yet.
    let peak = peak(child.id());
    let mut rest = 0;
    for line in lines {
        rest += line.len();
    }
    assert!(child.wait().expect("an end").success());
    assert!(flows > 49_000 && bytes > 40_000_000 && rest > 1_000_000, "{flows} flows, {bytes} bytes and {rest}");
    // The connections themselves take more than their text; the text takes no room beside them.
    assert!(peak < 2 * (bytes + rest) / 1_000, "{peak} kB, for {} bytes of text", bytes + rest);
}

#[test]
fn a_client_that_resets_with_nothing_outstanding_gets_a_note() {
    for (name, severity) in [("by-client", "note"), ("by-server", "error"), ("unread-data", "error")] {
        let path = root().join(format!("fixtures/reset/{name}.pcap"));
        let output = tcpcheck(&["-nr", path.to_str().expect("a path"), "--json", "--findings"]);
        let records = String::from_utf8(output.stdout).expect("NDJSON");
        let records = records.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        let found: Vec<Value> = records.filter(|record| record["code"] == "TC401").collect();
        assert_eq!(found.len(), 1, "{name}: {found:#?}");
        assert_eq!(found[0]["severity"], severity, "{name}: {found:#?}");
    }
}
