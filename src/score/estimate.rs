//! The estimators of the score: a detection rate with its interval, and the median number of
//! runs to the first failure.

use std::fmt;

use rehearsal_history::sweep::Interval;

/// The share of runs that showed a failure.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Rate {
    /// Runs that showed it.
    pub hits: u64,
    /// All runs.
    pub runs: u64,
}

impl Rate {
    /// Returns the Wilson interval of 95 per cent; all shares if there are no runs.
    pub fn interval(self) -> Interval {
        Interval::wilson(self.hits, self.runs).unwrap_or(Interval {
            low: 0,
            high: 10_000,
        })
    }

    /// Returns `true` if fewer than one run in so many showed it.
    pub fn is_below_one_in(self, runs: u64) -> bool {
        u128::from(self.hits) * u128::from(runs) < u128::from(self.runs)
    }
}

/// In per cent with two digits, rounded to the nearest.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.runs == 0 {
            return f.write_str("-");
        }
        let (hits, runs) = (u128::from(self.hits), u128::from(self.runs));
        let share = (hits * 20_000 + runs) / (2 * runs);
        write!(f, "{}.{:02} %", share / 100, share % 100)
    }
}

/// Runs to the first failure, measured over disjoint blocks of seeds.
///
/// A block begins with the seed after the failure that ended the block before, and ends with
/// the next failure; its length is the number of runs that an exploration needs which begins
/// there. The seeds behind the last failure are a block that has not ended. It counts as
/// longer than every other, which is so in the worst case.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Blocks {
    ended: Vec<u64>,
    open: u64,
}

impl Blocks {
    /// Adds the result of the next seed.
    pub fn add(&mut self, failed: bool) {
        self.open += 1;
        if failed {
            self.ended.push(self.open);
            self.open = 0;
        }
    }

    /// Returns the median length, of an even number of blocks the lower one; none if no seed
    /// failed.
    pub fn median(&self) -> Option<u64> {
        let mut lengths = self.ended.clone();
        lengths.sort_unstable();
        let blocks = lengths.len() + usize::from(self.open > 0);
        let middle = blocks.checked_sub(1)? / 2;
        lengths.get(middle).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn median(results: &str) -> Option<u64> {
        let mut blocks = Blocks::default();
        for result in results.chars() {
            blocks.add(result == 'x');
        }
        blocks.median()
    }

    #[test]
    fn median_is_that_of_the_blocks() {
        assert_eq!(median(""), None);
        assert_eq!(median("........"), None);
        assert_eq!(median("...x"), Some(4));
        // Lengths 4 and 1; then 4, 1 and 2.
        assert_eq!(median("...xx"), Some(1));
        assert_eq!(median("...xx.x"), Some(2));
    }

    #[test]
    fn block_that_has_not_ended_is_the_longest() {
        // Lengths 1, 1, 3 and more than 1.
        assert_eq!(median("xx..x."), Some(1));
        // Lengths 1, 3 and more than 1.
        assert_eq!(median("x..x."), Some(3));
        // Lengths 4 and more than 2.
        assert_eq!(median("...x.."), Some(4));
    }

    #[test]
    fn rates_are_printed_in_per_cent() {
        let rate = |hits, runs| Rate { hits, runs }.to_string();
        assert_eq!(rate(0, 0), "-");
        assert_eq!(rate(0, 3), "0.00 %");
        assert_eq!(rate(1, 3), "33.33 %");
        assert_eq!(rate(2, 3), "66.67 %");
        assert_eq!(rate(3, 3), "100.00 %");
        assert_eq!(rate(1, 2_000), "0.05 %");
    }

    #[test]
    fn one_in_a_hundred_is_not_below_it() {
        let is_below = |hits, runs| Rate { hits, runs }.is_below_one_in(100);
        assert!(is_below(0, 1) && is_below(9, 1_000));
        assert!(!is_below(10, 1_000) && !is_below(1, 1));
    }
}
