//! One segment of a script, in a record of fixed length.

use std::num::NonZeroU32;

use tcpcheck::dissect::{
    Checksum, HeaderFault, OptionFacts, OptionFault, OptionFaultKind, SackBlocks, Segment, SeqNumber, Socket,
};
use tcpcheck::{TcpFlags, Timestamp};

/// Bytes of a record.
pub const LINE: usize = 44;

/// Flags by number; the last stands for any, which the record's last bytes tell.
const FLAGS: [u16; 16] =
    [0x10, 0x18, 0x02, 0x12, 0x11, 0x19, 0x04, 0x14, 0x50, 0x90, 0xc2, 0x52, 0x30, 0x00, 0x01, 0xffff];
const ANY: u8 = 15;

/// What one end has said so far.
#[derive(Clone, Copy, Default)]
pub struct Said {
    isn: u32,
    next: u32,
    last: u32,
    /// The highest number of its own that the other end acknowledged last.
    acked: u32,
    tsval: u32,
}

impl Said {
    pub fn starting(isn: u32) -> Self {
        Self { isn, next: isn, ..Self::default() }
    }

    /// A number by how it is told.
    fn number(&self, kind: u8, operand: u32) -> u32 {
        match kind & 7 {
            0 => self.next,
            1 => self.isn,
            2 => self.acked,
            3 => self.last,
            4 => self.next.wrapping_add_signed((operand as i8).into()),
            5 => self.next.wrapping_add(operand),
            6 => self.acked.wrapping_add(operand),
            _ => operand,
        }
    }

    /// How a number is told so that it stays right when what is before it changes.
    fn told(&self, number: u32) -> (u8, u32) {
        let off = number.wrapping_sub(self.next);
        match number {
            _ if off == 0 => (0, 0),
            _ if number == self.acked && self.acked != 0 => (2, 0),
            _ if (off as i32).unsigned_abs() < 1 << 24 => (5, off),
            _ => (7, number),
        }
    }
}

/// A record.
#[derive(Clone, Copy)]
pub struct Line {
    who: u8,
    flags: u8,
    /// How the sequence number is told, and the acknowledgment.
    numbers: u8,
    /// How length, window and time are told.
    kinds: u8,
    seq: u32,
    ack: u32,
    len: u16,
    after: u16,
    window: u16,
    extras: u16,
    byte: u8,
    blocks: u8,
    ip_id: u16,
    tsval: u32,
    /// SACK blocks, from what was acknowledged.
    edges: [u32; 4],
}

impl Line {
    /// Reads a record of [`LINE`] bytes.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; LINE] = bytes.try_into().ok()?;
        let short = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
        let word = |at: usize| u32::from(short(at)) | u32::from(short(at + 2)) << 16;
        Some(Self {
            who: bytes[0],
            flags: bytes[1],
            numbers: bytes[2],
            kinds: bytes[3],
            seq: word(4),
            ack: word(8),
            len: short(12),
            after: short(14),
            window: short(16),
            extras: short(18),
            byte: bytes[20],
            blocks: bytes[21],
            ip_id: short(22),
            tsval: word(24),
            edges: [word(28), word(32), word(36), word(40)],
        })
    }

    /// Its bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = vec![self.who, self.flags, self.numbers, self.kinds];
        out.extend(self.seq.to_le_bytes());
        out.extend(self.ack.to_le_bytes());
        for short in [self.len, self.after, self.window, self.extras] {
            out.extend(short.to_le_bytes());
        }
        out.extend([self.byte, self.blocks]);
        out.extend(self.ip_id.to_le_bytes());
        for word in [self.tsval].iter().chain(&self.edges) {
            out.extend(word.to_le_bytes());
        }
        out
    }

    /// The record of a segment that its sender sent so long, in nanoseconds, after the one before.
    pub fn of(segment: &Segment, after: i64, flow: usize, me: usize, saids: &[Said; 2]) -> Self {
        let (said, theirs) = (&saids[me], &saids[1 - me]);
        let flags = FLAGS.iter().position(|known| *known == segment.flags.0).map_or(ANY, |at| at as u8);
        let ((seq_kind, seq), (ack_kind, ack)) =
            (said.told(segment.seq.0), segment.ack.map_or((0, 0), |ack| theirs.told(ack.0)));
        let (after_kind, after) = match after {
            ..0 => (4, (after / -1_000_000).min(65_535) as u16),
            0..65_000_000 => (0, (after / 1_000) as u16),
            65_000_000..65_000_000_000 => (1, (after / 1_000_000) as u16),
            _ => (2, (after / 1_000_000_000).min(65_535) as u16),
        };
        let options = &segment.options;
        let mut extras = 0;
        let mut set = |n: u8, yes: bool| extras |= u16::from(yes) << n;
        set(0, options.mss.is_some());
        set(1, options.wscale.is_some());
        set(2, options.sack_permitted);
        set(3, options.timestamps.is_some());
        set(4, true);
        set(5, options.fast_open.is_some());
        set(10, segment.ip_id.is_some());
        set(11, segment.dont_fragment);
        let mut edges = [0; 4];
        for (block, (left, right)) in options.sack.blocks.iter().take(options.sack.len.min(2).into()).enumerate() {
            edges[2 * block] = left.0.wrapping_sub(theirs.acked);
            edges[2 * block + 1] = right.0.wrapping_sub(theirs.acked);
        }
        Self {
            who: (flow as u8) << 1 | me as u8,
            flags,
            numbers: seq_kind | ack_kind << 3,
            kinds: 3 | 3 << 3 | after_kind << 5,
            seq,
            ack,
            len: segment.payload_len.min(65_535) as u16,
            after,
            window: segment.window,
            extras,
            byte: options.wscale.unwrap_or_default(),
            blocks: options.sack.len.min(2),
            ip_id: segment.ip_id.unwrap_or(segment.flags.0),
            tsval: options.timestamps.map_or(0, |(value, _)| value),
            edges,
        }
    }

    /// When it is sent, if the one before was sent at `now`.
    pub fn then(&self, now: i64) -> i64 {
        let n = i64::from(self.after);
        match self.kinds >> 5 {
            0 | 7 => now.saturating_add(n * 1_000),
            1 => now.saturating_add(n * 1_000_000),
            2 => now.saturating_add(n * 1_000_000_000),
            3 => now.saturating_add(n * 60_000_000_000),
            4 => now.saturating_sub(n * 1_000_000),
            5 => now.saturating_sub(n * 1_000_000_000),
            _ => (n as u16 as i16 as i64) << 48,
        }
    }

    fn payload_len(&self) -> u32 {
        match self.kinds & 7 {
            0 | 1 => 0,
            2 => 1,
            3 | 4 => self.len.into(),
            5 => 1448,
            6 => u32::from(self.len & 255),
            // As much as a pcapng record may claim.
            _ => u32::from(self.len) << 16 | 7,
        }
    }

    fn window(&self) -> u16 {
        match self.kinds >> 3 & 3 {
            0 => 502,
            1 => 0,
            2 => self.window & 255,
            _ => self.window,
        }
    }

    fn options(&self, now: Timestamp, them: &Said) -> OptionFacts {
        let bit = |n: u8| self.extras & (1 << n) != 0;
        let byte = self.byte;
        let mut options = OptionFacts {
            mss: bit(0).then_some(1448),
            wscale: bit(1).then_some(byte),
            sack_permitted: bit(2),
            timestamps: bit(3).then(|| {
                let value = if bit(4) { self.tsval } else { (now.0 / 1_000_000) as u32 };
                (value, if bit(15) { self.tsval } else { them.tsval })
            }),
            fast_open: bit(5).then_some(byte % 17),
            ..OptionFacts::default()
        };
        if self.blocks & 3 != 0 {
            let edge = |at: usize| SeqNumber(them.acked.wrapping_add(self.edges[at]));
            options.sack = SackBlocks { len: (self.blocks & 3).min(2), ..SackBlocks::default() };
            (options.sack.blocks[0], options.sack.blocks[1]) = ((edge(0), edge(1)), (edge(2), edge(3)));
        }
        if bit(7) {
            options.md5 = byte & 1 != 0;
            options.ao = byte & 2 != 0;
            options.mptcp = byte & 4 != 0;
            options.acc_ecn = byte & 8 != 0;
            options.duplicate = (byte & 16 != 0).then_some(byte);
            options.cut = byte & 32 != 0;
            let what = OptionFaultKind::BadLength(byte);
            options.fault = (byte & 64 != 0).then_some(OptionFault { kind: byte, what });
        }
        options
    }

    /// The segment, and what its sender has said then.
    pub fn segment(&self, frame: u64, now: Timestamp, all: &mut [[Said; 2]; 4]) -> Segment {
        let (flow, me) = (usize::from(self.who >> 1 & 3), usize::from(self.who & 1));
        let bit = |n: u8| self.extras & (1 << n) != 0;
        let flags = match self.flags & 15 {
            ANY => self.ip_id & 0xfff,
            known => FLAGS[usize::from(known)],
        };
        let flags = TcpFlags(flags);
        let payload_len = self.payload_len();
        let saids = &mut all[flow];
        let seq = saids[me].number(self.numbers, self.seq);
        let ack = saids[1 - me].number(self.numbers >> 3, self.ack);
        let options = self.options(now, &saids[1 - me]);
        let said = &mut saids[me];
        if flags.contains(TcpFlags::SYN) {
            said.isn = seq;
        }
        let seq_len = payload_len
            .wrapping_add(u32::from(flags.contains(TcpFlags::SYN)))
            .wrapping_add(u32::from(flags.contains(TcpFlags::FIN)));
        let end = seq.wrapping_add(seq_len);
        let opens = flags.contains(TcpFlags::SYN) || said.next == said.isn;
        if opens || self.numbers & 7 != 7 && end.wrapping_sub(said.next) as i32 > 0 {
            said.next = end;
        }
        (said.last, said.tsval) = (seq, options.timestamps.map_or(said.tsval, |(value, _)| value));
        if flags.contains(TcpFlags::ACK) {
            saids[1 - me].acked = ack;
            if saids[1 - me].next == saids[1 - me].isn {
                saids[1 - me].next = ack;
            }
        }
        Segment {
            frame,
            ts: now,
            interface: u32::from(bit(8)),
            place: u32::from(bit(9)),
            wire_len: payload_len.saturating_add(66),
            captured_len: 66,
            src: socket(flow, me),
            dst: socket(flow, 1 - me),
            ttl: if bit(9) { self.byte } else { 64 },
            tos: self.byte & 3,
            ip_id: bit(10).then_some(self.ip_id),
            dont_fragment: bit(11),
            fragment: bit(12) && self.byte & 1 != 0,
            seq: SeqNumber(seq),
            ack: flags.contains(TcpFlags::ACK).then_some(SeqNumber(ack)),
            flags,
            window: self.window(),
            urgent: if bit(13) { self.ip_id } else { 0 },
            header_len: 32,
            payload_len,
            offloaded: bit(12) && self.byte & 2 != 0,
            header_fault: (bit(14) && self.byte > 250).then_some(HeaderFault::TooLong),
            checksum: match self.byte & 31 {
                31 if bit(14) => Checksum::Wrong { expected: 7 },
                30 if bit(14) => Checksum::Partial,
                29 if bit(14) => Checksum::Unknown,
                _ => Checksum::Correct,
            },
            // The same numbers carry the same bytes, unless this says otherwise.
            payload_digest: NonZeroU32::new(if payload_len == 0 { 0 } else { seq ^ end | u32::from(bit(6)) << 31 }),
            options,
        }
    }
}

/// An end of a connection: two in each version of IP.
fn socket(flow: usize, of: usize) -> Socket {
    let addr = match flow & 2 {
        0 => [10, 0, 0, of as u8].into(),
        _ => [0xfd, 0, 0, 0, 0, 0, 0, of as u16].into(),
    };
    Socket { addr, port: if of == 0 { 40_000 + (flow & 1) as u16 } else { 443 } }
}
