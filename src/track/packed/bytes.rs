//! Words as bytes: three bits for the size of each, and behind all of those the bytes that say something.
//!
//! Each word is written and read as eight bytes, of which the next one covers what means nothing: no size is a case of its own.

/// Bytes of a word, by its three bits.
const SIZES: [usize; 8] = [0, 1, 2, 3, 4, 5, 6, 8];
const MASKS: [u64; 8] = [0, 0xff, 0xffff, 0xff_ffff, 0xffff_ffff, 0xff_ffff_ffff, 0xffff_ffff_ffff, u64::MAX];

/// The sizes of so many words are so many bytes.
const GROUP: usize = 16;
const OF_A_GROUP: usize = 6;

/// Bytes that the sizes of so many words take.
pub fn of_sizes(words: usize) -> usize {
    (words * 3).div_ceil(8)
}

/// Appends the sizes, and the bytes behind them.
pub fn write(words: &[u64], out: &mut Vec<u8>) {
    let (begin, sizes) = (out.len(), of_sizes(words.len()));
    out.resize(begin + sizes + words.len() * 8 + 8, 0);
    let (sizes, bytes) = out.get_mut(begin..).unwrap_or_default().split_at_mut(sizes);
    let mut at = 0;
    for (group, sizes) in words.chunks(GROUP).zip(sizes.chunks_mut(OF_A_GROUP)) {
        let mut all = 0;
        for (word, shift) in group.iter().zip((0..).step_by(3)) {
            let size = ((word | 1).ilog2() as usize / 8 + 1).min(7) - usize::from(*word == 0);
            all |= (size as u64) << shift;
            if let Some(room) = bytes.get_mut(at..at + 8) {
                room.copy_from_slice(&word.to_le_bytes());
            }
            at += SIZES[size];
        }
        sizes.copy_from_slice(all.to_le_bytes().get(..sizes.len()).unwrap_or_default());
    }
    out.truncate(begin + of_sizes(words.len()) + at);
}

/// The words again, and up to two of nothing behind them.
pub fn read(sizes: &[u8], bytes: &[u8]) -> Vec<u64> {
    let mut words = Vec::with_capacity(sizes.len().div_ceil(OF_A_GROUP) * GROUP);
    let mut at = 0;
    for group in sizes.chunks(OF_A_GROUP) {
        let mut all = word(group);
        words.extend((0..group.len() * 8 / 3).map(|_| {
            let size = all as usize & 7;
            all >>= 3;
            let read = match bytes.get(at..).and_then(<[u8]>::first_chunk) {
                Some(word) => u64::from_le_bytes(*word),
                None => word(bytes.get(at..).unwrap_or_default()),
            };
            at += SIZES[size];
            read & MASKS[size]
        }));
    }
    words
}

/// Up to eight bytes, of which the first is the lowest.
fn word(bytes: &[u8]) -> u64 {
    bytes.iter().rfold(0, |word, byte| word << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn words_come_back_in_no_more_bytes_than_they_say_something_with(
            words in prop::collection::vec((any::<u64>(), 0..=64_u32).prop_map(|(word, shift)| word.unbounded_shr(shift)), 0..100),
        ) {
            let mut out = vec![7];
            write(&words, &mut out);
            let (sizes, bytes) = out[1..].split_at(of_sizes(words.len()));
            let again = read(sizes, bytes);
            prop_assert_eq!(&again[..words.len()], &words);
            prop_assert!(again.len() <= words.len() + 2 && again[words.len()..].iter().all(|word| *word == 0));
            let needed: u32 = words.iter().map(|word| (u64::BITS - word.leading_zeros()).div_ceil(8)).sum();
            prop_assert!(bytes.len() <= needed as usize + words.iter().filter(|word| **word >> 48 != 0).count());
        }
    }
}
