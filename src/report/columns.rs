//! Rows of cells in columns. Where a terminal has no room for a row it goes on in the next line, the same for all: no cell is cut.

use super::layout;
use super::style::Style;

/// Where the lines begin in which a row goes on.
const INDENT: usize = 5;

/// How cells stand in a column.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    /// Which of a row's cells stand in it.
    pub at: usize,
    /// Its width; longer cells push those behind them.
    pub width: usize,
    /// How they stand.
    pub align: Align,
}

/// The columns of a table.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    /// A row's lines.
    lines: Vec<Vec<Column>>,
    room: Option<usize>,
}

impl Columns {
    /// Those, in as many lines as a terminal's width needs.
    pub(super) fn new(columns: Vec<Column>, style: Style) -> Self {
        let room = style.columns();
        let mut lines: Vec<Vec<Column>> = vec![Vec::new()];
        let mut used = 0;
        for column in columns {
            let begun = lines.last().is_some_and(|line| !line.is_empty());
            if begun && room.is_some_and(|room| used + 1 + column.width > room) {
                lines.push(Vec::new());
                used = INDENT - 1;
            }
            used += usize::from(used > 0) + column.width;
            if let Some(line) = lines.last_mut() {
                line.push(column);
            }
        }
        Self { lines, room }
    }

    /// Appends a row of these cells.
    pub(super) fn row(&self, out: &mut Vec<u8>, cells: &[String]) {
        let start = out.len();
        for (line, columns) in self.lines.iter().enumerate() {
            if line > 0 {
                out.extend([b' '; INDENT]);
            }
            for (at, column) in columns.iter().enumerate() {
                let cell = cells.get(column.at).map_or("", String::as_str);
                let missing = std::iter::repeat_n(b' ', column.width.saturating_sub(cell.len()));
                if at > 0 {
                    out.push(b' ');
                }
                if column.align == Align::Right {
                    out.extend(missing.clone());
                }
                out.extend_from_slice(cell.as_bytes());
                if column.align == Align::Left && at + 1 < columns.len() {
                    out.extend(missing);
                }
            }
            while out.last() == Some(&b' ') {
                out.pop();
            }
            out.push(b'\n');
        }
        if let Some(room) = self.room {
            layout::fold(out, start, room, &" ".repeat(INDENT));
        }
    }
}
