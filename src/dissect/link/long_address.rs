//! Networks whose addresses are eight bytes: IP over IEEE 1394 (RFC 2734) and over Fibre Channel (RFC 2625).

use super::super::layer::{Layers, push};
use super::super::rest::Rest;
use super::super::{Layer, LayerName, Next, Stop};
use super::llc;

/// Two addresses of eight bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LongAddresses<'a> {
    /// Destination address.
    pub dst: &'a [u8; 8],
    /// Source address.
    pub src: &'a [u8; 8],
    /// IEEE 1394's EtherType; over Fibre Channel LLC follows.
    pub ethertype: Option<u16>,
    /// Length on the wire from this header on, in bytes.
    pub len: u32,
}

/// `APPLE_IP_OVER_IEEE1394`.
pub fn ieee1394<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    let (dst, behind) = rest.split::<8>(LayerName::Link)?;
    let (src, behind) = behind.split::<8>(LayerName::Link)?;
    let (&ethertype, behind) = behind.split::<2>(LayerName::Link)?;
    let ethertype = u16::from_be_bytes(ethertype);
    let addresses = LongAddresses { dst, src, ethertype: Some(ethertype), len: rest.wire_len };
    push(layers, Layer::LongAddresses(addresses), rest.offset)?;
    Ok(Next::EtherType(ethertype, behind))
}

/// `IP_OVER_FC`.
pub fn fibre_channel<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    let (dst, behind) = rest.split::<8>(LayerName::Link)?;
    let (src, behind) = behind.split::<8>(LayerName::Link)?;
    let addresses = LongAddresses { dst, src, ethertype: None, len: rest.wire_len };
    push(layers, Layer::LongAddresses(addresses), rest.offset)?;
    llc::read(behind, layers)
}

#[cfg(test)]
mod tests {
    use super::super::super::sample::{SNAP, SYN, finds_syn, join};

    #[test]
    fn an_ethertype_or_llc_follows() {
        finds_syn(138, &join(&[&[1; 8], &[2; 8], &[8, 0], &SYN]));
        finds_syn(122, &join(&[&[1; 8], &[2; 8], SNAP, &[8, 0], &SYN]));
    }
}
