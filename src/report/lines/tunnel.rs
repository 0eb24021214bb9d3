//! What a line says of the headers between one IP packet and the next.

use super::Append;
use super::integer::{self, decimal, hex, hex_bytes, hex_padded};
use super::ip;
use super::layers::{Line, UNKNOWN, ethertype_name};
use crate::dissect::{Checksum, Erspan, Geneve, Gre, Gtp, Ip, L2tp, Nsh, Udp, Vxlan, udp_checksum};

impl Line<'_, '_, '_> {
    pub(super) fn udp(&mut self, ip: &Ip<'_>, udp: &Udp) {
        ip::host(self.out, ip.src, self.names);
        self.out.push(b'.');
        decimal(self.out, udp.src);
        self.out.add(b" > ");
        ip::host(self.out, ip.dst, self.names);
        self.out.push(b'.');
        decimal(self.out, udp.dst);
        self.out.add(b": ");
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
            _ if ip.is_v4() && field == 0 => self.out.add(b"[no cksum] "),
            Checksum::Correct => self.out.add(b"[udp sum ok] "),
            Checksum::Wrong { expected } => {
                self.out.add(b"[bad udp cksum 0x");
                hex_padded(self.out, u64::from(field), 4);
                self.out.add(b" -> 0x");
                hex_padded(self.out, u64::from(expected), 4);
                self.out.add(b"!] ");
            }
        }
    }

    pub(super) fn gre(&mut self, gre: &Gre) {
        let version = gre.flags & 7;
        self.out.add(b"GREv");
        decimal(self.out, version);
        if self.style.verbose > 0 {
            self.out.add(b", Flags [");
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
                    self.out.add(separator);
                    self.text(name, b"");
                    separator = b", ";
                }
            }
            self.out.add(if separator.is_empty() { b"none]" } else { b"]" });
        }
        if let Some(word) = gre.checksum {
            if self.style.verbose > 0 {
                self.out.add(b", sum 0x");
                hex(self.out, u64::from(word >> 16));
            }
            self.out.add(b", off 0x");
            hex(self.out, u64::from(word & 0xffff));
        }
        match gre.key {
            Some(key) if version == 1 => {
                self.out.add(b", call ");
                decimal(self.out, key & 0xffff);
            }
            Some(key) => {
                self.out.add(b", key=0x");
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
            self.out.add(b", proto ");
            let name = ethertype_name(gre.protocol);
            self.text(if name == UNKNOWN { "unknown" } else { name }, b"");
            self.number_of(gre.protocol);
        }
        self.out.add(b", length ");
        decimal(self.out, gre.len);
        self.lead(b": ", b"\n\t");
    }

    pub(super) fn vxlan(&mut self, vxlan: &Vxlan, udp_port: u16) {
        /// Linux's old port is OTV's, and tcpdump says so.
        const OTV: u16 = 8472;
        if vxlan.next.is_some() {
            self.out.add(b"VXLAN-GPE, flags [");
            for (bit, letter) in [(0x08, b'I'), (0x04, b'P'), (0x01, b'O')] {
                if vxlan.flags & bit != 0 {
                    self.out.push(letter);
                }
            }
            self.out.add(b"], vni ");
            decimal(self.out, vxlan.network);
            return self.lead(b": ", b"\n    ");
        }
        self.out.add(if udp_port == OTV { b"OTV" } else { b"VXLAN" });
        self.out.add(b", flags [I] (0x");
        hex_padded(self.out, u64::from(vxlan.flags), 2);
        if udp_port == OTV {
            self.out.add(b"), overlay ");
            decimal(self.out, vxlan.reserved);
            self.out.add(b", instance ");
        } else {
            self.out.add(b"), vni ");
        }
        decimal(self.out, vxlan.network);
        self.out.push(b'\n');
    }

    pub(super) fn geneve(&mut self, geneve: &Geneve<'_>) {
        self.out.add(b"Geneve, Flags [");
        for (bit, letter) in [(0x80, b'O'), (0x40, b'C')] {
            if geneve.flags & bit != 0 {
                self.out.push(letter);
            }
        }
        self.out.add(if geneve.flags & 0xc0 == 0 { b"none], vni 0x" } else { b"], vni 0x" });
        hex(self.out, u64::from(geneve.network));
        if self.style.link_header {
            self.out.add(b", proto ");
            self.text(ethertype_name(geneve.protocol), b"");
            self.number_of(geneve.protocol);
        }
        if !geneve.options.is_empty() {
            self.out.add(b", options [");
            if self.style.verbose > 0 {
                self.geneve_options(geneve.options);
            } else {
                decimal(self.out, geneve.options.len());
                self.out.add(b" bytes");
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
            self.out.add(separator);
            self.out.add(b"class ");
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
            self.out.add(b") type 0x");
            hex(self.out, u64::from(kind));
            self.out.add(if kind & 0x80 != 0 { b"(C) len " } else { b" len " });
            decimal(self.out, len + 4);
            if self.style.verbose > 1 && !data.is_empty() {
                self.out.add(b" data");
                for word in data.chunks(4) {
                    self.out.push(b' ');
                    hex_bytes(self.out, word);
                }
            }
            options = behind;
            separator = b", ";
        }
    }

    pub(super) fn l2tp(&mut self, l2tp: &L2tp) {
        if l2tp.version() != 2 {
            // tcpdump 4.99.3 does not read version 3; these words are our own.
            self.out.add(b"L2TPv3, session ");
            decimal(self.out, l2tp.session);
            return self.lead(b": ", b"\n\t");
        }
        self.out.add(b" l2tp:[");
        for (bit, letter) in [(0x4000, b'L'), (0x0800, b'S'), (0x0200, b'O'), (0x0100, b'P')] {
            if l2tp.flags & bit != 0 {
                self.out.push(letter);
            }
        }
        self.out.add(b"](");
        decimal(self.out, l2tp.tunnel);
        self.out.push(b'/');
        decimal(self.out, l2tp.session);
        self.out.push(b')');
        if let Some((sent, expected)) = l2tp.sequence {
            self.out.add(b"Ns=");
            decimal(self.out, sent);
            self.out.add(b",Nr=");
            decimal(self.out, expected);
        }
        self.out.add(b" {");
    }

    pub(super) fn nsh(&mut self, nsh: &Nsh<'_>) {
        let (verbose, kind) = (self.style.verbose, nsh.base >> 8 & 0x0f);
        self.out.add(b"NSH, ");
        if verbose > 1 {
            self.out.add(b"ver 0, ");
        }
        self.out.add(if nsh.base >> 29 & 1 != 0 { b"flags [O], " } else { b"flags [none], " });
        if verbose > 2 {
            self.out.add(b"TTL ");
            decimal(self.out, nsh.base >> 22 & 0x3f);
            self.out.add(b", length ");
            decimal(self.out, nsh.base >> 16 & 0x3f);
            self.out.add(b", md type ");
            match kind {
                0 => self.out.add(b"reserved"),
                1 | 2 => decimal(self.out, kind),
                15 => self.out.add(b"experimental"),
                other => {
                    self.out.add(b"unknown (0x");
                    hex_padded(self.out, u64::from(other), 2);
                    self.out.push(b')');
                }
            }
            self.out.add(b", ");
        }
        if verbose > 1 {
            let name = match nsh.next() {
                1 => "IPv4",
                2 => "IPv6",
                3 => "Ethernet",
                4 => "NSH",
                _ => "MPLS",
            };
            self.out.add(b"next-protocol ");
            self.text(name, b", ");
        }
        self.out.add(b"service-path-id 0x");
        hex_padded(self.out, u64::from(nsh.path >> 8), 6);
        self.out.add(b", service-index 0x");
        hex(self.out, u64::from(nsh.path & 0xff));
        if verbose > 2 {
            self.nsh_context(kind, nsh.context);
        }
        self.lead(b": ", b"\n    ");
    }

    // RFC 8300 §2.4: four words of the operator's; §2.5.1: class, type, length of the value, value and padding.
    fn nsh_context(&mut self, kind: u32, mut context: &[u8]) {
        for (at, word) in context.chunks_exact(4).enumerate().filter(|_| kind == 1) {
            self.out.add(b"\n        Context[");
            integer::padded(self.out, at as u64, 2, b'0');
            self.out.add(b"]: 0x");
            hex_bytes(self.out, word);
        }
        while kind == 2
            && let [c0, c1, tlv, len, ref behind @ ..] = *context
        {
            let len = usize::from(len & 0x7f);
            self.out.add(b"\n        TLV Class ");
            decimal(self.out, u16::from_be_bytes([c0, c1]));
            self.out.add(b", Type ");
            decimal(self.out, tlv);
            self.out.add(b", Len ");
            decimal(self.out, len);
            let Some((value, behind)) = behind.split_at_checked(len.next_multiple_of(4)) else { return };
            let mut separator: &[u8] = b"\n            Value: 0x";
            for byte in value.iter().take(len) {
                self.out.add(separator);
                hex_padded(self.out, u64::from(*byte), 2);
                separator = b":";
            }
            context = behind;
        }
    }

    /// tcpdump 4.99.3 does not look into GTP, Teredo, ERSPAN and EtherIP; these words are our own.
    pub(super) fn gtp(&mut self, gtp: &Gtp) {
        self.out.add(b"GTP-U, teid 0x");
        hex(self.out, u64::from(gtp.endpoint));
        self.lead(b": ", b"\n\t");
    }

    pub(super) fn erspan(&mut self, erspan: &Erspan) {
        self.out.add(b"ERSPAN type ");
        decimal(self.out, erspan.kind);
        if let Some(session) = erspan.session {
            self.out.add(b", session ");
            decimal(self.out, session);
        }
        self.lead(b": ", b"\n\t");
    }
}
