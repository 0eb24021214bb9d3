//! What a line says of the layers below TCP, outermost first.

use super::integer::{decimal, hex_padded};
use super::{Append, BufferWriter, LineStyle, Names, ip, radio};
use crate::dissect::{Dissection, Ip, Layer};

/// Writes everything between the time stamp and the segment's own part.
///
/// What follows is `A.port > B.port: `, or `port > port: ` where [`Ip::is_extended`] (the addresses stand there already).
#[inline(always)]
pub(super) fn write(out: &mut BufferWriter<'_>, style: &LineStyle, names: &Names, dissection: &Dissection<'_>) {
    if let [Layer::Ethernet(_), Layer::Ip(ip)] = &dissection.layers[..]
        && !style.link_header
    {
        return ip::write(out, style, names, ip);
    }
    write_each(out, style, names, dissection);
}

/// As [`write`], of whatever layers there are.
#[inline(never)]
fn write_each(out: &mut BufferWriter<'_>, style: &LineStyle, names: &Names, dissection: &Dissection<'_>) {
    if style.link_header && matches!(dissection.layers.first(), Some(Layer::Ip(_))) {
        out.add(b"ip: ");
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
            Layer::Ppp(ppp) => line.ppp(*ppp, before),
            Layer::Pppoe(pppoe) => line.pppoe(*pppoe),
            Layer::Mpls(mpls) => line.mpls(*mpls, matches!(before, Some(Layer::Mpls(_)))),
            Layer::Wifi(wifi) => {
                radio::write(line.out, wifi.radiotap);
                line.wifi(wifi);
            }
            Layer::Nflog(nflog) => line.nflog(nflog),
            Layer::Infiniband(infiniband) => line.infiniband(*infiniband),
            Layer::Arcnet(arcnet) => line.arcnet(arcnet),
            Layer::Fddi(fddi) => line.fddi(fddi),
            Layer::Gre(gre) => line.gre(gre),
            Layer::Vxlan(vxlan) => line.vxlan(vxlan, udp_port),
            Layer::Geneve(geneve) => line.geneve(geneve),
            Layer::Gtp(gtp) => line.gtp(gtp),
            Layer::Erspan(erspan) => line.erspan(erspan),
            Layer::Teredo => line.out.add(b"Teredo: "),
            Layer::EtherIp => line.out.add(b"EtherIP: "),
            Layer::L2tp(l2tp) => line.l2tp(l2tp),
            Layer::Nsh(nsh) => line.nsh(nsh),
            Layer::TokenRing(ring) => line.token_ring(ring),
            Layer::Snap(snap) => line.snap(snap.organisation, snap.protocol, snap.len),
            Layer::FrameRelay(relay) => line.frame_relay(relay),
            Layer::Multilink(sequence) => line.multilink(*sequence),
            Layer::SwitchTag(tag) => line.switch_tag(tag),
            Layer::Slip(slip) => line.slip(slip),
            Layer::Atm(atm) => line.atm(*atm),
            Layer::Ipnet(ipnet) => line.ipnet(ipnet),
            Layer::LongAddresses(addresses) => line.long_addresses(addresses),
            Layer::Juniper(juniper) => line.juniper(juniper),
            Layer::Typed(ethertype, len) => line.typed(*ethertype, *len),
            Layer::Tag(_) | Layer::Envelope(_) => {}
        }
    }
}

/// Where the packet begins behind the link-layer header, for `-x` and its like.
pub(super) fn header_len(dissection: &Dissection<'_>) -> usize {
    // tcpdump counts labels and sessions to the packet.
    let mut behind = 0;
    let mut in_session = false;
    let mut start = 0;
    for layer in &dissection.layers {
        match layer {
            Layer::Mpls(_) => behind += 4,
            Layer::Multilink(_) => start += 2,
            Layer::Pppoe(_) => {
                behind += 6;
                in_session = true;
            }
            Layer::Ppp(_) if in_session => behind += 2,
            Layer::Nsh(nsh) => behind += 8 + nsh.context.len(),
            Layer::FrameRelay(relay) => return start + usize::from(relay.header_len),
            Layer::Juniper(juniper) => return usize::from(juniper.header_len),
            Layer::Ip(ip) => return (ip.offset as usize).saturating_sub(behind),
            _ => {}
        }
    }
    0
}

/// What stands behind a segment that is carried in something which encloses it.
pub(super) fn close(out: &mut BufferWriter<'_>, dissection: &Dissection<'_>) {
    for layer in &dissection.layers {
        if let Layer::L2tp(l2tp) = layer
            && l2tp.version() == 2
        {
            out.push(b'}');
        }
    }
}

/// A line being written.
pub(super) struct Line<'o, 'p, 's> {
    pub out: &'o mut BufferWriter<'p>,
    pub style: &'s LineStyle,
    pub names: &'s Names,
}

impl Line<'_, '_, '_> {
    pub(super) fn text(&mut self, text: &str, end: &[u8]) {
        self.out.add(text.as_bytes());
        self.out.add(end);
    }

    /// `, length N: `
    pub(super) fn length(&mut self, len: u32) {
        self.out.add(b", length ");
        decimal(self.out, len);
        self.out.add(b": ");
    }

    /// ` (0x0800)`
    pub(super) fn number_of(&mut self, ethertype: u16) {
        self.out.add(b" (0x");
        hex_padded(self.out, u64::from(ethertype), 4);
        self.out.push(b')');
    }

    /// `ethertype IPv4 (0x0800)`, or `IPv4` with `-q`.
    pub(super) fn ethertype(&mut self, ethertype: u16) {
        let name = ethertype_name(ethertype);
        if !self.style.quiet {
            self.out.add(b"ethertype ");
            self.out.add(name.as_bytes());
            self.number_of(ethertype);
        } else if name == UNKNOWN {
            self.out.add(b"Unknown Ethertype");
            self.number_of(ethertype);
        } else {
            self.out.add(name.as_bytes());
        }
    }

    /// What leads from a layer that names its payload to the payload: on a line of its own with `-v`.
    pub(super) fn lead(&mut self, plain: &[u8], verbose: &[u8]) {
        self.out.add(if self.style.verbose > 0 { verbose } else { plain });
    }
}

/// What stands for an EtherType without a name.
pub(super) const UNKNOWN: &str = "Unknown";

/// Names of the EtherTypes behind which TCP can be found.
pub(super) fn ethertype_name(ethertype: u16) -> &'static str {
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
        0x894f => "NSH",
        _ => UNKNOWN,
    }
}
