//! Capture files: opens one, tells its format by its first bytes, and unpacks it on the way.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::pcap::{self, PcapFile};
use super::window::Window;
use super::{CaptureError, Damage, FrameSource};

/// Opens a capture file; `-` is standard input.
///
/// # Errors
/// When it cannot be read, or is not a capture. A capture that is cut or damaged later on is not an error: see
/// [`FrameSource::faults`].
pub fn open(path: &Path) -> Result<Box<dyn FrameSource>, CaptureError> {
    let origin = Origin { path: path.to_owned(), packing: None };
    let input: Box<dyn Read + Send> = if path.as_os_str() == "-" {
        Box::new(io::stdin())
    } else {
        let file = File::open(path).map_err(|e| origin.error(e))?;
        if file.metadata().is_ok_and(|m| m.is_dir()) {
            return Err(CaptureError::Directory { path: origin.path });
        }
        Box::new(file)
    };
    read(input, origin)
}

/// Makes a source of any input.
pub(super) fn read(input: Box<dyn Read + Send>, origin: Origin) -> Result<Box<dyn FrameSource>, CaptureError> {
    let mut window = Window::new(input);
    window.want(4).map_err(|e| origin.error(e))?;
    let Some(magic) = window.peek(4).and_then(|m| <[u8; 4]>::try_from(m).ok()) else {
        return Err(unknown(&window, origin));
    };
    if pcap::is_magic(magic) {
        return Ok(Box::new(PcapFile::open(window, origin)?));
    }
    Err(unknown(&window, origin))
}

/// The error for an input that begins like no capture.
fn unknown(window: &Window, origin: Origin) -> CaptureError {
    match window.peek(window.in_sight().min(8)) {
        None | Some([]) => CaptureError::Empty { path: origin.path },
        Some(first) => CaptureError::NotACapture { first: first.to_vec(), path: origin.path },
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

    /// What a failed read means: the unpacker ran out of input (`None`, the file is cut), found its data damaged, or the
    /// operating system refused, which is an error.
    pub(super) fn damage(&self, error: io::Error) -> Result<Option<Damage>, CaptureError> {
        match (self.packing, error.kind()) {
            (Some(_), ErrorKind::UnexpectedEof) => Ok(None),
            (Some(_), ErrorKind::InvalidData | ErrorKind::InvalidInput | ErrorKind::Other) => {
                Ok(Some(Damage::Compression(error.to_string())))
            }
            _ => Err(self.error(error)),
        }
    }
}
