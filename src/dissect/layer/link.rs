//! What headers between the wire and IP say.

/// An ARCnet header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Arcnet {
    /// Source station.
    pub src: u8,
    /// Destination station.
    pub dst: u8,
    /// The protocol's number.
    pub kind: u8,
    /// Which packet a frame belongs to, where frames are fragments (BSD's form of RFC 1201).
    pub sequence: Option<u16>,
    /// Where in the card's memory it stood (Linux's form).
    pub card_offset: Option<u16>,
    /// Length on the wire from this header on, in bytes.
    pub len: u32,
}

/// A header of the capturing system, or none.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Atm {
    /// Linux' Classical IP: the length on the wire, in bytes.
    Classical(u32),
    /// SunATM: whether it was sent here, virtual path, virtual channel.
    Sun(bool, u8, u16),
}

/// A cooked header of either version.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Cooked<'a> {
    /// The interface's index (version 2 alone).
    pub interface: Option<u32>,
    /// 0 to us, 1 broadcast, 2 multicast, 3 between others, 4 from us.
    pub packet_type: u16,
    /// The device's type (`ARPHRD_…`).
    pub device_type: u16,
    /// The sender's link address, as far as the header has room for it.
    pub address: &'a [u8],
    /// EtherType, or one of Linux's own numbers below 1536.
    pub protocol: u16,
    /// Length on the wire from this header on, in bytes.
    pub len: u32,
}

/// An Ethernet header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ethernet<'a> {
    /// Destination address.
    pub dst: &'a [u8; 6],
    /// Source address.
    pub src: &'a [u8; 6],
    /// EtherType; 1500 and below it is a length.
    pub ethertype: u16,
    /// Length on the wire from this header on, in bytes.
    pub len: u32,
}

/// An IEEE 802.1Q tag.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Vlan {
    /// Priority, drop eligibility and VLAN number: 3, 1 and 12 bits.
    pub tag: u16,
    /// The EtherType behind it.
    pub ethertype: u16,
}

/// An FDDI header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Fddi<'a> {
    /// Frame control.
    pub control: u8,
    /// Destination address, in the bit order of the capture.
    pub dst: &'a [u8; 6],
    /// Source address, in the bit order of the capture.
    pub src: &'a [u8; 6],
    /// Length on the wire from this header on, in bytes.
    pub len: u32,
}

/// A Frame Relay header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FrameRelay {
    /// The data link connection identifier.
    pub dlci: u32,
    /// Bytes of the address: 2 to 4.
    pub address_len: u8,
    /// The address's flag bits, as [`FrameRelay::FLAGS`] names them.
    pub flags: u8,
    /// What is carried: an NLPID, or above 0xff an EtherType (Cisco's encapsulation).
    pub protocol: u16,
    /// A zero byte stands between control byte and NLPID.
    pub padded: bool,
    /// Bytes of the whole header.
    pub header_len: u8,
    /// Length on the wire from this header on, in bytes.
    pub len: u32,
}

/// An InfiniBand header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Infiniband {
    /// EtherType of the packet.
    pub ethertype: u16,
    /// Length on the wire from this header on, in bytes.
    pub len: u32,
}

/// An ipnet header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ipnet {
    /// 2 for IPv4, 26 for IPv6.
    pub family: u8,
    /// The sending zone.
    pub src: u32,
    /// The receiving zone.
    pub dst: u32,
    /// Length on the wire from this header on, in bytes.
    pub len: u32,
}

/// A Juniper header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Juniper<'a> {
    /// 0x01 incoming, 0x02 no link-layer header, 0x80 extensions.
    pub flags: u8,
    /// The card.
    pub card: Card,
    /// The card's cookie; of another length than the card's own where it shows to be a services card's.
    pub cookie: &'a [u8],
    /// Bytes of this header, cookie included.
    pub header_len: u16,
    /// The first two bytes behind it.
    pub next: [u8; 8],
}

/// Interface cards by what follows their header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Card {
    /// Ethernet.
    Ethernet,
    /// PPP.
    Ppp,
    /// Frame Relay.
    FrameRelay,
    /// Cisco's HDLC.
    Hdlc,
    /// Ethernet that carries PPPoE.
    Pppoe,
    /// PPPoE behind its EtherType, over ATM.
    PppoeAtm,
    /// ATM.
    Atm1,
    /// ATM, second kind.
    Atm2,
    /// A packet, from passive monitoring.
    Monitor,
    /// A packet, from a services card.
    Services,
    /// A packet, from a mobile gateway.
    Ggsn,
}

/// An LLC header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Llc {
    /// Destination service access point.
    pub dsap: u8,
    /// Source service access point.
    pub ssap: u8,
    /// The control byte; 3 is unnumbered information.
    pub control: u8,
    /// The organisation and its protocol number, where SNAP follows.
    pub snap: Option<(u32, u16)>,
    /// Length on the wire from this header on, in bytes.
    pub len: u32,
}

/// The part of an LLC header that names a protocol, where the rest is left out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Snap {
    /// The organisation.
    pub organisation: u32,
    /// Its number of the protocol.
    pub protocol: u16,
    /// Length on the wire behind it, in bytes.
    pub len: u32,
}

/// Two addresses of eight bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LongAddresses<'a> {
    /// Destination address.
    pub dst: &'a [u8; 8],
    /// Source address.
    pub src: &'a [u8; 8],
    /// IEEE 1394's EtherType; over Fibre Channel LLC follows.
    pub ethertype: Option<u16>,
    /// Length on the wire from this header on, in bytes.
    pub len: u32,
}

/// One entry of a label stack.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Mpls {
    /// The entry as it stands: 20 bits of label, 3 of traffic class, 1 for the bottom, 8 of time to live.
    pub entry: u32,
    /// Length on the wire from this entry on, in bytes.
    pub len: u32,
}

/// A netfilter log header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Nflog {
    /// Address family: 2 IPv4, 10 IPv6.
    pub family: u8,
    /// The header's version.
    pub version: u8,
    /// Which log group.
    pub resource: u16,
    /// Length on the wire from this header on, in bytes.
    pub len: u32,
}

/// A loopback header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Null {
    /// The address family, as the capturing system numbers them.
    pub family: u32,
    /// Length on the wire from this header on, in bytes.
    pub len: u32,
}

/// Framing in front of PPP.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PppFraming {
    /// Whether the capturing host sent it, as a byte in front.
    Direction(bool),
    /// The same as pppd writes it: in place of HDLC's address.
    Pppd(bool),
    /// HDLC's address and control bytes.
    Hdlc,
    /// The same where the link type says that they are always there: address, control, and the length on the wire from
    /// them on.
    Serial(u8, u8, u32),
    /// Cisco's HDLC: address, EtherType, and the length on the wire from this header on.
    Cisco(u8, u16, u32),
}

/// PPP's protocol number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ppp {
    /// Such as 0x0021 for IPv4.
    pub protocol: u16,
    /// Length on the wire from the protocol number on, in bytes.
    pub len: u32,
}

/// A PPPoE header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Pppoe {
    /// The session's number.
    pub session: u16,
    /// Length by the header of what follows, in bytes.
    pub len: u16,
}

/// The pseudo-header of a packet on a serial line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Slip {
    /// 0 came in, 1 went out.
    pub direction: u8,
    /// The first byte of the packet as it was on the line, which says how its header was compressed (RFC 1144).
    pub compression: u8,
    /// Length on the wire with this header, in bytes.
    pub len: u32,
}

/// A frame with a switch's tag.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SwitchTag<'a> {
    /// Destination and source address of the Ethernet header that the tag interrupts; none when the whole frame follows.
    pub addresses: Option<(&'a [u8; 6], &'a [u8; 6])>,
    /// Whose tag.
    pub kind: SwitchTagKind,
    /// The tag itself.
    pub tag: [u8; 4],
    /// The EtherType behind it, where the tag interrupts a header; 1500 and below it is a length.
    pub ethertype: u16,
    /// Length on the wire from the frame's beginning on, in bytes.
    pub len: u32,
}

/// Whose tag it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SwitchTagKind {
    /// Marvell's.
    Dsa,
    /// Marvell's behind an EtherType, which can be chosen, and two reserved bytes.
    Edsa(u16, [u8; 2]),
    /// Broadcom's.
    Broadcom,
}

/// A Token Ring header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TokenRing<'a> {
    /// Access control and frame control.
    pub control: [u8; 2],
    /// Destination address.
    pub dst: &'a [u8; 6],
    /// Source address; its first bit, which announces a route, is not the address's.
    pub src: [u8; 6],
    /// The routing information as it stands, with its two bytes of control; empty where there is none.
    pub route: &'a [u8],
    /// Length on the wire from this header on, in bytes.
    pub len: u32,
}

/// An 802.11 data frame's header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Wifi<'a> {
    /// The radiotap header in front of it; empty when there is none.
    pub radiotap: &'a [u8],
    /// Frame control, duration, addresses, sequence control, QoS and HT control.
    pub header: &'a [u8],
}
