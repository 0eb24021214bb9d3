//! Frames one after the other: what each gives to those who follow connections, with the fragments of IP packets put together.

use crate::capture::defragment::{Defragmenter, Fragment, FragmentKey, Lost, Whole};
use crate::capture::{Frame, LinkType};
use crate::dissect::ip::Ip;
use crate::dissect::layer::{Content, Dissection, Layer, Other};
use crate::dissect::segment::Segment;

/// A link type without a header: an IP packet.
const RAW: LinkType = LinkType(101);

/// Reads the frames of one capture, in order.
#[derive(Debug)]
pub struct Reader {
    verifies_checksums: bool,
    fragments: Defragmenter,
    /// The last packet that was put together, and the segment in it.
    whole: Vec<u8>,
    segment: Option<Segment>,
    holds: Holds,
}

/// Where the last frame's segment is.
#[derive(Clone, Copy, Debug, Default)]
enum Holds {
    /// In the frame's own dissection, if anywhere.
    #[default]
    Itself,
    /// In the packet that it completes.
    Whole,
    /// Nowhere.
    Nothing(Other),
}

impl Default for Reader {
    fn default() -> Self {
        Self::new(true)
    }
}

impl Reader {
    /// A reader that has seen nothing. Checksums that it does not verify are [`Unknown`](super::Checksum::Unknown).
    pub fn new(verifies_checksums: bool) -> Self {
        Self {
            verifies_checksums,
            fragments: Defragmenter::default(),
            whole: Vec::new(),
            segment: None,
            holds: Holds::Itself,
        }
    }

    /// Reads a frame into `dissection`, which shows the frame as it is.
    #[inline]
    pub fn read<'a>(&mut self, frame: &Frame<'a>, dissection: &mut Dissection<'a>) {
        dissection.read(frame);
        if !self.verifies_checksums
            && let Content::Tcp(tcp) = &mut dissection.content
        {
            tcp.segment.forget_checksum();
        }
        let fragment = dissection.layers.iter().find_map(|layer| match layer {
            Layer::Ip(ip) => ip.fragment.is_some().then_some(ip),
            _ => None,
        });
        self.holds = match fragment {
            None => Holds::Itself,
            Some(ip) => self.assemble(frame, ip),
        };
    }

    /// The segment that the frame holds which was read last, or what it is without one. Of a packet in fragments the frame that
    /// completes it holds all, and the others hold nothing.
    #[inline]
    pub fn segment<'r>(&'r self, dissection: &'r Dissection<'_>) -> Result<&'r Segment, Other> {
        match self.holds {
            Holds::Itself => dissection.segment().ok_or_else(|| dissection.other()),
            Holds::Whole => self.segment.as_ref().ok_or(Other::Nothing),
            Holds::Nothing(other) => Err(other),
        }
    }

    /// What came to nothing.
    pub fn lost_fragments(&self) -> Lost {
        self.fragments.lost(true)
    }

    #[cold]
    fn assemble(&mut self, frame: &Frame<'_>, ip: &Ip<'_>) -> Holds {
        let whole = fragment(frame, ip).filter(|fragment| may_carry_tcp(fragment.key.protocol));
        let Some(whole) = whole.and_then(|fragment| self.fragments.take(&fragment)) else {
            return Holds::Nothing(Other::Nothing);
        };
        let (wire_len, missing) = (whole.wire_len, whole.len.saturating_sub(whole.payload.len() as u32));
        self.whole = unfragmented(whole);
        let len = (self.whole.len() as u32).saturating_add(missing);
        let frame = Frame { link_type: RAW, wire_len: len, data: &self.whole, ..*frame };
        let mut dissection = Dissection::new();
        dissection.read(&frame);
        let other = dissection.other();
        self.segment = dissection.segment().copied();
        let Some(segment) = &mut self.segment else { return Holds::Nothing(other) };
        (segment.wire_len, segment.captured_len) = (wire_len, wire_len.saturating_sub(missing));
        segment.fragment = true;
        if !self.verifies_checksums {
            segment.forget_checksum();
        }
        Holds::Whole
    }
}

/// The protocols behind which a segment can be, or an error that quotes one: TCP itself, ICMP, and tunnels.
fn may_carry_tcp(protocol: u8) -> bool {
    matches!(protocol, 0 | 1 | 4 | 6 | 17 | 41 | 43 | 47 | 51 | 58 | 60 | 97 | 115 | 137)
}

/// The fragment that a packet is.
fn fragment<'a>(frame: &Frame<'a>, ip: &Ip<'a>) -> Option<Fragment<'a>> {
    let fragment = ip.fragment?;
    let (start, headers) = (ip.offset as usize, usize::from(fragment.header_len));
    // Headers behind those that each fragment has are data of the first one.
    let behind = ip.header.len().checked_sub(headers)?;
    let data_at = start.checked_add(headers)?;
    let end = data_at.checked_add(behind)?.checked_add(ip.payload.len())?;
    // RFC 8200 §4.5: in IPv6 the addresses and the identification tell packets apart, RFC 791 §3.2: in IPv4 the protocol too.
    let protocol = if ip.is_v4() { fragment.protocol } else { 0 };
    Some(Fragment {
        key: FragmentKey { src: ip.src, dst: ip.dst, id: fragment.id, protocol },
        ts: frame.ts,
        offset: fragment.offset,
        more: fragment.more,
        header: frame.data.get(start..data_at)?,
        data: frame.data.get(data_at..end)?,
        len: ip.payload_len.saturating_add(behind as u32),
        wire_len: frame.wire_len,
        // What a tunnel or an error holds is not known before it is whole.
        is_counted: fragment.protocol == super::ip::TCP,
    })
}

/// The packet as it was before it was fragmented.
fn unfragmented(Whole { mut header, payload, len, .. }: Whole) -> Vec<u8> {
    let v6 = header.first().is_some_and(|first| first >> 4 == 6);
    if v6 {
        // The fragment header goes, and the header before it names what it named.
        let [.., next, _, _, _, _, _, _, _] = header[..] else { return header };
        header.truncate(header.len().saturating_sub(8));
        let mut at = 6;
        let mut behind = 40;
        while behind < header.len() {
            at = behind;
            behind += (usize::from(header.get(behind + 1).copied().unwrap_or(0)) + 1) * 8;
        }
        if let Some(field) = header.get_mut(at) {
            *field = next;
        }
    }
    let counted = if v6 { header.len().saturating_sub(40) } else { header.len() };
    let total = u16::try_from((len as usize).saturating_add(counted)).unwrap_or(u16::MAX).to_be_bytes();
    let at = if v6 { 4 } else { 2 };
    if let Some(field) = header.get_mut(at..at + 2) {
        field.copy_from_slice(&total);
    }
    if let Some([flags, offset]) = header.get_mut(6..8).filter(|_| !v6) {
        (*flags, *offset) = (*flags & 0x40, 0);
    }
    header.extend_from_slice(&payload);
    header
}

#[cfg(test)]
mod tests {
    use super::super::sample::{SYN, SYN6, ethernet, frame, join, packet};
    use super::super::{Checksum, SeqNumber};
    use super::*;

    /// The SYN with 60 bytes of payload and its checksum left out.
    fn segment() -> Vec<u8> {
        join(&[&SYN[20..36], &[0, 0], &SYN[38..], &[7; 60]])
    }

    fn v4(id: u8, from: usize, to: usize) -> Vec<u8> {
        let segment = segment();
        let mut header = SYN[..20].to_vec();
        (header[3], header[5], header[6]) = (20 + (to - from) as u8, id, if to < segment.len() { 0x20 } else { 0 });
        header[7] = (from / 8) as u8;
        join(&[&header, &segment[from..to]])
    }

    fn v6(extension: bool, from: usize, to: usize) -> Vec<u8> {
        let segment = segment();
        let extensions: &[u8] = if extension { &[44, 0, 1, 4, 0, 0, 0, 0] } else { &[] };
        let mut header = SYN6[..40].to_vec();
        (header[5], header[6]) = ((8 + extensions.len() + to - from) as u8, if extension { 60 } else { 44 });
        let word = (from as u16 | u16::from(to < segment.len())).to_be_bytes();
        join(&[&header, extensions, &[6, 0, word[0], word[1], 0, 0, 0, 9], &segment[from..to]])
    }

    /// What each of these frames holds.
    fn read(frames: &[Vec<u8>]) -> (Vec<Option<Segment>>, Reader) {
        let mut reader = Reader::default();
        let read = frames.iter().map(|bytes| {
            let mut dissection = Dissection::new();
            reader.read(&frame(1, bytes), &mut dissection);
            reader.segment(&dissection).ok().copied()
        });
        (read.collect(), reader)
    }

    #[test]
    fn the_frame_that_completes_a_packet_holds_its_segment() {
        let frames = [ethernet(0x0800, &v4(1, 0, 40)), ethernet(0x0800, &v4(1, 40, 80))];
        let ([None, Some(segment)], _) = (&read(&frames).0[..], ()) else { panic!("{:?}", read(&frames).0) };
        assert_eq!((segment.seq, segment.payload_len, segment.fragment), (SeqNumber(7), 60, true));
        assert_eq!((segment.wire_len, segment.captured_len), (148, 148));
        assert!(matches!(segment.checksum, Checksum::Wrong { .. }), "it is over the whole: {:?}", segment.checksum);
        assert!(segment.payload_digest.is_some());
        // The other way round, with frames of another packet between them.
        let frames = [&frames[1], &ethernet(0x0800, &v4(2, 0, 40)), &frames[0]].map(Clone::clone);
        assert!(matches!(read(&frames).0[..], [None, None, Some(_)]));
    }

    #[test]
    fn ipv6_and_its_extension_headers() {
        for extension in [false, true] {
            let frames = [(0, 16), (16, 48), (48, 80)].map(|(from, to)| ethernet(0x86dd, &v6(extension, from, to)));
            let (read, _) = read(&frames);
            let [None, None, Some(segment)] = &read[..] else { panic!("{read:?}") };
            assert_eq!((segment.payload_len, segment.dst.port, segment.header_len), (60, 2000, 20));
        }
    }

    #[test]
    fn a_tunnels_packet_in_fragments_is_put_together_first() {
        let inner = join(&[&[0, 0, 8, 0], &SYN]);
        let whole = packet(47, &inner);
        let cut = |from: usize, to: usize| {
            let mut bytes = join(&[&whole[..34], &inner[from..to]]);
            bytes[17] = 20 + (to - from) as u8;
            (bytes[20], bytes[21]) = (if to < inner.len() { 0x20 } else { 0 }, (from / 8) as u8);
            bytes
        };
        let (read, _) = read(&[cut(0, 40), cut(40, 44)]);
        assert!(matches!(&read[..], [None, Some(segment)] if segment.dst.port == 2000), "{read:?}");
    }

    #[test]
    fn fragments_that_overlap_or_do_not_all_come_hold_nothing_and_are_counted() {
        let frames = [v4(1, 0, 40), v4(1, 32, 80), v4(1, 40, 80), v4(2, 40, 80)].map(|bytes| ethernet(0x0800, &bytes));
        let (read, reader) = read(&frames);
        assert_eq!(read, [None, None, None, None]);
        assert_eq!(reader.lost_fragments(), Lost { incomplete: 1, overlapping: 1, crowded_out: 0 });
    }

    #[test]
    fn without_fragments_a_frame_holds_what_it_holds() {
        let (read, reader) = read(&[ethernet(0x0800, &SYN), ethernet(0x86dd, &SYN6), packet(17, &[0; 8])]);
        assert!(matches!(read[..], [Some(_), Some(_), None]));
        assert_eq!(reader.lost_fragments(), Lost::default());
    }

    #[test]
    fn checksums_are_not_verified_where_nobody_wants_it() {
        let mut bytes = ethernet(0x0800, &SYN);
        bytes[50] ^= 1;
        for (verify, expected) in [(true, false), (false, true)] {
            let (mut reader, mut dissection) = (Reader::new(verify), Dissection::new());
            reader.read(&frame(1, &bytes), &mut dissection);
            let checksum = reader.segment(&dissection).unwrap().checksum;
            assert_eq!(checksum == Checksum::Unknown, expected);
        }
    }
}
