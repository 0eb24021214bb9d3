//! libpcap and pcap-parser beside us, on fixtures with bytes changed: the same frames and the same kind of end, but for what has a name
//! and a reason here.

use super::drain;
use super::oracle::{Seen, read_with_parser};
use crate::testkit::files_below;
use crate::testkit::mutation::{Dice, mutate, wanted};

/// As many mutations are tried unless `MUTATIONS` says otherwise.
const USUALLY: u64 = 3_000;

/// What a reader made of a file: its frames, and why there are no more.
type Read = (Vec<Seen>, Result<(), String>);

/// A file that two readers read differently.
struct Case<'a> {
    bytes: &'a [u8],
    ours: &'a Read,
    theirs: &'a Read,
    /// Frames at the beginning that are the same.
    same: usize,
}

/// Why they may, and whether that is so here.
type Reason = (&'static str, fn(&Case<'_>) -> bool);

impl Case<'_> {
    fn is_pcapng(&self) -> bool {
        self.bytes.first() == Some(&0x0a)
    }

    /// They have nothing that we do not have, and give up with these words.
    fn they_give_up(&self, words: &[&str]) -> bool {
        let told = self.theirs.1.as_ref().is_err_and(|error| words.iter().all(|word| error.contains(word)));
        told && self.same == self.theirs.0.len()
    }

    /// We have nothing that they do not have, and give up with these words.
    fn we_give_up(&self, words: &[&str]) -> bool {
        let told = self.ours.1.as_ref().is_err_and(|error| words.iter().all(|word| error.contains(word)));
        told && self.same == self.ours.0.len()
    }
}

/// Where libpcap 1.10 reads otherwise.
#[cfg(feature = "live")]
const LIBPCAP: [Reason; 10] = [
    ("the end of a list of options ends it, whatever length it claims", |case| {
        case.they_give_up(&["opt_endofopt option with length"])
    }),
    ("ticks of 2^-34 s and finer overflow in its arithmetic", |case| {
        let fine = |option: &[u8]| matches!(option, [9, 0, 1, 0, unit] | [0, 9, 0, 1, unit] if *unit >= 0xa2);
        case.is_pcapng() && case.bytes.windows(5).any(fine) && case.ours.0.len() == case.theirs.0.len()
    }),
    ("a section without interfaces and packets is empty, not wrong", |case| {
        case.they_give_up(&["no Interface Description Blocks"]) && case.ours.0.is_empty()
    }),
    ("a packet longer than its interface's snapshot length is there all the same", |case| {
        case.is_pcapng() && case.they_give_up(&["invalid packet capture length", "bigger than snaplen"])
    }),
    ("pcap and pcapng of later minor versions hold what those of today hold, as far as anyone knows", |case| {
        case.they_give_up(&["unsupported pcap", "version"])
    }),
    ("several link types in one file have their frames dissected each as it is", |case| {
        case.they_give_up(&["an interface has a type", "different from the type of the first interface"])
    }),
    ("a snapshot length of another interface does not matter", |case| {
        case.they_give_up(&["an interface has a snapshot length"])
    }),
    ("clocks finer than 64 bits hold are divided, not refused", |case| {
        case.they_give_up(&["if_tsresol option resolution", "is too high"])
    }),
    ("a description whose options run over its end still says link type and snapshot length", |case| {
        case.is_pcapng() && case.they_give_up(&["block of type", "is too short"])
    }),
    ("a section header's two lengths have to be equal, as any block's", |case| {
        case.we_give_up(&["a block is", "bytes long by its beginning"])
    }),
];

/// Where pcap-parser reads otherwise.
const PARSER: [Reason; 11] = [
    ("it does not know that files of old versions have both lengths the other way round", |case| {
        let pair = case.ours.0.get(case.same).zip(case.theirs.0.get(case.same));
        !case.is_pcapng()
            && pair.is_some_and(|(ours, theirs)| ours.1 as usize == theirs.2.len() && theirs.1 as usize == ours.2.len())
    }),
    ("the test gives it room for 64 KiB", |case| case.they_give_up(&["BufferTooSmall"])),
    ("it passes over obsolete packet blocks", |case| {
        case.is_pcapng() && case.theirs.1.is_ok() && case.same == case.theirs.0.len() && has_block(case.bytes, 2)
    }),
    ("it does not cut a simple packet to its interface's snapshot length", |case| {
        let pair = case.ours.0.get(case.same).zip(case.theirs.0.get(case.same));
        has_block(case.bytes, 3) && pair.is_some_and(|(ours, theirs)| theirs.2.starts_with(&ours.2))
    }),
    ("a packet belongs to an interface that is described", |case| case.we_give_up(&["a packet is of interface"])),
    ("it looks at no version", |case| case.we_give_up(&["version"])),
    ("it has no limit to a record, so that it gives up only for want of bytes or room", |case| {
        case.we_give_up(&["a record claims"]) && case.theirs.1.is_err()
    }),
    ("it takes a record that claims more than is there for as much as is there", |case| {
        case.we_give_up(&["ends inside a record"])
    }),
    ("a section header's two lengths have to be equal, as any block's", |case| {
        case.we_give_up(&["a block is", "bytes long by its beginning"])
    }),
    ("the test asks it for enhanced packets alone, and for clocks that a nanosecond is a multiple of", |case| {
        case.is_pcapng() && (case.they_give_up(&["ticks a second"]) || case.they_give_up(&["interface"]))
    }),
    ("a description whose options run over its end still says link type and snapshot length", |case| {
        case.is_pcapng() && case.they_give_up(&["UnexpectedEof"])
    }),
];

/// Whether a block of that type may begin somewhere.
fn has_block(bytes: &[u8], kind: u32) -> bool {
    bytes.chunks_exact(4).any(|word| word == kind.to_le_bytes() || word == kind.to_be_bytes())
}

fn ours(bytes: &[u8]) -> Read {
    let mut source = match super::open(bytes) {
        Ok(source) => source,
        Err(e) => return (Vec::new(), Err(e.to_string())),
    };
    let frames = drain(&mut *source).expect("a file in memory");
    let seen = frames.into_iter().map(|f| (f.nanos, f.wire_len, f.data)).collect();
    (seen, source.faults().first().map_or(Ok(()), |fault| Err(fault.to_string())))
}

/// Equal, but for what libpcap does to a frame: it takes seconds and fractions beyond 2^31 for negative ones, and cuts a packet to the
/// file's snapshot length.
#[cfg(feature = "live")]
fn alike_in_libpcap(snaplen: Option<u32>, ours: &Seen, theirs: &Seen) -> bool {
    let wrap = |unit: i64| unit << 32;
    let late = ours.0.wrapping_sub(theirs.0);
    let shifts =
        [0, 1, 1000].map(|fraction| [0, 1_000_000_000].map(|second| wrap(second).wrapping_add(wrap(fraction))));
    let times = shifts.as_flattened().contains(&late) || [i64::MIN, i64::MAX].contains(&ours.0);
    let cut = snaplen.is_some_and(|snaplen| snaplen as usize == theirs.2.len());
    let data = ours.2 == theirs.2 || cut && ours.2.starts_with(&theirs.2);
    times && ours.1 == theirs.1 && data
}

/// Equal, but for times beyond what 64 bits of nanoseconds hold, which end there with us and start over with them.
fn alike(ours: &Seen, theirs: &Seen) -> bool {
    (ours.0 == theirs.0 || [i64::MIN, i64::MAX].contains(&ours.0)) && ours.1 == theirs.1 && ours.2 == theirs.2
}

/// Says how the two differ, unless that has a reason.
fn complain(
    bytes: &[u8],
    ours: &Read,
    theirs: &Read,
    alike: impl Fn(&Seen, &Seen) -> bool,
    reasons: &[Reason],
) -> Option<String> {
    let same = ours.0.iter().zip(&theirs.0).take_while(|(a, b)| alike(a, b)).count();
    if same == ours.0.len() && same == theirs.0.len() && ours.1.is_ok() == theirs.1.is_ok() {
        return None;
    }
    let case = Case { bytes, ours, theirs, same };
    if reasons.iter().any(|(_, holds)| holds(&case)) {
        return None;
    }
    let next = |read: &Read| format!("{:?}", read.0.get(same).map(|(nanos, wire, data)| (*nanos, *wire, data.len())));
    Some(format!(
        "after {same} frames we have {} of {} and end {:?}, and they {} of {} and end {:?}",
        next(ours),
        ours.0.len(),
        ours.1,
        next(theirs),
        theirs.0.len(),
        theirs.1
    ))
}

#[test]
fn changed_captures_read_as_libpcap_and_pcap_parser_read_them() {
    let files = files_below("fixtures", &[".pcap", ".pcapng"]);
    let captures: Vec<Vec<u8>> =
        files.iter().map(|path| std::fs::read(path).unwrap()).filter(|bytes| bytes.len() < 12_000).collect();
    let mut complaints = Vec::new();
    for number in wanted(USUALLY) {
        let mut dice = Dice(number);
        let mut bytes = captures[dice.below(captures.len())].clone();
        mutate(&mut bytes, &mut dice, 4);
        let ours = ours(&bytes);
        let before = complaints.len();
        #[cfg(feature = "live")]
        {
            let order = |at: [u8; 4]| if bytes[0] == 0xa1 { u32::from_be_bytes(at) } else { u32::from_le_bytes(at) };
            let snaplen = bytes.get(16..20).and_then(|field| field.try_into().ok()).map(order);
            let theirs = super::oracle::read_with_libpcap(&bytes);
            let complaint = complain(&bytes, &ours, &theirs, |a, b| alike_in_libpcap(snaplen, a, b), &LIBPCAP);
            complaints.extend(complaint.map(|words| format!("mutation {number}, libpcap: {words}")));
        }
        let complaint = complain(&bytes, &ours, &read_with_parser(&bytes), alike, &PARSER);
        complaints.extend(complaint.map(|words| format!("mutation {number}, pcap-parser: {words}")));
        if complaints.len() > before {
            let kept = std::env::temp_dir().join(format!("mutation-{number}"));
            std::fs::write(kept, &bytes).expect("a file in the temporary folder");
        }
    }
    assert!(complaints.is_empty(), "{}: {}", complaints.len(), complaints[..complaints.len().min(30)].join("\n"));
}
