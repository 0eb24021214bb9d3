//! What a line says of a switch's tags: Marvell's and Broadcom's.

use super::Append;
use super::integer::{decimal, hex_padded};
use super::layers::{Line, ethertype_name};
use super::link::hardware_address;
use crate::dissect::{SwitchTag, SwitchTagKind};

impl Line<'_, '_, '_> {
    pub(super) fn switch_tag(&mut self, frame: &SwitchTag<'_>) {
        let shows_header = self.style.link_header;
        // A tag before the frame is link-layer header and nothing else.
        let Some((dst, src)) = frame.addresses else {
            if shows_header {
                self.broadcom(frame.tag);
            }
            return;
        };
        if shows_header {
            hardware_address(self.out, src);
            self.out.add(b" > ");
            hardware_address(self.out, dst);
            self.out.add(b", ");
        }
        match frame.kind {
            SwitchTagKind::Dsa => self.out.add(if shows_header { b"Marvell DSA " } else { b"DSA " }),
            SwitchTagKind::Edsa(ethertype, [r0, r1]) => {
                self.out.add(if shows_header { b"Marvell EDSA ethertype 0x" } else { b"EDSA 0x" });
                hex_padded(self.out, u64::from(ethertype), 4);
                if shows_header {
                    self.out.add(b" (");
                    self.text(ethertype_name(ethertype), b"), rsvd ");
                    decimal(self.out, r0);
                    self.out.push(b' ');
                    decimal(self.out, r1);
                }
                self.out.add(b", ");
            }
            SwitchTagKind::Broadcom => {}
        }
        match (frame.kind, shows_header) {
            (SwitchTagKind::Broadcom, _) => self.broadcom(frame.tag),
            (_, true) => self.marvell_in_full(frame.tag),
            (_, false) => self.marvell(frame.tag),
        }
        if !shows_header {
            return;
        }
        if frame.ethertype <= 1500 {
            self.out.add(b"802.3");
            self.length(frame.ethertype.into());
        } else {
            self.ethertype(frame.ethertype);
            self.length(frame.len);
        }
    }

    /// Mode (2 bits), tagged (1), device (5); port (5), trunk or sniffer's side (1), code (2); priority (3), code (1), VLAN (12).
    fn marvell(&mut self, [mode, port, v0, v1]: [u8; 4]) {
        let (device, number, flag) = (mode & 0x1f, port >> 3, port & 0x04 != 0);
        let (before, after): (&[u8], &[u8]) = match (mode >> 6, flag) {
            (0, _) => (b"port ", b" > CPU, "),
            (1, _) => (b"CPU > port ", b", "),
            (2, true) => (b"port ", b" > Rx Sniffer, "),
            (2, false) => (b"port ", b" > Tx Sniffer, "),
            (_, true) => (b"Forward trunk ", b", "),
            (_, false) => (b"Forward port ", b", "),
        };
        self.out.add(before);
        decimal(self.out, device);
        self.out.push(b'.');
        decimal(self.out, number);
        self.out.add(after);
        self.out.add(b"VLAN ");
        decimal(self.out, u16::from_be_bytes([v0 & 0x0f, v1]));
        self.out.add(if mode & 0x20 != 0 { b"t, " } else { b"u, " });
    }

    fn marvell_in_full(&mut self, [mode, port, v0, v1]: [u8; 4]) {
        let flag = port & 0x04 != 0;
        let (name, device, number): (&[u8], &[u8], &[u8]) = match (mode >> 6, flag) {
            (0, _) => (b"To CPU", b"source dev ", b", port "),
            (1, _) => (b"From CPU", b"target dev ", b", port "),
            (2, _) => (b"To Sniffer", b"source dev ", b", port "),
            (_, true) => (b"Forward", b"dev ", b", trunk "),
            (_, false) => (b"Forward", b"dev ", b", port "),
        };
        self.out.add(b"mode ");
        self.out.add(name);
        self.out.add(b", ");
        self.out.add(device);
        decimal(self.out, mode & 0x1f);
        self.out.add(number);
        decimal(self.out, port >> 3);
        self.out.add(b", ");
        match mode >> 6 {
            0 => {
                let code = match (port & 0x06) << 1 | v0 >> 4 & 1 {
                    0 => "BPDU (MGMT) Trap",
                    1 => "Frame2Reg",
                    2 => "IGMP/MLD Trap",
                    3 => "Policy Trap",
                    4 => "ARP Mirror",
                    5 => "Policy Mirror",
                    _ => "reserved",
                };
                self.out.add(b"code ");
                self.text(code, b", ");
            }
            2 => self.out.add(if flag { b"ingress sniff, " } else { b"egress sniff, " }),
            _ => {}
        }
        self.out.add(if mode & 0x20 != 0 { b"tagged, " } else { b"untagged, " });
        self.out.add(if port & 1 != 0 { b"CFI, " } else { b"" });
        self.out.add(b"VID ");
        decimal(self.out, u16::from_be_bytes([v0 & 0x0f, v1]));
        self.out.add(b", FPri ");
        decimal(self.out, v0 >> 5);
        self.out.add(b", ");
    }

    /// Of a frame to the switch operation (3), class (3), tag handling (2), and destinations; of one from it classification (8),
    /// reason (8), class (3), port (5).
    fn broadcom(&mut self, [operation, a, b, c]: [u8; 4]) {
        self.out.add(if operation == 0 { b"BRCM tag OP: EG" } else { b"BRCM tag OP: IG" });
        if operation & 0x20 != 0 {
            let handling = ["None", "Untag", "Header", "Reserved"];
            self.out.add(b", TC: ");
            decimal(self.out, a >> 2 & 7);
            self.out.add(b", TE: ");
            self.text(handling[usize::from(a & 3)], b", TS: ");
            decimal(self.out, a >> 7);
            self.out.add(b", DST map: 0x");
            hex_padded(self.out, u64::from(u16::from_be_bytes([b & 1, c])), 4);
        } else {
            let reason = match b {
                1 => "mirror",
                2 => "MAC learning",
                4 => "switching",
                8 => "prot term",
                16 => "prot snoop",
                32 => "exception",
                _ => "reserved",
            };
            self.out.add(b", CID: ");
            decimal(self.out, a);
            self.out.add(b", RC: ");
            self.text(reason, b", TC: ");
            decimal(self.out, c >> 5);
            self.out.add(b", port: ");
            decimal(self.out, c & 0x1f);
        }
        self.out.add(b", ");
    }
}
