//! Whose doing it was: captures of the lab, each of which was made with a known cause, and neighbours in which nothing is wrong.

use std::process::Command;

use serde_json::Value;

use crate::testkit::file::{Record, pcap};
use crate::testkit::packet::{Packet, flags};
use crate::testkit::{root, tcpcheck};

/// Capture, cause, what the text holds, and the least and the most time that it cost, in seconds.
const KNOWN: &[(&str, &str, &str, f64, f64)] = &[
    ("loss/ack-lost", "network", "acknowledgments for the server were lost or late", 0.2, 0.23),
    ("application/slow-server-at-client", "server", "the server took", 2.0, 2.3),
    ("application/slow-server-at-middle", "server", "the server took", 2.0, 2.3),
    ("application/slow-server-at-server", "server", "the server took", 2.0, 2.3),
    ("application/slow-server-with-loss", "server", "the server took", 1.4, 1.7),
    ("application/slow-server-with-loss-at-middle", "server", "the server took", 1.4, 1.7),
    ("application/slow-server-with-loss-at-server", "server", "the server took", 1.4, 1.7),
    ("application/delayed-ack", "client", "delayed acknowledgments", 0.2, 0.4),
    ("application/idle-time-out", "network", "idle for 61.0", 0.0, 0.0),
    ("application/abandoned", "client", "the client gave up after 40", 0.4, 0.5),
    ("path/prohibited", "network", "administratively prohibited", 0.0, 1.0),
    ("path/prohibited-ipv6", "network", "administratively prohibited", 0.0, 1.0),
    ("path/host-unreachable", "network", "host unreachable", 0.0, 1.0),
    ("path/host-unreachable-ipv6", "network", "host unreachable", 0.0, 1.0),
    ("path/port-unreachable", "network", "port unreachable", 0.0, 1.0),
    ("path/port-unreachable-ipv6", "network", "port unreachable", 0.0, 1.0),
    ("path/mtu-ignored", "network", "did not heed the ICMP error", 1.0, 2.0),
    ("path/mtu-ignored-ipv6", "network", "did not heed the ICMP error", 1.0, 2.0),
    ("path/black-hole-1400", "network", "a black hole of the path MTU", 2.0, 5.0),
    ("path/black-hole-1280", "network", "a black hole of the path MTU", 2.0, 5.0),
    ("path/outage", "network", "loss towards the client", 2.0, 20.0),
    ("path/queue", "network", "a buffer on the way to the client", 0.4, 0.8),
    ("path/stopped-server", "server", "the server's programs stood still", 1.7, 2.1),
    ("path/stall", "network", "stood still", 1.7, 2.2),
    ("window/zero-window", "receiver", "receive buffer was full", 0.8, 1.2),
    ("open/no-answer", "network", "no reply to 4 SYNs", 2.9, 3.5),
    ("open/refused", "server", "nothing listens", 0.0, 0.0),
];

/// Neighbours of these: as much data, as far away, as many connections, and nobody to blame.
const HEALTHY: &[&str] = &[
    "application/greeting",
    "application/http-keep-alive",
    "application/http2",
    "application/idle-and-used",
    "application/mysql",
    "application/no-delay",
    "application/pipelined",
    "application/smtp",
    "application/ssh",
    "path/long-way",
    "path/mtu",
    "path/mtu-ipv6",
    "path/no-proxy",
    "path/proxy",
    "healthy/download",
    "healthy/requests",
    "healthy/several-clients",
    "window/keep-alive",
];

/// What a command prints of a capture.
fn printed(name: &str, options: &[&str]) -> String {
    let path = root().join("fixtures").join(format!("{name}.pcap"));
    let mut args = vec!["-nr", path.to_str().expect("a path in UTF-8")];
    args.extend(options);
    String::from_utf8(tcpcheck(&args).stdout).expect("text in UTF-8")
}

/// The verdicts of the first connection and of the capture.
fn verdicts(name: &str) -> [Value; 2] {
    let text = printed(name, &["--json", "--flows", "--summary"]);
    let records: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let verdict = |kind: &str| {
        let record = records.iter().find(|record| record["type"] == kind);
        record.unwrap_or_else(|| panic!("{name}: no {kind}"))["verdict"].clone()
    };
    [verdict("flow"), verdict("summary")]
}

#[test]
fn each_known_cause_is_named() {
    let mut wrong = String::new();
    for (name, cause, text, least, most) in KNOWN {
        let [flow, _] = verdicts(name);
        let lost = flow["lost_s"].as_f64().unwrap_or(-1.0);
        let said = flow["text"].as_str().unwrap_or_default();
        if flow["cause"] != *cause || !said.contains(text) || !(*least..=*most).contains(&lost) {
            wrong.push_str(&format!("{name}: wanted {cause} ({text}, {least} to {most} s), got {flow}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn nobody_is_blamed_for_a_healthy_neighbour() {
    let blamed = HEALTHY.iter().flat_map(|name| verdicts(name).map(|verdict| (name, verdict)));
    let blamed: Vec<_> = blamed.filter(|(_, verdict)| verdict["cause"] != "nothing").collect();
    assert!(blamed.is_empty(), "{blamed:#?}");
}

#[test]
fn every_view_gives_the_same_verdict() {
    for (name, cause, ..) in KNOWN {
        let [flow, capture] = verdicts(name);
        assert_eq!(capture["cause"], *cause, "{name}");
        let sentence = format!("{cause}: {}", flow["text"].as_str().unwrap_or_default());
        let path = root().join("fixtures").join(format!("{name}.pcap"));
        let path = path.to_str().expect("a path in UTF-8");
        let one_line = |text: Vec<u8>| {
            let text = String::from_utf8_lossy(&text).replace("&#39;", "'").replace("&#x27;", "'");
            text.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        let ladder = one_line(tcpcheck(&["ladder", "-n", "-r", path, "--flow", "1"]).stdout);
        assert!(ladder.contains(&format!("verdict: {sentence}")), "{name}: {sentence}\n{ladder}");
        let row = printed(name, &["--flows"]);
        let row = row.lines().nth(1).unwrap_or_default();
        assert!(row.split_whitespace().any(|word| word == *cause), "{name}: {row}");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let page = folder.path().join("report.html");
        let made = tcpcheck(&["report", "-n", path, "-o", page.to_str().expect("a path in UTF-8")]);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let page = one_line(std::fs::read(&page).expect("a page"));
        let (_, main) = page.split_once("<main>").expect("a main part");
        assert!(main.starts_with(" <section id=\"verdict\""), "{name}: the page does not open with the verdict");
        assert!(main.contains(&sentence), "{name}: {sentence}");
    }
}

#[test]
fn a_stall_is_told_once_and_its_connections_refer_to_it() {
    for (name, connections) in [("path/stopped-server", 20), ("path/stall", 8)] {
        let text = printed(name, &["--json"]);
        let records: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let stalls: Vec<_> =
            records.iter().filter(|record| record["type"] == "finding" && record["code"] == "TC706").collect();
        let [stall] = &stalls[..] else { panic!("{name}: {stalls:#?}") };
        assert_eq!(stall["evidence"]["connections"], connections, "{name}");
        let details = records.iter().filter(|record| record["type"] == "amend");
        let details = details.flat_map(|amend| amend["details"].as_array().cloned().unwrap_or_default());
        let mut refer: Vec<u64> = details
            .filter(|finding| finding["evidence"]["stall"] == stall["frame"])
            .filter_map(|finding| finding["flow"].as_u64())
            .collect();
        refer.sort_unstable();
        refer.dedup();
        assert_eq!(refer.len(), connections, "{name}: connections whose findings refer to the stall");
    }
}

#[test]
fn the_rules_of_the_path_are_silent_in_the_neighbours() {
    let silent = ["path/outage", "path/short-queue", "path/long-way", "path/one-of-many", "path/news", "path/no-proxy"];
    let rules = ["TC703", "TC705", "TC706", "TC707"];
    for name in silent.iter().chain(HEALTHY).filter(|name| **name != "path/proxy") {
        let found = printed(name, &["--findings"]);
        assert!(rules.iter().all(|rule| !found.contains(rule)), "{name}: {found}");
    }
}

/// What went wrong, the capture of it, what the first three lines of the summary hold, and what the page's first two sentences do.
const CASES: &[[&str; 4]] = &[
    [
        "slow server",
        "fixtures/application/slow-server-at-client.pcap",
        "server: the server took 2.117 s for 5 answers",
        "the server took 2.117 s for 5 answers",
    ],
    [
        "slow server among sixty",
        "sixty.pcap",
        "server: the server took 1.790 s to answer (flow 37)",
        "connection 37: the server took 1.790 s to answer",
    ],
    ["SYN dropped", "fixtures/open/no-answer.pcap", "network: no reply to 4 SYNs", "no reply to 4 SYNs"],
    [
        "refused",
        "fixtures/open/refused.pcap",
        "server: the server refused it: nothing listens",
        "the server refused it: nothing listens",
    ],
    [
        "ICMP prohibited",
        "fixtures/path/prohibited.pcap",
        "network: ICMP answered the SYN: administratively prohibited",
        "ICMP answered the SYN: administratively prohibited",
    ],
    [
        "black hole towards the client",
        "fixtures/path/black-hole-1400.pcap",
        "network: large packets towards the client vanish",
        "large packets towards the client vanish",
    ],
    [
        "black hole, IPv6",
        "fixtures/path/black-hole-1280.pcap",
        "network: large packets towards the client vanish",
        "large packets towards the client vanish",
    ],
    [
        "loss",
        "fixtures/loss/timeout.pcap",
        "network: loss towards the client cost 857.8 ms",
        "loss towards the client cost 857.8 ms",
    ],
    [
        "queue",
        "fixtures/path/queue.pcap",
        "network: a buffer on the way to the client",
        "a buffer on the way to the client",
    ],
    [
        "stall",
        "fixtures/path/stopped-server.pcap",
        "by the server, 37.082 s lost; worst flow 1: the server's programs stood still",
        "connection 1: the server's programs stood still",
    ],
    [
        "zero window",
        "fixtures/window/zero-window.pcap",
        "receiver: the client's receive buffer was full",
        "the client's receive buffer was full",
    ],
    ["half close", "fixtures/close/half-closed.pcap", "1 half closed", "1 connection, half closed"],
    ["reset", "fixtures/reset/by-server.pcap", "the server reset the connection", "the server reset the connection"],
    ["NAT time-out", "fixtures/application/idle-time-out.pcap", "network: idle for 61.0", "idle for 61.0"],
    [
        "delayed ACK",
        "fixtures/application/delayed-ack.pcap",
        "for delayed acknowledgments",
        "for delayed acknowledgments",
    ],
    [
        "healthy",
        "fixtures/healthy/requests.pcap",
        "nothing went wrong, and nothing took long",
        "nothing went wrong, and nothing took long",
    ],
];

/// Sixty connections with a request each: the server takes 20 ms, and for the 37th 1.8 s.
fn sixty() -> Vec<u8> {
    let mut records = Vec::new();
    for n in 1..=60_u16 {
        let (client, server) = (([10, 0, 0, 1], 40_000 + n).into(), ([10, 0, 0, 2], 80).into());
        let slow = if n == 37 { 1_800 } else { 20 };
        let talk: [(i64, bool, &str, u32, u32, usize); 9] = [
            (0, true, "S", 100, 0, 0),
            (10, false, "S.", 500, 101, 0),
            (10, true, ".", 101, 501, 0),
            (11, true, "P.", 101, 501, 200),
            (11 + slow, false, "P.", 501, 301, 900),
            (11 + slow, true, ".", 301, 1401, 0),
            (12 + slow, true, "F.", 301, 1401, 0),
            (13 + slow, false, "F.", 1401, 302, 0),
            (13 + slow, true, ".", 302, 1402, 0),
        ];
        for (ip_id, (ms, from_client, letters, seq, ack, len)) in (1..).zip(talk) {
            let mut packet = if from_client { Packet::new(client, server) } else { Packet::new(server, client) };
            (packet.seq, packet.ack, packet.flags) = (seq, ack, flags(letters).unwrap());
            (packet.payload, packet.ip_id) = (vec![b'x'; len], ip_id);
            let at = 1_700_000_000_000_000_000 + (i64::from(n) * 15 + ms) * 1_000_000;
            records.push(Record::whole(at, packet.frame()));
        }
    }
    records.sort_by_key(|record| record.ns);
    pcap(&records)
}

/// The diagnosis on the page of a capture: whose doing it was, and both sentences.
fn page_sentences(capture: &std::path::Path, folder: &std::path::Path) -> String {
    let path = folder.join("report.html");
    let made = tcpcheck(&["report", "-n", capture.to_str().expect("UTF-8"), "-o", path.to_str().expect("UTF-8")]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let page = std::fs::read_to_string(path).expect("a page");
    let (_, main) = page.split_once("<main>").expect("a main part");
    let part = |from: &str, to: &str| {
        let text = main.split_once(from).and_then(|(_, text)| text.split_once(to)).map_or("", |(text, _)| text);
        let mut plain = String::new();
        for piece in text.split('<') {
            plain.push_str(piece.split_once('>').map_or(piece, |(_, text)| text));
        }
        plain.replace("&#39;", "'").replace("&#x27;", "'")
    };
    format!(
        "> **{}** {} {}",
        part("who-chip ", "</p>"),
        part("<h1 id=\"verdict-name\">", "</h1>"),
        part("<p class=\"second\">", "</p>")
    )
}

/// docs/verdicts.md: each case with the first lines of its summary.
fn first_lines() -> (String, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("sixty.pcap"), sixty()).expect("a file");
    let mut page = "# What a summary and a page begin with\n\nThe first three lines of `tcpcheck FILE --summary`, and the first words of \
                    `tcpcheck report FILE`, for captures whose trouble is known (`UPDATE=1 cargo test the_first_three_lines`).\n"
        .to_owned();
    let mut wrong = String::new();
    for [case, file, words, on_page] in CASES {
        let at = if file.starts_with("fixtures/") { root() } else { folder.path() };
        let mut command = Command::new(env!("CARGO_BIN_EXE_tcpcheck"));
        command.args(["-n", "-r", file, "--summary"]).current_dir(at).env_remove("COLUMNS");
        let text = String::from_utf8(command.output().expect("tcpcheck starts").stdout).expect("text in UTF-8");
        let lines: Vec<&str> = text.lines().take(3).collect();
        let sentences = page_sentences(&at.join(file), folder.path());
        page.push_str(&format!("\n## {case}\n\n```\n{}\n```\n\n{sentences}\n", lines.join("\n")));
        if !sentences.to_lowercase().contains(&on_page.to_lowercase()) {
            wrong.push_str(&format!("{case}: wanted {on_page:?} in {sentences}\n"));
        }
        if !lines.join(" ").split_whitespace().collect::<Vec<_>>().join(" ").contains(words) {
            wrong.push_str(&format!("{case}: wanted {words:?} in\n{}\n", lines.join("\n")));
        }
    }
    (page, wrong)
}

#[test]
fn the_first_three_lines_of_a_summary_name_the_cause() {
    let (page, wrong) = first_lines();
    assert!(wrong.is_empty(), "{wrong}");
    let path = root().join("docs/verdicts.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &page).expect("docs can be written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == page, "docs/verdicts.md is not up to date: UPDATE=1 cargo test the_first_three_lines");
}
