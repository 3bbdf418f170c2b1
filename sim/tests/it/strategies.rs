//! Strategies find the bugs that they are made for, and let every task end.

use std::cell::Cell;
use std::rc::Rc;

use rehearsal_sim::tokio::task::yield_now;
use rehearsal_sim::{Config, Fifo, Pct, Pos, Profiler, Random, Strategy, Urw, run};

/// Returns every strategy, for runs that each of them must support.
fn all() -> Vec<Box<dyn Strategy>> {
    vec![
        Box::new(Fifo),
        Box::new(Random::default()),
        Box::new(Pct::new(2)),
        Box::new(Pct::new(3)),
        Box::new(Pos::default()),
    ]
}

fn config(seed: u64, strategy: Box<dyn Strategy>) -> Config {
    Config {
        seed,
        strategy,
        ..Config::default()
    }
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

fn found(seeds: u64, strategy: fn() -> Box<dyn Strategy>, bug: fn(Config) -> bool) -> usize {
    (0..seeds)
        .filter(|seed| bug(config(*seed, strategy())))
        .count()
}

#[test]
fn every_random_strategy_finds_a_lost_update() {
    assert!(found(100, || Box::new(Random::default()), lost_update) > 10);
    assert!(found(100, || Box::new(Pct::new(2)), lost_update) > 1);
    assert!(found(100, || Box::new(Pos::default()), lost_update) > 10);
}

#[test]
fn pct_finds_bugs_that_need_one_task_starved() {
    let random = found(200, || Box::new(Random::default()), starved);
    let pct = found(200, || Box::new(Pct::new(1)), starved);
    assert!(pct > 5, "{pct} of 200");
    assert!(pct > random, "pct {pct}, random {random}");
}

#[test]
fn poller_does_not_starve_the_others() {
    for strategy in all() {
        let name = strategy.name().to_owned();
        let outcome = run(config(3, strategy), |world| async move {
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
        assert_eq!(
            outcome.verdict.as_str(),
            "pass",
            "{name}: {}",
            outcome.verdict
        );
        assert!(
            outcome.statistics.steps < 50_000,
            "{name}: {:?}",
            outcome.statistics
        );
    }
}

#[test]
fn seed_means_the_same_run_for_every_strategy() {
    for (first, second) in all().into_iter().zip(all()) {
        let name = first.name().to_owned();
        let fingerprint = |strategy| {
            run(config(9, strategy), |world| async move {
                for _ in 0..4 {
                    world.spawn_on(world.current_host(), yield_now());
                }
                world.settled().await;
            })
            .fingerprint
        };
        assert_eq!(fingerprint(first), fingerprint(second), "{name}");
    }
}

/// Runs a short task and a long one, over many seeds. Returns the counts of the short one's
/// places among the long one's steps.
fn places(strategy: impl Fn() -> Box<dyn Strategy>, seeds: u64) -> Vec<usize> {
    let mut counts = vec![0; 12];
    for seed in 0..seeds {
        let outcome = run(config(seed, strategy()), |world| async move {
            let steps = Rc::new(Cell::new(0usize));
            let seen = Rc::clone(&steps);
            let long = world.spawn_on(world.current_host(), async move {
                for _ in 0..10 {
                    yield_now().await;
                    steps.set(steps.get() + 1);
                }
            });
            let short = world.spawn_on(world.current_host(), async move {
                yield_now().await;
                seen.get()
            });
            long.await.expect("no task fails");
            short.await.expect("no task fails")
        });
        counts[outcome.value.expect("a value")] += 1;
    }
    counts
}

#[test]
fn urw_gives_a_short_task_every_place_where_random_prefers_the_first() {
    let profile = {
        let (profiler, profile) = Profiler::new(Box::new(Random::default()));
        let mut profiler = Some(Box::new(profiler) as Box<dyn Strategy>);
        let once = std::cell::RefCell::new(&mut profiler);
        places(
            || once.borrow_mut().take().expect("one seed, one strategy"),
            1,
        );
        profile.read()
    };
    assert!(profile.len() >= 2, "{profile:?}");
    let late = |counts: &[usize]| counts[5..].iter().sum::<usize>();
    let random = late(&places(|| Box::new(Random::default()), 400));
    let urw = late(&places(|| Box::new(Urw::new(profile.clone())), 400));
    assert!(urw > 3 * random.max(1), "urw {urw}, random {random} of 400");
}
