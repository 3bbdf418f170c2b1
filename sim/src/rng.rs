//! Random numbers as choices of the run, for code that takes a generator of `rand`'s.

use std::convert::Infallible;

use rand_chacha::rand_core::TryRng;

use crate::engine::context;
use crate::schedule::SiteId;

/// A random number generator of `rand`'s (`rand_core` 0.10), whose numbers are choices at one
/// site of a run: they stand on the tape, are replayed, and shrink with the schedule.
///
/// A number is one choice for each 16 bits of it, the least significant first. Where all of them
/// are the default, 0, the number is 1, which the distributions of `rand` turn into the least
/// value, the first element, or `false` (`true` of a `random_bool`). It is not 0 because some of them draw again when they
/// are handed a 0, and would do so for ever. For those that draw again for other reasons, of
/// [`ChoiceRng::DEFAULTS_MAX`] such numbers in a row the last is another one.
///
/// # Panics
///
/// Every method panics outside a run.
///
/// ```
/// use rand::RngExt;
/// use rehearsal_sim::{Config, run};
///
/// let outcome = run(Config::default(), |world| async move {
///     let mut rng = world.rng("order size");
///     rng.random_range(1..=10)
/// });
/// assert!(outcome.value.is_some_and(|size| (1..=10).contains(&size)));
/// ```
#[derive(Clone, Debug)]
pub struct ChoiceRng {
    site: SiteId,
    /// Numbers in a row of which all choices were the default.
    defaults: u32,
    /// Such rows so far.
    rows: u64,
}

impl ChoiceRng {
    /// The longest row of numbers of which all choices are the default.
    pub const DEFAULTS_MAX: u32 = 1_024;

    pub(crate) fn new(site: SiteId) -> Self {
        Self {
            site,
            defaults: 0,
            rows: 0,
        }
    }

    /// Makes one choice.
    fn half(&self) -> u32 {
        let draw = context::with(|engine| engine.draws(|draws| draws.draw(self.site, BOUND)));
        match draw {
            Some(half) => half,
            None => panic!("a ChoiceRng is used outside its run"),
        }
    }

    fn number(&mut self, halves: u32) -> u64 {
        let draw = |number: u64, nth| {
            let half = self.half();
            number | u64::from(half) << (HALF_BITS * nth)
        };
        let drawn = (0..halves).fold(0, draw);
        if drawn != 0 {
            self.defaults = 0;
            return drawn ^ 1;
        }
        self.defaults += 1;
        if self.defaults < Self::DEFAULTS_MAX {
            return 1;
        }
        self.defaults = 0;
        self.rows += 1;
        self.rows.wrapping_mul(ODD)
    }
}

/// The bits of one choice.
const HALF_BITS: u32 = 16;

/// The alternatives of one choice.
const BOUND: u32 = 1 << HALF_BITS;

/// An odd number without pattern, so that its multiples differ in all bits.
const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

impl TryRng for ChoiceRng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.number(2) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.number(4))
    }

    /// Fills `dst` with one choice for each two bytes. Bytes of default choices are 0.
    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        for pair in dst.chunks_mut(2) {
            let half = self.half().to_le_bytes();
            pair.copy_from_slice(&half[..pair.len()]);
        }
        Ok(())
    }
}
