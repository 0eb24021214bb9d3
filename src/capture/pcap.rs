//! Classic pcap files: a header of 24 bytes, then records of 16 bytes and a packet each.
//!
//! draft-ietf-opsawg-pcap describes the format; the variants are those that libpcap reads.

use super::bytes::{ByteOrder, Fields};
use super::input::Input;
use super::{
    CaptureError, CaptureFault, Damage, Frame, FrameSource, Interface, LinkType, Next, Precision, SourceInfo, Timestamp,
};

/// Length of the file's header in bytes.
const HEADER: usize = 24;

/// Most bytes that a record may hold where the file's snapshot length is smaller, as in libpcap.
const USUAL_MOST: u32 = 256 * 1024;

/// Most bytes that a record may hold whatever the file says.
pub(super) const HARD_MOST: u32 = 16 * 1024 * 1024;

/// Whether the first four bytes are those of a classic pcap file.
pub(super) fn is_magic(first: [u8; 4]) -> bool {
    Layout::of(first).is_some()
}

/// What the magic number says of the file.
#[derive(Clone, Copy)]
struct Layout {
    order: ByteOrder,
    precision: Precision,
    record_header: usize,
}

impl Layout {
    fn of(magic: [u8; 4]) -> Option<Self> {
        [ByteOrder::Little, ByteOrder::Big].into_iter().find_map(|order| {
            let (precision, record_header) = match order.u32(magic) {
                0xa1b2_c3d4 => (Precision::Micro, 16),
                0xa1b2_3c4d => (Precision::Nano, 16),
                // Alexey Kuznetsov's libpcap: interface index, protocol and packet type follow the lengths.
                0xa1b2_cd34 => (Precision::Micro, 24),
                _ => return None,
            };
            Some(Self { order, precision, record_header })
        })
    }
}

/// Which of a record's two lengths comes first; early versions differ.
#[derive(Clone, Copy)]
enum Lengths {
    CapturedFirst,
    WireFirst,
    SmallerIsCaptured,
}

/// A record's header.
struct Record {
    seconds: u32,
    fraction: u32,
    captured: u32,
    wire_len: u32,
}

impl Record {
    /// Reads a header, if all of it is there.
    #[inline]
    fn read(bytes: &[u8], layout: Layout, lengths: Lengths) -> Option<Self> {
        if bytes.len() < layout.record_header {
            return None;
        }
        let fields = bytes.as_chunks().0.first_chunk::<4>()?;
        let [seconds, fraction, first, second] = match layout.order {
            ByteOrder::Little => fields.map(u32::from_le_bytes),
            ByteOrder::Big => fields.map(u32::from_be_bytes),
        };
        let (captured, wire_len) = match lengths {
            Lengths::CapturedFirst => (first, second),
            Lengths::WireFirst => (second, first),
            Lengths::SmallerIsCaptured => (first.min(second), first.max(second)),
        };
        Some(Self { seconds, fraction, captured, wire_len })
    }
}

/// A classic pcap file that is being read.
pub(super) struct PcapFile {
    input: Input,
    layout: Layout,
    lengths: Lengths,
    most: u32,
    interface: [Interface; 1],
}

impl PcapFile {
    /// Reads the file's header. The input stands at the magic number.
    pub(super) fn open(mut input: Input) -> Result<Self, CaptureError> {
        input.header(HEADER)?;
        let header = input.window.take(HEADER);
        let layout = header.first_chunk().and_then(|magic| Layout::of(*magic));
        let fields = layout.and_then(|layout| Some((layout, FileHeader::read(header, layout.order)?)));
        let Some((layout, FileHeader { major, minor, snaplen, link_type })) = fields else {
            let first = header.get(..8).unwrap_or_default().to_vec();
            return Err(input.origin.unknown(&first));
        };
        // libpcap: before 2.3 the lengths were the other way round, in 2.3 either way; so too in DG/UX's 543.0.
        let lengths = match (major, minor) {
            (2, 0..=2) | (543, 0) => Lengths::WireFirst,
            (2, 3) => Lengths::SmallerIsCaptured,
            (2, _) => Lengths::CapturedFirst,
            _ => return Err(CaptureError::Version { path: input.origin.path, format: "pcap", major, minor }),
        };
        Ok(Self {
            input,
            layout,
            lengths,
            most: snaplen.clamp(USUAL_MOST, HARD_MOST),
            interface: [Interface {
                name: None,
                link_type,
                snaplen: if snaplen > i32::MAX as u32 { 0 } else { snaplen },
                options: Vec::new(),
            }],
        })
    }
}

/// What follows the magic number.
struct FileHeader {
    major: u16,
    minor: u16,
    snaplen: u32,
    link_type: LinkType,
}

impl FileHeader {
    fn read(header: &[u8], order: ByteOrder) -> Option<Self> {
        let mut fields = Fields::new(header, order);
        fields.u32()?;
        let (major, minor) = (fields.u16()?, fields.u16()?);
        fields.bytes(8)?; // two fields that are always 0
        let snaplen = fields.u32()?;
        // The upper half says whether frames end with a check sequence, and how long it is.
        let link_type = LinkType((fields.u32()? & 0xffff) as u16);
        Some(Self { major, minor, snaplen, link_type })
    }
}

impl FrameSource for PcapFile {
    fn next_frame(&mut self) -> Result<Next<'_>, CaptureError> {
        let record = loop {
            let sight = self.input.window.sight();
            let needed = match Record::read(sight, self.layout, self.lengths) {
                Some(record) if record.captured > self.most => {
                    let damage = Damage::CapturedLength { says: record.captured, most: self.most };
                    if !self.input.ended {
                        self.input.damaged(damage);
                    }
                    return Ok(Next::End);
                }
                Some(record) => {
                    let length = self.layout.record_header.saturating_add(record.captured as usize);
                    if length <= sight.len() {
                        break record;
                    }
                    length
                }
                None => self.layout.record_header,
            };
            if self.input.ended || !self.input.want(needed)? {
                return Ok(Next::End);
            }
        };
        let Self { input, layout, interface: [Interface { link_type, .. }], .. } = self;
        input.frames = input.frames.wrapping_add(1);
        let nanos = match layout.precision {
            Precision::Micro => i64::from(record.fraction).wrapping_mul(1000),
            Precision::Nano => i64::from(record.fraction),
        };
        let length = layout.record_header.saturating_add(record.captured as usize);
        Ok(Next::Frame(Frame {
            number: input.frames,
            // Neither of two numbers of 32 bits makes it too large.
            ts: Timestamp(i64::from(record.seconds).wrapping_mul(1_000_000_000).wrapping_add(nanos)),
            link_type: *link_type,
            interface: 0,
            wire_len: record.wire_len,
            data: input.window.take_behind(layout.record_header, length),
        }))
    }

    fn info(&self) -> SourceInfo {
        let [Interface { link_type, snaplen, .. }] = self.interface;
        SourceInfo {
            name: self.input.origin.name(),
            format: self.input.origin.format("pcap"),
            link_type: Some(link_type),
            snaplen,
            precision: self.layout.precision,
        }
    }

    fn interfaces(&self) -> &[Interface] {
        &self.interface
    }

    fn faults(&self) -> &[CaptureFault] {
        &self.input.faults
    }
}
