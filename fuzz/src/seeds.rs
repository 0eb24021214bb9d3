//! Makes the first inputs of every target of the project's fixtures: `seeds FIXTURES SEEDS`.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use tcpcheck::capture::open_reader;
use tcpcheck::policy::Key;
use tcpcheck::{Content, Next, Rule, dissect};
use tcpcheck_fuzz::dissection::LINK_TYPES;
use tcpcheck_fuzz::policy::BETWEEN;
use tcpcheck_fuzz::script;

/// Longer conversations take long and seldom show anything else.
const MOST_SEGMENTS: usize = 120;

/// Larger files teach a fuzzer nothing that smaller ones do not.
const LARGEST: usize = 20_000;

// Built with coverage as all the rest is, so that it needs libFuzzer's half of it; the main function here comes first.
libfuzzer_sys::fuzz_target!(|_bytes: &[u8]| {});

fn main() -> std::io::Result<()> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [fixtures, seeds] = arguments.as_slice() else { panic!("seeds FIXTURES SEEDS") };
    let mut files = Vec::new();
    collect(fixtures, &mut files)?;
    files.sort();
    let mut kinds: Vec<Vec<u8>> = Vec::new();
    for (number, file) in files.iter().enumerate() {
        let bytes = std::fs::read(file)?;
        let write = |target: &str, which: &str, bytes: &[u8]| write(seeds, target, &format!("{number}-{which}"), bytes);
        conversation(&bytes, |bytes| write("tracker", "said-again", bytes))?;
        if bytes.len() > LARGEST {
            continue;
        }
        let packed = file.extension().is_some_and(|ending| ending == "gz" || ending == "zst");
        match bytes.first() {
            _ if packed => write("compressed", "as-it-is", &bytes)?,
            Some(0x0a) => write("pcapng", "as-it-is", &bytes)?,
            _ => write("pcap", "as-it-is", &bytes)?,
        }
        if bytes.len() < 4_000 && !packed && number % 4 == 0 {
            for (how, packed) in pack(&bytes)? {
                write("compressed", how, &packed)?;
            }
        }
        write("reports", "plain", &[&[0xe0], &bytes[..]].concat())?;
        if number % 8 == 0 {
            write("policy", "judged", &[POLICIES[number / 8 % 2].as_bytes(), BETWEEN, &bytes].concat())?;
        }
        frames(&bytes, &mut kinds, |which, target, bytes| write(target, &which, bytes))?;
    }
    for (number, text) in POLICIES.iter().enumerate() {
        write(seeds, "policy", &format!("text-{number}"), text.as_bytes())?;
    }
    // An input that is a structure begins with anything: a run of every byte, so that all variants occur.
    for (number, step) in [1_u8, 7, 31, 57, 101, 151, 211].into_iter().enumerate() {
        let bytes: Vec<u8> = (0..300_u32).map(|n| (n as u8).wrapping_mul(step).rotate_left(n / 256)).collect();
        write(seeds, "merge", &number.to_string(), &bytes)?;
    }
    words(seeds)?;
    Ok(())
}

/// Policies with most of what a policy may say.
const POLICIES: [&str; 3] = [
    include_str!("../policies/full.toml"),
    include_str!("../../docs/example/tcpcheck.toml"),
    "version = 1\n[capture.\"a.pcap\"]\n\"TC103 port 80\" = 2\n",
];

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in folder.read_dir()? {
        let path = entry?.path();
        let is_capture =
            path.extension().is_some_and(|ending| ["pcap", "pcapng", "gz", "zst"].iter().any(|known| ending == *known));
        if path.is_dir() {
            collect(&path, files)?;
        } else if is_capture {
            files.push(path);
        }
    }
    Ok(())
}

fn write(seeds: &Path, target: &str, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    let folder = seeds.join(target);
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join(name), bytes)
}

/// The segments of a capture, as a script.
fn conversation(bytes: &[u8], write: impl Fn(&[u8]) -> std::io::Result<()>) -> std::io::Result<()> {
    let Ok(mut source) = open_reader(std::io::Cursor::new(bytes.to_vec()), "seed") else { return Ok(()) };
    let mut segments = Vec::new();
    while let Ok(Next::Frame(frame)) = source.next_frame() {
        if let Content::Tcp(tcp) = dissect(&frame).content {
            segments.push(tcp.segment);
        }
        if segments.len() >= MOST_SEGMENTS {
            break;
        }
    }
    if segments.is_empty() { Ok(()) } else { write(&script::encode(&segments)) }
}

/// What a fuzzer would need long to guess, in libFuzzer's format.
fn words(seeds: &Path) -> std::io::Result<()> {
    let keys = Key::ALL.iter().map(|key| key.name).chain(["version", "policy", "scope", "filter", "expect", "allow"]);
    let slugs = Rule::ALL.iter().flat_map(|rule| [rule.code(), rule.slug()]);
    let text: String = keys
        .chain(slugs)
        .chain(["reason", "until", "name", "max", "rule", "[[scope]]", "capture"])
        .map(|word| format!("\"{word}\"\n"))
        .collect();
    std::fs::write(seeds.join("policy.words"), text)
}

/// The frames of a capture that differ in their layers from all before, and their options.
fn frames(
    bytes: &[u8],
    kinds: &mut Vec<Vec<u8>>,
    mut write: impl FnMut(String, &str, &[u8]) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let Ok(mut source) = open_reader(std::io::Cursor::new(bytes.to_vec()), "seed") else { return Ok(()) };
    while let Ok(Next::Frame(frame)) = source.next_frame() {
        let Some(link_type) = LINK_TYPES.iter().position(|known| *known == frame.link_type.0) else { continue };
        let dissection = dissect(&frame);
        let mut kind = format!("{:?}", dissection.layers.iter().map(std::mem::discriminant).collect::<Vec<_>>());
        if let Content::Tcp(tcp) = &dissection.content {
            kind += &format!("{:?}{}", tcp.segment.flags, tcp.header.len());
            let options = tcp.header.get(20..).unwrap_or_default();
            if !options.is_empty() && !kinds.contains(&options.to_vec()) && kinds.len() < 400 {
                kinds.push(options.to_vec());
                write(format!("{}", frame.number), "options", &[&[0], options].concat())?;
            }
        }
        let kind = kind.into_bytes();
        if !kinds.contains(&kind) && frame.data.len() < 400 {
            kinds.push(kind);
            let more = (frame.wire_len as usize).saturating_sub(frame.data.len()).min(127) as u8;
            let head = [link_type as u8, 4, 0x63, more];
            write(format!("{}", frame.number), "dissect", &[&head, frame.data].concat())?;
        }
    }
    Ok(())
}

/// The bytes in every packing.
fn pack(bytes: &[u8]) -> std::io::Result<Vec<(&'static str, Vec<u8>)>> {
    let mut gzip = Vec::new();
    flate2::read::GzEncoder::new(bytes, flate2::Compression::fast()).read_to_end(&mut gzip)?;
    let mut xz = Vec::new();
    liblzma::read::XzEncoder::new(bytes, 0).read_to_end(&mut xz)?;
    let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
    lz4.write_all(bytes)?;
    let lz4 = lz4.finish().map_err(std::io::Error::other)?;
    Ok(vec![("gzip", gzip), ("zstd", zstd::encode_all(bytes, 1)?), ("lz4", lz4), ("xz", xz)])
}
