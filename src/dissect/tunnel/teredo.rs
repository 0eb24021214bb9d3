//! Teredo, RFC 4380: IPv6 in UDP, behind up to two indications.

use super::super::layer::{Layers, push};
use super::super::rest::Rest;
use super::super::{Layer, LayerName, Next, Stop};

/// Reads a Teredo packet.
pub fn read<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Option<Next<'a>>, Stop> {
    let mut packet = rest;
    // §5.1.1: 0001, two lengths, what they count, a nonce of 8 bytes and a confirmation byte.
    if let [0, 1, client, authentication, ..] = *packet.data {
        let len = 4 + usize::from(client) + usize::from(authentication) + 9;
        packet = packet.skip(len, LayerName::Tunnel)?;
    }
    // §5.1.1: 0000, a port and an address.
    if packet.data.starts_with(&[0, 0]) {
        packet = packet.skip(8, LayerName::Tunnel)?;
    }
    if packet.version() != Some(6) {
        return Ok(None);
    }
    push(layers, Layer::Teredo, rest.offset)?;
    Ok(Some(Next::Ipv6(packet)))
}
