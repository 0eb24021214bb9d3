//! The numbers that a page shows first.

use crate::capture::Span;
use crate::report::units;

use super::causes::Causes;
use super::sample::Sample;
use super::text::outcome_words;
use super::{Data, Summary};

/// Where most of many values lie.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::report) struct Quantiles {
    /// Half are no longer.
    pub p50: Span,
    /// 95 of 100 are no longer.
    pub p95: Span,
    /// How many were measured.
    pub count: u64,
}

impl Quantiles {
    fn of(sample: &Sample) -> Option<Self> {
        Some(Self { p50: sample.quantile(50)?, p95: sample.quantile(95)?, count: sample.count() })
    }
}

impl Summary {
    /// Whose doing it was that connections failed or were slow.
    pub(in crate::report) fn causes(&self) -> &Causes {
        &self.causes
    }

    /// How long it took to open connections.
    pub(in crate::report) fn handshake_times(&self) -> Option<Quantiles> {
        Quantiles::of(&self.handshakes.times)
    }

    /// How long servers took to answer.
    pub(in crate::report) fn server_times(&self) -> Option<Quantiles> {
        Quantiles::of(&self.responses.times)
    }

    /// Round trips from the capture point to the servers and back, and to the clients and back.
    pub(in crate::report) fn round_trip_times(&self) -> [Option<Quantiles>; 2] {
        self.rtt.each_ref().map(Quantiles::of)
    }

    /// How connections ended: `58 closed, 2 half closed`.
    pub(in crate::report) fn outcomes_text(&self) -> String {
        let told = self.outcomes().map(|(outcome, count)| {
            format!("{} {}", units::written(|out| units::grouped(out, count)), outcome_words(outcome))
        });
        told.collect::<Vec<_>>().join(", ")
    }

    /// Data segments, and how many of them were retransmissions.
    pub(in crate::report) fn retransmitted(&self) -> (u64, u64) {
        let Data { segments, resent_segments, .. } = self.c2s.and(self.s2c);
        (segments, resent_segments)
    }

    /// How long windows were closed, of all connections together.
    pub(in crate::report) fn zero_window(&self) -> Span {
        self.zero_window
    }
}
