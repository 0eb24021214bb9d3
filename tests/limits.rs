//! What held a transfer back: connections as traces, and how their time is shared out.

use serde_json::Value;

use crate::testkit::replay::capture;
use crate::testkit::script::Script;
use crate::testkit::{root, tcpcheck};

/// A handshake of 100 ms, captured beside the server.
const OPENED: &str = "
0.000    >    S      seq=1000 win=4000 mss=1000
0.000    <    S.     seq=9000 ack=1001 mss=1000
0.100    >    .      seq=1001 ack=9001 win=4000
";

/// The flow record of a script with one connection.
fn flow_of(segments: &str) -> Value {
    let script = Script::parse("limits", &format!("{segments}\nend: outcome=*")).expect("a script");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("script.pcap");
    std::fs::write(&path, capture(&script)).expect("a file in it");
    flows(path.to_str().expect("a path")).remove(0)
}

/// The flow records of a capture.
fn flows(path: &str) -> Vec<Value> {
    let output = tcpcheck(&["-nr", path, "--json", "--flows"]);
    let records = String::from_utf8(output.stdout).expect("NDJSON");
    let records = records.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    records.filter(|record| record["type"] == "flow").collect()
}

/// The shares of one direction that are not zero, in whole milliseconds: `handshake 100 application 20`.
fn shares(flow: &Value, direction: &str) -> String {
    let limits = flow["limited_by"][direction].as_object().expect("shares");
    let causes = ["handshake", "receiver_window", "congestion", "application", "close", "unknown"];
    let mut words = Vec::new();
    for cause in causes {
        let ms = limits[&format!("{cause}_s")].as_f64().expect("seconds") * 1000.0;
        if ms.round() != 0.0 {
            words.push(format!("{cause} {}", ms.round()));
        }
    }
    words.join(" ")
}

fn main_cause(flow: &Value) -> String {
    let word = |key: &str| flow["limited_by"][key].as_str().unwrap_or("-");
    format!("{} {}", word("main_dir"), word("main"))
}

#[test]
fn a_full_window_that_fills_a_queue_is_the_paths() {
    // The round trip goes from 100 to 600 ms with the bytes in flight: a larger window would lengthen the queue, and nothing else.
    let mut script = OPENED.to_owned();
    for at in 0..4 {
        script += &format!("0.1{at}1    <    .      seq={} ack=1001 len=1000\n", 9001 + 1000 * at);
    }
    for round in 0..20 {
        let ms = 400 + 300 * round;
        let acked = 11001 + 2000 * round;
        script += &format!("{}.{:03}  >  .  seq=1001 ack={acked} win=4000\n", ms / 1000, ms % 1000);
        for at in 0..2 {
            let seq = acked + 2000 + 1000 * at;
            script += &format!("{}.{:03}1  <  .  seq={seq} ack=1001 len=1000\n", ms / 1000, ms % 1000);
        }
    }
    let flow = flow_of(&script);
    assert_eq!(main_cause(&flow), "s2c congestion", "{}", shares(&flow, "s2c"));
}

#[test]
fn a_full_window_is_the_receivers() {
    let flow = flow_of(&format!(
        "{OPENED}
0.101    <    .      seq=9001 ack=1001 len=1000
0.101    <    .      seq=10001 ack=1001 len=1000
0.101    <    .      seq=11001 ack=1001 len=1000
0.101    <    .      seq=12001 ack=1001 len=1000
0.201    >    .      seq=1001 ack=13001 win=4000
0.201    <    .      seq=13001 ack=1001 len=1000
0.201    <    .      seq=14001 ack=1001 len=1000
0.201    <    .      seq=15001 ack=1001 len=1000
0.201    <    P.     seq=16001 ack=1001 len=1000
0.301    >    .      seq=1001 ack=17001 win=4000
0.301    <    P.     seq=17001 ack=1001 len=500
0.401    >    .      seq=1001 ack=17501 win=4000
"
    ));
    assert_eq!(shares(&flow, "s2c"), "handshake 100 receiver_window 200 application 101");
    assert_eq!(shares(&flow, "c2s"), "handshake 100 application 301");
    assert_eq!(flow["s2c"]["max_in_flight_bytes"], 4000);
}

#[test]
fn room_in_the_window_and_an_answer_to_each_acknowledgment_is_the_network() {
    let flow = flow_of(
        "
0.000    >    S      seq=1000 mss=1000
0.000    <    S.     seq=9000 ack=1001 mss=1000
0.100    >    .      seq=1001 ack=9001
0.101    <    .      seq=9001 ack=1001 len=1000
0.101    <    .      seq=10001 ack=1001 len=1000
0.201    >    .      seq=1001 ack=11001
0.201    <    .      seq=11001 ack=1001 len=1000
0.201    <    .      seq=12001 ack=1001 len=1000
0.201    <    .      seq=13001 ack=1001 len=1000
0.301    >    .      seq=1001 ack=14001
0.302    <    P.     seq=14001 ack=1001 len=700
0.402    >    .      seq=1001 ack=14701
",
    );
    assert_eq!(shares(&flow, "s2c"), "handshake 100 congestion 201 application 101");
}

#[test]
fn a_closed_window_is_the_receivers_with_its_probes() {
    let flow = flow_of(&format!(
        "{OPENED}
0.101    <    .      seq=9001 ack=1001 len=1000
0.101    <    .      seq=10001 ack=1001 len=1000
0.101    <    .      seq=11001 ack=1001 len=1000
0.101    <    .      seq=12001 ack=1001 len=1000
0.201    >    .      seq=1001 ack=13001 win=0
0.501    <    .      seq=13000 ack=1001
0.601    >    .      seq=1001 ack=13001 win=0
1.201    >    .      seq=1001 ack=13001 win=4000
1.201    <    P.     seq=13001 ack=1001 len=300
1.301    >    .      seq=1001 ack=13301 win=4000
"
    ));
    assert_eq!(shares(&flow, "s2c"), "handshake 100 receiver_window 1100 application 101");
    assert_eq!(main_cause(&flow), "s2c receiver-window");
}

#[test]
fn data_sent_again_into_a_closed_window_waits_for_the_window() {
    let flow = flow_of(&format!(
        "{OPENED}
0.101    <    .      seq=9001 ack=1001 len=1000
0.101    <    .      seq=10001 ack=1001 len=1000
0.201    >    .      seq=1001 ack=10001 win=0
0.501    <    .      seq=10001 ack=1001 len=1000
0.601    >    .      seq=1001 ack=10001 win=0
1.201    <    .      seq=10001 ack=1001 len=1000
1.301    >    .      seq=1001 ack=11001 win=4000
1.301    >    F.     seq=1001 ack=11001 win=4000
"
    ));
    assert_eq!(shares(&flow, "s2c"), "handshake 100 receiver_window 1100 congestion 100 application 1");
}

#[test]
fn the_wait_for_the_timer_is_the_networks() {
    let flow = flow_of(
        "
0.000    >    S      seq=1000 mss=1000
0.100    <    S.     seq=9000 ack=1001 mss=1000
0.100    >    .      seq=1001 ack=9001
0.150    >    P.     seq=1001 ack=9001 len=300
0.450    >    P.     seq=1001 ack=9001 len=300
1.050    >    P.     seq=1001 ack=9001 len=300
1.150    <    .      seq=9001 ack=1301
1.300    >    P.     seq=1301 ack=9001 len=10
",
    );
    assert_eq!(shares(&flow, "c2s"), "handshake 100 congestion 1000 application 200");
    assert_eq!(main_cause(&flow), "c2s congestion");
}

#[test]
fn requests_and_answers_wait_for_their_applications() {
    let flow = flow_of(
        "
0.000    >    S      seq=1000 mss=1000
0.000    <    S.     seq=9000 ack=1001 mss=1000
0.100    >    .      seq=1001 ack=9001
0.101    >    P.     seq=1001 ack=9001 len=300
0.102    <    .      seq=9001 ack=1301
0.500    <    .      seq=9001 ack=1301 len=1000
0.500    <    P.     seq=10001 ack=1301 len=200
0.600    >    .      seq=1301 ack=10201
2.600    >    P.     seq=1301 ack=10201 len=300
2.601    <    P.     seq=10201 ack=1601 len=200
2.701    >    .      seq=1601 ack=10401
",
    );
    assert_eq!(shares(&flow, "c2s"), "handshake 100 application 2601");
    assert_eq!(shares(&flow, "s2c"), "handshake 100 application 2601");
    assert_eq!(flow["longest_idle_s"], 2.0);
    assert_eq!(flow["s2c"]["goodput_bytes_per_s"], 518);
}

#[test]
fn whole_segments_after_a_pause_wait_for_the_application() {
    let flow = flow_of(
        "
0.000    >    S      seq=1000 mss=1000
0.000    <    S.     seq=9000 ack=1001 mss=1000
0.100    >    .      seq=1001 ack=9001
0.101    <    .      seq=9001 ack=1001 len=1000
0.201    >    .      seq=1001 ack=10001
3.000    <    .      seq=10001 ack=1001 len=1000
3.100    >    .      seq=1001 ack=11001
",
    );
    assert_eq!(shares(&flow, "s2c"), "handshake 100 congestion 100 application 2900");
}

#[test]
fn a_lost_syn_makes_the_handshake_slow() {
    let flow = flow_of(
        "
0.000    >    S      seq=1000 mss=1000
1.000    >    S      seq=1000 mss=1000
1.000    <    S.     seq=9000 ack=1001 mss=1000
1.100    >    .      seq=1001 ack=9001
1.101    >    P.     seq=1001 ack=9001 len=300
1.102    <    .      seq=9001 ack=1301
",
    );
    assert_eq!(shares(&flow, "c2s"), "handshake 1100 application 2");
    assert_eq!(main_cause(&flow), "c2s handshake");
}

#[test]
fn what_follows_a_fin_is_the_close() {
    let flow = flow_of(
        "
0.000    >    S      seq=1000 mss=1000
0.000    <    S.     seq=9000 ack=1001 mss=1000
0.100    >    .      seq=1001 ack=9001
0.200    >    P.     seq=1001 ack=9001 len=300
0.300    >    F.     seq=1301 ack=9001
0.301    <    .      seq=9001 ack=1302
2.301    <    F.     seq=9001 ack=1302
2.401    >    .      seq=1302 ack=9002
",
    );
    assert_eq!(shares(&flow, "c2s"), "handshake 100 application 200 close 2101");
    assert_eq!(shares(&flow, "s2c"), "handshake 100 application 2201 close 100");
    assert_eq!(main_cause(&flow), "s2c application");
}

#[test]
fn without_the_window_scale_waiting_for_acknowledgments_is_unknown() {
    let flow = flow_of(
        "
0.000    <    .      seq=9001 ack=1001 len=1000
0.000    <    .      seq=10001 ack=1001 len=1000
0.100    >    .      seq=1001 ack=11001
0.100    <    .      seq=11001 ack=1001 len=1000
0.200    >    .      seq=1001 ack=12001
0.200    <    .      seq=12001 ack=1001 len=1000
0.300    >    .      seq=1001 ack=13001
",
    );
    assert_eq!(shares(&flow, "s2c"), "unknown 300");
    assert_eq!(main_cause(&flow), "s2c unknown");
}

#[test]
fn one_direction_alone_tells_nothing() {
    let path = root().join("fixtures/capture/client-side-only.pcap");
    let flow = &flows(path.to_str().unwrap())[0];
    assert!(flow.get("limited_by").is_none(), "{flow}");
}

#[test]
fn real_kernels_connections_are_held_back_by_what_was_done_to_them() {
    for (file, expected) in [
        ("window/zero-window.pcap", "s2c receiver-window"),
        ("loss/timeout.pcap", "s2c congestion"),
        ("open/syn-lost.pcap", "c2s handshake"),
        ("open/no-answer.pcap", "c2s handshake"),
        ("healthy/requests.pcap", "s2c application"),
        ("window/keep-alive.pcap", "s2c application"),
        ("close/fin-lost.pcap", "c2s congestion"),
    ] {
        let path = root().join("fixtures").join(file);
        let flow = &flows(path.to_str().unwrap())[0];
        assert_eq!(main_cause(flow), expected, "{file}: {}", flow["limited_by"]);
    }
}

#[test]
fn the_summary_names_who_waited_and_a_clean_capture_stays_five_lines() {
    let summary = |file: &str| {
        // From the project's folder: a long path takes a line of its own.
        let output = tcpcheck(&["-nr", &format!("fixtures/{file}"), "--summary"]);
        String::from_utf8(output.stdout).unwrap()
    };
    let zero = summary("window/zero-window.pcap");
    let line = zero.lines().find(|line| line.contains("limited by")).unwrap_or_default();
    assert!(
        line.contains("flow 1: ") && line.ends_with("waiting for the receiver's window, server to client"),
        "{zero}"
    );
    let clean = summary("window/keep-alive.pcap");
    assert!(clean.lines().count() == 6 && clean.ends_with("\n  no findings\n"), "{clean}");
}
