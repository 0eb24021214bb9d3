//! Captures that no kernel sends and files that no program should write (fixtures/malformed): written here, byte by byte.

use std::collections::BTreeMap;

use crate::testkit::file::{Record, block, enhanced_packet, interface, pcap, pcap_header, section};
use crate::testkit::packet::{Opt, Packet, Sum, flags};
use crate::testkit::{files_below, root, short, tcpcheck};

/// 2023-11-14 22:13:20 UTC.
const ZERO: i64 = 1_700_000_000_000_000_000;

/// A segment of connection `n`, an ACK at sequence number 1001.
fn segment(n: u16) -> Packet {
    let mut packet = Packet::new(([10, 0, 0, 1], 40000 + n).into(), ([10, 0, 0, 2], 80).into());
    packet.seq = 1001;
    packet.ack = 9001;
    packet
}

/// The segment of a client that just sent `text`.
fn with_payload(n: u16, text: &[u8]) -> Packet {
    Packet { payload: text.to_vec(), flags: 0x018, ..segment(n) }
}

/// Packets a millisecond apart.
fn packets(packets: impl IntoIterator<Item = Packet>) -> Vec<u8> {
    frames(packets.into_iter().map(|packet| packet.frame()))
}

/// Frames a millisecond apart.
fn frames(frames: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let records = frames.into_iter().enumerate().map(|(n, frame)| Record::whole(ZERO + n as i64 * 1_000_000, frame));
    pcap(&records.collect::<Vec<_>>())
}

fn illegal_flags() -> Vec<u8> {
    let letters = ["none", "SF", "SR", "FR.", "F", "P", "U", "FPU", "FSRP.UEWe", "SRF"];
    let mut all: Vec<Packet> =
        (0..).zip(letters).map(|(n, letters)| Packet { flags: flags(letters).unwrap(), ..segment(n) }).collect();
    all.extend((0..3).map(|bit| Packet { flags: 0x200 << bit | 0x010, ..segment(20 + bit) }));
    packets(all)
}

fn header_lengths() -> Vec<u8> {
    let mut all: Vec<Packet> =
        (0..5).map(|words| Packet { data_offset: Some(words), ..segment(u16::from(words)) }).collect();
    all.extend((6..16).map(|words| Packet { data_offset: Some(words), ..segment(u16::from(words)) }));
    all.push(Packet { data_offset: Some(8), ..with_payload(20, b"taken for options") });
    // A TCP header of which the IP packet holds only a part.
    all.extend((0..20).map(|bytes| Packet { total_len: Some(20 + bytes), ..segment(30 + bytes) }));
    packets(all)
}

fn options() -> Vec<u8> {
    let lists: &[&[u8]] = &[
        &[2, 0, 0, 0],
        &[2, 1, 0, 0],
        &[2, 3, 5, 0],
        &[2, 5, 5, 180, 0, 1, 1, 1],
        &[2, 40, 5, 180],
        &[3, 2, 1, 1],
        &[3, 4, 7, 0],
        &[3, 3, 255, 1],
        &[4, 3, 0, 1],
        &[5, 2, 1, 1],
        &[5, 9, 0, 0, 0, 1, 0, 0, 0, 2, 1, 1],
        &[5, 34, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0],
        &[8, 9, 0, 0, 0, 1, 0, 0, 0, 2, 1, 1],
        &[8, 10, 0, 0],
        &[19, 17, 0, 0],
        &[29, 3, 0, 1],
        &[30, 2, 1, 1],
        &[34, 3, 1, 1],
        &[34, 20, 1, 1],
        &[254, 3, 0xf9, 1],
        &[77, 0, 1, 1],
        &[77, 255, 1, 1],
        &[1, 1, 1, 2],
        &[0, 0, 0, 1],
        &[0, 2, 4, 5],
        &[2, 4, 5, 180, 2, 4, 5, 100],
    ];
    let syn = |(n, list): (u16, &&[u8])| Packet {
        flags: 0x002,
        ack: 0,
        options: vec![Opt::Raw(list.to_vec())],
        ..segment(n)
    };
    let mut all: Vec<Packet> = (0..).zip(lists).map(syn).collect();
    // What may stand in a SYN only, in an ACK; five SACK blocks where four fit.
    all.push(Packet { options: vec![Opt::Mss(1460), Opt::WindowScale(7), Opt::SackPermitted], ..segment(50) });
    all.push(Packet { options: vec![Opt::Sack(vec![(5, 1), (7, 7), (0, u32::MAX), (9, 12)])], ..segment(51) });
    packets(all)
}

fn checksums() -> Vec<u8> {
    let wrong = Packet { sum: Sum::Wrong, ..with_payload(0, b"wrong") };
    let partial = Packet { sum: Sum::Partial, ..with_payload(1, b"partial") };
    let right = with_payload(2, b"right");
    let mut ip_wrong = with_payload(3, b"ip").frame();
    ip_wrong[24] ^= 0xff;
    let mut zero = with_payload(4, b"zero").frame();
    zero[50..52].fill(0);
    frames([wrong.frame(), partial.frame(), right.frame(), ip_wrong, zero])
}

fn ip_lengths() -> Vec<u8> {
    let edit = |n: u16, at: usize, bytes: &[u8]| {
        let mut frame = with_payload(n, b"payload").frame();
        frame[at..at + bytes.len()].copy_from_slice(bytes);
        frame
    };
    let six = |n: u16, at: usize, bytes: &[u8]| {
        let mut packet =
            Packet::new(([0xfd00, 0, 0, 0, 0, 0, 0, 1], 40000 + n).into(), ([0xfd00, 0, 0, 0, 0, 0, 0, 2], 80).into());
        packet.payload = vec![0; 40];
        let mut frame = packet.frame();
        frame[at..at + bytes.len()].copy_from_slice(bytes);
        frame
    };
    let mut padded = with_payload(0, b"").frame();
    padded.resize(60, 0);
    frames([
        padded,
        edit(1, 16, &[0, 0]),
        edit(2, 16, &[0, 19]),
        edit(3, 16, &[0xff, 0xff]),
        edit(4, 14, &[0x44]),
        edit(5, 14, &[0x4f]),
        edit(6, 14, &[0x55]),
        edit(7, 20, &[0x20, 0x00]),
        edit(8, 20, &[0x00, 0x05]),
        edit(9, 12, &[0x08, 0x06]),
        six(10, 18, &[0, 0]),
        six(11, 18, &[0xff, 0xff]),
        // Extension headers that point at themselves, a fragment, and nothing at all.
        six(12, 20, &[0]),
        six(13, 20, &[43]),
        six(14, 20, &[44]),
        six(15, 20, &[51]),
        six(16, 20, &[59]),
    ])
}

/// Layers inside one another, far more than anyone has.
fn nested() -> Vec<u8> {
    let inner = with_payload(0, b"deep inside");
    let mut tags = inner.frame();
    for _ in 0..40 {
        tags.splice(12..12, [0x81, 0x00, 0x00, 0x2a]);
    }
    let mut labels = inner.frame();
    labels.splice(12..14, [0x88, 0x47].into_iter().chain([0, 1, 0, 64].repeat(60)));
    let mut ip = inner.ip();
    for _ in 0..40 {
        let mut outer = Packet::new(([192, 0, 2, 1], 0).into(), ([192, 0, 2, 2], 0).into()).ip()[..20].to_vec();
        outer[2..4].copy_from_slice(&(ip.len() as u16 + 20).to_be_bytes());
        outer[9] = 4;
        ip.splice(0..0, outer);
    }
    ip.splice(0..0, [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0x00]);
    frames([tags, labels, ip])
}

/// Fragments that overlap, that are tiny, that reach beyond the longest packet, and that never make one.
fn fragments() -> Vec<u8> {
    let whole = with_payload(0, &[7; 400]).ip();
    // The data from one place on, as a fragment at another.
    let part = |id: u16, offset: u16, more: bool, from: usize, len: usize| {
        let mut frame = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0x00];
        frame.extend(&whole[..20]);
        frame[16..18].copy_from_slice(&(20 + len as u16).to_be_bytes());
        frame[18..20].copy_from_slice(&id.to_be_bytes());
        frame[20..22].copy_from_slice(&((offset / 8) | if more { 0x2000 } else { 0 }).to_be_bytes());
        frame.extend(&whole[20 + from..20 + from + len]);
        frame
    };
    let mut all = vec![
        part(1, 0, true, 0, 200),
        part(1, 192, false, 192, 228),
        part(1, 200, false, 200, 220),
        part(2, 0, true, 0, 8),
        part(2, 8, true, 8, 8),
        part(3, 65_528, false, 0, 200),
        part(4, 0, true, 0, 200),
        part(5, 200, false, 200, 220),
        part(5, 0, true, 0, 200),
        part(6, 0, true, 0, 0),
        part(7, 0, true, 0, 100),
        part(7, 100, false, 100, 320),
    ];
    all.extend((0..50).map(|at| part(8, at * 8, true, usize::from(at) * 8, 8)));
    all.push(part(8, 400, false, 400, 20));
    all.extend((100..500).map(|id| part(id, 8, true, 8, 300)));
    frames(all)
}

fn snaplen_cut() -> Vec<u8> {
    let mut full = with_payload(0, b"the payload behind the header");
    full.options = vec![Opt::Raw(vec![1, 1]), Opt::Timestamps(7, 8)];
    let cut = |len: usize| {
        let mut record = Record::whole(ZERO + len as i64 * 1_000_000, full.frame());
        record.bytes.truncate(len);
        record
    };
    pcap(&(0..=full.frame().len()).map(cut).collect::<Vec<_>>())
}

/// Bytes that a terminal, a page or a log would act upon.
fn escapes() -> Vec<u8> {
    let texts: [&[u8]; 6] = [
        b"\x1b[2J\x1b[31mred\x1b]0;title\x07",
        b"\x9b31m\x90q\x9c",
        "right\u{202e}tfel \u{2028} line".as_bytes(),
        b"<script>alert(1)</script>&amp;\"'",
        b"back\rspace\x08\x7f\0nul\tTab\n",
        b"\xff\xfe\xc3\x28\xed\xa0\x80",
    ];
    packets((0..).zip(texts).map(|(n, text)| with_payload(n, text)))
}

fn time_goes_back() -> Vec<u8> {
    let at = [0, 5_000_000, 3_000_000, 4_000_000, -1_700_000_000_000_000_000, 6_000_000, 2_594_967_295_000_000_000];
    let record =
        |(n, ns): (u32, &i64)| Record::whole(ZERO + ns, Packet { seq: 1001 + n, ..with_payload(0, b"x") }.frame());
    pcap(&(0..).zip(&at).map(record).collect::<Vec<_>>())
}

/// One record's header: seconds 0, nanoseconds 0.
fn record_header(captured: u32, wire: u32) -> Vec<u8> {
    [&[0; 8][..], &captured.to_le_bytes(), &wire.to_le_bytes()].concat()
}

/// Every file, by its name.
fn written() -> BTreeMap<&'static str, Vec<u8>> {
    let good = packets([with_payload(0, b"good"), with_payload(0, b"better")]);
    let frame = with_payload(0, b"good").frame();
    let record = Record::whole(ZERO, frame.clone());
    let mut files = BTreeMap::from([
        ("illegal-flags.pcap", illegal_flags()),
        ("header-lengths.pcap", header_lengths()),
        ("options.pcap", options()),
        ("checksums.pcap", checksums()),
        ("ip-lengths.pcap", ip_lengths()),
        ("nested.pcap", nested()),
        ("fragments.pcap", fragments()),
        ("snaplen-cut.pcap", snaplen_cut()),
        ("escapes.pcap", escapes()),
        ("time-goes-back.pcap", time_goes_back()),
    ]);

    // Files that end too early.
    files.insert("empty.pcap", Vec::new());
    files.insert("cut-in-magic.pcap", good[..3].to_vec());
    files.insert("cut-in-header.pcap", good[..20].to_vec());
    files.insert("header-only.pcap", good[..24].to_vec());
    files.insert("cut-in-record-header.pcap", good[..24 + 16 + frame.len() + 7].to_vec());
    files.insert("cut-in-record.pcap", good[..good.len() - 5].to_vec());
    files.insert("not-a-capture.pcap", b"This is not a capture, although its name says so.\n".to_vec());
    // A gzip member with one stored block, that ends in the middle of it.
    let stored = [
        &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1][..],
        &(good.len() as u16).to_le_bytes(),
        &(!good.len() as u16).to_le_bytes(),
    ];
    files.insert("cut-in-gzip.pcap.gz", [&stored.concat()[..], &good[..good.len() - 5]].concat());

    // Records that lie about their length.
    let after_good = |header: Vec<u8>, bytes: &[u8]| [&good[..24 + 16 + frame.len()], &header, bytes].concat();
    files.insert("record-of-4-gib.pcap", after_good(record_header(u32::MAX, u32::MAX), &frame));
    files.insert("record-of-200-mib.pcap", after_good(record_header(200 << 20, 200 << 20), &frame));
    files.insert("record-longer-than-wire.pcap", after_good(record_header(frame.len() as u32, 20), &frame));
    files.insert("record-of-nothing.pcap", after_good(record_header(0, 0), &[]));
    files.insert("unknown-link-type.pcap", [pcap_header(true, 65535, 0xfffe), good[24..].to_vec()].concat());
    files.insert("version-9.pcap", [&good[..4], &[9, 0, 0, 0], &good[8..]].concat());

    // pcapng, block by block.
    let packet = enhanced_packet(0, &record);
    let ng = |blocks: &[&[u8]]| blocks.concat();
    let (section, ethernet) = (section(), interface(1, 0));
    files.insert("no-interface.pcapng", ng(&[&section, &packet]));
    files.insert("other-interface.pcapng", ng(&[&section, &ethernet, &packet, &enhanced_packet(7, &record)]));
    files.insert(
        "unknown-blocks.pcapng",
        ng(&[&section, &block(0xbad, b"odd"), &ethernet, &block(0x8000_0001, &[]), &packet]),
    );
    files.insert(
        "simple-packet.pcapng",
        ng(&[
            &section,
            &interface(1, 40),
            &block(3, &[&(frame.len() as u32).to_le_bytes()[..], &frame[..40]].concat()),
        ]),
    );
    files.insert(
        "two-sections.pcapng",
        ng(&[
            &section,
            &ethernet,
            &packet,
            &section,
            &interface(101, 0),
            &enhanced_packet(0, &Record::whole(ZERO + 1_000_000, frame[14..].to_vec())),
        ]),
    );
    files.insert("cut-in-block.pcapng", ng(&[&section, &ethernet, &packet, &packet[..packet.len() - 9]]));
    files.insert("cut-in-section.pcapng", section[..17].to_vec());
    let relabelled = |block: &[u8], len: u32| [&block[..4], &len.to_le_bytes(), &block[8..]].concat();
    files.insert("block-of-3-bytes.pcapng", ng(&[&section, &ethernet, &packet, &relabelled(&packet, 3), &packet]));
    files.insert("block-of-0-bytes.pcapng", ng(&[&section, &ethernet, &packet, &relabelled(&packet, 0), &packet]));
    files.insert(
        "block-of-4-gib.pcapng",
        ng(&[&section, &ethernet, &packet, &relabelled(&packet, u32::MAX - 3), &packet]),
    );
    files.insert(
        "block-with-two-lengths.pcapng",
        ng(&[&section, &ethernet, &packet, &[&packet[..packet.len() - 4], &[0, 1, 0, 0]].concat(), &packet]),
    );
    let longer = |at: usize| [&packet[..at], &0xffff_fff0u32.to_le_bytes(), &packet[at + 4..]].concat();
    files.insert("packet-longer-than-block.pcapng", ng(&[&section, &ethernet, &packet, &longer(20), &packet]));
    // Ticks of 10^-127 s and 2^-127 s, an option that runs out of its block, an interface of 4 bytes.
    for (name, option) in [
        ("ticks-of-10-to-the-127.pcapng", &[9, 0, 1, 0, 0x7f, 0, 0, 0, 0, 0, 0, 0][..]),
        ("ticks-of-2-to-the-127.pcapng", &[9, 0, 1, 0, 0xff, 0, 0, 0, 0, 0, 0, 0]),
        ("option-overrun.pcapng", &[2, 0, 0xff, 0xff, b'e', b't', b'h', b'0']),
    ] {
        let odd = block(1, &[&[1, 0, 0, 0, 0, 0, 0, 0][..], option].concat());
        files.insert(name, ng(&[&section, &odd, &packet]));
    }
    files.insert("short-interface.pcapng", ng(&[&section, &block(1, &[1, 0, 0, 0]), &packet]));
    files
}

#[test]
fn the_committed_files_are_what_is_written_here() {
    let folder = root().join("fixtures/malformed");
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(&folder).expect("the folder");
        for (name, bytes) in written() {
            std::fs::write(folder.join(name), bytes).expect("a file in it");
        }
    }
    let committed = files_below("fixtures/malformed", &[""]);
    let names: Vec<String> =
        committed.iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect();
    assert_eq!(names, written().into_keys().collect::<Vec<_>>(), "BLESS=1 writes them anew");
    for (path, (name, bytes)) in committed.iter().zip(written()) {
        assert!(std::fs::read(path).unwrap() == bytes, "{name} is not what is written here; BLESS=1 writes it anew");
    }
}

#[test]
fn the_program_reads_every_one_or_says_why_not() {
    for path in files_below("fixtures/malformed", &[""]) {
        for options in [
            &["-n"][..],
            &["-n", "-e", "-vv", "-X"],
            &["-n", "-A", "-S"],
            &["-n", "--json"],
            &["-n", "--flows", "-v"],
            &["-n", "--summary"],
        ] {
            let mut args: Vec<&std::ffi::OsStr> = options.iter().map(AsRef::as_ref).collect();
            args.extend(["-r".as_ref(), path.as_os_str()]);
            let output = tcpcheck(&args);
            let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            let name = short(&path);
            match output.status.code() {
                Some(0) => {}
                Some(2) => assert!(!err.is_empty(), "{name} {options:?}: failed without a word"),
                other => panic!("{name} {options:?}: exit status {other:?}\n{err}"),
            }
            // Nothing from the wire may reach a terminal as a command.
            for (from, text) in [("standard output", &out), ("standard error", &err)] {
                let command = text.chars().find(|sign| sign.is_control() && !"\n\t".contains(*sign));
                assert_eq!(command, None, "{name} {options:?}: a control character on {from}:\n{text}");
            }
        }
    }
}
