//! Standard output, written in lines or in blocks.

use std::io::{self, Write};

use anyhow::{Context, Result};

/// As much as is gathered before a block is written.
const BLOCK: usize = 64 * 1024;

/// Gathers what is reported and writes it when it is time.
#[derive(Debug)]
pub struct Output {
    /// What is to be written next.
    pub text: Vec<u8>,
    by_line: bool,
}

impl Output {
    /// Writes after every packet, or in blocks.
    pub fn new(by_line: bool) -> Self {
        Self { text: Vec::with_capacity(2 * BLOCK), by_line }
    }

    /// A packet is done: writes if it is time.
    pub fn settle(&mut self) -> Result<()> {
        if self.by_line || self.text.len() >= BLOCK { self.flush() } else { Ok(()) }
    }

    /// Writes all that is gathered.
    pub fn flush(&mut self) -> Result<()> {
        if self.text.is_empty() {
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        let written = stdout.write_all(&self.text).and_then(|()| stdout.flush());
        self.text.clear();
        written.context("standard output")
    }
}

/// Writes a line to standard error, without anything from a file's name that a terminal would obey. When nobody reads that
/// any more, there is nobody left to tell.
pub fn tell(words: &str) {
    let obeyed = |c: char| c.is_control() && c != '\n';
    let line: String = words.chars().map(|c| if obeyed(c) { '?' } else { c }).chain(['\n']).collect();
    let _ = io::stderr().lock().write_all(line.as_bytes());
}
