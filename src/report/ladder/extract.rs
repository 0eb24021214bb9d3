//! The rows of a connection that may be very long: those of the middle that nobody would look at are never made.

use crate::capture::Timestamp;
use crate::track::{Amend, Finding};

use super::fold::Fold;
use super::record::PacketRecord;
use super::row::{LadderRow, LeftOut, matters};

/// Rows of the beginning.
const HEAD: usize = 160;

/// Rows of the middle: packets on which something was found.
const MIDDLE: usize = 60;

/// The rows so far.
#[derive(Debug, Default)]
pub(crate) struct Extract {
    fold: Fold,
    rows: Vec<LadderRow>,
    /// Rows of the beginning, once it is full.
    head: Option<usize>,
    /// What has been left out since the last row, and since when.
    left_out: Option<(Timestamp, LeftOut)>,
}

impl Extract {
    /// Takes the next packet, of which the last word is said.
    pub(crate) fn push(&mut self, record: &PacketRecord) {
        let Some(head) = self.head else {
            self.fold.push(record, &mut self.rows);
            if self.rows.len() >= HEAD {
                self.fold.flush(&mut self.rows);
                self.head = Some(self.rows.len());
            }
            return;
        };
        let repeats = self.fold.pass(record);
        let matters = matters(record);
        if matters && self.rows.len() < head + MIDDLE {
            self.tell_left_out();
            self.rows.extend(record.extra().gap.map(|gap| LadderRow::missing(record, gap)));
            self.rows.push(LadderRow::of(record, repeats));
            return;
        }
        let (_, left_out) = self.left_out.get_or_insert((record.ts, LeftOut::default()));
        left_out.packets += 1;
        left_out.found += u64::from(matters);
    }

    /// Changes what was found on a frame, where its row is not left out.
    pub(crate) fn amend(&mut self, amend: &Amend) {
        if let Some(row) = self.row(amend.frame) {
            amend.apply(&mut row.findings);
            row.regard();
        }
    }

    /// The connection is over: the packets that were still waiting are its end, and have all their rows, as have the
    /// findings that are about no packet.
    pub(crate) fn finish<'h>(
        mut self,
        rest: impl IntoIterator<Item = &'h PacketRecord>,
        said: &[Finding],
    ) -> Vec<LadderRow> {
        self.tell_left_out();
        for record in rest {
            self.fold.push(record, &mut self.rows);
        }
        self.fold.flush(&mut self.rows);
        for finding in said {
            match self.row(finding.frame) {
                Some(row) => {
                    row.findings.push(finding.clone());
                    row.regard();
                }
                None => self.rows.push(LadderRow::later(finding)),
            }
        }
        self.rows
    }

    /// Rows kept.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    fn tell_left_out(&mut self) {
        self.rows.extend(self.left_out.take().map(|(ts, left_out)| LadderRow::omitted(ts, left_out)));
    }

    fn row(&mut self, frame: u64) -> Option<&mut LadderRow> {
        // Words that belong to no packet have no frame; the others are in order.
        let behind = self.rows.iter_mut().rev().take_while(|row| row.frame == 0 || row.frame >= frame);
        behind.into_iter().find(|row| row.frame == frame && frame > 0)
    }
}
