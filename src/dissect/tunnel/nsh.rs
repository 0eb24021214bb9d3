//! The network service header, RFC 8300.

use super::super::link;
use crate::dissect::layer::{Layer, Layers, Nsh, push};
use crate::dissect::rest::Rest;
use crate::dissect::step::Next;
use crate::dissect::stop::{LayerName, NotTcp, Stop};

impl Nsh<'_> {
    /// The number of the protocol behind it.
    pub fn next(self) -> u8 {
        self.base as u8
    }
}

/// Reads the header.
pub(crate) fn read<'a>(rest: Rest<'a>, layers: &mut Layers<'a>) -> Result<Next<'a>, Stop> {
    const NOT_READ: Stop = Stop::Other(NotTcp::EtherType(0x894f));
    let (&[a, b, c, next], behind) = rest.split::<4>(LayerName::Shim)?;
    let (&path, behind) = behind.split::<4>(LayerName::Shim)?;
    // §2.2: version 0; the length counts all in words, these two headers included.
    let Some(context_len) = (usize::from(b & 0x3f) * 4).checked_sub(8).filter(|_| a >> 6 == 0) else {
        return Err(NOT_READ);
    };
    let (context, behind) = behind.split_at(context_len, LayerName::Shim)?;
    let nsh = Nsh { base: u32::from_be_bytes([a, b, c, next]), path: u32::from_be_bytes(path), context };
    push(layers, Layer::Nsh(nsh), rest.offset)?;
    match next {
        1 => Ok(Next::Ipv4(behind)),
        2 => Ok(Next::Ipv6(behind)),
        3 => Ok(Next::Ethernet(behind)),
        4 => read(behind, layers),
        5 => link::mpls(behind, layers),
        _ => Err(NOT_READ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::sample::{SYN, SYN6, ethernet, finds_syn, join, other};
    use super::*;

    #[test]
    fn it_says_what_it_carries_and_how_much_context_stands_between() {
        let bytes = ethernet(0x894f, &join(&[&[0x0f, 0xc3, 2, 1, 0, 0, 7, 0xff, 0, 1, 2, 0], &SYN]));
        let layers = finds_syn(1, &bytes);
        let [_, Layer::Nsh(nsh)] = layers[..] else { panic!("{layers:?}") };
        assert_eq!((nsh.path, nsh.context, nsh.next()), (0x7ff, &[0, 1, 2, 0][..], 1));
        finds_syn(1, &ethernet(0x894f, &join(&[&[0x0f, 0xc2, 2, 2, 0, 0, 7, 0xff], &SYN6])));
        finds_syn(1, &ethernet(0x894f, &join(&[&[0x0f, 0xc2, 2, 3, 0, 0, 7, 0xff], &ethernet(0x0800, &SYN)])));
        finds_syn(1, &ethernet(0x894f, &join(&[&[0x0f, 0xc2, 2, 5, 0, 0, 7, 0xff, 0, 6, 0x41, 0x40], &SYN])));
    }

    #[test]
    fn nested_without_end_it_is_too_deep_and_another_version_is_not_read() {
        let mut inner = SYN.to_vec();
        for _ in 0..40 {
            inner = join(&[&[0x0f, 0xc2, 2, 4, 0, 0, 7, 0xff], &inner]);
        }
        let bytes = ethernet(0x894f, &inner);
        let dissection = crate::dissect(&super::super::super::sample::frame(1, &bytes));
        assert!(matches!(dissection.content, crate::dissect::Content::Cut(_)));
        let newer = ethernet(0x894f, &join(&[&[0x4f, 0xc2, 2, 1, 0, 0, 7, 0xff], &SYN]));
        assert_eq!(other(1, &newer), NotTcp::EtherType(0x894f));
    }
}
