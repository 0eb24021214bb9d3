//! A connection that rests, in as few bytes as it says something new with.
//!
//! Most numbers of a connection at rest are zero, or what the number before them was: what is kept is the difference, in no bytes,
//! one, and so on up to eight. Each struct names its fields once (`packed!`), so that one forgotten does not compile.

mod bytes;
mod values;

use crate::capture::Timestamp;

/// Whether a value is another than its default.
pub(super) fn says_something<T: Default + PartialEq>(value: &T) -> bool {
    *value != T::default()
}

/// Packs a struct field by field, and leaves out the fields that are `at_rest`: their default says all. Of `rare` fields one flag
/// says so, where it does.
macro_rules! packed {
    ($type:ty { $($field:ident),+ $(,)? } $(rare { $($rare:ident),+ })? $(frames { $($frame:ident),+ })?
        $(clocks { $($clock:ident),+ })? $(windows { $($window:ident),+ })? $(at_rest { $($left_out:ident),+ })?) => {
        impl $crate::track::packed::Pack for $type {
            fn pack(&self, out: &mut $crate::track::packed::Packer) {
                let Self { $($field,)+ $($($rare,)+)? $($($frame,)+)? $($($clock,)+)? $($($window,)+)? $($($left_out: _,)+)? } = self;
                $($field.pack(out);)+
                $(
                    let says_something = $($crate::track::packed::says_something($rare))||+;
                    out.flag(says_something);
                    if says_something {
                        $($rare.pack(out);)+
                    }
                )?
                $($(out.frame(*$frame);)+)?
                $($(out.clock(*$clock);)+)?
                $($(out.window(*$window);)+)?
            }

            fn unpack(from: &mut $crate::track::packed::Unpacker) -> Self {
                $(let $field = $crate::track::packed::Pack::unpack(from);)+
                $(let ($($rare,)+) = if from.flag() {
                    ($({ let $rare = $crate::track::packed::Pack::unpack(from); $rare },)+)
                } else {
                    Default::default()
                };)?
                $($(let $frame = from.frame();)+)?
                $($(let $clock = from.clock();)+)?
                $($(let $window = from.window();)+)?
                Self { $($field,)+ $($($rare,)+)? $($($frame,)+)? $($($clock,)+)? $($($window,)+)? $($($left_out: Default::default(),)+)? }
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
    window: u32,
    ip_id: u16,
    mark: u32,
}

/// Packs values one behind the other.
#[derive(Debug, Default)]
pub(super) struct Packer {
    near: Near,
    values: Vec<u64>,
    flags: Flags,
    /// All of it, behind the label.
    all: Vec<u8>,
}

/// Flags in words, filled from above.
#[derive(Debug, Default)]
struct Flags {
    words: Vec<u64>,
    /// The word that is being filled, and how many flags it has.
    word: u64,
    count: u32,
}

impl Flags {
    fn clear(&mut self) {
        self.words.clear();
        (self.word, self.count) = (0, 0);
    }

    #[inline]
    fn push(&mut self, flag: bool) {
        self.word = self.word << 1 | u64::from(flag);
        self.count += 1;
        if self.count == u64::BITS {
            self.words.push(self.word);
            (self.word, self.count) = (0, 0);
        }
    }

    /// The bytes that hold them.
    fn used(&self) -> usize {
        self.words.len() * 8 + self.count.div_ceil(8) as usize
    }

    fn write(&self, out: &mut Vec<u8>) {
        let end = out.len() + self.used();
        let last = self.word.unbounded_shl(u64::BITS - self.count);
        self.words.iter().chain([&last]).for_each(|word| out.extend_from_slice(&word.to_be_bytes()));
        out.truncate(end);
    }
}

/// Reads such flags.
#[derive(Debug)]
struct Read<'a> {
    bytes: &'a [u8],
    word: u64,
    left: u32,
}

impl Read<'_> {
    #[inline]
    fn pull(&mut self) -> bool {
        if self.left == 0 {
            self.refill();
        }
        let flag = self.word >> (u64::BITS - 1) != 0;
        self.word <<= 1;
        self.left -= 1;
        flag
    }

    fn refill(&mut self) {
        let (now, later) = self.bytes.split_at(self.bytes.len().min(8));
        let mut word = [0; 8];
        word[..now.len()].copy_from_slice(now);
        (self.bytes, self.word, self.left) = (later, u64::from_be_bytes(word), u64::BITS);
    }
}

/// Unpacks values again.
#[derive(Debug)]
pub(super) struct Unpacker<'a> {
    near: Near,
    values: std::vec::IntoIter<u64>,
    flags: Read<'a>,
}

impl Packer {
    /// Packs a value behind a label of the caller's; its times are likely to be near to that one.
    pub fn pack(&mut self, label: &[u8], Timestamp(ts): Timestamp, value: &impl Pack) -> &[u8] {
        self.near = Near { ts, ..Near::default() };
        self.values.clear();
        self.flags.clear();
        value.pack(self);
        let all = &mut self.all;
        all.clear();
        all.extend_from_slice(label);
        for used in [bytes::of_sizes(self.values.len()), self.flags.used()] {
            all.extend_from_slice(&(used as u16).to_le_bytes());
        }
        self.flags.write(all);
        bytes::write(&self.values, all);
        all
    }

    #[inline]
    fn value(&mut self, value: u64) {
        self.values.push(value);
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
        self.flags.push(flag);
    }

    /// A frame's number, or 0 for none.
    #[inline]
    pub fn frame(&mut self, frame: u64) {
        self.flag(frame == 0);
        if frame > 0 {
            let near = std::mem::replace(&mut self.near.frame, frame);
            self.signed(frame.wrapping_sub(near) as i64);
        }
    }

    /// A timestamp of the option.
    #[inline]
    pub fn clock(&mut self, tsval: u32) {
        self.near(|near| &mut near.clock, tsval);
    }

    /// A window in bytes.
    #[inline]
    pub fn window(&mut self, window: u32) {
        self.near(|near| &mut near.window, window);
    }

    /// Where a segment stands in the trail.
    #[inline]
    pub fn mark(&mut self, mark: u32) {
        self.near(|near| &mut near.mark, mark);
    }

    /// A value that is likely to be near to the last of its kind.
    #[inline]
    fn near(&mut self, kind: impl Fn(&mut Near) -> &mut u32, value: u32) {
        let last = std::mem::replace(kind(&mut self.near), value);
        self.signed(i64::from(value.wrapping_sub(last) as i32));
    }

    /// How far an IP ID is from the one before.
    #[inline]
    pub fn ip_id(&mut self, ip_id: u16) -> u16 {
        ip_id.wrapping_sub(std::mem::replace(&mut self.near.ip_id, ip_id))
    }
}

impl Unpacker<'_> {
    /// Unpacks what was packed behind a label of that length and near to that time.
    pub fn unpack<T: Pack>(label: usize, Timestamp(ts): Timestamp, packed: &[u8]) -> T {
        let (_, packed) = packed.split_at(label);
        let ([a, b, c, d], packed) = packed.split_first_chunk::<4>().unwrap_or((&[0; 4], &[]));
        let (flags, packed) = packed.split_at(u16::from_le_bytes([*c, *d]).into());
        let (sizes, packed) = packed.split_at(u16::from_le_bytes([*a, *b]).into());
        let flags = Read { bytes: flags, word: 0, left: 0 };
        T::unpack(&mut Unpacker {
            near: Near { ts, ..Near::default() },
            values: bytes::read(sizes, packed).into_iter(),
            flags,
        })
    }

    #[inline]
    fn value(&mut self) -> u64 {
        self.values.next().unwrap_or(0)
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
        self.flags.pull()
    }

    #[inline]
    pub fn frame(&mut self) -> u64 {
        if self.flag() {
            return 0;
        }
        self.near.frame = self.near.frame.wrapping_add(self.signed() as u64);
        self.near.frame
    }

    #[inline]
    pub fn clock(&mut self) -> u32 {
        self.near(|near| &mut near.clock)
    }

    #[inline]
    pub fn window(&mut self) -> u32 {
        self.near(|near| &mut near.window)
    }

    #[inline]
    pub fn mark(&mut self) -> u32 {
        self.near(|near| &mut near.mark)
    }

    #[inline]
    fn near(&mut self, kind: impl Fn(&mut Near) -> &mut u32) -> u32 {
        let distance = self.signed() as u32;
        let last = kind(&mut self.near);
        *last = last.wrapping_add(distance);
        *last
    }

    /// The IP ID that is so far from the one before.
    #[inline]
    pub fn ip_id(&mut self, distance: u16) -> u16 {
        self.near.ip_id = self.near.ip_id.wrapping_add(distance);
        self.near.ip_id
    }
}
