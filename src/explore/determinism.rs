//! The same seed twice: whether it gives the same run, and where it does not.

use rehearsal_sim::{Effect, Entry, Recording};

use crate::run::{Detector, Failure, RunOptions, RunReport, RunVerdict};
use crate::shrink::task_name;
use crate::target::{self, Target};

/// Pairs of runs that are recorded in full to find one that differs.
const PAIRS: u32 = 8;

/// Runs a seed twice. If the runs differ, the verdict is `nondeterminism` and
/// the message names the first effect that differs.
pub fn run_twice(target: &dyn Target, options: RunOptions) -> RunReport {
    check(|recording| {
        let mut options = options.clone();
        options.recording = options.recording.max(recording);
        target::run_once(target, options)
    })
}

/// Compares fingerprints; only where they differ are runs recorded to
/// find the place. They are other runs, so it may take a few pairs until two differ.
fn check(mut run_once: impl FnMut(Recording) -> RunReport) -> RunReport {
    let first = run_once(Recording::Fingerprint);
    let mut second = run_once(Recording::Fingerprint);
    if first.outcome.fingerprint == second.outcome.fingerprint {
        return second;
    }
    let mut message = format!(
        "two runs of one seed have the fingerprints {} and {}; {PAIRS} more pairs agreed",
        first.outcome.fingerprint, second.outcome.fingerprint
    );
    for _ in 0..PAIRS {
        let (one, other) = (run_once(Recording::Full), run_once(Recording::Full));
        if one.outcome.fingerprint != other.outcome.fingerprint {
            message = difference(&one, &other);
            second = other;
            break;
        }
    }
    second.verdict = RunVerdict::Nondeterminism;
    second.failures.insert(
        0,
        Failure {
            judge: Detector::Determinism,
            rule: "two-runs-differ".into(),
            witness: Vec::new(),
            message,
            at: None,
        },
    );
    second
}

/// The first effect in which two recorded runs differ.
fn difference(one: &RunReport, other: &RunReport) -> String {
    let (a, b) = (&one.outcome.trace.entries, &other.outcome.trace.entries);
    // As many effects as both have, all alike, leave one that goes on.
    let agreed = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let side = |report: &RunReport, entries: &[Entry]| match entries.get(agreed) {
        Some(entry) => format!("{} at {}", describe(report, &entry.effect), entry.at),
        None => "nothing more".to_owned(),
    };
    let before = match agreed.checked_sub(1).and_then(|last| a.get(last)) {
        Some(entry) => format!(
            "\n  both, up to step {}: {} at {}",
            entry.step,
            describe(one, &entry.effect),
            entry.at
        ),
        None => String::new(),
    };
    format!(
        "two runs of one seed differ first at effect {agreed}{before}\n  then one: {}\n  the other: {}",
        side(one, a),
        side(other, b)
    )
}

/// Returns the effects of a run that was recorded in full, in words.
pub(crate) fn effects(report: &RunReport) -> Vec<String> {
    let entries = report.outcome.trace.entries.iter();
    entries
        .map(|entry| format!("{} at {}", describe(report, &entry.effect), entry.at))
        .collect()
}

/// An effect in words, with the names that tasks gave themselves.
fn describe(report: &RunReport, effect: &Effect) -> String {
    match effect {
        Effect::Spawn { task, host, .. } => {
            format!(
                "{} is spawned on host {}",
                task_name(report, *task),
                host.index()
            )
        }
        Effect::Poll { task } => format!("{} is polled", task_name(report, *task)),
        Effect::End { task, how } => format!("{} ends: {how:?}", task_name(report, *task)),
        Effect::Fault { what } => format!("fault: {what}"),
        Effect::Note { task, label, text } => {
            let who = task.map_or_else(String::new, |task| {
                format!("{} notes ", task_name(report, task))
            });
            format!("{who}{label}: {text}")
        }
        Effect::Packet { len, arrives, .. } => match arrives {
            Some(at) => format!("a packet of {len} bytes leaves, to arrive at {at}"),
            None => format!("a packet of {len} bytes leaves, not to arrive"),
        },
        Effect::Arrival { len, .. } => format!("a packet of {len} bytes arrives"),
        other => format!("{other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::run::{self, StrategyName};
    use crate::scenario::{self, discover};

    /// Runs another seed each time, as a system would that asks the real world
    /// for something.
    fn leaky(seeds: &[u64]) -> RunReport {
        let file = discover::resolve(Path::new("scenarios"), "collision").expect("it exists");
        let scenario = scenario::load(&file).expect("a good file");
        let mut seeds = seeds.iter().copied();
        check(|recording| {
            let seed = seeds.next().expect("seeds enough");
            let mut options = RunOptions::new(seed, StrategyName::RANDOM);
            options.recording = recording;
            run::run_once(&scenario, options)
        })
    }

    #[test]
    fn the_first_effect_that_differs_is_named() {
        let report = leaky(&[1, 2, 1, 2]);
        assert_eq!(report.verdict, RunVerdict::Nondeterminism);
        let message = &report.failures[0].message;
        let lines: Vec<&str> = message.lines().map(str::trim).collect();
        assert!(lines[0].starts_with("two runs of one seed differ first at effect"));
        assert!(lines[1].starts_with("both, up to step"), "{message}");
        let one = lines[2].strip_prefix("then one: ").expect("one side");
        let other = lines[3]
            .strip_prefix("the other: ")
            .expect("the other side");
        assert_ne!(one, other);
    }

    #[test]
    fn a_difference_that_does_not_come_back_is_told_all_the_same() {
        let mut seeds = vec![1, 2];
        seeds.extend([3; 2 * PAIRS as usize]);
        let report = leaky(&seeds);
        assert_eq!(report.verdict, RunVerdict::Nondeterminism);
        assert!(report.failures[0].message.contains("more pairs agreed"));
    }

    #[test]
    fn the_same_run_twice_is_no_finding() {
        assert_eq!(leaky(&[5, 5]).verdict, RunVerdict::Pass);
    }
}
