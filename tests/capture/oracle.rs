//! libpcap and pcap-parser read the same frames.

use pcap_parser::traits::PcapNGPacketBlock;
use pcap_parser::{Block, PcapBlockOwned, PcapError};
use proptest::prelude::*;

use super::build::{BOTH, KUZNETSOV, MICRO, NANO, Order, Pcap, Pcapng};
use super::read;

/// A frame as any reader gives it: nanoseconds, length on the wire, bytes.
pub(super) type Seen = (i64, u32, Vec<u8>);

fn ours(bytes: &[u8]) -> Vec<Seen> {
    let (frames, faults) = read(bytes);
    assert_eq!(faults, []);
    frames.into_iter().map(|f| (f.nanos, f.wire_len, f.data)).collect()
}

#[cfg(feature = "live")]
fn libpcap(bytes: &[u8]) -> Vec<Seen> {
    let (seen, ending) = read_with_libpcap(bytes);
    assert_eq!(ending, Ok(()));
    seen
}

/// What libpcap reads, and its error if there is one.
#[cfg(feature = "live")]
pub(super) fn read_with_libpcap(bytes: &[u8]) -> (Vec<Seen>, Result<(), String>) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    std::fs::write(&path, bytes).unwrap();
    let mut seen = Vec::new();
    let mut capture = match pcap::Capture::from_file_with_precision(&path, pcap::Precision::Nano) {
        Ok(capture) => capture,
        Err(e) => return (seen, Err(e.to_string())),
    };
    loop {
        match capture.next_packet() {
            // With this precision `tv_usec` holds nanoseconds.
            Ok(packet) => {
                let ts = packet.header.ts;
                #[allow(clippy::useless_conversion)]
                // 64 bits on Linux; macOS has 32 for the fraction, Windows for both
                let (seconds, nanos) = (i64::from(ts.tv_sec), i64::from(ts.tv_usec));
                seen.push((
                    seconds.wrapping_mul(1_000_000_000).wrapping_add(nanos),
                    packet.header.len,
                    packet.data.to_vec(),
                ));
            }
            Err(pcap::Error::NoMorePackets) => return (seen, Ok(())),
            Err(e) => return (seen, Err(e.to_string())),
        }
    }
}

fn parser(bytes: &[u8]) -> Vec<Seen> {
    let (seen, ending) = read_with_parser(bytes);
    assert_eq!(ending, Ok(()));
    seen
}

/// What pcap-parser reads, and its error if there is one.
pub(super) fn read_with_parser(bytes: &[u8]) -> (Vec<Seen>, Result<(), String>) {
    let mut seen = Vec::new();
    let mut reader = match pcap_parser::create_reader(1 << 16, std::io::Cursor::new(bytes.to_vec())) {
        Ok(reader) => reader,
        Err(e) => return (seen, Err(format!("{e:?}"))),
    };
    let (mut nanosecond, mut resolutions) = (false, Vec::new());
    loop {
        let offset = match reader.next() {
            Ok((offset, block)) => {
                match block {
                    PcapBlockOwned::LegacyHeader(header) => nanosecond = header.is_nanosecond_precision(),
                    PcapBlockOwned::Legacy(b) => {
                        let unit = if nanosecond { 1 } else { 1000 };
                        let nanos = i64::from(b.ts_sec) * 1_000_000_000 + i64::from(b.ts_usec) * unit;
                        seen.push((nanos, b.origlen, b.data[..b.caplen as usize].to_vec()));
                    }
                    PcapBlockOwned::NG(Block::SectionHeader(_)) => resolutions.clear(),
                    PcapBlockOwned::NG(Block::InterfaceDescription(b)) => {
                        resolutions.push(b.ts_resolution().map_or(0, |resolution| resolution as i64));
                    }
                    PcapBlockOwned::NG(Block::EnhancedPacket(b)) => {
                        let ticks = (i64::from(b.ts_high) << 32) | i64::from(b.ts_low);
                        let Some(a_second) = resolutions.get(b.if_id as usize) else {
                            return (seen, Err(format!("interface {}", b.if_id)));
                        };
                        let Some(unit) = 1_000_000_000_i64.checked_div(*a_second).filter(|unit| *unit > 0) else {
                            return (seen, Err(format!("{a_second} ticks a second")));
                        };
                        seen.push((ticks.wrapping_mul(unit), b.origlen, b.packet_data().to_vec()));
                    }
                    PcapBlockOwned::NG(Block::SimplePacket(b)) => seen.push((0, b.origlen, b.packet_data().to_vec())),
                    PcapBlockOwned::NG(_) => {}
                }
                offset
            }
            Err(PcapError::Eof) => return (seen, Ok(())),
            Err(PcapError::Incomplete(_)) => match reader.refill() {
                Ok(()) => continue,
                Err(e) => return (seen, Err(format!("{e:?}"))),
            },
            Err(e) => return (seen, Err(format!("{e:?}"))),
        };
        reader.consume(offset);
    }
}

fn packets() -> impl Strategy<Value = Vec<(u32, u32, u32, Vec<u8>)>> {
    let packet = (0..=i32::MAX as u32, 0..1_000_000_u32, 0..3000_u32, prop::collection::vec(any::<u8>(), 0..300));
    prop::collection::vec(packet, 0..12)
}

fn order() -> impl Strategy<Value = Order> {
    prop::sample::select(&BOTH[..])
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn classic_files_read_alike(packets in packets(), order in order(), magic in prop::sample::select(&[MICRO, NANO, KUZNETSOV][..])) {
        let file = packets.iter().fold(Pcap::new(order, magic), |file, (s, f, extra, data)| {
            file.record(*s, *f, data.len() as u32 + extra, data)
        });
        let seen = ours(&file.bytes);
        prop_assert_eq!(seen.len(), packets.len());
        #[cfg(feature = "live")]
        prop_assert_eq!(&seen, &libpcap(&file.bytes));
        if magic != KUZNETSOV {
            prop_assert_eq!(&seen, &parser(&file.bytes));
        }
    }

    #[test]
    fn pcapng_files_read_alike(packets in packets(), order in order(), resolution in 0..=9_u8) {
        let ticks_a_second = 10_u64.pow(u32::from(resolution));
        let start = Pcapng::new(order).interface_with(1, 262_144, &[(9, vec![resolution])]).block(0x8000_0001, &[1, 2, 3]);
        let file = packets.iter().fold(start, |file, (s, f, extra, data)| {
            let ticks = u64::from(*s) * ticks_a_second + u64::from(*f) % ticks_a_second;
            file.enhanced(0, ticks, data.len() as u32 + extra, data)
        });
        let seen = ours(&file.bytes);
        prop_assert_eq!(seen.len(), packets.len());
        #[cfg(feature = "live")]
        prop_assert_eq!(&seen, &libpcap(&file.bytes));
        prop_assert_eq!(&seen, &parser(&file.bytes));
    }

    #[cfg(feature = "live")]
    #[test]
    fn libpcap_tells_odd_resolutions_and_offsets_alike(
        ticks in 0..1_u64 << 62,
        resolution in prop::sample::select(&[0x80_u8, 0x81, 0x8a, 0x94, 0x9e, 0xa0, 10, 12, 15, 19][..]),
        offset in -1000..2_000_000_000_i64,
        order in order(),
    ) {
        // No finer binary fractions: libpcap 1.10 lets their product with 10^9 overflow.
        // Keep the sum within 292 years, which is what nanoseconds in 64 bits hold.
        let ticks = match resolution { 0x80 => ticks >> 32, 0x81 => ticks >> 31, 0x8a => ticks >> 22, 0x94 => ticks >> 12, _ => ticks };
        let options = [(9, vec![resolution]), (14, order.u64(offset as u64).to_vec())];
        let file = Pcapng::new(order).interface_with(1, 262_144, &options).enhanced(0, ticks, 4, &[1, 2, 3, 4]);
        prop_assert_eq!(ours(&file.bytes), libpcap(&file.bytes));
    }
}

#[cfg(feature = "live")]
#[test]
fn libpcap_reads_simple_and_obsolete_packets_and_sections_alike() {
    for order in BOTH {
        let file = Pcapng::new(order)
            .interface(1, 50)
            .simple(1500, &[7; 50])
            .simple(3, &[1, 2, 3])
            .obsolete(0, 1_700_000_000_000_000, 40, &[9; 40])
            .section(order)
            .interface(1, 50)
            .enhanced(0, 1_700_000_000_000_001, 60, &[3; 50]);
        assert_eq!(ours(&file.bytes), libpcap(&file.bytes));
    }
}
