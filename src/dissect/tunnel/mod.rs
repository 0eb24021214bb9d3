//! From one IP packet to the one inside it.

mod erspan;
mod gre;
mod gtp;
mod teredo;
mod udp;
mod virtual_network;

pub use erspan::Erspan;
pub use gre::Gre;
pub use gtp::Gtp;
pub use udp::Udp;
pub use virtual_network::{Geneve, Vxlan};

use super::layer::{Layers, push};
use super::{Ip, Layer, LayerName, Next, NotTcp, Stop, link};

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
        // RFC 4023: MPLS in IP.
        137 => link::mpls(ip.rest(), layers),
        _ => nothing,
    }
}
