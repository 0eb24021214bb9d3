//! IEEE 802.2 logical link control, and its subnetwork access protocol.

use crate::dissect::layer::{Layer, Layers, Llc, Snap, push};
use crate::dissect::rest::Rest;
use crate::dissect::step::Next;
use crate::dissect::stop::{LayerName, NotTcp, Stop};

const SNAP: u8 = 0xaa;
const IP: u8 = 0x06;
const UNNUMBERED: u8 = 0x03;

/// Reads an LLC header.
pub(super) fn read<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    let (&[dsap, ssap, control], behind) = rest.split::<3>(LayerName::Shim)?;
    let llc = Llc { dsap, ssap, control, snap: None, len: rest.wire_len };
    match (dsap, ssap, control) {
        (SNAP, SNAP, UNNUMBERED) => {
            let (snap, behind) = protocol(behind)?;
            push(layers, Layer::Llc(Llc { snap: Some(snap), ..llc }), rest.offset)?;
            // RFC 2684 §5.2: two bytes of padding stand before a bridged frame.
            by_protocol(snap, behind, 2)
        }
        (IP, IP, UNNUMBERED) => {
            push(layers, Layer::Llc(llc), rest.offset)?;
            Ok(Next::Ipv4(behind))
        }
        _ => Err(Stop::Other(NotTcp::Unknown)),
    }
}

/// Reads an organisation and a protocol without an LLC header in front (RFC 2427 §4.1).
pub(super) fn snap<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    let (snap @ (organisation, protocol), behind) = protocol(rest)?;
    push(layers, Layer::Snap(Snap { organisation, protocol, len: behind.wire_len }), rest.offset)?;
    by_protocol(snap, behind, 0)
}

fn protocol(rest: Rest<'_>) -> Result<((u32, u16), Rest<'_>), Stop> {
    let (&[a, b, c, d, e], behind) = rest.split::<5>(LayerName::Shim)?;
    Ok(((u32::from_be_bytes([0, a, b, c]), u16::from_be_bytes([d, e])), behind))
}

fn by_protocol(snap: (u32, u16), behind: Rest<'_>, padding: usize) -> Result<Next<'_>, Stop> {
    match snap {
        // RFC 1042; bridges of old media say 00-00-f8 (IEEE 802.1H).
        (0x00_0000 | 0x00_00f8, ethertype) => Ok(Next::EtherType(ethertype, behind)),
        (0x00_80c2, 0x0001 | 0x0007) => Ok(Next::Ethernet(behind.skip(padding, LayerName::Shim)?)),
        _ => Err(Stop::Other(NotTcp::Unknown)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::sample::{SYN, SYN6, ethernet, finds_syn, join, other};
    use super::*;

    #[test]
    fn snap_leads_to_an_ethertype() {
        // RFC 1042, IEEE 802.1H, and Ethernet bridged over ATM (RFC 2684).
        finds_syn(100, &join(&[&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0], &SYN]));
        finds_syn(100, &join(&[&[0xaa, 0xaa, 3, 0, 0, 0xf8, 0x86, 0xdd], &SYN6]));
        finds_syn(100, &join(&[&[0xaa, 0xaa, 3, 0, 0x80, 0xc2, 0, 7, 0, 0], &ethernet(0x0800, &SYN)]));
    }

    #[test]
    fn ip_has_a_service_access_point_of_its_own() {
        let bytes = join(&[&[6, 6, 3], &SYN]);
        let layers = finds_syn(100, &bytes);
        let [Layer::Llc(llc)] = layers[..] else { panic!("{layers:?}") };
        assert_eq!((llc.dsap, llc.ssap, llc.control, llc.snap, llc.len), (6, 6, 3, None, 43));
    }

    #[test]
    fn a_spanning_tree_message_is_not_tcp() {
        assert_eq!(other(1, &ethernet(38, &[0x42, 0x42, 3, 0, 0, 0])), NotTcp::Unknown);
    }
}
