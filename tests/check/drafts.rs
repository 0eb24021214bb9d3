//! `--init`: the policy that it writes holds for the captures it was made from.

use super::Lab;
use crate::testkit::file::{Record, pcap};
use crate::testkit::packet::{Packet, Sum};
use crate::testkit::{files_below, short};

#[test]
fn a_drafted_policy_holds_for_its_capture() {
    for path in files_below("fixtures", &[".pcap", ".pcapng", ".gz", ".zst"]) {
        let name = short(&path);
        let lab = Lab::new("");
        let path = path.to_str().unwrap();
        let output = lab.run(&["--init", path]);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.code() == Some(2) {
            let known = ["no TCP connection to learn from", "the file", "not a capture", "version", "is not read"];
            assert!(name.contains("malformed/") && known.iter().any(|words| error.contains(words)), "{name}: {error}");
            continue;
        }
        assert_eq!(output.status.code(), Some(0), "{name}: {error}");
        assert!(error.contains("tcpcheck.toml: written; try it: tcpcheck check "), "{name}: {error}");
        let said = lab.check(&[path]);
        let policy = std::fs::read_to_string(lab.path("tcpcheck.toml")).unwrap();
        assert_eq!(said.status, 0, "{name}: {}\n{policy}", said.text);
        let schema = jsonschema::validator_for(&serde_json::from_str(tcpcheck::policy::SCHEMA).unwrap()).unwrap();
        assert!(schema.is_valid(&super::keys::as_json(&policy)), "{name}: {policy}");
    }
}

#[test]
fn a_draft_of_several_captures_holds_for_each() {
    let lab = Lab::new("");
    for (from, to) in [
        ("healthy/requests.pcap", "a.pcap"),
        ("loss/timeout.pcap", "b.pcap"),
        ("reset/by-server.pcap", "c.pcap"),
        ("open/refused.pcap", "d.pcap"),
    ] {
        lab.fixture(from, &format!("captures/{to}"));
    }
    assert_eq!(lab.run(&["--init", "captures"]).status.code(), Some(0));
    let policy = std::fs::read_to_string(lab.path("tcpcheck.toml")).unwrap();
    assert!(
        policy.contains("\nclose = \"any\"\n") && policy.contains("rule = \"connection-refused\", max = 1"),
        "{policy}"
    );
    let said = lab.check(&["captures"]);
    assert_eq!(said.status, 0, "{}", said.text);
}

#[test]
fn a_draft_allows_a_rule_as_often_as_it_fires_at_any_severity() {
    // A wrong checksum is an error of a sender whose others hold, and a note where none has held yet.
    let whole =
        Packet { payload: vec![7; 10], ..Packet::new(([10, 0, 0, 1], 40000).into(), ([10, 0, 0, 2], 80).into()) };
    let packets = [
        whole.clone(),
        Packet { seq: 10, sum: Sum::Wrong, ..whole.clone() },
        Packet { src: ([10, 0, 0, 3], 40001).into(), sum: Sum::Wrong, ..whole },
    ];
    let records = (0..).zip(&packets).map(|(at, packet)| Record::whole(at * 1_000_000, packet.frame()));
    let lab = Lab::new("");
    lab.file("a.pcap", &pcap(&records.collect::<Vec<_>>()));
    assert_eq!(lab.run(&["--init", "a.pcap"]).status.code(), Some(0));
    let policy = std::fs::read_to_string(lab.path("tcpcheck.toml")).unwrap();
    assert!(policy.contains("rule = \"bad-checksum\", max = 2"), "{policy}");
    let said = lab.check(&["a.pcap"]);
    assert_eq!(said.status, 0, "{}", said.text);
}

#[test]
fn a_draft_never_overwrites_a_policy() {
    let lab = Lab::new("version = 1\n");
    lab.fixture("healthy/requests.pcap", "a.pcap");
    let output = lab.run(&["--init", "a.pcap"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("there is a policy already"));
    assert_eq!(std::fs::read_to_string(lab.path("tcpcheck.toml")).unwrap(), "version = 1\n");
    let output = lab.run(&["--init", "a.pcap", "-P", "-"]);
    assert!(output.stdout.starts_with(b"# What `tcpcheck check` demands"));
}

#[test]
fn a_draft_forgives_what_may_be_sent_again_for_nothing_on_a_busy_machine() {
    // 174, 71 and 40 data segments without a repetition, and 22 with one.
    for (capture, rate) in [
        ("healthy/download.pcap", "1%"),
        ("healthy/upload-ipv6.pcap", "2%"),
        ("healthy/requests.pcap", "5%"),
        ("loss/one-lost-at-sender.pcap", "20%"),
    ] {
        let lab = Lab::new("");
        lab.fixture(capture, "a.pcap");
        let policy = String::from_utf8(lab.run(&["--init", "a.pcap", "-P", "-"]).stdout).unwrap();
        assert!(policy.contains(&format!("\nmax_retransmission_rate = \"{rate}\"\n")), "{capture}: {policy}");
    }
}
