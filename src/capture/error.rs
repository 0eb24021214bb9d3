//! What can go wrong with a source of frames, said so that it can be found and mended.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::LinkType;
use crate::display;

/// Why a source cannot be opened, or cannot go on. The messages say what happened, where, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The operating system refused.
    #[error("{}: {source}{}", display::path(&path), remedy(source))]
    Io {
        /// What was being read or written.
        path: PathBuf,
        /// Its answer.
        source: io::Error,
    },

    /// A file that was being written lacks frames.
    #[error("{}: {}{frames} frame{} {} not in it{}", display::path(&path), Because(source), if *frames == 1 { "" } else { "s" },
        if *frames == 1 { "is" } else { "are" }, source.as_ref().map_or("", remedy))]
    Unsaved {
        /// The file.
        path: PathBuf,
        /// How many.
        frames: u64,
        /// Why, if it still cannot be written.
        source: Option<io::Error>,
    },

    /// A directory where a file is wanted.
    #[error("{}: is a directory; name a capture file in it", display::path(&path))]
    Directory {
        /// The directory.
        path: PathBuf,
    },

    /// There is not one byte in it.
    #[error("{}: the file is empty; a capture without packets has at least a header of 24 bytes", display::path(&path))]
    Empty {
        /// The file.
        path: PathBuf,
    },

    /// The first bytes are those of no format that is read.
    #[error("{}: not a capture file: {} {}; pcap and pcapng are read, plain or in gzip, zstd, lz4 or xz",
        display::path(&path), Begins(packing), Bytes(first))]
    NotACapture {
        /// The file.
        path: PathBuf,
        /// How it is compressed; `first` is what was unpacked.
        packing: Option<&'static str>,
        /// Up to 8 of its first bytes.
        first: Vec<u8>,
    },

    /// The file ends inside its first header.
    #[error("{}: the file ends inside its header ({present} of {needed} bytes); it holds no packets", display::path(&path))]
    HeaderCut {
        /// The file.
        path: PathBuf,
        /// Bytes that are there.
        present: u64,
        /// Bytes that the header needs.
        needed: u64,
    },

    /// Its very beginning is damaged.
    #[error("{}: the file is damaged: {damage}; get another copy of it", display::path(&path))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        damage: Damage,
    },

    /// The file's header is of a version that nobody describes.
    #[error("{}: {format} version {major}.{minor} is not read; convert it with a program that does, e.g. editcap",
        display::path(&path))]
    Version {
        /// The file.
        path: PathBuf,
        /// `pcap` or `pcapng`.
        format: &'static str,
        /// As the header has it.
        major: u16,
        /// As the header has it.
        minor: u16,
    },

    /// A frame for a pcap file that holds frames of another link type.
    #[error("{}: frame {frame} is {second}, and the file holds {first}: a pcap file holds one link type; \
        a name that ends in .pcapng has room for several", display::path(&path))]
    SecondLinkType {
        /// The file that is written.
        path: PathBuf,
        /// What it holds.
        first: LinkType,
        /// What came.
        second: LinkType,
        /// The frame's number.
        frame: u64,
    },

    /// A filter expression that does not compile.
    #[error("filter expression: {}{}", display::line(words), Pointer { expression, at: *at })]
    Filter {
        /// As given.
        expression: String,
        /// Where it goes wrong, in bytes, if that can be told; its length if something is missing at the end.
        at: Option<usize>,
        /// libpcap's reason.
        words: String,
    },

    /// A filter expression that means nothing on a link type that came.
    #[error(
        "filter expression: {words}: frame {frame} is {link_type}, on which `{}` means nothing",
        display::line(expression)
    )]
    FilterLinkType {
        /// As given.
        expression: String,
        /// The first frame of that link type.
        frame: u64,
        /// The link type.
        link_type: LinkType,
        /// The reason.
        words: String,
    },

    /// What needs libpcap in a build without it.
    #[error("no {what}: this tcpcheck is built without libpcap; build it with `cargo build --release --features live`")]
    NoLibpcap {
        /// What was asked for.
        what: &'static str,
    },

    /// There is nothing to capture on.
    #[error("no interface can be captured on; see what -D lists, and try sudo")]
    NoInterfaces,

    /// An interface that is not there.
    #[error("{interface}: there is no such interface; -D lists those that are there")]
    NoSuchInterface {
        /// As given.
        interface: String,
    },

    /// An interface that is down.
    #[error("{interface}: the interface is down; bring it up first")]
    InterfaceDown {
        /// Its name.
        interface: String,
    },

    /// An interface that went away while it was captured on.
    #[error("{interface}: the interface has gone after frame {frames} ({words}); what came before it stands")]
    InterfaceGone {
        /// Its name.
        interface: String,
        /// Frames until then.
        frames: u64,
        /// libpcap's words.
        words: String,
    },

    /// Capturing is not allowed.
    #[error("{interface}: capturing is not permitted ({words}); {}", permission())]
    Permission {
        /// Its name.
        interface: String,
        /// libpcap's words.
        words: String,
    },

    /// Anything else that libpcap has to say.
    #[error("{interface}: {words}")]
    Live {
        /// The interface.
        interface: String,
        /// libpcap's words.
        words: String,
    },
}

/// Something wrong with a source that does not take back what was read before.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum CaptureFault {
    /// The file ends inside a record.
    Cut {
        /// Which source.
        source: String,
        /// The last complete frame's number.
        after_frame: u64,
        /// Offset of the record that is cut, in bytes of the (uncompressed) file.
        offset: u64,
        /// Bytes that the record needs, as far as can be seen.
        needed: u64,
        /// Bytes that are there.
        present: u64,
    },
    /// The file goes on, but not as a capture: it is read up to here.
    Damaged {
        /// Which source.
        source: String,
        /// The last complete frame's number.
        after_frame: u64,
        /// Offset of the record that cannot be right, in bytes of the (uncompressed) file.
        offset: u64,
        /// What cannot be right.
        damage: Damage,
    },
}

/// What cannot be right in a damaged file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Damage {
    /// A record says that it holds more bytes than can be.
    CapturedLength {
        /// What it says.
        says: u32,
        /// The most that can be.
        most: u32,
    },
    /// A pcapng block's length cannot be one: too short, too long for its type, or no multiple of 4.
    BlockLength {
        /// What it says.
        says: u32,
    },
    /// A pcapng block's two lengths differ.
    BlockEnd {
        /// At its beginning.
        begins: u32,
        /// At its end.
        ends: u32,
    },
    /// A pcapng block is too short for its fields.
    BlockFields {
        /// Its name in the specification.
        block: &'static str,
    },
    /// A pcapng section says nothing that is a byte order.
    ByteOrder,
    /// A pcapng section of a version that nobody describes.
    Version {
        /// As the section has it.
        major: u16,
        /// As the section has it.
        minor: u16,
    },
    /// A pcapng packet is of an interface that its section has not described.
    Interface {
        /// Which one it says.
        says: u32,
        /// How many there are.
        described: u32,
    },
    /// More interfaces than any capture has.
    Interfaces {
        /// The most that are kept.
        most: usize,
    },
    /// The compressed data cannot be unpacked.
    Compression {
        /// The compression.
        packing: &'static str,
        /// The unpacker's words.
        words: String,
    },
}

impl fmt::Display for CaptureFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cut { source, after_frame, offset, needed, present } => write!(
                f,
                "{}: the file ends inside a record, after frame {after_frame}, at byte {offset}: {present} of {needed} \
                 bytes are there; the capture or its copy was stopped early",
                display::line(source)
            ),
            Self::Damaged { source, after_frame, offset, damage } => write!(
                f,
                "{}: the file is damaged after frame {after_frame}, at byte {offset}: {damage}; what follows is not read",
                display::line(source)
            ),
        }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CapturedLength { says, most } => {
                write!(f, "a record claims {says} captured bytes, and {most} is the most there can be")
            }
            Self::BlockLength { says } => write!(f, "a block cannot be {says} bytes long"),
            Self::BlockEnd { begins, ends } => {
                write!(f, "a block is {begins} bytes long by its beginning and {ends} by its end")
            }
            Self::BlockFields { block } => write!(f, "the block {block:?} is too short for its fields"),
            Self::ByteOrder => write!(f, "a section says nothing that is a byte order"),
            Self::Version { major, minor } => write!(f, "a section is of version {major}.{minor}, which is not read"),
            Self::Interface { says, described } => {
                write!(f, "a packet is of interface {says}, and the section describes {described}, counted from 0")
            }
            Self::Interfaces { most } => write!(f, "it describes more than {most} interfaces"),
            Self::Compression { packing, words } => {
                write!(f, "the {packing} data cannot be unpacked ({words}); the compressed file may be cut or changed")
            }
        }
    }
}

/// What comes before the first bytes of a file that is no capture.
struct Begins<'a>(&'a Option<&'static str>);

impl fmt::Display for Begins<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => write!(f, "it begins with"),
            Some(packing) => write!(f, "its {packing} data begin with"),
        }
    }
}

/// Why something is missing, where that is known.
struct Because<'a>(&'a Option<io::Error>);

impl fmt::Display for Because<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |error| write!(f, "{error}: "))
    }
}

/// What to do about an answer of the operating system.
fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull => "; make room on its disk",
        io::ErrorKind::NotFound => "; check the path",
        io::ErrorKind::PermissionDenied => "; check its owner and mode, or use sudo",
        _ => "",
    }
}

/// Bytes in hexadecimal, and as text when they are that.
struct Bytes<'a>(&'a [u8]);

impl fmt::Display for Bytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, byte) in self.0.iter().enumerate() {
            write!(f, "{}{byte:02x}", if i == 0 { "" } else { " " })?;
        }
        if !self.0.is_empty() && self.0.iter().all(|b| b.is_ascii_graphic() || *b == b' ') {
            write!(f, " ({:?})", String::from_utf8_lossy(self.0))?;
        }
        Ok(())
    }
}

/// How to be allowed to capture.
fn permission() -> String {
    if cfg!(target_os = "linux") {
        let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("tcpcheck"));
        format!("use sudo, or once: sudo setcap cap_net_raw,cap_net_admin=eip {}", display::path(&program))
    } else {
        "use sudo, or give yourself access to /dev/bpf*".to_owned()
    }
}

/// The expression on a line of its own, with a caret under the place.
struct Pointer<'a> {
    expression: &'a str,
    at: Option<usize>,
}

impl fmt::Display for Pointer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = display::line(self.expression);
        write!(f, "\n  {shown}")?;
        if let Some(before) = self.at.and_then(|at| self.expression.get(..at)) {
            write!(f, "\n  {:width$}^", "", width = before.chars().count())?;
        }
        match self.at {
            Some(at) if at == self.expression.len() => write!(f, " something is missing here"),
            _ => Ok(()),
        }
    }
}
