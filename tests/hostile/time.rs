//! No packet may cost more than a constant; where walks are bounded is proved beside them, and here that they end.

use super::{capture, findings, from_client, from_server};
use crate::testkit::tcpcheck;

/// A time far from the epoch, in microseconds.
const START: i64 = 1_600_000_000_000_000;

#[test]
fn a_report_of_two_clocks_that_are_a_second_apart_comes_to_its_end() {
    let transfer = (0..6_000).map(|n| {
        let (us, at) = (START + i64::from(n) * 100, n / 2 * 100);
        if n % 2 == 0 {
            (us, from_client(1 + at, 100))
        } else {
            (us - 1_000_000, crate::testkit::packet::Packet { ack: 101 + at, ..from_server(1, 0) })
        }
    });
    let (folder, path) = capture(transfer);
    let path = path.to_str().unwrap();
    let page = folder.path().join("report.html");
    assert!(tcpcheck(&["report", path, "-o", page.to_str().unwrap()]).status.success());
    let graph = tcpcheck(&["report", path, "--graph", "time-sequence", "-o", "-"]);
    assert!(graph.status.success(), "{}", String::from_utf8_lossy(&graph.stderr));
}

#[test]
fn more_gaps_than_are_told_apart_are_said_once_and_accuse_nobody() {
    // One gap of 2^20 numbers, split again and again; then what is missing comes, from its beginning.
    let ends = [from_client(1, 1), from_client(1 << 20, 1)];
    let splits = (0..600).map(|n| from_client(1000 + 20 * n, 1));
    let fills = (0..600).map(|n| from_client(1001 + 20 * n, 19));
    let packets = ends.into_iter().chain(splits).chain(fills);
    let (_folder, path) = capture(packets.zip(0..).map(|(packet, n)| (START + n * 10, packet)));
    let said = findings(&path, &[]);
    assert_eq!(said.matches("TC911").count(), 1, "{said}");
    assert!(said.contains("the limit of gaps in one direction reached (256)"), "{said}");
    assert!(!said.contains("TC205"), "what was never seen was not sent needlessly: {said}");
}

#[cfg(feature = "live")]
#[test]
fn a_filter_is_compiled_for_the_link_types_that_come_and_a_confined_process_can_do_that() {
    // Neither is Ethernet: the filter is compiled when the first frame comes, with no file and no socket to be had.
    for capture in ["any", "slip", "loopback"] {
        let path = format!("fixtures/link/{capture}.pcap");
        let path = crate::testkit::root().join(path).to_str().unwrap().to_owned();
        for filter in
            ["host 2001:db8::1 or portrange 1-65535 or net fe80::/10", "tcp and not net 1.2.3.0/24 and len >= 40"]
        {
            let [confined, free] = [&["--summary"][..], &["--summary", "--no-sandbox"]]
                .map(|more| tcpcheck(&[&["-n", "-r", &path], more, &[filter]].concat()));
            assert!(confined.status.success(), "{capture}: {}", String::from_utf8_lossy(&confined.stderr));
            assert_eq!(confined.stdout, free.stdout, "{capture}: {filter}");
            assert!(!confined.stdout.is_empty());
        }
    }
    // As many ports as make libpcap take seconds for one link type: 15 of them took minutes.
    let ports = (1..120).map(|port| format!("port {port}")).collect::<Vec<_>>().join(" or ");
    let path = crate::testkit::root().join("fixtures/loss/timeout.pcap").to_str().unwrap().to_owned();
    assert!(tcpcheck(&["-n", "-r", &path, "--summary", &ports]).status.success());
}
