//! The TCP header.

use super::Segment;

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
