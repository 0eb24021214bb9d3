//! The dissector, from every link type, and the line that is written of what it finds.

use tcpcheck::dissect::{Content, Dissection, MAX_LAYERS, dissect};
use tcpcheck::report::lines::{DumpStyle, LineStyle, Lines, StampStyle};
use tcpcheck::{Frame, LinkType, Timestamp};

use crate::safe::printable;

/// The link types that are read, and one that is not.
pub const LINK_TYPES: [u16; 32] = [
    0, 1, 7, 9, 10, 12, 14, 50, 51, 100, 101, 104, 105, 108, 109, 113, 117, 119, 127, 129, 147, 149, 163, 192, 204,
    219, 228, 229, 239, 242, 258, 276,
];

/// Bytes before the frame's own: link type, how the line is to look, and what the wire had more than the capture.
pub const PREFIX: usize = 4;

pub fn dissection(bytes: &[u8]) {
    let Some((&[link_type, style, verbose, more], data)) = bytes.split_first_chunk::<PREFIX>() else { return };
    let frame = Frame {
        number: 1,
        ts: Timestamp(1_700_000_000_123_456_789),
        link_type: LinkType(LINK_TYPES[usize::from(link_type) % LINK_TYPES.len()]),
        interface: 0,
        // Shorter than what was captured at times, which no sane capture says.
        wire_len: (data.len() as u32 + u32::from(more)).saturating_sub(u32::from(more >> 7) * 130),
        data,
    };
    let found = dissect(&frame);
    check(&frame, &found);
    read_again(&frame, &found);
    if more < 128 {
        for end in [data.len() / 2, data.len().saturating_sub(1)] {
            cut_frames_say_the_same(&found, &Frame { data: &data[..end], ..frame });
        }
    }
    line(&frame, &found, style, verbose);
}

/// Whether `part` lies within `whole`.
fn within(part: &[u8], whole: &[u8]) -> bool {
    let (part, whole) = (part.as_ptr_range(), whole.as_ptr_range());
    part.start == part.end || (whole.start <= part.start && part.end <= whole.end)
}

fn check(frame: &Frame<'_>, found: &Dissection<'_>) {
    assert!(found.layers.len() <= MAX_LAYERS);
    if let Some(ip) = found.ip() {
        assert!(within(ip.payload, frame.data), "the payload is the frame's");
        assert!(ip.payload.len() <= ip.payload_len as usize || ip.payload_len == 0, "more payload than there is");
    }
    match &found.content {
        Content::Tcp(tcp) => {
            assert!(within(tcp.header, frame.data) && within(tcp.payload, frame.data));
            let segment = &tcp.segment;
            assert!(tcp.payload.len() <= segment.payload_len as usize, "{segment:?}");
            assert!(tcp.header.len() >= 20 && tcp.header.len() <= 60);
            assert_eq!(segment.ack.is_some(), segment.flags.contains(tcpcheck::TcpFlags::ACK));
            assert!(segment.header_len <= 60 && segment.options.sack.len <= 4);
            tcp.options().for_each(drop);
        }
        Content::TcpCut(bytes, short) => {
            assert!(within(bytes, frame.data));
            assert!(short.present < short.needed && bytes.len() < 20, "{short:?}");
        }
        Content::Cut(short) => {
            assert!(short.offset as usize <= frame.data.len().max(frame.wire_len as usize), "{short:?}")
        }
        Content::Icmp(_) | Content::Other(_) => {}
    }
}

/// What was in the room before leaves no trace.
fn read_again(frame: &Frame<'_>, found: &Dissection<'_>) {
    let mut used = Dissection::new();
    used.read(&Frame { data: &frame.data[frame.data.len() / 3..], ..*frame });
    used.read(frame);
    assert_eq!(used.layers.len(), found.layers.len());
    match (&used.content, &found.content) {
        (Content::Tcp(used), Content::Tcp(found)) => assert_eq!(used.segment, found.segment),
        (used, found) => assert_eq!(std::mem::discriminant(used), std::mem::discriminant(found)),
    }
}

/// A shorter capture of the same packet says less, and nothing else.
fn cut_frames_say_the_same(whole: &Dissection<'_>, frame: &Frame<'_>) {
    let cut = dissect(frame);
    check(frame, &cut);
    let (Content::Tcp(whole), Content::Tcp(cut)) = (&whole.content, &cut.content) else { return };
    let (whole, cut) = (&whole.segment, &cut.segment);
    assert_eq!((whole.src, whole.dst, whole.seq, whole.ack), (cut.src, cut.dst, cut.seq, cut.ack));
    assert_eq!((whole.flags, whole.window, whole.header_len), (cut.flags, cut.window, cut.header_len));
    assert_eq!((whole.payload_len, whole.ttl, whole.ip_id), (cut.payload_len, cut.ttl, cut.ip_id));
    assert_eq!(whole.header_fault, cut.header_fault);
}

fn line(frame: &Frame<'_>, found: &Dissection<'_>, style: u8, verbose: u8) {
    let bit = |n: u8| style & (1 << n) != 0;
    let look = LineStyle {
        numeric: true,
        stamp: StampStyle::from_count(verbose >> 5),
        nano: bit(0),
        verbose: verbose & 3,
        quiet: bit(1),
        link_header: bit(2),
        absolute: bit(3),
        number: bit(4),
        no_checksum: bit(5),
        dump: DumpStyle { hex_ascii: (verbose >> 2) & 3, ..DumpStyle::default() },
        ..LineStyle::default()
    };
    let mut out = Vec::new();
    Lines::new(look).packet(&mut out, frame, found);
    printable(&out);
    assert!(out.is_empty() || out.ends_with(b"\n"));
    // 16 bytes of a frame take a line of some 70, and an option of IPv6 of 2 bytes, as tcpdump says it, 22 characters.
    assert!(out.len() <= 4096 + 16 * frame.data.len(), "{} bytes said of {}", out.len(), frame.data.len());
}
