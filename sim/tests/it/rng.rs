//! Generators whose numbers are choices of the run.

use rand::seq::SliceRandom;
use rand::{Rng, RngExt};

use rehearsal_sim::{
    ChoiceRng, Choices, Config, Fifo, Outcome, Random, Recording, Schedule, World, run,
};

/// Draws numbers of all kinds.
async fn numbers(world: World) -> (u32, u64, i8, f64, bool, Vec<u8>, [u8; 3]) {
    let mut rng = world.rng("numbers");
    let mut order: Vec<u8> = (0..5).collect();
    order.shuffle(&mut rng);
    let mut bytes = [0; 3];
    rng.fill_bytes(&mut bytes);
    (
        rng.next_u32(),
        rng.next_u64(),
        rng.random_range(-7..=9),
        rng.random(),
        rng.random(),
        order,
        bytes,
    )
}

fn config(seed: u64, choices: Choices) -> Config {
    Config {
        seed,
        strategy: Box::new(Random::default()),
        choices,
        recording: Recording::Full,
        ..Config::default()
    }
}

fn drawn<T: 'static, F>(config: Config, program: impl FnOnce(World) -> F) -> Outcome<T>
where
    F: Future<Output = T> + 'static,
{
    run(config, program)
}

#[test]
fn numbers_depend_on_the_seed_and_are_replayed_from_the_tape() {
    let one = drawn(config(1, Choices::Fresh), numbers);
    let two = drawn(config(2, Choices::Fresh), numbers);
    assert_ne!(one.value, two.value);
    // Another seed: the tape alone decides.
    let again = drawn(config(3, Choices::Replay(one.tape.schedule())), numbers);
    assert_eq!(again.value, one.value);
    assert_eq!(again.divergence, None);
    assert_eq!(again.fingerprint, one.fingerprint);
}

#[test]
fn default_choices_give_the_least_values() {
    let default = Choices::Replay(Schedule::default());
    let outcome = drawn(config(0, default), |world| async move {
        let mut rng = world.rng("numbers");
        let float: f64 = rng.random();
        (
            rng.random_range(3..=9),
            rng.random_range(-5_i64..1_000),
            rng.random_bool(0.1),
            float < 1e-9,
        )
    });
    assert_eq!(outcome.value, Some((3, -5, true, true)));
}

/// A sampler that draws until it gets a number that it likes: with a generator that always
/// gives the same, it would do so for ever.
#[test]
fn sampler_that_rejects_default_numbers_comes_to_an_end() {
    let default = Choices::Replay(Schedule::default());
    let outcome = drawn(config(0, default), |world| async move {
        let mut rng = world.rng("picky");
        let mut drawn = 1;
        while rng.next_u32() == 1 {
            drawn += 1;
        }
        drawn
    });
    assert_eq!(outcome.value, Some(ChoiceRng::DEFAULTS_MAX));
}

#[test]
fn sites_draw_independently_of_each_other() {
    let first_of_b = |draws_of_a: u32| {
        let config = Config {
            seed: 5,
            strategy: Box::new(Fifo),
            ..Config::default()
        };
        let outcome = drawn(config, move |world| async move {
            let mut a = world.rng("a");
            for _ in 0..draws_of_a {
                a.next_u64();
            }
            world.rng("b").next_u64()
        });
        outcome.value
    };
    assert_eq!(first_of_b(0), first_of_b(9));
}
