//! Every interleaving has the same chance under `urw`, however the tasks are spawned and joined.

use std::collections::BTreeMap;

use rehearsal_sim::tokio::sync::mpsc;
use rehearsal_sim::tokio::task::{JoinSet, spawn};
use rehearsal_sim::{StrategyName, World};

use super::*;

/// The ways in which a program waits for its two tasks.
#[derive(Clone, Copy, Debug)]
enum Joined {
    InOrder,
    InReverse,
    ByChannel,
    BySet,
}

const WAYS: [Joined; 4] = [
    Joined::InOrder,
    Joined::InReverse,
    Joined::ByChannel,
    Joined::BySet,
];

/// Spawns the two tasks and waits for them.
async fn join(world: &World, way: Joined, tasks: [impl Future<Output = ()> + 'static; 2]) {
    let here = world.current_host();
    match way {
        Joined::InOrder | Joined::InReverse => {
            let mut handles = tasks.map(|task| world.spawn_on(here, task));
            if let Joined::InReverse = way {
                handles.reverse();
            }
            for handle in handles {
                handle.await.expect("no task fails");
            }
        }
        Joined::ByChannel => {
            let (sender, mut receiver) = mpsc::channel::<()>(1);
            for task in tasks {
                let open = sender.clone();
                world.spawn_on(here, async move {
                    task.await;
                    drop(open);
                });
            }
            drop(sender);
            assert_eq!(receiver.recv().await, None);
        }
        Joined::BySet => {
            let mut set = JoinSet::new();
            let local = rehearsal_sim::tokio::task::LocalSet::new();
            local
                .run_until(async {
                    for task in tasks {
                        set.spawn_local(task);
                    }
                    while let Some(joined) = set.join_next().await {
                        joined.expect("no task fails");
                    }
                })
                .await;
        }
    }
}

/// The number of runs that took each order of the steps.
fn orders(seeds: u64, program: impl Fn(Config) -> Vec<char>) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for order in results(StrategyName::URW, seeds, program) {
        *counts.entry(order.into_iter().collect()).or_default() += 1;
    }
    counts
}

/// Two tasks of four steps have 70 orders: 69 degrees of freedom. A statistic of more than 111
/// has a chance of 1 in 1,000 if the orders are equally likely.
const BOUND: f64 = 111.0;

const SEEDS: u64 = 14_000;

fn assert_uniform(what: &str, counts: &BTreeMap<String, u64>) {
    assert_eq!(counts.len(), 70, "{what}: {counts:?}");
    let statistic = chi_squared(counts.values().copied());
    println!("{what}: {statistic:.1} for 69 degrees of freedom");
    assert!(statistic < BOUND, "{what}: {statistic}");
}

#[test]
fn orders_of_two_tasks_are_equally_likely_however_they_are_joined() {
    for way in WAYS {
        let counts = orders(SEEDS, |config| {
            let outcome = run(config, |world| async move {
                let log = Log::default();
                let tasks = ['a', 'b'].map(|name| steps(Rc::clone(&log), name, 4));
                join(&world, way, tasks).await;
                log.take()
            });
            outcome.value.expect("it ran to its end")
        });
        assert_uniform(&format!("{way:?}"), &counts);
    }
}

/// Two steps of a task and then two of its child are as one task of four.
#[test]
fn task_weighs_what_its_unborn_children_weigh() {
    let counts = orders(SEEDS, |config| {
        let outcome = run(config, |world| async move {
            let log = Log::default();
            let here = world.current_host();
            let (parent, child) = (Rc::clone(&log), Rc::clone(&log));
            world.spawn_on(here, async move {
                steps(parent, 'a', 2).await;
                world.spawn_on(here, steps(child, 'a', 2));
            });
            world.spawn_on(here, steps(Rc::clone(&log), 'b', 4));
            world.settled().await;
            log.take()
        });
        outcome.value.expect("it ran to its end")
    });
    assert_uniform("late child", &counts);
}

/// A read and a write of one counter in each of two tasks, with a step between them.
fn lost_update_joined(config: Config, way: Joined) -> bool {
    let outcome = run(config, |world| async move {
        let counter = Rc::new(Cell::new(0));
        let tasks = [(); 2].map(|()| {
            let counter = Rc::clone(&counter);
            async move {
                yield_now().await;
                let seen = counter.get();
                yield_now().await;
                counter.set(seen + 1);
            }
        });
        join(&world, way, tasks).await;
        counter.get()
    });
    outcome.value == Some(1)
}

/// Of the 20 orders of two tasks of three steps, all but those in which one task's last two
/// steps come before the other's lose an update: 12.
#[test]
fn lost_update_is_as_likely_as_its_orders_however_the_tasks_are_joined() {
    for way in WAYS {
        let found = found(StrategyName::URW, 10_000, |config| {
            lost_update_joined(config, way)
        });
        println!("{way:?}: {found} of 10,000");
        assert!((5_800..6_200).contains(&found), "{way:?}: {found}");
    }
}

#[test]
fn spawned_task_is_profiled_by_its_path() {
    let profile = Profile::of_default_schedule(|strategy| {
        let outcome = run(config(0, strategy), |_| async {
            for _ in 0..3 {
                let child = spawn(async { spawn(yield_now()).await.expect("no task fails") });
                child.await.expect("no task fails");
            }
        });
        assert_eq!(outcome.statistics.tasks, 7);
    });
    assert_eq!(profile.tasks(), 7);
}
