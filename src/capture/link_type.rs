//! Link types by the numbers that capture files carry (`LINKTYPE_…`).

/// A `LINKTYPE_` value; [`LinkType::name`] gives libpcap's name for those that are known.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct LinkType(pub u16);

impl LinkType {
    /// Ethernet.
    pub const EN10MB: Self = Self(1);

    /// libpcap's name, such as `EN10MB`.
    pub fn name(self) -> Option<&'static str> {
        self.entry().map(|(_, name, _)| *name)
    }

    /// libpcap's description, such as `Ethernet`.
    pub fn description(self) -> Option<&'static str> {
        self.entry().map(|(_, _, description)| *description)
    }

    fn entry(self) -> Option<&'static (u16, &'static str, &'static str)> {
        NAMES.iter().find(|(number, _, _)| *number == self.0)
    }
}

/// Number, name and description.
// https://www.tcpdump.org/linktypes.html; the words are libpcap's.
const NAMES: &[(u16, &str, &str)] = &[
    (0, "NULL", "BSD loopback"),
    (1, "EN10MB", "Ethernet"),
    (6, "IEEE802", "Token ring"),
    (8, "SLIP", "SLIP"),
    (9, "PPP", "PPP"),
    (10, "FDDI", "FDDI"),
    (50, "PPP_SERIAL", "PPP over serial"),
    (51, "PPP_ETHER", "PPPoE"),
    (101, "RAW", "Raw IP"),
    (104, "C_HDLC", "Cisco HDLC"),
    (105, "IEEE802_11", "802.11"),
    (107, "FRELAY", "Frame Relay"),
    (108, "LOOP", "OpenBSD loopback"),
    (113, "LINUX_SLL", "Linux cooked v1"),
    (117, "PFLOG", "OpenBSD pflog file"),
    (127, "IEEE802_11_RADIO", "802.11 plus radiotap header"),
    (192, "PPI", "Per-Packet Information"),
    (228, "IPV4", "Raw IPv4"),
    (229, "IPV6", "Raw IPv6"),
    (239, "NFLOG", "Linux netfilter log messages"),
    (276, "LINUX_SLL2", "Linux cooked v2"),
];
