//! Captures as people have them: cut short, with holes, twice of one point, by clocks that are set, of paths that rewrite much.

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::road::{Does, Records, Road, Talk, said};
use crate::testkit::packet::{Opt, Packet};
use crate::testkit::tcpcheck;

/// So far a firewall moves each end's sequence numbers: with both together further than half of all there are.
const MOVED: [u32; 2] = [0x9234_5678, 0x8765_4321];

/// A port of the client outside.
fn outside(port: u16) -> std::net::SocketAddr {
    ([203, 0, 113, 7], port + 20_000).into()
}

/// Translates addresses, and moves the numbers of client and server.
fn rewrite(packet: &mut Packet, from_client: bool, [client, server]: [u32; 2]) {
    if from_client {
        packet.src = outside(packet.src.port());
        packet.seq = packet.seq.wrapping_add(client);
        packet.ack = if packet.ack == 0 { 0 } else { packet.ack.wrapping_add(server) };
    } else {
        packet.dst = ([10, 0, 0, 1], packet.dst.port() - 20_000).into();
        packet.seq = packet.seq.wrapping_sub(server);
        packet.ack = packet.ack.wrapping_sub(client);
    }
}

fn moves_both(packet: &mut Packet, from_client: bool) {
    rewrite(packet, from_client, MOVED);
}

fn moves_the_servers(packet: &mut Packet, from_client: bool) {
    rewrite(packet, from_client, [0, MOVED[1]]);
}

fn translates(packet: &mut Packet, from_client: bool) {
    rewrite(packet, from_client, [0, 0]);
}

/// Sends a packet through a firewall that has moved numbers so far: the server's as it leaves there.
fn send(road: &mut Road, ms: i64, from_client: bool, packet: &Packet, [client, server]: [u32; 2]) {
    let mut packet = packet.clone();
    if !from_client {
        packet.dst = outside(packet.dst.port());
        packet.seq = packet.seq.wrapping_add(server);
        packet.ack = packet.ack.wrapping_add(client);
    }
    road.send(ms, from_client, &packet, Does::Carry);
}

/// A conversation that the server begins, through such a firewall.
fn banner(road: &mut Road, moved: [u32; 2]) {
    let mut talk = Talk::new(30_000);
    let mut say = |ms, from_client, letters, len| {
        let packet = talk.packet(from_client, letters, len);
        send(road, ms, from_client, &packet, moved);
    };
    say(0, true, "S", 0);
    say(11, false, "S.", 0);
    say(22, true, ".", 0);
    for at in 0..10 {
        say(50 + at * 60, false, "P.", 900);
        say(62 + at * 60, true, ".", 0);
        say(80 + at * 60, true, "P.", 200);
        say(92 + at * 60, false, ".", 0);
    }
}

/// Nothing was lost, made or doubled.
fn nothing_happened(records: &Records) {
    for fate in ["lost", "inserted", "duplicated"] {
        assert_eq!(records.fates(fate), [], "{fate}");
    }
}

#[test]
fn behind_a_translator_that_moves_the_numbers_of_both_ends_all_is_found() {
    for (alters, moved) in [(moves_both as fn(&mut Packet, bool), MOVED), (moves_the_servers, [0, MOVED[1]])] {
        let mut road = Road::through(alters);
        banner(&mut road, moved);
        let records = road.compared();
        nothing_happened(&records);
        assert_eq!(records.fates("arrived").len(), 43);
        let clock = &records.of_type("compare")[0]["clock"];
        assert!(clock["uncertainty_ms"].is_number(), "both directions show: {clock}");
    }
}

#[test]
fn equal_numbers_tell_connections_of_equal_content_behind_a_translator() {
    let mut road = Road::through(translates);
    let mut talks = [30_000, 30_001, 30_002].map(Talk::new);
    for at in 0..10 {
        for (nth, talk) in (0..).zip(&mut talks) {
            for from_client in [true, false] {
                let mut packet = talk.packet(from_client, "P.", 400);
                packet.payload.fill(at as u8);
                let ms = at * 100 + nth * 4 + if from_client { 0 } else { 12 };
                send(&mut road, ms, from_client, &packet, [0, 0]);
            }
        }
    }
    let [a, b] = road.files();
    without(&a, 0..302_000_000);
    let records = Records::of(&[&a, &b]);
    nothing_happened(&records);
    assert_eq!(records.summary()["connections"]["translated"], 3);
}

/// A capture's header, and its records: when, in nanoseconds since it began, and all their bytes.
fn records(path: &Path) -> (Vec<u8>, Vec<(i64, Vec<u8>)>) {
    let bytes = std::fs::read(path).unwrap();
    let word = |at: usize| i64::from(u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()));
    let unit = if word(0) == 0xa1b2_3c4d { 1 } else { 1_000 };
    let (mut at, mut records) = (24, Vec::new());
    while at < bytes.len() {
        let len = 16 + word(at + 8) as usize;
        records.push((word(at) * 1_000_000_000 + word(at + 4) * unit, bytes[at..at + len].to_vec()));
        at += len;
    }
    let first = records[0].0;
    records.iter_mut().for_each(|(ns, _)| *ns -= first);
    (bytes[..24].to_vec(), records)
}

/// Takes out of a capture what it shows then.
fn without(path: &Path, hole: Range<i64>) {
    let (mut bytes, records) = records(path);
    bytes.extend(records.into_iter().filter(|(ns, _)| !hole.contains(ns)).flat_map(|(_, record)| record));
    std::fs::write(path, bytes).unwrap();
}

/// Cuts all frames of a capture to that number of bytes.
fn snapped(path: &Path, len: u32) {
    let (mut bytes, records) = records(path);
    for (_, mut record) in records {
        let kept = len.min(record.len() as u32 - 16);
        record[8..12].copy_from_slice(&kept.to_le_bytes());
        bytes.extend(&record[..16 + kept as usize]);
    }
    std::fs::write(path, bytes).unwrap();
}

/// A capture with a clock that is that number of seconds ahead.
fn ahead(path: &Path, seconds: u32) -> PathBuf {
    let (mut bytes, records) = records(path);
    for (_, mut record) in records {
        let second = u32::from_le_bytes(record[..4].try_into().unwrap()) + seconds;
        record[..4].copy_from_slice(&second.to_le_bytes());
        bytes.extend(record);
    }
    let path = path.with_file_name("ahead.pcap");
    std::fs::write(&path, bytes).unwrap();
    path
}

/// A conversation with timestamps in every packet.
fn stamped(road: &mut Road) {
    let mut talk = Talk::new(40_000);
    talk.opens(road, 0);
    for at in 0..20 {
        for from_client in [true, false] {
            let mut packet = talk.packet(from_client, "P.", 500);
            packet.options = vec![Opt::Timestamps(at as u32 * 40, at as u32 * 40 + 7)];
            road.send(100 + at * 40 + if from_client { 0 } else { 12 }, from_client, &packet, Does::Carry);
        }
    }
}

#[test]
fn what_a_capture_does_not_hold_of_a_header_is_neither_lost_nor_taken_out() {
    // Within the options: behind the MSS of a SYN, and inside the timestamps.
    for cut in [[false, true], [true, false], [true, true]] {
        let mut road = Road::new();
        stamped(&mut road);
        let files = road.files();
        files.iter().zip(cut).filter(|(_, cut)| *cut).for_each(|(file, _)| snapped(file, 14 + 20 + 20 + 5));
        let [a, b] = &files;
        let records = Records::of(&[a, b]);
        nothing_happened(&records);
        assert_eq!(records.fates("arrived").len(), 43);
        assert_eq!(records.summary()["a2b"]["changes"], serde_json::json!([]));
        let words = said(&[a, b]);
        assert!(words.contains("end inside TCP's options or before"), "{words}");
    }
}

#[test]
fn copies_that_both_captures_hold_are_pairs() {
    let mut road = Road::new();
    super::troubled(&mut road);
    let mut talk = Talk::new(40_001);
    talk.opens(&mut road, 1_000);
    (0..10).for_each(|at| talk.asks(&mut road, 1_100 + at * 40, 300, Does::Double));
    let [_, b] = road.files();
    let all = records(&b).1.len();
    for other in [b.clone(), ahead(&b, 3_600)] {
        let records = Records::of(&[&b, &other]);
        nothing_happened(&records);
        assert_eq!(records.fates("arrived"), (1..=all as u64).map(|n| (n, n)).collect::<Vec<_>>());
    }
}

#[test]
fn what_passed_while_a_capture_had_a_hole_is_not_lost() {
    for holed in [0, 1] {
        let mut road = Road::new();
        let mut talk = Talk::new(40_000);
        talk.opens(&mut road, 0);
        (0..60).for_each(|at| talk.asks(&mut road, 100 + at * 30, 400, Does::Carry));
        talk.closes(&mut road, 2_000);
        let files = road.files();
        without(&files[holed], 700_000_000..1_200_000_000);
        let [a, b] = &files;
        let records = Records::of(&[a, b]);
        nothing_happened(&records);
        assert!(records.fates("outside").len() > 30, "{holed}");
    }
}

#[test]
fn a_clock_that_jumps_by_less_than_seconds_is_told_too() {
    for jump in [500_000_000, -500_000_000] {
        let mut road = Road::new();
        let mut talk = Talk::new(40_000);
        talk.opens(&mut road, 0);
        for at in 0..60 {
            road.ahead_ns = if at < 30 { 0 } else { jump };
            talk.asks(&mut road, 100 + at * 1_000, 400, Does::Carry);
        }
        let [a, b] = road.files();
        let output = tcpcheck(&["compare".as_ref(), a.as_os_str(), b.as_os_str()]);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{error}");
        assert!(error.contains("but one of the clocks was set by 500"), "{error}");
        assert!(error.contains(" meanwhile, 30."), "when: {error}");
    }
}

#[test]
fn where_nothing_can_be_paired_that_is_said_instead_of_a_clock() {
    let mut road = Road::through(moves_both);
    let mut talk = Talk::new(30_000);
    for at in 0..20 {
        for from_client in [true, false] {
            // Nothing but timestamps: that the traffic is the same shows, and not which connection is which.
            let mut packet = talk.packet(from_client, "P.", 8);
            packet.options = vec![Opt::Timestamps(at as u32 * 40, at as u32 * 40 + 7)];
            send(&mut road, at * 40 + if from_client { 0 } else { 12 }, from_client, &packet, MOVED);
        }
    }
    let words = road.words();
    assert!(words.contains("path: no packet could be paired") && !words.contains("clocks"), "{words}");
    assert!(!words.contains("lost"), "{words}");
}

#[test]
fn a_policy_may_compare_a_capture_with_itself() {
    let mut road = Road::new();
    super::troubled(&mut road);
    let [a, _] = road.files();
    let policy = a.with_file_name("policy.toml");
    std::fs::write(&policy, "version = 1\n[compare]\nmax_loss = \"1%\"\n").unwrap();
    let output = tcpcheck(&["check".as_ref(), "-P".as_ref(), policy.as_os_str(), a.as_os_str(), a.as_os_str()]);
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
}

#[test]
fn the_words_say_nothing_of_what_is_nothing_and_what_to_run_next() {
    let mut road = Road::new();
    stamped(&mut road);
    let [a, b] = road.files();
    let same = said(&[&a, &a]);
    assert!(same.contains("clocks: A's and B's are equal") && !same.contains(" 0 us"), "{same}");
    let words = said(&[&a, &b]);
    let next: Vec<&str> = words.lines().rev().take(2).collect();
    let names = format!("tcpcheck compare {} {}", a.display(), b.display());
    assert_eq!(next, [format!("      {names} -o compare.html"), format!("next: {names} --flow 1")]);
}
