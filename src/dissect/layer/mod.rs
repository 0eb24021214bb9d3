//! A frame taken apart, outermost layer first.

mod link;
mod tcp;
mod tunnel;

use arrayvec::ArrayVec;

use crate::dissect::icmp::IcmpError;
use crate::dissect::ip::Ip;
use crate::dissect::segment::Segment;
use crate::dissect::stop::{LayerName, LengthSource, NotTcp, Shortfall, Stop};

pub use link::{
    Arcnet, Atm, Card, Cooked, Ethernet, Fddi, FrameRelay, Infiniband, Ipnet, Juniper, Llc, LongAddresses, Mpls, Nflog,
    Null, Ppp, PppFraming, Pppoe, Slip, Snap, SwitchTag, SwitchTagKind, TokenRing, Vlan, Wifi,
};
pub use tcp::Tcp;
pub(in crate::dissect) use tcp::options;
pub use tunnel::{Erspan, Geneve, Gre, Gtp, L2tp, Nsh, Udp, Vxlan};

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

impl<'a> Dissection<'a> {
    /// Of nothing: to be filled by [`read`](Self::read).
    #[inline]
    pub fn new() -> Self {
        Self { layers: ArrayVec::new(), content: Content::Other(NotTcp::Unknown) }
    }

    /// The TCP segment that it came to, if its header was all there.
    #[inline]
    pub fn segment(&self) -> Option<&Segment> {
        match &self.content {
            Content::Tcp(tcp) => Some(&tcp.segment),
            _ => None,
        }
    }

    /// What there is to know of a frame that came to no segment.
    pub fn other(&self) -> Other {
        match self.content {
            Content::Other(NotTcp::LinkType(link_type)) => Other::Unread(link_type),
            Content::Icmp(error) => Other::Icmp(error),
            _ => Other::Nothing,
        }
    }

    /// The innermost IP packet.
    pub fn ip(&self) -> Option<&Ip<'a>> {
        self.layers.iter().rev().find_map(|layer| match layer {
            Layer::Ip(ip) => Some(ip),
            _ => None,
        })
    }
}

impl Default for Dissection<'_> {
    fn default() -> Self {
        Self::new()
    }
}

/// One layer below TCP.
#[derive(Clone, Copy, Debug)]
pub enum Layer<'a> {
    /// Ethernet.
    Ethernet(Ethernet<'a>),
    /// An IEEE 802.1Q tag.
    Vlan(Vlan),
    /// A tag of 802.1BR, of VNTag, or of a FabricPath or provider backbone: the EtherType that announced it.
    Tag(u16),
    /// IEEE 802.2.
    Llc(Llc),
    /// A protocol family: BSD loopback.
    Null(Null),
    /// Linux cooked capture, either version.
    Cooked(Cooked<'a>),
    /// Framing in front of PPP's protocol number.
    PppFraming(PppFraming),
    /// PPP's protocol number.
    Ppp(Ppp),
    /// PPP over Ethernet.
    Pppoe(Pppoe),
    /// One entry of an MPLS label stack.
    Mpls(Mpls),
    /// IEEE 802.11, with a radio header in front of it or without.
    Wifi(Wifi<'a>),
    /// Linux netfilter log.
    Nflog(Nflog),
    /// IP over InfiniBand.
    Infiniband(Infiniband),
    /// ARCnet.
    Arcnet(Arcnet),
    /// FDDI.
    Fddi(Fddi<'a>),
    /// FDDI's elder, Token Ring.
    TokenRing(TokenRing<'a>),
    /// The part of LLC that names a protocol, alone.
    Snap(Snap),
    /// Frame Relay.
    FrameRelay(FrameRelay),
    /// Several Frame Relay links as one: the sequence number.
    Multilink(u16),
    /// A switch's tag.
    SwitchTag(SwitchTag<'a>),
    /// A serial line.
    Slip(Slip),
    /// ATM.
    Atm(Atm),
    /// Solaris' ipnet.
    Ipnet(Ipnet),
    /// Addresses of eight bytes.
    LongAddresses(LongAddresses<'a>),
    /// Juniper's header.
    Juniper(Juniper<'a>),
    /// A header of the capturing system that names an EtherType, and the length on the wire from it on.
    Typed(u16, u32),
    /// A header of the capturing system that only says how to read on: its length in bytes.
    Envelope(u32),
    /// An IP packet.
    Ip(Ip<'a>),
    /// UDP, where a tunnel stands behind it.
    Udp(Udp),
    /// Generic routing encapsulation.
    Gre(Gre),
    /// VXLAN.
    Vxlan(Vxlan),
    /// Geneve.
    Geneve(Geneve<'a>),
    /// GTP's user plane.
    Gtp(Gtp),
    /// Teredo's indications; a bare packet has none.
    Teredo,
    /// Encapsulated remote switched port analyser.
    Erspan(Erspan),
    /// EtherIP.
    EtherIp,
    /// The layer two tunneling protocol.
    L2tp(L2tp),
    /// A network service header.
    Nsh(Nsh<'a>),
}

/// What the innermost layer carries.
#[derive(Clone, Copy, Debug)]
pub enum Content<'a> {
    /// A TCP header, whole.
    Tcp(Tcp<'a>),
    /// A TCP header of which fewer than 20 bytes are there; the slice is what there is.
    TcpCut(&'a [u8], Shortfall),
    /// An error that quotes a TCP segment.
    Icmp(IcmpError),
    /// Something else, by the name of what says so.
    Other(NotTcp),
    /// A layer below TCP could not be read.
    Cut(Shortfall),
}

/// What a frame without a segment means to those who follow connections.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Other {
    /// Nothing.
    #[default]
    Nothing,
    /// It may hold anything: its link type, by this number, is not read.
    Unread(u16),
    /// Something went wrong with a segment.
    Icmp(IcmpError),
}

/// The layers of a frame while it is read.
pub(in crate::dissect) type Layers<'a> = ArrayVec<Layer<'a>, MAX_LAYERS>;

/// Notes a layer that begins at `offset`; refuses when there are too many.
#[inline]
pub(in crate::dissect) fn push<'a>(layers: &mut Layers<'a>, layer: Layer<'a>, offset: u32) -> Result<(), Stop> {
    // Asked before: what refuses to take a layer gives it back, and then it is made to be moved.
    if layers.is_full() {
        return Err(too_deep(offset));
    }
    layers.push(layer);
    Ok(())
}

#[cold]
fn too_deep(offset: u32) -> Stop {
    let max = MAX_LAYERS as u32;
    let limit = LengthSource::Header;
    Stop::Cut(Shortfall { layer: LayerName::Depth, offset, needed: max.saturating_add(1), present: max, limit })
}
