//! Requests and answers of real programs, held against what their servers measured: each answer begins with the time that it took.

use serde_json::Value;
use tcpcheck::capture::open;
use tcpcheck::{Content, dissect};

use crate::testkit::{root, tcpcheck};

/// The exchanges of a fixture, as the program tells them.
fn exchanges(name: &str) -> Vec<Value> {
    let path = root().join("fixtures/application").join(name);
    let output = tcpcheck(&["-nr".as_ref(), path.as_os_str(), "--json".as_ref(), "--exchanges".as_ref()]);
    let text = String::from_utf8(output.stdout).unwrap();
    let records = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    records.filter(|record| record["type"] == "exchange").collect()
}

/// What the servers wrote into their answers: each one's frame, and milliseconds.
fn truth(name: &str) -> Vec<(u64, f64)> {
    let mut source = open(&root().join("fixtures/application").join(name)).unwrap();
    let mut answers = Vec::new();
    while let Some(frame) = source.next_frame().unwrap().frame() {
        if let Content::Tcp(tcp) = dissect(&frame).content
            && let Some(text) = tcp.payload.strip_prefix(b"took-ns ")
        {
            let digits = String::from_utf8_lossy(&text[..12]).trim().to_owned();
            answers.push((frame.number, digits.parse::<f64>().unwrap() / 1e6));
        }
    }
    answers
}

/// Every answer is timed as its server timed it, within so much of it and 2 ms.
fn is_timed(name: &str, share: f64) {
    let truth = truth(name);
    assert!(truth.len() >= 2, "{name}: the servers' own times are missing");
    let exchanges = exchanges(name);
    for (frame, took) in truth {
        let exchange = exchanges.iter().find(|exchange| exchange["answer_frame"] == frame);
        let exchange =
            exchange.unwrap_or_else(|| panic!("{name}: no exchange is answered in frame {frame}: {exchanges:?}"));
        let measured = exchange["server_time_ms"].as_f64().unwrap_or_else(|| panic!("{name}: not timed: {exchange}"));
        assert!(
            (measured - took).abs() <= took * share + 2.0,
            "{name}: {took} ms by the server's clock, in {exchange}"
        );
    }
}

#[test]
fn a_server_is_timed_as_it_times_itself_from_either_end() {
    is_timed("slow-server-at-client.pcap", 0.05);
    is_timed("slow-server-at-middle.pcap", 0.05);
    is_timed("slow-server-at-server.pcap", 0.05);
    is_timed("http-keep-alive.pcap", 0.05);
    is_timed("greeting.pcap", 0.05);
}

#[test]
fn what_a_retransmission_cost_is_not_the_server_s_time() {
    for name in ["slow-server-with-loss", "slow-server-with-loss-at-middle", "slow-server-with-loss-at-server"] {
        is_timed(&format!("{name}.pcap"), 0.1);
    }
    // The capture at the server has not seen the copy that was lost before.
    for (name, seen) in [("slow-server-with-loss", 1), ("slow-server-with-loss-at-middle", 1)] {
        let lost = exchanges(&format!("{name}.pcap")).into_iter().filter(|one| one["retransmission_ms"] != 0.0);
        assert_eq!(lost.count(), seen, "{name}");
    }
}

#[test]
fn requests_that_overlap_are_not_timed() {
    for exchange in exchanges("pipelined.pcap") {
        assert_eq!(
            (&exchange["overlapping"], &exchange["server_time_ms"]),
            (&Value::Bool(true), &Value::Null),
            "{exchange}"
        );
    }
}

#[test]
fn a_greeting_answers_nothing() {
    let exchanges = exchanges("greeting.pcap");
    let bytes: Vec<_> = exchanges.iter().map(|one| (&one["request_bytes"], &one["answer_bytes"])).collect();
    assert_eq!(bytes, [(&30.into(), &80.into()), (&30.into(), &80.into())]);
}

/// Which exchanges of a fixture overlap, in order.
fn overlapping(name: &str) -> Vec<bool> {
    exchanges(name).iter().map(|one| one["overlapping"] == true).collect()
}

#[test]
fn protocols_say_overlapping_where_answers_cannot_be_told_apart() {
    // Both versions and both lists of SSH cross; what follows is asked and answered.
    assert_eq!(overlapping("ssh.pcap"), [true, true, false, false]);
    assert_eq!(overlapping("mysql.pcap"), [false, false, false]);
    assert_eq!(overlapping("http-keep-alive.pcap"), [false; 4]);
    assert!(overlapping("http2.pcap").iter().all(|overlaps| *overlaps));
    // EHLO, then the commands that are pipelined, then the message and QUIT.
    let smtp = overlapping("smtp.pcap");
    assert!(!smtp[0] && smtp[1] && !smtp[smtp.len() - 1], "{smtp:?}");
}
