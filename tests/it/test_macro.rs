//! `#[rehearsal::test]` as its users meet it: what passes, what fails, and what the
//! failure says.

use std::collections::BTreeSet;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex as StdMutex};
use std::time::Duration;

use rehearsal::prelude::*;
use rehearsal::tokio::net::{TcpListener, TcpStream};
use rehearsal::tokio::sync::broadcast::{self, error::RecvError};
use rehearsal::tokio::sync::{Mutex, Notify, mpsc};
use rehearsal::tokio::{spawn, time};
use rehearsal::{Test, TestLocation, TestOutcome};

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
    let test = set(Test::new(place));
    let failed = catch_unwind(AssertUnwindSafe(|| test.run(program)));
    let payload = failed.expect_err("the test fails");
    payload.downcast_ref::<String>().expect("a text").clone()
}

fn tells(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "`{part}` is missing in\n{text}");
    }
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
    tells(
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
    tells(
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
    tells(&text, &["tick again (×3)"]);
}

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

/// The portfolio begins with the schedules of one deviation, and says so.
#[test]
fn schedules_of_one_deviation_come_first() {
    let text = told("in_turns", |test| test, update_in_turns);
    tells(
        &text,
        &[
            "in_turns  seed 0",
            "an update is lost",
            "1 deviation, 0 preemptions, 1 postponement, of ",
            "is postponed at tests/it/test_macro.rs:",
            " until no other task can go on, at step ",
            "with at most 1 deviation, before the seeds",
            "Without the deviation marked » the run passes.",
        ],
    );
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
    tells(
        &text,
        &[
            "is postponed at tests/it/test_macro.rs:",
            " for the 3rd time ",
        ],
    );
}

#[test]
fn a_search_of_a_test_says_what_a_pass_would_mean() {
    let search = |test: Test| test.strategy("exhaustive:1");
    let text = told("searched", search, update_in_turns);
    tells(
        &text,
        &[
            "searched  seed 0",
            "  search  schedule ",
            " with at most 1 deviation; a pass proves that none of them fails",
        ],
    );
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

/// A search that would take for ever is not begun.
#[test]
fn a_search_of_too_many_schedules_is_refused() {
    let search = |test: Test| test.strategy("exhaustive:16");
    let text = told("too_many", search, many_turns);
    tells(
        &text,
        &["nothing is proved: 1 schedule of about ", "`exhaustive:`"],
    );
}

#[test]
fn an_error_that_is_returned_is_told() {
    let program = |_| async { Err::<(), _>("there is no money") };
    let text = told("returned", |test| test.seeds(1), program);
    tells(
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
    tells(
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
    tells(
        &text,
        &[
            "DEADLOCK  it::test_macro::never",
            "nothing can run any more",
        ],
    );
    let brief = |test: Test| test.seeds(1).virtual_time("5s");
    let text = told("too_long", brief, |_| time::sleep(Duration::from_secs(6)));
    tells(
        &text,
        &["TIMEOUT  it::test_macro::too_long", "not finished after 5s"],
    );
    let few = |test: Test| test.seeds(1).steps(100);
    let text = told("too_much", few, |_| async {
        for _ in 0..1_000 {
            time::sleep(Duration::from_millis(1)).await;
        }
    });
    tells(
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
    tells(
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
    tells(
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

/// Sends three notes to a reader, with a task for each that delivers it.
async fn notes(world: World) {
    let (writer, reader) = (world.actor("writer"), world.actor("reader"));
    reader.subscribed("notes");
    let (sender, mut receiver) = mpsc::channel(8);
    for _ in 0..3 {
        let sender = sender.clone();
        let deliver = |id| async move {
            spawn(async move { sender.send(id).await.expect("it is open") });
            Ok::<_, String>(())
        };
        let sent = writer.send("notes", "note", deliver).await;
        sent.expect("it is accepted");
    }
    drop(sender);
    while let Some(id) = receiver.recv().await {
        reader.received("notes", id);
    }
    reader.drained();
}

#[rehearsal::test(seeds = 1, strategy = "fifo", oracles = ["no-loss", "exactly-once", "fifo"])]
async fn oracles_pass_a_healthy_history(world: World) {
    notes(world).await;
}

#[test]
fn oracle_names_the_overtaken_message_and_the_timeline_shows_it() {
    let set = |test: Test| test.oracles(["no-loss", "fifo"]);
    let text = told("overtaken", set, notes);
    tells(
        &text,
        &[
            "VIOLATION  it::test_macro::overtaken  seed ",
            "fifo at 0.000s: writer-2 (note) of writer/notes on notes reached reader before writer-1",
            "1 deviation, 1 preemption",
            "emit writer-1 note writer/notes notes",
            "deliver writer-2 note writer/notes notes to reader",
            "Without the deviation marked » the run passes.",
        ],
    );
}

#[test]
fn oracle_without_anything_to_check_fails_the_test() {
    let set = |test: Test| test.seeds(1).oracles(["no-loss"]);
    let text = told("vacuous", set, |_| async {});
    let wanted = "the run gave the oracle `no-loss` nothing to check";
    tells(&text, &["VIOLATION", wanted]);
}

#[test]
fn settings_of_oracles_have_their_effect() {
    let program = |world: World| async move {
        let (writer, reader) = (world.actor("writer"), world.actor("reader"));
        reader.subscribed("notes");
        writer.sending("notes", "note").accepted();
        reader.missed("notes", 1);
        reader.drained();
    };
    let place = TestLocation {
        package: "rehearsal",
        module: module_path!(),
        name: "settings_of_oracles_have_their_effect",
        file: file!(),
    };
    let excused = Test::new(place).seeds(1).oracles(["no-loss,gaps=overflow"]);
    excused.run(program);
    let strict = |test: Test| test.seeds(1).oracles(["no-loss"]);
    tells(&told("strict", strict, program), &["no-loss at ", "lost"]);
}

/// An agent's run on a channel, with or without the last of its events.
async fn agent(world: World, ends: bool) {
    let (agent, client) = (world.actor("agent"), world.actor("client"));
    client.subscribed("thread");
    let run = agent.begin(SpanDraft::new("data").on("thread"));
    let kinds = ["agent_started", "agent_thinking", "agent_completed"];
    for kind in &kinds[..if ends { 3 } else { 2 }] {
        let sending = agent.sending("thread", Draft::new(*kind).in_span(&run));
        client.received("thread", sending.id());
        sending.accepted();
    }
    run.end(SpanEnd::Completed);
    client.drained();
}

#[rehearsal::test(
    seeds = 1,
    profile = "agent-events",
    oracles = ["terminal-exactly-once", "protocol", "no-loss", "fifo"]
)]
async fn profile_passes_a_run_that_follows_it(world: World) {
    agent(world, true).await;
}

#[test]
fn profile_has_its_rules_checked() {
    let set = |test: Test| {
        let test = test.seeds(1).profile("agent-events");
        test.oracles(["terminal-exactly-once"])
    };
    let text = told("no_terminal", set, |world| agent(world, false));
    tells(&text, &["terminal-exactly-once", "has no terminal message"]);
    let unknown = |test: Test| test.profile("luck");
    let text = told("no_profile", unknown, |_| async {});
    let wanted = "profile: there is no profile `luck`; there are agent-events";
    tells(&text, &[wanted]);
}

#[test]
fn unknown_oracles_are_reported_all_at_once_with_suggestions() {
    let set = |test: Test| test.oracles(["no-los", "fifo,gaps=crash", "causal", "causal"]);
    let text = told("unknown", set, |_| async {});
    tells(
        &text,
        &[
            "oracles: there is no oracle `no-los`; did you mean `no-loss`? The oracles are no-loss",
            "oracles: `fifo` has no settings, so no `gaps`",
            "oracles: `causal` is there twice",
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

/// The README's program: a channel that keeps two of three messages.
async fn everything_that_is_said_is_heard(world: World) {
    let (room, mut heard) = broadcast::channel(2);
    let (ann, ben) = (world.actor("ann"), world.actor("ben"));
    ben.subscribed("room");
    for _ in 0..3 {
        let said = ann.send("room", "said", async |id| room.send(id).map(drop));
        said.await.expect("ben listens");
    }
    drop(room);
    loop {
        match heard.recv().await {
            Ok(id) => ben.received("room", id),
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => break,
        }
    }
    ben.drained();
}

/// The program of the guide's page on oracles.
#[rehearsal::test(seeds = 32, oracles = ["linearizable"])]
async fn no_number_is_given_twice(world: World) {
    let last = Arc::new(Mutex::new(0_u32));
    let clients = ["ann", "ben"].map(|name| {
        let (actor, last) = (world.actor(name), Arc::clone(&last));
        spawn(async move {
            let next = async || {
                let mut last = last.lock().await;
                *last += 1;
                Ok::<u32, String>(*last)
            };
            actor.call("tickets", "increment", next).await
        })
    });
    for client in clients {
        client.await.expect("it returns").expect("a number");
    }
}

#[test]
fn pages_show_the_programs_of_these_tests() {
    let here = std::fs::read_to_string(file!()).expect("this file");
    for (page, program) in [
        ("README.md", "everything_that_is_said_is_heard"),
        ("docs/guide/oracles.md", "everything_that_is_said_is_heard"),
        ("docs/guide/oracles.md", "no_number_is_given_twice"),
    ] {
        let start = here
            .find(&format!("async fn {program}("))
            .expect("it is here");
        let end = here[start..].find("\n}\n").expect("it ends");
        let code = &here[start..start + end];
        let text = std::fs::read_to_string(page).expect("a page");
        assert!(text.contains(code), "{page} does not show\n{code}");
    }
}

#[test]
fn message_that_a_full_channel_overwrites_is_lost() {
    let set = |test: Test| test.seeds(1).oracles(["no-loss", "exactly-once", "fifo"]);
    let text = told("lost", set, everything_that_is_said_is_heard);
    let lost = "ann-1 (said) of ann/room on room was accepted; never delivered to ben, and no";
    tells(&text, &["no-loss at ", lost]);
}

/// Two clients read the last number under one lock and write the next under another.
#[test]
fn number_that_is_given_twice_is_not_linearizable() {
    let program = |world: World| async move {
        let last = Arc::new(Mutex::new(0_u32));
        let clients = ["ann", "ben"].map(|name| {
            let (actor, last) = (world.actor(name), Arc::clone(&last));
            spawn(async move {
                let next = async || {
                    let number = *last.lock().await + 1;
                    *last.lock().await = number;
                    Ok::<u32, String>(number)
                };
                actor.call("tickets", "increment", next).await
            })
        });
        for client in clients {
            client.await.expect("it returns").expect("a number");
        }
    };
    let text = told("numbers", |test| test.oracles(["linearizable"]), program);
    tells(
        &text,
        &[
            "linearizable at 0.000s: no order of the operations on tickets (a counter) explains that",
            "returned ok(value: 1)",
            "invoke operation-",
        ],
    );
}

/// The claim of the README about its two tellers.
#[test]
fn the_race_in_the_readme_is_found() {
    async fn withdraw(balance: &Mutex<u64>, amount: u64) -> bool {
        let enough = *balance.lock().await >= amount; // the lock is let go here
        if enough {
            *balance.lock().await -= amount; // and taken again
        }
        enough
    }
    let readme = std::fs::read_to_string("README.md").expect("there is a README");
    let here = std::fs::read_to_string(file!()).expect("this file");
    for line in [
        "let enough = *balance.lock().await >= amount; // the lock is let go here",
        "*balance.lock().await -= amount; // and taken again",
        "let tellers = [80, 80].map(|amount| {",
    ] {
        assert!(readme.contains(line) && here.contains(line), "{line}");
    }
    let text = told(
        "readme",
        |test| test.seeds(1_000),
        |_| async {
            let balance = Arc::new(Mutex::new(100));
            let tellers = [80, 80].map(|amount| {
                let balance = Arc::clone(&balance);
                spawn(async move { withdraw(&balance, amount).await })
            });
            for teller in tellers {
                teller.await.expect("no teller fails");
            }
        },
    );
    let wanted = ["attempt to subtract with overflow", "1 preemption"];
    tells(&text, &wanted);
}
