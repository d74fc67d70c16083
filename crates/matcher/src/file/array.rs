//! An array of numbers that is either owned or lies in a file that is mapped: reading one is the same for both.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use yoke::Yoke;
use yoke::erased::ErasedArcCart;
use zerocopy::{FromBytes, Immutable, IntoBytes};

use super::memory::Memory;

/// Numbers that a file holds as they are in memory.
pub(crate) trait Number: FromBytes + IntoBytes + Immutable + Copy + Send + Sync + Into<u64> + 'static {}

impl Number for u8 {}
impl Number for u16 {}
impl Number for u32 {}

/// Numbers, and what keeps them in place: a slice whose owner travels with it, so that looking at an element asks nothing
/// about where it lies.
pub(crate) struct Array<T: 'static>(Yoke<&'static [T], ErasedArcCart>);

impl<T: Number> Array<T> {
    /// The numbers in a range of bytes. `None` when they are not in place for numbers of this size, or not whole ones.
    pub(super) fn within(memory: &Arc<Memory>, range: std::ops::Range<usize>) -> Option<Self> {
        let cart = Arc::clone(memory);
        let yoke = Yoke::try_attach_to_cart(cart, |memory| {
            memory.bytes().get(range).and_then(|bytes| <[T]>::ref_from_bytes(bytes).ok()).ok_or(())
        });
        Some(Self(yoke.ok()?.erase_arc_cart()))
    }
}

impl<T: Send + Sync> From<Vec<T>> for Array<T> {
    fn from(numbers: Vec<T>) -> Self {
        Self(Yoke::attach_to_cart(Arc::new(numbers), |numbers: &Vec<T>| numbers.as_slice()).erase_arc_cart())
    }
}

impl<T: Send + Sync> Default for Array<T> {
    fn default() -> Self {
        Self::from(Vec::new())
    }
}

impl<T> Deref for Array<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        self.0.get()
    }
}

impl<T> Clone for Array<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: fmt::Debug> fmt::Debug for Array<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
