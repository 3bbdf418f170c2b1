//! Threads of `std::thread` as tasks of a run, and what the standard library has them wait for.
//! Outside a run they are the standard library's own, and do the same.

use std::collections::BTreeSet;
use std::time::Duration;

use rehearsal_sim::std::sync::atomic::AtomicU32;
use rehearsal_sim::std::sync::atomic::Ordering::SeqCst;
use rehearsal_sim::std::sync::{Arc, Mutex};
use rehearsal_sim::std::thread;
use rehearsal_sim::tokio::task::spawn_blocking;
use rehearsal_sim::tokio::time::Instant;
use rehearsal_sim::{Interleave, Recording, Verdict, run};

use super::config;

macro_rules! programs {
    ($module:ident, ::$($std:ident)::+) => {
        #[allow(clippy::disallowed_methods, reason = "outside a run they are threads")]
        mod $module {
            use ::$($std)::+ as std;
            use ::std::time::Duration;
            include!("std_programs.rs");
        }
    };
}

programs!(plain, ::std);
programs!(facade, ::rehearsal_sim::std);

type Program = fn() -> Vec<String>;

const PROGRAMS: [(Program, Program); 8] = [
    (plain::threads_end, facade::threads_end),
    (plain::permit_is_kept, facade::permit_is_kept),
    (
        plain::channel_is_in_order_and_ends,
        facade::channel_is_in_order_and_ends,
    ),
    (
        plain::value_without_a_receiver_comes_back,
        facade::value_without_a_receiver_comes_back,
    ),
    (plain::bound_is_kept, facade::bound_is_kept),
    (
        plain::values_are_handed_over,
        facade::values_are_handed_over,
    ),
    (
        plain::barrier_has_one_leader,
        facade::barrier_has_one_leader,
    ),
    (
        plain::function_is_called_once,
        facade::function_is_called_once,
    ),
];

#[test]
fn threads_do_the_same_in_a_run_and_outside() {
    for (index, (plain, facade)) in PROGRAMS.into_iter().enumerate() {
        let expected = plain();
        assert_eq!(facade(), expected, "program {index} outside a run");
        for interleave in Interleave::ALL {
            for seed in 0..60 {
                let outcome = run(config(seed, interleave), move |_| async move {
                    spawn_blocking(facade).await.expect("it ends")
                });
                let verdict = outcome.verdict;
                let place = format!("program {index}, {interleave:?}, seed {seed}");
                assert_eq!(verdict, Verdict::Pass, "{place}");
                assert_eq!(outcome.value.as_ref(), Some(&expected), "{place}");
            }
        }
    }
}

/// Two threads add one to a number, by a load and a store.
fn lost_update() -> bool {
    let total = Arc::new(AtomicU32::new(0));
    let threads = [(); 2].map(|()| {
        let total = Arc::clone(&total);
        thread::spawn(move || {
            let before = total.load(SeqCst);
            total.store(before + 1, SeqCst);
        })
    });
    for thread in threads {
        thread.join().expect("no panic");
    }
    total.load(SeqCst) == 2
}

#[test]
fn orders_of_threads_are_explored() {
    let values = |interleave| {
        let value = |seed| {
            run(config(seed, interleave), |_| async {
                spawn_blocking(lost_update).await
            })
        };
        let values = (0..200).filter_map(|seed| value(seed).value?.ok());
        values.collect::<BTreeSet<_>>()
    };
    assert_eq!(
        values(Interleave::Operations),
        BTreeSet::from([false, true])
    );
    // Between its waits a thread is not interrupted.
    assert_eq!(values(Interleave::Awaits), BTreeSet::from([true]));
}

#[test]
fn task_waits_for_a_thread_where_operations_are_points() {
    for seed in 0..50 {
        let outcome = run(config(seed, Interleave::Operations), |_| async {
            lost_update()
        });
        assert_eq!(outcome.verdict, Verdict::Pass, "seed {seed}");
        let again = run(config(seed, Interleave::Operations), |_| async {
            lost_update()
        });
        assert_eq!(outcome.fingerprint, again.fingerprint, "seed {seed}");
    }
}

#[test]
fn time_is_virtual() {
    for interleave in Interleave::ALL {
        let outcome = run(config(0, interleave), |_| async {
            let hour = Duration::from_secs(3_600);
            let slept = spawn_blocking(move || {
                let start = Instant::now();
                let other = thread::spawn(move || thread::park_timeout(hour));
                thread::sleep(hour);
                other.join().expect("no panic");
                start.elapsed() == hour
            });
            slept.await.expect("it ends")
        });
        assert_eq!(outcome.value, Some(true), "{}", outcome.verdict);
    }
}

#[test]
fn wait_that_would_block_the_run_is_a_panic_that_says_so() {
    let waits: [(&str, fn()); 3] = [
        ("`JoinHandle::join`", || _ = lost_update()),
        ("`thread::sleep`", || thread::sleep(Duration::from_secs(1))),
        ("`thread::park`", thread::park),
    ];
    for (name, wait) in waits {
        let outcome = run(
            config(0, Interleave::Awaits),
            move |_| async move { wait() },
        );
        let Verdict::Panic(report) = outcome.verdict else {
            panic!("{}", outcome.verdict);
        };
        let expected = format!("{name} would block the run for ever");
        assert!(report.message.starts_with(&expected), "{}", report.message);
    }
}

/// Two threads take two locks, in two orders.
fn two_orders() {
    let locks = Arc::new((Mutex::new(()), Mutex::new(())));
    let other = Arc::clone(&locks);
    let first = thread::Builder::new()
        .name("first".to_owned())
        .spawn(move || {
            let _first = locks.0.lock();
            let _second = locks.1.lock();
        });
    let second = thread::spawn(move || {
        let _first = other.1.lock();
        let _second = other.0.lock();
    });
    first.expect("it starts").join().expect("no panic");
    second.join().expect("no panic");
}

#[test]
fn deadlock_names_the_threads() {
    let tasks = (0..200).find_map(|seed| {
        let outcome = run(config(seed, Interleave::Operations), |_| async {
            two_orders()
        });
        match outcome.verdict {
            Verdict::Deadlock { tasks, .. } => Some(tasks),
            _ => None,
        }
    });
    let tasks = tasks.expect("one is found");
    let mut names: Vec<_> = tasks.iter().map(|task| task.description.as_str()).collect();
    names.sort_unstable();
    assert!(
        names[0].contains("`first`") && names[1].contains("`thread`"),
        "{names:?}"
    );
}

#[test]
fn panic_in_a_thread_ends_the_run() {
    let outcome = run(config(0, Interleave::Operations), |_| async {
        thread::spawn(|| panic!("as it should")).join().is_err()
    });
    let Verdict::Panic(report) = outcome.verdict else {
        panic!("{}", outcome.verdict);
    };
    assert_eq!(report.message, "as it should");
    assert!(report.task.contains("`thread`"), "{}", report.task);
}

#[test]
fn thread_that_parks_for_ever_is_reported_with_its_line() {
    let config = rehearsal_sim::Config {
        recording: Recording::Full,
        ..config(0, Interleave::Operations)
    };
    let outcome = run(config, |_| async {
        thread::spawn(thread::park).join().is_ok()
    });
    let Verdict::Deadlock { tasks, .. } = outcome.verdict else {
        panic!("{}", outcome.verdict);
    };
    let waits: Vec<_> = tasks.into_iter().flat_map(|task| task.waits).collect();
    let parked = waits
        .iter()
        .find(|wait| wait.starts_with("park of thread#"));
    let parked = parked.expect("one is parked");
    assert!(parked.contains("operations/threads.rs:"), "{parked}");
}
