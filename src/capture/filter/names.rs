//! Which words of an expression are looked up: host and network names by asking the network, service and protocol names in files.

use std::net::Ipv6Addr;

/// The words of pcap-filter(7), and what libpcap takes besides, but for those behind which names of a kind stand.
const WORDS: &str = "aarp address1 address2 address3 address4 addr1 addr2 addr3 addr4 ah and arp atalk atm bcc broadcast byte \
    carp clnp connectmsg csnp dec decnet dir direction dpc dst egp erf es-is esis esp ether fddi fisu geneve greater hdpc hopc \
    hops icmp icmp6 ieee80211 ifindex ifname igmp igrp iih inbound ip ip6 ipx is-is isis iso l1 l2 lane lat len length less \
    link llc lsp lssu lsu metac metaconnect moprc mopdl mpls msu multicast netbeui not oam oamf4 oamf4ec oamf4sc oamf4sec opc \
    or outbound pf_reason on reason rnr rset rulenum ruleset srnr subrulenum action pim ppp pppoed pppoes psnp ra ral rarp \
    rej rr rts s sc sca sctp sdisc sio sls slip snp src stp subtype tcp tr type udp ui vci vlan vpi vrrp vxlan wlan xid radio \
    hdlc u i test dm disc frmr snap icmptype icmpcode icmp6type icmp6code tcpflags icmp-echoreply icmp-unreach \
    icmp-sourcequench icmp-redirect icmp-echo icmp-routeradvert icmp-routersolicit icmp-timxceed icmp-paramprob icmp-tstamp \
    icmp-tstampreply icmp-ireq icmp-ireqreply icmp-maskreq icmp-maskreply icmp6-destinationunrach icmp6-destinationunreach \
    icmp6-packettoobig icmp6-timeexceeded icmp6-parameterproblem icmp6-echo icmp6-echoreply icmp6-multicastlistenerquery \
    icmp6-multicastlistenerreportv1 icmp6-multicastlistenerreportv2 icmp6-multicastlistenerdone icmp6-routersolicit \
    icmp6-routeradvert icmp6-neighborsolicit icmp6-neighboradvert icmp6-redirect icmp6-routerrenum icmp6-nodeinformationquery \
    icmp6-nodeinformationresponse icmp6-ineighbordiscoverysolicit icmp6-ineighbordiscoveryadvert icmp6-mldv2report \
    icmp6-homeagentdiscoveryrequest icmp6-homeagentdiscoveryreply icmp6-mobileprefixsolicit icmp6-mobileprefixadvert \
    icmp6-certpathsolicit icmp6-certpathadvert icmp6-multicastrouteradvert icmp6-multicastroutersolicit \
    icmp6-multicastrouterterm tcp-fin tcp-syn tcp-rst tcp-push tcp-ack tcp-urg tcp-ece tcp-cwr";

/// A word that stands for a number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Named<'e> {
    /// A host or network: the network may be asked for it.
    Host(&'e str),
    /// A service or protocol: files tell it.
    Other,
}

/// The words that are looked up. A word counts as a host's unless it is known what else it is.
pub(super) fn names(expression: &str) -> impl Iterator<Item = Named<'_>> {
    let in_word = |c: char| c.is_ascii_alphanumeric() || "_.:-\\$".contains(c) || !c.is_ascii();
    let words = expression.split(move |c| !in_word(c)).filter(|word| !word.is_empty());
    let mut files_tell = false;
    words.filter_map(move |word| {
        match word {
            "port" | "portrange" | "proto" | "protochain" => files_tell = true,
            // What stands behind a name counts for the next one, too.
            "and" | "or" | "not" => {}
            "host" | "net" | "mask" | "gateway" => files_tell = false,
            _ if WORDS.split_ascii_whitespace().any(|known| known == word) => files_tell = false,
            _ if is_number(word) => {}
            _ if files_tell => return Some(Named::Other),
            _ => return Some(Named::Host(word)),
        }
        None
    })
}

/// A number, a range of them, an address of any kind, or a sign.
fn is_number(word: &str) -> bool {
    let of = |signs: &str| word.chars().all(|c| c.is_ascii_digit() || signs.contains(c));
    let hex = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_hexdigit());
    let groups = |sign: char, count: usize, most: usize| {
        word.split(sign).count() == count && word.split(sign).all(|group| hex(group) && group.len() <= most)
    };
    (of(".") && word.matches('.').count() <= 3)
        || of("-:")
        || word.strip_prefix("0x").or(word.strip_prefix("0X")).is_some_and(hex)
        || word.strip_prefix('$').is_some_and(hex)
        || [':', '-', '.'].iter().any(|sign| groups(*sign, 6, 2))
        || groups('.', 3, 4) && word.split('.').all(|group| group.len() == 4)
        || hex(word) && word.len() == 12
        || word.parse::<Ipv6Addr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_told_from_what_files_tell_and_from_numbers() {
        for numeric in [
            "tcp port 80 and not host 10.0.0.1",
            "net 10.0.0.0/8 or net 10 mask 255.0.0.0 or host 2001:db8::1 or src net fe80::/10",
            "ether host 02:00:00:00:00:01 or ether dst 02-0-0-0-0-1 or ether src 0200.0000.0001 or ether host 020000000001",
            "tcp[tcpflags] & (tcp-syn|tcp-ack) != 0 and ip[2:2] > 0x40 && portrange 80-90||len<=100",
            "vlan 5 and ip6 proto 6 and less 64",
        ] {
            assert_eq!(names(numeric).collect::<Vec<_>>(), [], "{numeric}");
        }
        for files in ["port http", "tcp dst port http or https", "ip proto \\tcp", "portrange ftp-80"] {
            assert!(names(files).count() > 0 && names(files).all(|name| name == Named::Other), "{files}");
        }
        for (expression, host) in [
            ("host www.example", "www.example"),
            ("port 80 and src evil.example", "evil.example"),
            ("port http or tcp evil", "evil"),
            ("host 10.0.0.1 or dead.beef.example", "dead.beef.example"),
            ("1.evil.example", "1.evil.example"),
            ("net \\tcp", "\\tcp"),
            ("host fa.de", "fa.de"),
            ("ether host printer", "printer"),
            ("host 1.2.3.4.5", "1.2.3.4.5"),
            ("len-20 > 5", "len-20"),
            ("host münchen.example", "münchen.example"),
        ] {
            let hosts: Vec<_> = names(expression).filter(|name| *name != Named::Other).collect();
            assert_eq!(hosts, [Named::Host(host)], "{expression}");
        }
    }
}
