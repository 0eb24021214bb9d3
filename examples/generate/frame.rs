//! Segments to bytes: Ethernet, IPv4 or IPv6, TCP with its options and checksums, and the pcap record around them.

use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};

/// FIN, SYN, RST, PSH and ACK as in the header.
pub(crate) const FIN: u8 = 0x01;
pub(crate) const SYN: u8 = 0x02;
pub(crate) const RST: u8 = 0x04;
pub(crate) const PSH: u8 = 0x08;
pub(crate) const ACK: u8 = 0x10;

/// The window scale that every SYN offers.
pub(crate) const SCALE: u8 = 7;

/// The most payload in a segment: an MSS of 1440 (IPv6) without the timestamps.
pub(crate) const MAX_PAYLOAD: u16 = 1428;

/// A segment as one end sends it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Segment {
    /// When it passes the capture point, in microseconds since the capture began.
    pub at: u64,
    pub seq: u32,
    pub ack: u32,
    pub tsval: u32,
    pub tsecr: u32,
    /// One SACK block, if the two differ.
    pub sack: (u32, u32),
    pub len: u16,
    pub ip_id: u16,
    pub window: u16,
    pub flags: u8,
    /// 0 is the client, 1 the server.
    pub from: u8,
}

/// Writes a pcap file of Ethernet frames, with times in microseconds.
pub(crate) struct Pcap<W> {
    out: W,
    frame: Vec<u8>,
    /// `sums[n]`: the sum of the payload's first n bytes as big-endian words, not folded.
    sums: Vec<u32>,
    payload: Vec<u8>,
    pub packets: u64,
    pub last: u64,
}

/// 2023-11-14 22:13:20 UTC, when every capture begins.
const BEGIN: u64 = 1_700_000_000;

impl<W: Write> Pcap<W> {
    /// Begins a file.
    pub(crate) fn new(mut out: W) -> io::Result<Self> {
        let mut header = [0; 24];
        header[..4].copy_from_slice(&0xa1b2_c3d4_u32.to_le_bytes());
        header[4..6].copy_from_slice(&2_u16.to_le_bytes());
        header[6..8].copy_from_slice(&4_u16.to_le_bytes());
        header[16..20].copy_from_slice(&262_144_u32.to_le_bytes());
        header[20..24].copy_from_slice(&1_u32.to_le_bytes());
        out.write_all(&header)?;
        let payload: Vec<u8> = (0..MAX_PAYLOAD).map(|n| b'a' + (n % 26) as u8).collect();
        let mut sums = vec![0];
        for (n, byte) in payload.iter().enumerate() {
            sums.push(sums[n] + (u32::from(*byte) << (8 * (1 - n % 2))));
        }
        Ok(Self { out, frame: Vec::with_capacity(2048), sums, payload, packets: 0, last: 0 })
    }

    /// Writes one segment from `src` to `dst`.
    pub(crate) fn write(&mut self, src: SocketAddr, dst: SocketAddr, segment: &Segment) -> io::Result<()> {
        let options = options(segment, src.is_ipv4());
        let tcp_header = 20 + options.len;
        let length = tcp_header + usize::from(segment.len);

        self.frame.clear();
        self.frame.extend_from_slice(&[0; 16]);
        self.ethernet(src.is_ipv4(), segment.from);
        let addresses = self.ip(src.ip(), dst.ip(), segment.ip_id, length);

        let start = self.frame.len();
        self.frame.extend_from_slice(&src.port().to_be_bytes());
        self.frame.extend_from_slice(&dst.port().to_be_bytes());
        self.frame.extend_from_slice(&segment.seq.to_be_bytes());
        self.frame.extend_from_slice(&segment.ack.to_be_bytes());
        self.frame.extend_from_slice(&[(tcp_header as u8 / 4) << 4, segment.flags]);
        self.frame.extend_from_slice(&segment.window.to_be_bytes());
        self.frame.extend_from_slice(&[0; 4]);
        self.frame.extend_from_slice(&options.bytes[..options.len]);
        let sum = addresses + 6 + length as u32 + sum(&self.frame[start..]) + self.sums[usize::from(segment.len)];
        let checksum = complement(sum);
        self.frame[start + 16..start + 18].copy_from_slice(&checksum.to_be_bytes());
        self.frame.extend_from_slice(&self.payload[..usize::from(segment.len)]);

        let captured = (self.frame.len() - 16) as u32;
        self.frame[..4].copy_from_slice(&((BEGIN + segment.at / 1_000_000) as u32).to_le_bytes());
        self.frame[4..8].copy_from_slice(&((segment.at % 1_000_000) as u32).to_le_bytes());
        self.frame[8..12].copy_from_slice(&captured.to_le_bytes());
        self.frame[12..16].copy_from_slice(&captured.to_le_bytes());
        self.packets += 1;
        self.last = segment.at;
        self.out.write_all(&self.frame)
    }

    /// Writes what is still buffered.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }

    fn ethernet(&mut self, v4: bool, from: u8) {
        let [near, far] = [[2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]];
        let (to, by) = if from == 0 { (far, near) } else { (near, far) };
        self.frame.extend_from_slice(&to);
        self.frame.extend_from_slice(&by);
        self.frame.extend_from_slice(if v4 { &[0x08, 0x00] } else { &[0x86, 0xdd] });
    }

    /// Appends the IP header, and gives the addresses' part of the TCP checksum.
    fn ip(&mut self, src: IpAddr, dst: IpAddr, id: u16, length: usize) -> u32 {
        match (src, dst) {
            (IpAddr::V4(src), IpAddr::V4(dst)) => {
                let mut ip = [0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
                ip[2..4].copy_from_slice(&(20 + length as u16).to_be_bytes());
                ip[4..6].copy_from_slice(&id.to_be_bytes());
                ip[12..16].copy_from_slice(&src.octets());
                ip[16..20].copy_from_slice(&dst.octets());
                let checksum = complement(sum(&ip));
                ip[10..12].copy_from_slice(&checksum.to_be_bytes());
                self.frame.extend_from_slice(&ip);
                sum(&ip[12..])
            }
            (IpAddr::V6(src), IpAddr::V6(dst)) => {
                let mut ip = [0; 40];
                ip[0] = 0x60;
                ip[4..6].copy_from_slice(&(length as u16).to_be_bytes());
                (ip[6], ip[7]) = (6, 64);
                ip[8..24].copy_from_slice(&src.octets());
                ip[24..40].copy_from_slice(&dst.octets());
                self.frame.extend_from_slice(&ip);
                sum(&ip[8..])
            }
            _ => unreachable!("both ends of a connection speak the same IP"),
        }
    }
}

struct Options {
    bytes: [u8; 40],
    len: usize,
}

/// What a modern stack sends: on a SYN MSS, SACK permitted, timestamps and window scale, later timestamps and SACK.
fn options(segment: &Segment, v4: bool) -> Options {
    let mut options = Options { bytes: [0; 40], len: 0 };
    let mut add = |bytes: &[u8]| {
        options.bytes[options.len..options.len + bytes.len()].copy_from_slice(bytes);
        options.len += bytes.len();
    };
    let syn = segment.flags & SYN != 0;
    if syn {
        let mss: u16 = if v4 { 1460 } else { 1440 };
        add(&[2, 4]);
        add(&mss.to_be_bytes());
        add(&[4, 2]);
    } else {
        add(&[1, 1]);
    }
    add(&[8, 10]);
    add(&segment.tsval.to_be_bytes());
    add(&segment.tsecr.to_be_bytes());
    if syn {
        add(&[1, 3, 3, SCALE]);
    }
    let (start, end) = segment.sack;
    if start != end {
        add(&[1, 1, 5, 10]);
        add(&start.to_be_bytes());
        add(&end.to_be_bytes());
    }
    options
}

/// The sum of big-endian words; `bytes` are short and of even length.
fn sum(bytes: &[u8]) -> u32 {
    bytes.chunks_exact(2).map(|word| u32::from(u16::from_be_bytes([word[0], word[1]]))).sum()
}

/// The Internet checksum of a sum. RFC 1071.
fn complement(mut sum: u32) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}
