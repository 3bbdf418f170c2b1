//! The strategies where operations that do not wait are points.

use rehearsal_sim::{Config, Interleave, Profile, Strategy, StrategyName, Verdict};

use super::{PROGRAMS, Program, execute};

fn config(seed: u64, strategy: Box<dyn Strategy>) -> Config {
    Config {
        seed,
        strategy,
        interleave: Interleave::Operations,
        ..Config::default()
    }
}

/// Runs a program under a strategy with the profile of the seed. Returns `true` if it passes.
fn passes(name: StrategyName, seed: u64, program: Program, fixed: bool) -> bool {
    let profile = Profile::of_default_schedule(|strategy| {
        execute(program, fixed, config(seed, strategy));
    });
    let outcome = execute(program, fixed, config(seed, name.build(&profile)));
    outcome.verdict == Verdict::Pass
}

#[test]
fn each_strategy_finds_each_bug() {
    // The default schedule interrupts nothing.
    for name in StrategyName::samplers()
        .into_iter()
        .filter(|name| *name != StrategyName::FIFO)
    {
        for (bug, program) in PROGRAMS {
            let first = (0..1_000).find(|seed| !passes(name, *seed, program, false));
            assert!(first.is_some(), "{name} does not find {bug}");
        }
    }
}

#[test]
fn no_strategy_fails_a_program_without_the_bug() {
    for name in StrategyName::samplers() {
        for (bug, program) in PROGRAMS {
            let failing = (0..100).find(|seed| !passes(name, *seed, program, true));
            assert_eq!(failing, None, "{name} fails the fixed {bug}");
        }
    }
}
