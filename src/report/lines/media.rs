//! What a line says of rarer networks: Frame Relay, ATM, Token Ring, serial lines, and others.

use super::Append;
use super::integer::{decimal, hex, hex_padded};
use super::layers::{Line, UNKNOWN, ethertype_name};
use super::link::hardware_address;
use crate::dissect::{Atm, Card, FrameRelay, Ipnet, Juniper, LongAddresses, Slip, TokenRing};

impl Line<'_, '_, '_> {
    pub(super) fn frame_relay(&mut self, relay: &FrameRelay) {
        // RFC 2427 §3: padding goes with an address of three bytes.
        let is_encapsulated = relay.protocol <= 0xff;
        if is_encapsulated && relay.padded != (relay.address_len == 3) {
            self.out.add(if relay.padded { b"Pad! " } else { b"No pad! " });
        }
        if !self.style.link_header {
            return;
        }
        self.out.add(b"Q.922, ");
        if !self.style.quiet {
            self.out.add(b"hdr-len ");
            decimal(self.out, relay.address_len);
            self.out.add(b", ");
        }
        self.out.add(b"DLCI ");
        decimal(self.out, relay.dlci);
        if !self.style.quiet {
            self.out.add(b", Flags [");
            let set = FrameRelay::FLAGS.iter().filter(|(bit, _)| relay.flags & bit != 0).map(|(_, name)| *name);
            self.names(set);
            if is_encapsulated {
                self.out.add(b"], NLPID ");
                let name = match relay.protocol {
                    0xcc => "IPv4",
                    0x8e => "IPv6",
                    0x80 => "SNAP",
                    _ => "PPP",
                };
                self.text(name, b" (0x");
                hex_padded(self.out, u64::from(relay.protocol), 2);
                self.out.push(b')');
            } else {
                self.out.add(b"], cisco-ethertype ");
                let name = ethertype_name(relay.protocol);
                self.text(if name == UNKNOWN { "unknown" } else { name }, b"");
                self.number_of(relay.protocol);
            }
        }
        self.length(relay.len);
    }

    pub(super) fn multilink(&mut self, sequence: u16) {
        self.out.add(b"FRF.16 Frag, seq ");
        decimal(self.out, sequence);
        self.out.add(b", Flags [Begin, End], ");
    }

    /// Names with commas between them, or `none`.
    fn names<'n>(&mut self, names: impl Iterator<Item = &'n str>) {
        let mut separator = None;
        for name in names {
            self.out.add(separator.unwrap_or_default());
            self.text(name, b"");
            separator = Some(b", ".as_slice());
        }
        if separator.is_none() {
            self.out.add(b"none");
        }
    }

    pub(super) fn token_ring(&mut self, ring: &TokenRing<'_>) {
        if self.style.link_header {
            if !self.style.quiet {
                for byte in ring.control {
                    hex_padded(self.out, u64::from(byte), 2);
                    self.out.push(b' ');
                }
            }
            hardware_address(self.out, &ring.src);
            self.out.add(b" > ");
            hardware_address(self.out, ring.dst);
            self.length(ring.len);
        }
        let Some((&[kind, control], segments)) = ring.route.split_first_chunk::<2>() else { return };
        let segments = segments.chunks_exact(2).filter_map(<[u8]>::first_chunk).map(|&word| u16::from_be_bytes(word));
        if self.style.verbose > 0 {
            let indicator = ["Non-Broadcast", "Non-Broadcast", "All-routes", "Single-route"];
            self.text(indicator[usize::from(kind >> 6)], if control & 0x80 != 0 { b" Backward" } else { b" Forward" });
            for segment in segments {
                self.out.add(b" [");
                decimal(self.out, segment >> 4);
                self.out.push(b':');
                decimal(self.out, segment & 0x0f);
                self.out.push(b']');
            }
        } else {
            self.out.add(b"rt = ");
            hex(self.out, u64::from(u16::from_be_bytes([kind, control])));
            for segment in segments {
                self.out.push(b':');
                hex(self.out, u64::from(segment));
            }
        }
        let largest = ["516", "1500", "2052", "4472", "8144", "11407", "17800", "??"];
        self.out.add(b" (");
        self.text(largest[usize::from(control >> 4 & 7)], b") ");
    }

    pub(super) fn slip(&mut self, slip: &Slip) {
        if !self.style.link_header {
            return;
        }
        match slip.direction {
            0 => self.out.add(b"I "),
            1 => self.out.add(b"O "),
            other => {
                self.out.add(b"Invalid direction ");
                decimal(self.out, other);
                self.out.push(b' ');
            }
        }
        match slip.compression {
            0x40..=0x4f => {
                self.out.add(b"ip ");
                decimal(self.out, slip.len);
                self.out.add(b": ");
            }
            // RFC 1144: which connection, and how its numbers have changed; what they were is not told here.
            0x70..=0xff if slip.direction < 2 => self.out.add(b"ctcp: "),
            other if slip.direction < 2 => {
                self.out.add(b"slip-");
                decimal(self.out, other);
                self.out.add(b"!: ");
            }
            _ => {}
        }
    }

    pub(super) fn atm(&mut self, atm: Atm) {
        if !self.style.link_header {
            return;
        }
        match atm {
            Atm::Classical(len) => {
                decimal(self.out, len);
                self.out.add(b": ");
            }
            Atm::Sun(is_out, path, channel) => {
                self.out.add(if is_out { b"Tx: VPI:" } else { b"Rx: VPI:" });
                decimal(self.out, path);
                self.out.add(b" VCI:");
                decimal(self.out, channel);
                self.out.push(b' ');
            }
        }
    }

    pub(super) fn ipnet(&mut self, ipnet: &Ipnet) {
        if !self.style.link_header {
            return;
        }
        decimal(self.out, ipnet.src);
        self.out.add(b" > ");
        decimal(self.out, ipnet.dst);
        self.out.add(if self.style.quiet { b", " } else { b", family " });
        self.text(if ipnet.family == 2 { "IPv4" } else { "IPv6" }, b"");
        if !self.style.quiet {
            self.out.add(b" (");
            decimal(self.out, ipnet.family);
            self.out.push(b')');
        }
        self.length(ipnet.len);
    }

    pub(super) fn long_addresses(&mut self, addresses: &LongAddresses<'_>) {
        if !self.style.link_header {
            return;
        }
        // Over Fibre Channel two bytes stand before an address of the usual length.
        let skipped = if addresses.ethertype.is_some() { 0 } else { 2 };
        hardware_address(self.out, addresses.src.get(skipped..).unwrap_or_default());
        self.out.add(b" > ");
        hardware_address(self.out, addresses.dst.get(skipped..).unwrap_or_default());
        if let Some(ethertype) = addresses.ethertype {
            self.out.add(b", ");
            self.ethertype(ethertype);
        }
        self.length(addresses.len);
    }

    pub(super) fn typed(&mut self, ethertype: u16, len: u32) {
        if self.style.link_header {
            self.ethertype(ethertype);
            self.length(len);
        }
    }

    pub(super) fn juniper(&mut self, juniper: &Juniper<'_>) {
        let (is_in, has_link_header) = (juniper.flags & 0x01 != 0, juniper.flags & 0x02 == 0);
        if self.style.link_header {
            self.out.add(if is_in { b" In " } else { b"Out " });
        }
        if self.style.verbose > 1 {
            let flags = [(0x80, "Ext"), (0x40, "Filter"), (0x04, "IIF"), (0x02, "no-L2"), (0x01, "In")];
            self.out.add(b"\n\tJuniper PCAP Flags [");
            self.names(flags.iter().filter(|(bit, _)| juniper.flags & bit != 0).map(|(_, name)| *name));
            self.out.push(b']');
        }
        if !self.style.link_header {
            return;
        }
        if !has_link_header {
            return self.out.add(b"no-L2-hdr, ");
        }
        if let Some(name) = juniper.card.name() {
            self.text(name, b"-PIC, cookie-len ");
            decimal(self.out, juniper.cookie.len());
            if !juniper.cookie.is_empty() {
                self.out.add(b", cookie 0x");
                juniper.cookie.iter().for_each(|byte| hex_padded(self.out, u64::from(*byte), 2));
            }
            self.out.add(b": ");
        }
        let [n0, n1, n2, n3, n4, n5, n6, n7] = juniper.next;
        self.out.add(b"hlen ");
        decimal(self.out, juniper.header_len);
        self.out.add(b", proto 0x");
        // Cards without a cookie are not asked what they carry.
        let next = if juniper.card.name().is_some() { u16::from_be_bytes([n0, n1]) } else { 0 };
        hex_padded(self.out, u64::from(next), 4);
        self.out.add(b", ");
        match (juniper.card, juniper.cookie) {
            // tcpdump 4.99.3 reads the fields of these two where the packet begins.
            (Card::Monitor, _) => {
                self.fields(&[
                    ("service-id ", u32::from_be_bytes([n4, n5, n6, n7])),
                    (", iif ", u32::from_be_bytes([0, 0, n2, n3])),
                    (", pkt-type ", n0.into()),
                ]);
            }
            (Card::Services, _) => {
                self.out.add(b"service-id ");
                decimal(self.out, n0);
                self.out.add(b" flags 0x");
                hex_padded(self.out, u64::from(n1), 2);
                self.out.add(b" service-set-id 0x");
                hex_padded(self.out, u64::from(u16::from_be_bytes([n2, n3])), 4);
                self.fields(&[(" iif ", u32::from_be_bytes([0, n5, n6, n7]))]);
            }
            (Card::Ggsn, &[_, _, protocol, _, v0, v1, ..]) => {
                let name = match protocol {
                    1 => "Null",
                    2 => "IPv4",
                    6 => "IPv6",
                    _ => "Unknown",
                };
                self.out.add(b"proto ");
                self.text(name, b" (");
                decimal(self.out, protocol);
                self.out.push(b')');
                self.fields(&[(", vlan ", u32::from_be_bytes([0, 0, v0, v1]))]);
            }
            _ => {}
        }
    }

    /// Names and numbers, then a colon.
    fn fields(&mut self, fields: &[(&str, u32)]) {
        for (name, number) in fields {
            self.text(name, b"");
            decimal(self.out, *number);
        }
        self.out.add(b": ");
    }
}
