//! Compressed captures.

use std::io::Write;

use tcpcheck::capture::{CaptureFault, Damage};

use super::build::{MICRO, Order, Pcap, Pcapng, payload};
use super::{drain, open, read, refusal};

type Pack = fn(&[u8]) -> Vec<u8>;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ::zstd::encode_all(bytes, 3).unwrap()
}

fn lz4(bytes: &[u8]) -> Vec<u8> {
    let mut packer = lz4_flex::frame::FrameEncoder::new(Vec::new());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut packer = liblzma::write::XzEncoder::new(Vec::new(), 1);
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

const ALL: [(&str, Pack); 4] = [("gzip", gzip), ("zstd", zstd), ("lz4", lz4), ("xz", xz)];

fn many_packets() -> Pcap {
    (0..400_u32).fold(Pcap::new(Order::Little, MICRO), |file, n| {
        // Bytes that do not pack well, so that a cut falls among them.
        let noise: Vec<u8> =
            (0..200_u32).map(|i| (i.wrapping_mul(2_654_435_761).wrapping_add(n * n * 7919) >> 13) as u8).collect();
        file.record(n, 0, 200, &noise)
    })
}

#[test]
fn every_compression_is_recognised_by_its_first_bytes() {
    let file = many_packets();
    let section = Pcapng::new(Order::Big).interface(1, 0).enhanced(0, 1, 4, &payload(4));
    for (name, pack) in ALL {
        let mut source = open(&pack(&file.bytes)).unwrap();
        assert_eq!(source.info().format, format!("pcap, {name}"));
        assert_eq!(drain(&mut *source).unwrap(), read(&file.bytes).0, "{name}");
        assert_eq!(source.faults(), []);
        let source = open(&pack(&section.bytes)).unwrap();
        assert_eq!(source.info().format, format!("pcapng, {name}"));
    }
}

#[test]
fn members_that_follow_one_another_are_one_file() {
    let file = many_packets();
    let (first, second) = file.bytes.split_at(30_000);
    for (name, pack) in ALL {
        let (frames, faults) = read(&[pack(first), pack(second)].concat());
        assert_eq!((frames.len(), faults), (400, vec![]), "{name}");
    }
}

/// What may stand before, between and behind the members and holds no bytes of the file.
fn nothing(name: &str, pack: Pack) -> Vec<Vec<u8>> {
    let empty = pack(b"");
    match name {
        "gzip" => vec![empty],
        // RFC 8878 §3.1.2: 16 magic numbers, a length, and bytes for other programs. A frame without content is one, too.
        "zstd" | "lz4" => vec![
            empty,
            b"\x50\x2a\x4d\x18\x05\0\0\0other".to_vec(),
            b"\x5f\x2a\x4d\x18\0\0\0\0".to_vec(),
            [&b"\x53\x2a\x4d\x18"[..], &300_000_u32.to_le_bytes(), &[0; 300_000]].concat(),
        ],
        // Stream padding, which only follows a stream.
        _ => vec![empty.clone(), [empty, vec![0; 8]].concat()],
    }
}

#[test]
fn frames_that_hold_nothing_hide_no_packets() {
    let file = many_packets();
    let whole = read(&file.bytes);
    let (first, second) = file.bytes.split_at(30_000);
    for (name, pack) in ALL {
        for nothing in nothing(name, pack) {
            for count in [1, 3] {
                let gap = nothing.repeat(count);
                let packed = [&gap, &pack(first), &gap, &pack(second), &gap].map(|part| part.as_slice()).concat();
                assert_eq!(read(&packed), whole, "{name}: {count} of {:x?}", &nothing[..8]);
            }
        }
    }
}

#[test]
fn a_hundred_thousand_frames_that_hold_nothing_come_to_an_end() {
    let file = many_packets();
    for (name, pack) in ALL {
        for nothing in nothing(name, pack).iter().filter(|nothing| nothing.len() < 100) {
            let packed = [pack(&file.bytes[..30_000]), nothing.repeat(100_000), pack(&file.bytes[30_000..])].concat();
            let (frames, faults) = read(&packed);
            assert_eq!((frames.len(), faults), (400, vec![]), "{name}");
        }
    }
}

#[test]
fn frames_that_may_be_skipped_and_nothing_else_are_no_capture() {
    let skipped = b"\x50\x2a\x4d\x18\x05\0\0\0other";
    for end in 4..=skipped.len() {
        assert!(refusal(&skipped[..end]).contains("not a capture file"), "{end}");
    }
    let file = many_packets();
    for (name, pack) in [("zstd", zstd as Pack), ("lz4", lz4)] {
        let packed = pack(&file.bytes);
        for end in [9, 12] {
            let (frames, faults) = read(&[&packed, &skipped[..end]].concat());
            assert_eq!(frames.len(), 400, "{name}");
            assert!(matches!(faults[..], [CaptureFault::Cut { .. }]), "{name}: {faults:?}");
        }
    }
}

#[test]
fn an_lz4_frame_without_its_end_is_cut() {
    let file = many_packets();
    let packed = lz4(&file.bytes);
    for missing in 1..=4 {
        let (frames, faults) = read(&packed[..packed.len() - missing]);
        assert_eq!(frames.len(), 400);
        assert!(matches!(faults[..], [CaptureFault::Cut { .. }]), "{faults:?}");
    }
}

#[test]
fn a_compressed_file_that_ends_early_gives_what_came_before() {
    let file = many_packets();
    for (name, pack) in ALL {
        // Two members, so that the first can be unpacked as a whole whatever its block size.
        let first = pack(&file.bytes[..40_000]);
        let packed = [first.clone(), pack(&file.bytes[40_000..])].concat();
        let (frames, faults) = read(&packed[..packed.len() - 100]);
        assert!((183..400).contains(&frames.len()), "{name}: {}", frames.len());
        assert!(matches!(faults[..], [CaptureFault::Cut { .. }]), "{name}: {faults:?}");
        assert_eq!(frames, read(&file.bytes).0[..frames.len()], "{name}");
    }
}

#[test]
fn damage_in_the_compressed_data_ends_the_file_and_loses_nothing_before() {
    let file = many_packets();
    for (name, pack) in ALL {
        let first = pack(&file.bytes[..40_000]);
        let mut packed = [first.clone(), pack(&file.bytes[40_000..])].concat();
        let at = first.len() + (packed.len() - first.len()) / 2;
        packed[at..at + 64].fill(0x55);
        let (frames, faults) = read(&packed);
        assert!(frames.len() >= 183, "{name}: {}", frames.len());
        // A changed byte may unpack to something else; zstd and lz4 have no checksum here that would tell.
        let told = matches!(faults[..], [CaptureFault::Damaged { .. } | CaptureFault::Cut { .. }]);
        assert!(told || (faults.is_empty() && ["zstd", "lz4"].contains(&name)), "{name}: {faults:?}");
    }
}

#[test]
fn a_checksum_that_is_wrong_is_damage() {
    let file = many_packets();
    for (name, pack) in [ALL[0], ALL[3]] {
        let mut packed = pack(&file.bytes);
        let at = if name == "gzip" { packed.len() - 8 } else { packed.len() - 50 };
        packed[at] ^= 1;
        let (_, faults) = read(&packed);
        let [CaptureFault::Damaged { damage: Damage::Compression { packing, .. }, .. }] = &faults[..] else {
            panic!("{name}: {faults:?}")
        };
        assert_eq!(*packing, name);
    }
}

#[test]
fn compressed_data_that_are_no_capture_are_refused_in_words() {
    for (name, pack) in ALL {
        assert_eq!(
            refusal(&pack(b"hello world")),
            format!(
                "test: not a capture file: its {name} data begin with 68 65 6c 6c 6f 20 77 6f (\"hello wo\"); pcap and pcapng \
                 are read, plain or in gzip, zstd, lz4 or xz"
            )
        );
        // Nothing is unpacked twice.
        assert!(refusal(&pack(&pack(&many_packets().bytes))).contains("not a capture file"));
    }
}

#[test]
fn an_xz_file_cannot_ask_for_gigabytes() {
    let mut packed = xz(&many_packets().bytes);
    // Block header: size, flags, filter 0x21, one byte of properties: the dictionary, here 4 GiB - 1.
    assert_eq!(packed[14..16], [0x21, 1]);
    packed[16] = 40;
    let crc = crc32(&packed[12..20]);
    packed[20..24].copy_from_slice(&crc.to_le_bytes());
    let words = refusal(&packed);
    assert!(words.starts_with("test: the file is damaged: the xz data cannot be unpacked ("), "{words}");
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}
