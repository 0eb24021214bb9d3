//! A ladder's rows in bounded room: its beginning, its end, and between them what matters.

use crate::track::{Amend, Finding};

use super::hop::amend_findings;
use super::rung::Rung;

/// Keeps rows.
#[derive(Debug)]
pub struct Scroll {
    rows: Vec<Rung>,
    most: usize,
}

impl Scroll {
    /// No more rows than `most` in the end.
    pub fn new(most: usize) -> Self {
        Self { rows: Vec::new(), most: most.max(6) }
    }

    /// The room for a row, where rows are appended.
    pub fn rows(&mut self) -> &mut Vec<Rung> {
        if self.rows.len() >= 2 * self.most {
            self.cut();
        }
        &mut self.rows
    }

    /// Adds a finding to the row of its frame, or as words of its own.
    pub fn add(&mut self, finding: &Finding) {
        match self.row(finding.frame) {
            Some(row) => {
                row.findings.push(finding.clone());
                row.regard();
            }
            None => self.rows.push(Rung::later(finding)),
        }
    }

    /// Changes what was found on a frame, where its row is not left out.
    pub fn amend(&mut self, amend: &Amend) {
        if let Some(row) = self.row(amend.frame) {
            amend_findings(&mut row.findings, amend);
            row.regard();
        }
    }

    fn row(&mut self, frame: u64) -> Option<&mut Rung> {
        self.rows.iter_mut().rev().find(|row| row.frame == frame && frame > 0)
    }

    /// The rows, cut to the bound.
    pub fn finish(&mut self) -> &[Rung] {
        if self.rows.len() > self.most {
            self.cut();
        }
        &self.rows
    }

    /// Leaves rows of the middle out: those on which nothing was found first, then the later ones.
    fn cut(&mut self) {
        let third = self.most / 3;
        let tail = self.rows.split_off(self.rows.len() - third);
        let middle = self.rows.split_off(third);
        let (mut room, mut omitted): (usize, Option<(crate::capture::Timestamp, u64, u64)>) = (third / 2, None);
        for row in middle {
            if row.hidden == 0 && row.matters() && room > 0 {
                room -= 1;
                self.rows.extend(omitted.take().map(|(ts, rows, matter)| Rung::omitted(ts, rows, matter)));
                self.rows.push(row);
                continue;
            }
            let (_, rows, matter) = omitted.get_or_insert((row.ts, 0, 0));
            *rows += row.hidden.max(1);
            if row.hidden == 0 && row.matters() {
                *matter += 1;
            }
        }
        self.rows.extend(omitted.map(|(ts, rows, matter)| Rung::omitted(ts, rows, matter)));
        self.rows.extend(tail);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::Timestamp;
    use crate::report::ladder::rung::Tone;
    use crate::rules::Severity;

    #[test]
    fn a_long_ladder_keeps_its_ends_and_what_matters() {
        let mut scroll = Scroll::new(30);
        for at in 0..10_000 {
            let tone = if at == 5000 { Tone::Found(Severity::Warning) } else { Tone::Plain };
            let row = Rung::across(Timestamp(at), at.to_string(), String::new(), tone);
            scroll.rows().push(row);
        }
        let rows = scroll.finish();
        assert!(rows.len() <= 30, "{}", rows.len());
        assert_eq!((rows[0].label.as_str(), rows[rows.len() - 1].label.as_str()), ("0", "9999"));
        assert!(rows.iter().any(|row| row.label == "5000"));
        let hidden: u64 = rows.iter().map(|row| row.hidden).sum();
        let shown = rows.iter().filter(|row| row.hidden == 0).count() as u64;
        assert_eq!(hidden + shown, 10_000);
    }
}
