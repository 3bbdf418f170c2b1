//! Whatever happens to a registry, its two maps mirror each other and agree with
//! a model that keeps only pairs.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use rehearsal_sim::tokio::time::Instant;
use rehearsal_sim::{Config, run};

use super::*;

#[derive(Clone, Copy, Debug)]
enum Step {
    Register(u32, u32),
    Unregister(u32),
    Touch(u32),
    Wait(u64),
    Sweep,
}

const TTL: Duration = Duration::from_millis(10);

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..8u32, 0..3u32).prop_map(|(run, thread)| Step::Register(run, thread)),
        (0..8u32).prop_map(Step::Unregister),
        (0..8u32).prop_map(Step::Touch),
        (0..12u64).prop_map(Step::Wait),
        Just(Step::Sweep),
    ]
}

/// run → thread and the time of the last sign of life.
type Model = BTreeMap<RunId, (ThreadId, u64)>;

/// Runs the steps on a registry and a model of it.
fn run_steps(steps: &[Step], start: Instant) {
    let mut registry = ThreadRunRegistry::default();
    let mut model = Model::new();
    let mut now = 0;
    let mut suspects: Vec<RunId> = Vec::new();
    for step in steps {
        let instant = start + Duration::from_millis(now);
        match *step {
            Step::Register(run, thread) => {
                let fresh = !model.contains_key(&RunId(run));
                let result = registry.register(RunId(run), ThreadId(thread), instant);
                assert_eq!(result.is_ok(), fresh);
                model.entry(RunId(run)).or_insert((ThreadId(thread), now));
            }
            Step::Unregister(run) => {
                let thread = registry.unregister(RunId(run));
                assert_eq!(thread, model.remove(&RunId(run)).map(|entry| entry.0));
            }
            Step::Touch(run) => {
                let touched = registry.touch(RunId(run), instant);
                let entry = model.get_mut(&RunId(run));
                assert_eq!(touched, entry.is_some());
                if let Some(entry) = entry {
                    entry.1 = now;
                }
            }
            Step::Wait(millis) => now += millis,
            Step::Sweep => {
                let idle = |model: &Model, run: &RunId| {
                    model.get(run).is_some_and(|entry| now - entry.1 >= 10)
                };
                let (found, forgotten) = registry.sweep(instant, TTL);
                let doomed: Vec<RunId> = suspects
                    .iter()
                    .copied()
                    .filter(|run| idle(&model, run))
                    .collect();
                for run in &doomed {
                    model.remove(run);
                }
                suspects = model
                    .keys()
                    .copied()
                    .filter(|run| idle(&model, run))
                    .collect();
                assert_eq!(found, suspects.len());
                assert!(forgotten.iter().map(|(run, _)| *run).eq(doomed));
            }
        }
        mirrors(&registry, &model);
    }
}

fn mirrors(registry: &ThreadRunRegistry, model: &Model) {
    let threads = model.iter().map(|(run, (thread, _))| (*run, *thread));
    assert!(registry.forward().eq(threads.clone()));
    let mut reverse: BTreeMap<ThreadId, BTreeSet<RunId>> = BTreeMap::new();
    for (run, thread) in threads {
        reverse.entry(thread).or_default().insert(run);
    }
    assert!(
        registry.reverse().eq(reverse
            .iter()
            .map(|(thread, runs)| (*thread, Cow::Borrowed(runs))))
    );
    assert_eq!(registry.len(), model.len());
    assert_eq!(registry.is_empty(), model.is_empty());
}

/// Time is virtual inside a run only.
fn in_a_run(program: impl FnOnce(Instant) + 'static) {
    let outcome = run(
        Config::default(),
        |_| async move { program(Instant::now()) },
    );
    assert_eq!(outcome.verdict.as_str(), "pass", "{}", outcome.verdict);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn forward_and_reverse_mirror_each_other(steps in prop::collection::vec(step(), 0..60)) {
        in_a_run(move |start| run_steps(&steps, start));
    }
}

#[test]
fn a_suspect_that_speaks_is_forgotten_only_without_a_second_look() {
    for (defect, left) in [(None, 1), (Some(defects::SWEEP_WITHOUT_RECHECK), 0)] {
        in_a_run(move |start| {
            let at = |millis| start + Duration::from_millis(millis);
            let mut registry = ThreadRunRegistry::with_defect(defect);
            assert!(registry.register(RunId(1), ThreadId(1), start).is_ok());
            assert_eq!(registry.sweep(at(10), TTL).0, 1);
            assert!(registry.touch(RunId(1), at(12)));
            registry.sweep(at(15), TTL);
            assert_eq!(registry.len(), left);
        });
    }
}
