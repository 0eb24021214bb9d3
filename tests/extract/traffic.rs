//! Traffic of two connections at once with all that belongs to a connection without showing its ports.

use crate::testkit::file::{Record, pcap};
use crate::testkit::packet::{Opt, Packet, flags};

/// 2023-11-14 22:13:20 UTC.
const ZERO: i64 = 1_700_000_000_000_000_000;

/// A frame, and the connection that it belongs to: 0 for none.
pub(super) type Labelled = (u32, Vec<u8>);

/// A segment of the connection from port 51000 + `n` of the client.
pub(super) fn segment(n: u16, from_client: bool, letters: &str, seq: u32, ack: u32, payload: &[u8]) -> Packet {
    let (client, server) = (([10, 0, 0, 1], 51000 + n).into(), ([10, 0, 0, 2], 80).into());
    let mut packet = if from_client { Packet::new(client, server) } else { Packet::new(server, client) };
    (packet.seq, packet.ack, packet.flags) = (seq, ack, flags(letters).unwrap());
    packet.payload = payload.to_vec();
    if letters.contains('S') {
        packet.options = vec![Opt::Mss(1460), Opt::SackPermitted];
    }
    packet.ip_id = (n << 8) + (seq % 251) as u16;
    packet
}

fn ethernet(ip: &[u8]) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0x00];
    frame.extend(ip);
    frame
}

/// The checksum of bytes: 0 where it is in them and right.
pub(super) fn sum(bytes: &[u8]) -> u16 {
    let mut sum: u32 =
        bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0))).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

/// An IPv4 packet of these addresses.
fn ipv4(protocol: u8, src: [u8; 4], dst: [u8; 4], id: u16, fragment: u16, payload: &[u8]) -> Vec<u8> {
    let mut ip = vec![0x45, 0];
    ip.extend((20 + payload.len() as u16).to_be_bytes());
    ip.extend(id.to_be_bytes());
    ip.extend(fragment.to_be_bytes());
    ip.extend([64, protocol, 0, 0]);
    ip.extend(src);
    ip.extend(dst);
    let check = sum(&ip);
    ip[10..12].copy_from_slice(&check.to_be_bytes());
    ip.extend(payload);
    ip
}

/// The packet in two fragments: the first holds `at` bytes behind the IP header.
pub(super) fn fragments(packet: &Packet, at: usize) -> [Vec<u8>; 2] {
    let (ip, id) = (packet.ip(), packet.ip_id);
    let (src, dst) = (ip[12..16].try_into().unwrap(), ip[16..20].try_into().unwrap());
    let (first, later) = ip[20..].split_at(at);
    [ethernet(&ipv4(6, src, dst, id, 0x2000, first)), ethernet(&ipv4(6, src, dst, id, at as u16 / 8, later))]
}

/// "Fragmentation needed" from a router, with the beginning of the packet that it could not forward.
pub(super) fn fragmentation_needed(about: &Packet) -> Vec<u8> {
    let mut icmp = vec![3, 4, 0, 0, 0, 0, 0x05, 0x78];
    icmp.extend(&about.ip()[..28]);
    let check = sum(&icmp);
    icmp[2..4].copy_from_slice(&check.to_be_bytes());
    ethernet(&ipv4(1, [192, 0, 2, 1], about.ip()[12..16].try_into().unwrap(), 7, 0, &icmp))
}

/// The packet's frame in VXLAN.
pub(super) fn vxlan(packet: &Packet) -> Vec<u8> {
    let mut udp = vec![0xc0, 0x01, 0x12, 0xb5];
    let payload = [&[8, 0, 0, 0, 0, 0, 7, 0][..], &packet.frame()].concat();
    udp.extend((8 + payload.len() as u16).to_be_bytes());
    udp.extend([0, 0]);
    udp.extend(payload);
    ethernet(&ipv4(17, [172, 16, 0, 1], [172, 16, 0, 2], 9, 0, &udp))
}

/// Two connections, 1 in VXLAN from the client, with fragments in and out of order, ICMP about both, and packets of neither.
pub(super) fn labelled() -> Vec<Labelled> {
    let one = |from_client, letters, seq, ack, payload: &[u8]| segment(1, from_client, letters, seq, ack, payload);
    let two = |from_client, letters, seq, ack, payload: &[u8]| segment(2, from_client, letters, seq, ack, payload);
    let [first, later] = fragments(&one(true, "P.", 1001, 9001, &[b'x'; 1400]), 800);
    let [early, late] = fragments(&two(true, "P.", 1001, 9001, &[b'y'; 1400]), 600);
    let dns = ethernet(&ipv4(17, [10, 0, 0, 1], [10, 0, 0, 3], 5, 0, &[0xc0, 1, 0, 53, 0, 9, 0, 0, 1]));
    let mut udp = vec![0xc0, 1, 0, 99, 0x04, 0, 0, 0];
    udp.extend([7; 400]);
    let foreign = ethernet(&ipv4(17, [10, 0, 0, 1], [10, 0, 0, 2], 6, 0x2000, &udp));
    let foreign_later = ethernet(&ipv4(17, [10, 0, 0, 1], [10, 0, 0, 2], 6, 51, &[7; 400]));
    let stray = segment(3, true, "S", 5, 0, b"");
    vec![
        (1, vxlan(&one(true, "S", 1000, 0, b""))),
        (2, two(true, "S", 1000, 0, b"").frame()),
        (0, dns),
        (1, one(false, "S.", 9000, 1001, b"").frame()),
        (2, two(false, "S.", 9000, 1001, b"").frame()),
        (1, vxlan(&one(true, ".", 1001, 9001, b""))),
        (2, two(true, ".", 1001, 9001, b"").frame()),
        (1, first),
        (0, foreign),
        (1, later),
        // Fragments overtake each other; what comes between them does not.
        (2, late),
        (1, one(false, ".", 9001, 2401, b"").frame()),
        (0, foreign_later),
        (2, early),
        (1, fragmentation_needed(&one(true, "P.", 1001, 9001, &[b'x'; 1400]))),
        (2, fragmentation_needed(&two(true, "P.", 1001, 9001, &[b'y'; 1400]))),
        (0, fragmentation_needed(&stray)),
        (2, two(false, ".", 9001, 2401, b"").frame()),
        (1, one(true, "P.", 2401, 9001, b"more").frame()),
        (2, two(true, "F.", 2401, 9001, b"").frame()),
        (2, two(false, "F.", 9001, 2402, b"").frame()),
        (2, two(true, ".", 2402, 9002, b"").frame()),
    ]
}

/// The frames as a capture, 10 ms apart.
pub(super) fn capture(frames: &[Labelled]) -> Vec<u8> {
    let at = |n: usize| ZERO + n as i64 * 10_000_000;
    pcap(&frames.iter().enumerate().map(|(n, (_, bytes))| Record::whole(at(n), bytes.clone())).collect::<Vec<_>>())
}
