//! What a line says of the layers below TCP: the link-layer header (`-e`), tags, tunnels, and IP.

use super::digits::{decimal, hex, hex_bytes, hex_padded};
use super::{LineStyle, Names, interface, ip};
use crate::dissect::{
    Arcnet, Checksum, Cooked, Dissection, Erspan, Ethernet, Fddi, Geneve, Gre, Gtp, Ip, Layer, Llc, Mpls, Nflog, Null,
    PppFraming, Udp, Vxlan, Wifi, udp_checksum,
};

/// Writes everything between the time stamp and the segment's own part.
///
/// What follows is `A.port > B.port: `, or `port > port: ` where [`Ip::is_extended`] (the addresses stand there already).
pub fn write(out: &mut Vec<u8>, style: &LineStyle, names: &Names, dissection: &Dissection<'_>) {
    if let [Layer::Ethernet(_), Layer::Ip(ip)] = &dissection.layers[..]
        && !style.link_header
    {
        return ip::write(out, style, names, ip);
    }
    if style.link_header && matches!(dissection.layers.first(), Some(Layer::Ip(_))) {
        out.extend_from_slice(b"ip: ");
    }
    let mut line = Line { out, style, names };
    let mut packet: Option<&Ip<'_>> = None;
    let mut udp_port = 0;
    for (at, layer) in dissection.layers.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| dissection.layers.get(at));
        match layer {
            Layer::Ip(ip) => {
                ip::write(line.out, style, names, ip);
                packet = Some(ip);
            }
            Layer::Udp(udp) => {
                udp_port = udp.dst;
                if let Some(ip) = packet {
                    line.udp(ip, udp);
                }
            }
            Layer::Ethernet(ethernet) => line.ethernet(ethernet),
            Layer::Vlan(vlan) => {
                line.vlan(vlan.tag, vlan.ethertype, matches!(before, Some(Layer::Cooked(_))));
            }
            Layer::Llc(llc) => line.llc(llc),
            Layer::Null(null) => line.null(null),
            Layer::Cooked(cooked) => line.cooked(cooked),
            Layer::PppFraming(framing) => line.ppp_framing(*framing),
            Layer::Ppp(ppp) => match before {
                Some(Layer::PppFraming(PppFraming::Serial(..))) => line.text(ppp_name(ppp.protocol), b": "),
                Some(Layer::PppFraming(PppFraming::Hdlc)) => line.ppp(ppp.protocol, ppp.len.saturating_add(2)),
                _ => line.ppp(ppp.protocol, ppp.len),
            },
            Layer::Pppoe(pppoe) => {
                line.out.extend_from_slice(b"PPPoE  [ses 0x");
                hex(line.out, u64::from(pppoe.session));
                line.out.extend_from_slice(b"] ");
            }
            Layer::Mpls(mpls) => line.mpls(*mpls, matches!(before, Some(Layer::Mpls(_)))),
            Layer::Wifi(wifi) => line.wifi(wifi),
            Layer::Nflog(nflog) => line.nflog(nflog),
            Layer::Infiniband(infiniband) => {
                if style.link_header {
                    line.out.extend_from_slice(b"IPOIB, ethertype ");
                    line.out.extend_from_slice(ethertype_name(infiniband.ethertype).as_bytes());
                    if !style.quiet {
                        line.number_of(infiniband.ethertype);
                    }
                    line.length(infiniband.len);
                }
            }
            Layer::Arcnet(arcnet) => line.arcnet(arcnet),
            Layer::Fddi(fddi) => line.fddi(fddi),
            Layer::Gre(gre) => line.gre(gre),
            Layer::Vxlan(vxlan) => line.vxlan(vxlan, udp_port),
            Layer::Geneve(geneve) => line.geneve(geneve),
            Layer::Gtp(gtp) => line.gtp(gtp),
            Layer::Erspan(erspan) => line.erspan(erspan),
            Layer::Teredo => line.out.extend_from_slice(b"Teredo: "),
            Layer::EtherIp => line.out.extend_from_slice(b"EtherIP: "),
            Layer::Tag(_) | Layer::Envelope(_) => {}
        }
    }
}

/// Where the packet begins behind the link-layer header, for `-x` and its like.
pub fn header_len(dissection: &Dissection<'_>) -> usize {
    // tcpdump counts labels and sessions to the packet.
    let mut behind = 0;
    let mut in_session = false;
    for layer in &dissection.layers {
        match layer {
            Layer::Mpls(_) => behind += 4,
            Layer::Pppoe(_) => {
                behind += 6;
                in_session = true;
            }
            Layer::Ppp(_) if in_session => behind += 2,
            Layer::Ip(ip) => return (ip.offset as usize).saturating_sub(behind),
            _ => {}
        }
    }
    0
}

/// A line being written.
struct Line<'o, 's> {
    out: &'o mut Vec<u8>,
    style: &'s LineStyle,
    names: &'s Names,
}

impl Line<'_, '_> {
    fn text(&mut self, text: &str, end: &[u8]) {
        self.out.extend_from_slice(text.as_bytes());
        self.out.extend_from_slice(end);
    }

    /// `, length N: `
    fn length(&mut self, len: u32) {
        self.out.extend_from_slice(b", length ");
        decimal(self.out, len);
        self.out.extend_from_slice(b": ");
    }

    /// ` (0x0800)`
    fn number_of(&mut self, ethertype: u16) {
        self.out.extend_from_slice(b" (0x");
        hex_padded(self.out, u64::from(ethertype), 4);
        self.out.push(b')');
    }

    /// `ethertype IPv4 (0x0800)`, or `IPv4` with `-q`.
    fn ethertype(&mut self, ethertype: u16) {
        let name = ethertype_name(ethertype);
        if !self.style.quiet {
            self.out.extend_from_slice(b"ethertype ");
            self.out.extend_from_slice(name.as_bytes());
            self.number_of(ethertype);
        } else if name == UNKNOWN {
            self.out.extend_from_slice(b"Unknown Ethertype");
            self.number_of(ethertype);
        } else {
            self.out.extend_from_slice(name.as_bytes());
        }
    }

    /// What leads from a layer that names its payload to the payload: on a line of its own with `-v`.
    fn lead(&mut self, plain: &[u8], verbose: &[u8]) {
        self.out.extend_from_slice(if self.style.verbose > 0 { verbose } else { plain });
    }

    fn ethernet(&mut self, ethernet: &Ethernet<'_>) {
        if !self.style.link_header {
            return;
        }
        hardware_address(self.out, ethernet.src);
        self.out.extend_from_slice(b" > ");
        hardware_address(self.out, ethernet.dst);
        self.out.extend_from_slice(b", ");
        if ethernet.ethertype <= 1500 {
            self.out.extend_from_slice(b"802.3");
            self.length(ethernet.len.saturating_sub(14).min(u32::from(ethernet.ethertype)));
        } else {
            self.ethertype(ethernet.ethertype);
            self.length(ethernet.len);
        }
    }

    fn vlan(&mut self, tag: u16, ethertype: u16, is_cooked: bool) {
        if self.style.link_header {
            self.out.extend_from_slice(b"vlan ");
            decimal(self.out, tag & 0x0fff);
            self.out.extend_from_slice(b", p ");
            decimal(self.out, tag >> 13);
            self.out.extend_from_slice(if tag & 0x1000 != 0 { b", DEI, " } else { b", " });
        }
        if is_cooked {
            if !self.style.quiet {
                self.out.extend_from_slice(b"ethertype ");
                self.text(ethertype_name(ethertype), b", ");
            }
        } else if self.style.link_header {
            if ethertype <= 1500 {
                self.out.extend_from_slice(b"802.3");
            } else {
                self.ethertype(ethertype);
                self.out.extend_from_slice(b", ");
            }
        }
    }

    fn llc(&mut self, llc: &Llc) {
        if !self.style.link_header {
            return;
        }
        let Some((organisation, protocol)) = llc.snap else {
            return self.out.extend_from_slice(b"LLC, dsap IP (0x06) Individual, ssap IP (0x06) Command, ctrl 0x03: ");
        };
        self.out.extend_from_slice(b"LLC, dsap SNAP (0xaa) Individual, ssap SNAP (0xaa) Command, ctrl 0x03: oui ");
        let (name, numbers, protocol_name) = match (organisation, protocol) {
            (0, ethertype) => ("Ethernet", "ethertype ", ethertype_name(ethertype)),
            (0xf8, ethertype) => ("Cisco bridged", "pid ", ethertype_name(ethertype)),
            (0x80c2, 0x0001) => ("Ethernet bridged", "pid ", "Ethernet + FCS"),
            (0x80c2, 0x0007) => ("Ethernet bridged", "pid ", "Ethernet w/o FCS"),
            _ => (UNKNOWN, "pid ", "unknown"),
        };
        self.text(name, b" (0x");
        hex_padded(self.out, u64::from(organisation), 6);
        self.out.extend_from_slice(b"), ");
        self.text(numbers, protocol_name.as_bytes());
        self.number_of(protocol);
        self.length(llc.len.saturating_sub(8));
    }

    fn null(&mut self, null: &Null) {
        if !self.style.link_header {
            return;
        }
        let name = if null.family == 2 { "IPv4" } else { "IPv6" };
        if self.style.quiet {
            self.text(name, b"");
        } else {
            self.out.extend_from_slice(b"AF ");
            self.text(name, b" (");
            decimal(self.out, null.family);
            self.out.push(b')');
        }
        self.length(null.len);
    }

    fn cooked(&mut self, cooked: &Cooked<'_>) {
        let name = match cooked.packet_type {
            0 => "In",
            1 => "B",
            2 => "M",
            3 => "P",
            4 => "Out",
            _ => "?",
        };
        if let Some(index) = cooked.interface {
            pad_right(self.out, interface::name(index).unwrap_or("?"), 5);
            self.out.push(b' ');
            pad_right(self.out, name, 3);
            self.out.push(b' ');
        }
        if !self.style.link_header {
            return;
        }
        match cooked.interface {
            Some(index) => {
                self.out.extend_from_slice(b"ifindex ");
                decimal(self.out, index);
                self.out.push(b' ');
            }
            None => {
                self.out.extend(std::iter::repeat_n(b' ', 3_usize.saturating_sub(name.len())));
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
            1 => self.out.extend_from_slice(b"802.3"),
            4 => self.out.extend_from_slice(b"802.2"),
            ethertype => self.ethertype(ethertype),
        }
        self.length(cooked.len);
    }

    fn ppp_framing(&mut self, framing: PppFraming) {
        if !self.style.link_header {
            return;
        }
        match framing {
            PppFraming::Direction(is_out) => self.out.extend_from_slice(if is_out { b"Out " } else { b"In " }),
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
                    0x0f => self.out.extend_from_slice(b"unicast"),
                    0x8f => self.out.extend_from_slice(b"bcast"),
                    _ => {
                        self.out.extend_from_slice(b"0x");
                        hex_padded(self.out, u64::from(address), 2);
                    }
                }
                self.out.extend_from_slice(b", ethertype ");
                self.text(ethertype_name(ethertype), b"");
                self.number_of(ethertype);
                self.length(len);
            }
        }
    }

    fn ppp(&mut self, protocol: u16, len: u32) {
        if self.style.link_header {
            self.text(ppp_name(protocol), b"");
            self.number_of(protocol);
            self.length(len);
        }
    }

    fn mpls(&mut self, mpls: Mpls, is_further: bool) {
        const NAMES: [&str; 4] = ["IPv4 explicit NULL", "router alert", "IPv6 explicit NULL", "implicit NULL"];
        if !is_further {
            self.out.extend_from_slice(b"MPLS ");
        }
        self.out.extend_from_slice(b"(label ");
        decimal(self.out, mpls.label());
        if self.style.verbose > 0 && mpls.label() < 16 {
            self.out.extend_from_slice(b" (");
            self.text(NAMES.get(mpls.label() as usize).unwrap_or(&"rsvd"), b")");
        }
        self.out.extend_from_slice(b", tc ");
        decimal(self.out, mpls.entry >> 9 & 7);
        if mpls.is_bottom() {
            self.out.extend_from_slice(b", [S]");
        }
        self.out.extend_from_slice(b", ttl ");
        decimal(self.out, mpls.entry & 0xff);
        self.out.push(b')');
        self.lead(b" ", b"\n\t");
    }

    fn nflog(&mut self, nflog: &Nflog) {
        if !self.style.link_header {
            return;
        }
        self.out.extend_from_slice(b"version ");
        decimal(self.out, nflog.version);
        self.out.extend_from_slice(b", resource ID ");
        decimal(self.out, nflog.resource);
        let name = if nflog.family == 2 { "IPv4" } else { "IPv6" };
        if self.style.quiet {
            self.out.extend_from_slice(b", ");
            self.text(name, b"");
        } else {
            self.out.extend_from_slice(b", family ");
            self.text(name, b" (");
            decimal(self.out, nflog.family);
            self.out.push(b')');
        }
        self.length(nflog.len);
    }

    fn arcnet(&mut self, arcnet: &Arcnet) {
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
                240 => self.out.extend_from_slice(b"oldip "),
                212 => self.out.extend_from_slice(b"ip "),
                196 => self.out.extend_from_slice(b"ipv6 "),
                kind => {
                    hex_padded(self.out, u64::from(kind), 2);
                    self.out.push(b' ');
                }
            }
            if let Some(sequence) = arcnet.sequence {
                self.out.extend_from_slice(b"seqid ");
                hex_padded(self.out, u64::from(sequence), 4);
                self.out.push(b' ');
            }
        }
        decimal(self.out, arcnet.len);
        self.out.extend_from_slice(b": ");
    }

    fn fddi(&mut self, fddi: &Fddi<'_>) {
        if !self.style.link_header {
            return;
        }
        if !self.style.quiet {
            self.out.extend_from_slice(b"async");
            decimal(self.out, fddi.control & 0x0f);
            self.out.push(b' ');
        }
        hardware_address(self.out, fddi.src);
        self.out.extend_from_slice(b" > ");
        hardware_address(self.out, fddi.dst);
        self.length(fddi.len);
    }

    /// The header's flags (with `-v`) and addresses, whose meaning depends on the direction bits.
    fn wifi(&mut self, wifi: &Wifi<'_>) {
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
            self.out.extend_from_slice(b"us ");
        }
        if kind & 0xb0 != 0 {
            self.out.extend_from_slice(b"CF ");
            self.out.extend_from_slice([&b""[..], b"Ack", b"Poll", b"Ack/Poll"][usize::from(kind >> 4 & 3)]);
            self.out.extend_from_slice(if kind & 0x80 != 0 { b"+QoS " } else { b" " });
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

    fn udp(&mut self, ip: &Ip<'_>, udp: &Udp) {
        ip::host(self.out, ip.src, self.names);
        self.out.push(b'.');
        decimal(self.out, udp.src);
        self.out.extend_from_slice(b" > ");
        ip::host(self.out, ip.dst, self.names);
        self.out.push(b'.');
        decimal(self.out, udp.dst);
        self.out.extend_from_slice(b": ");
        // tcpdump 4.99.3 asks for one more -v with IPv4, where a sender may leave the sum out.
        let from = if ip.is_v4() { 2 } else { 1 };
        if self.style.verbose >= from && !self.style.no_checksum {
            self.udp_checksum(ip);
        }
    }

    fn udp_checksum(&mut self, ip: &Ip<'_>) {
        let field =
            ip.payload.get(6..).and_then(|field| field.first_chunk()).map_or(0, |field| u16::from_be_bytes(*field));
        match udp_checksum(ip) {
            Checksum::Unknown | Checksum::Partial => {}
            _ if ip.is_v4() && field == 0 => self.out.extend_from_slice(b"[no cksum] "),
            Checksum::Correct => self.out.extend_from_slice(b"[udp sum ok] "),
            Checksum::Wrong { expected } => {
                self.out.extend_from_slice(b"[bad udp cksum 0x");
                hex_padded(self.out, u64::from(field), 4);
                self.out.extend_from_slice(b" -> 0x");
                hex_padded(self.out, u64::from(expected), 4);
                self.out.extend_from_slice(b"!] ");
            }
        }
    }

    fn gre(&mut self, gre: &Gre) {
        let version = gre.flags & 7;
        self.out.extend_from_slice(b"GREv");
        decimal(self.out, version);
        if self.style.verbose > 0 {
            self.out.extend_from_slice(b", Flags [");
            let mut separator: &[u8] = b"";
            for (bit, name) in [
                (0x8000, "checksum present"),
                (0x4000, "routing present"),
                (0x2000, "key present"),
                (0x1000, "sequence# present"),
                (0x0800, "source routing present"),
                (0x0080, "ack present"),
            ] {
                if gre.flags & bit != 0 {
                    self.out.extend_from_slice(separator);
                    self.text(name, b"");
                    separator = b", ";
                }
            }
            self.out.extend_from_slice(if separator.is_empty() { b"none]" } else { b"]" });
        }
        if let Some(word) = gre.checksum {
            if self.style.verbose > 0 {
                self.out.extend_from_slice(b", sum 0x");
                hex(self.out, u64::from(word >> 16));
            }
            self.out.extend_from_slice(b", off 0x");
            hex(self.out, u64::from(word & 0xffff));
        }
        match gre.key {
            Some(key) if version == 1 => {
                self.out.extend_from_slice(b", call ");
                decimal(self.out, key & 0xffff);
            }
            Some(key) => {
                self.out.extend_from_slice(b", key=0x");
                hex(self.out, u64::from(key));
            }
            None => {}
        }
        for (name, number) in [(", seq ", gre.sequence), (", ack ", gre.ack)] {
            if let Some(number) = number {
                self.text(name, b"");
                decimal(self.out, number);
            }
        }
        if self.style.link_header {
            self.out.extend_from_slice(b", proto ");
            let name = ethertype_name(gre.protocol);
            self.text(if name == UNKNOWN { "unknown" } else { name }, b"");
            self.number_of(gre.protocol);
        }
        self.out.extend_from_slice(b", length ");
        decimal(self.out, gre.len);
        self.lead(b": ", b"\n\t");
    }

    fn vxlan(&mut self, vxlan: &Vxlan, udp_port: u16) {
        /// Linux's old port is OTV's, and tcpdump says so.
        const OTV: u16 = 8472;
        if vxlan.next.is_some() {
            self.out.extend_from_slice(b"VXLAN-GPE, flags [");
            for (bit, letter) in [(0x08, b'I'), (0x04, b'P'), (0x01, b'O')] {
                if vxlan.flags & bit != 0 {
                    self.out.push(letter);
                }
            }
            self.out.extend_from_slice(b"], vni ");
            decimal(self.out, vxlan.network);
            return self.lead(b": ", b"\n    ");
        }
        self.out.extend_from_slice(if udp_port == OTV { b"OTV" } else { b"VXLAN" });
        self.out.extend_from_slice(b", flags [I] (0x");
        hex_padded(self.out, u64::from(vxlan.flags), 2);
        if udp_port == OTV {
            self.out.extend_from_slice(b"), overlay ");
            decimal(self.out, vxlan.reserved);
            self.out.extend_from_slice(b", instance ");
        } else {
            self.out.extend_from_slice(b"), vni ");
        }
        decimal(self.out, vxlan.network);
        self.out.push(b'\n');
    }

    fn geneve(&mut self, geneve: &Geneve<'_>) {
        self.out.extend_from_slice(b"Geneve, Flags [");
        for (bit, letter) in [(0x80, b'O'), (0x40, b'C')] {
            if geneve.flags & bit != 0 {
                self.out.push(letter);
            }
        }
        self.out.extend_from_slice(if geneve.flags & 0xc0 == 0 { b"none], vni 0x" } else { b"], vni 0x" });
        hex(self.out, u64::from(geneve.network));
        if self.style.link_header {
            self.out.extend_from_slice(b", proto ");
            self.text(ethertype_name(geneve.protocol), b"");
            self.number_of(geneve.protocol);
        }
        if !geneve.options.is_empty() {
            self.out.extend_from_slice(b", options [");
            if self.style.verbose > 0 {
                self.geneve_options(geneve.options);
            } else {
                decimal(self.out, geneve.options.len());
                self.out.extend_from_slice(b" bytes");
            }
            self.out.push(b']');
        }
        self.lead(b": ", b"\n\t");
    }

    // RFC 8926 §3.5: class, type (0x80: critical), length of the data in words.
    fn geneve_options(&mut self, mut options: &[u8]) {
        let mut separator: &[u8] = b"";
        while let [c0, c1, kind, words, ref behind @ ..] = *options {
            let len = usize::from(words & 0x1f) * 4;
            let Some((data, behind)) = behind.split_at_checked(len) else { return };
            let class = u16::from_be_bytes([c0, c1]);
            self.out.extend_from_slice(separator);
            self.out.extend_from_slice(b"class ");
            let name = match class {
                0..=0xff => "Standard",
                0x100 => "Linux",
                0x101 => "Open vSwitch",
                0x102 => "Open Virtual Networking (OVN)",
                0x103 => "In-band Network Telemetry (INT)",
                0x104 => "VMware",
                0xfff0.. => "Experimental",
                _ => UNKNOWN,
            };
            self.text(name, b" (0x");
            hex(self.out, u64::from(class));
            self.out.extend_from_slice(b") type 0x");
            hex(self.out, u64::from(kind));
            self.out.extend_from_slice(if kind & 0x80 != 0 { b"(C) len " } else { b" len " });
            decimal(self.out, len + 4);
            if self.style.verbose > 1 && !data.is_empty() {
                self.out.extend_from_slice(b" data");
                for word in data.chunks(4) {
                    self.out.push(b' ');
                    hex_bytes(self.out, word);
                }
            }
            options = behind;
            separator = b", ";
        }
    }

    /// tcpdump 4.99.3 does not look into GTP, Teredo, ERSPAN and EtherIP; these words are our own.
    fn gtp(&mut self, gtp: &Gtp) {
        self.out.extend_from_slice(b"GTP-U, teid 0x");
        hex(self.out, u64::from(gtp.endpoint));
        self.lead(b": ", b"\n\t");
    }

    fn erspan(&mut self, erspan: &Erspan) {
        self.out.extend_from_slice(b"ERSPAN type ");
        decimal(self.out, erspan.kind);
        if let Some(session) = erspan.session {
            self.out.extend_from_slice(b", session ");
            decimal(self.out, session);
        }
        self.lead(b": ", b"\n\t");
    }
}

const UNKNOWN: &str = "Unknown";

/// Names of the EtherTypes behind which TCP can be found.
fn ethertype_name(ethertype: u16) -> &'static str {
    match ethertype {
        0x0800 => "IPv4",
        0x86dd => "IPv6",
        0x8100 => "802.1Q",
        0x88a8 => "802.1Q-QinQ",
        0x9100 => "802.1Q-9100",
        0x9200 => "802.1Q-9200",
        0x8847 => "MPLS unicast",
        0x8848 => "MPLS multicast",
        0x8864 => "PPPoE S",
        0x880b => "PPP",
        0x6558 => "TEB",
        _ => UNKNOWN,
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
fn hardware_address(out: &mut Vec<u8>, addr: &[u8; 6]) {
    let mut separator: &[u8] = b"";
    for &byte in addr {
        out.extend_from_slice(separator);
        hex_padded(out, u64::from(byte), 2);
        separator = b":";
    }
}

/// Text with spaces behind it up to a width.
fn pad_right(out: &mut Vec<u8>, text: &str, width: usize) {
    out.extend_from_slice(text.as_bytes());
    out.extend(std::iter::repeat_n(b' ', width.saturating_sub(text.len())));
}
