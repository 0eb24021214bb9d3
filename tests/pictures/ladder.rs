//! One connection as a ladder.

use std::fmt::Write;

use crate::testkit::{files_below, root, short, tcpcheck};

/// What `tcpcheck ladder` prints of a fixture.
fn ladder(fixture: &str, options: &[&str]) -> String {
    let path = root().join("fixtures").join(fixture);
    let mut args = vec!["ladder", "-nr", path.to_str().unwrap()];
    args.extend(options);
    let output = tcpcheck(&args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The rows, each with its frame and what stands between the rails, without the lines.
fn rows(text: &str) -> String {
    let mut rows = String::new();
    for line in text.lines() {
        let mut parts = line.split('│');
        let (Some(margin), Some(words), Some(server)) = (parts.next(), parts.next(), parts.next()) else { continue };
        let arrow = if words.ends_with('▶') {
            ">"
        } else if words.starts_with('◀') {
            "<"
        } else {
            ""
        };
        let words = words.trim_matches(|sign: char| "─┄▶◀ ".contains(sign));
        let mut margin = margin.split_whitespace().skip(1);
        let (frame, client) = (margin.next().unwrap_or(""), margin.next().unwrap_or(""));
        let server = server.split_whitespace().next().unwrap_or("");
        let row = format!("{frame} {client} {arrow} {words} {arrow} {server}");
        writeln!(rows, "{}", row.split_whitespace().collect::<Vec<_>>().join(" ")).unwrap();
    }
    rows
}

#[test]
fn a_loss_is_told_from_the_gap_to_its_repair() {
    insta::assert_snapshot!(rows(&ladder("loss/no-sack.pcap", &["--columns", "100"])), @r"
    @1 SYN_SENT > SYN seq 0 mss 1460 wscale 10 > SYN_RECV
    @2 ESTABLISHED < SYN+ACK seq 0 ack 1 mss 1460 wscale 10 <
    @3 > ack 1 rtt 43 us > ESTABLISHED
    @4 < 1:7301 7300 B in 5 segments to @8 <
    7301:8761 1460 B lost before the capture
    @9 < 8761:10221 1460 B <
    @10 < 10221:14601 4380 B in 3 segments to @12 <
    @13 > ack 7301 in 5 ACKs to @17 >
    @18 > ack 7301 dup 1..4 to @21 >
    @22 < 14601:17521 2920 B in 2 segments to @23 <
    @24 < 7301:8761 1460 B RETRANSMISSION after dup ACKs <
    @25 < 17521:18981 1460 B <
    @26 > ack 7301 dup 5..6 to @27 >
    @28 > ack 18981 in 2 ACKs to @29 >
    @30 < 18981:30001 11020 B in 8 segments to @44 <
    @33 > ack 30001 in 8 ACKs to @45 >
    @46 FIN_WAIT_1 > FIN seq 1 > CLOSE_WAIT
    @47 FIN_WAIT_2 < ack 2 rtt 10.9 ms <
    @48 TIME_WAIT < FIN seq 30001 < LAST_ACK
    @49 > ack 30002 rtt 45 us > CLOSED
    ");
}

#[test]
fn every_packet_has_a_row_when_nothing_is_folded() {
    let text = ladder("loss/one-lost-at-receiver.pcap", &["--full", "--columns", "160"]);
    let frames: Vec<&str> = text.split_whitespace().filter(|word| word.starts_with('@')).collect();
    for frame in 1..=49 {
        assert!(frames.contains(&format!("@{frame}").as_str()), "@{frame} is not in {text}");
    }
}

#[test]
fn no_line_is_wider_than_asked_and_ascii_is_ascii() {
    let mut checked = 0;
    for path in files_below("fixtures", &[".pcap"]) {
        for columns in [60, 80, 100, 120, 160] {
            let output = tcpcheck(&[
                "ladder",
                "--worst",
                "--ascii",
                "--columns",
                &columns.to_string(),
                "-nr",
                path.to_str().unwrap(),
            ]);
            let text = String::from_utf8(output.stdout).unwrap();
            assert!(text.is_ascii(), "{}", short(&path));
            // The first line names both ends, and those behind the ladder are findings.
            let drawn = text.lines().skip(1).take_while(|line| !line.ends_with(" ms, closed") && line.contains("|"));
            for line in drawn {
                assert!(line.len() <= columns, "{}: {} > {columns}: {line}", short(&path), line.len());
            }
            checked += usize::from(output.status.success());
        }
    }
    assert!(checked > 150, "{checked}");
}

#[test]
fn several_connections_have_to_be_chosen_from() {
    let path = root().join("fixtures/healthy/several-clients.pcap");
    let path = path.to_str().unwrap();
    let output = tcpcheck(&["ladder", "-r", path]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("connections pass the filter: choose one with --flow N"), "{said}");
    assert!(ladder("healthy/several-clients.pcap", &["--flow", "2"]).starts_with("flow 2 "));
    assert!(ladder("healthy/several-clients.pcap", &["--worst"]).starts_with("flow "));
    let none = tcpcheck(&["ladder", "-r", path, "--flow", "99"]);
    assert!(String::from_utf8(none.stderr).unwrap().contains("there is no connection 99"));
}

#[test]
fn a_diagram_for_a_pull_request_has_an_arrow_for_each_row() {
    let text = ladder("close/client-first.pcap", &["--format", "mermaid"]);
    assert!(text.starts_with("sequenceDiagram\n"), "{text}");
    assert!(
        text.contains("    client->>server: FIN  seq 201<br/>@12, +68.9 ms\n    Note left of client: FIN_WAIT_1\n"),
        "{text}"
    );
    assert!(text.ends_with('\n') && !text.contains(';'), "{text}");
}

#[test]
fn a_picture_is_well_formed_and_tells_each_row_in_words() {
    let text = ladder("window/zero-window.pcap", &["--format", "svg"]);
    assert!(text.starts_with("<svg ") && text.ends_with("</svg>\n"));
    assert!(text.contains("The client asks to open a connection."));
    assert!(text.contains("Zero window: its receive buffer is full, and the server must wait.</tspan>"));
    assert_eq!(text.matches("<g ").count(), text.matches("</g>").count());
}
