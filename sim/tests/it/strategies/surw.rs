//! `surw` gives every order of the operations on one resource the same chance, whatever else
//! the tasks do.

use std::collections::BTreeMap;
use std::sync::Arc;

use rehearsal_sim::StrategyName;
use rehearsal_sim::tokio::sync::Mutex;
use rehearsal_sim::tokio::task::spawn;

use super::*;

/// The order in which two tasks take a lock, three times each. The second also does much that
/// is of no interest.
fn lock_order(config: Config, other_steps: usize) -> String {
    let outcome = run(config, |_| async move {
        let log = Arc::new(Mutex::new(String::new()));
        let tasks = [('a', 0), ('b', other_steps)].map(|(name, other_steps)| {
            let log = Arc::clone(&log);
            spawn(async move {
                for _ in 0..3 {
                    for _ in 0..other_steps {
                        yield_now().await;
                    }
                    log.lock().await.push(name);
                }
            })
        });
        for task in tasks {
            task.await.expect("no task fails");
        }
        log.lock().await.clone()
    });
    outcome.value.expect("it ran to its end")
}

/// Returns the statistic of the 20 orders: 19 degrees of freedom.
fn statistic(name: StrategyName, other_steps: usize) -> f64 {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for order in results(name, 4_000, |config| lock_order(config, other_steps)) {
        *counts.entry(order).or_default() += 1;
    }
    let missing = 20usize
        .checked_sub(counts.len())
        .expect("6!/(3!·3!) orders");
    let counts: Vec<u64> = counts.into_values().chain(vec![0; missing]).collect();
    chi_squared(counts.into_iter())
}

/// More than 43.8 has a chance of 1 in 1,000 if the orders are equally likely.
const BOUND: f64 = 43.8;

#[test]
fn orders_on_one_lock_are_equally_likely_whatever_else_the_tasks_do() {
    for other_steps in [0, 10, 40] {
        let [surw, urw, random] = [StrategyName::SURW, StrategyName::URW, StrategyName::RANDOM]
            .map(|name| statistic(name, other_steps));
        println!("{other_steps} other steps: surw {surw:.0}, urw {urw:.0}, random {random:.0}");
        assert!(surw < BOUND, "{surw} with {other_steps} other steps");
        assert!(
            other_steps == 0 || urw.min(random) > 10.0 * BOUND,
            "{urw}, {random}"
        );
    }
}

/// The locks of a late child count for its parent until it is spawned.
#[test]
fn orders_of_late_children_are_equally_likely() {
    let late = |config| {
        let outcome = run(config, |_| async {
            let log = Arc::new(Mutex::new(String::new()));
            let push = |name| {
                let log = Arc::clone(&log);
                async move { log.lock().await.push(name) }
            };
            let (first, second, third) = (push('a'), push('a'), push('a'));
            let (fourth, fifth, sixth) = (push('b'), push('b'), push('b'));
            let parent = spawn(async move {
                first.await;
                spawn(async move {
                    second.await;
                    third.await;
                })
                .await
            });
            let other = spawn(async move {
                fourth.await;
                fifth.await;
                sixth.await;
            });
            parent.await.expect("no task fails").expect("no task fails");
            other.await.expect("no task fails");
            log.lock().await.clone()
        });
        outcome.value.expect("it ran to its end")
    };
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for order in results(StrategyName::SURW, 4_000, late) {
        *counts.entry(order).or_default() += 1;
    }
    assert_eq!(counts.len(), 20, "{counts:?}");
    let statistic = chi_squared(counts.into_values().collect::<Vec<_>>().into_iter());
    println!("late child: {statistic:.1} for 19 degrees of freedom");
    assert!(statistic < BOUND, "{statistic}");
}
