//! The facts of one TCP segment: all that the tracker sees of a frame.

use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::num::NonZeroU32;

use crate::capture::Timestamp;
use crate::dissect::flags::TcpFlags;
use crate::dissect::seq::SeqNumber;

/// A segment's header facts, without its payload: small, `Copy`, and independent of the frame's bytes.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Segment {
    /// Frame number in the input.
    pub frame: u64,
    /// Capture time.
    pub ts: Timestamp,
    /// Index of the interface that captured it.
    pub interface: u32,
    /// A digest of the link layer's addresses and tags: it differs between capture points.
    pub place: u32,
    /// Frame length on the wire, in bytes.
    pub wire_len: u32,
    /// Frame bytes captured.
    pub captured_len: u32,
    /// Source address and port.
    pub src: Socket,
    /// Destination address and port.
    pub dst: Socket,
    /// Time to live, or hop limit.
    pub ttl: u8,
    /// Type of service, or traffic class.
    pub tos: u8,
    /// IPv4 identification.
    pub ip_id: Option<u16>,
    /// IPv4 don't fragment.
    pub dont_fragment: bool,
    /// Its packet came in fragments: put together by a [`Reader`](super::Reader), or else the first of them, with more payload than
    /// is counted here.
    pub fragment: bool,
    /// Sequence number.
    pub seq: SeqNumber,
    /// Acknowledgment number, where the ACK flag makes it valid.
    pub ack: Option<SeqNumber>,
    /// The flags.
    pub flags: TcpFlags,
    /// Window field, unscaled.
    pub window: u16,
    /// Urgent pointer.
    pub urgent: u16,
    /// Header length by the data offset, in bytes: 0 to 60.
    pub header_len: u8,
    /// Payload bytes by the IP header, captured or not.
    pub payload_len: u32,
    /// The payload length comes from the frame, since the IP header says 0 (segmentation offload).
    pub offloaded: bool,
    /// What is wrong with the header's length.
    pub header_fault: Option<HeaderFault>,
    /// The checksum's answer.
    pub checksum: Checksum,
    /// A digest of the payload: equal bytes have equal ones. None when there is no payload, or not all of it was captured.
    pub payload_digest: Option<NonZeroU32>,
    /// What the options say.
    pub options: OptionFacts,
}

impl Segment {
    /// An empty segment with no flags and no options, as a beginning for one that is not dissected from a frame.
    pub fn new(src: Socket, dst: Socket, seq: SeqNumber) -> Self {
        Self {
            frame: 0,
            ts: Timestamp::default(),
            interface: 0,
            place: 0,
            wire_len: 54,
            captured_len: 54,
            src,
            dst,
            ttl: 64,
            tos: 0,
            ip_id: None,
            dont_fragment: false,
            fragment: false,
            seq,
            ack: None,
            flags: TcpFlags::default(),
            window: u16::MAX,
            urgent: 0,
            header_len: 20,
            payload_len: 0,
            offloaded: false,
            header_fault: None,
            checksum: Checksum::Unknown,
            payload_digest: None,
            options: OptionFacts::NONE,
        }
    }

    /// Sequence numbers that the segment takes: payload, and one each for SYN and FIN.
    // RFC 9293 §3.4: SYN and FIN are the only controls that take a sequence number.
    pub fn seq_len(&self) -> u32 {
        self.payload_len
            .saturating_add(u32::from(self.flags.contains(TcpFlags::SYN)))
            .saturating_add(u32::from(self.flags.contains(TcpFlags::FIN)))
    }

    /// Whether not all of its frame was captured.
    pub fn is_cut(&self) -> bool {
        self.captured_len < self.wire_len
    }

    /// Leaves the checksum unverified.
    pub(super) fn forget_checksum(&mut self) {
        self.checksum = Checksum::Unknown;
    }

    /// Whether it goes from one of the two to the other.
    pub fn is_between(&self, [a, b]: &[Socket; 2]) -> bool {
        self.src == *a && self.dst == *b || self.src == *b && self.dst == *a
    }
}

/// An address and a port.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Socket {
    /// The address.
    pub addr: IpAddr,
    /// The port.
    pub port: u16,
}

/// What a checksum over the pseudo-header and the segment says.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Checksum {
    /// It holds.
    Correct,
    /// It covers the pseudo-header alone: the sender left the rest to its network card.
    Partial,
    /// It does not hold; the value that would.
    Wrong {
        /// What the field should be.
        expected: u16,
    },
    /// Not every byte was captured, or the packet is a fragment.
    Unknown,
}

/// A data offset that cannot be right.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum HeaderFault {
    /// Below 20 bytes.
    TooShort,
    /// Longer than the segment.
    TooLong,
}

/// What the options of one segment say.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct OptionFacts {
    /// Maximum segment size (kind 2).
    pub mss: Option<u16>,
    /// Window scale shift (kind 3), as sent: may be above 14.
    pub wscale: Option<u8>,
    /// SACK permitted (kind 4).
    pub sack_permitted: bool,
    /// SACK blocks (kind 5).
    pub sack: SackBlocks,
    /// Timestamp value and echo reply (kind 8).
    pub timestamps: Option<(u32, u32)>,
    /// Fast Open cookie's length (kind 34, or experiment 254 with its magic); 0 asks for one.
    pub fast_open: Option<u8>,
    /// MD5 signature (kind 19).
    pub md5: bool,
    /// Authentication option (kind 29).
    pub ao: bool,
    /// Multipath TCP (kind 30).
    pub mptcp: bool,
    /// One of its options beside the data sequence signal.
    pub mptcp_signal: bool,
    /// Accurate ECN (kinds 172 and 174).
    pub acc_ecn: bool,
    /// The first option that stands there twice, by kind.
    pub duplicate: Option<u8>,
    /// The first thing wrong with the list.
    pub fault: Option<OptionFault>,
    /// The capture ends inside the options.
    pub cut: bool,
}

impl OptionFacts {
    /// Of a header without options.
    pub const NONE: Self = Self {
        mss: None,
        wscale: None,
        sack_permitted: false,
        sack: SackBlocks { len: 0, blocks: [(SeqNumber(0), SeqNumber(0)); 4] },
        timestamps: None,
        fast_open: None,
        md5: false,
        ao: false,
        mptcp: false,
        mptcp_signal: false,
        acc_ecn: false,
        duplicate: None,
        fault: None,
        cut: false,
    };
}

/// Something wrong with the option list.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct OptionFault {
    /// The option's kind.
    pub kind: u8,
    /// What is wrong.
    pub what: OptionFaultKind,
}

/// What can be wrong with an option.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum OptionFaultKind {
    /// A length that the kind does not allow.
    BadLength(u8),
    /// A length below 2.
    TooShort(u8),
    /// A length beyond the header.
    Overrun(u8),
    /// Bytes other than zero behind the end of the list.
    AfterEnd,
}

/// Up to four SACK blocks, in the order in which they stand.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct SackBlocks {
    /// How many are there.
    pub len: u8,
    /// Left and right edges; the first `len` count.
    pub blocks: [(SeqNumber, SeqNumber); 4],
}

impl SackBlocks {
    /// The blocks that are there.
    pub fn as_slice(&self) -> &[(SeqNumber, SeqNumber)] {
        self.blocks.get(..usize::from(self.len)).unwrap_or(&self.blocks)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use super::*;

    #[test]
    fn a_segment_comes_back_as_it_was_from_bytes_and_one_that_is_cut_does_not() {
        let [src, dst] = [1, 2].map(|port| Socket { addr: Ipv6Addr::from_bits(port.into()).into(), port });
        let mut segment = Segment::new(src, dst, SeqNumber(7));
        segment.checksum = Checksum::Wrong { expected: 9 };
        segment.payload_digest = NonZeroU32::new(3);
        segment.options.sack = SackBlocks { len: 1, ..SackBlocks::default() };
        segment.options.sack.blocks[0] = (SeqNumber(1), SeqNumber(2));
        segment.options.fault = Some(OptionFault { kind: 5, what: OptionFaultKind::BadLength(3) });
        let bytes = postcard::to_allocvec(&segment).unwrap();
        let (taken, rest) = postcard::take_from_bytes::<Segment>(&bytes).unwrap();
        assert_eq!((taken, rest), (segment, &[][..]));
        assert!((0..bytes.len()).all(|len| postcard::take_from_bytes::<Segment>(&bytes[..len]).is_err()));
    }
}
