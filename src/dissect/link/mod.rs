//! From the link layer to IP: every link type that tcpcheck reads, and the tags and shims between.

mod arcnet;
mod atm;
mod cooked;
mod envelope;
mod ethernet;
mod fddi;
mod frame_relay;
mod infiniband;
mod ipnet;
mod juniper;
mod llc;
mod long_address;
mod mpls;
mod nflog;
mod null;
mod number;
mod ppp;
mod slip;
mod switch;
mod token_ring;
mod wifi;

pub(super) use ethernet::{by_ethertype, ethernet};
pub(super) use mpls::stack as mpls;
pub(super) use ppp::ppp;
pub(super) use wifi::{Radio, wifi};

use crate::dissect::layer::{Card, Layers};
use crate::dissect::rest::Rest;
use crate::dissect::step::Next;
use crate::dissect::stop::{NotTcp, Stop};

pub(super) use number::{ETHERNET, IPV4, IPV6};

/// Reads a frame's first header.
type Reader = for<'a> fn(Rest<'a>, &mut Layers<'a>) -> Result<Next<'a>, Stop>;

/// Every link type that is read, by its `LINKTYPE_` number.
// The numbers are those of https://www.tcpdump.org/linktypes.html.
pub(super) const READERS: &[(u16, Reader)] = &[
    (0, null::host_order),
    (ETHERNET, whole_ethernet),
    (6, token_ring::read),
    (7, arcnet::bsd),
    (8, slip::read),
    (9, ppp::ppp),
    (10, fddi::read),
    (12, raw),
    (14, raw),
    (50, ppp::serial),
    (51, ppp::pppoe),
    (99, envelope::symantec),
    (100, llc::read),
    (101, raw),
    (102, slip::bsdos),
    (104, ppp::cisco),
    (105, wifi::bare),
    (106, atm::classical),
    (107, frame_relay::read),
    (108, null::network_order),
    (109, envelope::enc),
    (113, cooked::version1),
    (117, envelope::pflog),
    (119, wifi::prism),
    (122, long_address::fibre_channel),
    (123, atm::sun),
    (127, wifi::radiotap),
    (129, arcnet::linux),
    (133, |rest, layers| juniper::read(Card::Ggsn, rest, layers)),
    (135, |rest, layers| juniper::read(Card::Atm2, rest, layers)),
    (136, |rest, layers| juniper::read(Card::Services, rest, layers)),
    (137, |rest, layers| juniper::read(Card::Atm1, rest, layers)),
    (138, long_address::ieee1394),
    (149, envelope::pktap),
    (163, wifi::avs),
    (164, |rest, layers| juniper::read(Card::Monitor, rest, layers)),
    (166, ppp::ppp),
    (167, |rest, layers| juniper::read(Card::Pppoe, rest, layers)),
    (168, |rest, layers| juniper::read(Card::PppoeAtm, rest, layers)),
    (178, |rest, layers| juniper::read(Card::Ethernet, rest, layers)),
    (179, |rest, layers| juniper::read(Card::Ppp, rest, layers)),
    (180, |rest, layers| juniper::read(Card::FrameRelay, rest, layers)),
    (181, |rest, layers| juniper::read(Card::Hdlc, rest, layers)),
    (182, frame_relay::multilink),
    (192, envelope::ppi),
    (204, ppp::with_direction),
    (219, mpls::stack),
    (226, ipnet::read),
    (228, raw_v4),
    (229, raw_v6),
    (239, nflog::read),
    (240, envelope::netanalyzer),
    (241, envelope::netanalyzer_transparent),
    (242, infiniband::read),
    (258, envelope::pktap),
    (276, cooked::version2),
    (281, switch::broadcom),
    (282, switch::broadcom_first),
    (284, switch::dsa),
    (285, switch::edsa),
];

/// Reads the header that a `LINKTYPE_` number names.
pub(super) fn by_link_type<'a>(link_type: u16, rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    match READERS.binary_search_by_key(&link_type, |(number, _)| *number).ok().and_then(|at| READERS.get(at)) {
        Some((_, read)) => read(rest, layers),
        None => Err(Stop::Other(NotTcp::LinkType(link_type))),
    }
}

fn whole_ethernet<'a>(rest: Rest<'a>, _: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    Ok(Next::Ethernet(rest))
}

fn raw<'a>(rest: Rest<'a>, _: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    Ok(Next::Ip(rest))
}

fn raw_v4<'a>(rest: Rest<'a>, _: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    Ok(Next::Ipv4(rest))
}

fn raw_v6<'a>(rest: Rest<'a>, _: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    Ok(Next::Ipv6(rest))
}

#[cfg(test)]
mod tests {
    use super::READERS;
    use crate::capture::LinkType;

    #[test]
    fn the_table_is_in_order_and_every_link_type_has_a_name() {
        assert!(READERS.is_sorted_by(|(a, _), (b, _)| a < b));
        for (number, _) in READERS {
            // Raw IP has other numbers on some systems, PKTAP had one of its own, and PPP with a direction has none of
            // libpcap's names.
            let nameless = matches!(number, 12 | 14 | 149 | 204);
            assert!(nameless || LinkType(*number).name().is_some(), "{number}");
        }
    }
}
