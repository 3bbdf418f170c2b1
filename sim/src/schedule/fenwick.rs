//! A table of numbers whose prefix sums are found, and changed, in logarithmic time.
//!
//! P. M. Fenwick: "A New Data Structure for Cumulative Frequency Tables", Software: Practice and
//! Experience 24(3), 1994.

/// Numbers by their index, and the sums of those before each.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fenwick {
    /// At `i`, the sum of the numbers below `i + 1` and not below that less its lowest bit.
    /// The length is a power of two.
    sums: Vec<u64>,
}

impl Fenwick {
    /// Returns a table of zeros with at least so many places.
    pub(crate) fn with_len(len: usize) -> Self {
        Self {
            sums: vec![0; len.next_power_of_two()],
        }
    }

    /// Returns the sum of all numbers.
    #[inline]
    pub(crate) fn total(&self) -> u64 {
        // The last place has the sum of all, because the length is a power of two.
        self.sums.last().copied().unwrap_or(0)
    }

    /// Adds to the number at `index`. The table grows if it has no such place.
    #[inline]
    pub(crate) fn add(&mut self, index: usize, amount: u64) {
        self.reserve(index);
        self.change(index, |sum| sum + amount);
    }

    /// Takes from the number at `index`.
    ///
    /// # Panics
    ///
    /// If it is less than that.
    #[inline]
    pub(crate) fn subtract(&mut self, index: usize, amount: u64) {
        self.change(index, |sum| {
            sum.checked_sub(amount).expect("a sum is not negative")
        });
    }

    #[inline]
    fn change(&mut self, index: usize, change: impl Fn(u64) -> u64) {
        let mut at = index + 1;
        while let Some(sum) = self.sums.get_mut(at - 1) {
            *sum = change(*sum);
            at += at & at.wrapping_neg();
        }
    }

    /// Returns the sum of the numbers below `index`.
    #[inline]
    pub(crate) fn before(&self, index: usize) -> u64 {
        let mut at = index.min(self.sums.len());
        let mut sum = 0;
        while at > 0 {
            sum += self.sums[at - 1];
            at &= at - 1;
        }
        sum
    }

    /// Returns the index at which the sum of the numbers up to and with it exceeds `rank`, and
    /// what of `rank` goes beyond the numbers before it. None if `rank` is not below the total.
    #[inline]
    pub(crate) fn find(&self, rank: u64) -> Option<(usize, u64)> {
        if rank >= self.total() {
            return None;
        }
        let (mut at, mut rest, mut width) = (0, rank, self.sums.len());
        while width > 0 {
            if let Some(sum) = self.sums.get(at + width - 1)
                && *sum <= rest
            {
                rest -= sum;
                at += width;
            }
            width /= 2;
        }
        Some((at, rest))
    }

    #[inline]
    fn reserve(&mut self, index: usize) {
        if index >= self.sums.len() {
            self.grow(index + 1);
        }
    }

    #[cold]
    fn grow(&mut self, len: usize) {
        let total = self.total();
        let old = self.sums.len();
        self.sums.resize(len.next_power_of_two(), 0);
        // The new places that cover all old ones.
        let mut at = old.max(1) * 2;
        while old > 0 && at <= self.sums.len() {
            self.sums[at - 1] = total;
            at *= 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares the table with plain sums over random changes.
    #[test]
    fn sums_are_those_of_a_plain_table() {
        let mut table = Fenwick::default();
        let mut plain: Vec<u64> = Vec::new();
        let mut state = 1u64;
        let mut below = |bound: usize| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1);
            (state >> 33) as usize % bound
        };
        for round in 0..4_000 {
            let index = below(1 + round / 8);
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
