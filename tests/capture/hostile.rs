//! Files from an enemy: no panic, no hang, no memory beyond a cap.

use proptest::prelude::*;

use super::build::{MICRO, NANO, Order, Pcap, Pcapng, payload};
use super::{drain, open};

/// Reads all that can be read; whatever it is, it ends.
fn survive(bytes: &[u8]) {
    let Ok(mut source) = open(bytes) else { return };
    let frames = drain(&mut *source).unwrap_or_default();
    let held: usize = frames.iter().map(|f| f.data.len()).sum();
    assert!(held <= 64 * 1024 * 1024, "more came out than a small file can hold");
    assert!(source.faults().len() <= 1);
    source.info();
    source.drops();
    for fault in source.faults() {
        assert!(!fault.to_string().is_empty());
    }
}

fn samples() -> Vec<Vec<u8>> {
    let pcap = Pcap::new(Order::Little, MICRO).record(1, 2, 60, &payload(60)).record(2, 3, 1500, &payload(90)).bytes;
    let nano = Pcap::new(Order::Big, NANO).record(1, 2, 60, &payload(60)).bytes;
    let pcapng = Pcapng::new(Order::Little)
        .interface_with(1, 0, &[(2, b"eth0".to_vec()), (9, vec![9]), (14, vec![0; 8])])
        .enhanced(0, 5, 60, &payload(60))
        .simple(20, &payload(20))
        .obsolete(0, 7, 20, &payload(20))
        .statistics(0, &[(4, 1), (5, 2)])
        .section(Order::Big)
        .interface(113, 96)
        .enhanced(0, 5, 60, &payload(60))
        .bytes;
    let gzip = {
        let mut packer = flate2::read::GzEncoder::new(&pcap[..], flate2::Compression::fast());
        let mut packed = Vec::new();
        std::io::Read::read_to_end(&mut packer, &mut packed).unwrap();
        packed
    };
    let zstd = zstd::encode_all(&pcap[..], 1).unwrap();
    let lz4 = {
        let mut packer = lz4_flex::frame::FrameEncoder::new(Vec::new());
        std::io::Write::write_all(&mut packer, &pcap).unwrap();
        packer.finish().unwrap()
    };
    let xz = {
        let mut packed = Vec::new();
        std::io::Read::read_to_end(&mut liblzma::read::XzEncoder::new(&pcap[..], 0), &mut packed).unwrap();
        packed
    };
    vec![pcap, nano, pcapng, gzip, zstd, lz4, xz]
}

#[test]
fn files_cut_at_any_byte_survive() {
    for sample in samples() {
        for end in 0..=sample.len() {
            survive(&sample[..end]);
        }
    }
}

#[test]
fn files_with_any_one_byte_changed_survive() {
    for sample in samples() {
        for at in 0..sample.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut changed = sample.clone();
                changed[at] = value;
                survive(&changed);
            }
        }
    }
}

/// A length that says gigabytes gets no more memory than there are bytes to fill it.
#[test]
fn a_length_costs_only_the_bytes_that_are_there() {
    let mut file = Pcap::with(Order::Little, MICRO, (2, 4), u32::MAX, 1);
    file.header([1, 1, 16 * 1024 * 1024, 16 * 1024 * 1024]);
    for _ in 0..500 {
        survive(&file.bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn any_bytes_survive(bytes in prop::collection::vec(any::<u8>(), 0..400), sample in 0..7_usize, keep in 0..60_usize) {
        survive(&bytes);
        // And after a beginning that is believed.
        let samples = samples();
        let start = &samples[sample][..keep.min(samples[sample].len())];
        survive(&[start, &bytes].concat());
    }

    #[test]
    fn valid_files_with_a_few_changes_survive(
        sample in 0..7_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
        shorten in any::<bool>(),
    ) {
        let mut bytes = samples().swap_remove(sample);
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if shorten {
            bytes.truncate(cut.index(bytes.len()));
        }
        survive(&bytes);
    }
}
