//! Values of `proptest`'s strategies, drawn from the choices of the run.

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use rand_chacha::rand_core::Rng as _;

use crate::world::World;

/// The bytes that are choices: what a strategy draws beyond them is the default.
const CHOSEN: usize = 128;

/// The bytes that a strategy can draw in all. After them `proptest` goes on with zeros, which
/// some of its strategies draw again for ever.
const BYTES_MAX: usize = 1 << 16;

impl World {
    /// Returns a value of a strategy of `proptest`, drawn from choices at the site with that
    /// label. It is recorded and replayed with the schedule, and shrinks with it: not by
    /// `proptest`, but because a choice that the failure does not need is taken back to its
    /// default, with which most strategies give their simplest value.
    ///
    /// Sixty-four choices of 16 bits are made for a value. A strategy that draws more gets
    /// default ones, so make a large structure of several values, and `prop_perturb` gets default
    /// ones only.
    ///
    /// # Panics
    ///
    /// If the strategy gives up, as a filter does that rejects too many values.
    pub fn generate<S: Strategy>(self, label: &str, strategy: &S) -> S::Value {
        let mut runner = TestRunner::new_with_rng(Config::default(), self.test_rng(label));
        match strategy.new_tree(&mut runner) {
            Ok(tree) => tree.current(),
            Err(reason) => panic!("no value for `{label}`: {reason}"),
        }
    }

    /// Returns the pass-through generator of `proptest` over choices at that site.
    fn test_rng(self, label: &str) -> TestRng {
        let mut bytes = vec![0; BYTES_MAX];
        self.rng(label).fill_bytes(&mut bytes[..CHOSEN]);
        // The default number is 1 and not 0, as that of a `ChoiceRng`, for the same reason.
        for number in bytes.chunks_mut(4) {
            number[0] ^= 1;
        }
        TestRng::from_seed(RngAlgorithm::PassThrough, &bytes)
    }
}
