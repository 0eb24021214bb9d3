//! What tcpcheck must say of each capture in fixtures/, and that its lines there are tcpdump's.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::tcpdump_parity::{oracle, up_to_length};
use crate::testkit::{files_below, root, short, tcpcheck};

/// Each capture with its connections' outcomes and the codes that fire in it, each with how often.
const EXPECTED: &[(&str, &str, &str)] = &[
    ("application/abandoned.pcap", "reset-by-client", "TC401:1 TC804:1"),
    ("application/delayed-ack.pcap", "closed", "TC802:1"),
    ("application/greeting.pcap", "closed", ""),
    ("application/http-keep-alive.pcap", "closed", ""),
    ("application/http2.pcap", "closed", ""),
    ("application/idle-and-used.pcap", "closed", ""),
    ("application/idle-time-out.pcap", "reset-by-server", "TC401:1 TC803:1"),
    ("application/mysql.pcap", "closed", ""),
    ("application/no-delay.pcap", "closed", ""),
    ("application/pipelined.pcap", "closed", ""),
    ("application/slow-server-at-client.pcap", "closed", "TC801:1"),
    ("application/slow-server-at-middle.pcap", "closed", "TC801:1"),
    ("application/slow-server-at-server.pcap", "closed", "TC801:1"),
    ("application/slow-server-with-loss-at-middle.pcap", "closed", "TC202:1 TC204:1 TC301:1"),
    ("application/slow-server-with-loss-at-server.pcap", "closed", "TC202:1 TC301:1"),
    ("application/slow-server-with-loss.pcap", "closed", "TC202:1 TC204:1 TC210:1 TC212:1 TC301:1"),
    ("application/smtp.pcap", "closed", ""),
    ("application/ssh.pcap", "closed", ""),
    ("capture/big-endian.pcap", "closed", ""),
    ("capture/client-side-only.pcap", "half-closed", "TC904:1"),
    ("capture/gzip.pcap.gz", "closed", ""),
    ("capture/mid-stream.pcap", "closed", "TC903:1"),
    ("capture/missed.pcap", "closed", "TC210:1 TC910:1"),
    ("capture/nanoseconds.pcap", "closed", ""),
    ("capture/offload.pcap", "closed", "TC905:1 TC906:1"),
    ("capture/snaplen-80.pcap", "closed", "TC902:1"),
    ("capture/twice.pcap", "closed", "TC908:15"),
    ("capture/two-interfaces.pcapng", "closed closed", ""),
    ("capture/zstd.pcapng.zst", "closed", ""),
    ("close/client-first.pcap", "closed", ""),
    ("close/fin-lost.pcap", "closed", "TC204:1 TC209:1"),
    ("close/half-close.pcap", "closed", ""),
    ("close/half-closed.pcap", "half-closed", "TC403:1"),
    ("close/not-closed.pcap", "open", "TC410:1"),
    ("close/server-first.pcap", "closed", ""),
    ("close/simultaneous.pcap", "closed", "TC409:1"),
    ("close/three-segments.pcap", "closed", ""),
    (
        "compare/branch-client.pcap",
        "closed reset-by-server",
        "TC202:5 TC204:1 TC205:2 TC213:1 TC301:21 TC302:2 TC310:2 TC401:1",
    ),
    (
        "compare/branch-server.pcap",
        "closed open",
        "TC202:5 TC204:1 TC205:1 TC210:3 TC211:1 TC212:2 TC301:21 TC302:2 TC310:2 TC410:1",
    ),
    ("compare/dscp-client.pcap", "closed", ""),
    ("compare/dscp-server.pcap", "closed", ""),
    ("compare/mss-clamp-client.pcap", "closed", ""),
    ("compare/mss-clamp-server.pcap", "closed", ""),
    ("compare/nat-client.pcap", "closed closed", ""),
    ("compare/nat-server.pcap", "closed closed", ""),
    ("compare/offload-at-client-client.pcap", "closed", "TC905:1 TC906:1"),
    ("compare/offload-at-client-server.pcap", "closed", ""),
    ("compare/offload-at-server-client.pcap", "closed", "TC202:2 TC210:1 TC212:1 TC301:6 TC302:1"),
    ("compare/offload-at-server-server.pcap", "closed", "TC202:2 TC301:6 TC302:1 TC905:1 TC906:1"),
    ("compare/option-stripped-client.pcap", "closed", ""),
    ("compare/option-stripped-server.pcap", "closed", ""),
    ("compare/reset-client.pcap", "closed reset-by-server", "TC401:1"),
    ("compare/reset-server.pcap", "closed open", "TC410:1"),
    ("compare/synproxy-client.pcap", "closed", "TC105:1 TC205:1 TC604:1"),
    ("compare/synproxy-server.pcap", "closed", "TC105:1 TC205:1 TC511:1 TC604:1"),
    ("healthy/download-offloaded.pcap", "closed", "TC313:2 TC902:1 TC905:1 TC906:1"),
    ("healthy/download.pcap", "closed", "TC313:1 TC902:1"),
    ("healthy/requests.pcap", "closed", ""),
    ("healthy/several-clients.pcap", "closed closed closed closed closed", ""),
    ("healthy/upload-ipv6.pcap", "closed", "TC902:1"),
    ("link/any.pcap", "closed", "TC905:1"),
    ("link/dsa.pcap", "closed", ""),
    ("link/edsa.pcap", "closed", ""),
    ("link/frame-relay.pcap", "closed", ""),
    ("link/gre.pcap", "closed", ""),
    ("link/ip-in-ip.pcap", "closed", ""),
    ("link/ipnet.pcap", "closed", ""),
    ("link/ipv6.pcap", "closed", ""),
    ("link/juniper.pcap", "closed", ""),
    ("link/l2tp.pcap", "closed", ""),
    ("link/loopback.pcap", "closed", "TC905:1"),
    ("link/netanalyzer.pcap", "closed", ""),
    ("link/nsh.pcap", "closed", ""),
    ("link/pppd.pcap", "closed", ""),
    ("link/qinq.pcap", "closed", ""),
    ("link/slip.pcap", "closed", ""),
    ("link/token-ring.pcap", "closed", ""),
    ("link/vlan.pcap", "closed", ""),
    ("link/vxlan.pcap", "closed", ""),
    ("loss/ack-lost.pcap", "closed", "TC204:1 TC205:1 TC301:1 TC310:1"),
    ("loss/duplicated.pcap", "closed", "TC213:1 TC301:1 TC310:1"),
    ("loss/no-sack.pcap", "closed", "TC202:1 TC210:1 TC212:1 TC301:5 TC302:1"),
    ("loss/one-lost-at-receiver.pcap", "closed", "TC202:1 TC210:1 TC212:1 TC301:5 TC302:1"),
    ("loss/one-lost-at-sender.pcap", "closed", "TC202:1 TC301:5 TC302:1"),
    ("loss/reordered.pcap", "closed", "TC202:1 TC205:1 TC210:1 TC211:1 TC301:4 TC302:1 TC310:1"),
    ("loss/tail-lost.pcap", "closed", "TC202:1 TC204:1 TC301:1"),
    ("loss/timeout.pcap", "closed", "TC203:2 TC204:1"),
    ("open/ecn.pcap", "closed", ""),
    ("open/fast-open.pcap", "closed closed", ""),
    ("open/md5.pcap", "closed", ""),
    ("open/no-answer.pcap", "no-answer", "TC101:1 TC103:3"),
    ("open/no-options.pcap", "closed", ""),
    ("open/refused.pcap", "refused", "TC102:1"),
    ("open/simultaneous.pcap", "closed", "TC111:1"),
    ("open/syn-ack-lost.pcap", "closed", "TC103:1 TC105:1 TC205:1"),
    ("open/syn-lost.pcap", "closed", "TC103:1"),
    ("path/black-hole-1280.pcap", "closed", "TC202:8 TC203:16 TC301:1 TC703:1 TC902:1"),
    ("path/black-hole-1400.pcap", "reset-by-client", "TC202:4 TC203:4 TC301:1 TC401:1 TC703:1 TC902:1"),
    ("path/host-unreachable-ipv6.pcap", "no-answer", "TC701:1"),
    ("path/host-unreachable.pcap", "no-answer", "TC701:1"),
    ("path/long-way.pcap", "closed", "TC902:1"),
    ("path/mtu-ignored-ipv6.pcap", "reset-by-client", "TC202:2 TC203:3 TC301:1 TC401:1 TC702:2 TC902:1"),
    ("path/mtu-ignored.pcap", "reset-by-client", "TC202:2 TC203:3 TC301:1 TC401:1 TC702:2 TC902:1"),
    ("path/mtu-ipv6.pcap", "closed", "TC201:15 TC702:1"),
    ("path/mtu.pcap", "closed", "TC201:15 TC702:1"),
    ("path/news.pcap", "closed closed closed closed closed closed", ""),
    ("path/no-proxy.pcap", "closed", ""),
    (
        "path/one-of-many.pcap",
        "closed closed closed closed closed closed closed closed closed closed",
        "TC204:3 TC205:1 TC301:1 TC310:1",
    ),
    ("path/outage.pcap", "closed", "TC203:7 TC204:1"),
    ("path/port-unreachable-ipv6.pcap", "no-answer", "TC701:1"),
    ("path/port-unreachable.pcap", "no-answer", "TC701:1"),
    ("path/prohibited-ipv6.pcap", "no-answer", "TC701:1"),
    ("path/prohibited.pcap", "no-answer", "TC701:1"),
    ("path/proxy.pcap", "closed", "TC707:1"),
    ("path/queue.pcap", "closed", "TC202:2 TC301:33 TC302:1 TC705:1 TC902:1"),
    ("path/short-queue.pcap", "closed", "TC202:30 TC301:13 TC902:1"),
    (
        "path/stall.pcap",
        "closed closed closed closed closed closed closed closed",
        "TC201:24 TC203:24 TC204:16 TC205:64 TC301:64 TC310:64 TC706:1",
    ),
    (
        "path/stopped-server.pcap",
        "closed closed closed closed closed closed closed closed closed closed closed closed closed closed closed closed closed closed closed closed",
        "TC706:1 TC801:20",
    ),
    ("reset/after-fin.pcap", "reset-by-client", "TC402:1"),
    ("reset/by-client.pcap", "reset-by-client", "TC401:1"),
    ("reset/by-server.pcap", "reset-by-server", "TC401:1"),
    ("reset/port-reused-after-reset.pcap", "reset-by-client closed", "TC114:1 TC401:1"),
    ("reset/port-reused-in-time-wait.pcap", "closed closed", "TC114:1"),
    ("reset/unread-data.pcap", "reset-by-server", "TC401:1"),
    ("window/keep-alive.pcap", "closed", ""),
    ("window/zero-window.pcap", "closed", "TC311:1 TC313:2"),
];

/// Captures of which the expectation above is right and the program not yet, and why.
const PENDING: &[(&str, &str)] =
    &[("open/simultaneous.pcap", "an ACK of the other's SYN+ACK is taken for a duplicate of the SYN+ACK's own")];

/// Outcomes and counted codes of one capture, as `EXPECTED` writes them.
fn verdict(path: &Path) -> (String, String) {
    let output = tcpcheck(&["-nr".as_ref(), path.as_os_str(), "--json".as_ref()]);
    assert!(output.status.success(), "{}: {}", short(path), String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("NDJSON in UTF-8");
    let records: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let of_type = |name| records.iter().filter(move |record| record["type"] == name);
    let outcomes: BTreeMap<u64, &str> = of_type("flow")
        .map(|flow| (flow["flow"].as_u64().expect("a number"), flow["outcome"].as_str().expect("a word")))
        .collect();
    let codes: BTreeMap<String, Value> = of_type("summary")
        .filter_map(|summary| serde_json::from_value(summary["codes"].clone()).ok())
        .next()
        .unwrap_or_default();
    let codes: Vec<String> = codes.iter().map(|(code, count)| format!("{code}:{count}")).collect();
    (outcomes.into_values().collect::<Vec<_>>().join(" "), codes.join(" "))
}

#[test]
fn every_capture_gets_the_verdict_it_was_made_for() {
    let mut wrong = String::new();
    for (name, outcomes, codes) in EXPECTED {
        let came = verdict(&root().join("fixtures").join(name));
        let right = came == (outcomes.to_string(), codes.to_string());
        match (right, PENDING.iter().find(|(pending, _)| pending == name)) {
            (true, None) | (false, Some(_)) => {}
            (true, Some((_, why))) => wrong.push_str(&format!("{name} is right now, no longer pending: {why}\n")),
            (false, None) => wrong
                .push_str(&format!("{name}\n    wanted   {outcomes}; {codes}\n    came out {}; {}\n", came.0, came.1)),
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_capture_is_expected_and_explained() {
    let readme = std::fs::read_to_string(root().join("fixtures/README.md")).expect("the captures' README");
    let expected: Vec<&str> = EXPECTED.iter().map(|(name, _, _)| *name).collect();
    for path in real_captures() {
        let name = short(&path).trim_start_matches("fixtures/").to_owned();
        assert!(expected.contains(&name.as_str()), "nothing is expected of {name}");
        assert!(readme.contains(&format!("| `{name}` |")), "README.md says nothing of {name}");
    }
    for name in expected {
        assert!(root().join("fixtures").join(name).exists(), "{name} is expected and not there");
    }
}

fn real_captures() -> Vec<std::path::PathBuf> {
    let all = files_below("fixtures", &[".pcap", ".pcapng", ".gz", ".zst"]);
    all.into_iter().filter(|path| !short(path).contains("malformed")).collect()
}

/// The lines that tcpdump promises: without annotations, up to `length N`, and without what it prints of the payload.
fn lines(output: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(output);
    let own = |line: &&str| !line.starts_with(['#', '\t']);
    text.lines().filter(own).map(up_to_length).collect()
}

#[test]
fn the_lines_of_every_capture_are_tcpdumps() {
    let tcpdump = |args: &[&std::ffi::OsStr]| Command::new("tcpdump").args(args).env("TZ", "UTC").output();
    if !oracle() {
        return;
    }
    for path in real_captures() {
        // Its own reader knows no compression.
        if path.extension().is_some_and(|ending| ending == "gz" || ending == "zst") {
            continue;
        }
        for options in ["-n", "-nS", "-nv", "-ne", "-nq", "-ntttt", "-nttt", "-n#"] {
            // With -q tcpdump looks no deeper than UDP.
            if options == "-nq" && (path.ends_with("link/vxlan.pcap") || path.ends_with("link/l2tp.pcap")) {
                continue;
            }
            // Lines of ICMP are no business of ours.
            let filter = if short(&path).contains("fixtures/path/") { "tcp" } else { "" };
            let args = [options.as_ref(), "-r".as_ref(), path.as_os_str(), filter.as_ref()];
            let wanted = lines(&tcpdump(&args).expect("tcpdump runs").stdout);
            let ours = Command::new(env!("CARGO_BIN_EXE_tcpcheck")).args(args).env("TZ", "UTC").output();
            let came = lines(&ours.expect("tcpcheck runs").stdout);
            for (number, (wanted, came)) in wanted.iter().zip(&came).enumerate() {
                let name = short(&path);
                assert_eq!(came, wanted, "{name} {options}, line {}", number + 1);
            }
            assert_eq!(came.len(), wanted.len(), "{} {options}: number of lines", short(&path));
        }
    }
}
