//! How each type of value is packed: numbers near to the one before them, and what is made of them.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;

use arrayvec::{ArrayString, ArrayVec};

use crate::capture::{Span, Timestamp};
use crate::dissect::{SeqNumber, Socket};
use crate::rules::{Rule, Severity};

use crate::track::packed::{Kind, Pack, Packer, Unpacker, packed_enum};
use crate::track::{Direction, Note};

macro_rules! unsigned {
    ($($type:ty),+) => { $(
        impl Pack for $type {
            #[inline]
            fn pack(&self, out: &mut Packer) {
                out.word(u64::from(*self));
            }

            #[inline]
            fn unpack(from: &mut Unpacker) -> Self {
                from.word() as $type
            }
        }
    )+ };
}
unsigned!(u8, u16, u32, u64);

impl Pack for bool {
    #[inline]
    fn pack(&self, out: &mut Packer) {
        out.flag(*self);
    }

    #[inline]
    fn unpack(from: &mut Unpacker) -> Self {
        from.flag()
    }
}

/// A sequence or acknowledgment number.
impl Pack for i64 {
    #[inline]
    fn pack(&self, out: &mut Packer) {
        out.delta(Kind::Number, *self);
    }

    #[inline]
    fn unpack(from: &mut Unpacker) -> Self {
        from.delta(Kind::Number)
    }
}

impl Pack for Timestamp {
    #[inline]
    fn pack(&self, out: &mut Packer) {
        out.delta(Kind::Time, self.0);
    }

    #[inline]
    fn unpack(from: &mut Unpacker) -> Self {
        Self(from.delta(Kind::Time))
    }
}

impl Pack for Span {
    #[inline]
    fn pack(&self, out: &mut Packer) {
        out.delta(Kind::Span, self.0);
    }

    #[inline]
    fn unpack(from: &mut Unpacker) -> Self {
        Self(from.delta(Kind::Span))
    }
}

impl Pack for SeqNumber {
    #[inline]
    fn pack(&self, out: &mut Packer) {
        self.0.pack(out);
    }

    #[inline]
    fn unpack(from: &mut Unpacker) -> Self {
        Self(Pack::unpack(from))
    }
}

impl<T: Pack> Pack for Option<T> {
    #[inline]
    fn pack(&self, out: &mut Packer) {
        out.flag(self.is_some());
        if let Some(value) = self {
            value.pack(out);
        }
    }

    #[inline]
    fn unpack(from: &mut Unpacker) -> Self {
        from.flag().then(|| T::unpack(from))
    }
}

impl<T: Pack> Pack for Box<T> {
    #[inline]
    fn pack(&self, out: &mut Packer) {
        (**self).pack(out);
    }

    #[inline]
    fn unpack(from: &mut Unpacker) -> Self {
        Self::new(T::unpack(from))
    }
}

/// A frame and its time.
impl Pack for (u64, Timestamp) {
    #[inline]
    fn pack(&self, out: &mut Packer) {
        out.delta(Kind::Frame, self.0 as i64);
        self.1.pack(out);
    }

    #[inline]
    fn unpack(from: &mut Unpacker) -> Self {
        (from.delta(Kind::Frame) as u64, Pack::unpack(from))
    }
}

/// A timestamp of the option, and when it came.
impl Pack for (u32, Timestamp) {
    #[inline]
    fn pack(&self, out: &mut Packer) {
        out.delta(Kind::Clock, self.0.into());
        self.1.pack(out);
    }

    #[inline]
    fn unpack(from: &mut Unpacker) -> Self {
        (from.delta(Kind::Clock) as u32, Pack::unpack(from))
    }
}

impl Pack for NonZeroU32 {
    #[inline]
    fn pack(&self, out: &mut Packer) {
        self.get().pack(out);
    }

    #[inline]
    fn unpack(from: &mut Unpacker) -> Self {
        Self::new(Pack::unpack(from)).unwrap_or(Self::MIN)
    }
}

/// Addresses and ports stand in the label.
impl Pack for Socket {
    #[inline]
    fn pack(&self, _: &mut Packer) {}

    #[inline]
    fn unpack(_: &mut Unpacker) -> Self {
        Self { addr: IpAddr::V4(Ipv4Addr::UNSPECIFIED), port: 0 }
    }
}

const _: () = assert!(Rule::ALL.len() <= 256, "a rule is packed as a byte");
packed_enum!(Rule, Rule::ALL);
packed_enum!(Severity, [Severity::Note, Severity::Warning, Severity::Error]);

impl<T: Pack, const N: usize> Pack for [T; N] {
    #[inline]
    fn pack(&self, out: &mut Packer) {
        self.iter().for_each(|value| value.pack(out));
    }

    #[inline]
    fn unpack(from: &mut Unpacker) -> Self {
        std::array::from_fn(|_| T::unpack(from))
    }
}

impl<const N: usize> Pack for ArrayString<N> {
    #[inline]
    fn pack(&self, out: &mut Packer) {
        let pending = self.as_bytes().chunks(8);
        (self.len() as u64).pack(out);
        for chunk in pending {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            out.word(u64::from_le_bytes(word));
        }
    }

    #[inline]
    fn unpack(from: &mut Unpacker) -> Self {
        let len = u64::unpack(from) as usize;
        let mut text = Self::new();
        for at in (0..len).step_by(8) {
            for byte in from.word().to_le_bytes().into_iter().take(len - at) {
                let _ = text.try_push(char::from(byte));
            }
        }
        text
    }
}

/// Two values, one behind the other.
macro_rules! pairs {
    ($(($first:ty, $second:ty)),+ $(,)?) => { $(
        impl Pack for ($first, $second) {
            #[inline]
            fn pack(&self, out: &mut Packer) {
                self.0.pack(out);
                self.1.pack(out);
            }

            #[inline]
            fn unpack(from: &mut Unpacker) -> Self {
                (Pack::unpack(from), Pack::unpack(from))
            }
        }
    )+ };
}
pairs!((i64, i64), (u64, bool), (u8, u8), (u16, u16), (Rule, u32), (Rule, Severity), (Direction, Note));

/// Who sent something, and what.
impl<A: Pack, B: Pack, C: Pack> Pack for (A, B, C) {
    #[inline]
    fn pack(&self, out: &mut Packer) {
        self.0.pack(out);
        self.1.pack(out);
        self.2.pack(out);
    }

    #[inline]
    fn unpack(from: &mut Unpacker) -> Self {
        (Pack::unpack(from), Pack::unpack(from), Pack::unpack(from))
    }
}

impl<T: Pack, const N: usize> Pack for ArrayVec<T, N> {
    #[inline]
    fn pack(&self, out: &mut Packer) {
        (self.len() as u64).pack(out);
        self.iter().for_each(|value| value.pack(out));
    }

    #[inline]
    fn unpack(from: &mut Unpacker) -> Self {
        let len = u64::unpack(from) as usize;
        (0..len.min(N)).map(|_| T::unpack(from)).collect()
    }
}

/// As many values as there are, behind their number.
macro_rules! lists {
    ($($list:ident),+) => { $(
        impl<T: Pack> Pack for $list<T> {
            #[inline]
            fn pack(&self, out: &mut Packer) {
                (self.len() as u64).pack(out);
                self.iter().for_each(|value| value.pack(out));
            }

            #[inline]
            fn unpack(from: &mut Unpacker) -> Self {
                let len = u64::unpack(from);
                (0..len).map(|_| T::unpack(from)).collect()
            }
        }
    )+ };
}
lists!(Vec, VecDeque);
