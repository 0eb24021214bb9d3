//! The dissector against tshark's fields, on frames with bytes changed.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::process::Command;

use tcpcheck::capture::{Next, open};
use tcpcheck::dissect::{Layer, LengthSource, Tcp};
use tcpcheck::{Content, Dissection, Frame, LinkType, SeqNumber, Timestamp, dissect};

use crate::testkit::file::pcap_header;
use crate::testkit::files_below;
use crate::testkit::mutation::{Dice, mutate, wanted};

const FIELDS: [&str; 20] = [
    "frame.protocols",
    "ip.src",
    "ip.dst",
    "ipv6.src",
    "ipv6.dst",
    "tcp.srcport",
    "tcp.dstport",
    "tcp.seq_raw",
    "tcp.ack_raw",
    "tcp.flags",
    "tcp.window_size_value",
    "tcp.hdr_len",
    "tcp.len",
    "tcp.urgent_pointer",
    "tcp.options.mss_val",
    "tcp.options.wscale.shift",
    "tcp.options.timestamp.tsval",
    "tcp.options.timestamp.tsecr",
    "tcp.options.sack_le",
    "tcp.options.sack_re",
];

/// As many frames are changed unless `MUTATIONS` says otherwise.
const USUALLY: u64 = 4_000;

/// A changed frame, and the number of its mutation.
pub(crate) struct Changed {
    pub number: u64,
    pub link_type: u16,
    pub wire_len: u32,
    pub data: Vec<u8>,
}

/// What tshark says of a frame: each field, with a space between where it comes several times.
struct Row(BTreeMap<&'static str, String>);

impl Row {
    fn all(&self, field: &str) -> &str {
        self.0.get(field).map_or("", String::as_str)
    }

    fn first(&self, field: &str) -> &str {
        self.all(field).split(' ').next().unwrap_or_default()
    }

    /// The innermost one.
    fn last(&self, field: &str) -> &str {
        self.all(field).split(' ').next_back().unwrap_or_default()
    }
}

/// SLIP, PPP_PPPD, IPNET, netANALYZER and DSA tags: tshark 4.0 refuses such files, or finds no TCP in them.
const NOT_READ_BY_TSHARK: [u16; 7] = [8, 166, 226, 240, 241, 284, 285];

/// Link type, length on the wire and bytes of the fixtures' small frames.
fn frames() -> Vec<(u16, u32, Vec<u8>)> {
    let mut frames = Vec::new();
    for path in files_below("fixtures", &[".pcap", ".pcapng"]) {
        let Ok(mut source) = open(&path) else { continue };
        while let Ok(Next::Frame(frame)) = source.next_frame() {
            let is_read = frame.link_type.name().is_some() && !NOT_READ_BY_TSHARK.contains(&frame.link_type.0);
            if frame.data.len() <= 300 && is_read {
                frames.push((frame.link_type.0, frame.wire_len, frame.data.to_vec()));
            }
        }
    }
    frames
}

/// Has tshark read the frames, all of one link type; nothing where there is no tshark.
fn tshark(link_type: u16, frames: &[&Changed]) -> Option<Vec<Row>> {
    let mut file = pcap_header(true, 262_144, link_type.into());
    for (at, frame) in frames.iter().enumerate() {
        file.extend((1_700_000_000 + at as u32).to_le_bytes());
        file.extend([0; 4]);
        file.extend((frame.data.len() as u32).to_le_bytes());
        file.extend(frame.wire_len.to_le_bytes());
        file.extend(&frame.data);
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("changed.pcap");
    std::fs::write(&path, file).unwrap();
    let mut tshark = Command::new("tshark");
    tshark.args(["-n", "-T", "fields", "-E", "separator=/t", "-E", "occurrence=a", "-E", "aggregator= "]);
    for preference in [
        "tcp.relative_sequence_numbers:FALSE",
        "tcp.analyze_sequence_numbers:FALSE",
        "tcp.desegment_tcp_streams:FALSE",
        "ip.defragment:FALSE",
        "ipv6.defragment:FALSE",
    ] {
        tshark.args(["-o", preference]);
    }
    for field in FIELDS {
        tshark.args(["-e", field]);
    }
    let Ok(output) = tshark.arg("-r").arg(&path).output() else {
        assert!(std::env::var("TCPCHECK_WITNESSES").is_err(), ".ci/run installs tshark, and it is not here");
        crate::testkit::skipped("no tshark here to compare with", "apt-get install tshark");
        return None;
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let rows: Vec<_> =
        text.lines().map(|line| Row(FIELDS.into_iter().zip(line.split('\t').map(str::to_owned)).collect())).collect();
    assert_eq!(rows.len(), frames.len(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(rows)
}

/// Why a field of a segment that both found may differ.
fn excuse(field: &str, frame: &Changed, tcp: &Tcp<'_>) -> Option<&'static str> {
    let segment = &tcp.segment;
    let start = tcp.header.as_ptr() as usize - frame.data.as_ptr() as usize;
    let end = start + usize::from(segment.header_len) + segment.payload_len as usize;
    let is_address = field.starts_with("ip") || field.ends_with("port") || field == "tcp.seq_raw";
    let whole = tcp.header.len() >= usize::from(segment.header_len);
    match field {
        _ if segment.header_fault.is_some() && !is_address => {
            Some("it stops at a data offset that cannot be, we show the fields")
        }
        "tcp.len" if end > frame.wire_len as usize => {
            Some("IP claims more than the frame has: it counts what is there")
        }
        "tcp.len" if segment.fragment || !whole => {
            Some("it counts no payload of a fragment, and none behind a header that is cut")
        }
        _ if field.starts_with("tcp.options") && (segment.options.cut || segment.options.fault.is_some()) => {
            Some("with us an option counts when it is whole and of a length that it may have")
        }
        _ => None,
    }
}

/// Why one of the two may find TCP in a frame and the other not.
fn excuse_content(found: &Dissection<'_>, protocols: &str) -> Option<&'static str> {
    let grown = found.ip().is_some_and(|ip| ip.length_source != LengthSource::Header);
    let in_udp = found.layers.iter().any(|layer| matches!(layer, Layer::Udp(_)));
    match found.content {
        Content::Icmp(_) | Content::Other(_) | Content::Cut(_) if protocols.contains(":icmp") => {
            Some("a segment that an error quotes is no traffic")
        }
        Content::Tcp(_) if grown => {
            Some("a length of 0 is a packet yet to be cut up by the network card; to it, one of nothing")
        }
        Content::Tcp(_) if in_udp && protocols.ends_with(":udp") => {
            Some("as tcpdump, we read on behind a UDP length that cannot be")
        }
        Content::Tcp(_) if in_udp && protocols.ends_with(":l2tp:ppp:data") => {
            Some("as tcpdump, we take a direction in the place of HDLC's address; behind L2TP it does not")
        }
        Content::TcpCut(..) => Some("it shows the ports of a header that is cut"),
        _ => None,
    }
}

/// The fields that differ without an excuse.
fn differences(frame: &Changed, row: &Row) -> Vec<String> {
    let found = dissect(&Frame {
        number: 1,
        ts: Timestamp(0),
        link_type: LinkType(frame.link_type),
        interface: 0,
        wire_len: frame.wire_len,
        data: &frame.data,
    });
    let protocols = row.all("frame.protocols");
    let tcp = match (&found.content, !row.all("tcp.srcport").is_empty()) {
        (Content::Tcp(tcp), true) => tcp,
        (Content::Tcp(_), false) | (_, true) if excuse_content(&found, protocols).is_none() => {
            return vec![format!("we find {:?}, they {protocols}", found.content)];
        }
        _ => return Vec::new(),
    };
    let segment = &tcp.segment;
    let options = &segment.options;
    let (src, dst) = if segment.src.addr.is_ipv4() { ("ip.src", "ip.dst") } else { ("ipv6.src", "ipv6.dst") };
    let said = |value: Option<u32>| value.map_or(String::new(), |value| value.to_string());
    let edges = |edge: fn(&(SeqNumber, SeqNumber)) -> SeqNumber| {
        options.sack.as_slice().iter().map(|block| edge(block).0.to_string()).collect::<Vec<_>>().join(" ")
    };
    // tshark shows the number also where the ACK flag is not set.
    let ack = segment.ack.map_or(row.last("tcp.ack_raw").to_owned(), |ack| ack.0.to_string());
    let fields = [
        (src, segment.src.addr.to_string(), row.last(src)),
        (dst, segment.dst.addr.to_string(), row.last(dst)),
        ("tcp.srcport", segment.src.port.to_string(), row.last("tcp.srcport")),
        ("tcp.dstport", segment.dst.port.to_string(), row.last("tcp.dstport")),
        ("tcp.seq_raw", segment.seq.0.to_string(), row.last("tcp.seq_raw")),
        ("tcp.ack_raw", ack, row.last("tcp.ack_raw")),
        ("tcp.flags", format!("0x{:04x}", segment.flags.0), row.last("tcp.flags")),
        ("tcp.window", segment.window.to_string(), row.last("tcp.window_size_value")),
        ("tcp.hdr_len", segment.header_len.to_string(), row.last("tcp.hdr_len")),
        ("tcp.len", segment.payload_len.to_string(), row.last("tcp.len")),
        ("tcp.urgent", segment.urgent.to_string(), row.last("tcp.urgent_pointer")),
        // Of an option that comes twice, the first one counts.
        ("tcp.options.mss", said(options.mss.map(Into::into)), row.first("tcp.options.mss_val")),
        ("tcp.options.wscale", said(options.wscale.map(Into::into)), row.first("tcp.options.wscale.shift")),
        ("tcp.options.tsval", said(options.timestamps.map(|ts| ts.0)), row.first("tcp.options.timestamp.tsval")),
        ("tcp.options.tsecr", said(options.timestamps.map(|ts| ts.1)), row.first("tcp.options.timestamp.tsecr")),
        ("tcp.options.sack_le", edges(|block| block.0), row.all("tcp.options.sack_le")),
        ("tcp.options.sack_re", edges(|block| block.1), row.all("tcp.options.sack_re")),
    ];
    // An address has several ways to be written.
    let same = |ours: &str, theirs: &str| match (ours.parse::<IpAddr>(), theirs.parse::<IpAddr>()) {
        (Ok(ours), Ok(theirs)) => ours == theirs,
        _ => ours == theirs,
    };
    let differ =
        fields.iter().filter(|(field, ours, theirs)| !same(ours, theirs) && excuse(field, frame, tcp).is_none());
    differ.map(|(field, ours, theirs)| format!("{field}: we {ours}, they {theirs}")).collect()
}

/// Frames of the fixtures, each with up to three changes.
pub(crate) fn changed_frames() -> Vec<Changed> {
    let originals = frames();
    let change = |number| {
        let mut dice = Dice(number);
        let (link_type, wire_len, mut data) = originals[dice.below(originals.len())].clone();
        mutate(&mut data, &mut dice, 3);
        data.truncate(600);
        Changed { number, link_type, wire_len: wire_len.max(data.len() as u32), data }
    };
    wanted(USUALLY).map(change).collect()
}

#[test]
fn changed_frames_have_the_fields_that_tshark_finds() {
    let mut by_type: BTreeMap<u16, Vec<Changed>> = BTreeMap::new();
    for frame in changed_frames() {
        by_type.entry(frame.link_type).or_default().push(frame);
    }
    let mut complaints = Vec::new();
    for (link_type, frames) in &by_type {
        let frames: Vec<&Changed> = frames.iter().collect();
        let Some(rows) = tshark(*link_type, &frames) else { return };
        for (frame, row) in frames.iter().zip(&rows) {
            let differ = differences(frame, row);
            if !differ.is_empty() {
                let kept = std::env::temp_dir().join(format!("mutation-{}", frame.number));
                std::fs::write(
                    kept,
                    [
                        &pcap_header(true, 262_144, u32::from(*link_type))[..],
                        &[0; 8],
                        &(frame.data.len() as u32).to_le_bytes(),
                        &frame.wire_len.to_le_bytes(),
                        &frame.data,
                    ]
                    .concat(),
                )
                .expect("a file in the temporary folder");
                complaints.push(format!(
                    "mutation {} (link type {link_type}, {} of {} bytes, {}): {}",
                    frame.number,
                    frame.data.len(),
                    frame.wire_len,
                    row.all("frame.protocols"),
                    differ.join("; ")
                ));
            }
        }
    }
    assert!(complaints.is_empty(), "{}:\n{}", complaints.len(), complaints.join("\n"));
}
