//! Teredo, RFC 4380: IPv6 in UDP, behind up to two indications.

use crate::dissect::layer::{Layer, Layers, push};
use crate::dissect::rest::Rest;
use crate::dissect::step::Next;
use crate::dissect::stop::{LayerName, Stop};

/// Reads a Teredo packet.
pub(super) fn read<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Option<Next<'a>>, Stop> {
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

#[cfg(test)]
mod tests {
    use super::super::super::sample::{SYN6, datagram, finds_syn, join};

    #[test]
    fn indications_may_stand_in_front_of_the_packet() {
        let authentication = [0, 1, 2, 1, b'i', b'd', b'a', 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let origin = [0, 0, 0x12, 0x34, 1, 2, 3, 4];
        finds_syn(1, &datagram(3544, &SYN6));
        finds_syn(1, &datagram(3544, &join(&[&origin, &SYN6])));
        finds_syn(1, &datagram(3544, &join(&[&authentication, &origin, &SYN6])));
    }
}
