//! A frame anew, without what names anybody: all bytes are zero but those that are known to be a header's.

use std::net::IpAddr;

use crate::capture::Frame;
use crate::dissect::{Checksum, Content, Dissection, Ip, Layer, Tcp, expected_header_checksum, udp_checksum};

use super::options::keep_options;
use super::pseudonyms::Pseudonyms;
use super::sum::{fold, length_sum, sum};

/// Lengths of fixed headers.
const ETHERNET: usize = 14;
const TCP: usize = 20;
const UDP: usize = 8;

/// Appends the frame's bytes to `out`, which is empty, in the same number.
pub(super) fn rewrite(out: &mut Vec<u8>, frame: &Frame<'_>, dissection: &Dissection<'_>, names: &mut Pseudonyms) {
    out.resize(frame.data.len(), 0);
    let mut rewriter = Rewriter { from: frame.data, out, names };
    rewriter.frame(frame, dissection);
}

struct Rewriter<'a> {
    from: &'a [u8],
    out: &'a mut [u8],
    names: &'a mut Pseudonyms,
}

impl Rewriter<'_> {
    fn frame(&mut self, frame: &Frame<'_>, dissection: &Dissection<'_>) {
        let packets: Vec<&Ip<'_>> = dissection
            .layers
            .iter()
            .filter_map(|layer| if let Layer::Ip(ip) = layer { Some(ip) } else { None })
            .collect();
        let Some(innermost) = packets.last() else { return self.without_ip(frame, dissection) };
        // What stands in front of each packet says how to read on.
        let mut at = 0;
        for ip in &packets {
            self.copy(at, ip.offset as usize);
            at = ip.payload_offset() as usize;
        }
        self.names_in_nflog(dissection);
        self.hardware(dissection);
        self.teredo_origin(dissection);
        for ip in &packets {
            self.ip_header(ip.offset as usize, ip.header);
        }
        let at = innermost.payload_offset() as usize;
        match &dissection.content {
            Content::Tcp(tcp) => self.tcp_header(at, tcp.header),
            Content::TcpCut(header, _) => self.tcp_header(at, header),
            _ if innermost.fragment.is_some_and(|fragment| fragment.offset > 0) => self.later_fragment(innermost),
            _ => match innermost.protocol {
                1 | 58 => self.icmp(innermost),
                17 => self.udp_header(at),
                _ => {}
            },
        }
        if let Content::Tcp(tcp) = &dissection.content {
            self.tcp_checksum(innermost, tcp);
        }
        for ip in packets.iter().rev() {
            self.outer_checksum(ip, dissection);
        }
    }

    /// A frame of something else: whose it is, and of which protocol.
    fn without_ip(&mut self, frame: &Frame<'_>, dissection: &Dissection<'_>) {
        let header = match (frame.link_type.0, dissection.layers.first()) {
            (1, _) => {
                let mut end = ETHERNET;
                while matches!(self.from.get(end - 2..end), Some([0x81, 0] | [0x88, 0xa8] | [0x91, 0])) {
                    end += 4;
                }
                end
            }
            (113, _) => 16,
            (276, _) => 20,
            _ => return,
        };
        self.copy(0, header);
        self.hardware(dissection);
        if frame.link_type.0 == 1 && dissection.layers.is_empty() {
            // It is too short for a header.
            self.out.fill(0);
        }
    }

    /// Copies these bytes.
    fn copy(&mut self, from: usize, to: usize) {
        let to = to.min(self.from.len());
        if let (Some(target), Some(source)) = (self.out.get_mut(from..to), self.from.get(from..to)) {
            target.copy_from_slice(source);
        }
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        let end = at.saturating_add(bytes.len()).min(self.out.len());
        if let Some(target) = self.out.get_mut(at..end) {
            let length = target.len();
            target.copy_from_slice(&bytes[..length]);
        }
    }

    /// Where a slice of the frame is.
    fn place(&self, part: &[u8]) -> usize {
        (part.as_ptr() as usize).wrapping_sub(self.from.as_ptr() as usize)
    }

    /// Hardware addresses of all layers.
    fn hardware(&mut self, dissection: &Dissection<'_>) {
        for layer in &dissection.layers {
            match layer {
                Layer::Ethernet(ethernet) => [ethernet.dst, ethernet.src].into_iter().for_each(|mac| self.mac(mac)),
                Layer::Fddi(fddi) => [fddi.dst, fddi.src].into_iter().for_each(|mac| self.mac(mac)),
                Layer::Cooked(cooked) => match cooked.address.first_chunk::<6>() {
                    Some(mac) => self.mac(mac),
                    None => self.put(self.place(cooked.address), &vec![0; cooked.address.len()]),
                },
                Layer::Wifi(wifi) => {
                    let four = matches!(wifi.header, [_, flags, ..] if flags & 3 == 3);
                    let places = [4, 10, 16, 24].into_iter().take(if four { 4 } else { 3 });
                    places.filter_map(|at| wifi.header.get(at..)?.first_chunk()).for_each(|mac| self.mac(mac));
                }
                _ => {}
            }
        }
    }

    fn mac(&mut self, mac: &[u8; 6]) {
        let other = self.names.hardware(*mac);
        self.put(self.place(mac), &other);
    }

    /// What the records of a netfilter log say besides the packet: hardware addresses, users, and texts.
    fn names_in_nflog(&mut self, dissection: &Dissection<'_>) {
        let (Some(Layer::Nflog(_)), Some(ip)) = (dissection.layers.first(), dissection.ip()) else { return };
        let (mut at, end) = (4, (ip.offset as usize).saturating_sub(4));
        let is_big_endian = self.from.get(6) == Some(&0);
        while at < end
            && let Some(&[a, b, ..]) = self.from.get(at..).and_then(|record| record.first_chunk::<4>())
        {
            let length =
                usize::from(if is_big_endian { u16::from_be_bytes([a, b]) } else { u16::from_le_bytes([a, b]) });
            if length < 4 {
                break;
            }
            self.put(at + 4, &vec![0; (length - 4).min(end.saturating_sub(at + 4))]);
            at = at.saturating_add(length.next_multiple_of(4));
        }
    }

    /// The address that a Teredo server saw (RFC 4380 §5.1.1).
    fn teredo_origin(&mut self, dissection: &Dissection<'_>) {
        let packets = dissection.layers.windows(3);
        for layers in packets {
            if let [Layer::Udp(_), Layer::Teredo, Layer::Ip(inner)] = layers
                && let Some(at) = (inner.offset as usize).checked_sub(8)
                && self.from.get(at..at + 2) == Some(&[0, 0])
            {
                self.put(at + 2, &[0; 6]);
            }
        }
    }

    /// An IP header with its options or extension headers.
    fn ip_header(&mut self, at: usize, header: &[u8]) {
        match header.first().map(|first| first >> 4) {
            Some(4) => self.ipv4_header(at, header),
            Some(6) => self.ipv6_header(at, header),
            _ => {}
        }
    }

    fn ipv4_header(&mut self, at: usize, header: &[u8]) {
        let length = header.first().map_or(20, |first| usize::from(first & 15) * 4);
        self.put(at, header.get(..20).unwrap_or(header));
        for field in [12, 16] {
            if let Some(address) = header.get(field..).and_then(|rest| rest.first_chunk::<4>()) {
                self.address(at + field, (*address).into());
            }
        }
        // Options hold addresses: nothing is in their place (RFC 791 §3.1, no operation).
        let options = length.min(header.len()).saturating_sub(20);
        self.put(at + 20, &vec![1; options]);
        // An authentication header behind them says how long it is, and what follows.
        self.put(at + length, header.get(length..).and_then(|rest| rest.get(..2)).unwrap_or_default());
        let wrong = expected_header_checksum(header.get(..length).unwrap_or_default());
        let field = |bytes: &[u8]| {
            bytes.get(10..12).and_then(|field| field.first_chunk()).map(|field| u16::from_be_bytes(*field))
        };
        let off_by = wrong.zip(field(header)).map_or(0, |(expected, field)| expected ^ field);
        let end = (at + length).min(self.out.len());
        if let Some(expected) = self.out.get(at..end).and_then(expected_header_checksum) {
            self.put(at + 10, &(expected ^ off_by).to_be_bytes());
        }
    }

    fn ipv6_header(&mut self, at: usize, header: &[u8]) {
        self.put(at, header.get(..40).unwrap_or(header));
        for field in [8, 24] {
            if let Some(address) = header.get(field..).and_then(|rest| rest.first_chunk::<16>()) {
                self.address(at + field, (*address).into());
            }
        }
        let (mut kind, mut place) = (header.get(6).copied().unwrap_or(59), 40);
        while let Some(&[next, len, routing, ..]) = header.get(place..).and_then(|rest| rest.first_chunk::<8>()) {
            let length = match kind {
                44 => 8,
                51 => (usize::from(len) + 2) * 4,
                _ => (usize::from(len) + 1) * 8,
            };
            let end = (place + length).min(header.len());
            let extension = header.get(place..end).unwrap_or_default();
            let kept = match kind {
                44 | 43 => 8,
                _ => 2,
            };
            self.put(at + place, extension.get(..kept).unwrap_or(extension));
            match (kind, routing) {
                // RFC 8200 §4.4 and RFC 8754 §2: addresses of 16 bytes behind the first 8.
                (43, 0 | 2 | 4) => {
                    let addresses = extension.get(8..).unwrap_or_default().as_chunks::<16>().0;
                    for (n, address) in addresses.iter().enumerate() {
                        self.address(at + place + 8 + 16 * n, (*address).into());
                    }
                }
                // RFC 2675 §2: without it the packet has no length.
                (0, _) => {
                    if let Some(jumbo) = extension.windows(6).position(|option| option.starts_with(&[0xc2, 4])) {
                        self.put(at + place + jumbo, &extension[jumbo..jumbo + 6]);
                    }
                }
                _ => {}
            }
            (kind, place) = (next, place + length);
        }
    }

    fn address(&mut self, at: usize, address: IpAddr) {
        match self.names.address(address) {
            IpAddr::V4(other) => self.put(at, &other.octets()),
            IpAddr::V6(other) => self.put(at, &other.octets()),
        }
    }

    fn ports(&mut self, at: usize, header: &[u8]) {
        // Half of a pair is nobody's.
        let pair = header
            .first_chunk::<4>()
            .map_or([0; 2], |&[s0, s1, d0, d1]| self.names.ports([[s0, s1], [d0, d1]].map(u16::from_be_bytes)));
        let bytes = pair.map(u16::to_be_bytes);
        self.put(at, &bytes.as_flattened()[..header.len().min(4)]);
    }

    /// A TCP header, or its beginning, without its checksum.
    fn tcp_header(&mut self, at: usize, header: &[u8]) {
        self.put(at, header.get(..TCP).unwrap_or(header));
        self.put(at + 16, &[0; 2]);
        self.ports(at, header);
        if let Some(options) = header.get(TCP..) {
            let mut kept = Vec::with_capacity(options.len());
            keep_options(&mut kept, options);
            self.put(at + TCP, &kept);
        }
    }

    /// The beginning of a UDP header that carries no tunnel.
    fn udp_header(&mut self, at: usize) {
        let header = self.from.get(at..).map(|rest| rest.get(..UDP).unwrap_or(rest)).unwrap_or_default();
        self.put(at + 4, header.get(4..6).unwrap_or_default());
        self.ports(at, header);
    }

    /// An ICMP message: what happened, and the headers of the packet to which it happened.
    fn icmp(&mut self, ip: &Ip<'_>) {
        let at = ip.payload_offset() as usize;
        self.put(at, ip.payload.get(..8).unwrap_or(ip.payload));
        self.put(at + 2, &[0; 2]);
        let kind = ip.payload.first().copied().unwrap_or_default();
        if let (1, 5, Some(gateway)) = (ip.protocol, kind, ip.payload.get(4..).and_then(|rest| rest.first_chunk::<4>()))
        {
            self.address(at + 4, (*gateway).into());
        }
        if matches!((ip.protocol, kind), (1, 3 | 4 | 5 | 11 | 12) | (58, 1..=127)) {
            self.quote(at + 8, ip.payload.get(8..).unwrap_or_default());
        }
        let whole = ip.fragment.is_none() && ip.payload.len() as u64 >= u64::from(ip.payload_len);
        if whole && ip.payload.len() >= 4 {
            let pseudo = if ip.is_v4() { 0 } else { self.pseudo(ip, 58) };
            let before = pseudo_of(ip, 58) * u64::from(!ip.is_v4()) + sum(ip.payload);
            let bytes = self.out.get(at..at + ip.payload.len()).unwrap_or_default();
            let right = !fold(pseudo + sum(bytes));
            let value = if fold(before) == 0xffff { right } else { right ^ 0x5555 };
            self.put(at + 2, &value.to_be_bytes());
        }
    }

    /// The beginning of a packet in an ICMP message.
    fn quote(&mut self, at: usize, quote: &[u8]) {
        let (length, protocol) = match quote.first().map(|first| first >> 4) {
            Some(4) => (quote.first().map_or(20, |first| usize::from(first & 15) * 4), quote.get(9)),
            Some(6) => (40, quote.get(6)),
            _ => return,
        };
        self.ip_header(at, quote.get(..length).unwrap_or(quote));
        let carried = quote.get(length..).unwrap_or_default();
        match protocol {
            Some(6) => self.tcp_header(at + length, carried.get(..TCP).unwrap_or(carried)),
            Some(17) => {
                self.put(at + length + 4, carried.get(4..6).unwrap_or_default());
                self.ports(at + length, carried);
            }
            _ => {}
        }
    }

    /// The sum over the pseudo-header as it is now.
    fn pseudo(&self, ip: &Ip<'_>, protocol: u8) -> u64 {
        let at = ip.offset as usize;
        let addresses = if ip.is_v4() { at + 12..at + 20 } else { at + 8..at + 40 };
        self.out.get(addresses).map_or(0, sum) + u64::from(protocol) + length_sum(ip.payload_len)
    }

    /// Right where it was right, and wrong by as much where it was not.
    fn tcp_checksum(&mut self, ip: &Ip<'_>, tcp: &Tcp<'_>) {
        let at = ip.payload_offset() as usize;
        let bytes = self.out.get(at..at.saturating_add(ip.payload.len())).unwrap_or_default();
        let pseudo = self.pseudo(ip, 6);
        let right = !fold(pseudo + sum(bytes));
        let field =
            tcp.header.get(16..).and_then(|rest| rest.first_chunk()).map_or(0, |field| u16::from_be_bytes(*field));
        let value = match tcp.segment.checksum {
            Checksum::Correct => right,
            Checksum::Partial => fold(pseudo),
            Checksum::Wrong { expected } => right ^ expected ^ field,
            // The last fragment makes up for the length, which only it knows.
            Checksum::Unknown if tcp.segment.fragment => right_without_length(pseudo, ip.payload_len, bytes),
            Checksum::Unknown => 0,
        };
        self.put(at + 16, &value.to_be_bytes());
    }

    /// A later fragment of TCP: where it is the last one, two bytes that take the segment's length out of its checksum again.
    fn later_fragment(&mut self, ip: &Ip<'_>) {
        let whole = ip.payload.len() as u64 >= u64::from(ip.payload_len).max(2);
        if let Some(fragment) = ip.fragment.filter(|fragment| ip.protocol == 6 && whole && !fragment.more) {
            let length = length_sum(fragment.offset.saturating_add(ip.payload_len));
            self.put(ip.payload_offset() as usize, &(!fold(length)).to_be_bytes());
        }
    }

    /// The checksum of UDP, around a tunnel or not.
    fn outer_checksum(&mut self, ip: &Ip<'_>, dissection: &Dissection<'_>) {
        let at = ip.payload_offset() as usize;
        let is_udp = ip.protocol == 17 && ip.fragment.is_none_or(|fragment| fragment.offset == 0);
        if !is_udp || ip.payload.len() < UDP || ip.payload.get(6..8) == Some(&[0, 0]) {
            return;
        }
        let _ = dissection;
        self.put(at + 6, &[0; 2]);
        let bytes = self.out.get(at..at.saturating_add(ip.payload.len())).unwrap_or_default();
        let right = !fold(self.pseudo(ip, 17) + sum(bytes));
        let value = match udp_checksum(ip) {
            // RFC 768: a sum of zero is sent as all ones.
            Checksum::Correct => {
                if right == 0 {
                    0xffff
                } else {
                    right
                }
            }
            Checksum::Wrong { .. } | Checksum::Partial => right ^ 0x5555,
            Checksum::Unknown => 0,
        };
        self.put(at + 6, &value.to_be_bytes());
    }
}

/// The checksum of a segment of which this is the beginning, as if its length were 0.
fn right_without_length(pseudo: u64, length: u32, bytes: &[u8]) -> u16 {
    !fold(pseudo - length_sum(length) + sum(bytes))
}

/// The sum over the pseudo-header as it was.
fn pseudo_of(ip: &Ip<'_>, protocol: u8) -> u64 {
    let addresses = match (ip.src, ip.dst) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => sum(&src.octets()) + sum(&dst.octets()),
        (IpAddr::V6(src), IpAddr::V6(dst)) => sum(&src.octets()) + sum(&dst.octets()),
        _ => 0,
    };
    addresses + u64::from(protocol) + length_sum(ip.payload_len)
}
