//! Writing classic pcap files (`-w`).

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::{CaptureError, Frame, LinkType, Precision};

/// What a file's header says where the source has no limit.
const UNLIMITED: u32 = 262_144;

/// One pcap file that is being written.
///
/// [`Rotation`](super::Rotation) opens and finishes one of these after the other.
pub struct SaveFile {
    path: PathBuf,
    output: BufWriter<Box<dyn Write + Send>>,
    options: SaveOptions,
    frames: u64,
    bytes: u64,
}

/// How a pcap file is to be written.
#[derive(Clone, Copy, Debug, Default)]
pub struct SaveOptions {
    /// How its frames are to be read; `None` waits for the first frame, and so does the header.
    pub link_type: Option<LinkType>,
    /// Most bytes of a frame, for the header; 0 when unlimited.
    pub snaplen: u32,
    /// Microseconds or nanoseconds.
    pub precision: Precision,
    /// Every frame at once, rather than when the buffer is full.
    pub unbuffered: bool,
}

impl SaveFile {
    /// Makes the file, or empties it; `-` is standard output.
    ///
    /// # Errors
    /// When it cannot be made or written.
    pub fn create(path: &Path, options: SaveOptions) -> Result<Self, CaptureError> {
        let output: Box<dyn Write + Send> = if path.as_os_str() == "-" {
            Box::new(io::stdout())
        } else {
            Box::new(File::create(path).map_err(|source| CaptureError::Io { path: path.to_owned(), source })?)
        };
        Self::new(output, path, options)
    }

    /// Writes to `output`; `path` stands for it in messages.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn new(output: Box<dyn Write + Send>, path: &Path, options: SaveOptions) -> Result<Self, CaptureError> {
        let output = BufWriter::with_capacity(64 * 1024, output);
        let mut file = Self { path: path.to_owned(), output, options, frames: 0, bytes: 0 };
        if let Some(link_type) = options.link_type {
            let written = file.header(link_type);
            file.check(written)?;
        }
        Ok(file)
    }

    /// Appends a frame.
    ///
    /// # Errors
    /// When it cannot be written, or is of another link type than those before: a pcap file holds one.
    pub fn write(&mut self, frame: &Frame) -> Result<(), CaptureError> {
        match self.options.link_type {
            Some(first) if first == frame.link_type => {}
            Some(first) => {
                let (frame, second) = (frame.number, frame.link_type);
                return Err(CaptureError::SecondLinkType { path: self.path.clone(), first, second, frame });
            }
            None => {
                self.options.link_type = Some(frame.link_type);
                let written = self.header(frame.link_type);
                self.check(written)?;
            }
        }
        let written = self.record(frame);
        self.check(written)?;
        self.frames = self.frames.saturating_add(1);
        Ok(())
    }

    /// Its length so far in bytes, what is still in the buffer included.
    #[expect(clippy::len_without_is_empty, reason = "a file with a header is never empty")]
    pub fn len(&self) -> u64 {
        self.bytes
    }

    /// Writes out what is still in the buffer.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn flush(&mut self) -> Result<(), CaptureError> {
        let written = self.output.flush();
        self.check(written)
    }

    /// Ends the file, and gives the number of frames in it. A file without any gets a header all the same.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self) -> Result<u64, CaptureError> {
        if self.options.link_type.is_none() {
            let written = self.header(LinkType::EN10MB);
            self.check(written)?;
        }
        self.flush()?;
        Ok(self.frames)
    }

    fn header(&mut self, link_type: LinkType) -> io::Result<()> {
        let magic: u32 = match self.options.precision {
            Precision::Micro => 0xa1b2_c3d4,
            Precision::Nano => 0xa1b2_3c4d,
        };
        let snaplen = if self.options.snaplen == 0 { UNLIMITED } else { self.options.snaplen };
        self.output.write_all(&magic.to_ne_bytes())?;
        self.output.write_all(&2_u16.to_ne_bytes())?;
        self.output.write_all(&4_u16.to_ne_bytes())?;
        self.output.write_all(&[0; 8])?;
        self.output.write_all(&snaplen.to_ne_bytes())?;
        self.output.write_all(&u32::from(link_type.0).to_ne_bytes())?;
        self.bytes = self.bytes.saturating_add(24);
        self.flush_if_asked()
    }

    fn record(&mut self, frame: &Frame) -> io::Result<()> {
        // The field is unsigned: what lies outside 1970 to 2106 is held at the nearest end.
        let seconds = frame.ts.seconds();
        let (seconds, nanos) = match u32::try_from(seconds) {
            Ok(seconds) => (seconds, frame.ts.subsec_nanos()),
            Err(_) if seconds < 0 => (0, 0),
            Err(_) => (u32::MAX, 999_999_999),
        };
        let fraction = match self.options.precision {
            Precision::Micro => nanos / 1000,
            Precision::Nano => nanos,
        };
        for field in [seconds, fraction, frame.data.len() as u32, frame.wire_len] {
            self.output.write_all(&field.to_ne_bytes())?;
        }
        self.output.write_all(frame.data)?;
        self.bytes = self.bytes.saturating_add(16 + frame.data.len() as u64);
        self.flush_if_asked()
    }

    fn flush_if_asked(&mut self) -> io::Result<()> {
        if self.options.unbuffered { self.output.flush() } else { Ok(()) }
    }

    fn check(&self, written: io::Result<()>) -> Result<(), CaptureError> {
        written.map_err(|source| CaptureError::Io { path: self.path.clone(), source })
    }
}
