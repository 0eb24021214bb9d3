//! An evicted connection, in few bytes. Each struct names its fields once (`packed!`), so that one forgotten does not compile.

mod packer;
mod values;

use crate::capture::Timestamp;

pub(in crate::track) use packer::{Kind, Packer, Unpacker};

/// Packs values and unpacks them.
#[derive(Debug, Default)]
pub(in crate::track) struct Codec {
    packer: Packer,
    unpacker: Unpacker,
}

impl Codec {
    /// Packs a value behind a header of the caller's; its times are likely to be near to that one.
    pub(super) fn pack(&mut self, header: &[u8], ts: Timestamp, value: &impl Pack) -> &[u8] {
        self.packer.begin(header, ts);
        value.pack(&mut self.packer);
        self.packer.bytes()
    }

    /// Unpacks what was packed near to that time, and stands behind the header.
    pub(super) fn unpack<T: Pack>(&mut self, ts: Timestamp, packed: &[u8]) -> T {
        self.unpacker.begin(packed, ts);
        T::unpack(&mut self.unpacker)
    }
}

/// Packs a struct field by field, and leaves out the fields that are `at_rest`: their default says all. A `delta` is the distance from
/// the value of its kind before it.
macro_rules! packed {
    ($type:ty { $($field:ident),+ $(,)? } $(delta $kind:ident { $($delta:ident),+ })*
        $(at_rest { $($left_out:ident),+ })?) => {
        impl $crate::track::packed::Pack for $type {
            fn pack(&self, out: &mut $crate::track::packed::Packer) {
                let Self { $($field,)+ $($($delta,)+)* $($($left_out: _,)+)? } = self;
                $($field.pack(out);)+
                $($(out.delta($crate::track::packed::Kind::$kind, *$delta as i64);)+)*
            }

            fn unpack(from: &mut $crate::track::packed::Unpacker) -> Self {
                $(let $field = $crate::track::packed::Pack::unpack(from);)+
                $($(let $delta = from.delta($crate::track::packed::Kind::$kind) as _;)+)*
                Self { $($field,)+ $($($delta,)+)* $($($left_out: Default::default(),)+)? }
            }
        }
    };
}
pub(in crate::track) use packed;

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
pub(in crate::track) use packed_enum;

/// Something that can be packed.
pub(in crate::track) trait Pack: Sized {
    fn pack(&self, out: &mut Packer);
    fn unpack(from: &mut Unpacker) -> Self;
}
