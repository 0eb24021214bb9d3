//! What is wrong with a policy, shown where it stands.

use crate::display;
use std::fmt;
use std::io;
use std::ops::Range;
use std::path::PathBuf;

/// Why a policy cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// It cannot be read.
    #[error("{}: {source}", display::path(&path))]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// It is not read.
    #[error("{}: {words}", display::path(&path))]
    Refused {
        /// The file.
        path: PathBuf,
        /// Why.
        words: String,
    },
    /// It says what no policy says.
    #[error("{}", Listed(.0))]
    Invalid(Vec<Problem>),
}

/// One thing that is wrong, with the line it stands in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    /// The file as it was named.
    pub file: String,
    /// Where it begins.
    pub at: Position,
    /// That line, or what is around the place in a long one.
    pub text: String,
    /// How many characters of the line stand before that.
    pub skipped: usize,
    /// How many characters of it are wrong.
    pub width: usize,
    /// What is wrong, and what would be right.
    pub words: String,
}

/// A place in a text, both counted from 1; the column in characters.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

impl Position {
    /// Of a byte of a text.
    pub fn of(text: &str, byte: usize) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self { line: count(before.matches('\n').count() + 1), column: count(before[line_start..].chars().count() + 1) }
    }
}

/// Positions in a text without reading it from its beginning each time.
pub(super) struct Positions<'t> {
    text: &'t str,
    /// The position of every so many bytes, or of the character's beginning that is nearest before it.
    marks: Vec<(usize, Position)>,
}

/// Bytes between two positions that are kept.
const MARK_DISTANCE: usize = 256;

impl<'t> Positions<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let mut marks = Vec::with_capacity(text.len() / MARK_DISTANCE + 1);
        let mut at = Position { line: 1, column: 1 };
        for (byte, sign) in text.char_indices() {
            if byte >= marks.len() * MARK_DISTANCE {
                marks.push((byte, at));
            }
            at = at.behind(sign);
        }
        Self { text, marks }
    }

    /// Of a byte of the text.
    pub(super) fn of(&self, byte: usize) -> Position {
        let next = self.marks.partition_point(|(mark, _)| *mark <= byte);
        let known = next.checked_sub(1).and_then(|at| self.marks.get(at)).copied();
        let (mark, at) = known.unwrap_or((0, Position { line: 1, column: 1 }));
        let between = self.text.get(mark..byte.min(self.text.len())).unwrap_or_default();
        between.chars().fold(at, Position::behind)
    }
}

impl Position {
    fn behind(self, sign: char) -> Self {
        match sign {
            '\n' => Self { line: self.line.saturating_add(1), column: 1 },
            _ => Self { column: self.column.saturating_add(1), ..self },
        }
    }
}

/// Maximum number of characters of a line that are shown, and how many of them stand before the place.
const MAX_SHOWN: usize = 160;
const MAX_SHOWN_BEFORE: usize = 60;

impl Problem {
    /// At those bytes of a file's text.
    pub(super) fn new(file: &str, text: &str, span: Range<usize>, words: impl Into<String>) -> Self {
        Self::at(file, text, Position::of(text, span.start), span, words)
    }

    /// The same, where it is known which position that is.
    pub(super) fn at(file: &str, text: &str, at: Position, span: Range<usize>, words: impl Into<String>) -> Self {
        let (before, behind) = text.split_at_checked(span.start).unwrap_or((text, ""));
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let skipped = (at.column as usize).saturating_sub(1 + MAX_SHOWN_BEFORE);
        // Backwards, because there is no bound to the line's beginning.
        let shown_before = before.get(line_start..).unwrap_or_default();
        let from = shown_before
            .char_indices()
            .rev()
            .take(MAX_SHOWN_BEFORE)
            .last()
            .map_or(span.start, |(at, _)| line_start + at);
        let line = text.get(from..).unwrap_or_default().lines().next().unwrap_or_default();
        let shown: String = line.chars().take(MAX_SHOWN).collect();
        let wrong = behind.get(..span.len().min(behind.len())).unwrap_or(behind).lines().next().unwrap_or_default();
        let room = MAX_SHOWN - shown_before.chars().rev().take(MAX_SHOWN_BEFORE).count();
        let width = wrong.chars().take(room).count().max(1);
        Self { file: file.to_owned(), at, text: shown, skipped, width, words: words.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position { line, column } = self.at;
        let number = line.to_string();
        let margin = " ".repeat(number.len());
        // A tab keeps its width above the caret.
        let indent: String = self
            .text
            .chars()
            .take((column as usize).saturating_sub(1 + self.skipped))
            .map(|c| if c == '\t' { '\t' } else { ' ' })
            .collect();
        writeln!(f, "{}:{line}:{column}: {}", display::line(&self.file), display::lines(&self.words))?;
        writeln!(f, "{margin} |")?;
        writeln!(f, "{number} | {}", display::line_with_tabs(&self.text))?;
        write!(f, "{margin} | {indent}{}", "^".repeat(self.width))
    }
}

struct Listed<'p>(&'p [Problem]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str("\n\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_underlined_where_it_stands() {
        let text = "version = 1\n[policy]\nselct = []\n";
        let problem = Problem::new("p.toml", text, 21..26, "unknown key `selct`");
        assert_eq!(problem.to_string(), "p.toml:3:1: unknown key `selct`\n  |\n3 | selct = []\n  | ^^^^^");
        let end = Problem::new("p.toml", text, text.len()..text.len(), "more was expected");
        assert!(end.to_string().starts_with("p.toml:4:1: more"), "{end}");
        let wide = Problem::new("p.toml", "\té = oops", 6..10, "what");
        assert!(wide.to_string().ends_with("1 | \té = oops\n  | \t    ^^^^"), "{wide}");
    }
}
