//! From one IP packet to the one inside it.

mod erspan;
mod gre;
mod gtp;
mod l2tp;
mod nsh;
mod teredo;
mod udp;
mod virtual_network;

pub(super) use nsh::read as nsh;

use super::link;
use crate::dissect::ip::Ip;
use crate::dissect::layer::{Layer, Layers, push};
use crate::dissect::step::Next;
use crate::dissect::stop::{LayerName, NotTcp, Stop};

/// What an IP packet carries when that is not TCP.
pub(super) fn carried<'a>(ip: &Ip<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    let nothing = Err(Stop::Other(NotTcp::IpProtocol(ip.protocol)));
    if ip.fragment.is_some_and(|fragment| fragment.offset > 0) {
        return nothing;
    }
    match ip.protocol {
        4 => Ok(Next::Ipv4(ip.rest())),
        17 => udp::read(ip.rest(), layers),
        41 => Ok(Next::Ipv6(ip.rest())),
        47 => gre::read(ip.rest(), layers),
        // RFC 3378: version 3 and twelve zero bits, then an Ethernet frame.
        97 => {
            let (&[version, _], behind) = ip.rest().split::<2>(LayerName::Tunnel)?;
            push(layers, Layer::EtherIp, ip.payload_offset())?;
            if version >> 4 == 3 { Ok(Next::Ethernet(behind)) } else { nothing }
        }
        115 => l2tp::over_ip(ip.rest(), layers)?.map_or(nothing, Ok),
        // RFC 4023: MPLS in IP.
        137 => link::mpls(ip.rest(), layers),
        _ => nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{SYN, SYN6, ethernet, finds_syn, join, other, packet};
    use super::*;

    #[test]
    fn ip_in_ip_in_all_four_mixes() {
        finds_syn(1, &packet(4, &SYN));
        finds_syn(1, &packet(41, &SYN6));
        let outer = |protocol: u8, len: u8| {
            let mut header = SYN6;
            (header[5], header[6]) = (len, protocol);
            header[..40].to_vec()
        };
        finds_syn(1, &ethernet(0x86dd, &join(&[&outer(4, 40), &SYN])));
        finds_syn(1, &ethernet(0x86dd, &join(&[&outer(41, 60), &SYN6])));
    }

    #[test]
    fn mpls_and_ethernet_may_be_carried_at_once() {
        finds_syn(1, &packet(137, &join(&[&[0, 6, 0x41, 0x40], &SYN])));
        finds_syn(1, &packet(97, &join(&[&[0x30, 0], &ethernet(0x0800, &SYN)])));
    }

    #[test]
    fn a_segment_quoted_in_an_error_message_is_not_traffic() {
        let bytes = packet(1, &join(&[&[3, 1, 0, 0, 0, 0, 0, 0], &SYN]));
        let dissection = crate::dissect(&super::super::sample::frame(1, &bytes));
        assert!(matches!(dissection.content, super::super::Content::Icmp(_)) && dissection.segment().is_none());
        assert_eq!(other(1, &packet(1, &join(&[&[8, 0, 0, 0, 0, 0, 0, 0], &SYN]))), NotTcp::IpProtocol(1));
    }
}
