//! The same program on tokio and in the simulator.

mod real;
mod simulated;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rehearsal_sim::{Budget, Choices, Config, Profile, Recording, StrategyName, Verdict};

use crate::bytes::Bytes;
use crate::program::{Outcome, Program};
use crate::specification;

/// Seeds of each strategy whose outcomes are checked, whether tokio's is among them or not.
const SEEDS: u64 = 4;

/// Seeds of each strategy after which tokio's outcome ought to have come up.
const SEEDS_MAX: u64 = 4_000;

/// The virtual time after which a program on tokio goes on no more: it has no timer of so long.
const STUCK: Duration = Duration::from_secs(3_600);

/// Runs the program that the bytes decide on tokio and under several strategies.
///
/// # Panics
///
/// If no schedule has tokio's outcome, or an outcome breaks the specification of a primitive.
pub fn differential(bytes: &[u8]) {
    let mut bytes = Bytes::new(bytes);
    let program = Program::of(&mut bytes);
    let expected = on_tokio(&program);
    check(&program, &expected);
    let mut outcomes = BTreeSet::from([simulate(&program, 0, StrategyName::FIFO)]);
    let samplers = StrategyName::samplers();
    for seed in 0..SEEDS_MAX {
        if seed >= SEEDS && outcomes.contains(&expected) {
            break;
        }
        outcomes.extend(samplers.iter().map(|name| simulate(&program, seed, *name)));
    }
    for outcome in &outcomes {
        check(&program, outcome);
    }
    assert!(
        outcomes.contains(&expected),
        "no schedule of\n{program:#?}\nhas the outcome of tokio\n{expected:#?}\nin {} others, as\n\
         {:#?}",
        outcomes.len(),
        outcomes.first()
    );
}

fn check(program: &Program, outcome: &Outcome) {
    if let Err(problem) = specification::check(program, outcome) {
        panic!("{problem} in\n{program:#?}\n{outcome:#?}");
    }
}

/// Runs a program on tokio's runtime of one thread, with paused time.
pub fn on_tokio(program: &Program) -> Outcome {
    let outcome = Arc::<Mutex<Outcome>>::default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    let run = real::interpreter::run(program.clone(), Arc::clone(&outcome));
    // Where nothing can go on, time jumps there.
    let _ = runtime.block_on(async { tokio::time::timeout(STUCK, run).await });
    taken(&outcome)
}

/// Runs a program in the simulator.
///
/// # Panics
///
/// If the run ends in anything but success or a deadlock.
pub fn simulate(program: &Program, seed: u64, strategy: StrategyName) -> Outcome {
    let outcome = Arc::<Mutex<Outcome>>::default();
    let verdict = simulate_with(
        program,
        &outcome,
        seed,
        strategy,
        Choices::Fresh,
        Recording::Off,
    );
    match verdict.verdict {
        Verdict::Pass | Verdict::Deadlock { .. } => taken(&outcome),
        other => panic!("{other} of\n{program:#?}"),
    }
}

/// Runs a program in the simulator with that source of choices.
pub(crate) fn simulate_with(
    program: &Program,
    outcome: &Arc<Mutex<Outcome>>,
    seed: u64,
    strategy: StrategyName,
    choices: Choices,
    recording: Recording,
) -> rehearsal_sim::Outcome<()> {
    let config = Config {
        seed,
        strategy: strategy.build(&Profile::default()),
        choices,
        recording,
        budget: Budget {
            virtual_time: Duration::from_secs(60),
            ..Budget::default()
        },
        ..Config::default()
    };
    let (program, outcome) = (program.clone(), Arc::clone(outcome));
    rehearsal_sim::run(config, |_| simulated::interpreter::run(program, outcome))
}

fn taken(outcome: &Mutex<Outcome>) -> Outcome {
    let mut outcome = outcome.lock().unwrap_or_else(PoisonError::into_inner);
    std::mem::take(&mut outcome)
}
