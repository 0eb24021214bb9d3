//! What a line says of link-layer headers, tags and shims; of most with `-e` alone.

use super::integer::{decimal, hex, hex_padded};
use super::layers::{Line, UNKNOWN, ethertype_name};
use super::{Append, BufferWriter};
use crate::dissect::{
    Arcnet, Cooked, Ethernet, Fddi, Infiniband, Layer, Llc, Mpls, Nflog, Null, Ppp, PppFraming, Pppoe, Wifi,
};

impl Line<'_, '_, '_> {
    pub(super) fn ethernet(&mut self, ethernet: &Ethernet<'_>) {
        if !self.style.link_header {
            return;
        }
        hardware_address(self.out, ethernet.src);
        self.out.add(b" > ");
        hardware_address(self.out, ethernet.dst);
        self.out.add(b", ");
        if ethernet.ethertype <= 1500 {
            self.out.add(b"802.3");
            self.length(ethernet.len.saturating_sub(14).min(u32::from(ethernet.ethertype)));
        } else {
            self.ethertype(ethernet.ethertype);
            self.length(ethernet.len);
        }
    }

    pub(super) fn vlan(&mut self, tag: u16, ethertype: u16, is_cooked: bool) {
        if self.style.link_header {
            self.out.add(b"vlan ");
            decimal(self.out, tag & 0x0fff);
            self.out.add(b", p ");
            decimal(self.out, tag >> 13);
            self.out.add(if tag & 0x1000 != 0 { b", DEI, " } else { b", " });
        }
        if is_cooked {
            if !self.style.quiet {
                self.out.add(b"ethertype ");
                self.text(ethertype_name(ethertype), b", ");
            }
        } else if self.style.link_header {
            if ethertype <= 1500 {
                self.out.add(b"802.3");
            } else {
                self.ethertype(ethertype);
                self.out.add(b", ");
            }
        }
    }

    pub(super) fn llc(&mut self, llc: &Llc) {
        if !self.style.link_header {
            return;
        }
        let Some((organisation, protocol)) = llc.snap else {
            return self.out.add(b"LLC, dsap IP (0x06) Individual, ssap IP (0x06) Command, ctrl 0x03: ");
        };
        self.out.add(b"LLC, dsap SNAP (0xaa) Individual, ssap SNAP (0xaa) Command, ctrl 0x03: ");
        self.snap(organisation, protocol, llc.len.saturating_sub(8));
    }

    /// The organisation and its protocol.
    pub(super) fn snap(&mut self, organisation: u32, protocol: u16, len: u32) {
        if !self.style.link_header {
            return;
        }
        self.out.add(b"oui ");
        let (name, numbers, protocol_name) = match (organisation, protocol) {
            (0, ethertype) => ("Ethernet", "ethertype ", ethertype_name(ethertype)),
            (0xf8, ethertype) => ("Cisco bridged", "pid ", ethertype_name(ethertype)),
            (0x80c2, 0x0001) => ("Ethernet bridged", "pid ", "Ethernet + FCS"),
            (0x80c2, 0x0007) => ("Ethernet bridged", "pid ", "Ethernet w/o FCS"),
            _ => (UNKNOWN, "pid ", "unknown"),
        };
        self.text(name, b" (0x");
        hex_padded(self.out, u64::from(organisation), 6);
        self.out.add(b"), ");
        self.text(numbers, protocol_name.as_bytes());
        self.number_of(protocol);
        self.length(len);
    }

    pub(super) fn null(&mut self, null: &Null) {
        if !self.style.link_header {
            return;
        }
        let name = if null.family == 2 { "IPv4" } else { "IPv6" };
        if self.style.quiet {
            self.text(name, b"");
        } else {
            self.out.add(b"AF ");
            self.text(name, b" (");
            decimal(self.out, null.family);
            self.out.push(b')');
        }
        self.length(null.len);
    }

    pub(super) fn cooked(&mut self, cooked: &Cooked<'_>) {
        let name = match cooked.packet_type {
            0 => "In",
            1 => "B",
            2 => "M",
            3 => "P",
            4 => "Out",
            _ => "?",
        };
        if let Some(index) = cooked.interface {
            pad_right(self.out, self.names.interface(index).unwrap_or("?"), 5);
            self.out.push(b' ');
            pad_right(self.out, name, 3);
            self.out.push(b' ');
        }
        if !self.style.link_header {
            return;
        }
        match cooked.interface {
            Some(index) => {
                self.out.add(b"ifindex ");
                decimal(self.out, index);
                self.out.push(b' ');
            }
            None => {
                self.out.fill(b' ', 3_usize.saturating_sub(name.len()));
                self.text(name, b" ");
            }
        }
        if let Some(addr) = cooked.address.first_chunk::<6>().filter(|_| cooked.address.len() == 6) {
            hardware_address(self.out, addr);
            self.out.push(b' ');
        }
        if self.style.quiet {
            return;
        }
        match cooked.protocol {
            1 => self.out.add(b"802.3"),
            4 => self.out.add(b"802.2"),
            ethertype => self.ethertype(ethertype),
        }
        self.length(cooked.len);
    }

    pub(super) fn ppp_framing(&mut self, framing: PppFraming) {
        if !self.style.link_header {
            return;
        }
        match framing {
            PppFraming::Direction(is_out) => self.out.add(if is_out { b"Out " } else { b"In " }),
            PppFraming::Pppd(is_out) => self.out.add(if is_out { b"Out " } else { b"In  " }),
            PppFraming::Hdlc => {}
            PppFraming::Serial(address, control, len) => {
                hex_padded(self.out, u64::from(address), 2);
                self.out.push(b' ');
                hex_padded(self.out, u64::from(control), 2);
                self.out.push(b' ');
                decimal(self.out, len);
                self.out.push(b' ');
            }
            PppFraming::Cisco(address, ethertype, len) => {
                match address {
                    0x0f => self.out.add(b"unicast"),
                    0x8f => self.out.add(b"bcast"),
                    _ => {
                        self.out.add(b"0x");
                        hex_padded(self.out, u64::from(address), 2);
                    }
                }
                self.out.add(b", ethertype ");
                self.text(ethertype_name(ethertype), b"");
                self.number_of(ethertype);
                self.length(len);
            }
        }
    }

    /// The protocol by its name; how much of it depends on the framing in front.
    pub(super) fn ppp(&mut self, ppp: Ppp, before: Option<&Layer<'_>>) {
        let len = match before {
            Some(Layer::PppFraming(PppFraming::Serial(..))) => return self.text(ppp_name(ppp.protocol), b": "),
            Some(Layer::PppFraming(PppFraming::Hdlc | PppFraming::Pppd(_))) => ppp.len.saturating_add(2),
            _ => ppp.len,
        };
        if self.style.link_header {
            self.text(ppp_name(ppp.protocol), b"");
            self.number_of(ppp.protocol);
            self.length(len);
        }
    }

    pub(super) fn pppoe(&mut self, pppoe: Pppoe) {
        self.out.add(b"PPPoE  [ses 0x");
        hex(self.out, u64::from(pppoe.session));
        self.out.add(b"] ");
    }

    pub(super) fn infiniband(&mut self, infiniband: Infiniband) {
        if !self.style.link_header {
            return;
        }
        self.out.add(b"IPOIB, ethertype ");
        self.text(ethertype_name(infiniband.ethertype), b"");
        if !self.style.quiet {
            self.number_of(infiniband.ethertype);
        }
        self.length(infiniband.len);
    }

    pub(super) fn mpls(&mut self, mpls: Mpls, is_further: bool) {
        const NAMES: [&str; 4] = ["IPv4 explicit NULL", "router alert", "IPv6 explicit NULL", "implicit NULL"];
        if !is_further {
            self.out.add(b"MPLS ");
        }
        self.out.add(b"(label ");
        decimal(self.out, mpls.label());
        if self.style.verbose > 0 && mpls.label() < 16 {
            self.out.add(b" (");
            self.text(NAMES.get(mpls.label() as usize).unwrap_or(&"rsvd"), b")");
        }
        self.out.add(b", tc ");
        decimal(self.out, mpls.entry >> 9 & 7);
        if mpls.is_bottom() {
            self.out.add(b", [S]");
        }
        self.out.add(b", ttl ");
        decimal(self.out, mpls.entry & 0xff);
        self.out.push(b')');
        self.lead(b" ", b"\n\t");
    }

    pub(super) fn nflog(&mut self, nflog: &Nflog) {
        if !self.style.link_header {
            return;
        }
        self.out.add(b"version ");
        decimal(self.out, nflog.version);
        self.out.add(b", resource ID ");
        decimal(self.out, nflog.resource);
        let name = if nflog.family == 2 { "IPv4" } else { "IPv6" };
        if self.style.quiet {
            self.out.add(b", ");
            self.text(name, b"");
        } else {
            self.out.add(b", family ");
            self.text(name, b" (");
            decimal(self.out, nflog.family);
            self.out.push(b')');
        }
        self.length(nflog.len);
    }

    pub(super) fn arcnet(&mut self, arcnet: &Arcnet) {
        if !self.style.link_header {
            return;
        }
        hex_padded(self.out, u64::from(arcnet.src), 2);
        self.out.push(b' ');
        hex_padded(self.out, u64::from(arcnet.dst), 2);
        self.out.push(b' ');
        if !self.style.quiet {
            // Of Linux's form tcpdump 4.99.3 writes the byte that would be the kind in BSD's.
            let kind = arcnet.card_offset.map_or(arcnet.kind, |offset| (offset >> 8) as u8);
            match kind {
                240 => self.out.add(b"oldip "),
                212 => self.out.add(b"ip "),
                196 => self.out.add(b"ipv6 "),
                kind => {
                    hex_padded(self.out, u64::from(kind), 2);
                    self.out.push(b' ');
                }
            }
            if let Some(sequence) = arcnet.sequence {
                self.out.add(b"seqid ");
                hex_padded(self.out, u64::from(sequence), 4);
                self.out.push(b' ');
            }
        }
        decimal(self.out, arcnet.len);
        self.out.add(b": ");
    }

    pub(super) fn fddi(&mut self, fddi: &Fddi<'_>) {
        if !self.style.link_header {
            return;
        }
        if !self.style.quiet {
            self.out.add(b"async");
            decimal(self.out, fddi.control & 0x0f);
            self.out.push(b' ');
        }
        hardware_address(self.out, fddi.src);
        self.out.add(b" > ");
        hardware_address(self.out, fddi.dst);
        self.length(fddi.len);
    }

    /// The header's flags (with `-v`) and addresses, whose meaning depends on the direction bits.
    pub(super) fn wifi(&mut self, wifi: &Wifi<'_>) {
        let &[kind, flags, d0, d1, ..] = wifi.header else { return };
        if !self.style.link_header {
            return;
        }
        if self.style.verbose > 0 {
            for (bit, name) in [
                (0x20, "More Data "),
                (0x04, "More Fragments "),
                (0x10, "Pwr Mgmt "),
                (0x08, "Retry "),
                (0x80, "+Order "),
                (0x40, "Protected "),
            ] {
                if flags & bit != 0 {
                    self.text(name, b"");
                }
            }
            decimal(self.out, u16::from_le_bytes([d0, d1]));
            self.out.add(b"us ");
        }
        if kind & 0xb0 != 0 {
            self.out.add(b"CF ");
            self.out.add([&b""[..], b"Ack", b"Poll", b"Ack/Poll"][usize::from(kind >> 4 & 3)]);
            self.out.add(if kind & 0x80 != 0 { b"+QoS " } else { b" " });
        }
        let names = match flags & 3 {
            0 => ["DA", "SA", "BSSID", ""],
            1 => ["BSSID", "SA", "DA", ""],
            2 => ["DA", "BSSID", "SA", ""],
            _ => ["RA", "TA", "DA", "SA"],
        };
        for (name, at) in names.into_iter().zip([4, 10, 16, 24]) {
            if let Some(addr) = wifi.header.get(at..).and_then(|addr| addr.first_chunk::<6>())
                && !name.is_empty()
            {
                self.text(name, b":");
                hardware_address(self.out, addr);
                self.out.push(b' ');
            }
        }
    }
}

fn ppp_name(protocol: u16) -> &'static str {
    match protocol {
        0x0021 => "IP",
        0x0057 => "IP6",
        _ => "MPLS",
    }
}

/// `02:00:00:00:00:01`
pub(super) fn hardware_address(out: &mut BufferWriter<'_>, addr: &[u8]) {
    let mut separator: &[u8] = b"";
    for &byte in addr {
        out.add(separator);
        hex_padded(out, u64::from(byte), 2);
        separator = b":";
    }
}

/// Text with spaces behind it up to a width.
fn pad_right(out: &mut BufferWriter<'_>, text: &str, width: usize) {
    out.add(text.as_bytes());
    out.fill(b' ', width.saturating_sub(text.len()));
}
