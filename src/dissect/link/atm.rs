//! ATM below LLC: Classical IP, and SunATM's pseudo-header.

use super::llc;
use crate::dissect::layer::{Atm, Layer, Layers, push};
use crate::dissect::rest::Rest;
use crate::dissect::step::Next;
use crate::dissect::stop::{LayerName, NotTcp, Stop};

/// `ATM_CLIP`: LLC (RFC 2225), or the packet at once.
pub(super) fn classical<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    push(layers, Layer::Atm(Atm::Classical(rest.wire_len)), rest.offset)?;
    match rest.data.first() {
        Some(0xaa) => llc::read(rest, layers),
        Some(_) => Ok(Next::Ip(rest)),
        None => Err(rest.short(LayerName::Link, 1)),
    }
}

/// `SUNATM`: direction and type of traffic, path, channel.
pub(super) fn sun<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    const LLC: u8 = 2;
    let (&[kind, path, c0, c1], behind) = rest.split::<4>(LayerName::Link)?;
    push(layers, Layer::Atm(Atm::Sun(kind & 0x80 != 0, path, u16::from_be_bytes([c0, c1]))), rest.offset)?;
    if kind & 0x0f == LLC { llc::read(behind, layers) } else { Err(Stop::Other(NotTcp::Unknown)) }
}

#[cfg(test)]
mod tests {
    use super::super::super::sample::{SNAP, SYN, SYN6, finds_syn, join, other};
    use super::*;

    #[test]
    fn llc_or_a_packet_follows() {
        finds_syn(106, &join(&[SNAP, &[8, 0], &SYN]));
        finds_syn(106, &SYN6);
        finds_syn(123, &join(&[&[0x82, 1, 0, 32], SNAP, &[8, 0], &SYN]));
        assert_eq!(other(123, &join(&[&[0x86, 1, 0, 5], SNAP, &[8, 0], &SYN])), NotTcp::Unknown);
    }
}
