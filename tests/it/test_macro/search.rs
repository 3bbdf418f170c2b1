//! Exhaustive searches of tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rehearsal::prelude::*;
use rehearsal::tokio::spawn;
use rehearsal::tokio::sync::Mutex;
use rehearsal::{Test, TestLocation};

use super::told;
use crate::support::assert_shows;

/// One task has nine turns while the other is between its read and its write: a decision a turn,
/// or one that lasts.
async fn update_in_turns(_: World) {
    let total = Arc::new(AtomicU64::new(0));
    let add = |turns: usize| {
        let total = Arc::clone(&total);
        spawn(async move {
            for _ in 0..turns {
                rehearsal::tokio::task::yield_now().await;
            }
            let seen = total.load(Ordering::Relaxed);
            rehearsal::tokio::task::yield_now().await;
            total.store(seen + 1, Ordering::Relaxed);
        })
    };
    for task in [add(0), add(9)] {
        task.await.expect("no task fails");
    }
    assert_eq!(total.load(Ordering::Relaxed), 2, "an update is lost");
}

#[rehearsal::test(strategy = "exhaustive:2")]
async fn a_healthy_program_is_proved() {
    let total = Arc::new(Mutex::new(0));
    let tasks = [(); 2].map(|()| {
        let total = Arc::clone(&total);
        spawn(async move { *total.lock().await += 1 })
    });
    for task in tasks {
        task.await.expect("no task fails");
    }
    assert_eq!(*total.lock().await, 2);
}

/// Has so many schedules within 16 deviations that no search ends.
async fn many_turns(_: World) {
    let tasks = [(); 3].map(|()| {
        spawn(async {
            for _ in 0..12 {
                rehearsal::tokio::task::yield_now().await;
            }
        })
    });
    for task in tasks {
        task.await.expect("no task fails");
    }
}

/// The portfolio begins with the schedules of one deviation, and says so.
#[test]
fn schedules_of_one_deviation_come_first() {
    let text = told("in_turns", |test| test, update_in_turns);
    assert_shows(
        &text,
        &[
            "in_turns  seed 0",
            "an update is lost",
            "1 deviation, 0 preemptions, 1 postponement, of ",
            "is postponed at tests/it/test_macro/search.rs:",
            " until no other task can go on, at step ",
            "with at most 1 deviation, before the seeds",
            "Without the deviation marked » the run passes.",
        ],
    );
}

#[test]
fn a_search_of_a_test_says_what_a_pass_would_mean() {
    let search = |test: Test| test.strategy("exhaustive:1");
    let text = told("searched", search, update_in_turns);
    assert_shows(
        &text,
        &[
            "searched  seed 0",
            "  search  schedule ",
            " with at most 1 deviation; a pass proves that none of them fails",
        ],
    );
}

/// A wider bound has more schedules, all of seed 0.
#[test]
fn a_search_runs_the_schedules_of_one_seed() {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    let schedules = |strategy: &str| {
        RUNS.store(0, Ordering::Relaxed);
        let place = TestLocation {
            package: "rehearsal",
            module: module_path!(),
            name: "a_search_runs_the_schedules_of_one_seed",
            file: file!(),
        };
        let test = Test::new(place).strategy(strategy);
        test.run(|_| async {
            RUNS.fetch_add(1, Ordering::Relaxed);
            let tasks = [(); 2].map(|()| spawn(rehearsal::tokio::task::yield_now()));
            for task in tasks {
                task.await.expect("no task fails");
            }
        });
        RUNS.load(Ordering::Relaxed)
    };
    let (none, one, two) = (
        schedules("exhaustive:0"),
        schedules("exhaustive:1"),
        schedules("exhaustive:2"),
    );
    // The default schedule is run three times: two of them are compared.
    assert_eq!(none, 3);
    assert!(none < one && one < two, "{none}, {one}, {two}");
}

/// A search that would take for ever is not begun.
#[test]
fn a_search_of_too_many_schedules_is_refused() {
    let search = |test: Test| test.strategy("exhaustive:16");
    let text = told("too_many", search, many_turns);
    assert_shows(
        &text,
        &["nothing is proved: 1 schedule of about ", "`exhaustive:`"],
    );
}

/// A failure of the first schedule is reported, although its search would not be begun.
#[test]
fn a_failing_default_schedule_is_reported_before_the_size_of_the_search() {
    let search = |test: Test| test.strategy("exhaustive:16");
    let text = told("fails_first", search, |world| async move {
        many_turns(world).await;
        assert_eq!(1, 2, "it always fails");
    });
    assert_shows(&text, &["fails_first  seed 0", "it always fails"]);
    assert!(!text.contains("nothing is proved"), "{text}");
}
