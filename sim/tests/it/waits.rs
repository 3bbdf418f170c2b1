//! Waiting for tasks and for cancellations is a scheduling point, and is named
//! in the report of a deadlock.

use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use rehearsal_sim::tokio;
use rehearsal_sim::tokio::sync::{Mutex, SetOnce};
use rehearsal_sim::tokio::task::{JoinSet, LocalSet};
use rehearsal_sim::tokio::time::sleep;
use rehearsal_sim::tokio_util::sync::CancellationToken;
use rehearsal_sim::tokio_util::task::TaskTracker;
use rehearsal_sim::{Config, Effect, LockStep, Random, Recording, Trace, Verdict, run};

type Operation = fn() -> Pin<Box<dyn Future<Output = ()>>>;

fn forever() -> JoinSet<()> {
    let mut set = JoinSet::new();
    set.spawn(pending());
    set
}

#[test]
fn deadlock_report_names_each_wait() {
    let waits: [(Operation, &str); 9] = [
        (
            || Box::pin(async { drop(forever().join_next().await) }),
            "join_next of JoinSet#",
        ),
        (
            || Box::pin(async { drop(forever().join_all().await) }),
            "join_all of JoinSet#",
        ),
        (
            || Box::pin(CancellationToken::new().cancelled_owned()),
            "cancelled of CancellationToken#",
        ),
        (
            || {
                Box::pin(async {
                    let child = CancellationToken::new().child_token();
                    child.cancelled().await;
                })
            },
            "cancelled of CancellationToken#",
        ),
        (
            || {
                Box::pin(async {
                    let token = CancellationToken::new();
                    token.run_until_cancelled(pending::<()>()).await;
                })
            },
            "cancelled of CancellationToken#",
        ),
        (
            || Box::pin(async { TaskTracker::new().wait().await }),
            "wait of TaskTracker#",
        ),
        (
            || {
                Box::pin(async {
                    let local = LocalSet::new();
                    local.spawn_local(pending::<()>());
                    local.await;
                })
            },
            "join of LocalSet#",
        ),
        (
            || {
                Box::pin(async {
                    let cell = SetOnce::<()>::new();
                    cell.wait().await;
                })
            },
            "wait of SetOnce#",
        ),
        (
            || {
                Box::pin(async {
                    let mut set = forever();
                    tokio::select! {
                        _ = set.join_next() => {}
                        _ = pending::<()>() => {}
                    }
                })
            },
            "join_next of JoinSet#",
        ),
    ];
    for (operation, expected) in waits {
        let outcome = run(Config::default(), move |_| operation());
        let Verdict::Deadlock { tasks, .. } = outcome.verdict else {
            panic!("{expected}: {:?}", outcome.verdict)
        };
        let [wait] = tasks[0].waits.as_slice() else {
            panic!("{expected}: {:?}", tasks[0])
        };
        assert!(wait.starts_with(expected), "{wait}");
        assert!(
            wait.contains("(created at sim/tests/it/waits.rs:"),
            "{wait}"
        );
    }
}

#[test]
fn cancelled_wait_leaves_no_entry() {
    let outcome = run(Config::default(), |_| async {
        let mut set = forever();
        let wait = std::time::Duration::from_millis(1);
        let late = tokio::time::timeout(wait, set.join_next()).await;
        assert!(late.is_err());
        pending::<()>().await;
    });
    let Verdict::Deadlock { tasks, .. } = outcome.verdict else {
        panic!("{:?}", outcome.verdict)
    };
    assert!(tasks[0].waits.is_empty(), "{:?}", tasks[0]);
}

#[test]
fn loop_over_ready_operations_is_a_livelock() {
    let operations: [Operation; 6] = [
        || Box::pin(tokio::task::consume_budget()),
        || Box::pin(async { assert!(JoinSet::<()>::new().join_next().await.is_none()) }),
        || Box::pin(LocalSet::new()),
        || {
            Box::pin(async {
                let token = CancellationToken::new();
                token.cancel();
                token.cancelled().await;
            })
        },
        || {
            Box::pin(async {
                let token = CancellationToken::new();
                token.run_until_cancelled(async {}).await;
            })
        },
        || {
            Box::pin(async {
                let tracker = TaskTracker::new();
                tracker.close();
                tracker.wait().await;
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

/// Tasks are joined in the order of their ends, and both orders of two occur.
#[test]
fn set_joins_in_every_order() {
    let mut firsts = [0, 0];
    for seed in 0..40 {
        let config = Config {
            seed,
            strategy: Box::new(Random::default()),
            ..Config::default()
        };
        let outcome = run(config, |_| async {
            let mut set = JoinSet::new();
            set.spawn(async { 0 });
            set.spawn(async { 1 });
            set.join_all().await
        });
        assert_eq!(outcome.verdict, Verdict::Pass);
        let order = outcome.value.expect("it passed");
        assert!(order == [0, 1] || order == [1, 0], "{order:?}");
        firsts[order[0]] += 1;
    }
    assert!(firsts[0] > 0 && firsts[1] > 0, "{firsts:?}");
}

/// A handle that outlives its run does not end the tasks of the next.
#[test]
fn set_of_another_run_aborts_nothing() {
    let outcome = run(Config::default(), |_| async {
        let local = LocalSet::new();
        let task = local.spawn_local(pending::<()>());
        (forever(), local, task)
    });
    let before = outcome.value.expect("it passed");
    let outcome = run(Config::default(), |_| async move {
        let tasks: JoinSet<u32> = (0..4).map(std::future::ready).collect();
        drop(before);
        tasks.join_all().await
    });
    assert_eq!(outcome.verdict, Verdict::Pass);
    assert_eq!(outcome.value, Some(vec![0, 1, 2, 3]));
}

/// Two tasks hold the lock for ten and for twenty milliseconds; a third waits for both.
#[test]
fn waits_for_a_lock_are_counted_where_it_was_made() {
    let outcome = run(Config::default(), |_| async {
        let free = Arc::new(Mutex::new(()));
        drop(free.lock().await);
        let line = line!() + 1;
        let lock = Arc::new(Mutex::new(()));
        let hold = |ms| {
            let lock = Arc::clone(&lock);
            tokio::spawn(async move {
                let _guard = lock.lock().await;
                sleep(Duration::from_millis(ms)).await;
            })
        };
        for task in [hold(10), hold(20), hold(0)] {
            task.await.expect("it returns");
        }
        line
    });
    let [used] = outcome.locks.as_slice() else {
        panic!("one lock was waited for: {:?}", outcome.locks);
    };
    assert_eq!(Some(used.created_at.line()), outcome.value);
    assert_eq!((used.locks, used.waits), (1, 2));
    let ms = Duration::from_millis;
    assert_eq!(used.longest_hold, ms(20));
    assert_eq!(used.longest_wait, ms(30));
    assert_eq!(used.waited, ms(10) + ms(30));
    assert_eq!(outcome.statistics.lock_waits, 2);
}

/// The steps of two tasks towards one lock, in the order in which they happen. They are
/// recorded only where the effects are, and the fingerprint is the same without them.
#[test]
fn steps_towards_a_lock_are_recorded_beside_the_effects() {
    let program = |recording| {
        let config = Config {
            recording,
            strategy: Box::new(rehearsal_sim::Fifo),
            ..Config::default()
        };
        run(config, |world| async move {
            let lock = Arc::new(Mutex::new(()));
            let held = lock.clone().lock_owned().await;
            let waiter = tokio::spawn({
                let lock = Arc::clone(&lock);
                async move { drop(lock.lock().await) }
            });
            world.settled().await;
            drop(held);
            waiter.await.expect("no panic");
        })
    };
    let full = program(Recording::Full);
    let steps: Vec<(u32, LockStep)> = full
        .trace
        .locks
        .iter()
        .map(|change| (change.task.index(), change.step))
        .collect();
    assert_eq!(
        steps,
        [
            (0, LockStep::Acquired),
            (1, LockStep::WaitBegan),
            (0, LockStep::Released),
            (1, LockStep::WaitEnded),
            (1, LockStep::Acquired),
            (1, LockStep::Released),
        ]
    );
    let place = full.trace.locks[0].created_at.to_string();
    assert!(place.starts_with("sim/tests/it/waits.rs:"), "{place}");
    let fingerprint = program(Recording::Fingerprint);
    assert_eq!(fingerprint.trace, Trace::default());
    assert_eq!(fingerprint.fingerprint, full.fingerprint);
}

/// A wake follows the effect that caused it: here the poll in which the sender sends.
#[test]
fn wake_is_recorded_after_the_effect_that_caused_it() {
    let config = Config {
        recording: Recording::Full,
        strategy: Box::new(rehearsal_sim::Fifo),
        ..Config::default()
    };
    let outcome = run(config, |world| async move {
        let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
        let receiver = tokio::spawn(async move { receiver.recv().await });
        world.settled().await;
        sender.send(7).await.expect("the receiver waits");
        world.note("sent", String::new());
        receiver.await.expect("no panic")
    });
    let trace = &outcome.trace;
    let sent = |entry: &rehearsal_sim::Entry| matches!(&entry.effect, Effect::Note { label, .. } if *label == "sent");
    let sent = trace.entries.iter().position(sent).expect("it is noted");
    let wake = trace.wakes.iter().rfind(|wake| wake.task.index() == 1);
    let cause = &trace.entries[wake.expect("it is woken").effects - 1];
    let is_poll = |effect: &Effect| matches!(effect, Effect::Poll { task } if task.index() == 0);
    // Not the note, which the sender leaves in the same poll after it has sent.
    assert!(sent > 0 && is_poll(&cause.effect), "{cause:?}");
}
