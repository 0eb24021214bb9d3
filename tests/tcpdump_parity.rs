//! Our lines against those of the tcpdump that is installed, where it is 4.99.3; elsewhere a notice says that it is not.

use std::net::IpAddr;
use std::process::Command;

use crate::lines::{Case, ZERO, cases, lines};
use crate::testkit::file::{Record, pcap};
use crate::testkit::packet::{Opt, Packet, Sum};

/// Whether the oracle is there: the version whose text is promised, with OpenSSL (which words MD5 signatures).
pub(crate) fn oracle() -> bool {
    let version = Command::new("tcpdump").arg("--version").output();
    let text = version.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let found = text.starts_with("tcpdump version 4.99.3\n") && text.contains("OpenSSL");
    if !found {
        crate::testkit::skipped(
            "no tcpdump 4.99.3 with OpenSSL here to compare with",
            "that of Debian 12: apt-get install tcpdump",
        );
    }
    found
}

/// What `tcpdump ARGS` prints of the packets, up to each length.
fn tcpdump(args: &str, records: &[Record]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("packets.pcap");
    std::fs::write(&path, pcap(records)).unwrap();
    let output = Command::new("tcpdump").args(["-r", path.to_str().unwrap(), args]).env("TZ", "UTC").output().unwrap();
    // With -A, a line end of the packet before a # is a dot here: such lines are tcpcheck's own.
    let text = String::from_utf8_lossy(&output.stdout).replace("\n#", ".#");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    text.split_inclusive('\n').map(up_to_length).collect()
}

/// A line without what applications say behind the segment's length.
pub(crate) fn up_to_length(line: &str) -> String {
    let length = line.find("Flags [").and_then(|flags| Some(flags + line[flags..].find(", length ")? + 9));
    let Some(length) = length else { return line.to_string() };
    let digits = line[length..].bytes().take_while(u8::is_ascii_digit).count();
    format!("{}\n", &line[..length + digits])
}

#[test]
fn the_expected_lines_are_tcpdumps_own() {
    if !oracle() {
        return;
    }
    for Case { name, args, records, expected } in cases() {
        assert_eq!(expected, tcpdump(args, &records), "{name} ({args})");
    }
}

#[test]
fn random_segments_have_tcpdumps_lines() {
    if !oracle() {
        return;
    }
    let mut random = Random(0x7c9c_4ec4);
    for args in ["-n", "-nS", "-nq", "-nt", "-nX", "-nA", "-n#ttt", "-nvK", "-nvv", "-ne"] {
        let records: Vec<Record> = (0..300).map(|at| segment(&mut random, at)).collect();
        let (ours, theirs) = (lines(args, &records), tcpdump(args, &records));
        for (ours, theirs) in ours.lines().zip(theirs.lines()) {
            assert_eq!(ours, theirs, "{args}");
        }
        assert_eq!(ours.lines().count(), theirs.lines().count(), "{args}");
    }
}

/// A segment between two hosts with whatever may stand in a header, sometimes cut.
fn segment(random: &mut Random, at: i64) -> Record {
    let v6 = random.below(3) == 0;
    let ports = random.pick([(1000, 2000), (1001, 1001), (4000, 22222)]);
    let hosts: [IpAddr; 2] = match v6 {
        true => [[0xfd00, 0, 0, 0, 0, 0, 0, 1].into(), [0xfd00, 0, 0, 0, 0, 0, 0, 2].into()],
        false => [[10, 0, 0, 1].into(), [10, 0, 0, 2].into()],
    };
    let mut packet = Packet::new((hosts[0], ports.0).into(), (hosts[1], ports.1).into());
    if random.below(2) == 0 {
        (packet.src, packet.dst) = (packet.dst, packet.src);
    }
    packet.seq = random.pick([1, 1000, 0xffff_fff0, random.0 as u32]);
    packet.ack = random.pick([1, 1000, 0xffff_fff0, random.0 as u32]);
    packet.flags = random.pick([0x02, 0x12, 0x10, 0x18, 0x11, 0x04, 0x14, random.0 as u16 & 0xfff]);
    packet.window = random.0 as u16;
    packet.urgent = (random.0 >> 16) as u16;
    packet.payload = random.bytes([0, 0, 1, 3, 40]);
    packet.sum = random.pick([Sum::Correct, Sum::Correct, Sum::Wrong, Sum::Partial]);
    let mut space = 40;
    while random.below(5) > 0 {
        let bytes = option(random);
        if bytes.len() > space {
            break;
        }
        space -= bytes.len();
        packet.options.push(Opt::Raw(bytes));
    }
    if random.below(30) == 0 {
        packet.data_offset = Some(random.below(16) as u8);
    }
    let mut record = Record::whole(ZERO + at * 1_000_000, packet.frame());
    if random.below(6) == 0 {
        let header = if v6 { 54 } else { 34 };
        record.bytes.truncate(header + random.below(60) as usize);
    }
    record
}

/// An option of a kind that is known, or nearly.
fn option(random: &mut Random) -> Vec<u8> {
    let (kind, lengths): (u8, &[usize]) = random.pick([
        (1, &[1][..]),
        (1, &[1]),
        (0, &[1]),
        (2, &[4]),
        (3, &[3]),
        (4, &[2]),
        (5, &[10, 18, 26, 34, 9]),
        (6, &[6]),
        (8, &[10]),
        (8, &[10]),
        (11, &[6]),
        (13, &[6]),
        (19, &[18]),
        (20, &[4]),
        (28, &[4]),
        (29, &[4, 16, 3]),
        (30, &[3, 4, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30]),
        (30, &[4, 8, 12, 14, 16, 18, 20, 22, 24, 26, 28]),
        (34, &[2, 6, 10, 5]),
        (172, &[5]),
        (253, &[6]),
        (254, &[2, 4, 6, 8]),
        (random.0 as u8 | 1, &[2, 3, 4, 5]),
    ]);
    let len = lengths[random.below(lengths.len() as u64) as usize];
    let mut option = vec![kind, len as u8];
    option.extend((0..len.saturating_sub(2)).map(|_| random.next() as u8));
    option.truncate(len);
    match (kind, &mut option[..]) {
        (30, [_, _, subtype, rest @ ..]) => {
            *subtype = (random.below(10) as u8) << 4 | random.pick([0, 1, 4, 6, 2]);
            if let (2, Some(flags)) = (*subtype >> 4, rest.first_mut()) {
                *flags &= 0x1f;
            }
        }
        (254, [_, _, id @ .., _, _]) if id.len() == 2 && random.below(2) == 0 => id.copy_from_slice(&[0xf9, 0x89]),
        (2.., [_, len, ..]) if random.below(20) == 0 => *len = random.below(30) as u8,
        _ => {}
    }
    option
}

/// A small generator (xorshift), seeded: every run compares the same segments.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn pick<T: Copy, const N: usize>(&mut self, from: [T; N]) -> T {
        from[self.below(N as u64) as usize]
    }

    fn bytes<const N: usize>(&mut self, lengths: [usize; N]) -> Vec<u8> {
        (0..self.pick(lengths)).map(|_| self.next() as u8).collect()
    }
}
