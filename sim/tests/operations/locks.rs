//! Locks of the standard library: the facade's are resources of the run, and plain ones do not
//! block its thread.
#![expect(
    clippy::disallowed_methods,
    reason = "outside a run they are used by threads"
)]

use std::sync::Mutex as PlainMutex;

use rehearsal_sim::std::sync::{Arc, Condvar, Mutex, OnceLock, RwLock};
use rehearsal_sim::tokio::time::{Duration, Instant};
use rehearsal_sim::tokio::{self, sync::mpsc};
use rehearsal_sim::{Config, Interleave, Verdict, run, sync::point};

use super::config;

fn operations(seed: u64) -> Config {
    config(seed, Interleave::Operations)
}

/// Returns how many of these seeds end in each of pass, deadlock, and another verdict.
fn verdicts<F: Future<Output = ()> + 'static>(
    seeds: u64,
    program: impl Fn() -> F,
) -> (u64, u64, u64) {
    let mut counts = (0, 0, 0);
    for seed in 0..seeds {
        match run(operations(seed), |_| program()).verdict {
            Verdict::Pass => counts.0 += 1,
            Verdict::Deadlock { .. } => counts.1 += 1,
            _ => counts.2 += 1,
        }
    }
    counts
}

/// Two tasks change a value that a lock guards, and are interrupted while they hold it.
async fn guarded_by_the_facade() {
    let total = Arc::new(Mutex::new(0));
    let tasks: Vec<_> = (0..3)
        .map(|_| {
            let total = Arc::clone(&total);
            tokio::spawn(async move {
                let mut total = total.lock().expect("no panic");
                let read = *total;
                point!();
                *total = read + 1;
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("it ends");
    }
    assert_eq!(*total.lock().expect("no panic"), 3);
}

#[test]
fn lock_excludes_other_tasks() {
    assert_eq!(verdicts(300, guarded_by_the_facade), (300, 0, 0));
}

async fn two_locks_in_two_orders() {
    let locks = Arc::new((Mutex::new(()), Mutex::new(())));
    let other = Arc::clone(&locks);
    let one = tokio::spawn(async move {
        let _first = locks.0.lock();
        let _second = locks.1.lock();
    });
    let other = tokio::spawn(async move {
        let _first = other.1.lock();
        let _second = other.0.lock();
    });
    one.await.expect("it ends");
    other.await.expect("it ends");
}

#[test]
fn locks_in_two_orders_are_a_deadlock_that_names_them() {
    let (passed, deadlocked, others) = verdicts(200, two_locks_in_two_orders);
    assert!(
        passed > 0 && deadlocked > 0 && others == 0,
        "{passed} {deadlocked} {others}"
    );
    let deadlock = (0..200).find_map(|seed| {
        match run(operations(seed), |_| two_locks_in_two_orders()).verdict {
            Verdict::Deadlock {
                cycle, tasks, at, ..
            } => Some((cycle, tasks, at)),
            _ => None,
        }
    });
    let (cycle, tasks, at) = deadlock.expect("one is found");
    assert!(cycle, "it is reported when the cycle closes");
    assert_eq!((at.as_micros(), tasks.len()), (0, 2));
    for task in tasks {
        let waits = task.waits.join("\n");
        assert!(waits.starts_with("lock of Mutex#"), "{waits}");
        assert!(
            waits.contains("locks.rs:") && waits.contains("held by"),
            "{waits}"
        );
    }
}

/// A plain lock is held by a task that is interrupted.
async fn guarded_by_a_plain_lock() {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let total = Arc::new(PlainMutex::new(0));
    for _ in 0..3 {
        let (total, sender) = (Arc::clone(&total), sender.clone());
        tokio::spawn(async move {
            let mut total = total.lock().expect("no panic");
            *total += 1;
            sender.send(*total).expect("it is received");
        });
    }
    drop(sender);
    for expected in 1..=3 {
        assert_eq!(receiver.recv().await, Some(expected));
    }
}

#[test]
#[cfg(all(
    target_os = "linux",
    any(target_env = "gnu", target_env = "musl"),
    target_arch = "x86_64"
))]
fn plain_lock_of_an_interrupted_task_does_not_block_the_run() {
    assert_eq!(verdicts(40, guarded_by_a_plain_lock), (40, 0, 0));
}

async fn two_plain_locks_in_two_orders() {
    let locks = Arc::new((PlainMutex::new(()), PlainMutex::new(())));
    let other = Arc::clone(&locks);
    let one = tokio::spawn(async move {
        let _first = locks.0.lock();
        point!();
        let _second = locks.1.lock();
    });
    let other = tokio::spawn(async move {
        let _first = other.1.lock();
        point!();
        let _second = other.0.lock();
    });
    one.await.expect("it ends");
    other.await.expect("it ends");
}

#[test]
#[cfg(all(
    target_os = "linux",
    any(target_env = "gnu", target_env = "musl"),
    target_arch = "x86_64"
))]
fn plain_locks_in_two_orders_are_a_deadlock() {
    let (passed, deadlocked, others) = verdicts(30, two_plain_locks_in_two_orders);
    assert!(
        passed > 0 && deadlocked > 0 && others == 0,
        "{passed} {deadlocked} {others}"
    );
}

#[test]
fn readers_share_a_lock_and_writers_do_not() {
    let program = || async {
        let value = Arc::new(RwLock::new((0, 0)));
        let writer = Arc::clone(&value);
        let writes = tokio::spawn(async move {
            for _ in 0..3 {
                let mut pair = writer.write().expect("no panic");
                pair.0 += 1;
                point!();
                pair.1 += 1;
            }
        });
        for _ in 0..3 {
            let pair = value.read().expect("no panic");
            let first = pair.0;
            point!();
            assert_eq!((first, first), *pair);
        }
        writes.await.expect("it ends");
    };
    assert_eq!(verdicts(200, program), (200, 0, 0));
}

#[test]
fn condition_is_waited_for_without_blocking_the_run() {
    let program = || async {
        let pair = Arc::new((Mutex::new(false), Condvar::new()));
        let waits = {
            let pair = Arc::clone(&pair);
            tokio::spawn(async move {
                let ready = pair.0.lock().expect("no panic");
                let ready = pair.1.wait_while(ready, |ready| !*ready);
                assert!(*ready.expect("no panic"));
            })
        };
        *pair.0.lock().expect("no panic") = true;
        pair.1.notify_one();
        waits.await.expect("it ends");
    };
    assert_eq!(verdicts(300, program), (300, 0, 0));
}

#[test]
fn time_out_of_a_condition_is_virtual_time() {
    let outcome = run(operations(0), |_| async {
        let (lock, condition) = (Mutex::new(()), Condvar::new());
        let before = Instant::now();
        let guard = lock.lock().expect("no panic");
        let hour = Duration::from_secs(3_600);
        let waited = condition.wait_timeout(guard, hour).expect("no panic");
        (waited.1.timed_out(), before.elapsed() == hour)
    });
    assert_eq!(outcome.value, Some((true, true)));
}

#[test]
fn value_is_made_once() {
    let program = || async {
        let cell = Arc::new(OnceLock::new());
        let tasks: Vec<_> = (0..3)
            .map(|number| {
                let cell = Arc::clone(&cell);
                tokio::spawn(async move {
                    *cell.get_or_init(|| {
                        point!();
                        number
                    })
                })
            })
            .collect();
        let mut seen = Vec::new();
        for task in tasks {
            seen.push(task.await.expect("it ends"));
        }
        seen.dedup();
        assert_eq!(seen.len(), 1, "{seen:?}");
    };
    assert_eq!(verdicts(300, program), (300, 0, 0));
}

#[test]
fn lock_that_would_block_the_run_is_a_panic_that_says_so() {
    let program = || async {
        let lock = Arc::new(Mutex::new(()));
        let held = Arc::clone(&lock);
        let holds = tokio::task::spawn_local(async move {
            let _held = held.lock();
            tokio::time::sleep(Duration::from_secs(1)).await;
        });
        tokio::task::yield_now().await;
        drop(lock.lock());
        holds.await.expect("it ends");
    };
    let outcome = run(config(0, Interleave::Awaits), |_| program());
    let Verdict::Panic(report) = outcome.verdict else {
        panic!("{:?}", outcome.verdict);
    };
    assert!(
        report.message.contains("would block the run for ever"),
        "{}",
        report.message
    );
    // With stacks, the task waits.
    assert_eq!(run(operations(0), |_| program()).verdict, Verdict::Pass);
}

#[test]
fn outside_a_run_they_are_the_standard_librarys() {
    let pair = Arc::new((Mutex::new(0), Condvar::new()));
    let other = Arc::clone(&pair);
    let thread = std::thread::spawn(move || {
        *other.0.lock().expect("no panic") += 1;
        other.1.notify_all();
    });
    let guard = pair.0.lock().expect("no panic");
    let guard = pair
        .1
        .wait_while(guard, |total| *total == 0)
        .expect("no panic");
    assert_eq!(*guard, 1);
    drop(guard);
    thread.join().expect("no panic");
    let poisoned = Arc::clone(&pair);
    let panics = std::thread::spawn(move || {
        let _guard = poisoned.0.lock();
        panic!("as it should");
    });
    assert!(panics.join().is_err());
    assert!(pair.0.is_poisoned() && pair.0.lock().is_err());
}
