//! UDP, for the tunnels behind it.

use super::super::link;
use super::{gtp, l2tp, teredo, virtual_network};
use crate::dissect::layer::{Layer, Layers, Udp, push};
use crate::dissect::rest::Rest;
use crate::dissect::step::Next;
use crate::dissect::stop::{LayerName, LengthSource, NotTcp, Stop};

/// Goes on where a port is a tunnel's, and what stands there looks like it.
///
/// Ports are shared with everything else, so the tunnels' readers answer `None` when the bytes speak against it.
pub(super) fn read<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    const NOT_A_TUNNEL: Stop = Stop::Other(NotTcp::IpProtocol(17));
    let (&[s0, s1, d0, d1, l0, l1, _, _], behind) = rest.split::<8>(LayerName::Tunnel).map_err(|_| NOT_A_TUNNEL)?;
    let (src, dst) = (u16::from_be_bytes([s0, s1]), u16::from_be_bytes([d0, d1]));
    let len = u16::from_be_bytes([l0, l1]);
    let payload = if len > 8 { behind.limit(u32::from(len) - 8) } else { behind };
    let mark = layers.len();
    push(layers, Layer::Udp(Udp { src, dst, len }), rest.offset)?;
    let inner = match (src, dst) {
        (_, 1701) | (1701, _) => l2tp::over_udp(payload, layers),
        (_, 4789 | 8472) => virtual_network::vxlan(payload, layers),
        (_, 4790) => virtual_network::vxlan_gpe(payload, layers),
        (_, 6081) => virtual_network::geneve(payload, layers),
        (_, 2152) | (2152, _) => gtp::read(payload, layers),
        (_, 3544) | (3544, _) => teredo::read(payload, layers),
        // RFC 7510: MPLS in UDP.
        (_, 6635) => link::mpls(payload, layers).map(Some),
        _ => Ok(None),
    };
    match inner {
        Ok(Some(next)) => Ok(next),
        Err(Stop::Cut(short)) if short.limit == LengthSource::Capture || short.layer == LayerName::Depth => {
            Err(Stop::Cut(short))
        }
        Ok(None) | Err(_) => {
            layers.truncate(mark);
            Err(NOT_A_TUNNEL)
        }
    }
}
