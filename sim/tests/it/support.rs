//! Helpers of several tests.

use std::fmt::Debug;

use rehearsal_sim::{Config, Outcome, Random, Recording, TcpModel, World, run};

/// Returns a configuration for random schedules, with everything recorded.
pub(crate) fn config(seed: u64) -> Config {
    Config {
        seed,
        strategy: Box::new(Random::default()),
        recording: Recording::Full,
        ..Config::default()
    }
}

/// Runs a program over each simulation of TCP, and checks that its results are the same. Returns
/// the outcome over machines.
pub(crate) fn over_both_models<T, Fut>(
    config: impl Fn() -> Config,
    program: impl Fn(World) -> Fut,
) -> Outcome<T>
where
    T: PartialEq + Debug + 'static,
    Fut: Future<Output = T> + 'static,
{
    let over = |tcp| {
        let mut config = config();
        config.net.tcp = tcp;
        run(config, &program)
    };
    let (machine, pipes) = (over(TcpModel::Machine), over(TcpModel::Pipes));
    assert_eq!(pipes.verdict, machine.verdict, "over pipes, and machines");
    assert_eq!(pipes.value, machine.value, "over pipes, and machines");
    machine
}
