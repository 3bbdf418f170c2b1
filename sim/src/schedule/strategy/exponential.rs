//! Draws from the exponential distribution that are the same on every machine.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

/// Bits behind the point.
const FRACTION: u32 = 32;

/// Intervals of the table.
const INTERVALS: usize = 256;

/// The binary logarithms of the numbers from 1 to 2, in steps of 1/256.
static LOGARITHMS: [u64; INTERVALS + 1] = logarithms();

/// Draws from the exponential distribution with the rate ln 2, in units of 2⁻³²: the binary
/// logarithm of a uniform draw, negated. The library's logarithm may differ from one machine to
/// another; this one is interpolated in a table, within 0.00001.
#[inline]
pub(super) fn exponential(rng: &mut ChaCha8Rng) -> u64 {
    let uniform = rng.next_u32() | 1;
    let halvings = uniform.leading_zeros();
    // Of a number between 1 and 2, without its 1.
    let fraction = u64::from(uniform << halvings << 1);
    let interval = (fraction >> 24) as usize;
    let (low, high) = (LOGARITHMS[interval], LOGARITHMS[interval + 1]);
    let logarithm = low + (((high - low) * (fraction & 0xff_ffff)) >> 24);
    (u64::from(halvings + 1) << FRACTION) - logarithm
}

const fn logarithms() -> [u64; INTERVALS + 1] {
    let mut table = [0; INTERVALS + 1];
    let mut index = 0;
    while index <= INTERVALS {
        table[index] = logarithm(INTERVALS + index);
        index += 1;
    }
    table
}

/// Returns the binary logarithm of a number of 256ths between 1 and 2. Each squaring doubles it,
/// and so gives its next bit.
const fn logarithm(number: usize) -> u64 {
    if number == 2 * INTERVALS {
        return 1 << FRACTION;
    }
    let one = 1_u128 << 62;
    let mut square = number as u128 * (one / INTERVALS as u128);
    let mut logarithm = 0;
    let mut bit = FRACTION;
    while bit > 0 {
        bit -= 1;
        square = square * square / one;
        if square >= 2 * one {
            square /= 2;
            logarithm |= 1 << bit;
        }
    }
    logarithm
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::tape::strategy_stream;

    #[test]
    fn draws_have_the_exponential_distribution() {
        let mut rng = strategy_stream(0);
        let draws: Vec<u64> = (0..40_000).map(|_| exponential(&mut rng)).collect();
        // Half of them are above each next whole number.
        for (above, expected) in [(0, 40_000), (1, 20_000), (2, 10_000), (3, 5_000)] {
            let is_above = |draw: &&u64| **draw >= above << FRACTION;
            let count = draws.iter().filter(is_above).count();
            assert!(count.abs_diff(expected) < 300, "{count} are above {above}");
        }
        // The share above 1/2 is 1/√2.
        let half = draws
            .iter()
            .filter(|draw| **draw >= 1 << (FRACTION - 1))
            .count();
        assert!(half.abs_diff(28_284) < 300, "{half} are above a half");
    }

    #[test]
    fn table_has_the_logarithms() {
        for (index, logarithm) in LOGARITHMS.iter().enumerate() {
            let exact = (1.0 + index as f64 / INTERVALS as f64).log2();
            let error = *logarithm as f64 / f64::from(FRACTION).exp2() - exact;
            assert!(error.abs() < 1e-9, "{index}: {error}");
        }
    }
}
