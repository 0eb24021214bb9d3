//! Classic pcap files: a header of 24 bytes, then records of 16 bytes and a packet each.
//!
//! draft-ietf-opsawg-pcap describes the format; the variants are those that libpcap reads.

use std::io::ErrorKind;
use std::path::Path;

use super::file::Origin;
use super::window::Window;
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
    big_endian: bool,
    precision: Precision,
    record_header: usize,
}

impl Layout {
    fn of(magic: [u8; 4]) -> Option<Self> {
        let swapped = u32::from_be_bytes(magic);
        let (big_endian, magic) = match u32::from_le_bytes(magic) {
            known @ (0xa1b2_c3d4 | 0xa1b2_3c4d | 0xa1b2_cd34) => (false, known),
            _ => (true, swapped),
        };
        let (precision, record_header) = match magic {
            0xa1b2_c3d4 => (Precision::Micro, 16),
            0xa1b2_3c4d => (Precision::Nano, 16),
            // Alexey Kuznetsov's libpcap: interface index, protocol and packet type follow the lengths.
            0xa1b2_cd34 => (Precision::Micro, 24),
            _ => return None,
        };
        Some(Self { big_endian, precision, record_header })
    }

    fn u16(self, bytes: [u8; 2]) -> u16 {
        if self.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
    }

    #[inline]
    fn u32(self, bytes: [u8; 4]) -> u32 {
        if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }
}

/// Which of a record's two lengths comes first; early versions differ.
#[derive(Clone, Copy)]
enum Lengths {
    CapturedFirst,
    WireFirst,
    SmallerIsCaptured,
}

/// A classic pcap file that is being read.
pub(super) struct PcapFile {
    window: Window,
    origin: Origin,
    layout: Layout,
    lengths: Lengths,
    most: u32,
    frames: u64,
    ended: bool,
    interface: [Interface; 1],
    faults: Vec<CaptureFault>,
}

impl PcapFile {
    /// Reads the file's header. The window stands at the magic number.
    pub(super) fn open(mut window: Window, origin: Origin) -> Result<Self, CaptureError> {
        let cut = |present: usize, path: &Path| CaptureError::HeaderCut {
            path: path.to_owned(),
            present: present as u64,
            needed: HEADER as u64,
        };
        let complete = match window.want(HEADER) {
            Err(e) if e.kind() != ErrorKind::UnexpectedEof => return Err(origin.error(e)),
            answer => answer.unwrap_or(false),
        };
        if !complete {
            return Err(cut(window.in_sight(), &origin.path));
        }
        let header: [u8; HEADER] = window.take(HEADER).try_into().map_err(|_| cut(0, &origin.path))?;
        let [m0, m1, m2, m3, a0, a1, i0, i1, _, _, _, _, _, _, _, _, s0, s1, s2, s3, l0, l1, l2, l3] = header;
        let Some(layout) = Layout::of([m0, m1, m2, m3]) else {
            return Err(CaptureError::NotACapture { path: origin.path, first: vec![m0, m1, m2, m3] });
        };
        // libpcap: before 2.3 the lengths were the other way round, in 2.3 either way; so too in DG/UX's 543.0.
        let lengths = match (layout.u16([a0, a1]), layout.u16([i0, i1])) {
            (2, 0..=2) | (543, 0) => Lengths::WireFirst,
            (2, 3) => Lengths::SmallerIsCaptured,
            (2, _) => Lengths::CapturedFirst,
            (major, minor) => return Err(CaptureError::Version { path: origin.path, format: "pcap", major, minor }),
        };
        let snaplen = layout.u32([s0, s1, s2, s3]);
        // The upper half says whether frames end with a check sequence, and how long it is.
        let link_type = LinkType((layout.u32([l0, l1, l2, l3]) & 0xffff) as u16);
        Ok(Self {
            window,
            origin,
            layout,
            lengths,
            most: snaplen.clamp(USUAL_MOST, HARD_MOST),
            frames: 0,
            ended: false,
            interface: [Interface {
                name: None,
                link_type,
                snaplen: if snaplen > i32::MAX as u32 { 0 } else { snaplen },
            }],
            faults: Vec::new(),
        })
    }

    /// Brings `n` bytes into sight, or ends the source with the fault or error that it is.
    #[inline]
    fn want(&mut self, n: usize) -> Result<bool, CaptureError> {
        match self.window.want(n) {
            Ok(true) => Ok(true),
            Ok(false) => {
                self.end(n, None);
                Ok(false)
            }
            Err(e) => {
                self.ended = true;
                match self.origin.damage(e)? {
                    None => self.end(n, None),
                    damage => self.end(n, damage),
                }
                Ok(false)
            }
        }
    }

    #[cold]
    fn end(&mut self, needed: usize, damage: Option<Damage>) {
        self.ended = true;
        let (source, after_frame, offset) = (self.origin.name(), self.frames, self.window.offset());
        let present = self.window.in_sight();
        if let Some(damage) = damage {
            self.faults.push(CaptureFault::Damaged { source, after_frame, offset, damage });
        } else if present > 0 {
            let (needed, present) = (needed as u64, present as u64);
            self.faults.push(CaptureFault::Cut { source, after_frame, offset, needed, present });
        }
    }
}

impl FrameSource for PcapFile {
    fn next_frame(&mut self) -> Result<Next<'_>, CaptureError> {
        if self.ended || !self.want(self.layout.record_header)? {
            return Ok(Next::End);
        }
        let Some(header) = self.window.peek(16).and_then(|h| <[u8; 16]>::try_from(h).ok()) else {
            return Ok(Next::End);
        };
        let [t0, t1, t2, t3, f0, f1, f2, f3, c0, c1, c2, c3, w0, w1, w2, w3] = header;
        let seconds = self.layout.u32([t0, t1, t2, t3]);
        let fraction = i64::from(self.layout.u32([f0, f1, f2, f3]));
        let (first, second) = (self.layout.u32([c0, c1, c2, c3]), self.layout.u32([w0, w1, w2, w3]));
        let (captured, wire_len) = match self.lengths {
            Lengths::CapturedFirst => (first, second),
            Lengths::WireFirst => (second, first),
            Lengths::SmallerIsCaptured => (first.min(second), first.max(second)),
        };
        if captured > self.most {
            self.end(0, Some(Damage::CapturedLength { says: captured, most: self.most }));
            return Ok(Next::End);
        }
        let length = self.layout.record_header.saturating_add(captured as usize);
        if !self.want(length)? {
            return Ok(Next::End);
        }
        self.frames = self.frames.saturating_add(1);
        let nanos = match self.layout.precision {
            Precision::Micro => fraction.saturating_mul(1000),
            Precision::Nano => fraction,
        };
        let [Interface { link_type, .. }] = &self.interface;
        Ok(Next::Frame(Frame {
            number: self.frames,
            ts: Timestamp::new(i64::from(seconds), nanos),
            link_type: *link_type,
            interface: 0,
            wire_len,
            data: self.window.take(length).get(self.layout.record_header..).unwrap_or_default(),
        }))
    }

    fn info(&self) -> SourceInfo {
        let [Interface { link_type, snaplen, .. }] = self.interface;
        SourceInfo {
            name: self.origin.name(),
            format: self.origin.format("pcap"),
            link_type: Some(link_type),
            snaplen,
            precision: self.layout.precision,
        }
    }

    fn interfaces(&self) -> &[Interface] {
        &self.interface
    }

    fn faults(&self) -> &[CaptureFault] {
        &self.faults
    }
}
