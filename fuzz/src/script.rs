//! Conversations from bytes: a head, then records of one length, a segment each.
//!
//! A record says most things by what its sender has said so far ("the next byte", "the last segment again"), so that an input
//! that was changed here and there is still nearly a conversation. [`encode`] makes a script of real segments; the mutator of the
//! target moves, doubles and drops whole records ([`stir`]).

use tcpcheck::Timestamp;
use tcpcheck::dissect::Segment;

use crate::line::{LINE, Line, Said};

/// The head: limits, rounds, first sequence numbers, first time.
pub const HEAD: usize = 24;

/// Most segments of one script.
const MOST: usize = 600;

/// Conversations of up to four connections, and what the tracker may remember.
pub struct Script {
    /// Most connections, where the tracker has such a limit.
    pub max_flows: Option<usize>,
    /// Most half-open ones.
    pub max_half_open: Option<usize>,
    /// In capture order.
    pub segments: Vec<Segment>,
}

/// Reads a script: every input is one.
pub fn decode(bytes: &[u8]) -> Script {
    // How often the lines are said, with later numbers and times each round: mostly once, which is quick.
    let rounds = bytes.get(3).copied().unwrap_or_default().saturating_sub(240);
    decode_rounds(bytes, usize::from(rounds) + 1, MOST)
}

/// The same, with its lines said again and again until there are so many segments: what grows with what came before shows itself.
pub fn decode_long(bytes: &[u8], most: usize) -> Script {
    decode_rounds(bytes, most, most)
}

fn decode_rounds(bytes: &[u8], rounds: usize, most: usize) -> Script {
    let mut head = [0; HEAD];
    for (to, from) in head.iter_mut().zip(bytes) {
        *to = *from;
    }
    let word = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let mut now = match head[12] & 7 {
        5 => i64::MIN,
        6 => i64::MAX - 1_000_000_000,
        7 => i64::from(word(16)) | i64::from(word(20)) << 32,
        _ => USUAL,
    };
    let mut said = [[Said::starting(word(4)), Said::starting(word(8))]; 4];
    let lines: Vec<Line> = bytes.get(HEAD..).unwrap_or_default().chunks_exact(LINE).filter_map(Line::read).collect();
    let mut segments = Vec::new();
    for _ in 0..rounds {
        if lines.is_empty() || segments.len() >= most {
            break;
        }
        for line in lines.iter().take(most.saturating_sub(segments.len())) {
            now = line.then(now);
            segments.push(line.segment(segments.len() as u64 + 1, Timestamp(now), &mut said));
        }
    }
    let limit = |bit: u8, limit: u8| (head[0] & bit != 0).then_some(usize::from(limit % 5));
    Script { max_flows: limit(1, head[1]), max_half_open: limit(2, head[2]), segments }
}

/// When scripts begin, unless they say otherwise.
const USUAL: i64 = 1_700_000_000_000_000_000;

/// The script that says these segments again, as far as a script can; those of a fifth connection are left out.
pub fn encode(segments: &[Segment]) -> Vec<u8> {
    let mut bytes = vec![0; HEAD];
    let mut said = [[Said::starting(0); 2]; 4];
    // Who spoke first in each connection, and to whom.
    let mut flows = Vec::new();
    let mut now = segments.first().map_or(0, |segment| segment.ts.0);
    for segment in segments {
        let (there, back) = ((segment.src, segment.dst), (segment.dst, segment.src));
        let known = flows.iter().position(|ends| *ends == there || *ends == back);
        let flow = known.unwrap_or_else(|| {
            flows.push(if segment.flags.is_syn_ack() { back } else { there });
            flows.len() - 1
        });
        if flow >= said.len() {
            continue;
        }
        let me = usize::from(flows[flow] != there);
        let line = Line::of(segment, segment.ts.0.saturating_sub(now), flow, me, &said[flow]);
        now = segment.ts.0;
        line.segment(1, segment.ts, &mut said);
        bytes.extend(line.bytes());
    }
    bytes
}

/// Changes a script by whole lines: one is doubled, dropped, moved, or turned round. Gives its new length.
pub fn stir(bytes: &mut [u8], len: usize, dice: u32) -> usize {
    let lines = len.saturating_sub(HEAD) / LINE;
    if lines == 0 {
        return len;
    }
    let at = |n: u32| HEAD + n as usize % lines * LINE;
    let (from, to, end) = (at(dice >> 4), at(dice >> 14), HEAD + lines * LINE);
    match dice & 15 {
        0..5 if end + LINE <= bytes.len() => {
            let line: Vec<u8> = bytes[from..from + LINE].to_vec();
            bytes.copy_within(to..end, to + LINE);
            bytes[to..to + LINE].copy_from_slice(&line);
            end + LINE
        }
        5..8 => {
            bytes.copy_within(from + LINE..end, from);
            end - LINE
        }
        8..12 => {
            let line: Vec<u8> = bytes[from..from + LINE].to_vec();
            bytes.copy_within(to..to + LINE, from);
            bytes[to..to + LINE].copy_from_slice(&line);
            end
        }
        12 => {
            // The other end says it.
            bytes[from] ^= 1;
            end
        }
        13 => {
            // Another connection.
            bytes[from] ^= 2 << (dice >> 24 & 1);
            end
        }
        // Other flags.
        _ => {
            bytes[from + 1] = (dice >> 24) as u8;
            end
        }
    }
}
