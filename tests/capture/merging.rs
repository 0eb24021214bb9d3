//! Several sources as one.

use tcpcheck::capture::{CaptureFault, FrameSource, Merge, Next, open_all};

use super::build::{MICRO, NANO, Order, Pcap, Pcapng, payload};
use super::{drain, open};

#[test]
fn frames_come_in_time_order_and_the_earlier_source_first() {
    let left = Pcap::new(Order::Little, MICRO).record(1, 0, 1, b"a").record(3, 0, 1, b"c").record(3, 0, 1, b"d");
    let right = Pcap::new(Order::Big, NANO).record(2, 0, 1, b"b").record(3, 0, 1, b"e").record(9, 0, 1, b"f");
    let mut merge = Merge::new(vec![open(&left.bytes).unwrap(), open(&right.bytes).unwrap()]);
    let frames = drain(&mut merge).unwrap();
    let facts: Vec<_> = frames.iter().map(|f| (f.number, f.data[0] as char, f.interface)).collect();
    assert_eq!(facts, [(1, 'a', 0), (2, 'b', 1), (3, 'c', 0), (4, 'd', 0), (5, 'e', 1), (6, 'f', 1)]);
    assert_eq!(merge.info().name, "test, test");
    assert_eq!(merge.info().format, "pcap");
}

#[test]
fn interfaces_stay_apart_even_those_that_are_described_late() {
    let late = Pcapng::new(Order::Little)
        .interface(1, 0)
        .enhanced(0, 1_000_000, 1, b"a")
        .interface(101, 0)
        .enhanced(1, 5_000_000, 1, b"c");
    let other = Pcap::with(Order::Little, MICRO, (2, 4), 96, 113).record(2, 0, 1, b"b");
    let mut merge = Merge::new(vec![open(&late.bytes).unwrap(), open(&other.bytes).unwrap()]);
    for frame in drain(&mut merge).unwrap() {
        let interface = &merge.interfaces()[frame.interface as usize];
        assert_eq!(interface.link_type.0, frame.link_type, "{frame:?}");
    }
    assert_eq!(merge.interfaces().len(), 3);
}

#[test]
fn a_source_whose_clock_goes_back_keeps_its_own_order() {
    let back = Pcap::new(Order::Little, MICRO).record(5, 0, 1, b"a").record(1, 0, 1, b"b");
    let other = Pcap::new(Order::Little, MICRO).record(4, 0, 1, b"c").record(6, 0, 1, b"d");
    let mut merge = Merge::new(vec![open(&back.bytes).unwrap(), open(&other.bytes).unwrap()]);
    let order: Vec<_> = drain(&mut merge).unwrap().iter().map(|f| f.data[0] as char).collect();
    assert_eq!(order, ['c', 'a', 'b', 'd']);
}

#[test]
fn faults_of_every_source_are_kept_and_the_others_go_on() {
    let whole = Pcap::new(Order::Little, MICRO).record(1, 0, 1, b"a").record(9, 0, 1, b"z");
    let cut = Pcap::new(Order::Little, MICRO).record(2, 0, 1, b"b").record(3, 0, 5, &payload(5));
    let mut merge = Merge::new(vec![open(&cut.bytes[..cut.bytes.len() - 1]).unwrap(), open(&whole.bytes).unwrap()]);
    assert_eq!(drain(&mut merge).unwrap().len(), 3);
    assert!(matches!(merge.faults(), [CaptureFault::Cut { after_frame: 1, .. }]));
    assert!(matches!(merge.next_frame(), Ok(Next::End)));
}

#[test]
fn several_paths_are_opened_as_one_source() {
    let dir = tempfile::tempdir().unwrap();
    let paths = ["b.pcap", "a.pcap"].map(|name| dir.path().join(name));
    for (n, path) in paths.iter().enumerate() {
        let seconds = if n == 0 { 2 } else { 1 };
        std::fs::write(path, Pcap::new(Order::Little, MICRO).record(seconds, 0, 1, &[n as u8]).bytes).unwrap();
    }
    let frames = drain(&mut *open_all(&paths).unwrap()).unwrap();
    assert_eq!(frames.iter().map(|f| f.data[0]).collect::<Vec<_>>(), [1, 0]);
}
