//! The readers: a file is read to its end, whole and in dribs, and gives the same frames.

use std::io::{Cursor, Read};

use tcpcheck::capture::open_reader;
use tcpcheck::{FrameSource, Next};

use crate::memory;

/// Most bytes of packets that are looked at: what a small file unpacks to has no end otherwise.
const MOST: usize = 8 * 1024 * 1024;

/// What came out of a file.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    frames: u64,
    bytes: usize,
    /// FNV-1a over every frame's facts and bytes.
    digest: u64,
    /// The error, or the faults.
    words: Vec<String>,
    all: bool,
}

/// An input that hands out a few bytes a call.
struct Dribs(Cursor<Vec<u8>>, usize);

impl Read for Dribs {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        // One, two, three, one, ... bytes, so that every boundary is hit once.
        self.1 = self.1 % 3 + 1;
        let most = self.1.min(buffer.len());
        self.0.read(&mut buffer[..most])
    }
}

fn hash(digest: &mut u64, bytes: &[u8]) {
    for byte in bytes {
        *digest = (*digest ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
}

/// Reads to the end, and checks what every frame promises.
fn drain(source: &mut dyn FrameSource) -> Seen {
    let mut seen = Seen { digest: 0xcbf2_9ce4_8422_2325, ..Seen::default() };
    loop {
        let (interface, link_type) = match source.next_frame() {
            Ok(Next::Frame(frame)) => {
                seen.frames += 1;
                assert_eq!(frame.number, seen.frames, "frames are numbered from 1");
                seen.bytes += frame.data.len();
                hash(&mut seen.digest, &frame.ts.0.to_le_bytes());
                hash(&mut seen.digest, &frame.wire_len.to_le_bytes());
                hash(&mut seen.digest, frame.data);
                (frame.interface, frame.link_type)
            }
            Ok(Next::Idle) => panic!("a file is never idle"),
            Ok(Next::End) => {
                seen.all = true;
                break;
            }
            Err(e) => {
                seen.words.push(e.to_string());
                break;
            }
        };
        let described = &source.interfaces()[interface as usize];
        assert_eq!(described.link_type, link_type);
        if seen.bytes > MOST || seen.frames > 100_000 {
            break;
        }
    }
    if seen.all {
        assert!(matches!(source.next_frame(), Ok(Next::End)), "nothing comes behind the end");
    }
    assert!(source.faults().len() <= 1, "one fault ends a file");
    seen.words.extend(source.faults().iter().map(ToString::to_string));
    source.info();
    source.drops();
    seen
}

fn read(input: impl Read + Send + 'static) -> Seen {
    match open_reader(input, "fuzz") {
        Ok(mut source) => drain(&mut *source),
        Err(e) => Seen { words: vec![e.to_string()], ..Seen::default() },
    }
}

/// Reads a plain file.
pub fn plain(bytes: &[u8]) {
    let before = memory::reset_peak();
    let whole = read(Cursor::new(bytes.to_vec()));
    let most = 4 * bytes.len() + 1024 * 1024;
    assert!(memory::peak() - before <= most, "{} bytes held to read {}", memory::peak() - before, bytes.len());
    assert!(whole.bytes <= bytes.len() && whole.frames as usize <= bytes.len() / 12, "more came out than was there");
    let dribs = read(Dribs(Cursor::new(bytes.to_vec()), 0));
    // Of a file that begins like no capture the message shows as many bytes as had come.
    if whole.frames > 0 || whole.all || dribs.all {
        assert_eq!(whole, dribs, "the same file in small pieces");
    }
}

/// Reads a packed file.
pub fn packed(bytes: &[u8]) {
    let before = memory::reset_peak();
    let seen = read(Cursor::new(bytes.to_vec()));
    // A record may be 16 MiB long, and the window on it grows by doubling.
    let held = memory::peak() - before;
    assert!(held <= 100 * 1024 * 1024, "{held} bytes held to read {}", bytes.len());
    drop(seen);
}
