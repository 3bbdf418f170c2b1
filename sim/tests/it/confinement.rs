//! Locks that are made in a run: their threads, and their use after the run.
#![expect(
    clippy::disallowed_methods,
    reason = "what is banned in the engine is what code under test does"
)]

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rehearsal_sim::tokio as facade;
use rehearsal_sim::{Config, Fifo, Leaks, Verdict, run};

use facade::sync::{Mutex, OwnedMutexGuard};
use facade::task::{spawn, yield_now};

fn config(leaks: Leaks) -> Config {
    Config {
        strategy: Box::new(Fifo),
        leaks,
        ..Config::default()
    }
}

/// Makes a lock in a run, uses it there, and returns it.
fn made_in_a_run() -> Arc<Mutex<u64>> {
    let outcome = run(config(Leaks::Fail), |_| async {
        let lock = Arc::new(Mutex::new(0));
        let tasks = [(); 3].map(|()| {
            let lock = Arc::clone(&lock);
            spawn(async move {
                let mut value = lock.lock().await;
                yield_now().await;
                *value += 1;
            })
        });
        for task in tasks {
            task.await.expect("no task fails");
        }
        lock
    });
    assert_eq!(outcome.verdict, Verdict::Pass);
    outcome.value.expect("it passed")
}

#[test]
fn lock_of_a_run_is_all_threads_afterwards() {
    const THREADS: u64 = 4;
    const TIMES: u64 = 500;
    let lock = made_in_a_run();
    std::thread::scope(|scope| {
        for number in 0..THREADS {
            let lock = &lock;
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .build()
                    .expect("a runtime");
                for _ in 0..TIMES {
                    if number % 2 == 0 {
                        *lock.blocking_lock() += 1;
                    } else {
                        runtime.block_on(async { *lock.lock().await += 1 });
                    }
                }
            });
        }
    });
    assert_eq!(*lock.try_lock().expect("it is free"), 3 + THREADS * TIMES);
}

#[test]
fn wait_for_a_lock_of_a_run_ends_afterwards() {
    let lock = made_in_a_run();
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let value = runtime.expect("a runtime").block_on(async {
        let held = Arc::clone(&lock).lock_owned().await;
        let waits = tokio::spawn({
            let lock = Arc::clone(&lock);
            async move { *lock.lock().await }
        });
        tokio::task::yield_now().await;
        assert!(!waits.is_finished());
        let mut part = OwnedMutexGuard::map(held, |value| value);
        *part = 8;
        drop(part);
        waits.await.expect("it does not panic")
    });
    assert_eq!(value, 8);
}

#[test]
#[should_panic = "Cannot start a runtime from within a runtime"]
fn task_of_tokio_does_not_block_for_a_lock_of_a_run() {
    let lock = made_in_a_run();
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.expect("a runtime");
    runtime.block_on(async { drop(lock.blocking_lock()) });
}

#[test]
fn guard_outlives_its_run() {
    let outcome = run(config(Leaks::Fail), |_| async {
        let lock = Arc::new(Mutex::new(1));
        (Arc::clone(&lock), lock.lock_owned().await)
    });
    let (lock, guard) = outcome.value.expect("it passed");
    assert!(lock.try_lock().is_err());
    std::thread::scope(|scope| {
        scope.spawn(move || drop(guard));
    });
    assert!(lock.try_lock().is_ok());
}

/// Has another thread lock while the run lasts. Returns `true` if it could.
fn locked_by_another_thread(leaks: Leaks) -> bool {
    // Apart from the run's value: a run that leaks has none.
    let locked = Arc::new(OnceLock::new());
    let seen = Arc::clone(&locked);
    run(config(leaks), move |_| async move {
        let lock = Arc::new(Mutex::new(0));
        let attempt = move || seen.set(lock.try_lock().is_ok());
        let attempt = std::thread::spawn(attempt).join();
        let first = attempt.expect("an attempt does not panic");
        first.expect("there is one attempt");
    });
    *locked.get().expect("there was an attempt")
}

#[test]
fn thread_outside_a_run_is_refused_its_locks() {
    assert!(!locked_by_another_thread(Leaks::Fail));
    // Where threads have a part in a run, locks are theirs too.
    assert!(locked_by_another_thread(Leaks::Allow));
}

#[test]
fn plain_task_waits_for_a_lock_of_its_run() {
    let outcome = run(config(Leaks::Fail), |_| async {
        let lock = Arc::new(Mutex::new(Vec::new()));
        let held = lock.lock().await;
        let plain = tokio::spawn({
            let lock = Arc::clone(&lock);
            async move { lock.lock().await.push("plain") }
        });
        facade::time::sleep(Duration::from_millis(1)).await;
        let mut held = held;
        held.push("ours");
        drop(held);
        plain.await.expect("it does not panic");
        lock.lock().await.clone()
    });
    assert_eq!(outcome.verdict, Verdict::Pass);
    assert_eq!(outcome.value, Some(vec!["ours", "plain"]));
}

#[test]
fn plain_task_that_never_waits_for_a_lock_yields() {
    let outcome = run(config(Leaks::Fail), |_| async {
        let lock = Arc::new(Mutex::new(0_u32));
        let locks = tokio::spawn({
            let lock = Arc::clone(&lock);
            async move {
                for _ in 0..1_000 {
                    *lock.lock().await += 1;
                }
            }
        });
        let looks = tokio::spawn(async move { *lock.lock().await });
        locks.await.expect("it does not panic");
        looks.await.expect("it does not panic")
    });
    assert_eq!(outcome.verdict, Verdict::Pass);
    let seen = outcome.value.expect("it passed");
    assert!(
        seen < 1_000,
        "a task looped {seen} times before another ran"
    );
}
