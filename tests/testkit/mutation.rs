//! Changes to bytes that are the same on every machine: bits, numbers at their limits, parts lost, doubled and moved.

use std::ops::Range;

/// SplitMix64: small, seeded, the same everywhere.
pub(crate) struct Dice(pub u64);

impl Dice {
    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.roll() % limit.max(1) as u64) as usize
    }

    /// A range of at most `longest` bytes within `len`.
    fn part(&mut self, len: usize, longest: usize) -> Range<usize> {
        let start = self.below(len);
        start..(start + 1 + self.below(longest)).min(len)
    }
}

/// One to `most` changes.
pub(crate) fn mutate(bytes: &mut Vec<u8>, dice: &mut Dice, most: usize) {
    for _ in 0..=dice.below(most) {
        if bytes.is_empty() {
            return;
        }
        match dice.below(10) {
            0..4 => {
                let at = dice.below(bytes.len());
                bytes[at] ^= 1 << dice.below(8);
            }
            // Lengths and counts live in two or four bytes, and break at their ends.
            4..7 => {
                let value = [0, 1, 2, 0x7f, 0x80, 0xff, 0xffff, 0x7fff_ffff, u32::MAX][dice.below(9)];
                let value = if dice.below(2) == 0 { value.to_le_bytes() } else { value.to_be_bytes() };
                let part = dice.part(bytes.len(), 4);
                let len = part.len();
                bytes[part].copy_from_slice(&value[..len]);
            }
            7 => drop(bytes.drain(dice.part(bytes.len(), 64))),
            8 => {
                let part = dice.part(bytes.len(), 2_000);
                let (copy, at) = (bytes[part].to_vec(), dice.below(bytes.len()));
                bytes.splice(at..at, copy);
            }
            _ => bytes.truncate(dice.below(bytes.len())),
        }
    }
}

/// The mutations that are wanted, by number: the first `usually`, or those that `MUTATIONS` names (`100000`, `4711..4712`).
pub(crate) fn wanted(usually: u64) -> Range<u64> {
    let Ok(asked) = std::env::var("MUTATIONS") else { return 0..usually };
    let (from, to) = asked.split_once("..").unwrap_or(("0", &asked));
    let number = |text: &str| text.parse().unwrap_or_else(|_| panic!("MUTATIONS={asked}: a number, or FROM..TO"));
    number(from)..number(to)
}
