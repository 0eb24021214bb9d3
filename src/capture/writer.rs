//! Writing capture files (`-w`): classic pcap, and pcapng.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::create::{Name, create, file_len};
use super::spool::Spool;
use super::{Block, CaptureError, Frame, Interface, LinkType, Precision, pcapng};

/// What a file's header says where the source has no limit.
const UNLIMITED: u32 = 262_144;

/// As much is gathered before it is written.
const BLOCK: usize = 64 * 1024;

/// As much is held while it cannot be written; frames beyond it are counted and left out.
const HELD: usize = 8 << 20;

/// One capture file that is being written.
///
/// [`Rotation`](super::Rotation) opens and finishes one of these after the other. After an error the file can go on: what
/// could not be written is held, and tried again with the frames to come and with [`flush`](Self::flush). At any moment
/// the file on the disk ends with a whole frame, unless a writer was stopped inside one.
pub struct SaveFile {
    path: PathBuf,
    output: Sink,
    spool: Spool,
    /// Length of the spool from which on it is written.
    due: usize,
    options: SaveOptions,
    frames: u64,
    /// Frames that came while no more could be held.
    left_out: u64,
    bytes: u64,
    /// Interfaces that are described in the file.
    interfaces: u32,
}

/// A file that is closed for a while.
#[derive(Clone, Copy, Debug)]
pub struct Suspended {
    options: SaveOptions,
    bytes: u64,
    interfaces: u32,
}

/// Where the bytes go.
enum Sink {
    File(File),
    Other(Box<dyn Write + Send>),
}

/// How a capture file is to be written.
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
    /// Classic pcap, or pcapng.
    pub format: SaveFormat,
}

/// The format of a capture file that is written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum SaveFormat {
    /// One link type, and nothing but frames.
    #[default]
    Pcap,
    /// Several interfaces, nanoseconds, comments, names and secrets.
    Pcapng,
}

impl SaveFormat {
    /// What the name of a file asks for: pcapng where it ends in `.pcapng`.
    pub fn of(path: &Path) -> Self {
        match path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("pcapng")) {
            true => Self::Pcapng,
            false => Self::Pcap,
        }
    }
}

/// What a pcapng file holds before its first frame, and every file of a rotation again.
#[derive(Clone, Debug, Default)]
pub struct Preamble {
    /// The section's options, in this machine's byte order.
    pub section: Vec<u8>,
    blocks: Vec<Block>,
    bytes: usize,
}

/// Maximum number of bytes of a preamble's blocks: what comes later is in the file under way, and not in the next ones.
const MAX_PREAMBLE: usize = 32 << 20;

impl Preamble {
    /// Adds a block for the next files.
    pub fn push(&mut self, block: &Block) {
        if self.bytes < MAX_PREAMBLE || matches!(block, Block::Interface(_)) {
            self.bytes = self.bytes.saturating_add(block.len());
            self.blocks.push(block.clone());
        }
    }

    /// The blocks, in order.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// Adds a comment to the section.
    pub fn comment(&mut self, text: &str) {
        pcapng::option(&mut self.section, pcapng::COMMENT, text.as_bytes());
    }
}

/// What a pcapng file says of a frame.
#[derive(Clone, Copy, Debug, Default)]
pub struct Remarks<'a> {
    /// The options of the block from which it was read.
    pub options: &'a [u8],
    /// Comments on it besides.
    pub comments: &'a [String],
}

impl SaveFile {
    /// Makes the file, or empties it; `-` is standard output.
    ///
    /// # Errors
    /// When it cannot be made or written.
    pub fn create(path: &Path, options: SaveOptions) -> Result<Self, CaptureError> {
        let made = if path.as_os_str() == "-" { standard_output() } else { create(path, Name::Typed) };
        let file = made.map_err(|source| CaptureError::Io { path: path.to_owned(), source })?;
        Self::in_file(file, path, options)
    }

    /// Writes to a file that was just made, or emptied; `path` is its name in messages.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn in_file(file: File, path: &Path, options: SaveOptions) -> Result<Self, CaptureError> {
        Self::begin(Sink::File(file), path, options)
    }

    /// Writes to `output`; `path` stands for it in messages.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn new(output: Box<dyn Write + Send>, path: &Path, options: SaveOptions) -> Result<Self, CaptureError> {
        Self::begin(Sink::Other(output), path, options)
    }

    fn begin(output: Sink, path: &Path, options: SaveOptions) -> Result<Self, CaptureError> {
        let spool = Spool::with_capacity(2 * BLOCK);
        let mut file = Self {
            path: path.to_owned(),
            output,
            spool,
            due: BLOCK,
            options,
            frames: 0,
            left_out: 0,
            bytes: 0,
            interfaces: 0,
        };
        if options.format == SaveFormat::Pcapng {
            return Ok(file);
        }
        if let Some(link_type) = options.link_type {
            file.header(link_type);
            // Without it the file is no capture yet, should nothing come.
            file.flush()?;
        }
        Ok(file)
    }

    /// Appends a frame.
    ///
    /// # Errors
    /// When frames cannot be written: they are held for now, and may be written later. Or when this one is of another link
    /// type than those before: a pcap file holds one.
    pub fn write(&mut self, frame: &Frame) -> Result<(), CaptureError> {
        self.write_with(frame, Remarks::default())
    }

    /// Begins a pcapng file: to be called once, before the first frame. Without it the file describes its interfaces by the
    /// frames' link types.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn begin_with(&mut self, preamble: &Preamble) -> Result<(), CaptureError> {
        if self.options.format == SaveFormat::Pcapng && self.bytes == 0 {
            pcapng::write_section(&mut self.spool.bytes, &preamble.section);
            self.bytes = self.spool.bytes.len() as u64;
            preamble.blocks.iter().for_each(|block| self.block(block));
            self.flush()?;
        }
        Ok(())
    }

    /// Appends a block to a pcapng file; a pcap file has no place for it.
    pub fn block(&mut self, block: &Block) {
        if self.options.format == SaveFormat::Pcapng {
            self.interfaces = self.interfaces.saturating_add(u32::from(matches!(block, Block::Interface(_))));
            self.append(|out| pcapng::write_block(out, block));
        }
    }

    /// Appends a frame, and what is said of it where the format has a place for that.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn write_with(&mut self, frame: &Frame, remarks: Remarks<'_>) -> Result<(), CaptureError> {
        match self.options.link_type {
            _ if self.options.format == SaveFormat::Pcapng => self.describe(frame)?,
            Some(first) if first == frame.link_type => {}
            Some(first) => {
                let (frame, second) = (frame.number, frame.link_type);
                return Err(CaptureError::SecondLinkType { path: self.path.clone(), first, second, frame });
            }
            None => {
                self.options.link_type = Some(frame.link_type);
                self.header(frame.link_type);
            }
        }
        if self.spool.bytes.len() >= HELD {
            self.left_out = self.left_out.saturating_add(1);
            return Ok(());
        }
        match self.options.format {
            SaveFormat::Pcap => self.record(frame),
            SaveFormat::Pcapng => {
                self.append(|out| pcapng::write_packet(out, frame, remarks.options, remarks.comments));
            }
        }
        self.frames = self.frames.saturating_add(1);
        if self.options.unbuffered || self.spool.bytes.len() >= self.due { self.flush() } else { Ok(()) }
    }

    /// Closes the file for a while.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn suspend(mut self) -> Result<Suspended, CaptureError> {
        self.flush()?;
        Ok(Suspended { options: self.options, bytes: self.bytes, interfaces: self.interfaces })
    }

    /// Goes on with a file that was suspended, and has been opened to append to it.
    pub fn resume(file: File, path: &Path, suspended: &Suspended) -> Self {
        let Suspended { options, bytes, interfaces } = *suspended;
        Self {
            path: path.to_owned(),
            output: Sink::File(file),
            spool: Spool::default(),
            due: BLOCK,
            options,
            frames: 0,
            left_out: 0,
            bytes,
            interfaces,
        }
    }

    /// Its length so far in bytes, what is still held included.
    #[expect(clippy::len_without_is_empty, reason = "a file with a header is never empty")]
    pub fn len(&self) -> u64 {
        self.bytes
    }

    /// Frames that came while no more could be held, and are not in the file.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Writes out what is still held.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn flush(&mut self) -> Result<(), CaptureError> {
        let written = self.spool.drain(&mut self.output);
        // The next attempt is a block later, and not with each frame.
        self.due = self.spool.bytes.len().saturating_add(BLOCK);
        written.map_err(|source| CaptureError::Io { path: self.path.clone(), source })
    }

    /// Ends the file, and gives the number of frames in it. A file without any gets a header all the same.
    ///
    /// # Errors
    /// When it cannot be written, or frames had to be left out: the error counts those that are not in it.
    pub fn finish(mut self) -> Result<u64, CaptureError> {
        match self.options.format {
            SaveFormat::Pcapng if self.bytes == 0 => drop(self.begin_with(&Preamble::default())),
            SaveFormat::Pcap if self.options.link_type.is_none() => self.header(LinkType::EN10MB),
            _ => {}
        }
        let source = match self.flush() {
            Ok(()) if self.left_out == 0 => return Ok(self.frames),
            Err(CaptureError::Io { source, .. }) => Some(source),
            _ => None,
        };
        let frames = self.left_out.saturating_add(self.cut_to_whole_frames());
        self.spool = Spool::default();
        Err(CaptureError::Unsaved { path: std::mem::take(&mut self.path), frames, source })
    }

    /// Takes the beginning of a frame that was written in part off the file's end; gives the number of frames still held.
    fn cut_to_whole_frames(&mut self) -> u64 {
        let (held, gone) = (&self.spool.bytes, self.spool.gone());
        let is_pcap = self.options.format == SaveFormat::Pcap;
        let header = if is_pcap && self.bytes == held.len() as u64 { HEADER } else { 0 };
        let (mut at, mut whole, mut missing) = (header, 0, 0_u64);
        let next = |at: usize| held.get(at..).and_then(if is_pcap { record_length } else { block_length });
        while let Some((length, is_frame)) = next(at) {
            if at <= gone {
                whole = at;
            }
            at = at.saturating_add(length);
            missing += u64::from(is_frame && at > gone);
        }
        if at <= gone {
            whole = at;
        }
        if let Sink::File(file) = &self.output
            && let Ok(Some(length)) = file_len(file)
        {
            // Of use to the reader of the file, and no harm when it fails.
            let _ = file.set_len(length.saturating_sub(gone.saturating_sub(whole) as u64));
        }
        missing
    }

    /// Begins a pcapng file that nobody has begun, and describes the frame's interface if nobody has.
    fn describe(&mut self, frame: &Frame) -> Result<(), CaptureError> {
        if self.bytes == 0 {
            self.begin_with(&Preamble::default())?;
        }
        while self.interfaces <= frame.interface {
            let (link_type, snaplen) = (frame.link_type, self.options.snaplen);
            self.block(&Block::Interface(Interface { name: None, link_type, snaplen, options: Vec::new() }));
        }
        Ok(())
    }

    /// Appends to what is to be written, and counts it.
    fn append(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let before = self.spool.bytes.len();
        write(&mut self.spool.bytes);
        self.bytes = self.bytes.saturating_add(self.spool.bytes.len().saturating_sub(before) as u64);
    }

    /// Ends with a section of its own that holds nothing but a comment: for what is known only now.
    pub fn close_with(&mut self, text: &str) {
        if self.options.format == SaveFormat::Pcapng {
            let mut preamble = Preamble::default();
            preamble.comment(text);
            self.append(|out| pcapng::write_section(out, &preamble.section));
        }
    }

    fn header(&mut self, link_type: LinkType) {
        let magic: u32 = match self.options.precision {
            Precision::Micro => 0xa1b2_c3d4,
            Precision::Nano => 0xa1b2_3c4d,
        };
        let snaplen = if self.options.snaplen == 0 { UNLIMITED } else { self.options.snaplen };
        let bytes = &mut self.spool.bytes;
        bytes.extend(magic.to_ne_bytes());
        bytes.extend(2_u16.to_ne_bytes());
        bytes.extend(4_u16.to_ne_bytes());
        bytes.extend([0; 8]);
        bytes.extend(snaplen.to_ne_bytes());
        bytes.extend(u32::from(link_type.0).to_ne_bytes());
        self.bytes = self.bytes.saturating_add(HEADER as u64);
    }

    fn record(&mut self, frame: &Frame) {
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
            self.spool.bytes.extend(field.to_ne_bytes());
        }
        self.spool.bytes.extend(frame.data);
        self.bytes = self.bytes.saturating_add((RECORD + frame.data.len()) as u64);
    }
}

impl Drop for SaveFile {
    fn drop(&mut self) {
        // Whoever has not finished it has an error at hand already.
        let _ = self.spool.drain(&mut self.output);
    }
}

/// Bytes of the file's header.
const HEADER: usize = 24;

/// Bytes before each frame.
const RECORD: usize = 16;

/// How long a record of a pcap file is; each is a frame.
fn record_length(record: &[u8]) -> Option<(usize, bool)> {
    let captured = record.get(8..12)?.first_chunk().map(|field| u32::from_ne_bytes(*field))?;
    Some((RECORD.saturating_add(captured as usize), true))
}

/// How long a block of a pcapng file is, and whether it is a frame.
fn block_length(block: &[u8]) -> Option<(usize, bool)> {
    let [kind, length] = block.as_chunks().0.first_chunk::<2>()?.map(u32::from_ne_bytes);
    Some((length as usize, kind == pcapng::ENHANCED_PACKET))
}

/// Standard output, without the buffer that Rust puts before it.
///
/// # Errors
/// When the system has no more handles.
#[cfg(unix)]
pub fn standard_output() -> io::Result<File> {
    use std::os::fd::AsFd;
    Ok(io::stdout().as_fd().try_clone_to_owned()?.into())
}

/// Standard output, without the buffer that Rust puts before it.
///
/// # Errors
/// When the system has no more handles.
#[cfg(windows)]
pub fn standard_output() -> io::Result<File> {
    use std::os::windows::io::AsHandle;
    Ok(io::stdout().as_handle().try_clone_to_owned()?.into())
}

/// Standard output, which this system has none of.
///
/// # Errors
/// Always.
#[cfg(not(any(unix, windows)))]
pub fn standard_output() -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.write(bytes),
            Self::Other(other) => other.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::File(file) => file.flush(),
            Self::Other(other) => other.flush(),
        }
    }
}
