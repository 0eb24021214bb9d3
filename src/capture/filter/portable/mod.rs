//! A compiler of pcap expressions for builds without libpcap: nothing but this machine's `/etc/services` is asked.
//!
//! It knows what pcap-filter(7) says of Ethernet, VLANs, ARP, IP, TCP, UDP, SCTP and ICMP, and arithmetic. Whatever it takes means
//! what it means to libpcap: a test holds the two equal. What it does not know it refuses, and never takes for something else.

mod address;
mod arithmetic;
mod lexer;
mod link;
mod names;
mod parser;
mod predicate;
mod primitive;
mod qualifiers;

use super::Refusal;
use crate::capture::{CaptureError, LinkType};
pub(super) use predicate::Predicate as Program;

/// Nothing means more on another link type than on Ethernet.
pub(super) const OTHER_LINK_TYPES: [u16; 0] = [];

/// Link types that are known.
pub(super) const USUAL_LINK_TYPES: [u16; 9] = [1, 0, 108, 9, 101, 228, 229, 113, 276];

impl Refusal {
    fn at(at: usize, words: impl Into<String>) -> Self {
        Self { words: words.into(), at: Some(at) }
    }
}

/// The error for an expression that was refused.
pub(super) fn refused(expression: &str, _: LinkType, Refusal { words, at }: Refusal) -> CaptureError {
    CaptureError::Filter { expression: expression.to_owned(), at, words }
}

/// Compiles an expression for frames of a link type.
pub(super) fn compile(expression: &str, link_type: LinkType) -> Result<Program, Refusal> {
    let unknown = || "filters on this link type need a build with libpcap".to_owned();
    let link = link::Link::of(link_type).ok_or_else(unknown)?;
    parser::parse(expression, link)
}

#[cfg(test)]
mod refusals;
#[cfg(test)]
#[cfg(feature = "live")]
mod tests;
