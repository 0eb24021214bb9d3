//! Frame Relay: a Q.922 address, then what RFC 2427 or Cisco's own encapsulation says of the packet.

use super::{by_ethertype, llc, ppp};
use crate::dissect::layer::{FrameRelay, Layer, Layers, push};
use crate::dissect::rest::Rest;
use crate::dissect::step::Next;
use crate::dissect::stop::{LayerName, NotTcp, Stop};

impl FrameRelay {
    /// The flags of an address by their bits, in the order in which tcpdump names them.
    pub const FLAGS: [(u8, &str); 5] = [(0x80, "C!"), (0x02, "DE"), (0x04, "BECN"), (0x08, "FECN"), (0x01, "sdlcore")];
}

/// Unnumbered information.
const CONTROL: u8 = 0x03;

const NLPID_SNAP: u8 = 0x80;
const NLPID_IPV6: u8 = 0x8e;
const NLPID_IPV4: u8 = 0xcc;
const NLPID_PPP: u8 = 0xcf;

/// Reads the address and the header behind it.
pub(super) fn read<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    let (mut header, behind) = address(rest)?;
    let (&[control], information) = behind.split::<1>(LayerName::Link)?;
    // The link's own signalling, on connection 0, has no encapsulation of Cisco's.
    if control != CONTROL && header.dlci != 0 {
        let (&ethertype, behind) = behind.split::<2>(LayerName::Link)?;
        header.protocol = u16::from_be_bytes(ethertype);
        header.header_len += 2;
        // Below that it would be a length.
        if header.protocol <= 1500 {
            return Err(Stop::Other(NotTcp::Unknown));
        }
        push(layers, Layer::FrameRelay(header), rest.offset)?;
        return by_ethertype(header.protocol, behind, layers);
    }
    // RFC 2427 §3: a byte of padding may bring the packet to an even place.
    let (&[mut nlpid], mut packet) = information.split::<1>(LayerName::Link)?;
    if nlpid == 0 {
        let (&[real], behind) = packet.split::<1>(LayerName::Link)?;
        (nlpid, packet, header.padded) = (real, behind, true);
    }
    header.protocol = u16::from(nlpid);
    header.header_len += 2 + u8::from(header.padded);
    push(layers, Layer::FrameRelay(header), rest.offset)?;
    match nlpid {
        NLPID_IPV4 => Ok(Next::Ipv4(packet)),
        NLPID_IPV6 => Ok(Next::Ipv6(packet)),
        NLPID_SNAP => llc::snap(packet, layers),
        NLPID_PPP => ppp::ppp(packet, layers),
        _ => Err(Stop::Other(NotTcp::Unknown)),
    }
}

/// A Q.922 address of two to four bytes: the last one is odd.
fn address(rest: Rest<'_>) -> Result<(FrameRelay, Rest<'_>), Stop> {
    let invalid = Stop::Other(NotTcp::Unknown);
    let (&[a, b], mut behind) = rest.split::<2>(LayerName::Link)?;
    if a & 1 != 0 {
        return Err(invalid);
    }
    let mut dlci = u32::from(a & 0xfc) << 2 | u32::from(b >> 4);
    let mut flags = (a & 0x02) << 6 | (b & 0x0e);
    let mut address_len = 2;
    if b & 1 == 0 {
        let (&[mut last], next) = behind.split::<1>(LayerName::Link)?;
        (behind, address_len) = (next, 3);
        if last & 1 == 0 {
            dlci = dlci << 7 | u32::from(last >> 1);
            let (&[fourth], next) = behind.split::<1>(LayerName::Link)?;
            (last, behind, address_len) = (fourth, next, 4);
        }
        if last & 1 == 0 {
            return Err(invalid);
        }
        dlci = dlci << 6 | u32::from(last >> 2);
        flags |= (last & 0x02) >> 1;
    }
    let (protocol, padded, len) = (0, false, rest.wire_len);
    Ok((FrameRelay { dlci, address_len, flags, protocol, padded, header_len: address_len, len }, behind))
}

/// `MFR` (FRF.16): a header of two bytes in front; fragments of frames are not put together.
pub(super) fn multilink<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    const WHOLE: u8 = 0xc0;
    let (&[flags, sequence], behind) = rest.split::<2>(LayerName::Link)?;
    if flags & 0xe0 != WHOLE {
        return Err(Stop::Other(NotTcp::Unknown));
    }
    push(layers, Layer::Multilink(u16::from(flags & 0x1e) << 7 | u16::from(sequence)), rest.offset)?;
    read(behind, layers)
}

#[cfg(test)]
mod tests {
    use super::super::super::sample::{SYN, SYN6, ethernet, finds_syn, join, other};
    use super::*;

    #[test]
    fn addresses_have_two_to_four_bytes() {
        for (address, dlci) in
            [(&[0x18, 0x41][..], 100), (&[0x18, 0x40, 0x07], 6401), (&[0x18, 0x40, 0x0a, 0x07], 819_521)]
        {
            let bytes = join(&[address, &[3, 0xcc], &SYN]);
            let layers = finds_syn(107, &bytes);
            let [Layer::FrameRelay(relay)] = layers[..] else { panic!("{layers:?}") };
            assert_eq!((relay.dlci, usize::from(relay.address_len)), (dlci, address.len()));
        }
        assert_eq!(other(107, &join(&[&[0x19, 0x41, 3, 0xcc], &SYN])), NotTcp::Unknown);
        assert_eq!(other(107, &join(&[&[0x18, 0x40, 0x0a, 0x06, 3, 0xcc], &SYN])), NotTcp::Unknown);
    }

    #[test]
    fn every_encapsulation_is_read() {
        let dlci = &[0x18, 0x41][..];
        finds_syn(107, &join(&[dlci, &[3, 0x8e], &SYN6]));
        finds_syn(107, &join(&[dlci, &[3, 0, 0x80, 0, 0, 0, 8, 0], &SYN]));
        finds_syn(107, &join(&[dlci, &[3, 0x80, 0, 0x80, 0xc2, 0, 7], &ethernet(0x0800, &SYN)]));
        finds_syn(107, &join(&[dlci, &[3, 0xcf, 0, 0x21], &SYN]));
        finds_syn(107, &join(&[dlci, &[8, 0], &SYN]));
        finds_syn(182, &join(&[&[0xc0, 7], dlci, &[3, 0xcc], &SYN]));
    }

    #[test]
    fn signalling_and_fragments_are_not_tcp() {
        assert_eq!(other(107, &[0, 1, 3, 8, 0, 0x75]), NotTcp::Unknown);
        assert_eq!(other(107, &[0x18, 0x41, 0x12, 0x34, 0, 0]), NotTcp::EtherType(0x1234));
        assert_eq!(other(182, &join(&[&[0x80, 7, 0x18, 0x41, 3, 0xcc], &SYN])), NotTcp::Unknown);
    }
}
