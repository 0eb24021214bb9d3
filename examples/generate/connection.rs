//! One connection, planned a few segments at a time: the handshake, rounds of a request and a burst in answer, the close.
//!
//! Everything is planned as the capture point sees it, half-way between the two. What gets lost is lost on the far side of it
//! (seen, yet never delivered) or on the near side (never seen); the receiver then acknowledges what it has, with SACK, and
//! the sender sends again after three duplicate acknowledgments, or after its retransmission time-out.

use std::collections::VecDeque;
use std::net::SocketAddr;

use super::frame::{ACK, FIN, PSH, RST, SCALE, SYN, Segment};
use super::random::Random;

/// What the connections of a capture have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Habits {
    /// Bytes of payload in a data segment.
    pub payload: u16,
    /// The most data segments in a burst.
    pub burst: u64,
    /// Bursts grow as in slow start, and the receiver's window with them.
    pub grows: bool,
    /// Microseconds between two rounds, on average.
    pub think: u64,
    /// No round begins before, in microseconds.
    pub not_before: u64,
    /// Of a thousand data segments, so many are lost.
    pub loss: u32,
    /// Of a thousand data segments, so many are overtaken by the one behind them.
    pub reorder: u32,
    /// Number of connections in a thousand that end with a RST of the client.
    pub resets: u32,
}

/// One end's numbers.
#[derive(Clone, Debug)]
struct End {
    socket: SocketAddr,
    /// The next byte it sends.
    next: u32,
    ip_id: u16,
    /// What its timestamp clock showed when the capture began; it ticks once a millisecond.
    clock: u32,
    /// The newest timestamp it has got from the other end.
    recent: u32,
    window: u16,
}

/// How far a connection is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Phase {
    Fresh,
    Open,
    Closed,
}

/// A connection under way.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    ends: [End; 2],
    planned: VecDeque<Segment>,
    phase: Phase,
    /// Packets that may still be planned.
    budget: i64,
    /// Microseconds from one end to the other and back.
    rtt: u64,
    burst: u64,
    now: u64,
}

/// Packets of the close.
const CLOSE: i64 = 3;
/// Bytes in a request.
const REQUEST: u16 = 180;
/// Microseconds between two segments of a burst: 1448 bytes at 10 Gbit/s.
const SPACING: u64 = 2;
/// The smallest retransmission time-out of a common stack, and the one of a SYN, in microseconds.
const RTO: u64 = 200_000;
const SYN_RTO: u64 = 1_000_000;

impl Connection {
    /// A connection that opens at `now` and takes about `budget` packets in all.
    pub(crate) fn new(sockets: [SocketAddr; 2], now: u64, budget: u64, random: &mut Random) -> Self {
        let mut end = |socket| {
            let bits = random.bits();
            End {
                socket,
                next: bits as u32,
                ip_id: (bits >> 32) as u16,
                clock: random.bits() as u32,
                recent: 0,
                window: 502,
            }
        };
        let ends = sockets.map(&mut end);
        let rtt = random.between(500, 40_000);
        Self { ends, planned: VecDeque::new(), phase: Phase::Fresh, budget: budget as i64, rtt, burst: 10, now }
    }

    /// The sender's and the receiver's socket.
    pub(crate) fn sockets(&self, from: u8) -> (SocketAddr, SocketAddr) {
        let from = usize::from(from);
        (self.ends[from].socket, self.ends[1 - from].socket)
    }

    /// When its next segment is due; none when it is closed.
    pub(crate) fn due(&mut self, habits: &Habits, random: &mut Random) -> Option<u64> {
        if self.planned.is_empty() {
            match self.phase {
                Phase::Fresh => self.open(habits, random),
                Phase::Open if self.budget >= CLOSE + 3 => self.round(habits, random),
                Phase::Open => self.close(habits, random),
                Phase::Closed => self.planned = VecDeque::new(),
            }
        }
        self.planned.front().map(|segment| segment.at)
    }

    /// Takes the next segment.
    pub(crate) fn take(&mut self) -> Option<Segment> {
        self.planned.pop_front()
    }

    /// A segment of one end, as of now, with what it has acknowledged of the other.
    fn segment(&mut self, from: usize, flags: u8, len: u16) -> Segment {
        let syn_or_fin = u32::from(flags & (SYN | FIN) != 0);
        let ack = if flags & ACK != 0 { self.ends[1 - from].next } else { 0 };
        let end = &mut self.ends[from];
        let seq = end.next;
        end.next = seq.wrapping_add(u32::from(len) + syn_or_fin);
        end.ip_id = end.ip_id.wrapping_add(1);
        Segment {
            at: self.now,
            seq,
            ack,
            tsval: end.clock.wrapping_add((self.now / 1000) as u32),
            tsecr: end.recent,
            sack: (0, 0),
            len,
            ip_id: end.ip_id,
            // RFC 7323 §2.2: the window of a SYN is not scaled.
            window: if flags & SYN != 0 { 64_240 } else { end.window },
            flags,
            from: from as u8,
        }
    }

    /// Lets a segment pass the capture point.
    fn show(&mut self, segment: Segment) {
        self.budget -= 1;
        self.planned.push_back(segment);
    }

    /// Lets a segment pass the capture point, and arrive.
    fn send(&mut self, from: usize, flags: u8, len: u16) {
        let segment = self.segment(from, flags, len);
        self.ends[1 - from].recent = segment.tsval;
        self.show(segment);
    }

    fn open(&mut self, habits: &Habits, random: &mut Random) {
        if random.per_mille(habits.loss) {
            let syn = self.segment(0, SYN, 0);
            self.ends[0].next = syn.seq;
            self.show(syn);
            self.now += SYN_RTO;
        }
        self.send(0, SYN, 0);
        self.now += self.rtt / 2;
        self.send(1, SYN | ACK, 0);
        self.now += self.rtt / 2;
        self.send(0, ACK, 0);
        self.phase = Phase::Open;
    }

    fn close(&mut self, habits: &Habits, random: &mut Random) {
        self.now += self.rtt / 2;
        self.phase = Phase::Closed;
        if random.per_mille(habits.resets) {
            return self.send(0, RST | ACK, 0);
        }
        self.send(0, FIN | ACK, 0);
        self.now += self.rtt / 2;
        self.send(1, FIN | ACK, 0);
        self.now += self.rtt / 2;
        self.send(0, ACK, 0);
    }

    /// A request, and a burst in answer.
    fn round(&mut self, habits: &Habits, random: &mut Random) {
        self.now = (self.now + 20).max(habits.not_before);
        if habits.think > 0 {
            self.now += random.below(2 * habits.think);
        }
        if habits.grows {
            self.burst = (2 * self.burst).min(habits.burst);
            // The receiver's window stays above what is in flight.
            let needed = (2 * self.burst * u64::from(habits.payload)) >> SCALE;
            self.ends[0].window = self.ends[0].window.max(needed.min(0xffff) as u16);
        } else {
            self.burst = random.between(1, habits.burst + 1);
        }
        self.send(0, PSH | ACK, REQUEST.min(habits.payload));
        self.now += self.rtt / 2;
        // A segment and the half of an acknowledgment each.
        let room = (2 * (self.budget - CLOSE) / 3).max(1) as u64;
        self.burst(self.burst.min(room), habits, random);
    }

    /// The server sends so many segments, and gets them acknowledged.
    fn burst(&mut self, count: u64, habits: &Habits, random: &mut Random) {
        let lost = (0..count).find(|_| random.per_mille(habits.loss));
        let late = (1..count).find(|_| lost.is_none() && random.per_mille(habits.reorder));
        let seen = random.below(2) == 0;
        let (begin, first) = (self.now, self.ends[1].next);
        let mut data: Vec<Segment> = (0..count)
            .map(|n| {
                self.now = begin + n * SPACING;
                let push = if n + 1 == count { PSH } else { 0 };
                self.segment(1, ACK | push, habits.payload)
            })
            .collect();
        if let Some(late) = late {
            let n = late as usize;
            data.swap(n - 1, n);
            (data[n - 1].at, data[n].at) = (data[n].at, data[n - 1].at);
        }
        let again = lost.map(|n| data[n as usize]);
        let arriving = data.iter().enumerate().filter(|(n, _)| Some(*n as u64) != lost).map(|(_, segment)| *segment);
        let mut acks = Receiver { next: first, beyond: None }.acknowledge(arriving);
        let end = self.ends[1].next;
        let mut flight: Vec<Segment> = data
            .iter()
            .enumerate()
            .filter(|(n, _)| seen || Some(*n as u64) != lost)
            .map(|(_, segment)| *segment)
            .collect();
        let mut duplicates = 0;
        let mut resend_at = None;
        for ack in &mut acks {
            ack.at += self.rtt;
            duplicates += u32::from(ack.sack.0 != ack.sack.1);
            if duplicates == 3 && resend_at.is_none() {
                resend_at = Some(ack.at + 10);
            }
        }
        for ack in acks {
            self.now = ack.at;
            // RFC 7323 §4.3: what arrives out of order does not become the timestamp to echo.
            if ack.sack.0 == ack.sack.1 {
                self.ends[0].recent = ack.tsval;
            }
            let segment = self.segment(0, ACK, 0);
            flight.push(Segment { ack: ack.ack, sack: ack.sack, ..segment });
            self.ends[1].recent = segment.tsval;
        }
        if let Some(segment) = again {
            let last = self.now;
            self.now = resend_at.unwrap_or(begin.max(last) + RTO + self.rtt);
            self.ends[1].next = segment.seq;
            let resent = self.segment(1, segment.flags, segment.len);
            self.ends[1].next = end;
            self.ends[0].recent = resent.tsval;
            flight.push(resent);
            self.now = last.max(self.now) + self.rtt;
            let ack = self.segment(0, ACK, 0);
            self.ends[1].recent = ack.tsval;
            flight.push(ack);
        }
        flight.sort_by_key(|segment| segment.at);
        self.now = flight.last().map_or(self.now, |segment| segment.at);
        for segment in flight {
            self.show(segment);
        }
    }
}

/// An acknowledgment to be made: when its cause passed the capture point, and the timestamp that came with it.
struct Acknowledgment {
    at: u64,
    ack: u32,
    tsval: u32,
    sack: (u32, u32),
}

/// What the client has got of a burst.
struct Receiver {
    next: u32,
    /// The one stretch beyond a gap.
    beyond: Option<(u32, u32)>,
}

impl Receiver {
    /// RFC 5681 §4.2: every second segment is acknowledged, one out of order and one that fills a gap at once.
    fn acknowledge(mut self, arriving: impl Iterator<Item = Segment>) -> Vec<Acknowledgment> {
        let mut acks = Vec::new();
        let mut pending = None;
        for segment in arriving {
            let end = segment.seq.wrapping_add(u32::from(segment.len));
            let (at, tsval) = (segment.at, segment.tsval);
            if segment.seq != self.next {
                self.beyond = Some(self.beyond.map_or((segment.seq, end), |(start, _)| (start, end)));
                acks.extend(pending.take());
                acks.push(Acknowledgment { at: at + 1, ack: self.next, tsval, sack: self.beyond.unwrap_or_default() });
                continue;
            }
            let filled = self.beyond.take();
            self.next = filled.map_or(end, |(_, beyond)| beyond);
            let ack = Acknowledgment { at: at + 1, ack: self.next, tsval, sack: (0, 0) };
            if filled.is_some() || pending.take().is_some() {
                acks.push(ack);
            } else {
                pending = Some(ack);
            }
        }
        acks.extend(pending);
        acks
    }
}
