//! A table of numbers whose prefix sums are found, and changed, in few steps.

/// Numbers of which one of the next level is the sum.
const WIDTH: usize = 8;

/// Numbers by their index, and their sums.
///
/// Each level has the sums of [`WIDTH`] neighbours of the one below it: a change is one addition
/// for each level, and a search looks at no more than `WIDTH` sums there.
#[derive(Clone, Debug, Default)]
pub(crate) struct SumTree {
    /// The numbers, their sums, the sums of these, and so on; the last level is no longer than
    /// [`WIDTH`].
    levels: Vec<Vec<u64>>,
    total: u64,
}

impl SumTree {
    /// Returns a table of these numbers.
    pub(crate) fn of(numbers: Vec<u64>) -> Self {
        let len = numbers.len();
        let mut table = Self {
            total: numbers.iter().sum(),
            levels: vec![numbers],
        };
        table.grow(len);
        table
    }

    /// Returns the sum of all numbers.
    #[inline]
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    #[inline]
    fn len(&self) -> usize {
        self.levels.first().map_or(0, Vec::len)
    }

    /// Returns the number at `index`; 0 if there is no such place.
    #[inline]
    pub(crate) fn get(&self, index: usize) -> u64 {
        let number = self.levels.first().and_then(|numbers| numbers.get(index));
        number.copied().unwrap_or(0)
    }

    /// Adds to the number at `index`. The table grows if it has no such place.
    #[inline]
    pub(crate) fn add(&mut self, index: usize, amount: u64) {
        if self.len() <= index {
            self.grow(index + 1);
        }
        self.total += amount;
        let mut at = index;
        for level in &mut self.levels {
            level[at] += amount;
            at /= WIDTH;
        }
    }

    /// Takes from the number at `index`.
    ///
    /// # Panics
    ///
    /// If it is less than that.
    #[inline]
    pub(crate) fn subtract(&mut self, index: usize, amount: u64) {
        assert!(amount <= self.get(index), "a number is not negative");
        self.total -= amount;
        let mut at = index;
        for level in &mut self.levels {
            // Of a number that has no place, nothing can be taken.
            if let Some(sum) = level.get_mut(at) {
                *sum -= amount;
            }
            at /= WIDTH;
        }
    }

    /// Returns the sum of the numbers below `index`.
    #[inline]
    pub(crate) fn before(&self, index: usize) -> u64 {
        if self.len() <= index {
            return self.total;
        }
        let (mut at, mut sum) = (index, 0);
        for level in &self.levels {
            let neighbours = &level[at - at % WIDTH..at];
            sum += neighbours.iter().sum::<u64>();
            at /= WIDTH;
        }
        sum
    }

    /// Returns the index at which the sum of the numbers up to and with it exceeds `rank`, and
    /// what of `rank` goes beyond the numbers before it. None if `rank` is not below the total.
    #[inline]
    pub(crate) fn find(&self, rank: u64) -> Option<(usize, u64)> {
        if rank >= self.total {
            return None;
        }
        let (mut at, mut rest) = (0, rank);
        for level in self.levels.iter().rev() {
            at *= WIDTH;
            for sum in &level[at..] {
                if rest < *sum {
                    break;
                }
                rest -= sum;
                at += 1;
            }
        }
        Some((at, rest))
    }

    /// Makes room for so many numbers.
    #[cold]
    fn grow(&mut self, len: usize) {
        let (mut len, mut height) = (len, 0);
        loop {
            if height == self.levels.len() {
                let sums = match self.levels.last() {
                    Some(below) => below.chunks(WIDTH).map(|part| part.iter().sum()).collect(),
                    None => Vec::new(),
                };
                self.levels.push(sums);
            }
            self.levels[height].resize(len, 0);
            if len <= WIDTH {
                return;
            }
            len = len.div_ceil(WIDTH);
            height += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares the table with plain sums over random changes.
    #[test]
    fn sums_are_those_of_a_plain_table() {
        let mut table = SumTree::default();
        let mut plain: Vec<u64> = Vec::new();
        let mut state = 1u64;
        let mut below = |bound: usize| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1);
            (state >> 33) as usize % bound
        };
        // Up to 800 numbers: four levels.
        for round in 0..8_000 {
            let index = below(1 + round / 10);
            if plain.len() <= index {
                plain.resize(index + 1, 0);
            }
            let amount = below(5) as u64;
            if below(3) == 0 {
                let amount = amount.min(plain[index]);
                table.subtract(index, amount);
                plain[index] -= amount;
            } else {
                table.add(index, amount);
                plain[index] += amount;
            }
            let total: u64 = plain.iter().sum();
            assert_eq!(table.total(), total);
            let index = below(plain.len() + 3);
            let before: u64 = plain.iter().take(index).sum();
            assert_eq!(table.before(index), before);
            let rank = below(total as usize + 2) as u64;
            let mut rest = rank;
            let found = plain.iter().position(|number| {
                let is_here = rest < *number;
                rest -= if is_here { 0 } else { *number };
                is_here
            });
            assert_eq!(table.find(rank), found.map(|index| (index, rest)));
        }
    }
}
