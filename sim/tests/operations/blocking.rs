//! Functions that block, as tasks of a run: `spawn_blocking`, `block_in_place`, and what waits in
//! them.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Mutex as PlainMutex;

use rehearsal_sim::std::sync::Arc;
use rehearsal_sim::tokio::runtime::Handle;
use rehearsal_sim::tokio::sync::{Mutex, RwLock, broadcast, mpsc, oneshot};
use rehearsal_sim::tokio::task::{JoinSet, block_in_place, spawn_blocking, yield_now};
use rehearsal_sim::tokio::time::{Duration, Instant, sleep};
use rehearsal_sim::{Config, Interleave, Leaks, Outcome, Verdict, run, tokio};

use super::config;

/// Runs a program under so many seeds with each kind of points. Returns the values of the runs,
/// all of which pass.
fn all_pass<F, T>(seeds: u64, program: impl Fn() -> F) -> BTreeSet<T>
where
    F: Future<Output = T> + 'static,
    T: Ord + 'static,
{
    let mut values = BTreeSet::new();
    for interleave in Interleave::ALL {
        for seed in 0..seeds {
            let outcome = run(config(seed, interleave), |_| program());
            assert_eq!(
                outcome.verdict,
                Verdict::Pass,
                "{interleave:?}, seed {seed}"
            );
            values.extend(outcome.value);
        }
    }
    values
}

/// Returns a run with each kind of points.
fn both<F, T>(program: impl Fn() -> F) -> [Outcome<T>; 2]
where
    F: Future<Output = T> + 'static,
    T: 'static,
{
    Interleave::ALL.map(|interleave| run(config(0, interleave), |_| program()))
}

#[test]
fn function_is_called_by_a_task_and_waits_in_virtual_time() {
    let values = all_pass(50, || async {
        let start = Instant::now();
        let task = spawn_blocking(move || {
            Handle::current().block_on(sleep(Duration::from_secs(60)));
            start.elapsed().as_secs()
        });
        let ticks = tokio::spawn(async move {
            for _ in 0..59 {
                sleep(Duration::from_secs(1)).await;
            }
            start.elapsed().as_secs()
        });
        (task.await.expect("it ends"), ticks.await.expect("it ends"))
    });
    assert_eq!(values, BTreeSet::from([(60, 59)]));
}

#[test]
fn task_has_a_name_and_a_host() {
    for interleave in Interleave::ALL {
        let outcome = run(config(0, interleave), |world| async move {
            let server = world.host("server");
            let started = world.spawn_on(server, async {
                drop(spawn_blocking(|| {
                    Handle::current().block_on(sleep(Duration::from_secs(1)))
                }));
            });
            started.await.expect("it ends");
            yield_now().await;
            let census = world.census();
            let described = census
                .tasks
                .iter()
                .map(|task| (task.name.clone(), task.host.clone()));
            described.collect::<Vec<_>>()
        });
        let tasks = outcome.value.expect("it passed");
        let expected = ("spawn_blocking".to_owned(), "server".to_owned());
        assert!(tasks.contains(&expected), "{tasks:?}");
    }
}

#[test]
fn panic_in_it_ends_the_run_and_names_the_line() {
    for outcome in both(|| async { spawn_blocking(|| panic!("as it should")).await.is_ok() }) {
        let Verdict::Panic(report) = outcome.verdict else {
            panic!("{}", outcome.verdict);
        };
        assert_eq!(report.message, "as it should");
        assert!(report.task.contains("`spawn_blocking`"), "{}", report.task);
        assert!(
            report.location.contains("operations/blocking.rs:"),
            "{}",
            report.location
        );
    }
}

/// Two functions add to a number under one lock, which they release in between.
async fn lost_update() -> bool {
    let total = Arc::new(Mutex::new(0));
    let mut set = JoinSet::new();
    for _ in 0..2 {
        let total = Arc::clone(&total);
        set.spawn_blocking(move || {
            let before = *total.blocking_lock();
            *total.blocking_lock() = before + 1;
        });
    }
    while let Some(ended) = set.join_next().await {
        ended.expect("it ends");
    }
    *total.lock().await == 2
}

#[test]
fn every_order_of_two_functions_is_explored() {
    for interleave in Interleave::ALL {
        let found = |seed| run(config(seed, interleave), |_| lost_update()).value;
        let found: BTreeSet<_> = (0..100)
            .map(|seed| found(seed).expect("it passed"))
            .collect();
        assert_eq!(found, BTreeSet::from([false, true]), "{interleave:?}");
    }
}

#[test]
fn seed_decides_the_run() {
    for interleave in Interleave::ALL {
        for seed in 0..50 {
            let execute = || run(config(seed, interleave), |_| lost_update());
            let (first, second) = (execute(), execute());
            assert_eq!(
                first.fingerprint, second.fingerprint,
                "{interleave:?}, seed {seed}"
            );
            assert_eq!(first.value, second.value);
        }
    }
}

#[test]
fn functions_and_futures_wait_for_each_other() {
    all_pass(100, || async {
        let (requests, mut received) = mpsc::channel(1);
        let (answers, mut answered) = mpsc::channel(1);
        let server = spawn_blocking(move || {
            while let Some(number) = received.blocking_recv() {
                answers.blocking_send(number * 2).expect("it is received");
            }
        });
        for number in 0..3 {
            requests.send(number).await.expect("it is received");
            assert_eq!(answered.recv().await, Some(number * 2));
        }
        drop(requests);
        server.await.expect("it ends");
    });
}

#[test]
fn each_operation_that_blocks_lets_others_go_on() {
    all_pass(50, || async {
        let lock = Arc::new(RwLock::new(0));
        let (once, value) = oneshot::channel();
        let (events, mut subscriber) = broadcast::channel(4);
        let (numbers, mut many) = mpsc::unbounded_channel();
        let owned = Arc::new(Mutex::new(0));
        let held = Arc::clone(&owned).lock_owned().await;
        let written = lock.write().await;
        let function = {
            let (lock, owned) = (Arc::clone(&lock), Arc::clone(&owned));
            spawn_blocking(move || {
                let read = *lock.blocking_read();
                *lock.blocking_write() += 1;
                *owned.blocking_lock_owned() += 1;
                let mut buffer = Vec::new();
                let received = many.blocking_recv_many(&mut buffer, 8);
                let first = value.blocking_recv().expect("it is sent");
                (read, first, subscriber.blocking_recv(), received > 0)
            })
        };
        yield_now().await;
        drop(written);
        yield_now().await;
        drop(held);
        yield_now().await;
        numbers.send(1).expect("it is received");
        once.send(2).expect("it is received");
        events.send(3).expect("it is received");
        assert_eq!(function.await.expect("it ends"), (0, 2, Ok(3), true));
        assert_eq!((*lock.read().await, *owned.lock().await), (1, 1));
    });
}

#[test]
fn function_that_has_begun_cannot_be_aborted() {
    let seen = all_pass(100, || async {
        let began = Arc::new(PlainMutex::new((false, false)));
        let record = Arc::clone(&began);
        let task = spawn_blocking(move || {
            record.lock().expect("no panic").0 = true;
            Handle::current().block_on(yield_now());
            record.lock().expect("no panic").1 = true;
        });
        yield_now().await;
        task.abort();
        let cancelled = task.await.is_err_and(|error| error.is_cancelled());
        let (began, ended) = *began.lock().expect("no panic");
        assert_eq!((began, ended), (!cancelled, !cancelled));
        cancelled
    });
    // One that has not begun is never called.
    assert_eq!(seen, BTreeSet::from([false, true]));
}

#[test]
fn function_is_never_cancelled_in_its_middle() {
    for interleave in Interleave::ALL {
        for seed in 0..200 {
            let config = Config {
                cancellations: 5,
                ..config(seed, interleave)
            };
            let outcome = run(config, |_| async {
                let waits = || Handle::current().block_on(sleep(Duration::from_millis(1)));
                let one = spawn_blocking(waits);
                one.await.expect("it is not cancelled");
                let reached = Rc::new(Cell::new(0));
                let count = Rc::clone(&reached);
                let other = tokio::task::spawn_local(async move {
                    yield_now().await;
                    block_in_place(|| {
                        count.set(1);
                        Handle::current().block_on(sleep(Duration::from_millis(1)));
                        count.set(2);
                    });
                });
                drop(other.await);
                assert_ne!(reached.get(), 1);
            });
            assert_eq!(
                outcome.verdict,
                Verdict::Pass,
                "{interleave:?}, seed {seed}"
            );
        }
    }
}

/// Each function takes both locks, in its own order.
async fn two_orders() {
    let locks = Arc::new((Mutex::new(()), Mutex::new(())));
    let other = Arc::clone(&locks);
    let one = spawn_blocking(move || {
        let _first = locks.0.blocking_lock();
        let _second = locks.1.blocking_lock();
    });
    let other = spawn_blocking(move || {
        let _first = other.1.blocking_lock();
        let _second = other.0.blocking_lock();
    });
    one.await.expect("it ends");
    other.await.expect("it ends");
}

#[test]
fn deadlock_of_two_functions_is_reported_when_it_closes() {
    for interleave in Interleave::ALL {
        let found = (0..100).find_map(|seed| {
            match run(config(seed, interleave), |_| two_orders()).verdict {
                Verdict::Deadlock { cycle, tasks, .. } => Some((cycle, tasks)),
                _ => None,
            }
        });
        let (cycle, tasks) = found.expect("one is found");
        assert!(cycle && tasks.len() == 2, "{interleave:?}");
        for task in tasks {
            assert!(
                task.description.contains("`spawn_blocking`"),
                "{}",
                task.description
            );
            let waits = task.waits.join("\n");
            assert!(waits.starts_with("lock of Mutex#"), "{waits}");
            assert!(waits.contains("held by"), "{waits}");
        }
    }
}

#[test]
fn crash_of_the_host_unwinds_the_function() {
    for interleave in Interleave::ALL {
        let outcome = run(config(0, interleave), |world| async move {
            let server = world.host("server");
            let (alive, mut dropped) = mpsc::channel::<()>(1);
            let started = world.spawn_on(server, async {
                drop(spawn_blocking(move || {
                    let _alive = alive;
                    Handle::current().block_on(sleep(Duration::from_secs(3_600)));
                }));
            });
            started.await.expect("it ends");
            sleep(Duration::from_secs(1)).await;
            world.crash(server);
            assert_eq!(dropped.recv().await, None);
            world.now()
        });
        assert_eq!(outcome.verdict, Verdict::Pass);
        let at = outcome.value.expect("it passed").as_micros();
        assert_eq!(at, 1_000_000);
    }
}

#[test]
fn function_that_waits_at_the_end_of_the_run_is_unwound() {
    for interleave in Interleave::ALL {
        let (sender, receiver) = std::sync::mpsc::channel::<()>();
        let outcome = run(config(0, interleave), |_| async move {
            drop(spawn_blocking(move || {
                let _sender = sender;
                Handle::current().block_on(std::future::pending::<()>());
            }));
            sleep(Duration::from_secs(1)).await;
        });
        assert_eq!(outcome.verdict, Verdict::Pass);
        assert!(
            receiver
                .try_recv()
                .is_err_and(|error| error == std::sync::mpsc::TryRecvError::Disconnected)
        );
    }
}

#[test]
fn task_that_may_not_block_panics_as_in_tokio() {
    for outcome in both(|| async {
        let lock = Mutex::new(1);
        let block = || {
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(lock.blocking_lock())))
                .is_err()
        };
        let nested = spawn_blocking(|| {
            let inner = async {
                std::panic::catch_unwind(|| Handle::current().block_on(async {})).is_err()
            };
            Handle::current().block_on(inner)
        });
        (block(), nested.await.expect("it ends"))
    }) {
        assert_eq!(outcome.value, Some((true, true)), "{}", outcome.verdict);
    }
}

/// Waits in the middle of a task. With `early`, after another has blocked.
async fn waits_in_place(early: bool) -> u32 {
    if early {
        spawn_blocking(|| ()).await.expect("it ends");
    }
    let (sender, receiver) = oneshot::channel();
    let receives = tokio::spawn(async {
        let in_place = block_in_place(|| Handle::current().block_on(receiver));
        in_place.expect("it is sent")
    });
    yield_now().await;
    sender.send(7).expect("it is received");
    receives.await.expect("it ends")
}

#[test]
fn block_in_place_lets_other_tasks_go_on() {
    for seed in 0..50 {
        let outcome = run(config(seed, Interleave::Operations), |_| {
            waits_in_place(false)
        });
        assert_eq!(outcome.value, Some(7), "seed {seed}: {}", outcome.verdict);
    }
    assert_eq!(all_pass(50, || waits_in_place(true)), BTreeSet::from([7]));
}

#[test]
fn wait_in_place_that_would_block_the_run_is_a_panic_that_says_so() {
    let refused = (0..20).find_map(|seed| {
        let outcome = run(config(seed, Interleave::Awaits), |_| waits_in_place(false));
        match outcome.verdict {
            Verdict::Panic(report) => Some(report),
            // It was sent before.
            Verdict::Pass => None,
            other => panic!("{other}"),
        }
    });
    let report = refused.expect("in one of these seeds it has to wait");
    let expected = "a wait in `block_in_place` would block the run for ever";
    assert!(report.message.starts_with(expected), "{}", report.message);
    assert!(
        report.location.contains("operations/blocking.rs:"),
        "{}",
        report.location
    );
}

/// A plain lock is held by a function that waits. The thread must not be blocked for it.
#[test]
#[cfg(all(
    target_os = "linux",
    any(target_env = "gnu", target_env = "musl"),
    target_arch = "x86_64"
))]
fn plain_lock_of_a_function_that_waits_does_not_block_the_run() {
    for outcome in both(|| async {
        let total = Arc::new(PlainMutex::new(0));
        let other = Arc::clone(&total);
        let holds = spawn_blocking(move || {
            let mut total = other.lock().expect("no panic");
            Handle::current().block_on(sleep(Duration::from_secs(1)));
            *total += 1;
        });
        sleep(Duration::from_millis(1)).await;
        *total.lock().expect("no panic") += 1;
        holds.await.expect("it ends");
        *total.lock().expect("no panic")
    }) {
        assert_eq!(outcome.value, Some(2), "{}", outcome.verdict);
    }
}

#[test]
fn outside_a_run_it_is_tokios() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build();
    let runtime = runtime.expect("a runtime");
    let sum = runtime.block_on(async {
        let lock = Arc::new(Mutex::new(1));
        let other = Arc::clone(&lock);
        let blocks = spawn_blocking(move || *other.blocking_lock());
        let in_place = tokio::spawn(async { block_in_place(|| 2) });
        blocks.await.expect("it ends") + in_place.await.expect("it ends")
    });
    assert_eq!(sum, 3);
    runtime.shutdown_background();
}

#[test]
fn leaks_stay_what_they_were() {
    let program = || async {
        let leaks = ::tokio::task::spawn_blocking(|| 7).await;
        leaks.expect("it does not panic")
    };
    for interleave in Interleave::ALL {
        assert_eq!(config(0, interleave).leaks, Leaks::Fail);
        let outcome = run(config(0, interleave), |_| program());
        assert_eq!(outcome.verdict.as_str(), "leak", "{}", outcome.verdict);
    }
}
