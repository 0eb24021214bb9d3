//! `tcpcheck anonymize`: nobody is in the capture any more, and the same is found in it.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::Path;

use tcpcheck::capture::{Next, open};
use tcpcheck::dissect::{Checksum, Layer};
use tcpcheck::{Content, dissect};

use super::packets;
use super::traffic::{capture, labelled};
use crate::testkit::{files_below, short, tcpcheck};

/// A rule that compares payload, and one about the file itself: what they find may be missing.
const READ_PAYLOAD: [&str; 2] = ["TC214", "TC901"];

/// Writes the capture anew; nothing where it is none.
fn anonymized(input: &Path, output: &Path, options: &[&str]) -> bool {
    let key = output.with_extension("key");
    std::fs::write(&key, b"a secret that is only for this test").unwrap();
    let mut args = vec!["anonymize", input.to_str().unwrap(), "-w", output.to_str().unwrap()];
    args.extend(["--key", key.to_str().unwrap()]);
    args.extend(options);
    tcpcheck(&args).status.success()
}

/// The findings about frames: frame and code.
fn findings(path: &Path) -> BTreeSet<(u64, String)> {
    let output = tcpcheck(&["-r", path.to_str().unwrap(), "--json", "--findings"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let records = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    records
        .filter(|record| record["type"] == "finding")
        .map(|record| (record["frame"].as_u64().unwrap_or(0), record["code"].as_str().unwrap().to_owned()))
        .filter(|(_, code)| !READ_PAYLOAD.contains(&code.as_str()))
        .collect()
}

/// Bytes that say nothing, such as zeros, may be anywhere.
fn says_something(bytes: &[u8]) -> bool {
    bytes.iter().collect::<BTreeSet<_>>().len() > 3
}

/// What may be in no anonymized capture: addresses and payloads, as bytes.
fn secrets(path: &Path) -> (BTreeSet<Vec<u8>>, BTreeSet<Vec<u8>>) {
    let (mut addresses, mut payloads) = (BTreeSet::new(), BTreeSet::new());
    let mut source = open(path).unwrap();
    while let Ok(Next::Frame(frame)) = source.next_frame() {
        let dissection = dissect(&frame);
        for layer in &dissection.layers {
            match layer {
                Layer::Ip(ip) => {
                    for address in [ip.src, ip.dst] {
                        let (bytes, nobody) = match address {
                            IpAddr::V4(v4) => (
                                v4.octets().to_vec(),
                                v4.is_loopback() || v4.is_multicast() || v4.is_broadcast() || v4.is_unspecified(),
                            ),
                            IpAddr::V6(v6) => {
                                (v6.octets().to_vec(), v6.is_loopback() || v6.is_multicast() || v6.is_unspecified())
                            }
                        };
                        if !nobody {
                            addresses.insert(bytes);
                        }
                    }
                }
                Layer::Ethernet(ethernet) => {
                    for mac in [ethernet.dst, ethernet.src] {
                        if mac[0] & 1 == 0 && *mac != [0; 6] {
                            addresses.insert(mac.to_vec());
                        }
                    }
                }
                _ => {}
            }
        }
        if let Content::Tcp(tcp) = dissection.content {
            for piece in tcp.payload.chunks_exact(8) {
                if says_something(piece) {
                    payloads.insert(piece.to_vec());
                }
            }
        }
    }
    (addresses, payloads)
}

#[test]
fn fixtures_show_the_same_findings_and_hold_no_address_and_no_payload_any_more() {
    let folder = tempfile::tempdir().unwrap();
    for input in files_below("fixtures", &[".pcap", ".pcapng"]) {
        let output = folder.path().join(if input.extension().unwrap() == "pcapng" { "o.pcapng" } else { "o.pcap" });
        // Overlapping fragments of headers: what stands in a later fragment is taken for payload, and removed.
        if short(&input) == "fixtures/malformed/fragments.pcap" || !anonymized(&input, &output, &[]) {
            continue;
        }
        let (before, after) = (packets(&input), packets(&output));
        let shape = |packets: &[super::Kept]| {
            packets.iter().map(|(ns, link, wire, data)| (*ns, *link, *wire, data.len())).collect::<Vec<_>>()
        };
        assert_eq!(shape(&before), shape(&after), "{}", short(&input));
        assert_eq!(findings(&input), findings(&output), "{}", short(&input));
        let (addresses, payloads) = secrets(&input);
        for (n, (_, _, _, data)) in after.iter().enumerate() {
            for window in data.windows(8) {
                assert!(!payloads.contains(window), "{}: payload in frame {}", short(&input), n + 1);
            }
            for length in [6, 16] {
                // Header fields may be such bytes as a short address is.
                for window in data.windows(length).filter(|window| says_something(window)) {
                    assert!(!addresses.contains(window), "{}: {window:x?} in frame {}", short(&input), n + 1);
                }
            }
        }
        // Four bytes may come about by chance: where addresses stand none is an old one.
        let (others, _) = secrets(&output);
        assert!(others.is_disjoint(&addresses), "{}: {:x?}", short(&input), others.intersection(&addresses));
    }
}

#[test]
fn pseudonyms_keep_prefixes_and_are_another_secret_s_others() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.pcap"), folder.path().join("out.pcap"));
    std::fs::write(&input, capture(&labelled())).unwrap();
    assert!(anonymized(&input, &output, &["--keep-ports", "--shift=-3600"]));
    let first = packets(&output);
    assert_eq!(first[0].0, packets(&input)[0].0 - 3_600_000_000_000);
    assert!(anonymized(&input, &output, &["--keep-ports", "--shift=-3600"]));
    assert_eq!(packets(&output), first, "the same secret");
    let mut hosts = BTreeSet::new();
    let mut source = open(&output).unwrap();
    while let Ok(Next::Frame(frame)) = source.next_frame() {
        let found = dissect(&frame);
        if let Content::Tcp(tcp) = found.content {
            assert!([tcp.segment.src.port, tcp.segment.dst.port].contains(&80));
            assert_ne!(
                std::mem::discriminant(&tcp.segment.checksum),
                std::mem::discriminant(&Checksum::Wrong { expected: 0 })
            );
            hosts.extend([tcp.segment.src.addr, tcp.segment.dst.addr]);
        }
    }
    let hosts: Vec<_> =
        hosts.into_iter().map(|host| if let IpAddr::V4(host) = host { host.to_bits() } else { 0 }).collect();
    // 10.0.0.1 and 10.0.0.2 have 30 bits in common.
    assert_eq!(hosts.len(), 2);
    assert_eq!((hosts[0] ^ hosts[1]).leading_zeros(), 30);
    let drawn = tcpcheck(&["anonymize", input.to_str().unwrap(), "-w", output.to_str().unwrap(), "--keep-ports"]);
    assert!(drawn.status.success());
    assert_ne!(packets(&output)[1].3, first[1].3);
}

#[test]
fn what_icmp_quotes_names_nobody_and_belongs_to_the_same_connection() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.pcap"), folder.path().join("out.pcap"));
    std::fs::write(&input, capture(&labelled())).unwrap();
    assert!(anonymized(&input, &output, &[]));
    // Of the fragments together the checksum is right, as their receiver sees it.
    let fragments: Vec<_> = packets(&output).into_iter().map(|(.., data)| data).filter(|data| data[23] == 6).collect();
    for id in [(1 << 8) + (1001 % 251), (2 << 8) + (1001 % 251_u16)] {
        let of_it: Vec<_> =
            fragments.iter().filter(|data| data[18..20] == id.to_be_bytes() && data[20] & 0x40 == 0).collect();
        let offset = |data: &[u8]| (usize::from(u16::from_be_bytes([data[20], data[21]])) & 0x1fff) * 8;
        let mut segment = vec![0; of_it.iter().map(|data| data.len() - 34).sum()];
        for data in &of_it {
            segment[offset(data)..][..data.len() - 34].copy_from_slice(&data[34..]);
        }
        let pseudo = [&of_it[0][26..34], &[0, 6], &(segment.len() as u16).to_be_bytes(), &segment].concat();
        assert_eq!(super::traffic::sum(&pseudo), 0, "{} fragments", of_it.len());
    }
    for flow in ["1", "2"] {
        let count = |of: &Path| {
            let part = folder.path().join("part.pcap");
            assert!(
                tcpcheck(&["-r", of.to_str().unwrap(), "--flow", flow, "-w", part.to_str().unwrap()]).status.success()
            );
            packets(&part).len()
        };
        assert_eq!(count(&input), count(&output), "fragments, tunnels and ICMP of connection {flow}");
    }
    for (_, _, _, data) in packets(&output) {
        for host in [[10, 0, 0, 1], [10, 0, 0, 2], [192, 0, 2, 1], [172, 16, 0, 1]] {
            assert!(memchr::memmem::find(&data, &host).is_none(), "{data:x?}");
        }
    }
}
