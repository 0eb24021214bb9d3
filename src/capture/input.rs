//! One capture file while it is read: its bytes, its name, and how its reading ended.

use std::io::{self, ErrorKind};
use std::path::PathBuf;

use super::window::Window;
use super::{CaptureError, CaptureFault, Damage};

/// The bytes of a file, and what is known of its end. The first fault ends it.
pub(super) struct Input {
    pub(super) window: Window,
    pub(super) origin: Origin,
    /// Frames handed out so far.
    pub(super) frames: u64,
    /// Nothing more comes.
    pub(super) ended: bool,
    pub(super) faults: Vec<CaptureFault>,
}

impl Input {
    pub(super) fn new(window: Window, origin: Origin) -> Self {
        Self { window, origin, frames: 0, ended: false, faults: Vec::new() }
    }

    /// Brings the first `n` bytes of the file into sight; those that come too early to be a fault are errors.
    pub(super) fn header(&mut self, n: usize) -> Result<(), CaptureError> {
        let cut = match self.window.want(n) {
            Ok(complete) => !complete,
            Err(e) => match self.origin.damage(e)? {
                None => true,
                Some(damage) => return Err(self.origin.clone().packed(damage)),
            },
        };
        match (cut, self.window.in_sight()) {
            (false, _) => Ok(()),
            (true, 0) if self.origin.packing.is_none() => Err(CaptureError::Empty { path: self.origin.path.clone() }),
            (true, present) => Err(CaptureError::HeaderCut {
                path: self.origin.path.clone(),
                present: present as u64,
                needed: n as u64,
            }),
        }
    }

    /// Brings `n` bytes into sight; `false` when the file has ended, with a fault if it ended too early.
    #[inline]
    pub(super) fn want(&mut self, n: usize) -> Result<bool, CaptureError> {
        if n <= self.window.in_sight() {
            return Ok(true);
        }
        self.refill(n)
    }

    #[cold]
    fn refill(&mut self, n: usize) -> Result<bool, CaptureError> {
        let (offset, early) = (self.window.offset(), self.window.want(n));
        let present = self.window.in_sight();
        match early {
            Ok(true) => return Ok(true),
            Ok(false) if present == 0 => self.ended = true,
            Ok(false) => self.cut(offset, n as u64, present as u64),
            Err(e) => {
                self.ended = true;
                match self.origin.damage(e)? {
                    None => self.cut(offset, n as u64, present as u64),
                    Some(damage) => self.damaged(damage),
                }
            }
        }
        Ok(false)
    }

    /// Moves past `n` bytes without holding them; `false` when the file ended before, with a fault.
    pub(super) fn skip(&mut self, n: u64) -> Result<bool, CaptureError> {
        let offset = self.window.offset();
        match self.window.skip(n) {
            Ok(skipped) if skipped == n => return Ok(true),
            Ok(skipped) => self.cut(offset, n, skipped),
            Err(e) => {
                self.ended = true;
                match self.origin.damage(e)? {
                    None => self.cut(offset, n, self.window.offset().saturating_sub(offset)),
                    Some(damage) => self.damaged(damage),
                }
            }
        }
        Ok(false)
    }

    /// Ends the file at the record in sight, which cannot be right.
    #[cold]
    pub(super) fn damaged(&mut self, damage: Damage) {
        self.ended = true;
        let (source, after_frame, offset) = (self.origin.name(), self.frames, self.window.offset());
        self.faults.push(CaptureFault::Damaged { source, after_frame, offset, damage });
    }

    fn cut(&mut self, offset: u64, needed: u64, present: u64) {
        self.ended = true;
        let (source, after_frame) = (self.origin.name(), self.frames);
        self.faults.push(CaptureFault::Cut { source, after_frame, offset, needed, present });
    }
}

/// Where a file's bytes come from, for messages.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    /// As given on the command line.
    pub(super) path: PathBuf,
    /// How it is compressed: `gzip`, `zstd`, `lz4` or `xz`.
    pub(super) packing: Option<&'static str>,
}

impl Origin {
    pub(super) fn name(&self) -> String {
        self.path.to_string_lossy().into_owned()
    }

    /// A format with the packing behind it: `pcap, gzip`.
    pub(super) fn format(&self, format: &str) -> String {
        match self.packing {
            None => format.to_owned(),
            Some(packing) => format!("{format}, {packing}"),
        }
    }

    pub(super) fn error(&self, source: io::Error) -> CaptureError {
        CaptureError::Io { path: self.path.clone(), source }
    }

    /// The error for a file that begins like no capture.
    pub(super) fn unknown(self, first: &[u8]) -> CaptureError {
        CaptureError::NotACapture { path: self.path, packing: self.packing, first: first.to_vec() }
    }

    /// The error for a file whose very beginning cannot be unpacked.
    fn packed(self, damage: Damage) -> CaptureError {
        CaptureError::Damaged { path: self.path, damage }
    }

    /// What a failed read means: the unpacker ran out of input (`None`: the file is cut), found its data damaged, or the
    /// operating system refused, which is an error.
    fn damage(&self, error: io::Error) -> Result<Option<Damage>, CaptureError> {
        match (self.packing, error.kind()) {
            (Some(_), ErrorKind::UnexpectedEof) => Ok(None),
            (Some(packing), _) if error.raw_os_error().is_none() => {
                Ok(Some(Damage::Compression { packing, words: error.to_string() }))
            }
            _ => Err(self.error(error)),
        }
    }
}
