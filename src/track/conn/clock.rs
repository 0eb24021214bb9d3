//! The clock of an end, as its segments and what answers them show it.

use crate::capture::Span;
use crate::track::conn::connection::Connection;
use crate::track::conn::step::Step;
use crate::track::timing::{SenderClock, plus};

impl Connection {
    /// The clock of the sender of this segment.
    pub(in crate::track) fn clock(&self, step: &Step<'_>) -> SenderClock {
        let (me, peer) = (&self.ends[step.me()], &self.ends[step.peer()]);
        let to_sender = peer.leg().unwrap_or_default();
        let shortest = self.round_trip();
        // RFC 6298 §2.2: before any data, the handshake's is the first measurement.
        let smoothed = me.smoothed.srtt().map(|srtt| (srtt, me.smoothed.rttvar()));
        let smoothed = smoothed.or(me.leg().map(|leg| (leg, Span(leg.0 / 2))));
        SenderClock {
            shortest,
            srtt: smoothed.map(|(leg, _)| plus(leg, to_sender)),
            rttvar: smoothed.unwrap_or_default().1,
            to_sender,
        }
    }
}
