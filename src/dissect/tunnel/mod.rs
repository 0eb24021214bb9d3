//! From one IP packet to the one inside it.

use super::layer::Layers;
use super::{Ip, Next, NotTcp, Stop};

/// What an IP packet carries when that is not TCP.
pub(super) fn carried<'a>(ip: &Ip<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    let _ = layers;
    if ip.fragment.is_some() {
        return Err(Stop::Other(NotTcp::IpProtocol(ip.protocol)));
    }
    match ip.protocol {
        4 => Ok(Next::Ipv4(ip.rest())),
        41 => Ok(Next::Ipv6(ip.rest())),
        other => Err(Stop::Other(NotTcp::IpProtocol(other))),
    }
}
