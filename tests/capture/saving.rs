//! Writing pcap files.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use tcpcheck::capture::{Frame, LinkType, Precision, SaveFile, SaveOptions, Timestamp};

use super::build::{MICRO, NANO, Order, Pcap, Pcapng, payload};
use super::{Kept, open, read};

/// A file in memory that others can look into.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl io::Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn frame(nanos: i64, data: &[u8]) -> Frame<'_> {
    Frame { number: 7, ts: Timestamp(nanos), link_type: LinkType::EN10MB, interface: 0, wire_len: 1500, data }
}

fn saved(options: SaveOptions, frames: &[Frame]) -> Vec<u8> {
    let shared = Shared::default();
    let mut file = SaveFile::new(Box::new(shared.clone()), Path::new("out.pcap"), options).unwrap();
    for frame in frames {
        file.write(frame).unwrap();
    }
    assert_eq!(file.finish().unwrap(), frames.len() as u64);
    shared.0.lock().unwrap().clone()
}

#[test]
fn what_is_read_and_saved_is_the_same_file() {
    for (magic, precision) in [(MICRO, Precision::Micro), (NANO, Precision::Nano)] {
        let order = if cfg!(target_endian = "big") { Order::Big } else { Order::Little };
        let bytes = Pcap::with(order, magic, (2, 4), 262_144, 113)
            .record(5, 999_999, 60, &payload(60))
            .record(6, 0, 9, &[])
            .bytes;
        let mut source = open(&bytes).unwrap();
        let info = source.info();
        assert_eq!(info.precision, precision);
        let options =
            SaveOptions { link_type: info.link_type, snaplen: info.snaplen, precision, ..SaveOptions::default() };
        let shared = Shared::default();
        let mut file = SaveFile::new(Box::new(shared.clone()), Path::new("out.pcap"), options).unwrap();
        while let Some(frame) = source.next_frame().unwrap().frame() {
            file.write(&frame).unwrap();
        }
        file.finish().unwrap();
        assert_eq!(*shared.0.lock().unwrap(), bytes);
    }
}

#[test]
fn times_outside_the_field_are_held_at_its_ends() {
    let micro = SaveOptions::default();
    let bytes = saved(micro, &[frame(-1, &[]), frame(i64::MAX, &[]), frame(1_999_999_999, &[])]);
    let times: Vec<_> = read(&bytes).0.iter().map(|f| f.nanos).collect();
    assert_eq!(times, [0, 4_294_967_295_999_999_000, 1_999_999_000]);
}

#[test]
fn a_file_without_frames_is_a_capture_all_the_same() {
    let (frames, faults) = read(&saved(SaveOptions::default(), &[]));
    assert_eq!((frames, faults), (Vec::<Kept>::new(), vec![]));
    let info =
        open(&saved(SaveOptions { link_type: Some(LinkType(101)), ..SaveOptions::default() }, &[])).unwrap().info();
    assert_eq!((info.link_type, info.snaplen), (Some(LinkType(101)), 262_144));
}

#[test]
fn a_second_link_type_is_refused_and_what_was_written_stands() {
    let bytes = Pcapng::new(Order::Little)
        .interface(1, 0)
        .interface(101, 0)
        .enhanced(0, 1, 4, &payload(4))
        .enhanced(1, 2, 4, &payload(4))
        .bytes;
    let mut source = open(&bytes).unwrap();
    let shared = Shared::default();
    let mut file = SaveFile::new(Box::new(shared.clone()), Path::new("out.pcap"), SaveOptions::default()).unwrap();
    file.write(&source.next_frame().unwrap().frame().unwrap()).unwrap();
    let words = file.write(&source.next_frame().unwrap().frame().unwrap()).unwrap_err().to_string();
    assert!(words.starts_with("out.pcap: frame 2 is RAW (Raw IP), and the file holds EN10MB (Ethernet)"), "{words}");
    file.finish().unwrap();
    assert_eq!(read(&shared.0.lock().unwrap()).0.len(), 1);
}

#[test]
fn unbuffered_frames_are_in_the_file_at_once() {
    let shared = Shared::default();
    let options = SaveOptions { unbuffered: true, ..SaveOptions::default() };
    let mut file = SaveFile::new(Box::new(shared.clone()), Path::new("out.pcap"), options).unwrap();
    file.write(&frame(1, &payload(10))).unwrap();
    assert_eq!(shared.0.lock().unwrap().len(), 24 + 16 + 10);
    file.write(&frame(2, &payload(10))).unwrap();
    assert_eq!(shared.0.lock().unwrap().len(), 24 + 2 * 26);
}

#[test]
fn a_file_that_cannot_be_made_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("missing/out.pcap");
    let words = SaveFile::create(&path, SaveOptions::default()).err().unwrap().to_string();
    assert!(words.starts_with(&path.display().to_string()), "{words}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_that_names_the_file() {
    let options = SaveOptions { unbuffered: true, link_type: Some(LinkType::EN10MB), ..SaveOptions::default() };
    let words = SaveFile::create(Path::new("/dev/full"), options).err().unwrap().to_string();
    assert!(words.starts_with("/dev/full: No space left"), "{words}");
}
