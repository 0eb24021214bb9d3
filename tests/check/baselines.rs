//! Baselines: what is known passes, more fails, less can shrink; and a capture made anew is the same capture.

use std::process::Command;

use super::Lab;
use crate::testkit::file::{Record, pcap};
use crate::testkit::packet::{Opt, Packet, flags};
use crate::testkit::root;

const POLICY: &str = "version = 1\n[policy]\nselect = [\"TC4\"]\nclose = \"clean\"\n";

/// `count` connections to a server, each reset by it: with its own ports, numbers, times, and frames in between.
fn recorded(count: u16, port: u16, seed: u32) -> Vec<u8> {
    let mut records = Vec::new();
    let mut now = 1_700_000_000_000_000_000 + i64::from(seed) * 86_400_000_000_007;
    for n in 0..count {
        let (client, server) = (([10, 0, 0, 1], 40_000 + n + (seed % 9_000) as u16), ([10, 0, 0, 2], port));
        let (c, s) = (seed.wrapping_mul(77_777).wrapping_add(n.into()), seed.wrapping_mul(999_983));
        let mut send = |from_client: bool, letters: &str, seq: u32, ack: u32, payload: &[u8]| {
            let (src, dst) = if from_client { (client, server) } else { (server, client) };
            let mut packet = Packet::new(src.into(), dst.into());
            (packet.seq, packet.ack, packet.flags) = (seq, ack, flags(letters).unwrap());
            packet.payload = payload.to_vec();
            if letters.contains('S') {
                packet.options = vec![Opt::Mss(1460), Opt::SackPermitted];
            }
            now += 1_000_000 + i64::from(seed % 1_000);
            records.push(Record::whole(now, packet.frame()));
        };
        send(true, "S", c, 0, b"");
        send(false, "S.", s, c.wrapping_add(1), b"");
        send(true, ".", c.wrapping_add(1), s.wrapping_add(1), b"");
        for at in 0..seed % 3 {
            send(true, "P.", c.wrapping_add(1 + at * 5), s.wrapping_add(1), b"hello");
            send(false, ".", s.wrapping_add(1), c.wrapping_add(6 + at * 5), b"");
        }
        send(false, "R.", s.wrapping_add(1), c.wrapping_add(1 + (seed % 3) * 5), b"");
    }
    pcap(&records)
}

#[test]
fn a_capture_made_anew_passes_with_the_old_baseline() {
    let lab = Lab::new(POLICY);
    lab.file("captures/a.pcap", &recorded(2, 443, 1));
    let before = lab.check(&["captures/a.pcap"]);
    assert_eq!(before.status, 1);
    let updated = lab.check(&["captures/a.pcap", "--update-baseline"]);
    assert_eq!(updated.status, 0, "{}", updated.text);
    assert!(updated.text.contains("2 in the baseline"), "{}", updated.text);
    let kept = std::fs::read_to_string(lab.path("tcpcheck.baseline.toml")).unwrap();
    assert!(
        kept.ends_with("\n[capture.\"captures/a.pcap\"]\n\"TC401 port 443\" = 2\n\"close port 443\" = 2\n"),
        "{kept}"
    );
    for seed in [2, 30, 4_567] {
        lab.file("captures/a.pcap", &recorded(2, 443, seed));
        let said = lab.check(&["captures/a.pcap"]);
        assert_eq!(said.status, 0, "{}", said.text);
        assert!(said.text.contains("policy tcpcheck.toml (2 checks), baseline tcpcheck.baseline.toml\n"));
        assert!(said.records("check").all(|check| check["state"] == "accepted"));
        assert!(said.junit.contains("<skipped message=\"in the baseline: "), "{}", said.junit);
        assert!(said.results().iter().all(|result| result["suppressions"][0]["kind"] == "external"));
        assert_eq!(said.github, "");
    }
    // Wherever the program runs.
    let output = super::command(&lab.path("captures"), &["a.pcap"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
}

/// Captures as the kernels of two network namespaces make them now; nothing where that is not permitted.
fn record_anew(lab: &Lab, names: &[&str]) -> bool {
    for file in ["make.py", "lab.py", "middlebox.py", "README.md"] {
        lab.file(&format!("fixtures/{file}"), &std::fs::read(root().join("fixtures").join(file)).unwrap());
    }
    let made = Command::new("python3").arg(lab.path("fixtures/make.py")).args(names).output();
    let made = made.map_err(|error| error.to_string()).and_then(|output| match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    });
    if let Err(words) = &made {
        crate::testkit::skipped(
            &format!("captures cannot be recorded here: {words}"),
            "as root, with python3, iproute2 and tcpdump",
        );
    }
    made.is_ok()
}

#[test]
fn a_capture_that_was_really_recorded_again_has_the_baseline_and_the_fingerprints_of_the_first() {
    const NAMES: [&str; 4] = ["reset/by-server.pcap", "open/refused.pcap", "open/syn-lost.pcap", "loss/timeout.pcap"];
    let lab = Lab::new(
        "version = 1\n[policy]\nselect = [\"TC1\", \"TC2\", \"TC4\"]\nfail_on = \"warning\"\nclose = \"clean\"\n\
         max_retransmission_rate = \"1%\"\nmax_handshake = \"100ms\"\n",
    );
    for name in NAMES {
        lab.fixture(name, &format!("fixtures/{name}"));
    }
    let fingerprints = |said: &super::Said| {
        let all = said.results().iter().map(|result| result["partialFingerprints"]["tcpcheck/v1"].to_string());
        all.collect::<std::collections::BTreeSet<_>>()
    };
    let first = lab.check(&["fixtures"]);
    assert_eq!(first.status, 1);
    assert!(fingerprints(&first).len() > 6, "{}", first.text);
    lab.check(&["fixtures", "--update-baseline"]);
    let before = NAMES.map(|name| std::fs::read(lab.path(&format!("fixtures/{name}"))).unwrap());
    if !record_anew(&lab, &NAMES) {
        return;
    }
    let after = NAMES.map(|name| std::fs::read(lab.path(&format!("fixtures/{name}"))).unwrap());
    assert!(before.iter().zip(&after).all(|(before, after)| before != after), "they are other captures");
    let again = lab.check(&["fixtures"]);
    assert_eq!(again.status, 0, "{}", again.text);
    assert_eq!(fingerprints(&again), fingerprints(&first), "{}", again.text);
}

#[test]
fn fingerprints_of_sarif_are_those_of_the_capture_made_anew() {
    let lab = Lab::new(POLICY);
    let fingerprints = |seed: u32, port: u16| {
        lab.file("a.pcap", &recorded(1, port, seed));
        let said = lab.check(&["a.pcap"]);
        let all = said.results().iter().map(|result| result["partialFingerprints"]["tcpcheck/v1"].clone());
        all.collect::<Vec<_>>()
    };
    let first = fingerprints(1, 443);
    assert_eq!(first.len(), 2);
    assert_ne!(first[0], first[1]);
    assert_eq!(first, fingerprints(4_567, 443));
    assert_ne!(first, fingerprints(1, 80), "another service");
}

#[test]
fn more_than_the_baseline_fails_and_says_how_much_is_known() {
    let lab = Lab::new(POLICY);
    lab.file("a.pcap", &recorded(1, 443, 1));
    lab.check(&["a.pcap", "--update-baseline"]);
    lab.file("a.pcap", &recorded(3, 443, 2));
    let said = lab.check(&["a.pcap"]);
    assert_eq!(said.status, 1);
    assert!(said.text.contains("; TC401 port 443: 3, the baseline has 1\n"), "{}", said.text);
    lab.file("a.pcap", &recorded(1, 80, 2));
    assert_eq!(lab.check(&["a.pcap"]).status, 1, "another service is not known");
    lab.file("b.pcap", &recorded(1, 443, 1));
    assert_eq!(lab.check(&["b.pcap"]).status, 1, "another capture is not known");
}

#[test]
fn less_than_the_baseline_passes_and_says_that_it_can_shrink() {
    let lab = Lab::new(POLICY);
    lab.file("a.pcap", &recorded(3, 443, 1));
    lab.check(&["a.pcap", "--update-baseline"]);
    lab.file("a.pcap", &recorded(1, 443, 2));
    let said = lab.check(&["a.pcap"]);
    assert_eq!(said.status, 0);
    assert!(said.text.contains("the baseline can shrink: run again with --update-baseline"), "{}", said.text);
    assert!(said.text.contains("  a.pcap  TC401 port 443: 3 in the baseline, 1 found\n"), "{}", said.text);
    lab.check(&["a.pcap", "--update-baseline"]);
    let said = lab.check(&["a.pcap"]);
    assert!(said.status == 0 && !said.text.contains("shrink"), "{}", said.text);
}

#[test]
fn an_update_keeps_what_it_knows_of_other_captures() {
    let lab = Lab::new(POLICY);
    lab.file("a.pcap", &recorded(1, 443, 1));
    lab.file("b.pcap", &recorded(2, 443, 1));
    lab.check(&["a.pcap", "b.pcap", "--update-baseline"]);
    lab.fixture("healthy/requests.pcap", "b.pcap");
    lab.check(&["b.pcap", "--update-baseline"]);
    let kept = std::fs::read_to_string(lab.path("tcpcheck.baseline.toml")).unwrap();
    assert!(kept.contains("a.pcap") && !kept.contains("b.pcap"), "{kept}");
    assert_eq!(lab.check(&["a.pcap", "b.pcap"]).status, 0);
}

#[test]
fn what_no_count_can_accept_fails_with_a_baseline_too() {
    let lab = Lab::new("version = 1\n[policy]\nselect = []\nexpect = { connections = 9 }\ncapture_gaps = \"fail\"\n");
    lab.fixture("capture/missed.pcap", "a.pcap");
    assert_eq!(lab.check(&["a.pcap", "--update-baseline"]).status, 4);
    assert_eq!(lab.check(&["a.pcap"]).status, 4);
    lab.fixture("healthy/requests.pcap", "a.pcap");
    assert_eq!(lab.check(&["a.pcap", "--update-baseline"]).status, 1);
}

#[test]
fn a_baseline_that_was_named_has_to_be_there_and_to_be_one() {
    let lab = Lab::new(POLICY);
    lab.fixture("healthy/requests.pcap", "a.pcap");
    let error = |args: &[&str]| {
        let output = lab.run(args);
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(error(&["a.pcap", "--baseline", "b.toml"]).contains("b.toml: No such file"));
    lab.file("b.toml", b"[capture.a]\n\"TC401\" = \"many\"\n");
    assert!(error(&["a.pcap", "--baseline", "b.toml"]).contains("b.toml:2:1: an entry is"));
}
