//! Capture files: opens one, tells its format by its first bytes, and unpacks it on the way.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};

use super::create::file_len;
use super::input::{Input, Origin};
use super::merge::Merge;
use super::pcap::{self, PcapFile};
use super::pcapng::{self, PcapngFile};
use super::unpack::{Packing, may_be_skipped, skip_frames};
use super::window::Window;
use super::{CaptureError, FrameSource};

/// Opens a capture file; `-` is standard input.
///
/// # Errors
/// When it cannot be read, or is not a capture. A capture that is cut or damaged later on is not an error: see
/// [`FrameSource::faults`].
pub fn open(path: &Path) -> Result<Box<dyn FrameSource>, CaptureError> {
    OpenFiles::open(std::slice::from_ref(&path))?.source(|| Box::new(io::stdin()))
}

/// Opens several capture files as one source, in time order; a single one as [`open`] does.
///
/// # Errors
/// As [`open`], for the first that cannot be opened.
pub fn open_all(paths: &[PathBuf]) -> Result<Box<dyn FrameSource>, CaptureError> {
    OpenFiles::open(paths)?.source(|| Box::new(io::stdin()))
}

/// Capture files that are open and have not been looked into: whoever reads them needs not be able to open others.
#[derive(Debug)]
pub struct OpenFiles {
    /// None for standard input.
    files: Vec<(PathBuf, Option<File>)>,
}

impl OpenFiles {
    /// Opens them; `-` is standard input.
    ///
    /// # Errors
    /// For the first that cannot be opened.
    pub fn open(paths: &[impl AsRef<Path>]) -> Result<Self, CaptureError> {
        let open = |path: &Path| {
            if path.as_os_str() == "-" {
                return Ok((path.to_owned(), None));
            }
            // Asked first: Windows says of a directory that access is denied.
            if path.is_dir() {
                return Err(CaptureError::Directory { path: path.to_owned() });
            }
            let file = File::open(path).map_err(|source| CaptureError::Io { path: path.to_owned(), source })?;
            Ok((path.to_owned(), Some(file)))
        };
        Ok(Self { files: paths.iter().map(|path| open(path.as_ref())).collect::<Result<_, _>>()? })
    }

    /// Makes a source of them, in time order when there are several; each time from the beginning, where that can be had
    /// again.
    ///
    /// # Errors
    /// When one is not a capture. One that is cut or damaged later on is not an error: see [`FrameSource::faults`].
    pub fn source(
        &self,
        mut stdin: impl FnMut() -> Box<dyn Read + Send>,
    ) -> Result<Box<dyn FrameSource>, CaptureError> {
        if self.files.len() == 1 {
            return self.one(0, stdin);
        }
        let each = (0..self.files.len()).map(|at| self.one(at, &mut stdin));
        Ok(Box::new(Merge::new(each.collect::<Result<_, _>>()?)))
    }

    /// Makes a source of one of them, counted from 0; one of nothing where there is none.
    ///
    /// # Errors
    /// As [`source`](Self::source).
    pub fn one(
        &self,
        at: usize,
        mut stdin: impl FnMut() -> Box<dyn Read + Send>,
    ) -> Result<Box<dyn FrameSource>, CaptureError> {
        let Some((path, file)) = self.files.get(at) else { return Ok(Box::new(Merge::new(Vec::new()))) };
        let origin = Origin { path: path.clone(), packing: None };
        let Some(file) = file else { return read(stdin(), origin) };
        let mut file = file.try_clone().map_err(|e| origin.error(e))?;
        // A pipe is at its beginning.
        let _ = file.rewind();
        read(Box::new(file), origin)
    }
}

impl OpenFiles {
    /// The first that cannot be read twice, because it is standard input, a pipe or a device.
    pub fn once_only(&self) -> Option<&Path> {
        let once = |file: &Option<File>| !file.as_ref().is_some_and(|file| matches!(file_len(file), Ok(Some(_))));
        self.files.iter().find(|(_, file)| once(file)).map(|(path, _)| path.as_path())
    }

    /// A source of each that can be read again, from the beginning.
    ///
    /// # Errors
    /// When one is not a capture.
    pub fn each_again(&self) -> Result<Vec<Box<dyn FrameSource>>, CaptureError> {
        let again = |file: &File| matches!(file_len(file), Ok(Some(_)));
        let files =
            self.files.iter().filter_map(|(path, file)| Some((path, file.as_ref().filter(|file| again(file))?)));
        files
            .map(|(path, file)| {
                Self { files: vec![(path.clone(), file.try_clone().ok())] }.source(|| Box::new(io::empty()))
            })
            .collect()
    }
}

/// Makes a source of any input; `name` stands for the path in messages.
///
/// # Errors
/// As [`open`].
pub fn open_reader(input: impl Read + Send + 'static, name: &str) -> Result<Box<dyn FrameSource>, CaptureError> {
    read(Box::new(input), Origin { path: PathBuf::from(name), packing: None })
}

fn read(input: Box<dyn Read + Send>, origin: Origin) -> Result<Box<dyn FrameSource>, CaptureError> {
    let mut input = Input::new(Window::new(input), origin);
    let mut magic = magic(&mut input)?;
    if may_be_skipped(magic) {
        magic = behind_skipped(&mut input, magic)?;
    }
    let Some(packing) = Packing::of(magic) else {
        return recognise(input, magic);
    };
    let Input { window, origin, .. } = input;
    let origin = Origin { packing: Some(packing.name()), ..origin };
    let unpacked = packing.unpack(window).map_err(|e| origin.error(e))?;
    let mut input = Input::new(Window::new(unpacked), origin);
    let magic = self::magic(&mut input)?;
    recognise(input, magic)
}

/// The first four bytes behind the frames of a compressed file that are for other programs.
fn behind_skipped(input: &mut Input, first: [u8; 4]) -> Result<[u8; 4], CaptureError> {
    match skip_frames(&mut input.window).and_then(|()| input.window.want(4)) {
        Ok(true) => Ok(input.window.peek(4).and_then(|m| m.first_chunk().copied()).unwrap_or_default()),
        // There is nothing behind them, or not all of them.
        Ok(false) => Err(input.origin.clone().unknown(&first)),
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Err(input.origin.clone().unknown(&first)),
        Err(e) => Err(input.origin.error(e)),
    }
}

/// The first four bytes.
fn magic(input: &mut Input) -> Result<[u8; 4], CaptureError> {
    match input.header(4) {
        // Too short for any format, and perhaps no capture at all: what is there decides.
        Err(CaptureError::HeaderCut { .. }) => {
            let first = input.window.peek(input.window.in_sight()).unwrap_or_default().to_vec();
            Err(input.origin.clone().unknown(&first))
        }
        Err(e) => Err(e),
        Ok(()) => Ok(input.window.peek(4).and_then(|m| m.first_chunk().copied()).unwrap_or_default()),
    }
}

fn recognise(input: Input, magic: [u8; 4]) -> Result<Box<dyn FrameSource>, CaptureError> {
    if pcap::is_magic(magic) {
        Ok(Box::new(PcapFile::open(input)?))
    } else if magic == pcapng::MAGIC {
        Ok(Box::new(PcapngFile::open(input)?))
    } else {
        let first = input.window.peek(input.window.in_sight().min(8)).unwrap_or_default();
        Err(input.origin.clone().unknown(first))
    }
}
