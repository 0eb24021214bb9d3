//! `-w` with the options that choose connections.

use super::packets;
use super::traffic::{capture, labelled};
use crate::testkit::tcpcheck;

/// What `-w` writes with these options: the frames of the made traffic, by their places in it.
fn written(options: &[&str]) -> Vec<usize> {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.pcap"), folder.path().join("out.pcap"));
    let frames = labelled();
    std::fs::write(&input, capture(&frames)).unwrap();
    let mut args = vec!["-r", input.to_str().unwrap(), "-w", output.to_str().unwrap()];
    args.extend(options);
    let run = tcpcheck(&args);
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let whole = packets(&input);
    packets(&output).iter().map(|packet| whole.iter().position(|known| known == packet).unwrap()).collect()
}

fn of_connections(wanted: &[u32]) -> Vec<usize> {
    labelled().iter().enumerate().filter(|(_, (flow, _))| wanted.contains(flow)).map(|(at, _)| at).collect()
}

#[test]
fn a_connection_is_written_with_its_fragments_in_its_tunnel_and_with_icmp_about_it_and_nothing_else_is() {
    assert_eq!(written(&["--flow", "1"]), of_connections(&[1]));
    assert_eq!(written(&["--flow", "2"]), of_connections(&[2]));
    assert_eq!(written(&["--flow", "1,2"]), of_connections(&[1, 2]));
}

#[test]
fn without_a_choice_every_packet_is_written() {
    assert_eq!(written(&[]), (0..labelled().len()).collect::<Vec<_>>());
}

#[test]
fn a_count_and_a_filter_hold_for_what_is_written() {
    let first_ten = of_connections(&[1]).into_iter().filter(|at| *at < 10).collect::<Vec<_>>();
    assert_eq!(written(&["--flow", "1", "-c", "10"]), first_ten);
    #[cfg(feature = "live")]
    // Later fragments have no ports, so a filter leaves them out, and the first one waits for them in vain; ICMP has none either.
    assert_eq!(written(&["--flow", "1", "tcp port 51002"]).len(), of_connections(&[2]).len() - 3);
}

#[test]
fn only_the_connections_with_a_finding_are_written() {
    assert_eq!(written(&["--only", "not-closed"]), of_connections(&[1]));
    assert_eq!(written(&["--only", "TC102"]), Vec::<usize>::new());
}
