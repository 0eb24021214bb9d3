//! ICMP errors and the connections that they are about, from capture files to what the program says.

use serde_json::Value;

use crate::testkit::file::{Record, pcap};
use crate::testkit::packet::{Opt, Packet, flags};
use crate::testkit::tcpcheck;

/// 2023-11-14 22:13:20 UTC.
const ZERO: i64 = 1_700_000_000_000_000_000;

const CLIENT: ([u8; 4], u16) = ([10, 0, 0, 1], 40000);
const SERVER: ([u8; 4], u16) = ([10, 0, 0, 2], 80);
const ROUTER: [u8; 4] = [203, 0, 113, 1];

fn packet(from_client: bool, letters: &str, seq: u32, ack: u32, len: usize) -> Packet {
    let (src, dst) = if from_client { (CLIENT, SERVER) } else { (SERVER, CLIENT) };
    Packet {
        flags: flags(letters).unwrap(),
        seq,
        ack,
        payload: vec![7; len],
        options: if letters.contains('S') { vec![Opt::Mss(1460), Opt::SackPermitted] } else { Vec::new() },
        ..Packet::new(src.into(), dst.into())
    }
}

/// An error from the router to a segment's sender that quotes its first 28 bytes.
fn error(kind: u8, code: u8, mtu: u16, quoted: &Packet) -> Vec<u8> {
    let quoted = quoted.ip();
    let mut message = vec![kind, code, 0, 0, 0, 0];
    message.extend(mtu.to_be_bytes());
    message.extend(&quoted[..28]);
    let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9, 8, 0, 0x45, 0];
    frame.extend((20 + message.len() as u16).to_be_bytes());
    frame.extend([0, 0, 0, 0, 64, 1, 0, 0]);
    frame.extend(ROUTER);
    frame.extend(&quoted[12..16]);
    frame.extend(message);
    frame
}

/// Frames with their times in milliseconds.
struct Capture(Vec<Record>);

impl Capture {
    fn of(frames: impl IntoIterator<Item = (f64, Vec<u8>)>) -> Self {
        Self(frames.into_iter().map(|(ms, frame)| Record::whole(ZERO + (ms * 1e6) as i64, frame)).collect())
    }

    /// What the program prints with these options.
    fn run(&self, options: &[&str]) -> (String, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("icmp.pcap");
        std::fs::write(&path, pcap(&self.0)).unwrap();
        let mut args = vec!["-nr", path.to_str().unwrap()];
        args.extend(options);
        let output = tcpcheck(&args);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    }

    fn records(&self) -> Vec<Value> {
        self.run(&["--json"]).0.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The findings: frame, code, severity and message; after the amendments nothing of them changes here.
    fn findings(&self) -> Vec<(u64, String, String, String)> {
        let word = |record: &Value, key: &str| record[key].as_str().unwrap_or_default().to_owned();
        let findings = self.records();
        let findings = findings.iter().filter(|record| record["type"] == "finding");
        findings
            .map(|f| (f["frame"].as_u64().unwrap_or(0), word(f, "code"), word(f, "severity"), word(f, "message")))
            .collect()
    }
}

/// A handshake, and two full segments of the server's.
fn download() -> Vec<(f64, Vec<u8>)> {
    vec![
        (0.0, packet(true, "S", 1000, 0, 0).frame()),
        (0.1, packet(false, "S.", 9000, 1001, 0).frame()),
        (20.1, packet(true, ".", 1001, 9001, 0).frame()),
        (20.2, packet(true, "P.", 1001, 9001, 100).frame()),
        (20.3, packet(false, ".", 9001, 1101, 0).frame()),
        (21.3, packet(false, ".", 9001, 1101, 1460).frame()),
        (21.4, packet(false, ".", 10461, 1101, 1460).frame()),
    ]
}

#[test]
fn a_syn_that_a_firewall_refuses_has_an_answer() {
    let syn = packet(true, "S", 1000, 0, 0);
    let refused = error(3, 13, 0, &syn);
    let capture = Capture::of([
        (0.0, syn.frame()),
        (0.9, refused.clone()),
        (1000.0, syn.frame()),
        (1000.9, refused),
        (3000.0, syn.frame()),
    ]);
    let findings = capture.findings();
    let of =
        |code: &str| findings.iter().find(|(_, found, ..)| found == code).unwrap_or_else(|| panic!("{findings:#?}"));
    let (frame, _, severity, message) = of("TC701");
    assert_eq!((*frame, severity.as_str()), (2, "error"));
    assert!(message.starts_with("ICMP administratively prohibited from 203.0.113.1, "), "{message}");
    assert!(message.ends_with(" after @1"), "{message}");
    assert_eq!(findings.iter().filter(|(_, code, ..)| code == "TC701").count(), 1, "each error is said once");
    let (.., message) = of("TC101");
    assert!(message.contains("ICMP administratively prohibited from 203.0.113.1"), "{message}");
    assert!(!message.contains("no reply"), "{message}");
    let (.., message) = of("TC103");
    assert!(message.contains("ICMP administratively prohibited had come from 203.0.113.1"), "{message}");
}

#[test]
fn without_an_error_a_syn_has_no_reply() {
    let syn = packet(true, "S", 1000, 0, 0);
    let capture = Capture::of([(0.0, syn.frame()), (1000.0, syn.frame()), (3000.0, syn.frame())]);
    let findings = capture.findings();
    assert!(findings.iter().any(|(_, code, _, message)| code == "TC101" && message == "3 SYNs in 3.000 s, no reply"));
    assert!(findings.iter().all(|(_, code, ..)| !code.starts_with("TC7")), "{findings:?}");
}

#[test]
fn a_sender_that_heeds_the_path_mtu_sends_again_because_of_icmp() {
    let [first, second] = [packet(false, ".", 9001, 1101, 1460), packet(false, ".", 10461, 1101, 1460)];
    let mut frames = download();
    frames.extend([
        (26.4, error(3, 4, 1400, &first)),
        (26.5, error(3, 4, 1400, &second)),
        (26.7, packet(false, ".", 9001, 1101, 1360).frame()),
        (26.8, packet(false, ".", 10361, 1101, 1360).frame()),
        (26.9, packet(false, ".", 11721, 1101, 200).frame()),
        (46.9, packet(true, ".", 1101, 11921, 0).frame()),
        (47.0, packet(false, ".", 11921, 1101, 1360).frame()),
        (67.0, packet(true, ".", 1101, 13281, 0).frame()),
    ]);
    let capture = Capture::of(frames);
    let findings = capture.findings();
    let codes: Vec<_> =
        findings.iter().map(|(frame, code, severity, _)| (*frame, code.as_str(), severity.as_str())).collect();
    let again = [(10, "TC201", "note"), (11, "TC201", "note"), (12, "TC201", "note"), (12, "TC410", "note")];
    assert_eq!(codes[0], (8, "TC702", "note"), "{findings:#?}");
    assert_eq!(codes[1..4], again[..3], "{findings:#?}");
    assert!(codes[4..].iter().all(|(_, code, _)| *code == "TC410"), "{findings:#?}");
    assert!(
        findings[0].3.contains("next-hop MTU 1400 B, for a packet of 1500 B, 5.1 ms after @6"),
        "{:?}",
        findings[0]
    );
    assert!(
        findings[1].3.contains("in smaller segments, since @9 asked for it (fragmentation needed)"),
        "{:?}",
        findings[1]
    );
    let records = capture.records();
    let finding = records.iter().find(|record| record["code"] == "TC201").unwrap();
    assert_eq!((&finding["evidence"]["cause"], &finding["evidence"]["error"]), (&"icmp".into(), &9.into()));
    let icmp = records.iter().find(|record| record["type"] == "icmp").unwrap();
    assert_eq!((&icmp["icmp"], &icmp["mtu"], &icmp["seq"]), (&"fragmentation-needed".into(), &1400.into(), &1.into()));
    assert_eq!((&icmp["flow"], &icmp["dir"], &icmp["related"]), (&1.into(), &"s2c".into(), &true.into()));
    let (_, said) = capture.run(&[]);
    assert!(said.contains("icmp          2 errors about these connections\n"), "{said}");
}

#[test]
fn a_sender_that_does_not_heed_it_is_warned_of_and_its_timer_is_a_timer() {
    let first = packet(false, ".", 9001, 1101, 1460);
    let mut frames = download();
    frames.extend([(26.4, error(3, 4, 1400, &first)), (621.0, first.frame()), (1821.0, first.frame())]);
    let findings = Capture::of(frames).findings();
    let codes: Vec<_> =
        findings.iter().map(|(frame, code, severity, _)| (*frame, code.as_str(), severity.as_str())).collect();
    assert!(codes.contains(&(8, "TC702", "note")) && codes.contains(&(9, "TC702", "warning")), "{findings:#?}");
    assert_eq!(codes.iter().filter(|(_, code, _)| *code == "TC702").count(), 2, "once: {findings:#?}");
    assert!(codes.contains(&(9, "TC203", "warning")) && codes.contains(&(10, "TC203", "warning")), "{findings:#?}");
    assert!(
        findings.iter().any(|(.., message)| message
            .contains("a packet of 1500 B, 594.6 ms after @8 had asked for smaller ones, of 1400 B at most")),
        "{findings:#?}"
    );
}

#[test]
fn an_error_of_an_open_connection_is_a_warning_and_explains_no_timer() {
    let second = packet(false, ".", 10461, 1101, 1460);
    for (kind, code, rule) in [(3, 1, "TC701"), (11, 0, "TC704")] {
        let mut frames = download();
        frames.extend([(26.4, error(kind, code, 0, &second)), (621.0, packet(false, ".", 9001, 1101, 1460).frame())]);
        let findings = Capture::of(frames).findings();
        let codes: Vec<_> =
            findings.iter().map(|(frame, code, severity, _)| (*frame, code.as_str(), severity.as_str())).collect();
        assert!(codes.contains(&(8, rule, "warning")), "{findings:#?}");
        assert!(codes.iter().all(|(_, code, _)| *code != "TC201"), "{findings:#?}");
    }
}

#[test]
fn an_error_that_quotes_what_was_not_in_flight_counts_for_nothing() {
    let guessed = packet(false, ".", 900_000_000, 1101, 1460);
    let elsewhere = Packet { src: ([10, 0, 0, 9], 1).into(), ..guessed.clone() };
    let mut frames = download();
    frames.extend([(26.4, error(3, 4, 68, &guessed)), (26.5, error(3, 3, 0, &elsewhere))]);
    frames.extend([(41.4, packet(true, ".", 1101, 11921, 0).frame())]);
    let capture = Capture::of(frames);
    let findings = capture.findings();
    assert!(findings.iter().all(|(_, code, ..)| !code.starts_with("TC7")), "{findings:#?}");
    let records = capture.records();
    let related: Vec<_> = records
        .iter()
        .filter(|record| record["type"] == "icmp")
        .map(|record| (&record["related"], &record["flow"]))
        .collect();
    assert_eq!(related, [(&false.into(), &1.into()), (&false.into(), &Value::Null)]);
    let summary = records.iter().find(|record| record["type"] == "summary").unwrap();
    assert_eq!((&summary["icmp_errors"], &summary["icmp_unrelated"]), (&0.into(), &2.into()));
}

#[test]
fn an_error_of_what_was_acknowledged_long_ago_or_that_no_router_would_send_counts_for_nothing() {
    let first = packet(false, ".", 9001, 1101, 1460);
    // Each of them is related where it is not late, and its MTU less than the packet.
    let related = |ms: f64, mtu: u16| {
        let mut frames = download();
        frames.push((41.4, packet(true, ".", 1101, 11921, 0).frame()));
        frames.push((ms, error(3, 4, mtu, &first)));
        let records = Capture::of(frames).records();
        records.iter().find(|record| record["type"] == "icmp").unwrap()["related"].as_bool().unwrap()
    };
    assert!(related(42.0, 1400), "it comes just after the acknowledgment");
    assert!(!related(30_000.0, 1400), "half a minute later it is about something else");
    assert!(!related(42.0, 1500), "the packet of 1500 bytes would have passed");
}

#[test]
fn a_flood_of_errors_is_taken_and_said_once() {
    let first = packet(false, ".", 9001, 1101, 1460);
    let mut frames = download();
    frames.extend((0..3000).map(|at| (22.0 + f64::from(at) / 1000.0, error(3, 4, 1400, &first))));
    let findings = Capture::of(frames).findings();
    assert_eq!(findings.iter().filter(|(_, code, ..)| code == "TC702").count(), 1);
}

#[test]
#[cfg(feature = "live")]
fn where_a_filter_leaves_icmp_out_the_summary_says_that_it_cannot_know() {
    let syn = packet(true, "S", 1000, 0, 0);
    let capture =
        Capture::of([(0.0, syn.frame()), (0.9, error(3, 13, 0, &syn)), (1000.0, syn.frame()), (3000.0, syn.frame())]);
    let (_, said) = capture.run(&["tcp", "port", "80"]);
    assert!(said.contains("icmp          left out by the filter"), "{said}");
    let (_, said) = capture.run(&["host", "10.0.0.1"]);
    assert!(said.contains("icmp          1 error about these connections"), "{said}");
}

#[test]
fn the_text_view_has_an_errors_finding_and_tcpdumps_tcp_lines_alone() {
    let first = packet(false, ".", 9001, 1101, 1460);
    let mut frames = download();
    frames.push((26.4, error(3, 4, 1400, &first)));
    let (text, _) = Capture::of(frames).run(&[]);
    assert_eq!(text.lines().filter(|line| !line.starts_with('#')).count(), 7, "{text}");
    assert!(
        text.contains("#! f1 @8 note TC702 path-mtu-exceeded  ICMP fragmentation needed from 203.0.113.1"),
        "{text}"
    );
}
