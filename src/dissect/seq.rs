//! Sequence numbers: all arithmetic modulo 2^32 happens here.

use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::fmt;

/// A TCP sequence number.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct SeqNumber(pub u32);

impl SeqNumber {
    /// How far `self` lies ahead of `other`, in `-2^31 .. 2^31`; negative when it lies behind.
    // RFC 9293 §3.4: "all arithmetic dealing with sequence numbers must be performed modulo 2^32".
    pub fn distance(self, other: Self) -> i32 {
        self.0.wrapping_sub(other.0) as i32
    }

    /// The number `n` further on.
    pub fn plus(self, n: u32) -> Self {
        Self(self.0.wrapping_add(n))
    }

    /// Which of two numbers less than 2^31 apart comes first. Not a total order, hence no `Ord`.
    pub fn compare(self, other: Self) -> Ordering {
        self.distance(other).cmp(&0)
    }
}

impl fmt::Display for SeqNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_is_signed_across_the_wrap() {
        assert_eq!(SeqNumber(5).distance(SeqNumber(0xffff_fffb)), 10);
        assert_eq!(SeqNumber(0xffff_fffb).distance(SeqNumber(5)), -10);
        assert_eq!(SeqNumber(0x8000_0000).distance(SeqNumber(0)), i32::MIN);
    }

    #[test]
    fn numbers_wrap_at_2_to_the_32() {
        assert_eq!(SeqNumber(u32::MAX).plus(1), SeqNumber(0));
        assert_eq!(SeqNumber(u32::MAX).compare(SeqNumber(0)), Ordering::Less);
    }
}
