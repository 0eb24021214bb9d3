//! A connection that rests, in as few bytes as it says something new with.
//!
//! A value is said as a word: most frames, times and numbers of a connection are those of a few segments, and then where it was
//! said before is enough. Connections of a kind say much the same, so of each word only the difference from another connection's is
//! kept, in no bytes, one, and so on up to eight. Each struct names its fields once (`packed!`), so that one forgotten does not
//! compile.

mod bytes;
mod near;
mod packer;
mod patterns;
mod values;

pub(in crate::track) use packer::{Kind, Packer, Unpacker};
pub(in crate::track) use patterns::Patterns;

/// Whether a value is another than its default.
pub(in crate::track) fn says_something<T: Default + PartialEq>(value: &T) -> bool {
    *value != T::default()
}

/// Packs a struct field by field, and leaves out the fields that are `at_rest`: their default says all. Of `rare` fields one flag
/// says so, where it does; those `near` others of their kind are said by it.
macro_rules! packed {
    ($type:ty { $($field:ident),+ $(,)? } $(rare { $($rare:ident),+ })? $(near $kind:ident { $($near:ident),+ })*
        $(at_rest { $($left_out:ident),+ })?) => {
        impl $crate::track::packed::Pack for $type {
            fn pack(&self, out: &mut $crate::track::packed::Packer) {
                let Self { $($field,)+ $($($rare,)+)? $($($near,)+)* $($($left_out: _,)+)? } = self;
                $($field.pack(out);)+
                $(
                    let says_something = $($crate::track::packed::says_something($rare))||+;
                    out.flag(says_something);
                    if says_something {
                        $($rare.pack(out);)+
                    }
                )?
                $($(out.near($crate::track::packed::Kind::$kind, *$near as i64);)+)*
            }

            fn unpack(from: &mut $crate::track::packed::Unpacker) -> Self {
                $(let $field = $crate::track::packed::Pack::unpack(from);)+
                $(let ($($rare,)+) = if from.flag() {
                    ($({ let $rare = $crate::track::packed::Pack::unpack(from); $rare },)+)
                } else {
                    Default::default()
                };)?
                $($(let $near = from.near($crate::track::packed::Kind::$kind) as _;)+)*
                Self { $($field,)+ $($($rare,)+)? $($($near,)+)* $($($left_out: Default::default(),)+)? }
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
