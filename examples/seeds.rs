//! Runs a program under many seeds and judges each run by oracles, as a test does; for
//! tests about what the seeds of a test find.

use rehearsal::ChosenOracle;
use rehearsal::history::History;
use rehearsal::history::jsonl::judge_history;
use rehearsal::prelude::*;
use rehearsal::sim::{Config, Outcome, PlainTaskPolicy, Random, Verdict, run_hermetic};

/// Runs one seed, under the strategy `random`, with the longest latency in milliseconds and the
/// treatment of plain tasks. Returns the run, and the first failure as
/// `oracle/rule`, or the engine's verdict.
pub(crate) fn run<F, T>(
    seed: u64,
    (latency_max_ms, plain_tasks): (u64, PlainTaskPolicy),
    oracles: &[&str],
    program: impl FnOnce(World) -> F + Send,
) -> (Outcome<(T, History)>, Option<String>)
where
    F: Future<Output = T> + 'static,
    T: Send + 'static,
{
    let config = move || {
        let mut config = Config {
            seed,
            strategy: Box::new(Random::default()),
            plain_tasks,
            ..Config::default()
        };
        config.net.latency_max = std::time::Duration::from_millis(latency_max_ms);
        config
    };
    let outcome = run_hermetic(config, move |world| {
        let program = program(world);
        async move { (program.await, world.history()) }
    });
    let failure = match &outcome.value {
        Some((_, history)) if outcome.verdict == Verdict::Pass => violation(history, oracles),
        _ => Some(outcome.verdict.to_string()),
    };
    (outcome, failure)
}

fn violation(history: &History, oracles: &[&str]) -> Option<String> {
    let chosen = oracles.iter().map(|text| {
        let chosen: ChosenOracle = text.parse().expect("an oracle");
        (chosen.oracle, chosen.settings)
    });
    let chosen: Vec<_> = chosen.collect();
    let findings = judge_history(history, &chosen).into_iter();
    let mut violations = findings.flat_map(|(oracle, finding)| {
        let vacuity = finding.vacuity(&*oracle);
        let violations = finding.violations.into_iter().chain(vacuity);
        violations.map(move |violation| format!("{oracle}/{}", violation.rule))
    });
    violations.next()
}
