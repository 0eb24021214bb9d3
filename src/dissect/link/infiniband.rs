//! IP over InfiniBand, RFC 4391: 40 bytes of routing header, an EtherType, two bytes of nothing.

use super::super::layer::{Layers, push};
use super::super::rest::Rest;
use super::super::{Layer, LayerName, Next, Stop};

/// An InfiniBand header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Infiniband {
    /// EtherType of the packet.
    pub ethertype: u16,
    /// Length on the wire from this header on, in bytes.
    pub len: u32,
}

/// Reads the header.
pub fn read<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
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
