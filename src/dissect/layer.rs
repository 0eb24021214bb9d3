//! A frame taken apart, outermost layer first.

use arrayvec::ArrayVec;

use super::{Ip, Shortfall, Tcp};

/// Most layers that one frame may nest; deeper ones are cut off with a [`Shortfall`].
pub const MAX_LAYERS: usize = 16;

/// What one frame holds.
#[derive(Clone, Debug)]
pub struct Dissection<'a> {
    /// Every layer down to the innermost IP header, outermost first.
    pub layers: ArrayVec<Layer<'a>, MAX_LAYERS>,
    /// What the innermost layer carries.
    pub content: Content<'a>,
}

/// One layer below TCP.
#[derive(Clone, Copy, Debug)]
pub enum Layer<'a> {
    /// An IP packet.
    Ip(Ip<'a>),
}

/// What the innermost layer carries.
#[derive(Clone, Copy, Debug)]
pub enum Content<'a> {
    /// A TCP header, whole.
    Tcp(Tcp<'a>),
    /// A TCP header of which fewer than 20 bytes are there; the slice is what there is.
    TcpCut(&'a [u8], Shortfall),
    /// Something else, by the name of what says so.
    Other(NotTcp),
    /// A layer below TCP could not be read.
    Cut(Shortfall),
}

/// What a frame without TCP is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NotTcp {
    /// A link type that tcpcheck does not read.
    LinkType(u16),
    /// An EtherType other than IP.
    EtherType(u16),
    /// An IP protocol other than TCP.
    IpProtocol(u8),
    /// A fragment of TCP other than the first.
    LaterFragment,
    /// Anything else that is not IP.
    Unknown,
}
