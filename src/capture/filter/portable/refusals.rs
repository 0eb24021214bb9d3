//! What is not taken, and where it goes wrong.

use crate::capture::LinkType;

fn refusal(expression: &str) -> (Option<usize>, String) {
    let refusal = super::compile(expression, LinkType::EN10MB).expect_err(expression);
    (refusal.at, refusal.words)
}

#[test]
fn a_refusal_points_at_the_place() {
    for (expression, at, words) in [
        ("tcp prot 80", 4, "syntax error"),
        ("tcp port 80 and (udp foo)", 21, "syntax error"),
        ("tcp[13 & 2 != 0", 11, "syntax error"),
        ("tcp port 80 )", 12, "syntax error"),
        ("host 1.2.3.4 && && port 1", 16, "syntax error"),
        ("tcp port no-such-service or udp", 9, "unknown port 'no-such-service'"),
        ("tcp port", 8, "syntax error"),
        ("tcp and (port 80", 16, "syntax error"),
        ("port 70000", 5, "illegal port number 70000 > 65535"),
        ("net 10.0.0.1/8", 13, "non-network bits set"),
        ("tcp[0] / 0 = 1", 9, "division by zero"),
        ("mpls and tcp", 0, "`mpls` needs a build with libpcap"),
        ("tcp or inbound", 7, "`inbound` needs a build with libpcap"),
        ("host example.org", 5, "names of hosts need a build with libpcap: write the address"),
        ("host 1.2.3.4.5", 5, "syntax error"),
        ("tcp \u{1b}[31m", 4, "syntax error"),
        ("é", 0, "syntax error"),
    ] {
        assert_eq!(refusal(expression), (Some(at), words.to_owned()), "{expression}");
    }
}

#[test]
fn what_is_nested_too_deeply_is_refused_and_what_is_long_is_not() {
    assert!(refusal(&"(".repeat(100_000)).1.contains("too deeply"));
    assert!(refusal(&"not ".repeat(100_000)).1.contains("too deeply"));
    assert!(refusal(&format!("ip[{}", "-".repeat(100_000))).1.contains("too deeply"));
    refusal(&format!("{}1 = 1", "1 + ".repeat(100_000)));
    let hosts = vec!["host 10.0.0.1"; 20_000].join(" or ");
    let program = super::compile(&hosts, LinkType::EN10MB).expect("a long expression");
    assert!(!program.accepts(&[0; 60], 60));
}

#[test]
fn a_link_type_that_is_not_known_is_refused() {
    let refusal = super::compile("tcp", LinkType(105)).expect_err("802.11");
    assert!(refusal.words.contains("need a build with libpcap") && refusal.at.is_none());
    let refusal = super::compile("vlan and tcp", LinkType(101)).expect_err("raw IP");
    assert!(refusal.words.contains("no VLAN support"));
}
