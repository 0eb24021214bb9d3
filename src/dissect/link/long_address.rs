//! Networks whose addresses are eight bytes: IP over IEEE 1394 (RFC 2734) and over Fibre Channel (RFC 2625).

use super::llc;
use crate::dissect::layer::{Layer, Layers, LongAddresses, push};
use crate::dissect::rest::Rest;
use crate::dissect::step::Next;
use crate::dissect::stop::{LayerName, Stop};

/// `APPLE_IP_OVER_IEEE1394`.
pub(super) fn ieee1394<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    let (dst, behind) = rest.split::<8>(LayerName::Link)?;
    let (src, behind) = behind.split::<8>(LayerName::Link)?;
    let (&ethertype, behind) = behind.split::<2>(LayerName::Link)?;
    let ethertype = u16::from_be_bytes(ethertype);
    let addresses = LongAddresses { dst, src, ethertype: Some(ethertype), len: rest.wire_len };
    push(layers, Layer::LongAddresses(addresses), rest.offset)?;
    Ok(Next::EtherType(ethertype, behind))
}

/// `IP_OVER_FC`.
pub(super) fn fibre_channel<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
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
