//! Traffic that an attacker would make: what it may cost, and what is said when a limit is reached.

#[cfg(target_os = "linux")]
mod broker;
#[cfg(target_os = "linux")]
mod display;
mod memory;
#[cfg(unix)]
mod pipes;
mod time;

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::testkit::file::{Record, pcap};
use crate::testkit::packet::Packet;
use crate::testkit::tcpcheck;

const CLIENT: &str = "10.0.0.1:40000";
const SERVER: &str = "10.0.0.2:80";

/// A bare ACK of the client's, with so many bytes.
fn from_client(seq: u32, bytes: usize) -> Packet {
    packet(CLIENT, SERVER, seq, bytes)
}

fn from_server(seq: u32, bytes: usize) -> Packet {
    packet(SERVER, CLIENT, seq, bytes)
}

fn packet(src: &str, dst: &str, seq: u32, bytes: usize) -> Packet {
    let end = |text: &str| text.parse::<SocketAddr>().expect("an address and a port");
    Packet { seq, ack: 1, payload: vec![b'x'; bytes], ..Packet::new(end(src), end(dst)) }
}

/// A capture of these packets, each with its time in microseconds, in a folder that goes with the first value.
fn capture(packets: impl Iterator<Item = (i64, Packet)>) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let records: Vec<_> = packets.map(|(us, packet)| Record::whole(us * 1000, packet.frame())).collect();
    let path = folder.path().join("hostile.pcap");
    std::fs::write(&path, pcap(&records)).expect("a file in it");
    (folder, path)
}

/// The findings of a capture, as lines.
fn findings(path: &std::path::Path, more: &[&str]) -> String {
    let mut args = vec!["-n", "--findings", "-r", path.to_str().expect("a path in Unicode")];
    args.extend(more);
    String::from_utf8(tcpcheck(&args).stdout).expect("text")
}
