//! What a capture may ask for. Whoever reads packets may have been taken over by one of them: so each file is looked at as one of
//! those that were decided on before the first packet came.

use std::collections::HashSet;

use super::{Part, Purpose, SaveNames, SavedFile};
use crate::capture::{Timestamp, Turns};

/// What has been asked for so far, and made.
#[derive(Debug, Default)]
pub(super) struct PlannedFiles {
    /// The last file of `-w`: when its interval began, and its number.
    last: Option<(Option<Timestamp>, u32)>,
    /// Intervals after the first.
    intervals: u32,
    findings: u32,
    /// Parts that were begun: these alone can go on.
    parts: HashSet<(Part, bool)>,
}

impl PlannedFiles {
    /// Whether this file is the next one, or again the last one.
    pub(super) fn allows(&self, names: &SaveNames, file: &SavedFile) -> bool {
        match (names.purpose(), *file) {
            (Purpose::Turns, SavedFile::Turn { began, count }) => self.allows_turn(names.turns(), began, count),
            (Purpose::Findings(most), SavedFile::Finding { code, .. }) => {
                code < 1000 && most.is_none_or(|most| self.findings < most)
            }
            (Purpose::Shown, SavedFile::Turn { began: None, count: 0 }) => self.last.is_none(),
            (Purpose::Parts, SavedFile::Part { part, pcapng, goes_on }) => {
                !goes_on || self.parts.contains(&(part, pcapng))
            }
            _ => false,
        }
    }

    fn allows_turn(&self, turns: &Turns, began: Option<Timestamp>, count: u32) -> bool {
        let Turns { bytes, every, files, .. } = turns;
        let follows = self.last.map_or(0, |(_, last)| last.saturating_add(1));
        let in_turn = count == 0 || bytes.is_some() && count <= follows && count.saturating_add(1) >= follows;
        match (files, every) {
            (Some(files), None) => in_turn && count < (*files).max(1),
            // With -G alone the capture ends after so many files.
            (Some(files), Some(_)) if bytes.is_none() => in_turn && self.intervals_with(began) < (*files).max(1),
            _ => in_turn,
        }
    }

    fn intervals_with(&self, began: Option<Timestamp>) -> u32 {
        let anew = self.last.is_some_and(|(last, _)| last != began);
        self.intervals.saturating_add(u32::from(anew))
    }

    /// It was made.
    pub(super) fn note(&mut self, file: &SavedFile) {
        match *file {
            SavedFile::Turn { began, count } => {
                self.intervals = self.intervals_with(began);
                self.last = Some((began, count));
            }
            SavedFile::Finding { .. } => self.findings = self.findings.saturating_add(1),
            SavedFile::Part { part, pcapng, .. } => _ = self.parts.insert((part, pcapng)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::Span;

    /// Which of these files are made, with their numbers and the seconds in which their intervals began.
    fn made(turns: Turns, files: &[(i64, u32)]) -> Vec<(i64, u32)> {
        let names = SaveNames::new("x.pcap".as_ref(), turns);
        let mut planned = PlannedFiles::default();
        let make = |(second, count): &&(i64, u32)| {
            let file = SavedFile::Turn { began: Some(Timestamp(*second)), count: *count };
            let allowed = planned.allows(&names, &file);
            if allowed {
                planned.note(&file);
            }
            allowed
        };
        files.iter().filter(make).copied().collect()
    }

    #[test]
    fn files_are_made_one_after_the_other_and_no_more_than_were_asked_for() {
        let ring = Turns { bytes: Some(1), files: Some(2), ..Turns::default() };
        assert_eq!(made(ring, &[(0, 7), (0, 0), (0, 1), (0, 2), (0, 0), (0, 9)]), [(0, 0), (0, 1), (0, 0)]);
        let endless = Turns { bytes: Some(1), ..Turns::default() };
        assert_eq!(made(endless, &[(0, 0), (0, 1), (0, 3), (0, 2), (0, 2), (0, 1)]), [(0, 0), (0, 1), (0, 2), (0, 2)]);
        assert_eq!(made(Turns::default(), &[(0, 1), (0, 0), (0, 1), (0, 0)]), [(0, 0), (0, 0)]);
        let daily = Turns { every: Some(Span::from_secs(1)), files: Some(2), ..Turns::default() };
        assert_eq!(made(daily, &[(0, 0), (1, 0), (1, 1), (2, 0), (3, 0)]), [(0, 0), (1, 0)]);
        let both = Turns { every: Some(Span::from_secs(1)), bytes: Some(1), files: Some(2), ..Turns::default() };
        assert_eq!(made(both, &[(0, 0), (0, 1), (1, 0), (1, 5), (2, 0)]), [(0, 0), (0, 1), (1, 0), (2, 0)]);
    }

    #[test]
    fn nothing_is_made_for_another_purpose() {
        let planned = PlannedFiles::default();
        let turn = SavedFile::Turn { began: None, count: 0 };
        let finding = SavedFile::Finding { code: 203, flow: 1, frame: 1, at: Timestamp(0) };
        for (purpose, turns, findings) in [
            (Purpose::Turns, true, false),
            (Purpose::Findings(Some(1)), false, true),
            (Purpose::Findings(Some(0)), false, false),
            (Purpose::Temporary, false, false),
            (Purpose::Shown, true, false),
        ] {
            let names = SaveNames::new("x".as_ref(), Turns::default()).with_purpose(purpose);
            assert_eq!(
                (planned.allows(&names, &turn), planned.allows(&names, &finding)),
                (turns, findings),
                "{purpose:?}"
            );
        }
    }
}
