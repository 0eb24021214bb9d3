//! One end of a connection: what it sent, what it announced, and what the other end acknowledged of it.
//!
//! Sequence numbers are relative to the end's ISN and unwrapped to 64 bits: the SYN is 0, the first byte 1. Where no SYN was
//! seen, the first byte seen is 0, or 1 where an acknowledgment told of it first: as tcpdump counts.

mod adverts;
mod in_flight;
mod rare;

use std::collections::VecDeque;
use std::mem::offset_of;
use std::ops::Range;

use crate::capture::{Span, Timestamp};
use crate::dissect::{Segment, SeqNumber, Socket};

use crate::track::conn::facts::{Fact, Facts};
use crate::track::conn::maybe::Maybe;
use crate::track::conn::path_marks::PathMarks;
use crate::track::conn::rare::Rare;
use crate::track::conn::rtt::Rtt;
use crate::track::conn::send_order::SendOrder;
use crate::track::conn::sent::Sent;
use crate::track::packed::packed;
use crate::track::shared::recent::Cursor;
use crate::track::stack::ip_id::Ids;
use crate::track::timing::Smoothed;
use adverts::Floor;
pub(in crate::track) use rare::{RareEnd, TroubleCounters};

/// One end of a connection.
// A packet costs the cache lines that it touches, so fields lie in this order: what the sender of an expected segment needs, what
// both ends need, what the receiver needs, and what few segments need.
#[repr(C)]
#[derive(Debug)]
pub(in crate::track) struct Endpoint {
    /// The last acknowledgment that this end sent, relative to the other's numbers.
    ack: Maybe<i64>,
    /// The right edge that it advertised last.
    pub right_edge: i64,
    /// The acknowledgment and sequence number there.
    pub edge_at: (i64, i64),
    /// The frame of its last right edge.
    pub edge_frame: u64,
    pub ids: Ids,

    /// What tells when it advertised its last right edge.
    pub edge_mark: SendOrder,
    /// What tells when it sent its last acknowledgment.
    pub ack_mark: SendOrder,
    /// The frame of its last acknowledgment.
    pub ack_frame: u64,
    /// The round trip from the capture point to the other end, as the handshake shows it.
    handshake_leg: Maybe<Span>,
    pub path: PathMarks,
    pub last_frame: u64,

    /// When it last sent data.
    last_data: Maybe<Timestamp>,
    pub last_data_frame: u64,
    pub count: Counters,

    pub socket: Socket,
    /// The raw sequence number of relative 0.
    base: SeqNumber,
    pub facts: Facts,
    pub wscale: Option<u8>,
    pub mss: u16,
    /// The largest segment that was sent once, and acknowledged.
    pub largest_passed: u16,
    /// The last window that this end advertised, scaled where the scale is known.
    pub window: u32,
    /// The newest timestamp value that this end sent.
    pub tsval: u32,
    /// The largest window that it advertised.
    pub max_window: u32,
    /// SYN segments.
    pub syns: u32,
    /// One past the highest number sent, or acknowledged by the other end where it was not seen.
    pub nxt: i64,

    /// The highest acknowledgment received.
    pub una: i64,
    /// When it was received.
    pub una_ts: Timestamp,
    /// The furthest right edge that this end advertised, relative to the other's numbers.
    pub edge: i64,
    pub last_ts: Timestamp,
    /// The lowest number seen.
    pub low: i64,
    /// What bounds the edges of the windows that it advertised last.
    pub floor: Floor,

    /// Numbers of this end not yet acknowledged, in order.
    pub flight: VecDeque<Sent>,
    /// Its last segments in the trail.
    pub recent: Cursor,

    /// The first timestamp value that this end sent, where there is one.
    first_tsval: u32,
    pub rtt: Rtt,
    /// The same as this end smooths it for its timers, but for the way from here to it.
    pub smoothed: Smoothed,

    /// When it sent the first timestamp value.
    first_tsval_at: Timestamp,
    /// One past the FIN.
    fin: Maybe<i64>,
    /// What only trouble needs.
    pub rare: Rare<RareEnd>,
}

packed!(Endpoint {
    socket, facts, base, last_ts, last_data, una_ts, low, nxt, fin, una, ids, path, edge_mark, ack_mark, first_tsval, first_tsval_at, mss, largest_passed, wscale,
    handshake_leg, rtt, smoothed, count, syns, recent, flight, ack, edge_at, edge, right_edge, floor, rare
} delta Frame {
    last_frame, last_data_frame, ack_frame, edge_frame
} delta Clock { tsval } delta Window { window, max_window });

/// Counters of one direction.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::track) struct Counters {
    pub packets: u64,
    pub wire_bytes: u64,
    pub payload_bytes: u64,
    pub data_segments: u64,
    pub max_in_flight: u64,
}

packed!(Counters { packets, wire_bytes, payload_bytes, data_segments, max_in_flight });

impl Endpoint {
    pub(crate) fn new(socket: Socket) -> Self {
        Self {
            socket,
            facts: Facts::default(),
            base: SeqNumber(0),
            nxt: 0,
            low: i64::MAX,
            una: i64::MIN,
            una_ts: Timestamp::default(),
            fin: Maybe::NONE,
            ack: Maybe::NONE,
            ack_mark: SendOrder::default(),
            ack_frame: 0,
            edge: i64::MIN,
            right_edge: i64::MIN,
            edge_at: (i64::MIN, i64::MIN),
            edge_mark: SendOrder::default(),
            edge_frame: 0,
            max_window: 0,
            window: 0,
            mss: 0,
            largest_passed: 0,
            wscale: None,
            tsval: 0,
            first_tsval: 0,
            first_tsval_at: Timestamp::default(),
            syns: 0,
            last_ts: Timestamp::default(),
            last_frame: 0,
            handshake_leg: Maybe::NONE,
            ids: Ids::default(),
            last_data: Maybe::NONE,
            last_data_frame: 0,
            floor: Floor::default(),
            flight: VecDeque::new(),
            rtt: Rtt::default(),
            smoothed: Smoothed::default(),
            count: Counters::default(),
            recent: Cursor::default(),
            path: PathMarks::default(),
            rare: Rare::default(),
        }
    }

    /// The bytes of it that an expected segment of its own needs, and those that the other end's needs.
    pub(crate) const AS_SENDER: Range<usize> = 0..offset_of!(Self, first_tsval);
    pub(crate) const AS_RECEIVER: Range<usize> = offset_of!(Self, socket)..offset_of!(Self, first_tsval_at);

    /// What it counts when all does not go well.
    pub(crate) fn trouble(&self) -> &TroubleCounters {
        &self.rare.trouble
    }

    /// The same, to be counted on.
    pub(crate) fn note_trouble(&mut self) -> &mut TroubleCounters {
        &mut self.rare.trouble
    }

    /// The memory that it takes besides its own size. What is boxed and small is left out.
    pub(crate) fn heap_bytes(&self) -> usize {
        let flight = self.flight.capacity() * size_of::<Sent>();
        flight + self.rtt.heap_bytes() + self.rare.heap_bytes() + self.rare.list_bytes()
    }

    /// Nothing of it waits for what comes, but for acknowledgments.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.rare.is_at_rest()
    }

    /// Sets the ISN: `seq` becomes relative `at`. All that was known of older numbers goes.
    pub(crate) fn start_at(&mut self, seq: SeqNumber, at: i64) {
        self.base = SeqNumber(seq.0.wrapping_sub(at as u32));
        self.nxt = at;
        self.una = at;
        self.low = at;
        self.flight.clear();
        self.facts.note(Fact::Numbered);
    }

    /// It has sent segments that come after a SYN, and that SYN was not captured.
    pub(crate) fn is_mid_stream(&self) -> bool {
        self.facts.has(Fact::Syn) && !self.facts.has(Fact::SynSeen) && self.low != i64::MAX
    }

    /// The relative number of `seq`: the one nearest to the highest so far.
    pub(crate) fn relative(&self, seq: SeqNumber) -> i64 {
        let nxt = self.base.plus(self.nxt as u32);
        self.nxt.saturating_add(i64::from(seq.distance(nxt)))
    }

    /// The header's number of a relative one.
    pub(crate) fn raw(&self, relative: i64) -> SeqNumber {
        self.base.plus(relative as u32)
    }

    /// Numbers below this have all been seen, or were acknowledged.
    pub(crate) fn contiguous(&self) -> i64 {
        self.rare.gaps.first_open().map_or(self.nxt, |gap| gap.from)
    }

    /// Whether its FIN has reached the other end in order, so far as the frames tell.
    pub(crate) fn fin_arrived(&self) -> bool {
        self.fin().is_some_and(|fin| self.una >= fin || self.contiguous() >= fin)
    }

    /// Whether it has sent its FIN.
    pub(crate) fn closes(&self) -> bool {
        self.fin().is_some()
    }

    /// The last acknowledgment that it sent.
    #[inline]
    pub(crate) fn ack(&self) -> Option<i64> {
        self.ack.get()
    }

    #[inline]
    pub(crate) fn set_ack(&mut self, ack: i64) {
        self.ack = Maybe::some(ack);
    }

    /// One past its FIN.
    #[inline]
    pub(crate) fn fin(&self) -> Option<i64> {
        self.fin.get()
    }

    pub(crate) fn set_fin(&mut self, fin: i64) {
        self.fin = Maybe::some(fin);
    }

    /// When it last sent data.
    #[inline]
    pub(crate) fn last_data(&self) -> Option<Timestamp> {
        self.last_data.get()
    }

    /// Notes that it sent data.
    #[inline]
    pub(crate) fn note_data(&mut self, segment: &Segment) {
        (self.last_data, self.last_data_frame) = (Maybe::some(segment.ts), segment.frame);
    }

    /// The round trip from the capture point to the other end, as the handshake shows it.
    pub(crate) fn handshake_leg(&self) -> Option<Span> {
        self.handshake_leg.get()
    }

    /// Notes it, unless it is known.
    pub(crate) fn note_handshake_leg(&mut self, leg: Span) {
        self.handshake_leg = Maybe::some(self.handshake_leg().unwrap_or(leg));
    }

    /// Whether its FIN has been acknowledged.
    pub(crate) fn fin_acked(&self) -> bool {
        self.fin().is_some_and(|fin| self.una >= fin)
    }

    /// The round trip from the capture point to the other end and back.
    pub(crate) fn leg(&self) -> Option<Span> {
        self.handshake_leg().or_else(|| self.rtt.min())
    }

    /// The shortest round trip from the capture point to the other end and back that was seen.
    pub(crate) fn shortest_leg(&self) -> Option<Span> {
        [self.leg(), self.rtt.min()].into_iter().flatten().min()
    }

    /// The first timestamp value that it sent.
    #[inline]
    pub(crate) fn first_tsval(&self) -> Option<u32> {
        self.facts.has(Fact::Clocked).then_some(self.first_tsval)
    }

    /// When it sent that one.
    pub(crate) fn first_tsval_at(&self) -> Timestamp {
        self.first_tsval_at
    }

    /// Notes its first timestamp value.
    pub(crate) fn note_first_tsval(&mut self, tsval: u32, now: Timestamp) {
        (self.first_tsval, self.first_tsval_at) = (tsval, now);
        self.facts.note(Fact::Clocked);
    }

    /// What its clock showed does not count: the next value is its first.
    pub(crate) fn forget_first_tsval(&mut self) {
        self.facts.set(Fact::Clocked, false);
    }

    /// Whether its timestamp clock, which shows `tsval` now, is known to tick at least once in that time.
    // RFC 7323 §5.4 allows a tick of a second.
    pub(crate) fn ticks_within(&self, tsval: u32, now: Timestamp, span: Span) -> bool {
        let ticks = self.first_tsval().map_or(0, |first| i64::from(tsval.wrapping_sub(first) as i32));
        // The first of them may have been about to end.
        ticks > 1 && now.since(self.first_tsval_at).0 / (ticks - 1) <= span.0
    }

    /// Numbers sent and not yet acknowledged.
    pub(crate) fn in_flight(&self) -> u64 {
        u64::try_from(self.nxt.saturating_sub(self.una.max(self.low))).unwrap_or(0)
    }
}
