//! A value as words and flags, and back.

use crate::capture::Timestamp;

use crate::track::packed::bytes::{unzigzag, zigzag};
use crate::track::packed::near::{Near, PLACES};

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
    /// Places in the trail.
    Mark,
}

const KINDS: usize = Kind::Mark as usize + 1;

/// Times and spans are whole microseconds in most captures.
const TIME_UNIT: i64 = 1000;

/// A distance that does not fit into a word with what else stands there: it follows in a word of its own.
const FAR: u64 = u64::MAX;
const FURTHEST: u64 = 1 << 62;

/// What is near in the beginning.
fn near_to(Timestamp(ts): Timestamp) -> [Near; KINDS] {
    let mut near = [Near::default(); KINDS];
    near[Kind::Time as usize].keep(ts);
    near
}

/// Takes values one behind the other.
#[derive(Debug, Default)]
pub(in crate::track) struct Packer {
    pub(in crate::track) pending: Vec<u64>,
    pub(in crate::track) flags: Vec<u64>,
    /// The flags of the word that is being filled, and how many.
    flagged: u64,
    count: u32,
    near: [Near; KINDS],
}

impl Packer {
    /// Begins anew; times are likely to be near to that one.
    pub(in crate::track) fn begin(&mut self, ts: Timestamp) {
        self.pending.clear();
        self.flags.clear();
        (self.flagged, self.count) = (0, 0);
        self.near = near_to(ts);
    }

    pub(in crate::track) fn end(&mut self) {
        self.flags.push(self.flagged);
    }

    #[inline]
    pub fn word(&mut self, word: u64) {
        self.pending.push(word);
    }

    #[inline]
    pub fn flag(&mut self, flag: bool) {
        self.flagged |= u64::from(flag) << self.count;
        self.count += 1;
        if self.count == u64::BITS {
            self.flags.push(self.flagged);
            (self.flagged, self.count) = (0, 0);
        }
    }

    /// A value that is likely to be one of the last of its kind, or near to them.
    #[inline]
    pub fn near(&mut self, kind: Kind, value: i64) {
        let near = &mut self.near[kind as usize];
        if let Some(place) = near.place(value) {
            return self.pending.push(place);
        }
        let distance = value.wrapping_sub(near.last());
        near.keep(value);
        match kind {
            Kind::Time | Kind::Span => self.distance::<TIME_UNIT>(distance),
            _ => self.distance::<1>(distance),
        }
    }

    /// A number that is likely to be small, and whole in that unit: a word that is no place.
    #[inline]
    fn distance<const UNIT: i64>(&mut self, distance: i64) {
        let word = match distance % UNIT {
            _ if zigzag(distance) >= FURTHEST => {
                self.pending.push(FAR);
                return self.pending.push(distance as u64);
            }
            _ if UNIT == 1 => zigzag(distance),
            0 => zigzag(distance / UNIT) << 1,
            _ => zigzag(distance) << 1 | 1,
        };
        self.pending.push(PLACES + word);
    }
}

/// Gives the values again, in the same order.
#[derive(Debug, Default)]
pub(in crate::track) struct Unpacker {
    pub(in crate::track) pending: Vec<u64>,
    pub(in crate::track) flags: Vec<u64>,
    /// So many words and flags have been given.
    word: usize,
    flag: usize,
    near: [Near; KINDS],
}

impl Unpacker {
    /// Begins with what it has been given; times are likely to be near to that one.
    pub(in crate::track) fn begin(&mut self, ts: Timestamp) {
        (self.word, self.flag) = (0, 0);
        self.near = near_to(ts);
    }

    #[inline]
    pub fn word(&mut self) -> u64 {
        let word = self.pending.get(self.word).copied().unwrap_or_default();
        self.word += 1;
        word
    }

    #[inline]
    pub fn flag(&mut self) -> bool {
        let flags = self.flags.get(self.flag / u64::BITS as usize).copied().unwrap_or_default();
        let flag = flags >> (self.flag % u64::BITS as usize) & 1;
        self.flag += 1;
        flag != 0
    }

    #[inline]
    pub fn near(&mut self, kind: Kind) -> i64 {
        let word = self.word();
        if let Some(value) = self.near[kind as usize].at(word) {
            return value;
        }
        let distance = match kind {
            Kind::Time | Kind::Span => self.distance::<TIME_UNIT>(word),
            _ => self.distance::<1>(word),
        };
        let near = &mut self.near[kind as usize];
        let value = near.last().wrapping_add(distance);
        near.keep(value);
        value
    }

    #[inline]
    fn distance<const UNIT: i64>(&mut self, word: u64) -> i64 {
        if word == FAR {
            return self.word() as i64;
        }
        let word = word.wrapping_sub(PLACES);
        match word & 1 {
            _ if UNIT == 1 => unzigzag(word),
            0 => unzigzag(word >> 1).wrapping_mul(UNIT),
            _ => unzigzag(word >> 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Said {
        Word(u64),
        Flag(bool),
        Near(Kind, i64),
    }

    fn said() -> impl Strategy<Value = Said> {
        let near = prop_oneof![
            any::<i64>(),
            -5_000..5_000_i64,
            0..40_i64,
            Just(i64::MIN),
            Just(i64::MAX),
            (-9..9_i64).prop_map(|micros| micros * 1000)
        ];
        prop_oneof![
            any::<u64>().prop_map(Said::Word),
            any::<bool>().prop_map(Said::Flag),
            (prop_oneof![Just(Kind::Time), Just(Kind::Span), Just(Kind::Number)], near)
                .prop_map(|(kind, value)| Said::Near(kind, value)),
        ]
    }

    proptest! {
        #[test]
        fn what_was_said_is_said_again(all in prop::collection::vec(said(), 0..300), ts: i64) {
            let mut packer = Packer::default();
            packer.begin(Timestamp(ts));
            for said in &all {
                match *said {
                    Said::Word(word) => packer.word(word),
                    Said::Flag(flag) => packer.flag(flag),
                    Said::Near(kind, value) => packer.near(kind, value),
                }
            }
            packer.end();
            let mut unpacker = Unpacker { pending: packer.pending, flags: packer.flags, ..Unpacker::default() };
            unpacker.begin(Timestamp(ts));
            for said in &all {
                let again = match *said {
                    Said::Word(_) => Said::Word(unpacker.word()),
                    Said::Flag(_) => Said::Flag(unpacker.flag()),
                    Said::Near(kind, _) => Said::Near(kind, unpacker.near(kind)),
                };
                prop_assert_eq!(again, *said);
            }
        }
    }
}
