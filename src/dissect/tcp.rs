//! The TCP header.

use pnet_packet::tcp::TcpPacket;

use super::{
    Checksum, Content, HeaderFault, Ip, LayerName, LengthSource, OptionFacts, Segment, SeqNumber, Shortfall, Socket,
    TcpFlags, TcpOptions, tcp_checksum,
};
use crate::capture::Frame;

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

/// Reads the TCP header at the start of an IP packet's payload.
pub(super) fn dissect<'a>(frame: &Frame, ip: &Ip<'a>) -> Content<'a> {
    let bytes = ip.payload;
    let fixed = bytes.first_chunk::<20>();
    let Some((_, fields)) = fixed.and_then(|fixed| Some((fixed, TcpPacket::new(fixed)?))) else {
        let present = bytes.len() as u32;
        let limit = if present < ip.payload_len { LengthSource::Capture } else { ip.length_source };
        let offset = ip.payload_offset();
        return Content::TcpCut(bytes, Shortfall { layer: LayerName::Tcp, offset, needed: 20, present, limit });
    };
    let header_len = fields.get_data_offset() * 4;
    let header_fault = match u32::from(header_len) {
        len if len < 20 => Some(HeaderFault::TooShort),
        len if len > ip.payload_len => Some(HeaderFault::TooLong),
        _ => None,
    };
    let flags = TcpFlags(u16::from(fields.get_reserved()) << 8 | u16::from(fields.get_flags()));
    let (header, payload) = bytes.split_at_checked(usize::from(header_len.max(20))).unwrap_or((bytes, &[]));
    let segment = Segment {
        frame: frame.number,
        ts: frame.ts,
        interface: frame.interface,
        wire_len: frame.wire_len,
        captured_len: frame.data.len() as u32,
        src: Socket { addr: ip.src, port: fields.get_source() },
        dst: Socket { addr: ip.dst, port: fields.get_destination() },
        ttl: ip.ttl,
        tos: ip.tos,
        ip_id: ip.id,
        dont_fragment: ip.dont_fragment,
        fragment: ip.fragment.is_some(),
        seq: SeqNumber(fields.get_sequence()),
        ack: flags.contains(TcpFlags::ACK).then_some(SeqNumber(fields.get_acknowledgement())),
        flags,
        window: fields.get_window(),
        urgent: fields.get_urgent_ptr(),
        header_len,
        payload_len: ip.payload_len.saturating_sub(u32::from(header_len.max(20))),
        offloaded: ip.length_source == LengthSource::Frame,
        header_fault,
        checksum: if ip.fragment.is_none() { tcp_checksum(ip) } else { Checksum::Unknown },
        options: match header_fault {
            None => OptionFacts::read(options(header, header_len)),
            Some(_) => OptionFacts::default(),
        },
    };
    Content::Tcp(Tcp { segment, header, payload })
}

/// The options behind the fixed fields of a header, of which not all need have been captured.
fn options(header: &[u8], header_len: u8) -> TcpOptions<'_> {
    let captured = header.get(FIXED_LEN..).unwrap_or_default();
    TcpOptions::new(captured, usize::from(header_len).saturating_sub(FIXED_LEN))
}
