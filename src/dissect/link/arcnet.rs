//! ARCnet, RFC 1201 and RFC 1051, as BSD and as Linux hand it out.

use crate::dissect::layer::{Arcnet, Layer, Layers, push};
use crate::dissect::rest::Rest;
use crate::dissect::step::Next;
use crate::dissect::stop::{LayerName, NotTcp, Stop};

const IP_RFC1051: u8 = 240;
const ARP_RFC1051: u8 = 241;
const IP: u8 = 212;
const IPV6: u8 = 196;

/// BSD's form: a frame as on the wire; long frames come in fragments.
pub(super) fn bsd<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    const EXCEPTION: u8 = 0xff;
    let (&[src, dst, kind], behind) = rest.split::<3>(LayerName::Link)?;
    let mut arcnet = Arcnet { src, dst, kind, sequence: None, card_offset: None, len: rest.wire_len };
    if matches!(kind, IP_RFC1051 | ARP_RFC1051) {
        push(layers, Layer::Arcnet(arcnet), rest.offset)?;
        return by_kind(kind, behind);
    }
    let (&[mut split, mut a, mut b], mut packet) = behind.split::<3>(LayerName::Link)?;
    if split == EXCEPTION {
        // RFC 1201 §2.1: an exception packet repeats the split flag and the number behind a byte of padding.
        let (&[_, real, c, d], behind) = packet.split::<4>(LayerName::Link)?;
        (split, a, b, packet) = (real, c, d, behind);
    }
    arcnet.sequence = Some(u16::from_be_bytes([a, b]));
    push(layers, Layer::Arcnet(arcnet), rest.offset)?;
    // RFC 1201 §2.2: 0 is a whole packet, an odd number the first fragment, an even one a later fragment.
    if split != 0 && split & 1 == 0 { Err(Stop::Other(NotTcp::Unknown)) } else { by_kind(kind, packet) }
}

/// Linux's form: two more bytes behind the addresses, and fragments are put together.
pub(super) fn linux<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    let (&[src, dst, a, b, kind], behind) = rest.split::<5>(LayerName::Link)?;
    let card_offset = Some(u16::from_be_bytes([a, b]));
    let arcnet = Arcnet { src, dst, kind, sequence: None, card_offset, len: rest.wire_len };
    push(layers, Layer::Arcnet(arcnet), rest.offset)?;
    let packet = if matches!(kind, IP_RFC1051 | ARP_RFC1051) { behind } else { behind.skip(3, LayerName::Link)? };
    by_kind(kind, packet)
}

fn by_kind(kind: u8, rest: Rest<'_>) -> Result<Next<'_>, Stop> {
    match kind {
        IP | IP_RFC1051 => Ok(Next::Ipv4(rest)),
        IPV6 => Ok(Next::Ipv6(rest)),
        _ => Err(Stop::Other(NotTcp::Unknown)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::sample::{SYN, SYN6, finds_syn, join, other};
    use super::*;

    #[test]
    fn old_and_new_packets_of_both_systems() {
        finds_syn(7, &join(&[&[1, 2, 240], &SYN]));
        finds_syn(7, &join(&[&[1, 2, 212, 0, 0, 7], &SYN]));
        finds_syn(7, &join(&[&[1, 2, 212, 0xff, 0xff, 0xff, 0, 0, 0, 7], &SYN]));
        finds_syn(129, &join(&[&[1, 2, 0, 0, 240], &SYN]));
        finds_syn(129, &join(&[&[1, 2, 0, 0, 196, 0, 0, 7], &SYN6]));
    }

    #[test]
    fn later_fragments_and_arp_are_not_tcp() {
        assert_eq!(other(7, &join(&[&[1, 2, 212, 2, 0, 7], &SYN])), NotTcp::Unknown);
        assert_eq!(other(129, &join(&[&[1, 2, 0, 0, 241], &SYN])), NotTcp::Unknown);
    }
}
