//! TCP segments as bytes, built field by field from the RFCs.

use std::net::{IpAddr, SocketAddr};

/// FIN, SYN, RST, PSH, ACK, URG, ECE, CWR and AE, as tcpdump's letters stand for them.
pub(crate) const FLAG_LETTERS: [(char, u16); 9] = [
    ('F', 0x001),
    ('S', 0x002),
    ('R', 0x004),
    ('P', 0x008),
    ('.', 0x010),
    ('U', 0x020),
    ('E', 0x040),
    ('W', 0x080),
    ('e', 0x100),
];

/// The flags that tcpdump writes so: `S`, `S.`, `FP.`, `none`.
pub(crate) fn flags(text: &str) -> Option<u16> {
    if text == "none" {
        return Some(0);
    }
    text.chars().try_fold(0, |bits, letter| {
        let (_, bit) = FLAG_LETTERS.iter().find(|(known, _)| *known == letter)?;
        Some(bits | bit)
    })
}

/// One TCP option.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Opt {
    Mss(u16),
    WindowScale(u8),
    SackPermitted,
    Sack(Vec<(u32, u32)>),
    Timestamps(u32, u32),
    /// A Fast Open cookie of so many bytes; none asks for one.
    FastOpen(u8),
    Md5,
    Ao,
    /// Bytes as they stand, right or wrong.
    Raw(Vec<u8>),
}

impl Opt {
    /// Kind, length and value.
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Mss(mss) => {
                out.extend([2, 4]);
                out.extend(mss.to_be_bytes());
            }
            Self::WindowScale(shift) => out.extend([3, 3, *shift]),
            Self::SackPermitted => out.extend([4, 2]),
            Self::Sack(blocks) => {
                out.extend([5, 2 + 8 * blocks.len() as u8]);
                for (left, right) in blocks {
                    out.extend(left.to_be_bytes());
                    out.extend(right.to_be_bytes());
                }
            }
            Self::Timestamps(value, echo) => {
                out.extend([8, 10]);
                out.extend(value.to_be_bytes());
                out.extend(echo.to_be_bytes());
            }
            Self::FastOpen(cookie) => {
                out.extend([34, 2 + cookie]);
                out.extend((0..*cookie).map(|n| 0xc0 + n));
            }
            Self::Md5 => {
                out.extend([19, 18]);
                out.extend([0xd5; 16]);
            }
            Self::Ao => {
                out.extend([29, 16, 1, 1]);
                out.extend([0xa0; 12]);
            }
            Self::Raw(bytes) => out.extend(bytes),
        }
    }
}

/// What the checksum field holds.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Sum {
    #[default]
    Correct,
    /// The pseudo-header's alone, not inverted: what a stack leaves to its network card.
    Partial,
    Wrong,
}

/// One segment in an Ethernet frame. Lengths and checksums are right unless a field says otherwise.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    pub src: SocketAddr,
    pub dst: SocketAddr,
    pub seq: u32,
    pub ack: u32,
    /// The low twelve bits beside the data offset.
    pub flags: u16,
    pub window: u16,
    pub urgent: u16,
    pub options: Vec<Opt>,
    pub payload: Vec<u8>,
    pub ttl: u8,
    /// Which link it was captured on: the last byte of the source address there, less one.
    pub via: u8,
    pub tos: u8,
    pub ip_id: u16,
    pub sum: Sum,
    /// The data offset in 32-bit words, where it is not to tell the truth.
    pub data_offset: Option<u8>,
    /// IPv4's total length, where it is not to tell the truth.
    pub total_len: Option<u16>,
}

impl Packet {
    /// A bare ACK from `src` to `dst`.
    pub(crate) fn new(src: SocketAddr, dst: SocketAddr) -> Self {
        Self {
            src,
            dst,
            seq: 0,
            ack: 0,
            flags: 0x010,
            window: 64240,
            urgent: 0,
            options: Vec::new(),
            payload: Vec::new(),
            ttl: 64,
            via: 0,
            tos: 0,
            ip_id: 0,
            sum: Sum::Correct,
            data_offset: None,
            total_len: None,
        }
    }

    /// Header and options, checksum included.
    fn tcp_header(&self) -> Vec<u8> {
        let mut options = Vec::new();
        for option in &self.options {
            option.write(&mut options);
        }
        while options.len() % 4 != 0 {
            options.push(1);
        }
        let words = self.data_offset.unwrap_or(5 + (options.len() / 4) as u8);
        let mut header = Vec::with_capacity(60);
        header.extend(self.src.port().to_be_bytes());
        header.extend(self.dst.port().to_be_bytes());
        header.extend(self.seq.to_be_bytes());
        header.extend(self.ack.to_be_bytes());
        header.extend(((u16::from(words) << 12) | (self.flags & 0xfff)).to_be_bytes());
        header.extend(self.window.to_be_bytes());
        header.extend([0, 0]);
        header.extend(self.urgent.to_be_bytes());
        header.extend(options);
        header
    }

    /// Header, options and payload.
    pub(crate) fn tcp(&self) -> Vec<u8> {
        let mut tcp = self.tcp_header();
        tcp.extend(&self.payload);
        let pseudo = self.pseudo_header(tcp.len());
        let sum = match self.sum {
            // RFC 9293 §3.1: the one's complement of the one's complement sum of pseudo-header, header and text.
            Sum::Correct => !ones_complement_sum(&[&pseudo[..], &tcp].concat()),
            Sum::Partial => ones_complement_sum(&pseudo),
            Sum::Wrong => !ones_complement_sum(&[&pseudo[..], &tcp].concat()) ^ 0x5555,
        };
        tcp[16..18].copy_from_slice(&sum.to_be_bytes());
        tcp
    }

    /// The IP packet.
    pub(crate) fn ip(&self) -> Vec<u8> {
        let tcp = self.tcp();
        let mut ip = Vec::with_capacity(40 + tcp.len());
        match (self.src.ip(), self.dst.ip()) {
            (IpAddr::V4(src), IpAddr::V4(dst)) => {
                let total = self.total_len.unwrap_or((20 + tcp.len()) as u16);
                ip.extend([0x45, self.tos]);
                ip.extend(total.to_be_bytes());
                ip.extend(self.ip_id.to_be_bytes());
                ip.extend([0x40, 0, self.ttl, 6, 0, 0]);
                ip.extend(src.octets());
                ip.extend(dst.octets());
                let sum = !ones_complement_sum(&ip);
                ip[10..12].copy_from_slice(&sum.to_be_bytes());
            }
            (IpAddr::V6(src), IpAddr::V6(dst)) => {
                ip.extend((0x6000_0000 | (u32::from(self.tos) << 20)).to_be_bytes());
                ip.extend((tcp.len() as u16).to_be_bytes());
                ip.extend([6, self.ttl]);
                ip.extend(src.octets());
                ip.extend(dst.octets());
            }
            _ => panic!("one IP version a packet: {} > {}", self.src, self.dst),
        }
        ip.extend(tcp);
        ip
    }

    /// The Ethernet frame, without padding or check sequence.
    pub(crate) fn frame(&self) -> Vec<u8> {
        let mut frame = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1 + self.via];
        frame.extend(if self.src.is_ipv4() { [0x08, 0x00] } else { [0x86, 0xdd] });
        frame.extend(self.ip());
        frame
    }

    // RFC 9293 §3.1 for IPv4, RFC 8200 §8.1 for IPv6.
    fn pseudo_header(&self, tcp_len: usize) -> Vec<u8> {
        let mut pseudo = Vec::with_capacity(40);
        for address in [self.src.ip(), self.dst.ip()] {
            match address {
                IpAddr::V4(address) => pseudo.extend(address.octets()),
                IpAddr::V6(address) => pseudo.extend(address.octets()),
            }
        }
        if self.src.is_ipv4() {
            pseudo.extend([0, 6]);
            pseudo.extend((tcp_len as u16).to_be_bytes());
        } else {
            pseudo.extend((tcp_len as u32).to_be_bytes());
            pseudo.extend([0, 0, 0, 6]);
        }
        pseudo
    }
}

/// RFC 1071's sum, not inverted.
fn ones_complement_sum(bytes: &[u8]) -> u16 {
    let mut sum: u32 = 0;
    for pair in bytes.chunks(2) {
        sum += u32::from(u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)]));
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use etherparse::{SlicedPacket, TransportSlice};

    #[test]
    fn etherparse_agrees_with_every_length_and_checksum() {
        for (src, dst) in [("10.0.0.1:40000", "10.0.0.2:80"), ("[fd00::1]:40000", "[fd00::2]:80")] {
            let mut packet = Packet::new(src.parse().unwrap(), dst.parse().unwrap());
            packet.flags = flags("P.").unwrap();
            packet.options = vec![Opt::Mss(1460), Opt::SackPermitted, Opt::Timestamps(7, 8), Opt::WindowScale(7)];
            packet.payload = b"odd".to_vec();
            let frame = packet.frame();
            let sliced = SlicedPacket::from_ethernet(&frame).expect("a frame etherparse can read");
            let Some(TransportSlice::Tcp(tcp)) = sliced.transport else { panic!("no TCP in {frame:02x?}") };
            let right = if src.starts_with('[') {
                let addresses = (&frame[22..38], &frame[38..54]);
                tcp.calc_checksum_ipv6(addresses.0.try_into().unwrap(), addresses.1.try_into().unwrap())
            } else {
                tcp.calc_checksum_ipv4(frame[26..30].try_into().unwrap(), frame[30..34].try_into().unwrap())
            };
            assert_eq!(tcp.checksum(), right.unwrap());
            assert_eq!(tcp.payload(), b"odd");
        }
    }
}
