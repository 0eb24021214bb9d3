//! A packet as one capture shows it.

use std::hash::{BuildHasher, Hash};
use std::num::NonZeroU32;

use foldhash::fast::FixedState;

use crate::capture::Timestamp;
use crate::dissect::{Segment, SeqNumber, Socket, TcpFlags};
use crate::track::{Direction, Observation};

use super::Side;

/// One packet in one capture, with what that capture's tracker says of it.
#[derive(Clone, Copy, Debug)]
pub struct Sighting {
    pub(super) src: Socket,
    pub(super) dst: Socket,
    /// The number of its connection in its capture.
    pub(super) flow: u32,
    /// Who sends it, as its capture knows.
    pub(super) from: Direction,
    pub(super) client_known: bool,
    /// What the capture calls this sequence number.
    pub(super) relative: i64,
    pub(super) header: Header,
}

/// What is compared.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub frame: u64,
    /// By its capture's clock until it is compared, and by A's from then on.
    pub ts: Timestamp,
    pub seq: SeqNumber,
    pub ack: Option<SeqNumber>,
    pub flags: TcpFlags,
    pub window: u16,
    pub payload: u32,
    pub timestamps: Option<(u32, u32)>,
    /// A digest of the SACK blocks; 0 without any.
    pub sack: u32,
    pub digest: Option<NonZeroU32>,
    pub ip_id: Option<u16>,
    pub ttl: u8,
    pub tos: u8,
    pub dont_fragment: bool,
    /// What a SYN offers.
    pub offer: Option<Offer>,
    /// The capture ends inside the options: those that are missing may be there.
    pub cut: bool,
}

/// The options of a SYN.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Offer {
    /// Maximum segment size.
    pub mss: Option<u16>,
    /// Window scale.
    pub wscale: Option<u8>,
    /// SACK permitted.
    pub sack: bool,
    /// Timestamps.
    pub timestamps: bool,
    /// Fast Open.
    pub fast_open: bool,
    /// Multipath TCP.
    pub mptcp: bool,
}

impl Sighting {
    /// When it was seen, by its capture's clock.
    pub fn ts(&self) -> Timestamp {
        self.header.ts
    }

    /// As if it had none of the options that tell packets apart: where captures end inside of them, not both show them.
    pub(super) fn without_options(&self) -> Self {
        Self { header: Header { timestamps: None, sack: 0, ..self.header }, ..*self }
    }

    /// Of a segment and what it did; none where it belongs to no connection.
    pub fn new(segment: &Segment, seen: &Observation) -> Option<Self> {
        let from = seen.direction.filter(|_| seen.flow > 0)?;
        let options = &segment.options;
        let sack = options.sack.as_slice();
        let offer = segment.flags.contains(TcpFlags::SYN).then(|| Offer {
            mss: options.mss,
            wscale: options.wscale,
            sack: options.sack_permitted,
            timestamps: options.timestamps.is_some(),
            fast_open: options.fast_open.is_some(),
            mptcp: options.mptcp,
        });
        let header = Header {
            frame: segment.frame,
            ts: segment.ts,
            seq: segment.seq,
            ack: segment.ack,
            flags: segment.flags,
            window: segment.window,
            payload: segment.payload_len,
            timestamps: options.timestamps,
            sack: if sack.is_empty() {
                0
            } else {
                hash(sack.iter().map(|(a, b)| (a.0, b.0)).collect::<Blocks>()) as u32 | 1
            },
            digest: segment.payload_digest,
            ip_id: segment.ip_id,
            ttl: segment.ttl,
            tos: segment.tos,
            dont_fragment: segment.dont_fragment,
            offer,
            cut: options.cut,
        };
        Some(Self {
            src: segment.src,
            dst: segment.dst,
            flow: seen.flow,
            from,
            client_known: seen.client_known,
            relative: seen.seq,
            header,
        })
    }
}

type Blocks = arrayvec::ArrayVec<(u32, u32), 4>;

impl Header {
    /// With numbers that are so far ahead of A's, of either half, it has A's numbers then.
    pub(super) fn moved_back(self, side: Side, half: usize, ahead: [u32; 2]) -> Self {
        let back = |number: SeqNumber, half: usize| match side {
            Side::A => number,
            Side::B => SeqNumber(number.0.wrapping_sub(ahead[half])),
        };
        // SACK blocks are not moved by everything that moves the numbers.
        Self { seq: back(self.seq, half), ack: self.ack.map(|ack| back(ack, 1 - half)), sack: 0, ..self }
    }

    /// The controls that make two packets different ones; the others may be changed on the way or by offload.
    pub(super) fn controls(&self) -> u16 {
        self.flags.0 & TcpFlags::SYN.with(TcpFlags::FIN).with(TcpFlags::RST).0
    }

    pub(super) fn is(&self, flag: TcpFlags) -> bool {
        self.flags.contains(flag)
    }

    /// The sequence number behind its payload.
    pub(super) fn end(&self) -> SeqNumber {
        self.seq.plus(self.payload)
    }

    /// The controls, the payload's place and what it acknowledges: the same at either end, unless something between changes it.
    /// Timestamps count where both ends have them.
    pub(super) fn mark(&self, connection: u64, with_timestamps: bool) -> u64 {
        let times = self.timestamps.filter(|_| with_timestamps);
        let ack = self.ack.map(|ack| ack.0);
        let window = if self.is(TcpFlags::RST) { 0 } else { self.window };
        hash((connection, self.seq.0, self.payload, self.controls(), ack, window, times, self.sack))
    }

    /// Whether a part of a segment that offload cut or joined may be this one's: it keeps what does not depend on the part.
    pub(super) fn is_of_one_write(&self, other: &Self, with_timestamps: bool) -> bool {
        let times = !with_timestamps || self.timestamps == other.timestamps;
        times && self.ack == other.ack && self.window == other.window && !self.is(TcpFlags::SYN)
    }
}

/// The same in every run.
pub(super) fn hash(facts: impl Hash) -> u64 {
    FixedState::with_seed(0).hash_one(facts)
}
