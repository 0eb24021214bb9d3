//! IP over InfiniBand, RFC 4391: 40 bytes of routing header, an EtherType, two bytes of nothing.

use crate::dissect::layer::{Infiniband, Layer, Layers, push};
use crate::dissect::rest::Rest;
use crate::dissect::step::Next;
use crate::dissect::stop::{LayerName, Stop};

/// Reads the header.
pub(super) fn read<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    let (&[.., a, b, _, _], behind) = rest.split::<44>(LayerName::Link)?;
    let ethertype = u16::from_be_bytes([a, b]);
    push(layers, Layer::Infiniband(Infiniband { ethertype, len: rest.wire_len }), rest.offset)?;
    Ok(Next::EtherType(ethertype, behind))
}

#[cfg(test)]
mod tests {
    use super::super::super::sample::{SYN, finds_syn, join};
    use super::*;

    #[test]
    fn the_ethertype_stands_behind_40_bytes() {
        let bytes = join(&[&[0; 40], &[8, 0, 0, 0], &SYN]);
        let layers = finds_syn(242, &bytes);
        assert!(matches!(layers[..], [Layer::Infiniband(Infiniband { ethertype: 0x0800, len: 84 })]), "{layers:?}");
    }
}
