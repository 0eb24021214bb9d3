//! What a pcapng file holds beside frames, for whoever writes another one. Numbers are in this machine's byte order.

use super::LinkType;

/// A block that is no packet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Block {
    /// The next interface: they are numbered from 0, as [`Frame::interface`](super::Frame::interface) counts them.
    Interface(Interface),
    /// Names, secrets, or what a program has added: the block's type and its body.
    Other(u32, Vec<u8>),
}

impl Block {
    /// Bytes that it takes.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Interface(interface) => interface.options.len(),
            Self::Other(_, body) => body.len(),
        }
    }
}

/// What a capture holds beside a frame.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beside<'a> {
    /// The blocks that came before the frame, and behind the one before it.
    pub blocks: &'a [Block],
    /// The options of the frame's own block: comments, flags and so on.
    pub options: &'a [u8],
}

/// One interface of a source.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Interface {
    /// Its name, where the capture has one.
    pub name: Option<String>,
    /// How its frames are to be read.
    pub link_type: LinkType,
    /// Most bytes kept of a frame; 0 when unlimited.
    pub snaplen: u32,
    /// What a pcapng file says of it beyond that, but for how it tells time: options, in this machine's byte order.
    pub options: Vec<u8>,
}
