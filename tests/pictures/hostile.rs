//! Captures that are made to be too much for a page: it stays below its bound, and no finding is lost from it.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use serde_json::Value;
use tcpcheck::report::Names;

use super::page::page_with_names;
use crate::testkit::file::{Record, pcap};
use crate::testkit::packet::{Opt, Packet, flags};
use crate::testkit::tcpcheck;

/// What no page has more bytes than.
const BOUND: usize = 5_000_000;

/// Frames, a tenth of a millisecond apart.
#[derive(Default)]
struct Frames(Vec<Record>);

impl Frames {
    fn send(
        &mut self,
        [src, dst]: [SocketAddr; 2],
        letters: &str,
        seq: u32,
        ack: u32,
        len: usize,
        change: impl FnOnce(&mut Packet),
    ) {
        let mut packet = Packet::new(src, dst);
        (packet.seq, packet.ack, packet.flags) = (seq, ack, flags(letters).unwrap());
        packet.payload = vec![b'<'; len];
        change(&mut packet);
        self.0.push(Record::whole(self.0.len() as i64 * 100_000, packet.frame()));
    }

    fn file(&self, folder: &Path) -> String {
        let path = folder.join("hostile.pcap");
        fs::write(&path, pcap(&self.0)).unwrap();
        path.display().to_string()
    }
}

fn ends(number: u16) -> [SocketAddr; 2] {
    let client = format!("[fd00::{:x}:1]:{}", number / 50_000, 10_000 + number % 50_000);
    [client.parse().unwrap(), "[fd00:1111:2222:3333:4444:5555:6666:7777]:443".parse().unwrap()]
}

/// A page made by the program.
fn page(capture: &str, options: &[&str], folder: &Path) -> String {
    let path = folder.join("report.html").display().to_string();
    let output = tcpcheck(&[&["report", "-n", capture, "-o", &path], options].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let page = fs::read_to_string(path).unwrap();
    assert!(page.len() < BOUND, "{} B", page.len());
    assert!(page.ends_with("</html>\n") || page.ends_with("</html>"), "it is whole");
    page
}

#[test]
fn very_many_connections_have_a_page_within_its_bound() {
    let mut frames = Frames::default();
    for number in 0..20_000 {
        let [client, server] = ends(number);
        frames.send([client, server], "S", 1, 0, 0, |_| {});
        frames.send([server, client], "R.", 0, 2, 0, |_| {});
    }
    let folder = tempfile::tempdir().unwrap();
    let page = page(&frames.file(folder.path()), &["--full", "100"], folder.path());
    assert!(page.contains(" of 20000 that lost the most time, or in the most trouble"), "what is left out is said");
    assert_eq!(page.matches("<section class=\"flow\"").count(), 100);
    assert!(page.contains("20,000&times;"), "all of the findings are counted");
}

/// A connection in every kind of trouble that does not end it: `rounds` times a loss with duplicate ACKs and SACK, a
/// repetition, an early segment, a window that closes, a probe of it, and a keep-alive.
fn in_trouble(frames: &mut Frames, number: u16, rounds: u32) {
    let [client, server] = ends(number);
    let (to, back) = ([client, server], [server, client]);
    let syn = |packet: &mut Packet| packet.options = vec![Opt::Mss(1440), Opt::SackPermitted];
    frames.send(to, "S", 0, 0, 0, syn);
    frames.send(back, "S.", 0, 1, 0, syn);
    frames.send(to, ".", 1, 1, 0, |_| {});
    for round in 0..rounds {
        let at = 1 + round * 2_000;
        frames.send(to, ".", at + 500, 1, 500, |_| {});
        for block in [1_000, 1_500, 1_500, 2_000] {
            frames.send(to, ".", at + block - 500, 1, 500, |_| {});
            let sack = move |packet: &mut Packet| packet.options = vec![Opt::Sack(vec![(at + 500, at + block)])];
            frames.send(back, ".", 1, at, 0, sack);
        }
        frames.send(to, ".", at, 1, 500, |_| {});
        frames.send(to, ".", at, 1, 500, |_| {});
        frames.send(back, ".", 1, at + 2_000, 0, |packet| packet.window = 0);
        frames.send(to, ".", at + 2_000, 1, 1, |_| {});
        frames.send(back, ".", 1, at + 2_000, 0, |packet| packet.window = 0);
        frames.send(back, ".", 1, at + 2_000, 0, |_| {});
        frames.send(to, ".", at + 1_999, 1, 0, |_| {});
    }
    frames.send(back, "R", 1, 0, 0, |_| {});
}

/// How often each rule fired by the marks in the time-sequence graphs of a page.
fn marked(page: &str) -> BTreeMap<String, u64> {
    let mut marked = BTreeMap::new();
    let is_wanted = |svg: &&str| svg.split('>').next().unwrap().contains("aria-label=\"Time and sequence numbers, ");
    for graph in page.split("<svg xmlns=").filter(is_wanted) {
        for tip in graph.split("<title>@").skip(1) {
            let tip = tip.split("</title>").next().unwrap();
            let code = tip.split(' ').nth(2).unwrap();
            let more = tip.split_once("\nand ").and_then(|(_, more)| more.split(' ').next()?.parse::<u64>().ok());
            *marked.entry(code.to_owned()).or_default() += 1 + more.unwrap_or(0);
        }
    }
    marked
}

#[test]
fn a_page_of_thousands_of_findings_shows_each_within_its_bound() {
    let mut frames = Frames::default();
    in_trouble(&mut frames, 0, 1_500);
    let folder = tempfile::tempdir().unwrap();
    let capture = frames.file(folder.path());
    let page = page(&capture, &[], folder.path());
    let flow = String::from_utf8(tcpcheck(&["-r", &capture, "--flows", "--json"]).stdout).unwrap();
    let flow = flow.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).find(|r| r["type"] == "flow");
    let counted: BTreeMap<String, u64> = serde_json::from_value(flow.unwrap()["findings"].clone()).unwrap();
    assert!(counted.values().sum::<u64>() > 5_000 && counted.len() > 6, "{counted:?}");
    assert_eq!(marked(&page), counted);
    assert!(page.contains(" left out, something found on "), "what the ladder leaves out is told");
}

#[test]
fn a_page_of_a_hundred_connections_with_very_many_findings_is_within_its_bound() {
    let mut frames = Frames::default();
    for number in 0..100 {
        in_trouble(&mut frames, number, 60);
    }
    let folder = tempfile::tempdir().unwrap();
    let page = page(&frames.file(folder.path()), &["--full", "100", "-A"], folder.path());
    let shown = page.matches("<section class=\"flow\"").count();
    assert!(shown > 80, "{shown}");
    assert!(shown == 100 || page.contains(&format!("{shown} of 100 connections are here in full")), "{shown}");
}

#[test]
fn names_as_long_as_they_can_be_are_within_the_bound_too() {
    let mut frames = Frames::default();
    let mut hosts = String::new();
    for number in 0..3_000 {
        let [client, server] = ends(number);
        frames.send([client, server], "S", 1, 0, 0, |_| {});
        frames.send([server, client], "R.", 0, 2, 0, |_| {});
    }
    for address in [ends(0)[0].ip(), ends(0)[1].ip()] {
        hosts.push_str(&format!("{address} {}\n", "<&'>".repeat(250)));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page.html");
    page_with_names(Path::new(&frames.file(folder.path())), Names::of("", &hosts), &path);
    let length = fs::metadata(path).unwrap().len();
    assert!(length < BOUND as u64, "{length} B");
}
