//! Standard output, written in lines or in blocks.

use std::fs::File;
use std::io::{self, ErrorKind, Write};

use anyhow::{Result, anyhow};

use crate::capture::{Spool, standard_output};
use crate::display;

/// As much as is gathered before a block is written.
const BLOCK: usize = 64 * 1024;

/// As much is held while it cannot be written; what comes beyond it is counted and left out.
const MAX_HELD_BYTES: usize = 4 << 20;

/// Gathers what is reported and writes it when it is time. While it cannot be written, a full disk does not end the
/// analysis: the text is held, and tried again.
#[derive(Debug)]
pub(super) struct Output {
    stdout: File,
    spool: Spool,
    by_line: bool,
    /// Length of the text from which on it is written.
    due: usize,
    /// Length of the text before what is at hand.
    before: usize,
    /// Why the last attempt failed.
    trouble: Option<io::Error>,
    /// Lines that came while no more could be held.
    left_out: u64,
    /// Nobody reads any more.
    closed: bool,
}

impl Output {
    /// Writes after every packet, or in blocks.
    pub(super) fn new(by_line: bool) -> Result<Self> {
        Ok(Self {
            stdout: standard_output()?,
            spool: Spool::with_capacity(2 * BLOCK),
            by_line,
            due: BLOCK,
            before: 0,
            trouble: None,
            left_out: 0,
            closed: false,
        })
    }

    /// What is to be written next: to append to.
    pub(super) fn text(&mut self) -> &mut Vec<u8> {
        &mut self.spool.bytes
    }

    /// A packet is done, or what came with it: writes if it is time.
    #[inline]
    pub(super) fn settle(&mut self) -> Result<()> {
        if self.by_line || self.spool.bytes.len() >= self.due {
            self.flush()?;
        }
        self.before = self.spool.bytes.len();
        Ok(())
    }

    /// Writes all that is gathered. Only a closed pipe is an error here: what else fails is tried again.
    pub(super) fn flush(&mut self) -> Result<()> {
        if self.spool.bytes.is_empty() {
            return Ok(());
        }
        if self.closed {
            self.spool = Spool::default();
            return Ok(());
        }
        match self.spool.drain(&mut self.stdout) {
            Ok(()) => {
                self.due = BLOCK;
                if self.trouble.take().is_some() {
                    let missing = match self.left_out {
                        0 => "nothing is missing in it".to_owned(),
                        lines => format!("{lines} lines are missing in it"),
                    };
                    warn(&format!("tcpcheck: standard output can be written again; {missing}"));
                }
            }
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Err(error.into()),
            Err(error) => {
                if self.trouble.is_none() {
                    warn(&format!(
                        "tcpcheck: standard output: {error}; the analysis goes on, and {} MiB of text are held meanwhile",
                        MAX_HELD_BYTES >> 20
                    ));
                }
                self.trouble = Some(error);
                self.due = self.spool.bytes.len() + BLOCK;
                self.leave_out();
            }
        }
        Ok(())
    }

    /// Writes nothing any more: the reader has gone, and there is more to do than to write.
    pub(super) fn close(&mut self) {
        self.closed = true;
    }

    /// The last attempt.
    ///
    /// # Errors
    /// When something could not be written, now or before: says how much.
    pub(super) fn finish(&mut self) -> Result<()> {
        self.flush()?;
        let held = self.spool.bytes.get(self.spool.gone()..).unwrap_or_default();
        let lines = self.left_out + lines(held);
        let words = self.trouble.as_ref().map_or_else(String::new, |error| format!("{error}: "));
        match lines {
            0 if self.trouble.is_none() => Ok(()),
            1 => Err(anyhow!("standard output: {words}1 line is not in it")),
            lines => Err(anyhow!("standard output: {words}{lines} lines are not in it")),
        }
    }

    /// Gives up what was added since, where too much is held already.
    fn leave_out(&mut self) {
        if self.spool.bytes.len() > MAX_HELD_BYTES {
            let text = self.spool.bytes.get(self.before..).unwrap_or_default();
            self.left_out += lines(text);
            self.spool.bytes.truncate(self.before.max(self.spool.gone()));
        }
    }
}

fn lines(text: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', text).count() as u64
}

/// Writes lines to standard error, without anything from a file's name that a terminal or a CI runner would obey. When nobody
/// reads that any more, there is nobody left to tell.
pub fn warn(words: &str) {
    let _ = io::stderr().lock().write_all((display::lines(words) + "\n").as_bytes());
}

/// An error and what caused it, each said once.
pub fn chain(error: &anyhow::Error) -> String {
    let mut words = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !words.contains(&cause) {
            words.push_str(": ");
            words.push_str(&cause);
        }
    }
    words
}
