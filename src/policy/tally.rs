//! Counts for a check, and keeps the places worth showing.

use crate::capture::Span;
use crate::rules::{Rule, Severity};
use crate::track::Finding;

use super::verdict::{Ends, Fingerprint, Judgement, PLACES, Place, What};

/// Adds to a result.
pub(super) struct Tally<'r>(&'r mut Judgement);

pub(super) fn tally(result: &mut Judgement) -> Tally<'_> {
    Tally(result)
}

impl Tally<'_> {
    /// So many more were looked at.
    pub(super) fn of(&mut self, count: u64) -> &mut Self {
        self.0.of += count;
        self
    }

    /// So many more are not as they should be.
    pub(super) fn bad(&mut self, count: u64) -> &mut Self {
        self.0.bad += count;
        self
    }

    /// That, and a baseline may know them.
    pub(super) fn count(&mut self, subject: &str, ends: Option<Ends>, count: u64) -> &mut Self {
        let fingerprint = Fingerprint { subject: subject.to_owned(), port: ends.map(|ends| ends.server.port) };
        *self.0.counts.entry(fingerprint).or_default() += count;
        self.bad(count)
    }

    pub(super) fn exempt(&mut self) {
        self.0.exempt += 1;
    }

    /// The longest of so many samples.
    pub(super) fn worst(&mut self, span: Span, samples: u64) -> &mut Self {
        if samples > 0 {
            self.0.worst = Some(self.0.worst.map_or(span, |worst| worst.max(span)));
        }
        self
    }

    /// Keeps a place; the first ones stay.
    pub(super) fn place(&mut self, place: Place) {
        if self.0.places.len() < PLACES { self.0.places.push(place) } else { self.0.more += 1 }
    }

    /// Keeps a place; those of the most weight stay.
    pub(super) fn worst_first(&mut self, weight: i64, place: impl FnOnce() -> Place) {
        let places = &mut self.0.places;
        let at = places.partition_point(|kept| weight_of(kept) >= weight);
        if at < PLACES {
            places.insert(at, place());
        }
        if at >= PLACES || places.len() > PLACES {
            places.truncate(PLACES);
            self.0.more += 1;
        }
    }

    /// Keeps places for `count` findings of a rule, of which some are known in detail.
    pub(super) fn findings(&mut self, rule: Rule, graded: Severity, flow: Option<Ends>, kept: &[Finding], count: u64) {
        let mut shown = 0;
        let known = kept.iter().filter(|finding| finding.rule == rule);
        for finding in known.take(count.try_into().unwrap_or(usize::MAX)) {
            shown += 1;
            let what = What::Finding(Box::new(finding.clone()), graded);
            let frames = if finding.frame > 0 { vec![finding.frame] } else { Vec::new() };
            self.place(Place { flow, frames, what });
        }
        self.0.more += count.saturating_sub(shown);
    }
}

fn weight_of(place: &Place) -> i64 {
    match &place.what {
        What::Took(span, _) => span.0,
        What::Repeated { resent, .. } => i64::try_from(*resent).unwrap_or(i64::MAX),
        _ => 0,
    }
}
