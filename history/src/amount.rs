//! Amounts: exact ratios of whole numbers, so that a share or a rate is compared without
//! rounding.

use std::cmp::Ordering;
use std::num::NonZeroU64;

/// An exact ratio of two whole numbers.
#[derive(Clone, Copy, Debug)]
pub struct Amount {
    numerator: u64,
    denominator: NonZeroU64,
}

impl Amount {
    /// A whole number.
    pub const fn whole(number: u64) -> Self {
        Self {
            numerator: number,
            denominator: NonZeroU64::MIN,
        }
    }

    /// A ratio; none if there is nothing to divide by.
    pub fn ratio(numerator: u64, denominator: u64) -> Option<Self> {
        let denominator = NonZeroU64::new(denominator)?;
        Some(Self {
            numerator,
            denominator,
        })
    }

    /// Returns the number above the line.
    pub fn numerator(self) -> u64 {
        self.numerator
    }

    /// Returns the number below the line.
    pub fn denominator(self) -> u64 {
        self.denominator.get()
    }

    /// Returns `true` if it is zero.
    pub fn is_zero(self) -> bool {
        self.numerator == 0
    }

    /// Compares this amount times `times` with `other` times `other_times`, without
    /// rounding. The factors of thresholds are small.
    pub fn compare_times(self, times: u32, other: Self, other_times: u32) -> Ordering {
        // Two factors of 64 bits leave no room for a third in 128.
        let scaled = |amount: Self, times: u32, by: Self| -> (u128, u128) {
            let product = u128::from(amount.numerator) * u128::from(by.denominator());
            let (high, low) = (product >> 64, product & u128::from(u64::MAX));
            let low = low * u128::from(times);
            let high = high * u128::from(times) + (low >> 64);
            (high, low & u128::from(u64::MAX))
        };
        scaled(self, times, other).cmp(&scaled(other, other_times, self))
    }
}

impl PartialEq for Amount {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Amount {}

impl PartialOrd for Amount {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Amount {
    fn cmp(&self, other: &Self) -> Ordering {
        self.compare_times(1, *other, 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio(numerator: u64, denominator: u64) -> Amount {
        Amount::ratio(numerator, denominator).expect("a denominator")
    }

    #[test]
    fn ratios_are_compared_exactly() {
        assert_eq!(ratio(1, 3), ratio(2, 6));
        assert!(ratio(333_333_333, 1_000_000_000) < ratio(1, 3));
        assert!(Amount::whole(u64::MAX) > ratio(u64::MAX - 1, 1));
        assert!(ratio(u64::MAX - 1, u64::MAX) < ratio(1, 1));
        assert!(Amount::ratio(1, 0).is_none());
        assert!(Amount::whole(0).is_zero() && ratio(0, 5) == Amount::whole(0));
    }

    #[test]
    fn multiples_do_not_overflow() {
        let most = Amount::whole(u64::MAX);
        assert_eq!(
            most.compare_times(u32::MAX, most, u32::MAX),
            Ordering::Equal
        );
        assert_eq!(most.compare_times(2, most, 3), Ordering::Less);
        assert_eq!(
            ratio(3, 2).compare_times(2, Amount::whole(1), 3),
            Ordering::Equal
        );
    }
}
