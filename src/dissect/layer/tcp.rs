//! A TCP segment in its bytes.

use crate::dissect::options::TcpOptions;
use crate::dissect::segment::Segment;

/// Bytes of a header without options.
const FIXED_LEN: usize = 20;

/// A TCP segment in its bytes.
#[derive(Clone, Copy, Debug)]
pub struct Tcp<'a> {
    /// Its facts.
    pub segment: Segment,
    /// The header with its options, as captured: 20 bytes or more, by the data offset where that is sane.
    pub header: &'a [u8],
    /// The payload as captured.
    pub payload: &'a [u8],
}

impl<'a> Tcp<'a> {
    /// The options, one by one; none when the header's length cannot be right.
    pub fn options(&self) -> TcpOptions<'a> {
        match self.segment.header_fault {
            None => options(self.header, self.segment.header_len),
            Some(_) => TcpOptions::new(&[], 0),
        }
    }
}

/// The options behind the fixed fields of a header, of which not all need have been captured.
pub(in crate::dissect) fn options(header: &[u8], header_len: u8) -> TcpOptions<'_> {
    let captured = header.get(FIXED_LEN..).unwrap_or_default();
    TcpOptions::new(captured, usize::from(header_len).saturating_sub(FIXED_LEN))
}
