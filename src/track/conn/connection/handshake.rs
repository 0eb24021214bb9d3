//! The frames of the handshake. Mostly the SYN is the connection's first frame, and neither it nor the SYN+ACK comes again: what is
//! otherwise stands with what is rare.

use crate::capture::{Span, Timestamp};
use crate::dissect::Segment;

use crate::track::conn::connection::Connection;
use crate::track::conn::maybe::Maybe;
use crate::track::packed::packed;

/// What is known of the handshake of every connection.
#[derive(Debug, Default)]
pub(in crate::track) struct Handshake {
    /// A SYN was seen.
    begun: bool,
    syn_ack_frame: u64,
    syn_ack_ts: Maybe<Timestamp>,
    done: Maybe<Span>,
}

packed!(Handshake { begun, syn_ack_ts, done } delta Frame { syn_ack_frame });

/// What most handshakes need not know.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::track) struct Repeated {
    /// The frame and time of the SYN, and when it came last.
    syn: (u64, Timestamp),
    last_syn: Timestamp,
    last_syn_ack: Timestamp,
    /// What the SYN+ACK acknowledges.
    syn_ack_ack: i64,
}

packed!(Repeated { syn, last_syn, last_syn_ack, syn_ack_ack });

impl Connection {
    /// What is known of the handshake in full.
    fn repeated(&self) -> Repeated {
        self.rare.repeated.as_deref().copied().unwrap_or_else(|| {
            let syn = if self.handshake.begun { self.first } else { Default::default() };
            let last_syn_ack = self.handshake.syn_ack_ts.get().unwrap_or_default();
            Repeated { syn, last_syn: syn.1, last_syn_ack, syn_ack_ack: 1 }
        })
    }

    /// Changes it; what is as with most connections takes no memory.
    fn repeat(&mut self, change: impl FnOnce(&mut Repeated)) {
        let before = self.repeated();
        let mut repeated = before;
        change(&mut repeated);
        if self.rare.repeated.is_some() || repeated != before {
            self.rare.repeated = Some(Box::new(repeated));
        }
    }

    /// The frame and time of the SYN.
    pub(crate) fn syn(&self) -> (u64, Timestamp) {
        self.repeated().syn
    }

    /// When it came last.
    pub(crate) fn last_syn(&self) -> Timestamp {
        self.repeated().last_syn
    }

    /// Takes a segment for the SYN.
    pub(crate) fn set_syn(&mut self, segment: &Segment) {
        self.handshake.begun = true;
        let (syn, last_syn) = ((segment.frame, segment.ts), segment.ts);
        self.repeat(|repeated| (repeated.syn, repeated.last_syn) = (syn, last_syn));
    }

    /// A SYN came again.
    pub(crate) fn note_syn_again(&mut self, now: Timestamp) {
        self.repeat(|repeated| repeated.last_syn = now);
    }

    /// The frame and time of the SYN+ACK.
    pub(crate) fn syn_ack(&self) -> Option<(u64, Timestamp)> {
        self.handshake.syn_ack_ts.get().map(|ts| (self.handshake.syn_ack_frame, ts))
    }

    /// When it came last.
    pub(crate) fn last_syn_ack(&self) -> Timestamp {
        self.repeated().last_syn_ack
    }

    /// What it acknowledges.
    pub(crate) fn syn_ack_ack(&self) -> i64 {
        self.repeated().syn_ack_ack
    }

    /// Takes a segment for the SYN+ACK.
    pub(crate) fn set_syn_ack(&mut self, segment: &Segment) {
        (self.handshake.syn_ack_frame, self.handshake.syn_ack_ts) = (segment.frame, Maybe::some(segment.ts));
        self.repeat(|repeated| repeated.last_syn_ack = segment.ts);
    }

    /// Notes what it acknowledges.
    pub(crate) fn note_syn_ack_ack(&mut self, ack: i64) {
        self.repeat(|repeated| repeated.syn_ack_ack = ack);
    }

    /// A SYN+ACK came again.
    pub(crate) fn note_syn_ack_again(&mut self, now: Timestamp) {
        self.repeat(|repeated| repeated.last_syn_ack = now);
    }

    /// How long the handshake took.
    pub(crate) fn handshake_time(&self) -> Option<Span> {
        self.handshake.done.get()
    }

    /// The handshake is complete.
    pub(crate) fn note_handshake(&mut self, took: Span) {
        self.handshake.done = Maybe::some(took);
    }
}
