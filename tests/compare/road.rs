//! A path between two captures: packets are sent into it, and it does to them what a test asks for.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::testkit::file::{Record, pcap};
use crate::testkit::packet::{Opt, Packet, flags};
use crate::testkit::tcpcheck;

/// When it all begins, in nanoseconds.
const START: i64 = 1_700_000_000_000_000_000;

/// What the path does to one packet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Does {
    /// It comes.
    Carry,
    /// It is lost.
    Lose,
    /// It comes twice.
    Double,
    /// It comes so many milliseconds later than others do.
    Hold(i64),
    /// It was never sent: something between makes it.
    Make,
}

/// Two captures in the making: A beside the client, B beside the server.
pub(super) struct Road {
    /// How long packets take, in microseconds.
    pub delay_us: i64,
    /// How far B's clock is ahead, in nanoseconds.
    pub ahead_ns: i64,
    /// What something between does to every packet that goes to the server, or comes from there.
    pub alters: fn(&mut Packet, bool),
    a: Vec<Record>,
    b: Vec<Record>,
    folder: tempfile::TempDir,
}

impl Road {
    pub(super) fn new() -> Self {
        Self {
            delay_us: 10_000,
            ahead_ns: 0,
            alters: |packet, _| packet.ttl -= 3,
            a: Vec::new(),
            b: Vec::new(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// Whose B is so far ahead.
    pub(super) fn ahead(ahead_ns: i64) -> Self {
        Self { ahead_ns, ..Self::new() }
    }

    /// With something between that does this.
    pub(super) fn through(alters: fn(&mut Packet, bool)) -> Self {
        Self { alters, ..Self::new() }
    }

    /// A packet that the client (or else the server) sends, so many milliseconds after the beginning.
    pub(super) fn send(&mut self, ms: i64, from_client: bool, packet: &Packet, does: Does) {
        let sent = START + ms * 1_000_000;
        let mut came = packet.clone();
        (self.alters)(&mut came, from_client);
        let (at_client, at_server) = if from_client { (packet, &came) } else { (&came, packet) };
        let held = if let Does::Hold(ms) = does { ms * 1_000_000 } else { 0 };
        let arrives = sent + self.delay_us * 1_000 + held;
        let (at_a, at_b) = if from_client { (sent, arrives) } else { (arrives, sent) };
        let (near, far) = if from_client { (&mut self.a, &mut self.b) } else { (&mut self.b, &mut self.a) };
        let (near_record, far_record) = {
            let a = Record::whole(at_a, at_client.frame());
            let b = Record::whole(at_b + self.ahead_ns, at_server.frame());
            if from_client { (a, b) } else { (b, a) }
        };
        if does != Does::Make {
            near.push(near_record);
        }
        if does != Does::Lose {
            far.push(far_record.clone());
        }
        if does == Does::Double {
            far.push(Record { ns: far_record.ns + 300_000, ..far_record });
        }
    }

    /// A packet of the client that a router between cuts into two fragments of IPv4, behind so many bytes.
    pub(super) fn fragmented(&mut self, ms: i64, packet: &Packet, cut: usize) {
        self.send(ms, true, packet, Does::Lose);
        let mut came = packet.clone();
        (self.alters)(&mut came, true);
        let frame = came.frame();
        let (header, payload) = (&frame[..34], &frame[34..]);
        for (from, to, more) in [(0, cut, true), (cut, payload.len(), false)] {
            let mut part = header.to_vec();
            part[16..18].copy_from_slice(&(20 + (to - from) as u16).to_be_bytes());
            part[20..22].copy_from_slice(&((from as u16 / 8) | if more { 0x2000 } else { 0 }).to_be_bytes());
            part.extend_from_slice(&payload[from..to]);
            let ns = START + ms * 1_000_000 + self.delay_us * 1_000 + from as i64 + self.ahead_ns;
            self.b.push(Record::whole(ns, part));
        }
    }

    /// Writes both captures.
    pub(super) fn files(&mut self) -> [PathBuf; 2] {
        let folder = self.folder.path().to_owned();
        [("a.pcap", &mut self.a), ("b.pcap", &mut self.b)].map(|(name, records)| {
            records.sort_by_key(|record| record.ns);
            let path = folder.join(name);
            std::fs::write(&path, pcap(records)).unwrap();
            path
        })
    }

    /// The records of a comparison.
    pub(super) fn compared(&mut self) -> Records {
        let [a, b] = self.files();
        Records::of(&[&a, &b])
    }

    /// The verdict in words.
    pub(super) fn words(&mut self) -> String {
        let [a, b] = self.files();
        said(&[&a, &b])
    }
}

/// What `compare` says of captures, a line a sentence; it has to succeed.
pub(super) fn said(paths: &[&Path]) -> String {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_tcpcheck"));
    let output = command.arg("compare").args(paths).env("COLUMNS", "10000").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Records of a comparison, and the lines that they are.
pub(super) struct Records(pub Vec<Value>, pub Vec<String>);

impl Records {
    /// Of these captures.
    pub(super) fn of(paths: &[&Path]) -> Self {
        let args = ["compare", "--json", "--packets"].map(AsRef::as_ref).into_iter();
        let args: Vec<&std::ffi::OsStr> = args.chain(paths.iter().map(|path| path.as_os_str())).collect();
        let output = tcpcheck(&args);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        Self(lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect(), lines)
    }

    /// Those of a type.
    pub(super) fn of_type(&self, kind: &str) -> Vec<&Value> {
        self.0.iter().filter(|record| record["type"] == kind).collect()
    }

    /// Frames in A and in B of all packets with that fate; 0 where there is none.
    pub(super) fn fates(&self, fate: &str) -> Vec<(u64, u64)> {
        let frame = |record: &Value, key: &str| record[key].as_u64().unwrap_or(0);
        let crossings = self.of_type("crossing").into_iter().filter(|record| record["fate"] == fate);
        let mut frames: Vec<_> = crossings.map(|one| (frame(one, "a_frame"), frame(one, "b_frame"))).collect();
        frames.sort_unstable();
        frames
    }

    /// Payload bytes of one direction with that fate: of whole packets, or of the parts of them that it is about.
    pub(super) fn bytes(&self, fate: &str, dir: &str) -> u64 {
        let crossings = self.of_type("crossing").into_iter().filter(|one| one["fate"] == fate && one["dir"] == dir);
        let bytes = |one: &Value| match one["part"].as_array() {
            Some(part) => part[1].as_u64().unwrap() - part[0].as_u64().unwrap(),
            None => one["payload_bytes"].as_u64().unwrap(),
        };
        crossings.map(bytes).sum()
    }

    /// The last record.
    pub(super) fn summary(&self) -> &Value {
        self.of_type("compare_summary")[0]
    }
}

/// A connection as its ends' kernels would talk.
pub(super) struct Talk {
    pub client: std::net::SocketAddr,
    pub server: std::net::SocketAddr,
    /// Initial sequence numbers.
    pub isn: [u32; 2],
    /// What each has sent.
    pub sent: [u32; 2],
    ids: [u16; 2],
}

impl Talk {
    pub(super) fn new(port: u16) -> Self {
        Self {
            client: ([10, 0, 0, 1], port).into(),
            server: ([192, 0, 2, 9], 443).into(),
            isn: [0x1357_0000 + u32::from(port) * 77_777, 0x9bdf_0000 + u32::from(port) * 33_333],
            sent: [0; 2],
            ids: [port, port / 2],
        }
    }

    /// The next packet of an end, with so many bytes.
    pub(super) fn packet(&mut self, from_client: bool, letters: &str, len: u32) -> Packet {
        let (me, other) = if from_client { (0, 1) } else { (1, 0) };
        let ends = [self.client, self.server];
        let mut packet = Packet::new(ends[me], ends[other]);
        packet.flags = flags(letters).unwrap();
        packet.seq = self.isn[me].wrapping_add(self.sent[me]);
        if letters.contains('.') {
            packet.ack = self.isn[other].wrapping_add(self.sent[other]);
        }
        self.ids[me] += 1;
        packet.ip_id = self.ids[me];
        let byte = |n: u32| (packet.seq.wrapping_add(n).wrapping_mul(2_654_435_761) >> 24) as u8;
        packet.payload = (0..len).map(byte).collect();
        if letters.contains('S') {
            packet.options = vec![Opt::Mss(1460), Opt::SackPermitted, Opt::WindowScale(7)];
        }
        let controls = letters.chars().filter(|letter| "SF".contains(*letter)).count() as u32;
        self.sent[me] = self.sent[me].wrapping_add(len + controls);
        packet
    }

    /// The handshake, from that millisecond on.
    pub(super) fn opens(&mut self, road: &mut Road, ms: i64) {
        let syn = self.packet(true, "S", 0);
        road.send(ms, true, &syn, Does::Carry);
        let syn_ack = self.packet(false, "S.", 0);
        road.send(ms + 11, false, &syn_ack, Does::Carry);
        let ack = self.packet(true, ".", 0);
        road.send(ms + 22, true, &ack, Does::Carry);
    }

    /// A segment of the client, which the server acknowledges.
    pub(super) fn asks(&mut self, road: &mut Road, ms: i64, len: u32, does: Does) {
        let data = self.packet(true, "P.", len);
        road.send(ms, true, &data, does);
        if does != Does::Lose {
            let ack = self.packet(false, ".", 0);
            road.send(ms + 12, false, &ack, Does::Carry);
        }
    }

    /// FINs both ways.
    pub(super) fn closes(&mut self, road: &mut Road, ms: i64) {
        for (later, from_client, letters) in [(0, true, "F."), (12, false, "F."), (24, true, ".")] {
            let packet = self.packet(from_client, letters, 0);
            road.send(ms + later, from_client, &packet, Does::Carry);
        }
    }
}
