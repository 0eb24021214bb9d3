//! Compressed captures: tells the compression by its first bytes, and unpacks it while it is read.

use std::io::{self, ErrorKind, Read};

use super::window::Window;

/// Most memory that unpacking xz may take, in bytes; `xz -9` needs 65 MiB.
#[cfg(feature = "xz")]
const XZ_MEMORY: u64 = 256 * 1024 * 1024;

/// A compression that is recognised.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Packing {
    Gzip,
    Zstd,
    Lz4,
    Xz,
}

impl Packing {
    /// By the first four bytes of the file.
    pub(super) fn of(magic: [u8; 4]) -> Option<Self> {
        match magic {
            [0x1f, 0x8b, 0x08, _] => Some(Self::Gzip), // RFC 1952 §2.3.1: ID1, ID2, CM = deflate
            [0x28, 0xb5, 0x2f, 0xfd] => Some(Self::Zstd), // RFC 8878 §3.1.1
            [0x04, 0x22, 0x4d, 0x18] => Some(Self::Lz4),
            [0xfd, b'7', b'z', b'X'] => Some(Self::Xz),
            _ => None,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Lz4 => "lz4",
            Self::Xz => "xz",
        }
    }

    /// The unpacked bytes; all members, frames or streams that follow one another.
    pub(super) fn unpack(self, packed: Window) -> io::Result<Box<dyn Read + Send>> {
        Ok(match self {
            Self::Gzip => Box::new(Sips(flate2::read::MultiGzDecoder::new(packed))),
            Self::Zstd => Box::new(Sips(zstd::stream::read::Decoder::new(packed)?)),
            Self::Lz4 => Box::new(Lz4Frames::new(packed)),
            Self::Xz => return xz(packed),
        })
    }
}

/// The unpacked bytes of xz streams.
#[cfg(feature = "xz")]
fn xz(packed: Window) -> io::Result<Box<dyn Read + Send>> {
    let stream = liblzma::stream::Stream::new_stream_decoder(XZ_MEMORY, liblzma::stream::CONCATENATED)?;
    Ok(Box::new(Sips(liblzma::read::XzDecoder::new_stream(packed, stream))))
}

/// A build without it says so.
#[cfg(not(feature = "xz"))]
fn xz(_: Window) -> io::Result<Box<dyn Read + Send>> {
    Err(io::Error::new(ErrorKind::Unsupported, "this tcpcheck is built without xz; unpack the file first (xz -d)"))
}

/// Asks for little at a time: an unpacker that meets damage drops what it has unpacked in the same call.
struct Sips<R>(R);

/// Most bytes asked for in one call.
const SIP: usize = 4096;

impl<R: Read> Read for Sips<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(SIP);
        self.0.read(buffer.get_mut(..most).unwrap_or_default())
    }
}

/// LZ4 frames one behind the other, with whatever is to be passed over between them.
///
/// `lz4_flex` stops at the end of each frame, takes a frame that may be skipped for an error, and the end of the file for
/// the end of a frame.
struct Lz4Frames(lz4_flex::frame::FrameDecoder<Lz4Input>);

impl Lz4Frames {
    fn new(packed: Window) -> Self {
        Self(lz4_flex::frame::FrameDecoder::new(Lz4Input { packed, ended: false }))
    }
}

impl Read for Lz4Frames {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.0.read(buffer);
            let Lz4Input { packed, ended } = self.0.get_mut();
            match read {
                // The end of a frame, be it an empty one; or an empty block.
                Ok(0) if !buffer.is_empty() => {
                    skip_frames(packed)?;
                    if !packed.want(1)? {
                        return Ok(0);
                    }
                }
                Err(_) if *ended => return Err(ErrorKind::UnexpectedEof.into()),
                read => return read,
            }
        }
    }
}

/// The bytes of LZ4 frames. It is read only for more of a frame, so its end is an error.
struct Lz4Input {
    packed: Window,
    ended: bool,
}

impl Read for Lz4Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.packed.read(buffer)? {
            0 if !buffer.is_empty() => {
                self.ended = true;
                // Not `UnexpectedEof`, of which `lz4_flex` makes the end of a frame.
                Err(io::Error::other("the file ends within a frame"))
            }
            n => Ok(n),
        }
    }
}

/// Whether a frame begins so that is for other programs (RFC 8878 §3.1.2; LZ4 has the same).
pub(super) fn may_be_skipped(magic: [u8; 4]) -> bool {
    matches!(magic, [0x50..=0x5f, 0x2a, 0x4d, 0x18])
}

/// Moves past the frames that stand there for other programs.
///
/// # Errors
/// `UnexpectedEof` when the input ends within one.
pub(super) fn skip_frames(packed: &mut Window) -> io::Result<()> {
    loop {
        packed.want(8)?;
        let head = packed.peek(8).and_then(|head| head.as_chunks::<4>().0.first_chunk::<2>().copied());
        let Some([_, length]) = head.filter(|[magic, _]| may_be_skipped(*magic)) else { return Ok(()) };
        let length = u64::from(u32::from_le_bytes(length)).saturating_add(8);
        if packed.skip(length)? < length {
            return Err(ErrorKind::UnexpectedEof.into());
        }
    }
}
