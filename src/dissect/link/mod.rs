//! From the link layer to IP: every link type that tcpcheck reads, and the tags and shims between.

mod arcnet;
mod cooked;
mod envelope;
mod ethernet;
mod fddi;
mod infiniband;
mod llc;
mod mpls;
mod nflog;
mod null;
mod ppp;
mod wifi;

pub use arcnet::Arcnet;
pub use cooked::Cooked;
pub use ethernet::{Ethernet, Vlan};
pub use fddi::Fddi;
pub use infiniband::Infiniband;
pub use llc::Llc;
pub use mpls::Mpls;
pub use nflog::Nflog;
pub use null::Null;
pub use ppp::{Ppp, PppFraming, Pppoe};
pub use wifi::Wifi;

pub(super) use ethernet::{by_ethertype, ethernet};
pub(super) use mpls::stack as mpls;
pub(super) use ppp::ppp;
pub(super) use wifi::{Radio, wifi};

use super::layer::Layers;
use super::rest::Rest;
use super::{Next, NotTcp, Stop};

/// The link type of Ethernet.
pub(super) const ETHERNET: u16 = 1;
/// The EtherType of IPv4.
pub(super) const IPV4: u16 = 0x0800;
/// The EtherType of IPv6.
pub(super) const IPV6: u16 = 0x86dd;

/// Reads the header that a `LINKTYPE_` number names.
// The numbers are those of https://www.tcpdump.org/linktypes.html.
pub(super) fn by_link_type<'a>(link_type: u16, rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    match link_type {
        0 => null::host_order(rest, layers),
        ETHERNET => Ok(Next::Ethernet(rest)),
        7 => arcnet::bsd(rest, layers),
        9 => ppp::ppp(rest, layers),
        10 => fddi::read(rest, layers),
        12 | 14 | 101 => Ok(Next::Ip(rest)),
        50 => ppp::serial(rest, layers),
        51 => ppp::pppoe(rest, layers),
        100 => llc::read(rest, layers),
        104 => ppp::cisco(rest, layers),
        105 => wifi::wifi(rest, Radio::default(), layers),
        108 => null::network_order(rest, layers),
        109 => envelope::enc(rest, layers),
        113 => cooked::version1(rest, layers),
        117 => envelope::pflog(rest, layers),
        119 => wifi::prism(rest, layers),
        127 => wifi::radiotap(rest, layers),
        129 => arcnet::linux(rest, layers),
        149 | 258 => envelope::pktap(rest, layers),
        163 => wifi::avs(rest, layers),
        192 => envelope::ppi(rest, layers),
        204 => ppp::with_direction(rest, layers),
        219 => mpls::stack(rest, layers),
        228 => Ok(Next::Ipv4(rest)),
        229 => Ok(Next::Ipv6(rest)),
        239 => nflog::read(rest, layers),
        242 => infiniband::read(rest, layers),
        276 => cooked::version2(rest, layers),
        other => Err(Stop::Other(NotTcp::LinkType(other))),
    }
}
