//! State that few connections have, behind one pointer: allocated with the first of it, and freed when nothing is left.

use std::ops::{Deref, DerefMut};

use crate::track::packed::{Pack, Packer, Unpacker};

/// What can be kept as [`Rare`].
pub(in crate::track) trait RareState: Default + 'static {
    /// What is read where there is none.
    const NONE: &'static Self;

    /// Whether it says nothing more than [`NONE`](Self::NONE).
    fn is_unused(&self) -> bool;
}

/// A `T` that takes eight bytes while there is none. It is read as if it were there; to write to it allocates it.
#[derive(Debug)]
pub(in crate::track) struct Rare<T>(Option<Box<T>>);

impl<T> Default for Rare<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Rare<T> {
    /// It, where it is allocated: what only changes what is there has nothing to change elsewhere.
    #[inline]
    pub(crate) fn get_mut(&mut self) -> Option<&mut T> {
        self.0.as_deref_mut()
    }

    /// The memory that it takes besides its own size.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.0.as_ref().map_or(0, |_| size_of::<T>())
    }
}

impl<T: RareState> Rare<T> {
    /// Frees it when nothing of it is used any more.
    #[inline]
    pub(crate) fn free_unused(&mut self) {
        if self.0.as_deref().is_some_and(T::is_unused) {
            self.0 = None;
        }
    }
}

impl<T: RareState> Deref for Rare<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.0.as_deref().unwrap_or(T::NONE)
    }
}

impl<T: RareState> DerefMut for Rare<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        self.0.get_or_insert_default()
    }
}

impl<T: Pack> Pack for Rare<T> {
    fn pack(&self, out: &mut Packer) {
        self.0.pack(out);
    }

    fn unpack(from: &mut Unpacker) -> Self {
        Self(Pack::unpack(from))
    }
}
