//! Segments whose packets came in IP fragments.

use serde_json::Value;

use crate::testkit::file::{Record, pcap};
use crate::testkit::packet::{Packet, flags};
use crate::testkit::tcpcheck;

/// 2023-11-14 22:13:20 UTC.
const ZERO: i64 = 1_700_000_000_000_000_000;

fn packet(v6: bool, from_client: bool, letters: &str, seq: u32, ack: u32, len: usize) -> Packet {
    let ends = match v6 {
        false => [([10, 0, 0, 1], 40000).into(), ([10, 0, 0, 2], 80).into()],
        true => [([0xfd00, 0, 0, 0, 0, 0, 0, 1], 40000).into(), ([0xfd00, 0, 0, 0, 0, 0, 0, 2], 80).into()],
    };
    let [client, server] = ends;
    let (src, dst) = if from_client { (client, server) } else { (server, client) };
    let payload = vec![7; len];
    Packet { flags: flags(letters).unwrap(), seq, ack, payload, ip_id: seq as u16, ..Packet::new(src, dst) }
}

/// The frames of a packet in fragments of so many bytes.
fn fragments(packet: &Packet, size: usize) -> Vec<Vec<u8>> {
    let whole = packet.ip();
    let v6 = whole[0] >> 4 == 6;
    let (header, data) = whole.split_at(if v6 { 40 } else { 20 });
    let parts = data.chunks(size).enumerate().map(|(at, part)| {
        let (offset, more) = (at * size, (at + 1) * size < data.len());
        let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, if v6 { 0x86 } else { 8 }, if v6 { 0xdd } else { 0 }];
        let mut header = header.to_vec();
        if v6 {
            header[4..6].copy_from_slice(&(8 + part.len() as u16).to_be_bytes());
            header[6] = 44;
            header.extend([6, 0]);
            header.extend((offset as u16 | u16::from(more)).to_be_bytes());
            header.extend(packet.seq.to_be_bytes());
        } else {
            header[2..4].copy_from_slice(&(20 + part.len() as u16).to_be_bytes());
            header[6..8].copy_from_slice(&(((offset as u16) / 8) | if more { 0x2000 } else { 0 }).to_be_bytes());
            header[10..12].fill(0);
        }
        frame.extend(header);
        frame.extend(part);
        frame
    });
    parts.collect()
}

/// A handshake, 2000 bytes in two fragments between others of 1000, each acknowledged; `change` may spoil the fragments.
fn download(v6: bool, change: impl Fn(&mut Vec<Vec<u8>>)) -> Vec<Record> {
    let whole = |from_client, letters: &str, seq, ack, len| packet(v6, from_client, letters, seq, ack, len).frame();
    let mut split = fragments(&packet(v6, false, ".", 10001, 1101, 2000), 1448);
    change(&mut split);
    let mut frames = vec![
        whole(true, "S", 1000, 0, 0),
        whole(false, "S.", 9000, 1001, 0),
        whole(true, ".", 1001, 9001, 0),
        whole(true, "P.", 1001, 9001, 100),
        whole(false, ".", 9001, 1101, 1000),
    ];
    frames.extend(split);
    frames.extend([
        whole(true, ".", 1101, 12001, 0),
        whole(false, ".", 12001, 1101, 1000),
        whole(true, ".", 1101, 13001, 0),
    ]);
    frames.into_iter().enumerate().map(|(at, frame)| Record::whole(ZERO + at as i64 * 1_000_000, frame)).collect()
}

fn run(records: &[Record], options: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fragments.pcap");
    std::fs::write(&path, pcap(records)).unwrap();
    let mut args = vec!["-nr", path.to_str().unwrap()];
    args.extend(options);
    let output = tcpcheck(&args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn records(records: &[Record]) -> Vec<Value> {
    run(records, &["--json"]).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn codes(json: &[Value]) -> Vec<&str> {
    json.iter().filter(|record| record["type"] == "finding").filter_map(|record| record["code"].as_str()).collect()
}

#[test]
fn a_segment_in_fragments_counts_once_at_the_frame_that_completes_it() {
    for v6 in [false, true] {
        for order in [false, true] {
            let json = records(&download(v6, |fragments| {
                if order {
                    fragments.reverse()
                }
            }));
            let flow = json.iter().find(|record| record["type"] == "flow").unwrap();
            assert_eq!((&flow["s2c"]["payload_bytes"], &flow["s2c"]["unique_bytes"]), (&4000.into(), &4000.into()));
            assert_eq!(codes(&json), ["TC410"], "{json:#?}");
            let frames: Vec<_> = json
                .iter()
                .filter(|record| record["type"] == "packet")
                .map(|record| record["frame"].as_u64())
                .collect();
            assert_eq!(frames, [1, 2, 3, 4, 5, 7, 8, 9, 10].map(Some));
            let whole = json.iter().find(|record| record["frame"] == 7).unwrap();
            assert_eq!((&whole["payload_bytes"], &whole["checksum"]), (&2000.into(), &"correct".into()));
        }
    }
}

#[test]
fn the_text_view_keeps_tcpdumps_lines_of_fragments() {
    let text = run(&download(false, |_| ()), &["-t"]);
    let first = "IP 10.0.0.2.80 > 10.0.0.1.40000: Flags [.], seq 1001:2429, ack 101, win 64240, length 1428\n";
    assert!(text.contains(first), "{text}");
    assert!(text.contains("\nIP 10.0.0.2 > 10.0.0.1: ip-proto-6\n# f1 @7 "), "{text}");
    assert!(!text.contains("\n# f1 @6 "), "{text}");
    let text = run(&download(true, |_| ()), &["-t"]);
    assert!(text.contains("\nIP6 fd00::2 > fd00::1: frag (1448|572)\n# f1 @7 "), "{text}");
}

#[test]
fn fragments_that_overlap_are_dropped_and_that_is_said() {
    let json = records(&download(false, |fragments| {
        // It begins eight bytes earlier than the first one ends.
        let offset = u16::from_be_bytes([fragments[1][20], fragments[1][21]]) - 1;
        fragments[1][20..22].copy_from_slice(&offset.to_be_bytes());
    }));
    let finding = json.iter().find(|record| record["code"] == "TC918").unwrap_or_else(|| panic!("{json:#?}"));
    assert!(
        finding["message"]
            .as_str()
            .unwrap()
            .contains("1 packet in fragments not put together: their fragments overlap")
    );
    // What they held was never received as far as anybody can tell from here.
    assert!(codes(&json).contains(&"TC910"), "{:?}", codes(&json));
}

#[test]
fn fragments_that_do_not_all_come_are_said() {
    let json = records(&download(false, |fragments| drop(fragments.pop())));
    let finding = json.iter().find(|record| record["code"] == "TC918").unwrap_or_else(|| panic!("{json:#?}"));
    assert!(finding["message"].as_str().unwrap().contains("fragments of them are missing"), "{finding}");
}

#[test]
fn fragments_captured_twice_make_one_segment() {
    let json = records(&download(false, |fragments| {
        let copies = fragments.clone();
        fragments.extend(copies);
    }));
    assert_eq!(codes(&json), ["TC410"], "{json:#?}");
}

#[test]
fn with_k_no_checksum_is_judged() {
    let wrong = Packet { sum: crate::testkit::packet::Sum::Wrong, ..packet(false, true, "P.", 1101, 9001, 50) };
    let mut capture = download(false, |_| ());
    capture.insert(4, Record::whole(ZERO + 3_500_000, wrong.frame()));
    let says = |options: &[&str]| {
        let json = run(&capture, options);
        (json.contains("TC506"), json.contains("\"checksum\":\"correct\""))
    };
    assert_eq!(says(&["--json"]), (true, true));
    assert_eq!(says(&["--json", "-K"]), (false, false));
}
