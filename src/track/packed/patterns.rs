//! Connections as what they differ in from others of their kind: the first one that says the same with its flags stands for all
//! that follow, for as long as one of them rests.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;

use crate::capture::Timestamp;

use crate::track::packed::{Pack, Packer, Unpacker, bytes};

/// So many patterns there may be, and at so many places one is looked for.
const PATTERNS: usize = 512;
const PLACES: usize = 4;

/// What says more than that is a case of its own.
const LONGEST: usize = 1024;

/// What is packed without a pattern has flags of its own.
const NONE: u16 = u16::MAX;

/// Packs values and unpacks them.
#[derive(Debug, Default)]
pub(in crate::track) struct Patterns {
    patterns: Vec<Pattern>,
    packer: Packer,
    unpacker: Unpacker,
    /// All of what was packed, behind the label.
    all: Vec<u8>,
    zeros: Vec<u64>,
}

#[derive(Clone, Debug, Default)]
struct Pattern {
    /// So many packed values go by it.
    users: u32,
    flags: Vec<u64>,
    pending: Vec<u64>,
}

impl Patterns {
    /// Packs a value behind a label of the caller's; its times are likely to be near to that one. Each has to be unpacked once.
    pub fn pack(&mut self, label: &[u8], ts: Timestamp, value: &impl Pack) -> &[u8] {
        self.packer.begin(ts);
        value.pack(&mut self.packer);
        self.packer.end();
        let pattern = self.pattern();
        let Self { patterns, packer: Packer { pending, flags, .. }, all, zeros, .. } = self;
        all.clear();
        all.extend_from_slice(label);
        all.extend_from_slice(&pattern.to_le_bytes());
        let like = match patterns.get_mut(usize::from(pattern)) {
            Some(pattern) => {
                pattern.users += 1;
                &pattern.pending
            }
            None => {
                for length in [flags.len(), pending.len()] {
                    all.extend_from_slice(&(length as u32).to_le_bytes());
                }
                flags.iter().for_each(|flags| all.extend_from_slice(&flags.to_le_bytes()));
                zeros.resize(pending.len(), 0);
                &*zeros
            }
        };
        bytes::write(pending, like, all);
        all
    }

    /// Unpacks what was packed behind a label of that length and near to that time.
    pub fn unpack<T: Pack>(&mut self, label: usize, ts: Timestamp, packed: &[u8]) -> T {
        let mut packed = packed.get(label..).unwrap_or_default();
        let pattern = take(&mut packed).map_or(NONE, u16::from_le_bytes);
        let Unpacker { pending, flags, .. } = &mut self.unpacker;
        pending.clear();
        flags.clear();
        match self.patterns.get_mut(usize::from(pattern)) {
            Some(pattern) => {
                pattern.users = pattern.users.saturating_sub(1);
                pending.extend_from_slice(&pattern.pending);
                flags.extend_from_slice(&pattern.flags);
            }
            None => {
                let mut length = || take(&mut packed).map_or(0, |length| u32::from_le_bytes(length) as usize);
                let lengths = [length(), length()];
                flags.extend(std::iter::from_fn(|| take(&mut packed)).map(u64::from_le_bytes).take(lengths[0]));
                pending.resize(lengths[1], 0);
            }
        }
        bytes::read(pending, packed);
        self.unpacker.begin(ts);
        T::unpack(&mut self.unpacker)
    }

    /// The pattern of what the packer has, which may become one itself.
    fn pattern(&mut self) -> u16 {
        let Packer { pending, flags, .. } = &self.packer;
        if pending.len() > LONGEST {
            return NONE;
        }
        if self.patterns.is_empty() {
            self.patterns.resize(PATTERNS, Pattern::default());
        }
        let places = places(flags, pending.len());
        let mut unused = None;
        for place in places {
            let Some(pattern) = self.patterns.get(place) else { continue };
            if pattern.flags == *flags && pattern.pending.len() == pending.len() {
                return place as u16;
            }
            if pattern.users == 0 {
                unused.get_or_insert(place);
            }
        }
        let Some(pattern) = unused.and_then(|place| self.patterns.get_mut(place)) else { return NONE };
        pattern.flags.clone_from(flags);
        pattern.pending.clone_from(pending);
        unused.map_or(NONE, |place| place as u16)
    }
}

/// Where a pattern with these flags and so many words may be.
fn places(flags: &[u64], pending: usize) -> impl Iterator<Item = usize> + use<> {
    let hash = FixedState::with_seed(0).hash_one((flags, pending)) as usize;
    (0..PLACES).map(move |place| (hash + place) % PATTERNS)
}

/// Takes so many bytes from the front.
fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Value = (Vec<bool>, Vec<u64>);

    impl Pack for Value {
        fn pack(&self, out: &mut Packer) {
            self.0.pack(out);
            self.1.pack(out);
        }

        fn unpack(from: &mut Unpacker) -> Self {
            (Pack::unpack(from), Pack::unpack(from))
        }
    }

    /// A value of a kind that is told by its flags.
    fn value(kind: u32, number: u64) -> Value {
        let flags = (0..u32::BITS).map(|bit| kind >> bit & 1 != 0).collect();
        (flags, vec![number, u64::MAX - 7 * number, 7, 7, 7, 7, 7, 7])
    }

    fn pack(patterns: &mut Patterns, value: &Value) -> Vec<u8> {
        patterns.pack(b"label", Timestamp(0), value).to_vec()
    }

    #[test]
    fn a_value_takes_room_for_what_it_differs_in() {
        let mut patterns = Patterns::default();
        let packed = [0, 0, 100].map(|number| pack(&mut patterns, &value(1, number)));
        // Ten words, among them how many flags and words there are, take two bytes of marks.
        let least = b"label".len() + 2 + 2;
        assert_eq!(packed.each_ref().map(Vec::len), [least, least, least + 1 + 1 + 2]);
        for (packed, number) in packed.iter().zip([0, 0, 100]) {
            assert_eq!(patterns.unpack::<Value>(5, Timestamp(0), packed), value(1, number));
        }
    }

    #[test]
    fn of_more_kinds_than_there_are_patterns_each_comes_back() {
        let mut patterns = Patterns::default();
        let many = 4 * PATTERNS as u32;
        for round in 0..3 {
            let packed: Vec<_> = (0..many).map(|kind| pack(&mut patterns, &value(kind + round, kind.into()))).collect();
            let by_itself = packed.iter().filter(|packed| packed[5..7] == NONE.to_le_bytes()).count();
            assert!(by_itself > 0 && by_itself < packed.len(), "{by_itself}");
            for (kind, packed) in (0..).zip(&packed) {
                assert_eq!(patterns.unpack::<Value>(5, Timestamp(0), packed), value(kind + round, kind.into()));
            }
            assert!(patterns.patterns.iter().all(|pattern| pattern.users == 0));
        }
    }

    #[test]
    fn a_long_value_is_no_pattern() {
        let mut patterns = Patterns::default();
        let long = (vec![true], vec![9; 70_000]);
        let packed = pack(&mut patterns, &long);
        assert_eq!(packed[5..7], NONE.to_le_bytes());
        assert_eq!(patterns.unpack::<Value>(5, Timestamp(0), &packed), long);
    }
}
