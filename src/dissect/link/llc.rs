//! IEEE 802.2 logical link control, and its subnetwork access protocol.

use super::super::layer::{Layers, push};
use super::super::rest::Rest;
use super::super::{Layer, LayerName, Next, NotTcp, Stop};

/// An LLC header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Llc {
    /// Destination service access point.
    pub dsap: u8,
    /// Source service access point.
    pub ssap: u8,
    /// The control byte; 3 is unnumbered information.
    pub control: u8,
    /// The organisation and its protocol number, where SNAP follows.
    pub snap: Option<(u32, u16)>,
    /// Length on the wire from this header on, in bytes.
    pub len: u32,
}

const SNAP: u8 = 0xaa;
const IP: u8 = 0x06;
const UNNUMBERED: u8 = 0x03;

/// Reads an LLC header.
pub fn read<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    let (&[dsap, ssap, control], behind) = rest.split::<3>(LayerName::Shim)?;
    let llc = Llc { dsap, ssap, control, snap: None, len: rest.wire_len };
    match (dsap, ssap, control) {
        (SNAP, SNAP, UNNUMBERED) => {
            let (&[a, b, c, d, e], behind) = behind.split::<5>(LayerName::Shim)?;
            let (organisation, protocol) = (u32::from_be_bytes([0, a, b, c]), u16::from_be_bytes([d, e]));
            push(layers, Layer::Llc(Llc { snap: Some((organisation, protocol)), ..llc }), rest.offset)?;
            match (organisation, protocol) {
                // RFC 1042; bridges of old media say 00-00-f8 (IEEE 802.1H).
                (0x00_0000 | 0x00_00f8, ethertype) => Ok(Next::EtherType(ethertype, behind)),
                // RFC 2684 §5.2: a bridged Ethernet frame, after two bytes of padding.
                (0x00_80c2, 0x0001 | 0x0007) => Ok(Next::Ethernet(behind.skip(2, LayerName::Shim)?)),
                _ => Err(Stop::Other(NotTcp::Unknown)),
            }
        }
        (IP, IP, UNNUMBERED) => {
            push(layers, Layer::Llc(llc), rest.offset)?;
            Ok(Next::Ipv4(behind))
        }
        _ => Err(Stop::Other(NotTcp::Unknown)),
    }
}
