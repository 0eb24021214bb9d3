//! `compare`: what a path does to packets, known here, is what it says.

mod awkward;
mod middlebox;
mod records;
mod road;

use crate::testkit::file::pcap;
use crate::testkit::packet::{Opt, Packet};
use crate::testkit::tcpcheck;
use road::{Does, Records, Road, Talk, said};

/// A conversation of which the path loses, doubles and holds back a packet each.
fn troubled(road: &mut Road) -> Talk {
    let mut talk = Talk::new(40_000);
    talk.opens(road, 0);
    for (at, does) in [Does::Carry, Does::Double, Does::Carry, Does::Hold(40), Does::Carry].into_iter().enumerate() {
        talk.asks(road, 100 + at as i64 * 30, 500, does);
    }
    let lost = talk.packet(true, "P.", 300);
    road.send(300, true, &lost, Does::Lose);
    let mut again = lost.clone();
    again.ip_id += 1;
    road.send(600, true, &again, Does::Carry);
    let ack = talk.packet(false, ".", 0);
    road.send(612, false, &ack, Does::Carry);
    talk.closes(road, 700);
    talk
}

#[test]
fn each_packets_fate_is_what_the_path_did_to_it() {
    let mut road = Road::new();
    troubled(&mut road);
    let records = road.compared();
    // Frame by frame of A: 3 of the handshake, 5 times data and ACK, the lost one, the same again, its ACK, 3 of the close.
    assert_eq!(records.fates("lost").len(), 1);
    assert_eq!(records.fates("arrived").len(), 3 + 10 + 2 + 3);
    assert_eq!(records.fates("duplicated").len(), 1);
    assert_eq!((records.fates("inserted").len(), records.fates("outside").len()), (0, 0));
    let summary = records.summary();
    assert_eq!((&summary["a2b"]["overtaken"], &summary["a2b"]["lost_bytes"]), (&1.into(), &300.into()));
    assert_eq!(summary["a2b"]["hops"], serde_json::json!([3, 3]));
    let shown: Vec<_> = records.of_type("explanation");
    assert!(shown.iter().any(|one| one["shown"] == "first-copy-lost" && one["side"] == "a"), "{shown:?}");
}

#[test]
fn clocks_that_disagree_change_nothing_but_the_clocks() {
    let mut road = Road::new();
    troubled(&mut road);
    let even = road.compared();
    for ahead_ns in [3_600_250_000_000, -400_000_000, 86_400_000_000_000 * 400] {
        let mut road = Road::ahead(ahead_ns);
        troubled(&mut road);
        let records = road.compared();
        for fate in ["arrived", "lost", "duplicated"] {
            assert_eq!(records.fates(fate), even.fates(fate), "{ahead_ns} {fate}");
        }
        let clock = &records.of_type("compare")[0]["clock"];
        let off = clock["offset_ms"].as_f64().unwrap() - ahead_ns as f64 / 1e6;
        assert!(off.abs() <= clock["uncertainty_ms"].as_f64().unwrap(), "{clock}");
    }
}

#[test]
fn either_capture_may_be_named_first() {
    let mut road = Road::new();
    troubled(&mut road);
    let [a, b] = road.files();
    let turned = Records::of(&[&b, &a]);
    let lost = Records::of(&[&a, &b]).fates("lost");
    assert_eq!(turned.fates("lost"), lost.iter().map(|(a, b)| (*b, *a)).collect::<Vec<_>>());
    let words = said(&[&b, &a]);
    assert!(words.contains("client to server (B to A): 1 of 11 packets lost"), "{words}");
}

/// So far a firewall moves the client's sequence numbers.
const FURTHER: u32 = 0x2222_0000;

/// What a firewall does: other addresses, other initial sequence numbers, a smaller MSS, no SACK.
fn firewall(packet: &mut Packet, from_client: bool) {
    packet.ttl -= 1;
    for option in &mut packet.options {
        if let Opt::Mss(mss) = option {
            *mss = 1380;
        }
    }
    packet.options.retain(|option| *option != Opt::SackPermitted);
    let outside: std::net::SocketAddr = ([203, 0, 113, 7], 61_234).into();
    let inside: std::net::SocketAddr = ([10, 0, 0, 1], 40_000).into();
    if from_client {
        packet.src = outside;
        packet.seq = packet.seq.wrapping_add(FURTHER);
    } else {
        // As it comes from the server, and as it goes on to the client.
        packet.dst = inside;
        packet.ack = packet.ack.wrapping_sub(FURTHER);
    }
}

#[test]
fn a_translator_a_clamp_and_a_missing_option_are_called_by_name() {
    let mut road = Road::through(firewall);
    let mut talk = Talk::new(40_000);
    let mut send = |talk: &mut Talk, ms: i64, from_client: bool, letters: &str, len: u32| {
        let mut packet = talk.packet(from_client, letters, len);
        if !from_client {
            // What the server sends goes to the translator, and acknowledges the numbers that it has made.
            packet.dst = ([203, 0, 113, 7], 61_234).into();
            packet.ack = packet.ack.wrapping_add(FURTHER);
        }
        road.send(ms, from_client, &packet, Does::Carry);
    };
    send(&mut talk, 0, true, "S", 0);
    send(&mut talk, 11, false, "S.", 0);
    send(&mut talk, 22, true, ".", 0);
    for at in 0..5 {
        send(&mut talk, 50 + at * 30, true, "P.", 200);
        send(&mut talk, 62 + at * 30, false, "P.", 900);
    }
    let records = road.compared();
    let summary = records.summary();
    let connections = &summary["connections"];
    assert_eq!((&connections["translated"], &connections["renumbered"]), (&1.into(), &1.into()), "{summary}");
    assert_eq!((records.fates("arrived").len(), records.fates("lost").len()), (13, 0));
    let words = road.words();
    for expected in ["NAT", "10.0.0.1:40000 of A is 203.0.113.7:61234 of B", "MSS 1460 became 1380", "sackOK taken out"]
    {
        assert!(words.contains(expected), "{expected}: {words}");
    }
}

#[test]
fn a_reset_that_only_one_side_saw_was_made_by_something_between() {
    let mut road = Road::new();
    let mut talk = Talk::new(40_000);
    talk.opens(&mut road, 0);
    (0..4).for_each(|at| talk.asks(&mut road, 100 + at * 40, 400, Does::Carry));
    let reset = Packet { ttl: 250, ..talk.packet(false, "R.", 0) };
    road.send(300, false, &reset, Does::Make);
    talk.asks(&mut road, 301, 400, Does::Carry);
    let (records, words) = (road.compared(), road.words());
    assert_eq!(records.fates("inserted").len(), 1);
    assert_eq!(records.summary()["inserted"][0]["flag"], "RST");
    assert!(words.contains("something made a RST in the server's name, which only A saw"), "{words}");
}

/// Segments of one write, cut at these bytes.
fn cut(packet: &Packet, at: &[usize]) -> Vec<Packet> {
    let ends = at.iter().copied().chain([packet.payload.len()]);
    let mut from = 0;
    let mut parts = Vec::new();
    for to in ends {
        let mut part = packet.clone();
        part.seq = packet.seq.wrapping_add(from as u32);
        part.payload = packet.payload[from..to].to_vec();
        part.ip_id = packet.ip_id.wrapping_add(parts.len() as u16);
        parts.push(part);
        from = to;
    }
    parts
}

#[test]
fn offload_on_either_side_or_both_loses_no_byte() {
    const WIRE: [usize; 6] = [1460, 2920, 4380, 5840, 7300, 8760];
    let all = 10_000;
    for (near, far) in [(&[][..], &WIRE[..]), (&WIRE, &[]), (&[4380], &[2920, 8760]), (&[1000], &WIRE)] {
        let mut road = Road::new();
        let mut talk = Talk::new(40_000);
        talk.opens(&mut road, 0);
        talk.asks(&mut road, 50, 100, Does::Carry);
        let write = talk.packet(true, "P.", all);
        for part in cut(&write, near) {
            road.send(100, true, &part, Does::Lose);
        }
        for part in cut(&write, far) {
            road.send(100, true, &part, Does::Make);
        }
        let ack = talk.packet(false, ".", 0);
        road.send(115, false, &ack, Does::Carry);
        talk.closes(&mut road, 200);
        let records = road.compared();
        let (lost, made) = (records.fates("lost"), records.fates("inserted"));
        assert!(lost.is_empty() && made.is_empty(), "{near:?} {far:?}: {lost:?} {made:?}");
        assert_eq!(records.summary()["a2b"]["lost_bytes"], 0);
    }
}

#[test]
fn of_a_write_that_offload_sends_whole_only_what_was_lost_is_lost() {
    let mut road = Road::new();
    let mut talk = Talk::new(40_000);
    talk.opens(&mut road, 0);
    talk.asks(&mut road, 50, 100, Does::Carry);
    let write = talk.packet(true, "P.", 4380);
    road.send(100, true, &write, Does::Lose);
    for (at, part) in cut(&write, &[1460, 2920]).iter_mut().enumerate() {
        if at == 1 {
            part.ip_id += 100;
            road.send(150, true, part, Does::Carry);
        } else {
            road.send(100, true, part, Does::Make);
        }
    }
    talk.closes(&mut road, 200);
    let records = road.compared();
    assert_eq!(records.summary()["a2b"]["lost_bytes"], 1460);
    let lost: Vec<_> = records.of_type("crossing").into_iter().filter(|one| one["fate"] == "lost").collect();
    assert_eq!((lost.len(), &lost[0]["part"]), (1, &serde_json::json!([1460, 2920])));
}

#[test]
fn what_came_while_the_other_capture_was_not_running_is_not_lost() {
    let mut road = Road::new();
    let mut talk = Talk::new(40_000);
    talk.opens(&mut road, 0);
    (0..40).for_each(|at| talk.asks(&mut road, 100 + at * 1000, 400, Does::Carry));
    let [a, b] = road.files();
    let cut = b.with_file_name("cut.pcap");
    // B begins in the middle, and ends before A.
    let bytes = std::fs::read(&b).unwrap();
    let mut records = Vec::new();
    let mut at = 24;
    while at < bytes.len() {
        let len = 16 + u32::from_le_bytes(bytes[at + 8..at + 12].try_into().unwrap()) as usize;
        records.push(&bytes[at..at + len]);
        at += len;
    }
    let kept: Vec<u8> = records[20..60].concat();
    std::fs::write(&cut, [&bytes[..24], &kept].concat()).unwrap();
    let records = Records::of(&[&a, &cut]);
    assert_eq!((records.fates("lost").len(), records.fates("inserted").len()), (0, 0));
    assert_eq!(records.fates("arrived").len(), 40);
}

#[test]
fn captures_that_do_not_show_the_same_are_told_apart() {
    let mut road = Road::new();
    troubled(&mut road);
    let [a, b] = road.files();
    let mut other = Road::ahead(3_600_000_000_000);
    let mut talk = Talk::new(50_001);
    talk.opens(&mut other, 0);
    (0..5).for_each(|at| talk.asks(&mut other, 100 + at * 40, 321, Does::Carry));
    let [elsewhere, later] = other.files();
    let empty = a.with_file_name("empty.pcap");
    std::fs::write(&empty, pcap(&[])).unwrap();
    for (first, second, expected) in [
        (&a, &elsewhere, "show different traffic: no packet of one is in the other, not even with other addresses"),
        (&a, &later, "a.pcap had ended 3599."),
        (&later, &a, "a.pcap had ended 3599."),
        (&a, &empty, "empty.pcap: there is no TCP in it to compare"),
        (&empty, &b, "empty.pcap: there is no TCP in it to compare"),
    ] {
        let output = tcpcheck(&["compare".as_ref(), first.as_os_str(), second.as_os_str()]);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{error}");
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn captures_of_one_point_are_called_that_and_nothing_between_them_is() {
    let mut road = Road::new();
    troubled(&mut road);
    let [a, _] = road.files();
    let words = said(&[&a, &a]);
    assert!(words.contains("path: both captures are of one point"), "{words}");
    let records = Records::of(&[&a, &a]);
    assert_eq!(records.summary()["one_point"], true);
    let packets = records.of_type("crossing").len();
    assert_eq!((records.fates("arrived").len(), packets), (19, 19), "every packet once, and nothing else");
    assert_eq!(records.of_type("compare")[0]["clock"]["offset_ms"], 0.0);
}

#[test]
fn traffic_that_is_played_again_and_again_is_paired_round_by_round() {
    let mut road = Road::new();
    for round in 0..4 {
        let mut talk = Talk::new(40_000);
        talk.opens(&mut road, round * 1000);
        (0..5).for_each(|at| talk.asks(&mut road, round * 1000 + 100 + at * 40, 300, Does::Carry));
        talk.closes(&mut road, round * 1000 + 500);
    }
    let records = road.compared();
    let arrived = records.fates("arrived");
    assert_eq!(arrived.len(), 4 * 16);
    assert!(arrived.iter().all(|(a, b)| a.abs_diff(*b) <= 1), "in the same order on either side: {arrived:?}");
    assert_eq!((records.fates("lost").len(), records.fates("duplicated").len()), (0, 0));
}

/// What the last packets of a connection are: one that is lost, and a RST, which has come over so many routers more.
fn reset_at_the_end(ttl: u8) -> Records {
    let mut road = Road::new();
    let mut talk = Talk::new(40_000);
    talk.opens(&mut road, 0);
    (0..4).for_each(|at| talk.asks(&mut road, 100 + at * 40, 400, Does::Carry));
    let reset = Packet { ttl, ..talk.packet(false, "R.", 0) };
    road.send(300, false, &reset, Does::Make);
    road.compared()
}

#[test]
fn a_reset_behind_the_end_of_the_other_capture_is_told_by_its_time_to_live() {
    // Packets are sent with 64 and come with 61.
    assert_eq!(reset_at_the_end(64).fates("outside").len(), 1, "the server may have sent it a moment later");
    assert_eq!(reset_at_the_end(66).fates("inserted").len(), 1);
}

#[test]
fn a_retransmitted_syn_is_the_same_whatever_either_side_takes_it_for() {
    let mut road = Road::new();
    let mut talk = Talk::new(40_000);
    let syn = talk.packet(true, "S", 0);
    road.send(0, true, &syn, Does::Carry);
    // The refusal is lost: the server's side sees a new attempt, the client's the old one.
    let refusal = talk.packet(false, "R.", 0);
    road.send(11, false, &refusal, Does::Lose);
    let mut again = syn.clone();
    again.ip_id += 1;
    road.send(1_000, true, &again, Does::Carry);
    let mut second = refusal.clone();
    second.ip_id += 1;
    road.send(1_011, false, &second, Does::Carry);
    let mut other = Talk::new(40_001);
    other.opens(&mut road, 1_500);
    other.asks(&mut road, 1_600, 100, Does::Carry);
    let records = road.compared();
    assert_eq!(
        (records.fates("arrived").len(), records.fates("lost").len()),
        (8, 1),
        "{:?}",
        records.of_type("crossing")
    );
    assert_eq!(records.summary()["connections"]["only_b"], 0);
}

#[test]
fn packets_in_fragments_are_compared_as_the_packets_that_they_were() {
    let mut road = Road::new();
    let mut talk = Talk::new(40_000);
    talk.opens(&mut road, 0);
    talk.asks(&mut road, 50, 100, Does::Carry);
    let whole = talk.packet(true, "P.", 1400);
    road.fragmented(100, &whole, 800);
    let ack = talk.packet(false, ".", 0);
    road.send(115, false, &ack, Does::Carry);
    talk.closes(&mut road, 200);
    let records = road.compared();
    assert_eq!((records.fates("lost").len(), records.fates("inserted").len()), (0, 0));
    assert_eq!(records.bytes("arrived", "c2s"), 1500);
}

#[test]
fn a_clock_that_was_set_while_it_captured_is_told_instead_of_losses() {
    let mut road = Road::new();
    let mut talk = Talk::new(40_000);
    talk.opens(&mut road, 0);
    for at in 0..40 {
        // B's clock is put forward by a minute in the middle.
        road.ahead_ns = if at < 20 { 0 } else { 60_000_000_000 };
        talk.asks(&mut road, 100 + at * 1000, 400, Does::Carry);
    }
    let [a, b] = road.files();
    let output = tcpcheck(&["compare".as_ref(), a.as_os_str(), b.as_os_str()]);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("but one of the clocks was set by 60.0"), "{error}");
}

#[test]
fn time_that_goes_back_in_a_capture_loses_nothing() {
    let path = crate::testkit::root().join("fixtures/malformed/time-goes-back.pcap");
    let records = Records::of(&[&path, &path]);
    assert_eq!((records.fates("lost"), records.fates("inserted")), (vec![], vec![]));
    assert!(records.fates("arrived").iter().all(|(a, b)| a == b));
}

#[test]
fn of_captures_that_miss_frames_what_was_acknowledged_and_never_sent_again_is_not_lost() {
    let mut road = Road::new();
    let mut talk = Talk::new(40_000);
    talk.opens(&mut road, 0);
    for at in 0..20 {
        let does = if at == 10 { Does::Lose } else { Does::Carry };
        let data = talk.packet(true, "P.", 500);
        road.send(100 + at * 30, true, &data, does);
        let ack = talk.packet(false, ".", 0);
        road.send(112 + at * 30, false, &ack, Does::Carry);
    }
    talk.closes(&mut road, 900);
    let records = road.compared();
    assert_eq!((records.fates("lost").len(), records.fates("outside").len()), (0, 1));
}

#[test]
fn a_capture_that_ends_inside_a_packet_is_compared_up_to_there_and_that_is_said() {
    let mut road = Road::new();
    troubled(&mut road);
    let [a, b] = road.files();
    let whole = std::fs::read(&a).unwrap();
    std::fs::write(&a, &whole[..whole.len() - 7]).unwrap();
    let output = tcpcheck(&["compare".as_ref(), a.as_os_str(), b.as_os_str()]);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.contains("a.pcap") && errors.contains("ends inside"), "{errors}");
    assert_eq!(output.status.code(), Some(0), "{errors}");
    assert!(String::from_utf8(output.stdout).unwrap().contains("client to server (A to B)"), "{errors}");
}
