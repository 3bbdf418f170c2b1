//! Strategies find the bugs that they are made for, and let every task end. What the papers
//! prove of each is in a module of its own.

#![expect(
    clippy::print_stdout,
    reason = "the measured rates, which the guide quotes"
)]

mod order;
mod pct;
mod pos;
mod surw;
mod urw;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;

use rehearsal_sim::tokio::sync::Notify;
use rehearsal_sim::tokio::task::yield_now;
use rehearsal_sim::{Config, Profile, Strategy, StrategyName, run};

fn config(seed: u64, strategy: Box<dyn Strategy>) -> Config {
    Config {
        seed,
        strategy,
        ..Config::default()
    }
}

/// Makes the strategy of a seed as the tool does: from the profile of the seed.
fn prepare<R>(name: StrategyName, seed: u64, program: impl Fn(Config) -> R) -> Config {
    let profile = Profile::of_default_schedule(|strategy| {
        program(config(seed, strategy));
    });
    config(seed, name.build(&profile))
}

/// Runs a program under many seeds, each with its own profile, and returns the results.
fn results<R>(
    name: StrategyName,
    seeds: u64,
    program: impl Fn(Config) -> R,
) -> impl Iterator<Item = R> {
    (0..seeds).map(move |seed| program(prepare(name, seed, &program)))
}

/// Counts the seeds that show the bug.
fn found(name: StrategyName, seeds: u64, bug: impl Fn(Config) -> bool) -> usize {
    results(name, seeds, bug).filter(|shown| *shown).count()
}

/// What tasks have done, in order.
type Log = Rc<RefCell<Vec<char>>>;

/// Takes that many steps, and logs each.
async fn steps(log: Log, name: char, count: usize) {
    for step in 0..count {
        if step > 0 {
            yield_now().await;
        }
        log.borrow_mut().push(name);
    }
}

/// Pearson's statistic of counts that are expected to be equal.
fn chi_squared(counts: impl ExactSizeIterator<Item = u64> + Clone) -> f64 {
    let total: u64 = counts.clone().sum();
    let expected = total as f64 / counts.len() as f64;
    let term = |count: u64| (count as f64 - expected).powi(2) / expected;
    counts.map(term).sum()
}

/// Increments a counter in two tasks, with a yield between read and write.
fn lost_update(config: Config) -> bool {
    let outcome = run(config, |world| async move {
        let counter = Rc::new(Cell::new(0));
        let tasks: Vec<_> = (0..2)
            .map(|_| {
                let counter = Rc::clone(&counter);
                world.spawn_on(world.current_host(), async move {
                    yield_now().await;
                    let seen = counter.get();
                    yield_now().await;
                    counter.set(seen + 1);
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("no task fails");
        }
        counter.get()
    });
    outcome.value == Some(1)
}

/// Runs ten tasks, of which the first must come last for the bug: random walks seldom do that,
/// priorities easily do.
fn starved(config: Config) -> bool {
    let outcome = run(config, |world| async move {
        let left = Rc::new(Cell::new(9));
        let last = Rc::clone(&left);
        let first = world.spawn_on(world.current_host(), async move {
            yield_now().await;
            last.get() == 0
        });
        for _ in 0..9 {
            let left = Rc::clone(&left);
            world.spawn_on(world.current_host(), async move {
                for _ in 0..9 {
                    yield_now().await;
                }
                left.set(left.get() - 1);
            });
        }
        first.await.expect("no task fails")
    });
    outcome.value == Some(true)
}

#[test]
fn every_random_strategy_finds_a_lost_update() {
    for name in StrategyName::portfolio() {
        let found = found(name, 200, lost_update);
        assert!(found > 10, "{name}: {found} of 200");
    }
}

#[test]
fn pct_finds_bugs_that_need_one_task_starved() {
    let random = found(StrategyName::RANDOM, 200, starved);
    let pct = found(StrategyName::pct(1), 200, starved);
    assert!(pct > 5, "{pct} of 200");
    assert!(pct > random, "pct {pct}, random {random}");
}

/// Runs a task that polls for what another does.
fn polls(config: Config) -> (String, u64) {
    let outcome = run(config, |world| async move {
        let done = Rc::new(Cell::new(false));
        let flag = Rc::clone(&done);
        let poller = world.spawn_on(world.current_host(), async move {
            while !flag.get() {
                yield_now().await;
            }
        });
        world.spawn_on(world.current_host(), async move {
            for _ in 0..50 {
                yield_now().await;
            }
            done.set(true);
        });
        poller.await.expect("no task fails");
    });
    (
        outcome.verdict.as_str().to_owned(),
        outcome.statistics.steps,
    )
}

#[test]
fn poller_does_not_starve_the_others() {
    for name in StrategyName::samplers() {
        for (verdict, steps) in results(name, 20, polls) {
            assert_eq!(verdict, "pass", "{name}");
            assert!(steps < 50_000, "{name}: {steps} steps");
        }
    }
}

#[test]
fn seed_means_the_same_run_for_every_strategy() {
    let fingerprint = |config| {
        let outcome = run(config, |world| async move {
            for _ in 0..4 {
                world.spawn_on(world.current_host(), yield_now());
            }
            world.settled().await;
        });
        outcome.fingerprint
    };
    for name in StrategyName::samplers() {
        let twice = [(); 2].map(|()| results(name, 20, fingerprint).collect::<Vec<_>>());
        assert_eq!(twice[0], twice[1], "{name}");
    }
}

/// A step that is no choice reaches the strategy, and stands on no tape.
#[test]
fn strategy_receives_the_steps_of_a_task_that_is_alone() {
    let alone = |config| {
        let outcome = run(config, |_| async {
            for _ in 0..7 {
                yield_now().await;
            }
        });
        (outcome.statistics.steps, outcome.statistics.choices)
    };
    let mut counted = None;
    let profile = Profile::of_default_schedule(|strategy| {
        counted = Some(alone(config(0, strategy)));
    });
    assert_eq!(counted, Some((8, 0)));
    assert_eq!((profile.steps(), profile.tasks()), (8, 1));
}

/// Labels are made only for strategies that read them, and a replay has none.
#[test]
fn object_prints_the_same_under_every_strategy() {
    let text = |config| {
        let outcome = run(config, |_| async {
            let notify = Notify::new();
            notify.notify_one();
            notify.notified().await;
            format!("{notify:?}")
        });
        outcome.value.expect("it ran to its end")
    };
    let texts: BTreeSet<String> = StrategyName::samplers()
        .into_iter()
        .flat_map(|name| results(name, 1, text))
        .collect();
    assert_eq!(texts.len(), 1, "{texts:?}");
}
