//! The TCP header.

use pnet_packet::tcp::TcpPacket;

use super::checksum::tcp_checksum_and_digest;
use super::place::place;
use crate::capture::Frame;
use crate::dissect::flags::TcpFlags;
use crate::dissect::ip::Ip;
use crate::dissect::layer::{Content, Tcp, options};
use crate::dissect::segment::{HeaderFault, OptionFacts, Segment, Socket};
use crate::dissect::seq::SeqNumber;
use crate::dissect::stop::{LayerName, LengthSource, Shortfall};

/// Reads the TCP header at the start of an IP packet's payload.
#[inline]
pub(super) fn dissect<'a>(frame: &Frame, ip: &Ip<'a>, content: &mut Content<'a>) {
    let bytes = ip.payload;
    let Some(fields) = bytes.first_chunk::<20>().and_then(|fixed| TcpPacket::new(fixed)) else {
        *content = cut(ip);
        return;
    };
    let header_len = fields.get_data_offset() * 4;
    let header_fault = match u32::from(header_len) {
        len if len < 20 => Some(HeaderFault::TooShort),
        len if len > ip.payload_len => Some(HeaderFault::TooLong),
        _ => None,
    };
    let flags = TcpFlags(u16::from(fields.get_reserved()) << 8 | u16::from(fields.get_flags()));
    let (header, payload) = bytes.split_at_checked(usize::from(header_len.max(20))).unwrap_or((bytes, &[]));
    let (checksum, payload_digest) = tcp_checksum_and_digest(ip, usize::from(header_len.max(20)));
    // Made where it stays: it is too large to be made elsewhere and moved, and so are its options.
    *content = Content::Tcp(Tcp {
        segment: Segment {
            frame: frame.number,
            ts: frame.ts,
            interface: frame.interface,
            place: place(frame, ip.offset),
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
            checksum,
            payload_digest,
            options: OptionFacts::NONE,
        },
        header,
        payload,
    });
    if let (None, Content::Tcp(tcp)) = (header_fault, content) {
        tcp.segment.options.take_in(options(header, header_len));
    }
}

/// What there is of a header that is not whole.
#[cold]
fn cut<'a>(ip: &Ip<'a>) -> Content<'a> {
    let present = ip.payload.len() as u32;
    let limit = if present < ip.payload_len { LengthSource::Capture } else { ip.length_source };
    let offset = ip.payload_offset();
    Content::TcpCut(ip.payload, Shortfall { layer: LayerName::Tcp, offset, needed: 20, present, limit })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::{LinkType, Timestamp};
    use crate::dissect::{OptionFault, OptionFaultKind};

    /// Dissects a raw IPv4 packet that carries `tcp`, of which `captured` bytes were captured.
    fn read(tcp: &[u8], captured: usize, check: impl FnOnce(Content<'_>)) {
        let len = (20 + tcp.len()) as u16;
        let mut packet =
            vec![0x45, 0xb9, (len >> 8) as u8, len as u8, 0, 9, 0x40, 0, 61, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
        packet.extend(tcp);
        let frame = Frame {
            number: 7,
            ts: Timestamp(5),
            link_type: LinkType(101),
            interface: 3,
            wire_len: u32::from(len),
            data: &packet[..20 + captured],
        };
        check(crate::dissect::dissect(&frame).content);
    }

    /// The segment of a TCP header that is long enough to be one.
    fn segment(tcp: &[u8], captured: usize) -> Segment {
        let mut segment = None;
        read(tcp, captured, |content| match content {
            Content::Tcp(tcp) => segment = Some(tcp.segment),
            other => panic!("{other:?}"),
        });
        segment.unwrap()
    }

    /// Every field different: ports 1000 and 2000, a header of `words`, and two bytes of payload behind it.
    fn header(words: u8, options: &[u8]) -> Vec<u8> {
        let fixed = [3, 0xe8, 7, 0xd0, 0, 0, 0, 1, 0, 0, 0, 2, words << 4 | 0x0b, 0x9a, 4, 5, 0, 0, 6, 7];
        [&fixed[..], options, &[8, 9]].concat()
    }

    #[test]
    fn every_field_is_in_its_place() {
        let segment = segment(&header(6, &[3, 3, 7, 0]), 26);
        assert_eq!((segment.frame, segment.ts, segment.interface), (7, Timestamp(5), 3));
        assert_eq!((segment.wire_len, segment.captured_len), (46, 46));
        assert_eq!(segment.src, Socket { addr: [10, 0, 0, 1].into(), port: 1000 });
        assert_eq!(segment.dst, Socket { addr: [10, 0, 0, 2].into(), port: 2000 });
        assert_eq!((segment.ttl, segment.tos, segment.ip_id, segment.dont_fragment), (61, 0xb9, Some(9), true));
        assert_eq!((segment.seq, segment.ack), (SeqNumber(1), Some(SeqNumber(2))));
        assert_eq!(segment.flags, TcpFlags(0xb9a));
        assert_eq!((segment.window, segment.urgent), (0x0405, 0x0607));
        assert_eq!((segment.header_len, segment.payload_len, segment.header_fault), (24, 2, None));
        assert_eq!(segment.options, OptionFacts { wscale: Some(7), ..OptionFacts::default() });
        // RFC 9293 §3.4: payload and SYN.
        assert_eq!(segment.seq_len(), 3);
    }

    #[test]
    fn an_acknowledgment_without_its_flag_is_none() {
        let mut tcp = header(5, &[]);
        tcp[13] = 0x02;
        assert_eq!(segment(&tcp, 22).ack, None);
    }

    #[test]
    fn the_payload_counts_by_the_ip_header_and_not_by_the_capture() {
        let mut tcp = header(5, &[]);
        tcp.extend([0; 1000]);
        assert_eq!(segment(&tcp, 20).payload_len, 1002);
        read(&tcp, 25, |content| match content {
            Content::Tcp(tcp) => assert_eq!((tcp.header.len(), tcp.payload), (20, &[8, 9, 0, 0, 0][..])),
            other => panic!("{other:?}"),
        });
    }

    #[test]
    fn a_data_offset_that_cannot_be_right_is_a_fault_and_has_no_options() {
        for words in 0..5 {
            let segment = segment(&header(words, &[]), 22);
            assert_eq!((segment.header_len, segment.header_fault), (words * 4, Some(HeaderFault::TooShort)));
        }
        let beyond = segment(&header(7, &[3, 3, 7, 0]), 26);
        assert_eq!((beyond.header_fault, beyond.payload_len), (Some(HeaderFault::TooLong), 0));
        assert_eq!(beyond.options, OptionFacts::default());
    }

    #[test]
    fn fewer_than_20_bytes_are_lent_as_they_are() {
        let tcp = header(5, &[]);
        for captured in 0..20 {
            read(&tcp, captured, |content| match content {
                Content::TcpCut(bytes, short) => {
                    assert_eq!(bytes, &tcp[..captured]);
                    let limit = LengthSource::Capture;
                    let present = captured as u32;
                    let expected = Shortfall { layer: LayerName::Tcp, offset: 20, needed: 20, present, limit };
                    assert_eq!(short, expected);
                }
                other => panic!("{other:?}"),
            });
        }
        read(&tcp[..19], 19, |content| match content {
            Content::TcpCut(_, short) => assert_eq!(short.limit, LengthSource::Header),
            other => panic!("{other:?}"),
        });
    }

    #[test]
    fn options_that_the_capture_cuts_are_cut_and_those_that_the_header_cuts_are_a_fault() {
        let tcp = header(6, &[1, 1, 8, 10]);
        let facts = segment(&tcp, 24).options;
        let fault = OptionFault { kind: 8, what: OptionFaultKind::Overrun(10) };
        assert_eq!((facts.fault, facts.cut), (Some(fault), false));
        let facts = segment(&tcp, 23).options;
        assert_eq!((facts.fault, facts.cut), (None, true));
    }
}
