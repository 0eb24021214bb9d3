//! Generic routing encapsulation: RFC 2784 and RFC 2890, and version 1 for PPTP, RFC 2637.

use super::super::layer::{Layers, push};
use super::super::rest::Rest;
use super::super::{Layer, LayerName, Next, NotTcp, Stop, link};
use super::erspan;

/// A GRE header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Gre {
    /// Flags and version.
    pub flags: u16,
    /// EtherType of what is carried.
    pub protocol: u16,
    /// Checksum and offset, 16 bits each.
    pub checksum: Option<u32>,
    /// The key, or in version 1 payload length and call.
    pub key: Option<u32>,
    /// The sequence number.
    pub sequence: Option<u32>,
    /// The acknowledgment number of version 1.
    pub ack: Option<u32>,
    /// Length on the wire from this header on, in bytes.
    pub len: u32,
}

const CHECKSUM: u16 = 0x8000;
const ROUTING: u16 = 0x4000;
const KEY: u16 = 0x2000;
const SEQUENCE: u16 = 0x1000;
const ACK: u16 = 0x0080;

/// Reads a GRE header.
pub fn read<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    let (&[f0, f1, p0, p1], mut behind) = rest.split::<4>(LayerName::Tunnel)?;
    let (flags, protocol) = (u16::from_be_bytes([f0, f1]), u16::from_be_bytes([p0, p1]));
    let version = flags & 7;
    let mut word = |present: bool| {
        if !present {
            return Ok(None);
        }
        let (&word, next) = behind.split::<4>(LayerName::Tunnel)?;
        behind = next;
        Ok::<_, Stop>(Some(u32::from_be_bytes(word)))
    };
    // RFC 1701: checksum and offset are there when either of them, or routing, is.
    let checksum = word(flags & (CHECKSUM | ROUTING) != 0)?;
    let key = word(flags & KEY != 0)?;
    let sequence = word(flags & SEQUENCE != 0)?;
    let ack = word(version == 1 && flags & ACK != 0)?;
    push(layers, Layer::Gre(Gre { flags, protocol, checksum, key, sequence, ack, len: rest.wire_len }), rest.offset)?;
    if version == 0 && flags & ROUTING != 0 {
        behind = skip_routes(behind)?;
    }
    match protocol {
        _ if version > 1 => Err(Stop::Other(NotTcp::EtherType(protocol))),
        0x88be if sequence.is_none() => erspan::version1(behind, layers),
        0x88be => erspan::version2(behind, layers),
        0x22eb => erspan::version3(behind, layers),
        // WCCP may put four bytes of its own in front of the packet.
        0x883e if behind.may_be_ip() => Ok(Next::Ip(behind)),
        0x883e => Ok(Next::Ip(behind.skip(4, LayerName::Tunnel)?)),
        // Aruba's access points send wireless frames by GRE.
        0x8200..=0x82ff | 0x9000 => link::wifi(behind, link::Radio::default(), layers),
        _ => Ok(Next::EtherType(protocol, behind)),
    }
}

/// Source route entries: family, offset, length, and as many bytes; an entry of length 0 ends them.
// RFC 1701, "Routing".
fn skip_routes(mut rest: Rest<'_>) -> Result<Rest<'_>, Stop> {
    loop {
        let (&[a, b, _, len], behind) = rest.split::<4>(LayerName::Tunnel)?;
        rest = behind.skip(usize::from(len), LayerName::Tunnel)?;
        if [a, b, len] == [0, 0, 0] {
            return Ok(rest);
        }
    }
}
