//! A connection that rests, in as few bytes as it says something new with.
//!
//! Most numbers of a connection at rest are zero, or what the number before them was: what is kept is the difference, in no bytes,
//! one, and so on up to eight. Each struct names its fields once (`packed!`), so that one forgotten does not compile.

mod values;

/// Whether a value is another than its default.
pub(super) fn says_something<T: Default + PartialEq>(value: &T) -> bool {
    *value != T::default()
}

/// Packs a struct field by field, and leaves out the fields that are `at_rest`: their default says all. Of `rare` fields one flag
/// says so, where it does.
macro_rules! packed {
    ($type:ty { $($field:ident),+ $(,)? } $(rare { $($rare:ident),+ })? $(frames { $($frame:ident),+ })?
        $(at_rest { $($left_out:ident),+ })?) => {
        impl $crate::track::packed::Pack for $type {
            fn pack(&self, out: &mut $crate::track::packed::Packer) {
                let Self { $($field,)+ $($($rare,)+)? $($($frame,)+)? $($($left_out: _,)+)? } = self;
                $($field.pack(out);)+
                $(
                    let says_something = $($crate::track::packed::says_something($rare))||+;
                    out.flag(says_something);
                    if says_something {
                        $($rare.pack(out);)+
                    }
                )?
                $($(out.frame(*$frame);)+)?
            }

            fn unpack(from: &mut $crate::track::packed::Unpacker) -> Self {
                $(let $field = $crate::track::packed::Pack::unpack(from);)+
                $(let ($($rare,)+) = if from.flag() {
                    ($({ let $rare = $crate::track::packed::Pack::unpack(from); $rare },)+)
                } else {
                    Default::default()
                };)?
                $($(let $frame = from.frame();)+)?
                Self { $($field,)+ $($($rare,)+)? $($($frame,)+)? $($($left_out: Default::default(),)+)? }
            }
        }
    };
}
pub(super) use packed;

/// An enum without fields, by its place in a list of all.
macro_rules! packed_enum {
    ($type:ty, $all:expr) => {
        impl $crate::track::packed::Pack for $type {
            fn pack(&self, out: &mut $crate::track::packed::Packer) {
                (*self as u8).pack(out);
            }

            fn unpack(from: &mut $crate::track::packed::Unpacker) -> Self {
                let at: u8 = $crate::track::packed::Pack::unpack(from);
                $all[usize::from(at)]
            }
        }
    };
}
pub(super) use packed_enum;

/// Something that can be packed.
pub(super) trait Pack: Sized {
    fn pack(&self, out: &mut Packer);
    fn unpack(from: &mut Unpacker) -> Self;
}

/// What the numbers to come are likely to be near to.
#[derive(Clone, Copy, Debug, Default)]
struct Near {
    number: i64,
    ts: i64,
    frame: u64,
    clock: u32,
}

/// Packs values one behind the other.
#[derive(Debug, Default)]
pub(super) struct Packer {
    near: Near,
    /// The values; what lies behind `end` means nothing.
    bytes: Vec<u8>,
    end: usize,
    /// Three bits for each value's size, and a bit for each flag.
    sizes: Bits<3>,
    flags: Bits<1>,
    /// All of it, behind the label.
    all: Vec<u8>,
}

/// Groups of bits in words, filled from below; none lies in two words.
#[derive(Debug, Default)]
struct Bits<const WIDTH: u32> {
    words: Vec<u64>,
    /// The word that is being filled, and how many groups it has.
    word: u64,
    groups: u32,
}

impl<const WIDTH: u32> Bits<WIDTH> {
    const IN_A_WORD: u32 = 64 / WIDTH;

    fn clear(&mut self) {
        self.words.clear();
        (self.word, self.groups) = (0, 0);
    }

    #[inline]
    fn push(&mut self, bits: u64) {
        self.word |= bits << (self.groups * WIDTH);
        self.groups += 1;
        if self.groups == Self::IN_A_WORD {
            self.words.push(self.word);
            (self.word, self.groups) = (0, 0);
        }
    }

    /// The bytes that hold them.
    fn used(&self) -> usize {
        self.words.len() * 8 + (self.groups * WIDTH).div_ceil(8) as usize
    }

    fn write(&self, out: &mut Vec<u8>) {
        let end = out.len() + self.used();
        self.words.iter().chain([&self.word]).for_each(|word| out.extend_from_slice(&word.to_le_bytes()));
        out.truncate(end);
    }
}

/// Reads such groups.
#[derive(Debug)]
struct Groups<'a, const WIDTH: u32> {
    bytes: &'a [u8],
    word: u64,
    left: u32,
}

impl<'a, const WIDTH: u32> Groups<'a, WIDTH> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, word: 0, left: 0 }
    }

    #[inline]
    fn pull(&mut self) -> u64 {
        if self.left == 0 {
            self.refill();
        }
        let bits = self.word & ((1 << WIDTH) - 1);
        self.word >>= WIDTH;
        self.left -= 1;
        bits
    }

    fn refill(&mut self) {
        self.left = 64 / WIDTH;
        match self.bytes.split_first_chunk() {
            Some((word, rest)) => (self.word, self.bytes) = (u64::from_le_bytes(*word), rest),
            None => {
                self.word = std::mem::take(&mut self.bytes).iter().rfold(0, |word, byte| word << 8 | u64::from(*byte))
            }
        }
    }
}

/// Unpacks values again.
#[derive(Debug)]
pub(super) struct Unpacker<'a> {
    near: Near,
    bytes: &'a [u8],
    sizes: Groups<'a, 3>,
    flags: Groups<'a, 1>,
}

/// Bytes of a value, by its three bits.
const SIZES: [usize; 8] = [0, 1, 2, 3, 4, 5, 6, 8];
const MASKS: [u64; 8] = [0, 0xff, 0xffff, 0xff_ffff, 0xffff_ffff, 0xff_ffff_ffff, 0xffff_ffff_ffff, u64::MAX];

/// Room that is made for values at a time.
const ROOM: usize = 512;

impl Packer {
    /// Packs a value behind a label of the caller's.
    pub fn pack(&mut self, label: &[u8], value: &impl Pack) -> &[u8] {
        self.near = Near::default();
        self.end = 0;
        self.sizes.clear();
        self.flags.clear();
        value.pack(self);
        let all = &mut self.all;
        all.clear();
        all.extend_from_slice(label);
        for used in [self.sizes.used(), self.flags.used()] {
            all.extend_from_slice(&(used as u16).to_le_bytes());
        }
        self.sizes.write(all);
        self.flags.write(all);
        all.extend_from_slice(self.bytes.get(..self.end).unwrap_or_default());
        all
    }

    #[inline]
    fn value(&mut self, value: u64) {
        if value == 0 {
            return self.sizes.push(0);
        }
        let size = ((71 - value.leading_zeros()) / 8).min(7);
        self.sizes.push(size.into());
        if self.end + 8 > self.bytes.len() {
            self.bytes.resize(self.end + ROOM, 0);
        }
        // Eight bytes each time: those behind the value are written over by the next.
        if let Some(room) = self.bytes.get_mut(self.end..self.end + 8) {
            room.copy_from_slice(&value.to_le_bytes());
        }
        self.end += SIZES[size as usize];
    }

    /// A value that may be negative.
    #[inline]
    fn signed(&mut self, value: i64) {
        self.value((value << 1 ^ value >> 63) as u64);
    }

    /// Nanoseconds, which in most captures are whole microseconds.
    #[inline]
    fn nanos(&mut self, nanos: i64) {
        let whole = nanos % 1000 == 0;
        self.flag(whole);
        self.signed(if whole { nanos / 1000 } else { nanos });
    }

    #[inline]
    pub fn flag(&mut self, flag: bool) {
        self.flags.push(flag.into());
    }

    /// A frame's number.
    #[inline]
    pub fn frame(&mut self, frame: u64) {
        let near = std::mem::replace(&mut self.near.frame, frame);
        self.signed(frame.wrapping_sub(near) as i64);
    }

    /// A timestamp of the option.
    #[inline]
    pub fn clock(&mut self, tsval: u32) {
        let near = std::mem::replace(&mut self.near.clock, tsval);
        self.signed(i64::from(tsval.wrapping_sub(near) as i32));
    }
}

impl Unpacker<'_> {
    /// Unpacks what was packed behind a label of that length.
    pub fn unpack<T: Pack>(label: usize, packed: &[u8]) -> T {
        let (_, packed) = packed.split_at(label);
        let ([a, b, c, d], packed) = packed.split_first_chunk::<4>().unwrap_or((&[0; 4], &[]));
        let (sizes, packed) = packed.split_at(u16::from_le_bytes([*a, *b]).into());
        let (flags, bytes) = packed.split_at(u16::from_le_bytes([*c, *d]).into());
        let (sizes, flags) = (Groups::new(sizes), Groups::new(flags));
        T::unpack(&mut Unpacker { near: Near::default(), bytes, sizes, flags })
    }

    #[inline]
    fn value(&mut self) -> u64 {
        let size = self.sizes.pull() as usize & 7;
        if size == 0 {
            return 0;
        }
        let word = match self.bytes.first_chunk() {
            Some(word) => u64::from_le_bytes(*word),
            None => self.bytes.iter().rfold(0, |word, byte| word << 8 | u64::from(*byte)),
        };
        self.bytes = self.bytes.get(SIZES[size]..).unwrap_or_default();
        word & MASKS[size]
    }

    #[inline]
    fn signed(&mut self) -> i64 {
        let value = self.value();
        (value >> 1) as i64 ^ -((value & 1) as i64)
    }

    #[inline]
    fn nanos(&mut self) -> i64 {
        let scale = if self.flag() { 1000 } else { 1 };
        self.signed().wrapping_mul(scale)
    }

    #[inline]
    pub fn flag(&mut self) -> bool {
        self.flags.pull() != 0
    }

    #[inline]
    pub fn frame(&mut self) -> u64 {
        self.near.frame = self.near.frame.wrapping_add(self.signed() as u64);
        self.near.frame
    }

    #[inline]
    pub fn clock(&mut self) -> u32 {
        self.near.clock = self.near.clock.wrapping_add(self.signed() as u32);
        self.near.clock
    }
}
