//! Round trips: from data to its acknowledgment, and only where the capture shows both.

use serde_json::Value;

use crate::testkit::{replay, script::Script, tcpcheck};

/// The round trip that each packet of a script shows, in milliseconds.
fn round_trips(segments: &str) -> Vec<Option<f64>> {
    let script = Script::parse("round trips", segments).expect("a script");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("script.pcap");
    std::fs::write(&path, replay::capture(&script)).expect("a file in it");
    let output = tcpcheck(&["-nr".as_ref(), path.as_os_str(), "--json".as_ref()]);
    let text = String::from_utf8(output.stdout).expect("NDJSON in UTF-8");
    let records = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let packets = records.filter(|record| record["type"] == "packet");
    packets.map(|packet| packet["acks"]["rtt_ms"].as_f64()).collect()
}

const OPENED: &str = "
0.000    >    S      seq=1000 mss=1460
0.010    <    S.     seq=9000 ack=1001 mss=1460
0.011    >    .      seq=1001 ack=9001
0.020    >    P.     seq=1001 ack=9001 len=100
";

/// The round trips of what follows once a connection has opened and 100 bytes have left at 20 ms.
fn after_opening(segments: &str) -> Vec<Option<f64>> {
    round_trips(&format!("{OPENED}{segments}end: findings=?\n"))[4..].to_vec()
}

#[test]
fn an_acknowledgment_is_timed_from_the_newest_data_that_it_acknowledges() {
    let timed = after_opening(
        "
0.025    >    P.     seq=1101 ack=9001 len=100
0.035    <    .      seq=9001 ack=1201
",
    );
    assert_eq!(timed, [None, Some(10.0)]);
}

#[test]
fn an_acknowledgment_across_bytes_that_the_capture_missed_is_not_timed() {
    // Of 1101 to 1200 nothing is known: neither when they left nor whether they have been acknowledged before.
    let behind = after_opening(
        "
0.500    <    .      seq=9001 ack=1201
",
    );
    assert_eq!(behind, [None]);
    let between = after_opening(
        "
0.025    >    P.     seq=1201 ack=9001 len=100
0.500    <    .      seq=9001 ack=1301
0.600    >    P.     seq=1301 ack=9001 len=100
0.610    <    .      seq=9001 ack=1401
",
    );
    assert_eq!(between, [None, None, None, Some(10.0)], "what comes after the gap is timed again");
}

#[test]
fn an_acknowledgment_of_retransmitted_data_is_not_timed() {
    let timed = after_opening(
        "
0.320    >    P.     seq=1001 ack=9001 len=100
0.330    <    .      seq=9001 ack=1101
",
    );
    assert_eq!(timed, [None, None], "RFC 6298 3: either copy may be meant");
}
