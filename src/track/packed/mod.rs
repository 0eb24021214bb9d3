//! A connection that rests, in as few bytes as it says something new with.
//!
//! Most numbers of a connection at rest are zero, or what the number before them was: what is kept is the difference, in no bytes,
//! two, four or eight. Each struct names its fields once (`packed!`), so that one forgotten does not compile.

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
    /// Two bits for each value's size, and a bit for each flag.
    sizes: Pairs,
    flags: Pairs,
}

/// Unpacks them again.
#[derive(Debug, Default)]
pub(super) struct Unpacker {
    near: Near,
    bytes: Vec<u8>,
    at: usize,
    sizes: Pairs,
    flags: Pairs,
}

/// Bits in words, filled from below.
#[derive(Debug, Default)]
struct Pairs {
    words: Vec<u64>,
    at: u32,
}

impl Pairs {
    fn clear(&mut self) {
        self.words.clear();
        self.at = 0;
    }

    fn push(&mut self, bits: u64, width: u32) {
        if self.at.is_multiple_of(64) {
            self.words.push(0);
        }
        if let Some(word) = self.words.last_mut() {
            *word |= bits << (self.at % 64);
        }
        self.at += width;
    }

    fn pull(&mut self, width: u32) -> u64 {
        let word = self.words.get((self.at / 64) as usize).copied().unwrap_or(0);
        let bits = word >> (self.at % 64) & ((1 << width) - 1);
        self.at += width;
        bits
    }

    /// The bytes that hold them.
    fn used(&self) -> usize {
        self.at.div_ceil(8) as usize
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

/// Bytes of a value, by its two bits.
const SIZES: [usize; 4] = [0, 2, 4, 8];
const MASKS: [u64; 4] = [0, 0xffff, 0xffff_ffff, u64::MAX];

impl Packer {
    /// Packs a value behind a label of the caller's, into a box of just that size.
    pub fn pack(&mut self, label: &[u8], value: &impl Pack) -> Box<[u8]> {
        self.near = Near::default();
        self.bytes.clear();
        self.sizes.clear();
        self.flags.clear();
        value.pack(self);
        let mut all = Vec::with_capacity(label.len() + 4 + self.sizes.used() + self.flags.used() + self.bytes.len());
        all.extend_from_slice(label);
        for bits in [&self.sizes, &self.flags] {
            all.extend_from_slice(&(bits.used() as u16).to_le_bytes());
        }
        self.sizes.write(&mut all);
        self.flags.write(&mut all);
        all.extend_from_slice(&self.bytes);
        all.into_boxed_slice()
    }

    fn value(&mut self, value: u64) {
        let size = usize::from(value > 0) + usize::from(value > MASKS[1]) + usize::from(value > MASKS[2]);
        self.sizes.push(size as u64, 2);
        let end = self.bytes.len() + SIZES[size];
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
        self.flags.push(flag.into(), 1);
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
        let size = self.sizes.pull(2) as usize & 3;
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
        self.flags.pull(1) != 0
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
