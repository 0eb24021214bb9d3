//! The internet checksum.

/// The sum of 16-bit words, not folded (RFC 1071 §1).
pub(super) fn sum(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<2>();
    let whole: u64 = words.iter().map(|word| u64::from(u16::from_be_bytes(*word))).sum();
    whole + rest.first().map_or(0, |last| u64::from(*last) << 8)
}

/// Folds a sum to 16 bits.
pub(super) fn fold(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

/// A length as two words.
pub(super) fn length_sum(length: u32) -> u64 {
    u64::from(length >> 16) + u64::from(length & 0xffff)
}
