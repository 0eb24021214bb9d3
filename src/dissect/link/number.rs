//! Numbers of link types and EtherTypes that more than one header names.

/// The link type of Ethernet.
pub(in crate::dissect) const ETHERNET: u16 = 1;
/// The EtherType of IPv4.
pub(in crate::dissect) const IPV4: u16 = 0x0800;
/// The EtherType of IPv6.
pub(in crate::dissect) const IPV6: u16 = 0x86dd;
