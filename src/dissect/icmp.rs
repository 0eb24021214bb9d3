//! ICMP and ICMPv6 errors about TCP segments (RFC 792, RFC 4443): what went wrong, by whose word, and with which segment.

use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::ip::{DESTINATION, FRAGMENT, HOP_BY_HOP, ROUTING, TCP};
use crate::dissect::ip::Ip;
use crate::dissect::segment::Socket;
use crate::dissect::seq::SeqNumber;

/// The protocol numbers of ICMP and of ICMPv6.
const ICMP: u8 = 1;
const ICMPV6: u8 = 58;

/// An error that some host reports of a segment.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct IcmpError {
    /// What it says.
    pub kind: IcmpKind,
    /// Type and code as they stand.
    pub numbers: (u8, u8),
    /// Who says it.
    pub from: IpAddr,
    /// The largest packet that the next hop takes, in bytes; none where the sender does not know RFC 1191.
    pub mtu: Option<u32>,
    /// Who sent the segment, by what is quoted of it.
    pub src: Socket,
    /// Whom it was for.
    pub dst: Socket,
    /// Its sequence number.
    pub seq: SeqNumber,
    /// Length of its packet by the quoted IP header, in bytes.
    pub packet_len: u32,
}

/// What an error says.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub enum IcmpKind {
    /// There is no route to the network.
    NetUnreachable,
    /// The host does not answer the last router.
    HostUnreachable,
    /// The host knows no TCP.
    ProtocolUnreachable,
    /// The host does not want the port.
    PortUnreachable,
    /// The packet is longer than the next hop takes, and may not be fragmented.
    FragmentationNeeded,
    /// The packet is longer than the next hop takes (IPv6).
    PacketTooBig,
    /// A source route cannot be followed.
    SourceRouteFailed,
    /// A filter does not let it through.
    Prohibited,
    /// Unreachable for a reason without a name.
    Unreachable,
    /// The time to live ran out on the way.
    TtlExceeded,
    /// Not all fragments came in time.
    ReassemblyTimeExceeded,
    /// A header field has a value that it may not have.
    ParameterProblem,
    /// The sender is too fast (deprecated by RFC 6633).
    SourceQuench,
}

impl IcmpKind {
    /// Its name in words: `fragmentation needed`.
    pub fn name(self) -> &'static str {
        match self {
            Self::NetUnreachable => "net unreachable",
            Self::HostUnreachable => "host unreachable",
            Self::ProtocolUnreachable => "protocol unreachable",
            Self::PortUnreachable => "port unreachable",
            Self::FragmentationNeeded => "fragmentation needed",
            Self::PacketTooBig => "packet too big",
            Self::SourceRouteFailed => "source route failed",
            Self::Prohibited => "administratively prohibited",
            Self::Unreachable => "unreachable",
            Self::TtlExceeded => "time exceeded in transit",
            Self::ReassemblyTimeExceeded => "reassembly time exceeded",
            Self::ParameterProblem => "parameter problem",
            Self::SourceQuench => "source quench",
        }
    }

    // RFC 792, RFC 1122 §3.2.2.1, RFC 1812 §5.2.7.1.
    fn v4(kind: u8, code: u8) -> Option<Self> {
        Some(match (kind, code) {
            (3, 0 | 6 | 11) => Self::NetUnreachable,
            (3, 1 | 7 | 8 | 12) => Self::HostUnreachable,
            (3, 2) => Self::ProtocolUnreachable,
            (3, 3) => Self::PortUnreachable,
            (3, 4) => Self::FragmentationNeeded,
            (3, 5) => Self::SourceRouteFailed,
            (3, 9 | 10 | 13) => Self::Prohibited,
            (3, _) => Self::Unreachable,
            (4, _) => Self::SourceQuench,
            (11, 1) => Self::ReassemblyTimeExceeded,
            (11, _) => Self::TtlExceeded,
            (12, _) => Self::ParameterProblem,
            _ => return None,
        })
    }

    // RFC 4443 §3.1 to §3.4.
    fn v6(kind: u8, code: u8) -> Option<Self> {
        Some(match (kind, code) {
            (1, 0 | 2) => Self::NetUnreachable,
            (1, 1 | 5 | 6) => Self::Prohibited,
            (1, 3) => Self::HostUnreachable,
            (1, 4) => Self::PortUnreachable,
            (1, _) => Self::Unreachable,
            (2, _) => Self::PacketTooBig,
            (3, 1) => Self::ReassemblyTimeExceeded,
            (3, _) => Self::TtlExceeded,
            (4, _) => Self::ParameterProblem,
            _ => return None,
        })
    }
}

/// The error that a packet carries, where it is one and quotes enough of a TCP segment.
#[cold]
pub(super) fn read(ip: &Ip<'_>) -> Option<IcmpError> {
    let (&[kind, code, _, _, a, b, c, d], quoted) = ip.payload.split_first_chunk::<8>()?;
    let kind = match ip.protocol {
        ICMP => (IcmpKind::v4(kind, code)?, (kind, code)),
        ICMPV6 => (IcmpKind::v6(kind, code)?, (kind, code)),
        _ => return None,
    };
    let mtu = match kind.0 {
        // RFC 1191 §4: the field was unused before, and zero.
        IcmpKind::FragmentationNeeded => Some(u32::from(u16::from_be_bytes([c, d]))).filter(|mtu| *mtu > 0),
        IcmpKind::PacketTooBig => Some(u32::from_be_bytes([a, b, c, d])),
        _ => None,
    };
    let Quoted { src, dst, packet_len, tcp } =
        if ip.protocol == ICMP { quoted_v4(quoted)? } else { quoted_v6(quoted)? };
    // RFC 792: the first 64 bits of the segment, which are ports and sequence number.
    let &[s0, s1, d0, d1, seq @ ..] = tcp.first_chunk::<8>()?;
    Some(IcmpError {
        kind: kind.0,
        numbers: kind.1,
        from: ip.src,
        mtu,
        src: Socket { addr: src, port: u16::from_be_bytes([s0, s1]) },
        dst: Socket { addr: dst, port: u16::from_be_bytes([d0, d1]) },
        seq: SeqNumber(u32::from_be_bytes(seq)),
        packet_len,
    })
}

/// The beginning of a packet that an error quotes.
struct Quoted<'a> {
    src: IpAddr,
    dst: IpAddr,
    packet_len: u32,
    tcp: &'a [u8],
}

fn quoted_v4(packet: &[u8]) -> Option<Quoted<'_>> {
    let &[first, _, l0, l1, _, _, f0, f1, _, protocol, _, _, s0, s1, s2, s3, d0, d1, d2, d3] =
        packet.first_chunk::<20>()?;
    let header_len = usize::from(first & 0x0f) * 4;
    let is_first = u16::from_be_bytes([f0 & 0x1f, f1]) == 0;
    (first >> 4 == 4 && header_len >= 20 && protocol == TCP && is_first).then_some(())?;
    Some(Quoted {
        src: Ipv4Addr::new(s0, s1, s2, s3).into(),
        dst: Ipv4Addr::new(d0, d1, d2, d3).into(),
        packet_len: u16::from_be_bytes([l0, l1]).into(),
        tcp: packet.get(header_len..)?,
    })
}

fn quoted_v6(packet: &[u8]) -> Option<Quoted<'_>> {
    let (&[first, _, _, _, l0, l1, mut next, _], addresses) = packet.split_first_chunk::<8>()?;
    let (&src, behind) = addresses.split_first_chunk::<16>()?;
    let (&dst, mut behind) = behind.split_first_chunk::<16>()?;
    (first >> 4 == 6).then_some(())?;
    while matches!(next, HOP_BY_HOP | ROUTING | FRAGMENT | DESTINATION) {
        let &[following, len, high, low, ..] = behind.first_chunk::<8>()?;
        if next == FRAGMENT && u16::from_be_bytes([high, low]) & 0xfff8 != 0 {
            return None;
        }
        let len = if next == FRAGMENT { 8 } else { (usize::from(len) + 1) * 8 };
        (next, behind) = (following, behind.get(len..)?);
    }
    (next == TCP).then_some(())?;
    Some(Quoted {
        src: Ipv6Addr::from(src).into(),
        dst: Ipv6Addr::from(dst).into(),
        packet_len: u32::from(u16::from_be_bytes([l0, l1])) + 40,
        tcp: behind,
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::{SYN, SYN6, ethernet, frame, join, packet};
    use super::super::{Content, NotTcp, dissect};
    use super::*;
    use proptest::prelude::*;

    /// The error that an ICMP message in IPv4 is.
    fn v4(message: &[u8]) -> Option<IcmpError> {
        match dissect(&frame(1, &packet(1, message))).content {
            Content::Icmp(error) => Some(error),
            Content::Other(NotTcp::IpProtocol(1)) => None,
            content => panic!("{content:?}"),
        }
    }

    fn v6(message: &[u8]) -> Option<IcmpError> {
        let mut header = SYN6[..40].to_vec();
        (header[5], header[6]) = (message.len() as u8, 58);
        match dissect(&frame(1, &ethernet(0x86dd, &join(&[&header, message])))).content {
            Content::Icmp(error) => Some(error),
            Content::Other(NotTcp::IpProtocol(58)) => None,
            content => panic!("{content:?}"),
        }
    }

    #[test]
    fn an_error_names_its_sender_and_the_segment_that_it_quotes() {
        let error = v4(&join(&[&[3, 4, 0, 0, 0, 0, 5, 0x78], &SYN[..28]])).unwrap();
        assert_eq!((error.kind, error.numbers, error.mtu), (IcmpKind::FragmentationNeeded, (3, 4), Some(1400)));
        assert_eq!(error.from.to_string(), "192.0.2.1");
        assert_eq!((error.src.addr.to_string(), error.src.port), ("10.0.0.1".into(), 1000));
        assert_eq!((error.dst.addr.to_string(), error.dst.port), ("10.0.0.2".into(), 2000));
        assert_eq!((error.seq, error.packet_len), (SeqNumber(7), 40));
        let error = v6(&join(&[&[2, 0, 0, 0, 0, 0, 5, 0], &SYN6])).unwrap();
        assert_eq!((error.kind, error.mtu, error.packet_len), (IcmpKind::PacketTooBig, Some(1280), 60));
        assert_eq!((error.dst.addr.to_string(), error.seq), ("fd00::2".into(), SeqNumber(7)));
    }

    #[test]
    fn every_kind_has_its_name() {
        for (numbers, kind) in [
            ([3, 0], IcmpKind::NetUnreachable),
            ([3, 1], IcmpKind::HostUnreachable),
            ([3, 3], IcmpKind::PortUnreachable),
            ([3, 13], IcmpKind::Prohibited),
            ([3, 14], IcmpKind::Unreachable),
            ([11, 0], IcmpKind::TtlExceeded),
            ([11, 1], IcmpKind::ReassemblyTimeExceeded),
            ([12, 0], IcmpKind::ParameterProblem),
        ] {
            assert_eq!(v4(&join(&[&numbers, &[0; 6], &SYN])).unwrap().kind, kind);
        }
        for (numbers, kind) in [
            ([1, 0], IcmpKind::NetUnreachable),
            ([1, 1], IcmpKind::Prohibited),
            ([1, 4], IcmpKind::PortUnreachable),
            ([3, 0], IcmpKind::TtlExceeded),
        ] {
            assert_eq!(v6(&join(&[&numbers, &[0; 6], &SYN6])).unwrap().kind, kind);
        }
    }

    #[test]
    fn a_router_that_does_not_know_its_mtu_says_none() {
        assert_eq!(v4(&join(&[&[3, 4, 0, 0, 0, 0, 0, 0], &SYN])).unwrap().mtu, None);
    }

    #[test]
    fn extension_headers_are_passed_by() {
        let mut quoted = join(&[&SYN6[..40], &[6, 0, 1, 4, 0, 0, 0, 0], &SYN6[40..48]]);
        quoted[6] = 60;
        assert_eq!(v6(&join(&[&[1, 4, 0, 0, 0, 0, 0, 0], &quoted])).unwrap().src.port, 1000);
    }

    #[test]
    fn what_quotes_no_segment_or_is_no_error_is_none() {
        assert_eq!(v4(&join(&[&[8, 0, 0, 0, 0, 1, 0, 1], &SYN])), None, "an echo request");
        assert_eq!(v4(&join(&[&[3, 1, 0, 0, 0, 0, 0, 0], &SYN[..27]])), None, "too short");
        let mut udp = SYN;
        udp[9] = 17;
        assert_eq!(v4(&join(&[&[3, 3, 0, 0, 0, 0, 0, 0], &udp])), None, "UDP");
        let mut later = SYN;
        later[7] = 3;
        assert_eq!(v4(&join(&[&[3, 3, 0, 0, 0, 0, 0, 0], &later])), None, "a later fragment");
        assert_eq!(v4(&join(&[&[3, 1, 0, 0, 0, 0, 0, 0], &SYN6])), None, "the other version");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(kind in 0..16_u8, code in 0..8_u8, bytes in prop::collection::vec(any::<u8>(), 0..120)) {
            v4(&join(&[&[kind, code, 0, 0, 0, 0, 0, 0], &bytes]));
            v6(&join(&[&[kind, code, 0, 0, 0, 0, 0, 0], &bytes]));
        }
    }
}
