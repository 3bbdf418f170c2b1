//! Choices of a generator, taken from a list of numbers, so that proptest can shrink them.

/// The numbers that are left. Every choice after the last one is 0.
pub(super) struct Draws<'c> {
    rest: std::slice::Iter<'c, u32>,
}

impl<'c> Draws<'c> {
    pub(super) fn new(choices: &'c [u32]) -> Self {
        Self {
            rest: choices.iter(),
        }
    }

    /// Returns a number below `bound`, which is not 0.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.rest.next().map_or(0, |value| *value as usize % bound)
    }

    /// Returns `true` in one of `n` cases, and never once the choices are used up.
    pub(super) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == n - 1 && n > 1
    }

    /// Returns an element of a list that is not empty.
    pub(super) fn pick<'t, T>(&mut self, list: &'t [T]) -> &'t T {
        &list[self.below(list.len())]
    }

    /// Removes an element of a list that is not empty.
    pub(super) fn take<T>(&mut self, list: &mut Vec<T>) -> T {
        let index = self.below(list.len());
        list.remove(index)
    }
}
