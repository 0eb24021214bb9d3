//! A connection that rests, in as few bytes as it says something new with.
//!
//! Most numbers of a connection at rest are zero, or what the number before them was: what is kept is the difference, in no bytes,
//! one, and so on up to eight. Each struct names its fields once (`packed!`), so that one forgotten does not compile.

mod values;

/// Packs a struct field by field, and leaves out the fields that are `at_rest`: their default says all.
macro_rules! packed {
    ($type:ty { $($field:ident),+ $(,)? } $(frames { $($frame:ident),+ })? $(at_rest { $($left_out:ident),+ })?) => {
        impl $crate::track::packed::Pack for $type {
            fn pack(&self, out: &mut $crate::track::packed::Packer) {
                let Self { $($field,)+ $($($frame,)+)? $($($left_out: _,)+)? } = self;
                $($field.pack(out);)+
                $($(out.frame(*$frame);)+)?
            }

            fn unpack(from: &mut $crate::track::packed::Unpacker) -> Self {
                $(let $field = $crate::track::packed::Pack::unpack(from);)+
                $($(let $frame = from.frame();)+)?
                Self { $($field,)+ $($($frame,)+)? $($($left_out: Default::default(),)+)? }
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
    bytes: Vec<u8>,
    /// Three bits for each value's size, and a bit for each flag.
    sizes: Bits<3>,
    flags: Bits<1>,
    /// All of it, behind the label.
    all: Vec<u8>,
}

/// Unpacks them again.
#[derive(Debug, Default)]
pub(super) struct Unpacker {
    near: Near,
    bytes: Vec<u8>,
    at: usize,
    sizes: Bits<3>,
    flags: Bits<1>,
}

/// Groups of bits in words, filled from below; none lies in two words.
#[derive(Debug, Default)]
struct Bits<const WIDTH: u32> {
    words: Vec<u64>,
    at: u32,
}

impl<const WIDTH: u32> Bits<WIDTH> {
    const IN_A_WORD: u32 = 64 / WIDTH;

    fn clear(&mut self) {
        self.words.clear();
        self.at = 0;
    }

    #[inline]
    fn push(&mut self, bits: u64) {
        let within = self.at % Self::IN_A_WORD;
        if within == 0 {
            self.words.push(0);
        }
        if let Some(word) = self.words.last_mut() {
            *word |= bits << (within * WIDTH);
        }
        self.at += 1;
    }

    #[inline]
    fn pull(&mut self) -> u64 {
        let word = self.words.get((self.at / Self::IN_A_WORD) as usize).copied().unwrap_or(0);
        let bits = word >> (self.at % Self::IN_A_WORD * WIDTH) & ((1 << WIDTH) - 1);
        self.at += 1;
        bits
    }

    /// The bytes that hold them.
    fn used(&self) -> usize {
        (self.at / Self::IN_A_WORD * 8 + (self.at % Self::IN_A_WORD * WIDTH).div_ceil(8)) as usize
    }

    fn write(&self, out: &mut Vec<u8>) {
        let end = out.len() + self.used();
        self.words.iter().for_each(|word| out.extend_from_slice(&word.to_le_bytes()));
        out.truncate(end);
    }

    fn read(&mut self, bytes: &[u8]) {
        self.clear();
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.words.push(u64::from_le_bytes(word));
        }
    }
}

/// Bytes of a value, by its three bits.
const SIZES: [usize; 8] = [0, 1, 2, 3, 4, 5, 6, 8];
const MASKS: [u64; 8] = [0, 0xff, 0xffff, 0xff_ffff, 0xffff_ffff, 0xff_ffff_ffff, 0xffff_ffff_ffff, u64::MAX];

impl Packer {
    /// Packs a value behind a label of the caller's.
    pub fn pack(&mut self, label: &[u8], value: &impl Pack) -> &[u8] {
        self.near = Near::default();
        self.bytes.clear();
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
        all.extend_from_slice(&self.bytes);
        all
    }

    #[inline]
    fn value(&mut self, value: u64) {
        let bytes = (71 - value.leading_zeros()) / 8;
        let size = bytes.min(7);
        self.sizes.push(size.into());
        let end = self.bytes.len() + SIZES[size as usize];
        self.bytes.extend_from_slice(&value.to_le_bytes());
        self.bytes.truncate(end);
    }

    /// A value that may be negative.
    fn signed(&mut self, value: i64) {
        self.value((value << 1 ^ value >> 63) as u64);
    }

    /// Nanoseconds, which in most captures are whole microseconds.
    fn nanos(&mut self, nanos: i64) {
        let whole = nanos % 1000 == 0;
        self.flag(whole);
        self.signed(if whole { nanos / 1000 } else { nanos });
    }

    pub fn flag(&mut self, flag: bool) {
        self.flags.push(flag.into());
    }

    /// A frame's number.
    pub fn frame(&mut self, frame: u64) {
        let near = std::mem::replace(&mut self.near.frame, frame);
        self.signed(frame.wrapping_sub(near) as i64);
    }

    /// A timestamp of the option.
    pub fn clock(&mut self, tsval: u32) {
        let near = std::mem::replace(&mut self.near.clock, tsval);
        self.signed(i64::from(tsval.wrapping_sub(near) as i32));
    }
}

impl Unpacker {
    /// Unpacks what was packed behind a label of that length.
    pub fn unpack<T: Pack>(&mut self, label: usize, packed: &[u8]) -> T {
        let (_, packed) = packed.split_at(label);
        let ([a, b, c, d], packed) = packed.split_first_chunk::<4>().unwrap_or((&[0; 4], &[]));
        let (sizes, packed) = packed.split_at(u16::from_le_bytes([*a, *b]).into());
        let (flags, packed) = packed.split_at(u16::from_le_bytes([*c, *d]).into());
        self.near = Near::default();
        self.sizes.read(sizes);
        self.flags.read(flags);
        self.bytes.clear();
        self.bytes.extend_from_slice(packed);
        // The last value is read as eight bytes too.
        self.bytes.extend_from_slice(&[0; 8]);
        self.at = 0;
        T::unpack(self)
    }

    fn value(&mut self) -> u64 {
        let size = self.sizes.pull() as usize & 7;
        let word = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk::<8>()).copied().unwrap_or_default();
        self.at += SIZES[size];
        u64::from_le_bytes(word) & MASKS[size]
    }

    fn signed(&mut self) -> i64 {
        let value = self.value();
        (value >> 1) as i64 ^ -((value & 1) as i64)
    }

    fn nanos(&mut self) -> i64 {
        let scale = if self.flag() { 1000 } else { 1 };
        self.signed().wrapping_mul(scale)
    }

    pub fn flag(&mut self) -> bool {
        self.flags.pull() != 0
    }

    pub fn frame(&mut self) -> u64 {
        self.near.frame = self.near.frame.wrapping_add(self.signed() as u64);
        self.near.frame
    }

    pub fn clock(&mut self) -> u32 {
        self.near.clock = self.near.clock.wrapping_add(self.signed() as u32);
        self.near.clock
    }
}
