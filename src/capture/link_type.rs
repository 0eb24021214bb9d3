//! Link types by the numbers that capture files carry (`LINKTYPE_…`).
//!
//! Libraries number some of them differently while capturing (`DLT_…`; raw IP is 12 or 14 there and 101 in files), so this
//! layer goes by the file's number, and by name where it meets libpcap.

use std::fmt;

/// A `LINKTYPE_` value; [`LinkType::name`] gives libpcap's name for those that are known.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct LinkType(pub u16);

impl LinkType {
    /// BSD loopback: an address family in the byte order of the machine that captured, then an IP packet.
    pub const NULL: Self = Self(0);
    /// Ethernet.
    pub const EN10MB: Self = Self(1);
    /// An IPv4 or IPv6 packet.
    pub const RAW: Self = Self(101);

    /// The link type of that name, in any case: `en10mb`, `RAW`.
    pub fn named(name: &str) -> Option<Self> {
        KNOWN.iter().find(|(_, known, _)| known.eq_ignore_ascii_case(name)).map(|(number, _, _)| Self(*number))
    }

    /// libpcap's name of it: `EN10MB`.
    pub fn name(self) -> Option<&'static str> {
        self.known().map(|(_, name, _)| *name)
    }

    /// libpcap's description of it: `Ethernet`.
    pub fn description(self) -> Option<&'static str> {
        self.known().map(|(_, _, description)| *description)
    }

    fn known(self) -> Option<&'static (u16, &'static str, &'static str)> {
        KNOWN.binary_search_by_key(&self.0, |(number, _, _)| *number).ok().and_then(|at| KNOWN.get(at))
    }
}

/// As tcpdump names it on standard error: `EN10MB (Ethernet)`, or the bare number.
impl fmt::Display for LinkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.known() {
            Some((_, name, description)) => write!(f, "{name} ({description})"),
            None => write!(f, "{}", self.0),
        }
    }
}

/// Those that can carry IP, and others that are met, by number.
#[rustfmt::skip]
const KNOWN: &[(u16, &str, &str)] = &[
    (0, "NULL", "BSD loopback"),
    (1, "EN10MB", "Ethernet"),
    (6, "IEEE802", "Token ring"),
    (7, "ARCNET", "BSD ARCNET"),
    (8, "SLIP", "SLIP"),
    (9, "PPP", "PPP"),
    (10, "FDDI", "FDDI"),
    (50, "PPP_SERIAL", "PPP over serial"),
    (51, "PPP_ETHER", "PPPoE"),
    (99, "SYMANTEC_FIREWALL", "Symantec Firewall"),
    (100, "ATM_RFC1483", "RFC 1483 LLC-encapsulated ATM"),
    (101, "RAW", "Raw IP"),
    (102, "SLIP_BSDOS", "BSD/OS SLIP"),
    (103, "PPP_BSDOS", "BSD/OS PPP"),
    (104, "C_HDLC", "Cisco HDLC"),
    (105, "IEEE802_11", "802.11"),
    (106, "ATM_CLIP", "Linux Classical IP over ATM"),
    (107, "FRELAY", "Frame Relay"),
    (108, "LOOP", "OpenBSD loopback"),
    (109, "ENC", "OpenBSD encapsulated IP"),
    (113, "LINUX_SLL", "Linux cooked v1"),
    (114, "LTALK", "Localtalk"),
    (117, "PFLOG", "OpenBSD pflog file"),
    (119, "PRISM_HEADER", "802.11 plus Prism header"),
    (122, "IP_OVER_FC", "RFC 2625 IP-over-Fibre Channel"),
    (123, "SUNATM", "Sun raw ATM"),
    (127, "IEEE802_11_RADIO", "802.11 plus radiotap header"),
    (129, "ARCNET_LINUX", "Linux ARCNET"),
    (130, "JUNIPER_MLPPP", "Juniper Multi-Link PPP"),
    (131, "JUNIPER_MLFR", "Juniper Multi-Link Frame Relay"),
    (133, "JUNIPER_GGSN", "Juniper GGSN PIC"),
    (135, "JUNIPER_ATM2", "Juniper ATM2 PIC"),
    (136, "JUNIPER_SERVICES", "Juniper Advanced Services PIC"),
    (137, "JUNIPER_ATM1", "Juniper ATM1 PIC"),
    (138, "APPLE_IP_OVER_IEEE1394", "Apple IP-over-IEEE 1394"),
    (143, "DOCSIS", "DOCSIS"),
    (144, "LINUX_IRDA", "Linux IrDA"),
    (163, "IEEE802_11_RADIO_AVS", "802.11 plus AVS radio information header"),
    (164, "JUNIPER_MONITOR", "Juniper Passive Monitor PIC"),
    (166, "PPP_PPPD", "PPP for pppd, with direction flag"),
    (167, "JUNIPER_PPPOE", "Juniper PPPoE"),
    (168, "JUNIPER_PPPOE_ATM", "Juniper PPPoE/ATM"),
    (169, "GPRS_LLC", "GPRS LLC"),
    (175, "ERF_ETH", "Ethernet with Endace ERF header"),
    (176, "ERF_POS", "Packet-over-SONET with Endace ERF header"),
    (178, "JUNIPER_ETHER", "Juniper Ethernet"),
    (179, "JUNIPER_PPP", "Juniper PPP"),
    (180, "JUNIPER_FRELAY", "Juniper Frame Relay"),
    (181, "JUNIPER_CHDLC", "Juniper C-HDLC"),
    (182, "MFR", "FRF.16 Frame Relay"),
    (186, "USB_FREEBSD", "USB with FreeBSD header"),
    (187, "BLUETOOTH_HCI_H4", "Bluetooth HCI UART transport layer"),
    (189, "USB_LINUX", "USB with Linux header"),
    (192, "PPI", "Per-Packet Information"),
    (195, "IEEE802_15_4", "IEEE 802.15.4 with FCS"),
    (197, "ERF", "Endace ERF header"),
    (201, "BLUETOOTH_HCI_H4_WITH_PHDR", "Bluetooth HCI UART transport layer plus pseudo-header"),
    (219, "MPLS", "MPLS with label as link-layer header"),
    (220, "USB_LINUX_MMAPPED", "USB with padded Linux header"),
    (221, "DECT", "DECT"),
    (226, "IPNET", "Solaris ipnet"),
    (227, "CAN_SOCKETCAN", "CAN-bus with SocketCAN headers"),
    (228, "IPV4", "Raw IPv4"),
    (229, "IPV6", "Raw IPv6"),
    (230, "IEEE802_15_4_NOFCS", "IEEE 802.15.4 without FCS"),
    (231, "DBUS", "D-Bus"),
    (239, "NFLOG", "Linux netfilter log messages"),
    (240, "NETANALYZER", "Ethernet with Hilscher netANALYZER pseudo-header"),
    (241, "NETANALYZER_TRANSPARENT", "Ethernet with Hilscher netANALYZER pseudo-header and with preamble and SFD"),
    (242, "IPOIB", "RFC 4391 IP-over-Infiniband"),
    (246, "PFSYNC", "Packet filter state syncing"),
    (247, "INFINIBAND", "InfiniBand"),
    (248, "SCTP", "SCTP"),
    (249, "USBPCAP", "USB with USBPcap header"),
    (251, "BLUETOOTH_LE_LL", "Bluetooth Low Energy air interface"),
    (253, "NETLINK", "Linux netlink"),
    (254, "BLUETOOTH_LINUX_MONITOR", "Bluetooth Linux Monitor"),
    (256, "BLUETOOTH_LE_LL_WITH_PHDR", "Bluetooth Low Energy air interface with pseudo-header"),
    (258, "PKTAP", "Apple DLT_PKTAP"),
    (259, "EPON", "Ethernet with 802.3 Clause 65 EPON preamble"),
    (266, "USB_DARWIN", "USB with Darwin header"),
    (267, "OPENFLOW", "OpenBSD DLT_OPENFLOW"),
    (271, "VSOCK", "Linux vsock"),
    (274, "ETHERNET_MPACKET", "802.3br mPackets"),
    (276, "LINUX_SLL2", "Linux cooked v2"),
    (280, "VPP_DISPATCH", "VPP graph dispatch tracer"),
    (281, "DSA_TAG_BRCM", "Broadcom tag"),
    (282, "DSA_TAG_BRCM_PREPEND", "Broadcom tag (prepended)"),
    (283, "IEEE802_15_4_TAP", "IEEE 802.15.4 with pseudo-header"),
    (284, "DSA_TAG_DSA", "Marvell DSA"),
    (285, "DSA_TAG_EDSA", "Marvell EDSA"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn link_types_are_named_as_tcpdump_names_them() {
        assert_eq!(LinkType::EN10MB.to_string(), "EN10MB (Ethernet)");
        assert_eq!(LinkType(101).to_string(), "RAW (Raw IP)");
        assert_eq!(LinkType(147).to_string(), "147");
        assert_eq!(LinkType::named("linux_sll2"), Some(LinkType(276)));
    }

    #[test]
    fn the_table_is_in_order_and_names_nothing_twice() {
        assert!(KNOWN.is_sorted_by(|a, b| a.0 < b.0));
        for (number, name, _) in KNOWN {
            assert_eq!(LinkType::named(name), Some(LinkType(*number)));
        }
    }

    #[cfg(feature = "live")]
    #[test]
    fn libpcap_knows_every_name() {
        for (number, name, description) in KNOWN {
            // Older libpcaps know fewer.
            let Ok(theirs) = ::pcap::Linktype::from_name(name) else { continue };
            assert_eq!(theirs.get_name().as_deref(), Ok(*name));
            if [1, 101, 113].contains(number) {
                assert_eq!(theirs.get_description().as_deref(), Ok(*description));
            }
        }
    }
}
