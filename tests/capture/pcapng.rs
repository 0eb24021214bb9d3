//! pcapng files.

use tcpcheck::capture::{CaptureFault, Damage, Drops, Precision, SourceLimits};

use super::build::{BOTH, Order, Pcapng, payload};
use super::{drain, open, read, refusal};
use crate::testkit::tcpcheck;

const NAME: u16 = 2;
const RESOLUTION: u16 = 9;
const OFFSET: u16 = 14;

fn one_of_each(order: Order) -> Pcapng {
    Pcapng::new(order)
        .interface_with(1, 262_144, &[(NAME, b"eth0".to_vec()), (12, b"Linux".to_vec())])
        .interface_with(101, 50, &[(NAME, b"tun0".to_vec()), (RESOLUTION, vec![9])])
        .enhanced(0, 1_700_000_000_123_456, 61, &payload(61))
        .block(0x0000_0bad, &payload(40))
        .enhanced(1, 1_700_000_000_123_456_789, 1500, &payload(50))
        .obsolete(0, 1_700_000_001_000_000, 99, &payload(33))
        .simple(5, &payload(5))
        .statistics(0, &[(4, 1000), (5, 3), (7, 2)])
}

#[test]
fn every_block_that_holds_a_packet_is_read_in_both_byte_orders() {
    for order in BOTH {
        let mut source = open(&one_of_each(order).bytes).unwrap();
        let frames = drain(&mut *source).unwrap();
        assert_eq!(source.faults(), []);
        let facts: Vec<_> =
            frames.iter().map(|f| (f.number, f.nanos, f.link_type, f.interface, f.wire_len, f.data.len())).collect();
        assert_eq!(
            facts,
            [
                (1, 1_700_000_000_123_456_000, 1, 0, 61, 61),
                (2, 1_700_000_000_123_456_789, 101, 1, 1500, 50),
                (3, 1_700_000_001_000_000_000, 1, 0, 99, 33),
                (4, 0, 1, 0, 5, 5),
            ]
        );
        assert!(frames.iter().all(|f| f.data == payload(f.data.len())));
        let names: Vec<_> = source.interfaces().iter().map(|i| i.name.as_deref()).collect();
        assert_eq!(names, [Some("eth0"), Some("tun0")]);
        assert_eq!(source.drops(), Some(Drops { received: 1000, kernel: 2, interface: 3 }));
        let info = source.info();
        assert_eq!((&*info.format, info.snaplen, info.precision), ("pcapng", 262_144, Precision::Nano));
        assert_eq!(info.link_type.unwrap().0, 1);
    }
}

#[test]
fn the_first_interface_is_known_before_the_first_frame() {
    let source = open(&Pcapng::new(Order::Big).block(4, &[0; 8]).interface(113, 96).bytes).unwrap();
    assert_eq!(source.info().link_type.unwrap().0, 113);
    assert_eq!(source.info().snaplen, 96);
}

#[test]
fn sections_have_their_own_byte_order_and_interfaces() {
    let file = Pcapng::new(Order::Little)
        .interface(1, 0)
        .enhanced(0, 1_000_000, 4, &payload(4))
        .section(Order::Big)
        .interface_with(276, 0, &[(RESOLUTION, vec![3])])
        .enhanced(0, 2_000, 5, &payload(5));
    let (frames, faults) = read(&file.bytes);
    assert_eq!(faults, []);
    let facts: Vec<_> = frames.iter().map(|f| (f.nanos, f.link_type, f.interface)).collect();
    assert_eq!(facts, [(1_000_000_000, 1, 0), (2_000_000_000, 276, 1)]);
}

#[test]
fn a_simple_packet_ends_at_the_snapshot_length() {
    // 10 bytes kept, padded to 12: the padding is no data.
    let file = Pcapng::new(Order::Little).interface(1, 10).simple(1500, &payload(10));
    let (frames, faults) = read(&file.bytes);
    assert_eq!(faults, []);
    assert_eq!((frames[0].wire_len, &frames[0].data), (1500, &payload(10)));
}

#[test]
fn any_resolution_and_any_offset_give_a_time() {
    let time = |resolution: u8, offset: i64, ticks: u64| {
        let file = Pcapng::new(Order::Little).interface_with(
            1,
            0,
            &[(RESOLUTION, vec![resolution]), (OFFSET, offset.to_le_bytes().to_vec())],
        );
        read(&file.enhanced(0, ticks, 1, &[0]).bytes).0[0].nanos
    };
    assert_eq!(time(0, 0, 17), 17_000_000_000);
    assert_eq!(time(6, 0, 17), 17_000);
    assert_eq!(time(12, 0, 17_999), 17);
    assert_eq!(time(0x94, 0, 1 << 20 | 1 << 19), 1_500_000_000); // 2^-20 s
    assert_eq!(time(0x9e, 0, 1), 0); // 2^-30 s is less than a nanosecond
    assert_eq!(time(6, -1, 1_700_000), 700_000_000);
    assert_eq!(time(6, 1_700_000_000, 5), 1_700_000_000_000_005_000);
    for resolution in 0..=255 {
        for offset in [i64::MIN, -1, 0, 1, i64::MAX] {
            for ticks in [0, 1, u64::MAX] {
                time(resolution, offset, ticks);
            }
        }
    }
    assert_eq!(time(0, i64::MAX, u64::MAX), i64::MAX);
    assert_eq!(time(0, i64::MIN, 0), i64::MIN);
}

#[test]
fn a_file_cut_at_any_byte_gives_what_came_before_and_says_so_unless_a_block_ends_there() {
    for order in BOTH {
        let file = one_of_each(order);
        let mut ends = vec![0];
        while let Some(length) = file.bytes.get(ends[ends.len() - 1] + 4..).and_then(|b| b.first_chunk::<4>()) {
            let length = if order == Order::Big { u32::from_be_bytes(*length) } else { u32::from_le_bytes(*length) };
            ends.push(ends[ends.len() - 1] + length as usize);
        }
        for end in 28..=file.bytes.len() {
            let (frames, faults) = read(&file.bytes[..end]);
            assert_eq!(frames.len(), file.marks.iter().filter(|mark| **mark <= end).count());
            let begin = *ends.iter().filter(|mark| **mark <= end).max().unwrap() as u64;
            match &faults[..] {
                [] => assert_eq!(begin, end as u64),
                [CaptureFault::Cut { after_frame, offset, present, .. }] => {
                    assert_eq!(*after_frame, frames.len() as u64);
                    assert_eq!((*offset, *present), (begin, end as u64 - begin));
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn what_cannot_be_right_ends_the_file_with_the_reason() {
    let good = || Pcapng::new(Order::Little).interface(1, 0).enhanced(0, 1, 4, &payload(4));
    let damage = |bytes: &[u8]| {
        let (frames, faults) = read(bytes);
        assert_eq!(frames.len(), 1, "what came before stands");
        let [CaptureFault::Damaged { after_frame: 1, offset, damage, .. }] = &faults[..] else { panic!("{faults:?}") };
        assert_eq!(*offset, good().bytes.len() as u64);
        damage.clone()
    };
    assert_eq!(damage(&good().enhanced(7, 1, 4, &payload(4)).bytes), Damage::Interface { says: 7, described: 1 });
    let block =
        |length: u32| [good().bytes, 77_u32.to_le_bytes().into(), length.to_le_bytes().into(), vec![0; 64]].concat();
    assert_eq!(damage(&block(8)), Damage::BlockLength { says: 8 });
    assert_eq!(damage(&block(33)), Damage::BlockLength { says: 33 });
    assert_eq!(damage(&block(32)), Damage::BlockEnd { begins: 32, ends: 0 });
    assert_eq!(damage(&good().block(6, &[0; 12]).bytes), Damage::BlockFields { block: "Enhanced Packet" });
    let mut overrun = [0; 24];
    overrun[12] = 8; // 8 bytes captured, 4 there
    assert_eq!(damage(&good().block(6, &overrun).bytes), Damage::BlockFields { block: "Enhanced Packet" });
    assert_eq!(damage(&good().block(1, &[1, 0, 0, 0]).bytes), Damage::BlockFields { block: "Interface Description" });
    assert_eq!(damage(&good().block(0x0a0d_0d0a, &[0; 16]).bytes), Damage::ByteOrder);
    let mut section = Pcapng::new(Order::Big).bytes;
    section[13] = 2;
    assert_eq!(damage(&[good().bytes, section].concat()), Damage::Version { major: 2, minor: 0 });
}

#[test]
fn a_packet_of_an_interface_of_another_section_is_damage() {
    let file = Pcapng::new(Order::Little).interface(1, 0).section(Order::Little).simple(4, &payload(4));
    let (frames, faults) = read(&file.bytes);
    assert_eq!(frames, []);
    assert!(matches!(faults[..], [CaptureFault::Damaged { damage: Damage::Interface { says: 0, described: 0 }, .. }]));
}

#[test]
fn blocks_that_are_not_needed_may_be_larger_than_any_buffer() {
    let file = Pcapng::new(Order::Little)
        .block(0x0a, &payload(20_000_000)) // decryption secrets, say
        .interface(1, 0)
        .enhanced(0, 1, 4, &payload(4));
    let (frames, faults) = read(&file.bytes);
    assert_eq!((frames.len(), faults), (1, vec![]));
    let (_, faults) = read(&file.bytes[..10_000_000]);
    let cut = CaptureFault::Cut {
        source: "test".into(),
        after_frame: 0,
        offset: 28,
        needed: 20_000_012,
        present: 10_000_000 - 28,
    };
    assert_eq!(faults, [cut]);
}

#[test]
fn statistics_of_several_interfaces_add_up_and_later_ones_replace_earlier_ones() {
    let file = Pcapng::new(Order::Big)
        .interface(1, 0)
        .interface(1, 0)
        .statistics(0, &[(4, 10), (7, 1)])
        .statistics(0, &[(4, 20), (6, 15), (7, 2)])
        .statistics(1, &[(5, 4)])
        .statistics(9, &[(7, 1_000_000)]);
    let mut source = open(&file.bytes).unwrap();
    drain(&mut *source).unwrap();
    assert_eq!(source.drops(), Some(Drops { received: 15, kernel: 2, interface: 4 }));
}

#[test]
fn a_section_header_without_byte_order_is_no_capture() {
    assert!(refusal(&[&[0x0a, 0x0d, 0x0d, 0x0a][..], &[b'x'; 40]].concat()).contains("not a capture file"));
    let mut later = Pcapng::new(Order::Little).bytes;
    later[12] = 9;
    assert!(refusal(&later).contains("pcapng version 9.0 is not read"));
}

/// The body of an enhanced packet of 5 bytes whose drop count is that.
fn with_drop_count(order: Order, interface: u32, dropped: u64) -> Vec<u8> {
    let mut body: Vec<u8> = [interface, 0, 7, 5, 5].into_iter().flat_map(|field| order.u32(field)).collect();
    body.extend([payload(5), vec![0; 3]].concat());
    // A comment stands before it.
    for (code, value) in [(1, b"good".to_vec()), (4, order.u64(dropped).to_vec()), (0, Vec::new())] {
        body.extend(order.u16(code));
        body.extend(order.u16(value.len() as u16));
        body.extend(value);
    }
    body
}

#[test]
fn packets_say_themselves_what_was_lost_before_them() {
    for order in BOTH {
        let file = Pcapng::new(order)
            .interface(1, 0)
            .interface(1, 0)
            .enhanced(0, 1, 5, &payload(5))
            .block(6, &with_drop_count(order, 0, 3))
            .block(6, &with_drop_count(order, 1, 4));
        let mut source = open(&file.bytes).unwrap();
        let frames = drain(&mut *source).unwrap();
        assert!(frames.iter().all(|frame| frame.data == payload(5)), "{frames:?}");
        assert_eq!(source.drops(), Some(Drops { received: 0, kernel: 7, interface: 0 }));
        // What the statistics count is the same packets.
        let file = file.statistics(0, &[(5, 1), (7, 2)]).statistics(1, &[(7, 9)]);
        let mut source = open(&file.bytes).unwrap();
        drain(&mut *source).unwrap();
        assert_eq!(source.drops(), Some(Drops { received: 0, kernel: 11, interface: 1 }));
    }
    let mut source = open(&one_of_each(Order::Big).bytes).unwrap();
    drain(&mut *source).unwrap();
    assert_eq!(source.drops().map(|drops| drops.kernel), Some(2), "without one nothing is added");
}

#[test]
fn as_many_sections_as_there_are_are_read() {
    // Each describes the same interface, as captures do that were put one behind the other.
    let alike = (0..70_000).fold(Pcapng::new(Order::Little), |file, n| {
        let file = if n == 0 { file } else { file.section(if n % 2 == 0 { Order::Little } else { Order::Big }) };
        file.interface_with(1, 96, &[(2, b"eth0".to_vec())])
            .enhanced(0, n, 60, &payload(4))
            .statistics(0, &[(4, 2), (7, 1)])
    });
    let mut source = open(&alike.bytes).unwrap();
    assert_eq!(drain(&mut *source).unwrap().len(), 70_000);
    assert_eq!((source.faults(), source.interfaces().len()), (&[][..], 1));
    assert_eq!(source.drops().map(|drops| (drops.received, drops.kernel)), Some((140_000, 70_000)));
    // Each describes another one: they are told apart as far as there is room.
    let different = (0..70_000_u64).fold(Pcapng::new(Order::Little), |file, n| {
        let file = if n == 0 { file } else { file.section(Order::Little) };
        let link_type = if n % 2 == 0 { 1 } else { 101 };
        file.interface_with(link_type, 96, &[(2, format!("eth{n}").into_bytes())]).enhanced(0, n, 60, &payload(4))
    });
    let (frames, faults) = read(&different.bytes);
    assert_eq!((frames.len(), faults), (70_000, vec![]));
    assert!(frames.iter().enumerate().all(|(n, frame)| frame.link_type == if n % 2 == 0 { 1 } else { 101 }));
    assert_eq!(frames.last().unwrap().nanos, 69_999_000);
    let mut source = open(&different.bytes).unwrap();
    assert_eq!(source.limits(), SourceLimits::default());
    drain(&mut *source).unwrap();
    assert_eq!(source.interfaces().len(), 65_536);
    assert_eq!(source.limits(), SourceLimits { interfaces: Some(65_536), ..SourceLimits::default() });
}

#[test]
fn comments_without_end_take_no_more_memory_than_they_may() {
    let comment = |n: u32| [n.to_string().into_bytes(), vec![b'c'; 60_000]].concat();
    let file = (0..1_000).fold(Pcapng::new(Order::Little), |file, n| {
        file.section(Order::Little).interface_with(1, 0, &[(1, comment(n))])
    });
    let file = file.enhanced(0, 0, 60, &payload(4));
    let mut source = open(&file.bytes).unwrap();
    assert_eq!(drain(&mut *source).unwrap().len(), 1);
    let kept: usize = source.interfaces().iter().map(|interface| interface.options.len()).sum();
    assert!((15 << 20..=16 << 20).contains(&kept), "{kept}");
    assert_eq!(source.limits(), SourceLimits { options: Some(16 << 20), ..SourceLimits::default() });
}

#[test]
fn a_limit_that_a_file_reaches_is_said_by_whatever_reads_it() {
    let file =
        Pcapng::new(Order::Little).interface_with(1, 0, &[(2, vec![b'n'; 300])]).enhanced(0, 0, 60, &payload(60)).bytes;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long-name.pcapng");
    std::fs::write(&path, file).unwrap();
    let path = path.to_str().unwrap();
    for args in [&["-n", "--findings", "-r"][..], &["-n", "--json", "-r"], &["export", "--table", "findings"]] {
        let output = tcpcheck(&[args, &[path]].concat());
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains("TC911") && said.contains("256"), "{args:?}: {said}");
    }
}
