//! Multiprotocol label switching, RFC 3032.

use super::super::layer::{Layers, push};
use super::super::rest::Rest;
use super::super::{Layer, LayerName, Next, NotTcp, Stop};

/// One entry of a label stack.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Mpls {
    /// The entry as it stands: 20 bits of label, 3 of traffic class, 1 for the bottom, 8 of time to live.
    pub entry: u32,
    /// Length on the wire from this entry on, in bytes.
    pub len: u32,
}

impl Mpls {
    /// The label.
    pub fn label(self) -> u32 {
        self.entry >> 12
    }

    /// Whether this is the last entry of its stack.
    pub fn is_bottom(self) -> bool {
        self.entry & 0x100 != 0
    }
}

/// Reads a label stack.
pub fn stack<'a>(mut rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    loop {
        let (&entry, behind) = rest.split::<4>(LayerName::Shim)?;
        let mpls = Mpls { entry: u32::from_be_bytes(entry), len: rest.wire_len };
        push(layers, Layer::Mpls(mpls), rest.offset)?;
        if mpls.is_bottom() {
            return payload(behind);
        }
        rest = behind;
    }
}

/// A label stack does not name what it carries: IP shows by its first four bits, and a pseudowire's control word by zeros.
// RFC 4928 §3; RFC 4385 §3: the control word begins with 0000.
fn payload(rest: Rest<'_>) -> Result<Next<'_>, Stop> {
    match rest.version() {
        Some(4) => Ok(Next::Ipv4(rest)),
        Some(6) => Ok(Next::Ipv6(rest)),
        Some(0) => {
            let behind = rest.skip(4, LayerName::Shim)?;
            if behind.may_be_ethernet() { Ok(Next::Ethernet(behind)) } else { Err(Stop::Other(NotTcp::Unknown)) }
        }
        Some(_) => Err(Stop::Other(NotTcp::Unknown)),
        None => Err(rest.short(LayerName::Shim, 1)),
    }
}
