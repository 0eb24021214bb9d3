//! A ladder's rows in bounded room: its beginning, its end, and between them what matters.

use super::row::{LadderRow, LeftOut};

/// Keeps rows.
#[derive(Debug)]
pub(crate) struct Scroll {
    rows: Vec<LadderRow>,
    most: usize,
}

impl Scroll {
    /// No more rows than `most` in the end.
    pub(crate) fn new(most: usize) -> Self {
        Self { rows: Vec::new(), most: most.max(6) }
    }

    /// The room for a row, where rows are appended.
    pub(crate) fn rows(&mut self) -> &mut Vec<LadderRow> {
        if self.rows.len() >= 2 * self.most {
            self.cut();
        }
        &mut self.rows
    }

    /// The rows, cut to the bound.
    pub(crate) fn finish(&mut self) -> &[LadderRow] {
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
        let (mut room, mut left_out): (usize, Option<(crate::capture::Timestamp, LeftOut)>) = (third / 2, None);
        for row in middle {
            if row.left_out.is_none() && row.matters() && room > 0 {
                room -= 1;
                self.rows.extend(left_out.take().map(|(ts, left_out)| LadderRow::omitted(ts, left_out)));
                self.rows.push(row);
            } else {
                left_out.get_or_insert((row.ts, LeftOut::default())).1.add(&row);
            }
        }
        self.rows.extend(left_out.map(|(ts, left_out)| LadderRow::omitted(ts, left_out)));
        self.rows.extend(tail);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::Timestamp;
    use crate::report::ladder::row::Tone;
    use crate::rules::Severity;

    #[test]
    fn a_long_ladder_keeps_its_ends_and_what_matters() {
        let mut scroll = Scroll::new(30);
        for at in 0..10_000 {
            let tone = if at == 5000 { Tone::Found(Severity::Warning) } else { Tone::Plain };
            let row = LadderRow::across(Timestamp(at), at.to_string(), String::new(), tone);
            scroll.rows().push(LadderRow { packets: 1, ..row });
        }
        let rows = scroll.finish();
        assert!(rows.len() <= 30, "{}", rows.len());
        assert_eq!((rows[0].label.as_str(), rows[rows.len() - 1].label.as_str()), ("0", "9999"));
        assert!(rows.iter().any(|row| row.label == "5000"));
        let left_out: u64 = rows.iter().filter_map(|row| row.left_out).map(|left_out| left_out.packets).sum();
        let shown: u64 = rows.iter().map(|row| row.packets).sum();
        assert_eq!(left_out + shown, 10_000);
    }
}
