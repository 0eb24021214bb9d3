//! An optional number in the space of the number.

use crate::capture::{Span, Timestamp};

use crate::track::packed::{Pack, Packer, Unpacker};

/// A number of which one value never occurs, and says that there is none.
pub(in crate::track) trait Niche: Copy + PartialEq {
    const NONE: Self;
}

impl Niche for i64 {
    const NONE: Self = i64::MIN;
}

impl Niche for Timestamp {
    const NONE: Self = Self(i64::MIN);
}

impl Niche for Span {
    const NONE: Self = Self(i64::MIN);
}

/// An `Option` of such a number: every connection has a dozen, and eight bytes each would say no more than one of these does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::track) struct Maybe<T>(T);

impl<T: Niche> Maybe<T> {
    pub(crate) const NONE: Self = Self(T::NONE);

    #[inline]
    pub(crate) fn some(value: T) -> Self {
        Self(value)
    }

    #[inline]
    pub(crate) fn get(self) -> Option<T> {
        (self.0 != T::NONE).then_some(self.0)
    }
}

impl<T: Niche> Default for Maybe<T> {
    fn default() -> Self {
        Self::NONE
    }
}

impl<T: Niche + Pack> Pack for Maybe<T> {
    fn pack(&self, out: &mut Packer) {
        self.get().pack(out);
    }

    fn unpack(from: &mut Unpacker) -> Self {
        Option::<T>::unpack(from).map_or(Self::NONE, Self::some)
    }
}
