//! The files of `-w` in turn (`-C`, `-G`, `-W`), as tcpdump names and ends them.

use std::path::Path;

use super::{
    Block, CaptureError, Frame, OwnBroker, Preamble, Remarks, SaveFile, SaveNames, SaveOptions, SavedFile,
    SharedBroker, Timestamp, Turns,
};

/// The files of `-w`.
pub struct Rotation {
    broker: SharedBroker,
    options: SaveOptions,
    turns: Turns,
    /// The file that is written; `None` before the first frame where the name needs its time, and after a file that could
    /// not be made.
    current: Option<SaveFile>,
    /// Number of the file since the time or the first of them came round.
    count: u32,
    /// When the current interval began, and how many ended before it.
    began: Option<Timestamp>,
    intervals: u32,
    /// A file could not be made: only [`flush`](Self::flush) tries again.
    refused: bool,
    /// Frames in none of the files that are finished.
    unsaved: u64,
    /// What every file begins with.
    preamble: Preamble,
    /// The comment that ends a file.
    closing: Option<String>,
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
        let broker = OwnBroker::new(SaveNames::new(pattern, turns.clone()));
        Self::through(SharedBroker::new(broker), options, turns)
    }

    /// Like [`create`](Self::create), by a broker that knows the names.
    ///
    /// # Errors
    /// When the first file cannot be made or written.
    pub fn through(broker: SharedBroker, options: SaveOptions, turns: Turns) -> Result<Self, CaptureError> {
        Self::begin_with(broker, options, turns, Preamble::default())
    }

    /// The same, with that before the first frame of every file.
    ///
    /// # Errors
    /// As [`through`](Self::through).
    pub fn begin_with(
        broker: SharedBroker,
        options: SaveOptions,
        turns: Turns,
        preamble: Preamble,
    ) -> Result<Self, CaptureError> {
        let mut rotation = Self {
            broker,
            options,
            turns,
            current: None,
            count: 0,
            began: None,
            intervals: 0,
            refused: false,
            unsaved: 0,
            preamble,
            closing: None,
        };
        if rotation.turns.every.is_none() {
            rotation.open()?;
        }
        Ok(rotation)
    }

    /// Appends a frame, to the next file when it is its turn.
    ///
    /// # Errors
    /// When a file cannot be made or written: frames are held or counted, and [`flush`](Self::flush) tries again. Or when
    /// the frame is of another link type than those before it in the file.
    pub fn write(&mut self, frame: &Frame) -> Result<Saved, CaptureError> {
        self.write_with(frame, Remarks::default())
    }

    /// Adds a block of a pcapng file, to this file and the next ones.
    pub fn block(&mut self, block: &Block) {
        self.preamble.push(block);
        if let Some(file) = &mut self.current {
            file.block(block);
        }
    }

    /// Whether the frame would end the file under way.
    pub fn turns_at(&self, frame: &Frame) -> bool {
        let began = self.began.map_or(frame.ts, |began| began.min(frame.ts));
        let over = self.turns.every.is_some_and(|every| frame.ts.since(began) >= every);
        over || self.current.as_ref().is_some_and(|file| self.turns.bytes.is_some_and(|bytes| file.len() > bytes))
    }

    /// Ends the file under way with that comment, when it ends.
    pub fn close_with(&mut self, text: String) {
        self.closing = Some(text);
    }

    /// Appends a frame as [`write`](Self::write) does, with what is said of it.
    ///
    /// # Errors
    /// As there.
    pub fn write_with(&mut self, frame: &Frame, remarks: Remarks<'_>) -> Result<Saved, CaptureError> {
        let turned = self.turn(frame);
        if let Ok(Saved::Enough) = turned {
            return turned;
        }
        let opened = if self.current.is_none() && !self.refused { self.open() } else { Ok(()) };
        let written = match &mut self.current {
            Some(file) => file.write_with(frame, remarks),
            None => {
                self.unsaved = self.unsaved.saturating_add(1);
                Ok(())
            }
        };
        turned?;
        opened?;
        written?;
        Ok(Saved::Written)
    }

    /// Ends the file whose turn is over.
    fn turn(&mut self, frame: &Frame) -> Result<Saved, CaptureError> {
        // A clock that was set back begins the interval anew: it would last until the old time comes again otherwise.
        let began = self.began.map_or(frame.ts, |began| began.min(frame.ts));
        self.began = Some(began);
        if let Some(every) = self.turns.every
            && frame.ts.since(began) >= every
        {
            self.began = Some(frame.ts);
            self.count = 0;
            self.intervals = self.intervals.saturating_add(1);
            let closed = self.close();
            if self.turns.bytes.is_none() && self.turns.files.is_some_and(|files| self.intervals >= files) {
                return closed.map(|()| Saved::Enough);
            }
            closed?;
        } else if let (Some(bytes), Some(file)) = (self.turns.bytes, &self.current)
            && file.len() > bytes
        {
            self.count = self.count.saturating_add(1);
            // With -G the number of files has no bound, as tcpdump has it: it only makes the numbers as long.
            if self.turns.every.is_none() && self.turns.files.is_some_and(|files| self.count >= files) {
                self.count = 0;
            }
            self.close()?;
        }
        Ok(Saved::Written)
    }

    /// Writes out what is still held, and tries again what could not be done before.
    ///
    /// # Errors
    /// When it still cannot.
    pub fn flush(&mut self) -> Result<(), CaptureError> {
        if std::mem::take(&mut self.refused) {
            self.open()?;
        }
        self.current.as_mut().map_or(Ok(()), SaveFile::flush)
    }

    /// Frames that could be neither written nor held, so far.
    pub fn unsaved(&self) -> u64 {
        self.unsaved.saturating_add(self.current.as_ref().map_or(0, SaveFile::left_out))
    }

    /// Ends the last file, and waits for the commands that still run. Gives the number of frames that are in none of the
    /// files.
    ///
    /// # Errors
    /// When the last file cannot be written.
    pub fn finish(mut self) -> Result<u64, CaptureError> {
        let opened = match self.current.is_none() && (self.intervals == 0 || self.refused) {
            true => self.open(),
            false => Ok(()),
        };
        // tcpdump leaves the last file to its reader: only those that made way for another are handed to -z.
        let finished = self.finish_file();
        self.broker.ask().end();
        opened?;
        finished?;
        Ok(self.unsaved)
    }

    fn open(&mut self) -> Result<(), CaptureError> {
        let file = SavedFile::Turn { began: self.began, count: self.count };
        let made = self.broker.ask().make(&file).and_then(|(file, path)| {
            let mut file = SaveFile::in_file(file, &path, self.options)?;
            file.begin_with(&self.preamble)?;
            Ok(file)
        });
        self.refused = made.is_err();
        self.current = Some(made?);
        Ok(())
    }

    fn close(&mut self) -> Result<(), CaptureError> {
        self.refused = false;
        let finished = self.finish_file();
        finished.and(self.broker.ask().hand_on())
    }

    fn finish_file(&mut self) -> Result<(), CaptureError> {
        let Some(mut file) = self.current.take() else { return Ok(()) };
        if let Some(text) = self.closing.take() {
            file.close_with(&text);
        }
        let finished = file.finish();
        if let Err(CaptureError::Unsaved { frames, .. }) = &finished {
            self.unsaved = self.unsaved.saturating_add(*frames);
        }
        finished.map(|_| ())
    }
}
