//! Scheduling points: the places at which tasks are switched, and behaviour that must not
//! change.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};
use rehearsal_sim::tokio;
use rehearsal_sim::tokio::sync::{
    Mutex, Notify, OnceCell, RwLock, Semaphore, broadcast, mpsc, oneshot, watch,
};
use rehearsal_sim::tokio::time::{sleep, timeout};
use rehearsal_sim::{Config, Outcome, Random, Verdict, VirtualTime, World, run};

fn random(seed: u64) -> Config {
    Config {
        seed,
        strategy: Box::new(Random::default()),
        ..Config::default()
    }
}

/// Runs the program with many seeds.
fn explore<T, F>(program: impl Fn(World) -> F) -> Vec<Outcome<T>>
where
    T: 'static,
    F: Future<Output = T> + 'static,
{
    (0..60).map(|seed| run(random(seed), &program)).collect()
}

fn values<T: 'static, F>(program: impl Fn(World) -> F) -> Vec<T>
where
    F: Future<Output = T> + 'static,
{
    explore(program)
        .into_iter()
        .map(|outcome| {
            assert_eq!(outcome.verdict, Verdict::Pass);
            outcome.value.expect("it passed")
        })
        .collect()
}

/// Runs the same operation in two tasks. Over the seeds, one must run within the other's
/// operation, and must not.
fn both_orders<F, G>(operation: F)
where
    F: Fn() -> G + Copy + 'static,
    G: Future<Output = ()> + 'static,
{
    let overlaps = values(move |world| async move {
        let inside = Rc::new(Cell::new(0));
        let overlap = Rc::new(Cell::new(false));
        let tasks: Vec<_> = (0..2)
            .map(|_| {
                let (inside, overlap) = (Rc::clone(&inside), Rc::clone(&overlap));
                world.spawn_on(world.current_host(), async move {
                    inside.set(inside.get() + 1);
                    overlap.set(overlap.get() || inside.get() > 1);
                    operation().await;
                    inside.set(inside.get() - 1);
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("it returns");
        }
        overlap.get()
    });
    assert!(overlaps.contains(&true), "never switched");
    assert!(overlaps.contains(&false), "always switched");
}

#[test]
fn operations_that_never_wait_are_scheduling_points() {
    both_orders(|| async {
        drop(Mutex::new(()).lock().await);
    });
    both_orders(|| async {
        drop(Arc::new(Mutex::new(())).lock_owned().await);
    });
    both_orders(|| async {
        drop(RwLock::new(()).read().await);
    });
    both_orders(|| async {
        drop(RwLock::new(()).write().await);
    });
    both_orders(|| async {
        drop(Semaphore::new(1).acquire().await);
    });
    both_orders(|| async {
        let notify = Notify::new();
        notify.notify_one();
        notify.notified().await;
    });
    both_orders(|| async {
        OnceCell::new().get_or_init(|| async {}).await;
    });
    both_orders(|| async {
        let (sender, _receiver) = mpsc::channel(1);
        sender.send(()).await.expect("there is room");
    });
    both_orders(|| async {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        sender.send(()).expect("there is a receiver");
        receiver.recv().await;
    });
    both_orders(|| async {
        let (sender, receiver) = oneshot::channel();
        sender.send(()).expect("there is a receiver");
        receiver.await.expect("it was sent");
    });
    both_orders(|| async {
        let (sender, mut receiver) = broadcast::channel(1);
        sender.send(()).expect("there is a receiver");
        receiver.recv().await.expect("it was sent");
    });
    both_orders(|| async {
        let (sender, mut receiver) = watch::channel(0);
        sender.send(1).expect("there is a receiver");
        receiver.changed().await.expect("it was sent");
    });
    both_orders(|| async {
        tokio::select! { () = std::future::ready(()) => {} }
    });
    both_orders(|| sleep(Duration::ZERO));
    both_orders(|| async {
        let past = timeout(Duration::ZERO, std::future::pending::<()>()).await;
        assert!(past.is_err());
    });
}

#[test]
fn lost_update_is_found() {
    let totals = values(|_| async {
        let total = Arc::new(Mutex::new(0));
        let tasks: Vec<_> = (0..3)
            .map(|_| {
                let total = Arc::clone(&total);
                tokio::spawn(async move {
                    // The lock is released between reading and writing.
                    let before = *total.lock().await;
                    *total.lock().await = before + 1;
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("it returns");
        }
        *total.lock().await
    });
    assert!(totals.contains(&3));
    assert!(totals.contains(&2));
    assert!(totals.contains(&1));
}

/// Tasks that are always ready, so that there is a task to switch to.
fn noise(world: World) {
    for _ in 0..3 {
        world.spawn_on(world.current_host(), async {
            loop {
                drop(Mutex::new(()).lock().await);
                sleep(Duration::ZERO).await;
            }
        });
    }
}

#[test]
fn switch_does_not_decide_a_select() {
    let taken = values(|world| async move {
        noise(world);
        let (sender, mut receiver) = mpsc::channel(1);
        sender.send(7).await.expect("there is room");
        tokio::select! {
            biased;
            Some(number) = receiver.recv() => number,
            () = std::future::ready(()) => 0,
        }
    });
    assert!(taken.iter().all(|number| *number == 7));
}

#[test]
fn switch_does_not_decide_an_inner_select() {
    let taken = values(|world| async move {
        noise(world);
        let mutex = Mutex::new(1);
        tokio::select! {
            biased;
            number = async {
                tokio::select! {
                    biased;
                    guard = mutex.lock() => *guard,
                    () = std::future::ready(()) => 2,
                }
            } => number,
            () = std::future::ready(()) => 3,
        }
    });
    assert!(taken.iter().all(|number| *number == 1));
}

#[test]
fn after_a_select_there_are_points_again() {
    let switched = values(|world| async move {
        let mutex = Mutex::new(());
        tokio::select! { () = std::future::ready(()) => {} }
        let other = Rc::new(Cell::new(false));
        let flag = Rc::clone(&other);
        world.spawn_on(world.current_host(), async move { flag.set(true) });
        // In the same poll as the `select!`.
        drop(mutex.lock().await);
        other.get()
    });
    assert!(switched.contains(&true) && switched.contains(&false));
}

#[test]
fn switch_does_not_time_out() {
    let received = values(|world| async move {
        noise(world);
        let (sender, mut receiver) = mpsc::channel(1);
        sender.send(7).await.expect("there is room");
        timeout(Duration::ZERO, receiver.recv()).await == Ok(Some(7))
    });
    assert!(received.iter().all(|received| *received));
}

#[test]
fn single_poll_gets_an_available_value() {
    let received = values(|world| async move {
        noise(world);
        let (sender, mut receiver) = mpsc::channel(1);
        let early = receiver.recv().now_or_never();
        sender.send(7).await.expect("there is room");
        (early, receiver.recv().now_or_never())
    });
    assert!(received.iter().all(|both| *both == (None, Some(Some(7)))));
}

#[test]
fn futures_that_only_a_wake_polls_again_go_on() {
    let sums = values(|world| async move {
        noise(world);
        let mutex = Mutex::new(0);
        let mut all: FuturesUnordered<_> = (1..=20)
            .map(|number| {
                let mutex = &mutex;
                async move {
                    *mutex.lock().await += number;
                    *mutex.lock().await += number;
                }
            })
            .collect();
        while all.next().await.is_some() {}
        drop(all);
        mutex.into_inner()
    });
    assert!(sums.iter().all(|sum| *sum == 420));
}

type Operation = fn() -> Pin<Box<dyn Future<Output = ()>>>;

#[test]
fn loop_that_never_waits_is_a_livelock() {
    let operations: [Operation; 3] = [
        || Box::pin(sleep(Duration::ZERO)),
        || {
            Box::pin(async {
                let _ = timeout(Duration::ZERO, std::future::pending::<()>()).await;
            })
        },
        || {
            Box::pin(async {
                tokio::select! { () = std::future::ready(()) => {} }
            })
        },
    ];
    for operation in operations {
        let mut config = Config::default();
        config.budget.steps_per_instant = 1_000;
        let outcome = run(config, move |_| async move {
            loop {
                operation().await;
            }
        });
        assert_eq!(outcome.verdict.as_str(), "livelock");
    }
}

fn deadlock(outcome: &Outcome<()>) -> Option<String> {
    match &outcome.verdict {
        Verdict::Deadlock { cycle: true, .. } => Some(outcome.verdict.to_string()),
        _ => None,
    }
}

#[test]
fn locks_taken_crosswise_deadlock() {
    let outcomes = explore(|_| async {
        let (a, b) = (Arc::new(Mutex::new(())), Arc::new(RwLock::new(())));
        let (a2, b2) = (Arc::clone(&a), Arc::clone(&b));
        let one = tokio::spawn(async move {
            let _first = a.lock_owned().await;
            let _second = b.write().await;
        });
        let two = tokio::spawn(async move {
            let _first = b2.write_owned().await;
            let _second = a2.lock().await;
        });
        let _ = tokio::join!(one, two);
    });
    let found: Vec<String> = outcomes.iter().filter_map(deadlock).collect();
    assert!(!found.is_empty() && found.len() < outcomes.len());
    for report in found {
        assert!(report.contains("lock of Mutex#"), "{report}");
        assert!(report.contains("write of RwLock#"), "{report}");
        assert!(report.contains("held by task"), "{report}");
        assert!(report.contains("points.rs"), "{report}");
    }
}

/// Has two tasks take two mutexes crosswise, the second by `second`.
fn crosswise<F>(second: fn(Arc<Mutex<()>>) -> F) -> Vec<Outcome<()>>
where
    F: Future<Output = ()> + Send + 'static,
{
    explore(move |_| async move {
        let (a, b) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
        let tasks = [(&a, &b), (&b, &a)].map(|(mine, other)| {
            let (mine, other) = (Arc::clone(mine), Arc::clone(other));
            tokio::spawn(async move {
                let _first = mine.lock_owned().await;
                second(other).await;
            })
        });
        for task in tasks {
            let _ = task.await;
        }
    })
}

#[test]
fn mutexes_taken_crosswise_by_parts_of_tasks_deadlock() {
    let direct = crosswise(|other| async move { drop(other.lock().await) });
    let in_a_part = crosswise(|other| async move {
        let part = async move { drop(other.lock().await) };
        let mut parts: FuturesUnordered<_> = [part].into_iter().collect();
        parts.next().await;
    });
    for outcomes in [direct, in_a_part] {
        let found = outcomes.iter().filter_map(deadlock).count();
        assert!((1..outcomes.len()).contains(&found), "{found}");
    }
}

#[test]
fn mutexes_taken_crosswise_with_a_way_out_are_no_deadlock() {
    let limit = Duration::from_millis(5);
    let ours = crosswise(|other| async move {
        let _ = timeout(Duration::from_millis(5), other.lock()).await;
    });
    let tokios = crosswise(|other| async move {
        let _ = ::tokio::time::timeout(Duration::from_millis(5), other.lock()).await;
    });
    for outcomes in [ours, tokios] {
        let late =
            |outcome: &&Outcome<()>| outcome.statistics.virtual_time >= VirtualTime::ZERO + limit;
        let late = outcomes.iter().filter(late).count();
        assert!((1..outcomes.len()).contains(&late), "{late}");
        for outcome in outcomes {
            assert_eq!(outcome.verdict, Verdict::Pass);
        }
    }
}

#[test]
fn cell_that_waits_for_its_waiter_deadlocks() {
    let outcomes = explore(|_| async {
        let cell = Arc::new(OnceCell::new());
        let mutex = Arc::new(Mutex::new(()));
        let (cell2, mutex2) = (Arc::clone(&cell), Arc::clone(&mutex));
        let one = tokio::spawn(async move {
            cell.get_or_init(|| async { drop(mutex.lock().await) })
                .await;
        });
        let two = tokio::spawn(async move {
            let _guard = mutex2.lock().await;
            cell2.get_or_init(|| async {}).await;
        });
        let _ = tokio::join!(one, two);
    });
    let found: Vec<String> = outcomes.iter().filter_map(deadlock).collect();
    assert!(!found.is_empty() && found.len() < outcomes.len());
    assert!(found.iter().all(|report| report.contains("OnceCell#")));
}

#[test]
fn guards_and_timers_are_counted_while_they_live() {
    let outcome = run(Config::default(), |world| async move {
        let mutex = Arc::new(Mutex::new((1, 2)));
        let held = Arc::clone(&mutex).lock_owned().await;
        let permit = Arc::new(Semaphore::new(1)).acquire_owned().await;
        let sleeper = tokio::spawn(async {
            timeout(Duration::from_secs(9), sleep(Duration::from_secs(5))).await
        });
        let ticker = tokio::spawn(async {
            let mut interval = tokio::time::interval(Duration::from_secs(1));
            loop {
                interval.tick().await;
            }
        });
        sleep(Duration::from_millis(1)).await;
        let before = world.census();
        drop((held, permit));
        sleeper.abort();
        ticker.abort();
        world.settled().await;
        let after = world.census();
        let mapped = tokio::sync::MutexGuard::map(mutex.lock().await, |pair| &mut pair.0);
        let mapped_locks = world.census().locks.len();
        drop(mapped);
        (
            (before.timers, before.locks.len()),
            (after.timers, after.locks.len()),
            mapped_locks,
            world.census().locks.len(),
        )
    });
    assert_eq!(outcome.verdict, Verdict::Pass);
    assert_eq!(outcome.value, Some(((3, 2), (0, 0), 1, 0)));
}

#[test]
fn dropped_pending_operation_is_no_longer_a_wait() {
    let outcome = run(Config::default(), |world| async move {
        let notify = Arc::new(Notify::new());
        let (_sender, mut receiver) = mpsc::channel::<()>(1);
        let task = tokio::spawn(async move {
            let gone = timeout(Duration::from_millis(1), notify.notified()).await;
            assert!(gone.is_err());
            receiver.recv().await;
        });
        sleep(Duration::from_millis(5)).await;
        let waits = world.census().tasks.remove(0).waits;
        task.abort();
        waits
    });
    let waits = outcome.value.expect("it passes");
    assert_eq!(waits.len(), 1, "{waits:?}");
    assert!(waits[0].starts_with("recv of channel#"), "{waits:?}");
}

#[test]
fn objects_may_outlive_their_run() {
    let mutex = Arc::new(Mutex::new(0));
    for round in 1..=3 {
        let mutex = Arc::clone(&mutex);
        let outcome = run(Config::default(), move |_| async move {
            *mutex.lock().await += 1;
            let value = *mutex.lock().await;
            (value, mutex.lock_owned().await)
        });
        let (value, guard) = outcome.value.expect("it passes");
        assert_eq!(value, round);
        // The guard is dropped outside its run.
        drop(guard);
    }
}

/// Two tasks that share memory and nothing else: what they read shows their order, and so must
/// the hash that tells interleavings apart.
#[test]
fn runs_that_differ_in_the_order_of_yields_are_distinct() {
    let program = |_: World| async {
        let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
        let task = |me: u32, yields: bool| {
            let seen = Arc::clone(&seen);
            tokio::spawn(async move {
                seen.lock().expect("no task panics").push(me);
                if yields {
                    tokio::task::yield_now().await;
                    seen.lock().expect("no task panics").push(me);
                }
            })
        };
        for task in [task(0, true), task(1, true), task(2, false)] {
            task.await.expect("no task fails");
        }
        seen.lock().expect("no task panics").clone()
    };
    let mut orders = std::collections::BTreeMap::new();
    for outcome in explore(program) {
        let order = outcome.value.expect("the program ends");
        let same_hash = orders.insert(outcome.interleaving, order.clone());
        assert!(same_hash.is_none_or(|same| same == order), "{order:?}");
    }
    let distinct: std::collections::BTreeSet<_> = orders.values().collect();
    assert!(distinct.len() > 10, "{distinct:?}");
}
