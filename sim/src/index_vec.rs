//! Vectors that are indexed by the ids of one kind of thing.

use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

/// An id that counts things of one kind from 0.
pub(crate) trait Id: Copy {
    fn from_number(number: u32) -> Self;

    fn index(self) -> usize;
}

/// A vector that is indexed by the ids of one kind. An id of another kind does not compile, and
/// none is handed out twice.
pub(crate) struct IndexVec<I, T> {
    items: Vec<T>,
    ids: PhantomData<fn(I) -> I>,
}

/// The longest vector whose memory is used again: that of a run with many tasks is given back.
pub(crate) const MOST_KEPT: usize = 1 << 10;

/// Takes the memory of a vector, without its items; none if it is much.
pub(crate) fn emptied<T>(vec: &mut Vec<T>) -> Vec<T> {
    let mut taken = std::mem::take(vec);
    taken.clear();
    match taken.capacity() > MOST_KEPT {
        true => Vec::new(),
        false => taken,
    }
}

impl<I, T> Default for IndexVec<I, T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            ids: PhantomData,
        }
    }
}

impl<I: Id, T> IndexVec<I, T> {
    /// Adds an item and returns its id.
    pub(crate) fn push(&mut self, item: T) -> I {
        let id = self.next_id();
        self.items.push(item);
        id
    }

    /// Returns the id of the item that is added next.
    ///
    /// # Panics
    ///
    /// If there are 2³² items: two of them would have one id.
    pub(crate) fn next_id(&self) -> I {
        let number = u32::try_from(self.items.len()).expect("fewer than 2^32 ids of one kind");
        I::from_number(number)
    }

    #[inline]
    pub(crate) fn get(&self, id: I) -> Option<&T> {
        self.items.get(id.index())
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, id: I) -> Option<&mut T> {
        self.items.get_mut(id.index())
    }

    /// Takes the memory, without the items, as [`emptied`] does.
    pub(crate) fn take_emptied(&mut self) -> Self {
        Self {
            items: emptied(&mut self.items),
            ids: PhantomData,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, T> {
        self.items.iter()
    }

    /// Returns all ids, in order.
    pub(crate) fn ids(&self) -> impl Iterator<Item = I> + use<I, T> {
        (0..self.next_id().index()).map(|index| {
            // Below the next id, which fits.
            I::from_number(index as u32)
        })
    }
}

impl<I: Id, T> Index<I> for IndexVec<I, T> {
    type Output = T;

    #[inline]
    fn index(&self, id: I) -> &T {
        &self.items[id.index()]
    }
}

impl<I: Id, T> IndexMut<I> for IndexVec<I, T> {
    #[inline]
    fn index_mut(&mut self, id: I) -> &mut T {
        &mut self.items[id.index()]
    }
}
