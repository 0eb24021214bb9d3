//! What is wrong with a policy, shown where it stands.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::PathBuf;

/// Why a policy cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// It cannot be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
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
    /// That line.
    pub text: String,
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

impl Problem {
    /// At those bytes of a file's text.
    pub(super) fn new(file: &str, text: &str, span: Range<usize>, words: impl Into<String>) -> Self {
        let at = Position::of(text, span.start);
        let line = text.lines().nth(at.line as usize - 1).unwrap_or_default().to_owned();
        let wrong = text.get(span).unwrap_or_default();
        let width = wrong.lines().next().unwrap_or_default().chars().count().max(1);
        Self { file: file.to_owned(), at, text: line, width, words: words.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position { line, column } = self.at;
        let number = line.to_string();
        let margin = " ".repeat(number.len());
        // A tab keeps its width above the caret.
        let indent: String =
            self.text.chars().take(column as usize - 1).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        writeln!(f, "{}:{line}:{column}: {}", self.file, self.words)?;
        writeln!(f, "{margin} |")?;
        writeln!(f, "{number} | {}", self.text)?;
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
