//! Cancellation in tests, `#[rehearsal::test(cancel = …)]`, and in scenarios, `[faults] cancel`:
//! what it finds and what it says.

use std::path::Path;
use std::sync::Arc;

use rehearsal::cancel::cancellable;
use rehearsal::run::{RunOptions, StrategyName, run_once};
use rehearsal::scenario::{Scenario, load};
use rehearsal::tokio::sync::{Mutex, mpsc};
use rehearsal::tokio::{select, spawn};
use rehearsal::{Test, TestLocation, World};

use crate::support::{assert_shows, failure_text};

fn test(name: &'static str) -> Test {
    Test::new(TestLocation {
        package: "rehearsal",
        module: module_path!(),
        name,
        file: file!(),
    })
}

/// Moves an item from a channel into a store. An attempt that is cancelled is repeated, as a
/// `select!` in a loop does. Between the channel and the store the attempt waits for a lock,
/// unless it is `safe`.
async fn deliver(safe: bool) {
    let (sender, mut items) = mpsc::channel(1);
    let stored = Mutex::new(Vec::new());
    sender.send("item").await.expect("there is room");
    drop(sender);
    loop {
        let attempt = cancellable(async {
            if safe {
                let mut stored = stored.lock().await;
                let item = items.recv().await;
                stored.extend(item);
                return item;
            }
            let item = items.recv().await?;
            stored.lock().await.push(item);
            Some(item)
        });
        if let Ok(None) = attempt.await {
            break;
        }
    }
    assert_eq!(*stored.lock().await, ["item"], "the item is lost");
}

/// As [`deliver`], by tasks: the next takes over if one was cancelled.
async fn deliver_in_tasks(safe: bool) {
    let (sender, items) = mpsc::channel(1);
    let (items, stored) = (
        Arc::new(Mutex::new(items)),
        Arc::new(Mutex::new(Vec::new())),
    );
    sender.send("item").await.expect("there is room");
    drop(sender);
    for _ in 0..3 {
        let (items, stored) = (Arc::clone(&items), Arc::clone(&stored));
        let task = spawn(async move {
            let mut items = items.lock().await;
            if safe {
                let mut stored = stored.lock().await;
                stored.extend(items.recv().await);
            } else if let Some(item) = items.recv().await {
                stored.lock().await.push(item);
            }
        });
        let ended = task.await;
        assert!(ended.err().is_none_or(|error| error.is_cancelled()));
    }
    assert_eq!(*stored.lock().await, ["item"], "the item is lost");
}

#[rehearsal::test(cancel = "each")]
async fn marked_future_that_is_safe_is_proved() {
    deliver(true).await;
}

#[rehearsal::test(cancel = "each", seeds = 3)]
async fn tasks_that_are_safe_are_proved() {
    deliver_in_tasks(true).await;
}

/// Under any schedule, as often as a run may.
#[rehearsal::test(cancel = 2, seeds = 100)]
async fn tasks_that_are_safe_pass() {
    deliver_in_tasks(true).await;
}

#[test]
fn item_that_is_lost_is_told_with_its_await() {
    let text = failure_text(test("marked").cancel("each"), |_| deliver(false));
    assert_shows(
        &text,
        &[
            "cancelled at each of 5 awaits of the default run of seed 0, 1 of 6 fail",
            "the item is lost",
            "the whole test; 1 deviation, 0 preemptions, of ",
            "drops the future of tests/it/cancel.rs:",
            " at the await of tests/it/cancel.rs:",
            ", before it uses the Mutex of tests/it/cancel.rs:",
            "Without the deviation marked » the run passes.",
            "marked -- --exact",
        ],
    );
    let text = failure_text(test("tasks").cancel("each"), |_| deliver_in_tasks(false));
    assert_shows(
        &text,
        &[
            "1 deviation, 0 preemptions, of ",
            "is dropped at the await of tests/it/cancel.rs:",
            "Without the deviation marked » the run passes.",
        ],
    );
}

/// Drawn under the portfolio, the same cancellation is found and shrunk to itself.
#[test]
fn seeds_find_the_item_that_is_lost() {
    let text = failure_text(test("drawn").cancel(1), |_| deliver_in_tasks(false));
    assert_shows(
        &text,
        &[
            "1 deviation, 0 preemptions, of ",
            "is dropped at the await of tests/it/cancel.rs:",
            "Without the deviation marked » the run passes.",
        ],
    );
}

/// Without the setting no task is dropped.
#[rehearsal::test(seeds = 64)]
async fn tasks_go_on_without_the_setting() {
    deliver_in_tasks(false).await;
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let nothing = |_: World| async {};
    assert_shows(
        &failure_text(test("none").cancel("all"), nothing),
        &["cancel: `all` is neither a number nor `each`"],
    );
    assert_shows(
        &failure_text(test("both").cancel("each").strategy("pos"), nothing),
        &["cancel: `each` is a strategy of its own"],
    );
    // No await at which something could be cancelled is no proof.
    assert_shows(
        &failure_text(test("empty").cancel("each"), nothing),
        &["none of the default run of seed 0 at which something could be cancelled"],
    );
}

/// The branch that a `select!` polls first is shrunk and told like any other choice.
#[test]
fn order_of_branches_is_failure_text() {
    let program = |_| async {
        let taken = select! {
            number = std::future::ready(1) => number,
            number = std::future::ready(2) => number,
        };
        assert_eq!(taken, 1, "the second branch wins");
    };
    let text = failure_text(test("branches"), program);
    assert_shows(
        &text,
        &[
            "the second branch wins",
            "1 deviation, 0 preemptions, of 1 choice",
            "polls branch 2 of the `select!` at tests/it/cancel.rs:",
            "Without the deviation marked » the run passes.",
        ],
    );
}

/// The programs whose defects need a cancellation.
const PROGRAMS: [&str; 6] = [
    "line-cleared",
    "handed-to-none",
    "frame-half-written",
    "returned-dirty",
    "entry-of-dropped",
    "window-kept",
];

/// Returns the number of the first seeds in which the scenario fails.
fn failing(scenario: &Scenario) -> usize {
    let options = |seed| RunOptions::new(seed, StrategyName::RANDOM);
    let fails = |seed: &u64| !run_once(scenario, options(*seed)).failures.is_empty();
    (0..400).filter(fails).count()
}

#[test]
fn defects_of_cancellation_need_one_and_their_twins_bear_it() {
    for name in PROGRAMS {
        let path = format!("scenarios/programs/defects/{name}.toml");
        let scenario = load(Path::new(&path)).unwrap_or_else(|problems| panic!("{problems:?}"));
        assert_eq!(scenario.spec.faults.cancel, 1, "{name}");
        assert!(failing(&scenario) > 0, "{name}");
        let twin = scenario.twin().expect("it has a defect");
        assert_eq!(failing(&twin), 0, "{name}+healthy");
        let mut spared = scenario.clone();
        spared.spec.faults.cancel = 0;
        assert_eq!(failing(&spared), 0, "{name} without cancellations");
    }
}
