//! Segments from a structure: an input that nearly is a conversation gets further into the tracker than bytes do.

use std::num::NonZeroU32;

use arbitrary::Arbitrary;
use tcpcheck::dissect::{
    Checksum, HeaderFault, OptionFacts, OptionFault, OptionFaultKind, SackBlocks, Segment, SeqNumber, Socket,
};
use tcpcheck::{TcpFlags, Timestamp};

/// Conversations of up to four connections, and what the tracker may remember.
#[derive(Arbitrary, Clone, Debug)]
pub struct Script {
    pub max_flows: u8,
    pub max_half_open: u8,
    pub options: u8,
    /// Where the clock and the sequence numbers start.
    pub start: Start,
    pub lines: Vec<Line>,
    /// How often the lines are said, later numbers and times each round.
    pub rounds: u8,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct Start {
    ts: Extreme,
    isn: [u32; 2],
}

/// A time that may lie at an end of what 64 bits hold.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Extreme {
    Usual,
    First,
    Last,
    Any(i64),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct Line {
    flow: u8,
    flags: Flags,
    seq: Number,
    ack: Number,
    len: Len,
    after: After,
    window: Window,
    sack: [Number; 4],
    extras: u16,
    byte: u8,
    word: u32,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Flags {
    Ack,
    PushAck,
    Syn,
    SynAck,
    Fin,
    Rst,
    RstAck,
    Any(u16),
}

/// A sequence number, from what its sender has sent.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Number {
    Next,
    Start,
    Oldest,
    Last,
    Off(i8),
    Far(i32),
    Any(u32),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Len {
    None,
    One,
    Some(u8),
    Mss,
    Many(u16),
    Huge(u32),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum After {
    Micros(u8),
    Millis(u8),
    Seconds(u8),
    Minutes(u8),
    Back(u16),
    To(i64),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Window {
    Usual,
    Closed,
    Small(u8),
    Any(u16),
}

/// What one end has said so far.
#[derive(Clone, Copy, Default)]
struct Said {
    isn: u32,
    next: u32,
    last: u32,
    acked: u32,
    tsval: u32,
}

/// Most segments of one script.
const MOST: usize = 4_000;

impl Script {
    /// The segments, in capture order.
    pub fn segments(&self) -> Vec<Segment> {
        let mut segments = Vec::new();
        let mut now = match self.start.ts {
            Extreme::Usual => 1_700_000_000_000_000_000,
            Extreme::First => i64::MIN,
            Extreme::Last => i64::MAX - 1_000_000_000,
            Extreme::Any(ts) => ts,
        };
        let fresh = |at: usize| Said { isn: self.start.isn[at], next: self.start.isn[at], ..Said::default() };
        let mut said = [[fresh(0), fresh(1)]; 4];
        for _ in 0..=self.rounds % 64 {
            for line in &self.lines {
                if segments.len() >= MOST {
                    return segments;
                }
                now = line.after.then(now);
                segments.push(line.segment(segments.len() as u64 + 1, now, &mut said));
            }
        }
        segments
    }
}

impl After {
    fn then(self, now: i64) -> i64 {
        match self {
            Self::Micros(n) => now.saturating_add(i64::from(n) * 1_000),
            Self::Millis(n) => now.saturating_add(i64::from(n) * 1_000_000),
            Self::Seconds(n) => now.saturating_add(i64::from(n) * 1_000_000_000),
            Self::Minutes(n) => now.saturating_add(i64::from(n) * 60_000_000_000),
            Self::Back(n) => now.saturating_sub(i64::from(n) * 1_000_000),
            Self::To(ts) => ts,
        }
    }
}

impl Number {
    fn of(self, said: &Said) -> u32 {
        match self {
            Self::Next => said.next,
            Self::Start => said.isn,
            Self::Oldest => said.acked,
            Self::Last => said.last,
            Self::Off(n) => said.next.wrapping_add_signed(n.into()),
            Self::Far(n) => said.next.wrapping_add_signed(n),
            Self::Any(n) => n,
        }
    }
}

impl Line {
    fn segment(&self, frame: u64, now: i64, all: &mut [[Said; 2]; 4]) -> Segment {
        let (flow, me) = (usize::from(self.flow >> 1 & 3), usize::from(self.flow & 1));
        let bit = |n: u8| self.extras & (1 << n) != 0;
        let flags = TcpFlags(match self.flags {
            Flags::Ack => 0x10,
            Flags::PushAck => 0x18,
            Flags::Syn => 0x02,
            Flags::SynAck => 0x12,
            Flags::Fin => 0x11,
            Flags::Rst => 0x04,
            Flags::RstAck => 0x14,
            Flags::Any(any) => any & 0xfff,
        });
        let payload_len = match self.len {
            Len::None => 0,
            Len::One => 1,
            Len::Some(n) => n.into(),
            Len::Mss => 1448,
            Len::Many(n) => n.into(),
            // As much as a pcapng record may claim.
            Len::Huge(n) => n,
        };
        let saids = &mut all[flow];
        let (seq, ack) = (self.seq.of(&saids[me]), self.ack.of(&saids[1 - me]));
        let mut options = OptionFacts {
            mss: bit(0).then_some(1448),
            wscale: bit(1).then_some(self.byte),
            sack_permitted: bit(2),
            timestamps: bit(3).then(|| match bit(4) {
                true => (self.word, saids[1 - me].tsval),
                false => ((now / 1_000_000) as u32, saids[1 - me].tsval),
            }),
            fast_open: bit(5).then_some(self.byte % 17),
            ..OptionFacts::default()
        };
        if bit(6) {
            let edge = |at: usize| SeqNumber(self.sack[at].of(&saids[1 - me]));
            options.sack = SackBlocks { len: 2, ..SackBlocks::default() };
            (options.sack.blocks[0], options.sack.blocks[1]) = ((edge(0), edge(1)), (edge(2), edge(3)));
        }
        if bit(7) {
            options.md5 = self.byte & 1 != 0;
            options.ao = self.byte & 2 != 0;
            options.mptcp = self.byte & 4 != 0;
            options.acc_ecn = self.byte & 8 != 0;
            options.duplicate = (self.byte & 16 != 0).then_some(self.byte);
            options.cut = self.byte & 32 != 0;
            options.fault = (self.byte & 64 != 0)
                .then_some(OptionFault { kind: self.byte, what: OptionFaultKind::BadLength(self.byte) });
        }
        let said = &mut saids[me];
        if flags.contains(TcpFlags::SYN) {
            said.isn = seq;
        }
        let seq_len = payload_len
            .wrapping_add(u32::from(flags.contains(TcpFlags::SYN)))
            .wrapping_add(u32::from(flags.contains(TcpFlags::FIN)));
        let end = seq.wrapping_add(seq_len);
        if !matches!(self.seq, Number::Far(_) | Number::Any(_)) && end.wrapping_sub(said.next) as i32 > 0 {
            said.next = end;
        }
        (said.last, said.tsval) = (seq, options.timestamps.map_or(said.tsval, |(value, _)| value));
        saids[1 - me].acked = ack;
        let socket = |of: usize| {
            let addr =
                if flow & 2 == 0 { [10, 0, 0, of as u8].into() } else { [0xfd, 0, 0, 0, 0, 0, 0, of as u16].into() };
            Socket { addr, port: if of == 0 { 40_000 + (flow & 1) as u16 } else { 443 } }
        };
        Segment {
            frame,
            ts: Timestamp(now),
            interface: u32::from(bit(8)),
            wire_len: payload_len.saturating_add(66),
            captured_len: 66,
            src: socket(me),
            dst: socket(1 - me),
            ttl: if bit(9) { self.byte } else { 64 },
            tos: self.byte & 3,
            ip_id: bit(10).then_some(self.word as u16),
            dont_fragment: bit(11),
            fragment: bit(12) && self.byte & 1 != 0,
            seq: SeqNumber(seq),
            ack: flags.contains(TcpFlags::ACK).then_some(SeqNumber(ack)),
            flags,
            window: match self.window {
                Window::Usual => 502,
                Window::Closed => 0,
                Window::Small(n) => n.into(),
                Window::Any(n) => n,
            },
            urgent: if bit(13) { self.word as u16 } else { 0 },
            header_len: 32,
            payload_len,
            offloaded: bit(12) && self.byte & 2 != 0,
            header_fault: (bit(14) && self.byte > 250).then_some(HeaderFault::TooLong),
            checksum: match self.byte & 31 {
                31 if bit(15) => Checksum::Wrong { expected: 7 },
                30 if bit(15) => Checksum::Partial,
                29 if bit(15) => Checksum::Unknown,
                _ => Checksum::Correct,
            },
            payload_digest: if payload_len > 0 { NonZeroU32::new(self.word >> 30) } else { None },
            options,
        }
    }
}
