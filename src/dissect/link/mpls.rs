//! Multiprotocol label switching, RFC 3032.

use crate::dissect::layer::{Layer, Layers, Mpls, push};
use crate::dissect::rest::Rest;
use crate::dissect::step::Next;
use crate::dissect::stop::{LayerName, NotTcp, Stop};

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
pub(crate) fn stack<'a>(mut rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
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

#[cfg(test)]
mod tests {
    use super::super::super::sample::{SYN, SYN6, ethernet, finds_syn, join, other};
    use super::*;

    #[test]
    fn a_stack_ends_at_its_bottom_and_ip_shows_by_its_version() {
        let bytes = ethernet(0x8847, &join(&[&[0, 6, 0x46, 0x40, 0, 0x0c, 0x81, 0x3f], &SYN6]));
        let layers = finds_syn(1, &bytes);
        let [_, Layer::Mpls(top), Layer::Mpls(bottom)] = layers[..] else { panic!("{layers:?}") };
        assert_eq!((top.label(), top.is_bottom(), bottom.label(), bottom.is_bottom()), (100, false, 200, true));
        finds_syn(219, &join(&[&[0, 6, 0x41, 0x40], &SYN]));
    }

    #[test]
    fn a_control_word_leads_to_the_ethernet_frame_of_a_pseudowire() {
        let wire = ethernet(0x0800, &SYN);
        finds_syn(1, &ethernet(0x8847, &join(&[&[0, 6, 0x41, 0x40, 0, 0, 0, 0], &wire])));
        assert_eq!(other(219, &join(&[&[0, 6, 0x41, 0x40, 0, 0, 0, 0], &[0; 60]])), NotTcp::Unknown);
    }

    #[test]
    fn a_stack_without_a_bottom_is_too_deep() {
        let bytes = [0; 4 * 40];
        let dissection = crate::dissect(&super::super::super::sample::frame(219, &bytes));
        let crate::dissect::Content::Cut(short) = dissection.content else { panic!("{:?}", dissection.content) };
        assert_eq!((short.layer, short.present, short.offset), (LayerName::Depth, 16, 64));
    }
}
