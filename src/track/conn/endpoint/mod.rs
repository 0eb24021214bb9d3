//! One end of a connection: what it sent, what it announced, and what the other end acknowledged of it.
//!
//! Sequence numbers are relative to the end's ISN and unwrapped to 64 bits: the SYN is 0, the first byte 1. Where no SYN was
//! seen, the first byte seen is 0, or 1 where an acknowledgment told of it first: as tcpdump counts.

mod adverts;
mod in_flight;

use std::collections::VecDeque;
use std::mem::offset_of;
use std::num::NonZeroU64;
use std::ops::Range;

use crate::capture::{Span, Timestamp};
use crate::dissect::{SeqNumber, Socket};

use crate::track::conn::facts::Facts;
use crate::track::conn::gaps::Gaps;
use crate::track::conn::loss_reports::LossReports;
use crate::track::conn::overrun::Overrun;
use crate::track::conn::path_marks::PathMarks;
use crate::track::conn::probing::Probing;
use crate::track::conn::recovery::Recovery;
use crate::track::conn::resends::Resends;
use crate::track::conn::rtt::Rtt;
use crate::track::conn::send_order::SendOrder;
use crate::track::conn::sent::Sent;
use crate::track::conn::unseen::Unseen;
use crate::track::packed::packed;
use crate::track::shared::recent::{Advert, Cursor};
use crate::track::stack::ip_id::Ids;
use crate::track::timing::Smoothed;
use adverts::Floor;

/// One end of a connection.
// A packet costs the cache lines that it touches, so fields lie by the line: what the sender of an expected segment needs, what
// both ends need, what the receiver needs, and what only trouble needs.
#[repr(C, align(64))]
#[derive(Debug)]
pub(in crate::track) struct Endpoint {
    /// The last acknowledgment that this end sent, relative to the other's numbers.
    pub ack: Option<i64>,
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
    pub handshake_leg: Option<Span>,
    pub path: PathMarks,
    pub last_frame: u64,

    /// When it last sent data.
    pub last_data: Option<Timestamp>,
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
    /// The window that it advertised last, and the frame: the trail has it too, but far away.
    last_advert: Option<(Advert, NonZeroU64)>,
    /// Its last segments in the trail.
    pub recent: Cursor,
    /// Duplicate acknowledgments that this end sent in a row.
    pub dup_acks_in_row: u32,

    /// The first timestamp value that this end sent.
    pub first_tsval: Option<u32>,
    pub rtt: Rtt,
    /// The same as this end smooths it for its timers, but for the way from here to it.
    pub smoothed: Smoothed,

    /// When it sent the first timestamp value.
    pub first_tsval_at: Timestamp,
    /// One past the FIN.
    pub fin: Option<i64>,
    /// What of its numbers is missing.
    pub gaps: Gaps,
    pub recovery: Option<Box<Recovery>>,
    /// Since when its window is closed.
    pub closed_since: Option<Timestamp>,
    /// When it last sent something that draws an immediate acknowledgment: old data, or data behind a gap.
    pub last_old: Option<Timestamp>,
    /// A digest of the SACK blocks that it last sent.
    pub sack_digest: u64,
    /// SYN segments.
    pub syns: u32,
    /// Payload bytes on its SYN.
    pub syn_data: u32,
    trouble: Option<Box<TroubleCounters>>,
    /// What the other end asked for of late.
    pub loss_reports: Option<Box<LossReports>>,
    /// Its data beyond every edge that the other end advertised.
    pub overrun: Option<Box<Overrun>>,
    /// Probes of the other end that it has out.
    pub probing: Option<Box<Probing>>,
    pub resends: Option<Box<Resends>>,
    /// Its numbers that were acknowledged before they were captured.
    pub unseen: Option<Box<Unseen>>,
}

packed!(Endpoint {
    socket, facts, base, last_ts, last_data, una_ts, low, nxt, fin, una, ids, path, edge_mark, ack_mark, first_tsval, first_tsval_at, mss, largest_passed, wscale,
    handshake_leg, loss_reports, rtt, smoothed, count, syns, trouble, recent, flight, resends, unseen, ack, edge_at, edge, right_edge, floor
} rare { last_old, closed_since, syn_data, sack_digest, dup_acks_in_row } near Frame {
    last_frame, last_data_frame, ack_frame, edge_frame
} near Clock { tsval } near Window { window, max_window } at_rest { recovery, gaps, overrun, probing, last_advert });

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

/// Counters of one direction that stay at zero while all goes well.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::track) struct TroubleCounters {
    pub missed_bytes: u64,
    pub resent_segments: u64,
    pub resent_bytes: u64,
    pub late_segments: u64,
    pub duplicate_acks: u64,
    pub zero_window: Span,
    /// Packets that came twice in the place where they were captured first.
    pub copies: u32,
}

impl TroubleCounters {
    const NONE: Self = Self {
        missed_bytes: 0,
        resent_segments: 0,
        resent_bytes: 0,
        late_segments: 0,
        duplicate_acks: 0,
        zero_window: Span(0),
        copies: 0,
    };
}

packed!(TroubleCounters {
    missed_bytes,
    resent_segments,
    resent_bytes,
    late_segments,
    duplicate_acks,
    zero_window,
    copies
});

impl Endpoint {
    pub fn new(socket: Socket) -> Self {
        Self {
            socket,
            facts: Facts::default(),
            base: SeqNumber(0),
            nxt: 0,
            low: i64::MAX,
            una: i64::MIN,
            una_ts: Timestamp::default(),
            fin: None,
            ack: None,
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
            syn_data: 0,
            tsval: 0,
            first_tsval: None,
            first_tsval_at: Timestamp::default(),
            syns: 0,
            last_ts: Timestamp::default(),
            last_frame: 0,
            dup_acks_in_row: 0,
            handshake_leg: None,
            ids: Ids::default(),
            last_data: None,
            last_data_frame: 0,
            last_old: None,
            loss_reports: None,
            sack_digest: 0,
            floor: Floor::default(),
            last_advert: None,
            recovery: None,
            flight: VecDeque::new(),
            gaps: Gaps::default(),
            rtt: Rtt::default(),
            smoothed: Smoothed::default(),
            count: Counters::default(),
            trouble: None,
            closed_since: None,
            overrun: None,
            probing: None,
            recent: Cursor::default(),
            path: PathMarks::default(),
            resends: None,
            unseen: None,
        }
    }

    /// The bytes of it that an expected segment of its own needs, and those that the other end's needs.
    pub const AS_SENDER: Range<usize> = 0..offset_of!(Self, first_tsval);
    pub const AS_RECEIVER: Range<usize> = offset_of!(Self, socket)..offset_of!(Self, first_tsval_at);

    /// What it counts when all does not go well.
    pub fn trouble(&self) -> &TroubleCounters {
        self.trouble.as_deref().unwrap_or(&TroubleCounters::NONE)
    }

    /// The same, to be counted on.
    pub fn note_trouble(&mut self) -> &mut TroubleCounters {
        self.trouble.get_or_insert_default()
    }

    /// The memory that it takes besides its own size. What is boxed and small is left out.
    pub fn heap_bytes(&self) -> usize {
        let flight = self.flight.capacity() * size_of::<Sent>();
        let recovery = self.recovery.as_deref().map_or(0, Recovery::bytes);
        let loss_reports = self.loss_reports.as_deref().map_or(0, LossReports::heap_bytes);
        let resends = self.resends.as_deref().map_or(0, Resends::heap_bytes);
        flight + self.gaps.heap_bytes() + recovery + loss_reports + resends
    }

    /// Nothing of it waits for what comes, but for acknowledgments.
    pub fn is_at_rest(&self) -> bool {
        let trouble = self.recovery.is_some() || self.overrun.is_some() || self.probing.is_some();
        !trouble && self.gaps.is_empty() && self.path.is_at_rest()
    }

    /// Sets the ISN: `seq` becomes relative `at`. All that was known of older numbers goes.
    pub fn start_at(&mut self, seq: SeqNumber, at: i64) {
        self.base = SeqNumber(seq.0.wrapping_sub(at as u32));
        self.nxt = at;
        self.una = at;
        self.low = at;
        self.flight.clear();
        self.facts.numbered = true;
    }

    /// It has sent segments that come after a SYN, and that SYN was not captured.
    pub fn is_mid_stream(&self) -> bool {
        self.facts.syn && !self.facts.syn_seen && self.low != i64::MAX
    }

    /// The relative number of `seq`: the one nearest to the highest so far.
    pub fn relative(&self, seq: SeqNumber) -> i64 {
        let nxt = self.base.plus(self.nxt as u32);
        self.nxt.saturating_add(i64::from(seq.distance(nxt)))
    }

    /// The header's number of a relative one.
    pub fn raw(&self, relative: i64) -> SeqNumber {
        self.base.plus(relative as u32)
    }

    /// Numbers below this have all been seen, or were acknowledged.
    pub fn contiguous(&self) -> i64 {
        self.gaps.first_open().map_or(self.nxt, |gap| gap.from)
    }

    /// Whether its FIN has reached the other end in order, so far as the frames tell.
    pub fn fin_arrived(&self) -> bool {
        self.fin.is_some_and(|fin| self.una >= fin || self.contiguous() >= fin)
    }

    /// Whether it has sent its FIN.
    pub fn closes(&self) -> bool {
        self.fin.is_some()
    }

    /// Whether its FIN has been acknowledged.
    pub fn fin_acked(&self) -> bool {
        self.fin.is_some_and(|fin| self.una >= fin)
    }

    /// The round trip from the capture point to the other end and back.
    pub fn leg(&self) -> Option<Span> {
        self.handshake_leg.or_else(|| self.rtt.min())
    }

    /// The shortest round trip from the capture point to the other end and back that was seen.
    pub fn shortest_leg(&self) -> Option<Span> {
        [self.leg(), self.rtt.min()].into_iter().flatten().min()
    }

    /// Whether its timestamp clock, which shows `tsval` now, is known to tick at least once in that time.
    // RFC 7323 §5.4 allows a tick of a second.
    pub fn ticks_within(&self, tsval: u32, now: Timestamp, span: Span) -> bool {
        let ticks = self.first_tsval.map_or(0, |first| i64::from(tsval.wrapping_sub(first) as i32));
        // The first of them may have been about to end.
        ticks > 1 && now.since(self.first_tsval_at).0 / (ticks - 1) <= span.0
    }

    /// Numbers sent and not yet acknowledged.
    pub fn in_flight(&self) -> u64 {
        u64::try_from(self.nxt.saturating_sub(self.una.max(self.low))).unwrap_or(0)
    }
}
