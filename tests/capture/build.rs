//! Capture files made by hand, byte by byte.

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Order {
    Little,
    Big,
}

use Order::{Big, Little};

pub(super) const BOTH: [Order; 2] = [Little, Big];

impl Order {
    pub(super) fn u16(self, n: u16) -> [u8; 2] {
        if self == Big { n.to_be_bytes() } else { n.to_le_bytes() }
    }

    pub(super) fn u32(self, n: u32) -> [u8; 4] {
        if self == Big { n.to_be_bytes() } else { n.to_le_bytes() }
    }

    pub(super) fn u64(self, n: u64) -> [u8; 8] {
        if self == Big { n.to_be_bytes() } else { n.to_le_bytes() }
    }
}

pub(super) const MICRO: u32 = 0xa1b2_c3d4;
pub(super) const NANO: u32 = 0xa1b2_3c4d;
pub(super) const KUZNETSOV: u32 = 0xa1b2_cd34;

/// A classic pcap file in the making.
#[derive(Clone)]
pub(super) struct Pcap {
    order: Order,
    magic: u32,
    pub bytes: Vec<u8>,
    /// Where each record begins, and where the last ends.
    pub marks: Vec<usize>,
}

impl Pcap {
    pub(super) fn new(order: Order, magic: u32) -> Self {
        Self::with(order, magic, (2, 4), 65535, 1)
    }

    pub(super) fn with(order: Order, magic: u32, version: (u16, u16), snaplen: u32, link_type: u32) -> Self {
        let mut bytes = order.u32(magic).to_vec();
        bytes.extend(order.u16(version.0));
        bytes.extend(order.u16(version.1));
        bytes.extend([0; 8]);
        bytes.extend(order.u32(snaplen));
        bytes.extend(order.u32(link_type));
        Self { order, magic, marks: vec![bytes.len()], bytes }
    }

    pub(super) fn record(mut self, seconds: u32, fraction: u32, wire_len: u32, data: &[u8]) -> Self {
        self.header([seconds, fraction, data.len() as u32, wire_len]);
        self.bytes.extend(data);
        self.marks.push(self.bytes.len());
        self
    }

    /// The header of a record, whatever it says.
    pub(super) fn header(&mut self, fields: [u32; 4]) {
        for field in fields {
            self.bytes.extend(self.order.u32(field));
        }
        if self.magic == KUZNETSOV {
            self.bytes.extend(self.order.u32(2)); // interface
            self.bytes.extend(self.order.u16(0x0800)); // protocol
            self.bytes.extend([4, 0]); // packet type, padding
        }
    }
}

/// A pcapng file in the making.
#[derive(Clone)]
pub(super) struct Pcapng {
    order: Order,
    pub bytes: Vec<u8>,
    /// Where each block that holds a packet ends.
    pub marks: Vec<usize>,
}

impl Pcapng {
    pub(super) fn new(order: Order) -> Self {
        Self { order, bytes: Vec::new(), marks: Vec::new() }.section(order)
    }

    pub(super) fn section(mut self, order: Order) -> Self {
        self.order = order;
        let mut body = order.u32(0x1a2b_3c4d).to_vec();
        body.extend(order.u16(1));
        body.extend(order.u16(0));
        body.extend(order.u64(u64::MAX));
        self.block(0x0a0d_0d0a, &body)
    }

    pub(super) fn block(mut self, kind: u32, body: &[u8]) -> Self {
        let length = 12 + body.len().next_multiple_of(4);
        self.bytes.extend(self.order.u32(kind));
        self.bytes.extend(self.order.u32(length as u32));
        self.bytes.extend(body);
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        self.bytes.extend(self.order.u32(length as u32));
        self
    }

    pub(super) fn option(&self, code: u16, value: &[u8]) -> Vec<u8> {
        let mut option = self.order.u16(code).to_vec();
        option.extend(self.order.u16(value.len() as u16));
        option.extend(value);
        option.resize(option.len().next_multiple_of(4), 0);
        option
    }

    pub(super) fn interface(self, link_type: u16, snaplen: u32) -> Self {
        self.interface_with(link_type, snaplen, &[])
    }

    pub(super) fn interface_with(self, link_type: u16, snaplen: u32, options: &[(u16, Vec<u8>)]) -> Self {
        let mut body = self.order.u16(link_type).to_vec();
        body.extend([0; 2]);
        body.extend(self.order.u32(snaplen));
        body.extend(self.options(options));
        self.block(1, &body)
    }

    fn options(&self, options: &[(u16, Vec<u8>)]) -> Vec<u8> {
        if options.is_empty() {
            return Vec::new();
        }
        let all: Vec<u8> = options.iter().flat_map(|(code, value)| self.option(*code, value)).collect();
        [all, self.option(0, &[])].concat()
    }

    pub(super) fn enhanced(self, interface: u32, ticks: u64, wire_len: u32, data: &[u8]) -> Self {
        let mut body = self.order.u32(interface).to_vec();
        body.extend(self.timed(ticks, wire_len, data));
        body.resize(body.len().next_multiple_of(4), 0);
        body.extend(self.options(&[(2, self.order.u32(1).to_vec())])); // epb_flags: inbound
        self.block(6, &body).mark()
    }

    pub(super) fn obsolete(self, interface: u16, ticks: u64, wire_len: u32, data: &[u8]) -> Self {
        let mut body = self.order.u16(interface).to_vec();
        body.extend(self.order.u16(0xffff));
        body.extend(self.timed(ticks, wire_len, data));
        self.block(2, &body).mark()
    }

    pub(super) fn simple(self, wire_len: u32, data: &[u8]) -> Self {
        let body = [&self.order.u32(wire_len), data].concat();
        self.block(3, &body).mark()
    }

    pub(super) fn statistics(self, interface: u32, counters: &[(u16, u64)]) -> Self {
        let mut body = self.order.u32(interface).to_vec();
        body.extend([0; 8]);
        let counters: Vec<_> = counters.iter().map(|(code, n)| (*code, self.order.u64(*n).to_vec())).collect();
        body.extend(self.options(&counters));
        self.block(5, &body)
    }

    fn timed(&self, ticks: u64, wire_len: u32, data: &[u8]) -> Vec<u8> {
        let mut body = self.order.u32((ticks >> 32) as u32).to_vec();
        body.extend(self.order.u32(ticks as u32));
        body.extend(self.order.u32(data.len() as u32));
        body.extend(self.order.u32(wire_len));
        body.extend(data);
        body
    }

    fn mark(mut self) -> Self {
        self.marks.push(self.bytes.len());
        self
    }
}

/// `n` bytes, no two neighbours alike.
pub(super) fn payload(n: usize) -> Vec<u8> {
    (0..n).map(|i| (i * 7 + 3) as u8).collect()
}
