//! A value as bytes, and back: each number in as few as it takes, with four bits for how many those are, and a bit for each flag.
//!
//! Nothing is looked up: a number says how far it lies from the one of its kind before it.

use crate::capture::Timestamp;

/// What is near to other values of its kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::track) enum Kind {
    /// Sequence and acknowledgment numbers.
    Number,
    Time,
    /// Time that something took.
    Span,
    Frame,
    /// Timestamps of the option.
    Clock,
    /// Windows in bytes.
    Window,
    IpId,
    /// Cursors into the recent segments.
    Mark,
}

const KINDS: usize = Kind::Mark as usize + 1;

/// Times and spans are whole microseconds in most captures.
const TIME_UNIT: i64 = 1000;

/// In place of a size: values that stand for themselves, and one whose distance from the one before is too long to be said.
const ZERO: u8 = 9;
const LEAST: u8 = 10;
const GREATEST: u8 = 11;
const WHOLE: u8 = 12;

/// The distances that can be said.
const MAX_DISTANCE: u64 = 1 << 62;

/// Each number is written and read as eight bytes, of which the next one covers what means nothing: no size is a case of its own.
const WORD: usize = 8;

/// A signed number with its sign in the lowest bit: the nearer to 0, the fewer bytes.
#[inline]
fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63) as u64
}

#[inline]
fn unzigzag(word: u64) -> i64 {
    (word >> 1) as i64 ^ -((word & 1) as i64)
}

/// The last value of each kind, in the beginning.
fn last_values(Timestamp(ts): Timestamp) -> [i64; KINDS] {
    let mut last = [0; KINDS];
    last[Kind::Time as usize] = ts;
    last
}

/// Takes values one behind the other.
#[derive(Debug, Default)]
pub(in crate::track) struct Packer {
    /// What is written, and room for more behind it.
    bytes: Vec<u8>,
    len: usize,
    /// The byte that takes the next flag, and how many flags it has.
    flags: (usize, u32),
    /// The byte that takes the next size, if it is the second of two.
    sizes: Option<usize>,
    last: [i64; KINDS],
}

impl Packer {
    /// Begins anew behind a header; times are likely to be near to that one.
    pub(in crate::track) fn begin(&mut self, header: &[u8], ts: Timestamp) {
        self.bytes.clear();
        self.bytes.extend_from_slice(header);
        self.len = header.len();
        (self.flags, self.sizes, self.last) = ((0, 0), None, last_values(ts));
    }

    /// All of what was written, the header before it.
    pub(in crate::track) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    #[inline]
    pub(crate) fn word(&mut self, word: u64) {
        let size = (u64::BITS - word.leading_zeros()).div_ceil(u8::BITS);
        self.size(size as u8);
        self.put(word, size as usize);
    }

    #[inline]
    pub(crate) fn flag(&mut self, flag: bool) {
        let (at, count) = self.flags;
        if count == 0 {
            self.flags.0 = self.len;
            self.put(flag.into(), 1);
        } else if let Some(byte) = self.bytes.get_mut(at) {
            *byte |= u8::from(flag) << count;
        }
        self.flags.1 = (count + 1) % u8::BITS;
    }

    /// A value that is likely to be near to the last of its kind.
    #[inline]
    pub(crate) fn delta(&mut self, kind: Kind, value: i64) {
        match value {
            0 => return self.size(ZERO),
            i64::MIN => return self.size(LEAST),
            i64::MAX => return self.size(GREATEST),
            _ => {}
        }
        let distance = value.wrapping_sub(std::mem::replace(&mut self.last[kind as usize], value));
        if zigzag(distance) >= MAX_DISTANCE {
            self.size(WHOLE);
            return self.put(value as u64, WORD);
        }
        let timed = matches!(kind, Kind::Time | Kind::Span);
        self.word(match distance % TIME_UNIT {
            _ if !timed => zigzag(distance),
            0 => zigzag(distance / TIME_UNIT) << 1,
            _ => zigzag(distance) << 1 | 1,
        });
    }

    /// Two sizes share a byte.
    #[inline]
    fn size(&mut self, size: u8) {
        match self.sizes.take() {
            None => {
                self.sizes = Some(self.len);
                self.put(size.into(), 1);
            }
            Some(at) => {
                if let Some(byte) = self.bytes.get_mut(at) {
                    *byte |= size << 4;
                }
            }
        }
    }

    #[inline]
    fn put(&mut self, word: u64, size: usize) {
        if self.bytes.len() < self.len + WORD {
            self.bytes.resize(2 * self.len + 32 * WORD, 0);
        }
        if let Some(place) = self.bytes.get_mut(self.len..).and_then(<[u8]>::first_chunk_mut) {
            *place = word.to_le_bytes();
        }
        self.len += size;
    }
}

/// Gives the values again, in the same order.
#[derive(Debug, Default)]
pub(in crate::track) struct Unpacker {
    /// What was written, and some bytes more.
    bytes: Vec<u8>,
    at: usize,
    /// Flags that were read and not given yet, and how many.
    flags: (u8, u32),
    size: Option<u8>,
    last: [i64; KINDS],
}

impl Unpacker {
    /// Begins with what stands behind a header; times are likely to be near to that one.
    pub(in crate::track) fn begin(&mut self, bytes: &[u8], ts: Timestamp) {
        self.bytes.clear();
        self.bytes.extend_from_slice(bytes);
        self.bytes.extend_from_slice(&[0; WORD]);
        (self.at, self.flags, self.size, self.last) = (0, (0, 0), None, last_values(ts));
    }

    #[inline]
    pub(crate) fn word(&mut self) -> u64 {
        let size = self.size();
        self.take(size.into())
    }

    #[inline]
    pub(crate) fn flag(&mut self) -> bool {
        if self.flags.1 == 0 {
            self.flags = (self.take(1) as u8, u8::BITS);
        }
        let (flags, count) = self.flags;
        self.flags = (flags >> 1, count - 1);
        flags & 1 != 0
    }

    #[inline]
    pub(crate) fn delta(&mut self, kind: Kind) -> i64 {
        let size = self.size();
        let value = match size {
            ZERO => return 0,
            LEAST => return i64::MIN,
            GREATEST => return i64::MAX,
            WHOLE => self.take(WORD) as i64,
            _ => {
                let word = self.take(size.into());
                let distance = match word & 1 {
                    _ if !matches!(kind, Kind::Time | Kind::Span) => unzigzag(word),
                    0 => unzigzag(word >> 1).wrapping_mul(TIME_UNIT),
                    _ => unzigzag(word >> 1),
                };
                self.last[kind as usize].wrapping_add(distance)
            }
        };
        self.last[kind as usize] = value;
        value
    }

    #[inline]
    fn size(&mut self) -> u8 {
        if let Some(size) = self.size.take() {
            return size;
        }
        let sizes = self.take(1) as u8;
        self.size = Some(sizes >> 4);
        sizes & 15
    }

    /// That number of bytes, at most eight.
    #[inline]
    fn take(&mut self, size: usize) -> u64 {
        let bytes = self.bytes.get(self.at..).and_then(<[u8]>::first_chunk);
        self.at += size;
        let unused = u64::BITS - u8::BITS * size.min(WORD) as u32;
        bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes)) & u64::MAX.checked_shr(unused).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Value {
        Word(u64),
        Flag(bool),
        Delta(Kind, i64),
    }

    fn value() -> impl Strategy<Value = Value> {
        let near = prop_oneof![
            any::<i64>(),
            -5_000..5_000_i64,
            0..40_i64,
            Just(i64::MIN),
            Just(i64::MAX),
            (-9..9_i64).prop_map(|micros| micros * 1000)
        ];
        prop_oneof![
            any::<u64>().prop_map(Value::Word),
            (0..300_u64).prop_map(Value::Word),
            any::<bool>().prop_map(Value::Flag),
            (prop_oneof![Just(Kind::Time), Just(Kind::Span), Just(Kind::Number)], near)
                .prop_map(|(kind, value)| Value::Delta(kind, value)),
        ]
    }

    proptest! {
        #[test]
        fn what_was_packed_is_unpacked(all in prop::collection::vec(value(), 0..300), ts: i64) {
            let mut packer = Packer::default();
            packer.begin(b"header", Timestamp(ts));
            for value in &all {
                match *value {
                    Value::Word(word) => packer.word(word),
                    Value::Flag(flag) => packer.flag(flag),
                    Value::Delta(kind, value) => packer.delta(kind, value),
                }
            }
            let mut unpacker = Unpacker::default();
            let packed = packer.bytes().strip_prefix(b"header").expect("it stands first");
            unpacker.begin(packed, Timestamp(ts));
            for value in &all {
                let again = match *value {
                    Value::Word(_) => Value::Word(unpacker.word()),
                    Value::Flag(_) => Value::Flag(unpacker.flag()),
                    Value::Delta(kind, _) => Value::Delta(kind, unpacker.delta(kind)),
                };
                prop_assert_eq!(again, *value);
            }
            prop_assert_eq!(unpacker.at, packed.len());
        }
    }

    #[test]
    fn small_numbers_and_flags_take_few_bytes() {
        let mut packer = Packer::default();
        packer.begin(&[], Timestamp(1_000_000_000));
        (0..8).for_each(|at| packer.flag(at % 2 == 0));
        [0, 0].into_iter().for_each(|word| packer.word(word));
        packer.delta(Kind::Time, 1_000_063_000);
        packer.delta(Kind::Time, 1_000_063_000);
        assert_eq!(packer.bytes().len(), 1 + 1 + 1 + 1);
    }
}
