//! `order` finds what needs one rare order among many tasks that run the same code. The programs
//! are `reorder_N` and `twostage_N` of the benchmarks of SCTBench (P. Thomson, A. Donaldson,
//! A. Betts: "Concurrency Testing Using Controlled Schedulers", ACM TOPC 2016), with locks.

use std::sync::Arc;

use rehearsal_sim::StrategyName;
use rehearsal_sim::tokio::sync::Mutex;
use rehearsal_sim::tokio::task::spawn;

use super::*;

/// `tasks - 1` tasks set `a` and then `b`; one reads both, and must not see `a` alone.
fn reorder(config: Config, tasks: usize) -> bool {
    let outcome = run(config, |_| async move {
        let (a, b) = (Arc::new(Mutex::new(0)), Arc::new(Mutex::new(0)));
        let setters: Vec<_> = (1..tasks)
            .map(|_| {
                let (a, b) = (Arc::clone(&a), Arc::clone(&b));
                spawn(async move {
                    *a.lock().await = 1;
                    *b.lock().await = -1;
                })
            })
            .collect();
        let checker = spawn(async move {
            let a = *a.lock().await;
            let b = *b.lock().await;
            (a, b) == (1, 0)
        });
        for setter in setters {
            setter.await.expect("no task fails");
        }
        checker.await.expect("no task fails")
    });
    outcome.value.expect("it ran to its end")
}

/// `tasks - 1` tasks write one value and then, from it, another; one reads the first and must
/// find that the second follows from it.
fn twostage(config: Config, tasks: usize) -> bool {
    let outcome = run(config, |_| async move {
        let (first, second) = (Arc::new(Mutex::new(0)), Arc::new(Mutex::new(0)));
        let writers: Vec<_> = (1..tasks)
            .map(|_| {
                let (first, second) = (Arc::clone(&first), Arc::clone(&second));
                spawn(async move {
                    *first.lock().await = 1;
                    let value = *first.lock().await;
                    *second.lock().await = value + 1;
                })
            })
            .collect();
        let reader = spawn(async move {
            let first = *first.lock().await;
            first != 0 && *second.lock().await != first + 1
        });
        for writer in writers {
            writer.await.expect("no task fails");
        }
        reader.await.expect("no task fails")
    });
    outcome.value.expect("it ran to its end")
}

/// Blocks of seeds, in each of which the schedules to the first failure are counted.
const BLOCKS: u64 = 20;

/// Returns the median over the blocks of the number of schedules to the first failure, up to
/// `most`.
fn median(name: StrategyName, most: u64, bug: impl Fn(Config) -> bool) -> u64 {
    let first_failure = |block: u64| {
        let mut seeds = block * most..(block + 1) * most;
        let first = seeds.position(|seed| bug(prepare(name, seed, &bug)));
        first.map_or(most, |position| position as u64 + 1)
    };
    let mut counts: Vec<u64> = (0..BLOCKS).map(first_failure).collect();
    counts.sort_unstable();
    let [low, high] = [BLOCKS / 2 - 1, BLOCKS / 2].map(|index| counts[index as usize]);
    low.midpoint(high)
}

/// Prints the medians of `order`, `pos` and `pct:3`, and returns that of `order`.
fn compare(program: &str, tasks: usize, bug: impl Fn(Config, usize) -> bool) -> u64 {
    const MOST: u64 = 200;
    const MOST_OF_OTHERS: u64 = 60;
    let bug = |config| bug(config, tasks);
    let ours = median(StrategyName::order(3), MOST, bug);
    let others = [StrategyName::POS, StrategyName::pct(3)]
        .map(|name| (name, median(name, MOST_OF_OTHERS, bug)));
    println!("{program}_{tasks}: order:3 {ours}");
    for (name, median) in others {
        let more = if median == MOST_OF_OTHERS {
            " or more"
        } else {
            ""
        };
        println!("{program}_{tasks}: {name} {median}{more}");
    }
    ours
}

#[test]
fn order_finds_a_reordering_among_a_hundred_tasks() {
    for tasks in [10, 50, 100] {
        let median = compare("reorder", tasks, reorder);
        assert!(median <= 60, "{median} for {tasks} tasks");
    }
}

#[test]
fn order_finds_a_half_done_update_among_a_hundred_tasks() {
    for tasks in [10, 50, 100] {
        let median = compare("twostage", tasks, twostage);
        assert!(median <= 60, "{median} for {tasks} tasks");
    }
}

/// A constraint that holds a task back while another polls for what it does lapses.
#[test]
fn constraint_that_cannot_be_met_lapses() {
    let waits = |config| {
        let outcome = run(config, |_| async {
            let flag = Arc::new(Mutex::new(false));
            let poller = {
                let flag = Arc::clone(&flag);
                spawn(async move {
                    while !*flag.lock().await {
                        yield_now().await;
                    }
                })
            };
            spawn(async move { *flag.lock().await = true });
            poller.await.expect("no task fails");
        });
        (outcome.verdict.as_str(), outcome.statistics.steps)
    };
    for (verdict, steps) in results(StrategyName::order(16), 500, waits) {
        assert_eq!(verdict, "pass");
        assert!(steps < 20_000, "{steps} steps");
    }
}
