//! Compressed captures: tells the compression by its first bytes, and unpacks it while it is read.

use std::io::{self, Read};

use super::window::Window;

/// Most memory that unpacking xz may take, in bytes; `xz -9` needs 65 MiB.
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
            Self::Lz4 => Box::new(Lz4Frames(lz4_flex::frame::FrameDecoder::new(packed))),
            Self::Xz => {
                let stream = liblzma::stream::Stream::new_stream_decoder(XZ_MEMORY, liblzma::stream::CONCATENATED)?;
                Box::new(Sips(liblzma::read::XzDecoder::new_stream(packed, stream)))
            }
        })
    }
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

/// Goes on with the next frame where `lz4_flex` stops at the end of each.
struct Lz4Frames(lz4_flex::frame::FrameDecoder<Window>);

impl Read for Lz4Frames {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 => self.0.read(buffer),
            n => Ok(n),
        }
    }
}
