//! The files of `-w` in turn (`-C`, `-G`, `-W`), as tcpdump names and ends them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use jiff::tz::TimeZone;

use super::{CaptureError, Frame, SaveFile, SaveOptions, Span, Timestamp};

/// When one file is full and the next begins.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Turns {
    /// A file that has more bytes than this takes no further frame.
    pub bytes: Option<u64>,
    /// A file is for so long, by the frames' own times.
    pub every: Option<Span>,
    /// With `bytes`: so many files, and then the first again. With `every` alone: so many files, and then the end.
    pub files: Option<u32>,
    /// What is run for each file that is finished, with its name as the only argument.
    pub command: Option<OsString>,
}

/// The files of `-w`.
pub struct Rotation {
    /// As it was typed: the pattern of all names.
    pattern: PathBuf,
    options: SaveOptions,
    turns: Turns,
    zone: TimeZone,
    /// The file that is written, and its name; `None` before the first frame where the name needs its time.
    current: Option<(SaveFile, PathBuf)>,
    /// Number of the file since the time or the first of them came round.
    count: u32,
    /// When the current interval began, and how many ended before it.
    began: Option<Timestamp>,
    intervals: u32,
    running: Vec<Child>,
}

/// What became of a frame.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Saved {
    /// It is in the file.
    Written,
    /// It would begin one file more than was asked for: it is not written, and the capture is over.
    Enough,
}

impl Rotation {
    /// Makes the first file, or empties it, unless its name tells a time: then the first frame does.
    ///
    /// # Errors
    /// When it cannot be made or written.
    pub fn create(pattern: &Path, options: SaveOptions, turns: Turns) -> Result<Self, CaptureError> {
        let mut rotation = Self {
            pattern: pattern.to_owned(),
            options,
            turns,
            zone: TimeZone::system(),
            current: None,
            count: 0,
            began: None,
            intervals: 0,
            running: Vec::new(),
        };
        if rotation.turns.every.is_none() {
            rotation.open()?;
        }
        Ok(rotation)
    }

    /// Appends a frame, to the next file when it is its turn.
    ///
    /// # Errors
    /// When a file cannot be made or written, or the frame is of another link type than those before it in the file.
    pub fn write(&mut self, frame: &Frame) -> Result<Saved, CaptureError> {
        let began = *self.began.get_or_insert(frame.ts);
        if let Some(every) = self.turns.every
            && frame.ts.since(began) >= every
        {
            self.began = Some(frame.ts);
            self.count = 0;
            self.intervals = self.intervals.saturating_add(1);
            self.close()?;
            if self.turns.bytes.is_none() && self.turns.files.is_some_and(|files| self.intervals >= files) {
                return Ok(Saved::Enough);
            }
        } else if let (Some(bytes), Some((file, _))) = (self.turns.bytes, &self.current)
            && file.len() > bytes
        {
            self.count = self.count.saturating_add(1);
            // With -G the number of files has no bound, as tcpdump has it: it only makes the numbers as long.
            if self.turns.every.is_none() && self.turns.files.is_some_and(|files| self.count >= files) {
                self.count = 0;
            }
            self.close()?;
        }
        if self.current.is_none() {
            self.open()?;
        }
        if let Some((file, _)) = &mut self.current {
            file.write(frame)?;
        }
        Ok(Saved::Written)
    }

    /// Writes out what is still in the buffer.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn flush(&mut self) -> Result<(), CaptureError> {
        self.current.as_mut().map_or(Ok(()), |(file, _)| file.flush())
    }

    /// Ends the last file, and waits for the commands that still run.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self) -> Result<(), CaptureError> {
        if self.current.is_none() && self.intervals == 0 {
            self.open()?;
        }
        if let Some((file, _)) = self.current.take() {
            // tcpdump leaves the last file to its reader: only those that made way for another are handed to -z.
            file.finish()?;
        }
        for child in &mut self.running {
            // A command that failed has said so itself.
            let _ = child.wait();
        }
        Ok(())
    }

    fn open(&mut self) -> Result<(), CaptureError> {
        let path = self.name();
        self.current = Some((SaveFile::create(&path, self.options)?, path));
        Ok(())
    }

    fn close(&mut self) -> Result<(), CaptureError> {
        let Some((file, path)) = self.current.take() else { return Ok(()) };
        file.finish()?;
        // Those that have ended leave the table of processes.
        self.running.retain_mut(|child| matches!(child.try_wait(), Ok(None)));
        if let Some(command) = &self.turns.command {
            // At the lowest priority, so that it takes nothing from the capture.
            let started = Command::new("nice").args(["-n", "19"]).arg(command).arg(&path).spawn();
            let program = PathBuf::from(command);
            self.running.push(started.map_err(|source| CaptureError::Io { path: program, source })?);
        }
        Ok(())
    }

    /// The name of the file whose turn it is.
    fn name(&self) -> PathBuf {
        let mut name = match (self.turns.every, self.began, self.pattern.to_str()) {
            (Some(_), Some(began), Some(pattern)) => self.dated(pattern, began),
            _ => self.pattern.clone().into_os_string(),
        };
        let digits = self.turns.files.filter(|_| self.turns.bytes.is_some()).map_or(0, digits);
        if self.count > 0 || digits > 0 {
            name.push(format!("{:0digits$}", self.count));
        }
        name.into()
    }

    /// The pattern with strftime(3)'s conversions at that time; as it is where one means nothing.
    fn dated(&self, pattern: &str, at: Timestamp) -> OsString {
        let instant = jiff::Timestamp::from_second(at.seconds()).unwrap_or(jiff::Timestamp::MAX);
        let dated = jiff::fmt::strtime::format(pattern, &instant.to_zoned(self.zone.clone()));
        dated.unwrap_or_else(|_| pattern.to_owned()).into()
    }
}

/// How long the number of the last of so many files is, counted from 0.
fn digits(files: u32) -> usize {
    files.saturating_sub(1).checked_ilog10().map_or(0, |log| log as usize + 1)
}
