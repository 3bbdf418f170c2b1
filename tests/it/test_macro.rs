//! `#[rehearsal::test]` as its users meet it: what passes, what fails, and what the
//! failure says.

mod documents;
mod oracles;
mod search;

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex as StdMutex};
use std::time::Duration;

use rehearsal::prelude::*;
use rehearsal::tokio::net::{TcpListener, TcpStream};
use rehearsal::tokio::sync::{Mutex, Notify};
use rehearsal::tokio::{spawn, time};
use rehearsal::{Test, TestLocation, TestOutcome};

use crate::support::{assert_shows, failure_text};

/// The output of a failing test of a program. Its repro goes to a file of the name.
fn told<F, Fut>(name: &'static str, set: impl FnOnce(Test) -> Test, program: F) -> String
where
    F: Fn(World) -> Fut + Send + Sync + 'static,
    Fut: Future<Output: TestOutcome> + 'static,
{
    let place = TestLocation {
        package: "rehearsal",
        module: module_path!(),
        name,
        file: file!(),
    };
    failure_text(set(Test::new(place)), program)
}

#[rehearsal::test]
async fn a_program_needs_no_world() {
    time::sleep(Duration::from_secs(300)).await;
}

#[rehearsal::test(seeds = 3..=5, strategy = "fifo", ambient = "real")]
async fn a_program_may_return_a_result(world: World) -> Result<(), String> {
    match world.now().as_millis() {
        0 => Ok(()),
        late => Err(format!("it begins at {late} ms")),
    }
}

#[rehearsal::test(seeds = 4)]
#[should_panic(expected = "shrunk run")]
async fn other_attributes_keep_their_meaning() {
    panic!("on purpose");
}

/// Each seed is run once, the first twice, and nothing else is.
#[test]
fn chosen_seeds_are_run() {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    let place = TestLocation {
        package: "rehearsal",
        module: module_path!(),
        name: "chosen_seeds_are_run",
        file: file!(),
    };
    let test = Test::new(place).seeds("10..15").strategy("random");
    test.run(|_| async {
        RUNS.fetch_add(1, Ordering::Relaxed);
    });
    assert_eq!(RUNS.load(Ordering::Relaxed), 6);
}

async fn lost_update(_: World) {
    let balance = Arc::new(Mutex::new(0));
    let tellers = [(); 2].map(|()| {
        let balance = Arc::clone(&balance);
        spawn(async move {
            let seen = *balance.lock().await;
            *balance.lock().await = seen + 1;
        })
    });
    for teller in tellers {
        teller.await.expect("no teller fails");
    }
    assert_eq!(*balance.lock().await, 2, "an update is lost");
}

#[test]
fn a_race_is_shrunk_to_the_choice_that_matters() {
    let text = told("lost_update", |test| test, lost_update);
    assert_shows(
        &text,
        &[
            "PANIC  it::test_macro::lost_update  seed ",
            "an update is lost",
            "the whole test; 1 deviation, 1 preemption, of ",
            " at tests/it/test_macro.rs:",
            "» ",
            "before its 2nd use of the Mutex of tests/it/test_macro.rs:",
            "Without the deviation marked » the run passes.",
            "lost_update -- --exact",
            "tests/regressions",
        ],
    );
}

/// A task is spawned, and has the turn in the same step: that is told in this order, and what
/// it did meanwhile where the other task goes on.
#[test]
fn a_preemption_is_told_after_what_came_before_it() {
    let text = told(
        "told_in_order",
        |test| test,
        |_| async {
            let value = Arc::new(Mutex::new(0));
            let other = Arc::clone(&value);
            let sets = spawn(async move { *other.lock().await = 1 });
            let read = *value.lock().await;
            sets.await.expect("it does not fail");
            assert_eq!(read, 0, "it was set before it was read");
        },
    );
    let line = |part: &str| {
        let found = text.lines().position(|line| line.contains(part));
        found.unwrap_or_else(|| panic!("`{part}` is missing in\n{text}"))
    };
    let spawned = line("spawns task 1");
    let gives_way = line("gives way to task 1");
    let meanwhile = line("; meanwhile task 1 (tests/it/test_macro.rs:");
    assert!(spawned < gives_way && gives_way < meanwhile, "{text}");
}

#[test]
fn a_notification_that_reaches_no_task_is_told() {
    let text = told(
        "unheard",
        |test| test.seeds(1),
        |_| async {
            let notify = Notify::new();
            notify.notify_waiters();
            notify.notified().await;
        },
    );
    assert_shows(
        &text,
        &[
            "DEADLOCK  it::test_macro::unheard",
            "notifies the waiters of the Notify of tests/it/test_macro.rs:",
            ": there are none",
        ],
    );
}

#[test]
fn equal_lines_are_told_once() {
    let text = told(
        "folded",
        |test| test.seeds(1),
        |world: World| async move {
            for _ in 0..3 {
                world.note("tick", "again".to_owned());
            }
            assert_eq!(1 + 1, 3, "on purpose");
        },
    );
    assert_eq!(text.matches("tick again").count(), 1, "{text}");
    assert_shows(&text, &["tick again (×3)"]);
}

/// Only its third round must not be seen from outside.
async fn third_round(_: World) {
    let inside = Arc::new(AtomicU64::new(0));
    let rounds = {
        let inside = Arc::clone(&inside);
        spawn(async move {
            for round in 1..=3 {
                inside.store(round, Ordering::Relaxed);
                rehearsal::tokio::task::yield_now().await;
                inside.store(0, Ordering::Relaxed);
            }
        })
    };
    for _ in 0..12 {
        rehearsal::tokio::task::yield_now().await;
    }
    assert_ne!(inside.load(Ordering::Relaxed), 3);
    rounds.await.expect("it does not fail");
}

#[test]
fn the_round_of_a_loop_is_told() {
    let text = told("third_round", |test| test, third_round);
    assert_shows(
        &text,
        &[
            "is postponed at tests/it/test_macro.rs:",
            " for the 3rd time ",
        ],
    );
}

#[test]
fn an_error_that_is_returned_is_told() {
    let program = |_| async { Err::<(), _>("there is no money") };
    let text = told("returned", |test| test.seeds(1), program);
    assert_shows(
        &text,
        &[
            "VIOLATION  it::test_macro::returned  seed 0",
            "the program returned \"there is no money\"",
            "No deviation is needed",
        ],
    );
}

#[test]
fn tasks_that_wait_for_each_other_are_named() {
    let text = told(
        "embrace",
        |test| test,
        |world| async move {
            let locks = Arc::new([Mutex::new(()), Mutex::new(())]);
            let takers = [(0, 1), (1, 0)].map(|(first, second)| {
                let locks = Arc::clone(&locks);
                spawn(async move {
                    world.name_task(&format!("taker-{first}"));
                    let _one = locks[first].lock().await;
                    let _other = locks[second].lock().await;
                })
            });
            for taker in takers {
                taker.await.expect("no taker fails");
            }
        },
    );
    assert_shows(
        &text,
        &[
            "DEADLOCK  it::test_macro::embrace",
            "2 tasks wait for each other",
            "`taker-0`",
            "`taker-1`",
            "held by",
        ],
    );
}

#[test]
fn awaiting_for_ever_is_a_deadlock_and_for_too_long_a_timeout() {
    let text = told(
        "never",
        |test| test.seeds(1),
        |_| async {
            Notify::new().notified().await;
        },
    );
    assert_shows(
        &text,
        &[
            "DEADLOCK  it::test_macro::never",
            "nothing can run any more",
        ],
    );
    let brief = |test: Test| test.seeds(1).virtual_time("5s");
    let text = told("too_long", brief, |_| time::sleep(Duration::from_secs(6)));
    assert_shows(
        &text,
        &["TIMEOUT  it::test_macro::too_long", "not finished after 5s"],
    );
    let few = |test: Test| test.seeds(1).steps(100);
    let text = told("too_much", few, |_| async {
        for _ in 0..1_000 {
            time::sleep(Duration::from_millis(1)).await;
        }
    });
    assert_shows(
        &text,
        &[
            "UNKNOWN  it::test_macro::too_much",
            "not finished after 100 steps",
        ],
    );
}

#[test]
fn a_program_that_is_another_each_time_is_told_so() {
    static TIMES: AtomicU64 = AtomicU64::new(0);
    let text = told(
        "fickle",
        |test| test.seeds(1),
        |world| async move {
            let time = TIMES.fetch_add(1, Ordering::Relaxed);
            world.note("time", time.to_string());
        },
    );
    assert_shows(
        &text,
        &[
            "NONDETERMINISM  it::test_macro::fickle",
            "two runs of one seed differ first at effect",
            "notes time: ",
        ],
    );
}

#[test]
fn settings_that_mean_nothing_are_told_all_at_once() {
    let wrong = |test: Test| {
        test.seeds(7..7)
            .strategy("luck")
            .ambient("both")
            .latency("9ms..1ms")
            .loss(1_000)
            .virtual_time("25h")
    };
    let text = told("nonsense", wrong, |_| async {});
    assert_shows(
        &text,
        &[
            "seeds: `7..7` has no seed in it",
            "strategy: `luck` is not a strategy",
            "ambient: `both` is neither",
            "latency: `9ms..1ms` goes from more to less",
            "loss: 1000 is not one of 0 to 999",
            "virtual_time: 90000s is longer than 24 hours",
        ],
    );
}

/// Latency is drawn anew in each seed, and a run can be hermetic.
#[test]
fn the_world_is_as_it_is_set() {
    static ARRIVALS: StdMutex<BTreeSet<u64>> = StdMutex::new(BTreeSet::new());
    let place = TestLocation {
        package: "rehearsal",
        module: module_path!(),
        name: "the_world_is_as_it_is_set",
        file: file!(),
    };
    let test = Test::new(place).seeds(32).latency("5ms..50ms");
    test.run(|world| async move {
        let server = world.host("server");
        world.boot(server, || async {
            let listener = TcpListener::bind("0.0.0.0:80").await.expect("a port");
            let client = listener.accept().await;
            drop(client);
        });
        let client = world.host("client");
        let connected = world.spawn_on(client, async move {
            TcpStream::connect("server:80").await.expect("a server");
            world.now().as_millis()
        });
        let at = connected.await.expect("no client fails");
        assert!((10..=100).contains(&at), "there and back took {at} ms");
        ARRIVALS.lock().expect("no panic").insert(at);
    });
    assert!(ARRIVALS.lock().expect("no panic").len() > 8);
}
