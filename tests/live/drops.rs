//! Packets that are lost on the way into the capture.

use rustix::process::Signal;

use super::PORT;
use super::net::{CLIENT, Net};
use crate::testkit::packet::{Packet, flags};

/// SYNs to the client, each from another port and address.
fn syns(count: u32) -> impl Iterator<Item = Vec<u8>> + Send {
    (0..count).map(|n| {
        let source = (std::net::Ipv4Addr::from(0x0a63_0100 + n / 60_000), 1024 + (n % 60_000) as u16);
        let mut packet = Packet::new(source.into(), (CLIENT, PORT).into());
        (packet.seq, packet.flags) = (n.wrapping_mul(0x9e37_79b9), flags("S").unwrap());
        packet.frame()
    })
}

#[test]
fn what_the_kernel_drops_is_said_while_the_capture_goes_on() {
    let Some(net) = Net::new() else { return };
    let mut running = net.capture(&["-n", "--findings", "-B", "64"]);
    running.signal(Signal::STOP);
    net.send(syns(20_000));
    running.signal(Signal::CONT);
    let said = running.hear("TC907 kernel-drops");
    assert!(said.contains("dropped by the kernel"), "{said}");
    let (status, said) = running.end();
    assert_eq!(status.code(), Some(0));
    // What was told as it happened, and what the counters say in the end, is the same.
    let number = |line: &str| line.split_whitespace().find_map(|word| word.parse::<u64>().ok());
    let told: u64 = said.iter().filter_map(|line| number(line.split_once("kernel-drops")?.1)).sum();
    let counted = said.iter().find(|line| line.contains("packets dropped by kernel")).and_then(|line| number(line));
    assert_eq!(Some(told), counted, "{said:#?}");
    assert!(told > 0);
}

#[test]
fn a_syn_flood_at_full_speed_is_told_and_a_connection_in_it_is_followed() {
    let Some(net) = Net::new() else { return };
    let mut running =
        net.capture(&["-n", "--json", "--flows", "--findings", "--summary", "--max-half-open", "2000", "-B", "65536"]);
    let (mut client, mut server) = net.connect(PORT);
    let before = net.arrived();
    net.send(syns(30_000));
    // A SYN is a packet; what the cable itself lost is nobody's to name.
    let flood = net.arrived() - before;
    assert!(flood > 20_000, "{flood} of 30,000 SYNs came through the cable");
    std::io::Write::write_all(&mut client, b"still there").unwrap();
    std::io::Read::read_exact(&mut server, &mut [0; 11]).unwrap();
    drop(client);
    assert_eq!(std::io::Read::read(&mut server, &mut [0]).unwrap(), 0);
    drop(server);
    net.wait_until_closed();
    running.catch_up();
    let (status, said) = running.end();
    assert_eq!(status.code(), Some(0));
    // What the kernel took and the capture did not: dropped, or still waiting when the end came.
    let count = |words: &str| -> u64 {
        let line = said.iter().find(|line| line.contains(words)).unwrap_or_else(|| panic!("{words}: {said:#?}"));
        line.split_whitespace().next().unwrap().parse().unwrap()
    };
    let lost = count("received by filter") - count("packets captured");
    let has = |words: &[&str]| said.iter().any(|line| words.iter().all(|word| line.contains(word)));
    assert!(has(&["TC607"]) && has(&["TC911"]), "{:#?}", said.last());
    // Whoever has more to say than a SYN is followed all the same.
    let talk: Vec<_> = said.iter().filter(|line| line.contains(&format!("\"client\":\"{CLIENT}\""))).collect();
    assert_eq!(talk.len(), 1, "{talk:#?}");
    let whole = talk[0].contains("\"unique_bytes\":11,") && talk[0].contains("\"outcome\":\"closed\"");
    assert!(whole || lost > 0, "{talk:#?}");
    let summary = said.iter().find(|line| line.contains("\"type\":\"summary\"")).unwrap();
    let number = |key: &str| -> u64 {
        summary.split_once(&format!("\"{key}\":")).unwrap().1.split(',').next().unwrap().parse().unwrap()
    };
    assert_eq!(number("kernel_drops"), count("dropped by kernel"));
    // Every SYN is a connection, but for those that were lost by these counters; hosts say more than that on a cable.
    assert!(number("flows") + number("other_packets") + lost > flood, "{lost} lost of {flood}: {summary}");
}
