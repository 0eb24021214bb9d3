//! Classic pcap files.

use std::ops::Range;

use tcpcheck::capture::{CaptureFault, Damage, Precision};

use super::build::{BOTH, KUZNETSOV, MICRO, NANO, Order, Pcap, payload};
use super::{open, read, refusal};

fn two_packets(order: Order, magic: u32) -> Pcap {
    Pcap::new(order, magic).record(1_700_000_000, 123_456, 60, &payload(60)).record(
        1_700_000_001,
        7,
        1514,
        &payload(96),
    )
}

#[test]
fn both_byte_orders_and_all_magic_numbers_give_the_same_frames() {
    for order in BOTH {
        for (magic, unit) in [(MICRO, 1000), (NANO, 1), (KUZNETSOV, 1000)] {
            let (frames, faults) = read(&two_packets(order, magic).bytes);
            assert_eq!(faults, []);
            let [first, second] = &frames[..] else { panic!("{} frames", frames.len()) };
            assert_eq!((first.number, first.nanos), (1, 1_700_000_000_000_000_000 + 123_456 * unit));
            assert_eq!((first.link_type, first.interface, first.wire_len), (1, 0, 60));
            assert_eq!(first.data, payload(60));
            assert_eq!((second.number, second.nanos), (2, 1_700_000_001_000_000_000 + 7 * unit));
            assert_eq!((second.wire_len, second.data.len()), (1514, 96));
        }
    }
}

#[test]
fn the_header_tells_precision_snapshot_length_and_link_type() {
    // Bits above the link type say that frames end with a check sequence of 4 bytes.
    let source = open(&Pcap::with(Order::Big, NANO, (2, 4), 96, 0x4400_0071).bytes).unwrap();
    let info = source.info();
    assert_eq!((&*info.name, &*info.format), ("test", "pcap"));
    assert_eq!((info.snaplen, info.precision), (96, Precision::Nano));
    assert_eq!(info.link_type.unwrap().0, 113);
    assert_eq!(source.interfaces().len(), 1);
}

#[test]
fn times_go_past_2038() {
    let (frames, _) = read(&Pcap::new(Order::Little, MICRO).record(u32::MAX, 999_999, 1, &[1]).bytes);
    assert_eq!(frames[0].nanos, 4_294_967_295_999_999_000);
}

#[test]
fn odd_lengths_are_handed_out_as_the_file_has_them() {
    let file = Pcap::new(Order::Little, MICRO)
        .record(1, 0, 0, &[])
        .record(1, 1, 10, &payload(20)) // more captured than there was
        .record(1, 2, 70_000, &payload(66_000)); // more than the snapshot length of 65535
    let (frames, faults) = read(&file.bytes);
    assert_eq!(faults, []);
    let lengths: Vec<_> = frames.iter().map(|f| (f.data.len(), f.wire_len)).collect();
    assert_eq!(lengths, [(0, 0), (20, 10), (66_000, 70_000)]);
}

#[test]
fn early_versions_have_the_lengths_the_other_way_round() {
    let mut old = Pcap::with(Order::Little, MICRO, (2, 2), 65535, 1);
    old.header([5, 6, 1000, 4]);
    old.bytes.extend(payload(4));
    assert_eq!(read(&old.bytes).0[0].wire_len, 1000);

    let mut either = Pcap::with(Order::Little, MICRO, (2, 3), 65535, 1);
    for lengths in [[1000, 4], [4, 1000]] {
        either.header([5, 6, lengths[0], lengths[1]]);
        either.bytes.extend(payload(4));
    }
    let (frames, faults) = read(&either.bytes);
    assert_eq!(faults, []);
    assert!(frames.iter().all(|f| f.wire_len == 1000 && f.data == payload(4)));
    assert_eq!(frames.len(), 2);
}

#[test]
fn a_file_cut_at_any_byte_gives_what_came_before_and_says_where() {
    for order in BOTH {
        for magic in [MICRO, KUZNETSOV] {
            let file = two_packets(order, magic);
            let head = if magic == MICRO { 16 } else { 24 };
            for end in 24..=file.bytes.len() {
                let (frames, faults) = read(&file.bytes[..end]);
                let whole = file.marks.iter().rposition(|mark| *mark <= end).unwrap();
                let offset = file.marks[whole];
                assert_eq!(frames.len(), whole);
                if end == offset {
                    assert_eq!(faults, []);
                    continue;
                }
                let present = (end - offset) as u64;
                let needed = if present < head { head } else { (file.marks[whole + 1] - offset) as u64 };
                let (source, after_frame, offset) = ("test".to_owned(), whole as u64, offset as u64);
                assert_eq!(faults, [CaptureFault::Cut { source, after_frame, offset, needed, present }]);
            }
        }
    }
}

#[test]
fn a_cut_says_what_happened_and_where() {
    let file = two_packets(Order::Little, MICRO);
    let (_, faults) = read(&file.bytes[..file.bytes.len() - 1]);
    assert_eq!(
        faults[0].to_string(),
        "test: the file ends inside a record, after frame 1, at byte 100: 111 of 112 bytes are there; the capture or its \
         copy was stopped early"
    );
}

#[test]
fn a_length_that_cannot_be_right_ends_the_file_and_loses_nothing_before() {
    for says in [262_145, u32::MAX] {
        let mut file = two_packets(Order::Big, MICRO);
        file.header([9, 9, says, says]);
        file.bytes.extend(payload(500));
        let (frames, faults) = read(&file.bytes);
        assert_eq!(frames.len(), 2);
        let damage = Damage::CapturedLength { says, most: 262_144 };
        let (source, after_frame, offset) = ("test".to_owned(), 2, file.marks[2] as u64);
        assert_eq!(faults, [CaptureFault::Damaged { source, after_frame, offset, damage }]);
    }
}

#[test]
fn large_records_are_read_where_the_snapshot_length_allows_them() {
    let large = payload(3_000_000);
    let file = Pcap::with(Order::Little, MICRO, (2, 4), 4_000_000, 1)
        .record(1, 0, 60, &payload(60))
        .record(2, 0, 3_000_000, &large)
        .record(3, 0, 60, &payload(60));
    let (frames, faults) = read(&file.bytes);
    assert_eq!(faults, []);
    assert!(frames[1].data == large);
    assert_eq!(frames[2].data, payload(60));
}

#[test]
fn frames_come_out_whole_however_small_the_reads_are() {
    /// Gives its bytes in pieces of the given sizes, and is interrupted now and then.
    struct Drip(Vec<u8>, usize, Range<usize>);
    impl std::io::Read for Drip {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            if self.2.next().is_some_and(|n| n % 3 == 0) {
                return Err(std::io::ErrorKind::Interrupted.into());
            }
            let n = buffer.len().min(7).min(self.0.len() - self.1);
            buffer[..n].copy_from_slice(&self.0[self.1..self.1 + n]);
            self.1 += n;
            Ok(n)
        }
    }
    let file = two_packets(Order::Little, MICRO);
    let mut source = tcpcheck::capture::open_reader(Drip(file.bytes.clone(), 0, 0..1000), "test").unwrap();
    assert_eq!(super::drain(&mut *source).unwrap(), read(&file.bytes).0);
}

#[test]
fn what_is_no_capture_is_refused_in_words() {
    assert_eq!(
        refusal(b"GET / HTTP/1.1\r\n"),
        "test: not a capture file: it begins with 47 45 54 20 2f 20 48 54 (\"GET / HT\"); pcap and pcapng are read, plain \
         or in gzip, zstd, lz4 or xz"
    );
    assert_eq!(
        refusal(&[0xd4, 0xc3]),
        "test: not a capture file: it begins with d4 c3; pcap and pcapng are read, plain or in gzip, zstd, lz4 or xz"
    );
    assert_eq!(refusal(b""), "test: the file is empty; a capture without packets has at least a header of 24 bytes");
    let header = Pcap::new(Order::Little, MICRO).bytes;
    for end in 4..24 {
        assert_eq!(
            refusal(&header[..end]),
            format!("test: the file ends inside its header ({end} of 24 bytes); it holds no packets")
        );
    }
    assert_eq!(
        refusal(&Pcap::with(Order::Little, MICRO, (1, 9), 0, 1).bytes),
        "test: pcap version 1.9 is not read; convert it with a program that does, e.g. editcap"
    );
}

#[test]
fn missing_files_and_directories_are_refused_by_name() {
    let open = |path: &std::path::Path| tcpcheck::capture::open(path).err().unwrap().to_string();
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(open(dir.path()), format!("{}: is a directory; name a capture file in it", dir.path().display()));
    let missing = dir.path().join("missing.pcap");
    assert_eq!(
        open(&missing),
        format!("{}: No such file or directory (os error 2); check the path", missing.display())
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_path_that_is_no_utf_8_is_opened_all_the_same() {
    use std::os::unix::ffi::OsStrExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9.pcap"));
    std::fs::write(&path, two_packets(Order::Little, MICRO).bytes).unwrap();
    let mut source = tcpcheck::capture::open(&path).unwrap();
    assert_eq!(super::drain(&mut *source).unwrap().len(), 2);
}
