//! In what words differ from others, as bytes: a bit for each word, three bits for the size of each difference, and behind all of
//! those the bytes that say something.
//!
//! Each difference is written and read as eight bytes, of which the next one covers what means nothing: no size is a case of its
//! own.

/// The sizes of so many differences are so many bytes.
const GROUP: u32 = 16;
const OF_A_GROUP: usize = 6;

/// So many words share a byte of marks.
const BITS_OF_A_MARK: usize = 8;

/// A signed number with its sign in the lowest bit: the nearer to 0, the fewer bytes.
#[inline]
pub fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63) as u64
}

/// The number again.
#[inline]
pub fn unzigzag(word: u64) -> i64 {
    (word >> 1) as i64 ^ -((word & 1) as i64)
}

/// Bytes that the sizes of so many differences take.
fn of_sizes(differences: usize) -> usize {
    (differences * 3).div_ceil(8)
}

/// Appends in what words differ from as many others; the differences take the words' place.
pub fn write(pending: &mut [u64], like: &[u64], out: &mut Vec<u8>) {
    for (word, like) in pending.iter_mut().zip(like) {
        *word = word.wrapping_sub(*like);
    }
    let begin = out.len();
    let (whole, rest) = pending.as_chunks::<BITS_OF_A_MARK>();
    out.extend(whole.iter().map(|pending| marks(pending)));
    out.extend((!rest.is_empty()).then(|| marks(rest)));
    let count: u32 = out[begin..].iter().map(|marks| marks.count_ones()).sum();
    let (marked, sizes) = (out.len(), of_sizes(count as usize));
    out.resize(marked + sizes + count as usize * 8, 0);
    let (head, bytes) = out.split_at_mut(marked + sizes);
    let (marks, sizes) = head[begin..].split_at_mut(marked - begin);
    let mut sizes = sizes.chunks_mut(OF_A_GROUP);
    let (mut at, mut group, mut shift) = (0, 0_u64, 0);
    let mut flush = |group: u64| {
        if let Some(sizes) = sizes.next() {
            sizes.copy_from_slice(group.to_le_bytes().get(..sizes.len()).unwrap_or_default());
        }
    };
    for (pending, marks) in pending.chunks(BITS_OF_A_MARK).zip(marks) {
        for bit in bits(*marks) {
            let difference = zigzag(pending.get(bit).copied().unwrap_or_default() as i64);
            let size = difference.checked_ilog2().unwrap_or_default() / 8;
            group |= u64::from(size) << shift;
            shift += 3;
            if shift == 3 * GROUP {
                flush(group);
                (group, shift) = (0, 0);
            }
            if let Some(room) = bytes.get_mut(at..at + 8) {
                room.copy_from_slice(&difference.to_le_bytes());
            }
            at += size as usize + 1;
        }
    }
    flush(group);
    out.truncate(marked + of_sizes(count as usize) + at);
}

/// A bit for each of up to eight words that is not 0.
#[inline]
fn marks(pending: &[u64]) -> u8 {
    pending.iter().zip(0..).fold(0, |marks, (word, at)| marks | u8::from(*word != 0) << at)
}

/// The places of the bits that are set.
#[inline]
fn bits(mut marks: u8) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = (marks != 0).then(|| marks.trailing_zeros() as usize);
        marks &= marks.wrapping_sub(1);
        bit
    })
}

/// The words again, from those that they were compared with.
pub fn read(pending: &mut [u64], packed: &[u8]) {
    let (marks, packed) = packed.split_at(pending.len().div_ceil(BITS_OF_A_MARK).min(packed.len()));
    let count: u32 = marks.iter().map(|marks| marks.count_ones()).sum();
    let (sizes, bytes) = packed.split_at(of_sizes(count as usize).min(packed.len()));
    let mut sizes = sizes.chunks(OF_A_GROUP).map(word);
    let (mut at, mut group, mut left) = (0, 0, 0);
    for (pending, marks) in pending.chunks_mut(BITS_OF_A_MARK).zip(marks) {
        for bit in bits(*marks) {
            if left == 0 {
                (group, left) = (sizes.next().unwrap_or_default(), GROUP);
            }
            let size = group as usize & 7;
            (group, left) = (group >> 3, left - 1);
            let read = match bytes.get(at..).and_then(<[u8]>::first_chunk) {
                Some(word) => u64::from_le_bytes(*word),
                None => word(bytes.get(at..).unwrap_or_default()),
            };
            at += size + 1;
            if let Some(word) = pending.get_mut(bit) {
                *word = word.wrapping_add(unzigzag(read & u64::MAX >> (56 - 8 * size)) as u64);
            }
        }
    }
}

/// Up to eight bytes, of which the first is the lowest.
fn word(bytes: &[u8]) -> u64 {
    bytes.iter().rfold(0, |word, byte| word << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pending() -> impl Strategy<Value = Vec<(u64, u64)>> {
        let word = (any::<u64>(), 0..=64_u32).prop_map(|(word, shift)| word.unbounded_shr(shift));
        prop::collection::vec(prop_oneof![word.clone().prop_map(|word| (word, word)), (word.clone(), word)], 0..200)
    }

    proptest! {
        #[test]
        fn words_come_back_in_no_more_bytes_than_they_say_something_new_with(pending in pending()) {
            let (pending, mut like): (Vec<u64>, Vec<u64>) = pending.into_iter().unzip();
            let mut out = vec![7];
            write(&mut pending.clone(), &like, &mut out);
            let differences = pending.iter().zip(&like).map(|(word, like)| zigzag(word.wrapping_sub(*like) as i64));
            let sizes = differences.map(|difference| (u64::BITS - difference.leading_zeros()).div_ceil(8));
            let (count, bytes) = sizes.fold((0, 0), |(count, bytes), size| (count + usize::from(size > 0), bytes + size));
            prop_assert_eq!(out.len(), 1 + pending.len().div_ceil(8) + of_sizes(count) + bytes as usize);
            read(&mut like, &out[1..]);
            prop_assert_eq!(like, pending);
        }
    }
}
