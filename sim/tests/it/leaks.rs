//! Leaks end a run and are reported; threads outside the run are not leaks.
#![cfg(all(
    target_os = "linux",
    any(target_env = "gnu", target_env = "musl"),
    not(target_feature = "crt-static")
))]
#![expect(
    clippy::disallowed_methods,
    reason = "what is banned in the engine is what code under test does"
)]

use std::future::{Future, pending};
use std::net::TcpListener;
use std::pin::Pin;
use std::sync::{Barrier, mpsc};
use std::thread;
use std::time::Duration;

use futures_util::poll;
use rehearsal_sim::tokio::{self as facade, spawn};
use rehearsal_sim::{
    Config, LeakKind, LeakReport, Leaks, Outcome, Verdict, VirtualTime, World, run, run_hermetic,
};
use tokio::runtime::{Builder, Handle, Runtime};

use crate::support::config;

type Program = fn(World) -> Pin<Box<dyn Future<Output = ()>>>;

/// Runs a program hermetically and not: both detect the same leaks.
fn both(seed: u64, program: Program) -> [Outcome<()>; 2] {
    [
        run(config(seed), program),
        run_hermetic(move || config(seed), program),
    ]
}

#[track_caller]
fn leak(outcome: &Outcome<()>) -> &LeakReport {
    assert_eq!(outcome.verdict.as_str(), "leak", "{}", outcome.verdict);
    match &outcome.verdict {
        Verdict::Leak(report) => report,
        other => panic!("{other}"),
    }
}

fn start_a_thread() {
    thread::spawn(|| ()).join().expect("it does not panic");
}

#[test]
fn leaks_are_detected_in_this_build() {
    assert!(rehearsal_hermetic::is_watchful());
}

const THREADS: [(&str, Program); 5] = [
    ("std::thread", |_| Box::pin(async { start_a_thread() })),
    ("spawn_blocking", |_| {
        Box::pin(async {
            let done = tokio::task::spawn_blocking(|| 7).await;
            done.expect("it does not panic");
        })
    }),
    ("tokio::fs", |_| {
        Box::pin(async {
            let _ = tokio::fs::read("no such file").await;
        })
    }),
    ("a runtime of many threads", |_| {
        Box::pin(async {
            Runtime::new().expect("a runtime").shutdown_background();
        })
    }),
    // Tokio panics where a runtime is dropped; the thread was started before.
    ("a runtime that is dropped", |_| {
        Box::pin(async { drop(Runtime::new()) })
    }),
];

#[test]
fn thread_fails_the_run_and_has_a_site() {
    for (name, program) in THREADS {
        for outcome in both(1, program) {
            let report = leak(&outcome);
            let site = match &report.kind {
                LeakKind::Thread { site } => site,
                // Where some package has tokio's signals compiled in, a runtime makes a
                // pair of sockets for them first.
                LeakKind::Socket { site } if name.starts_with("a runtime") => site,
                other => panic!("{name}: {other:?}"),
            };
            assert!(
                site.starts_with("sim/tests/it/leaks.rs:"),
                "{name}: {report}"
            );
            assert!(report.task == "the program", "{report}");
            assert_eq!(outcome.verdict.at(), Some(VirtualTime::ZERO));
        }
    }
}

const SOCKETS: [(&str, Program); 4] = [
    ("std's listener", |_| {
        Box::pin(async { drop(TcpListener::bind("127.0.0.1:0")) })
    }),
    // These two panic: the run's runtime has no driver for them. The socket was made before.
    ("tokio's listener", |_| {
        Box::pin(async { drop(tokio::net::TcpListener::bind("127.0.0.1:0").await) })
    }),
    ("tokio's stream", |_| {
        Box::pin(async { drop(tokio::net::TcpStream::connect("127.0.0.1:9").await) })
    }),
    ("a pair", |_| {
        Box::pin(async { drop(std::os::unix::net::UnixStream::pair()) })
    }),
];

#[test]
fn socket_fails_the_run_and_has_a_site() {
    for (name, program) in SOCKETS {
        for outcome in both(1, program) {
            let report = leak(&outcome);
            let LeakKind::Socket { site } = &report.kind else {
                panic!("{name}: {report}");
            };
            assert!(
                site.starts_with("sim/tests/it/leaks.rs:"),
                "{name}: {report}"
            );
        }
    }
}

#[test]
fn healthy_twins_pass() {
    const TWINS: [Program; 4] = [
        |_| Box::pin(async { spawn(async {}).await.expect("it does not panic") }),
        |_| {
            Box::pin(async {
                let listener = facade::net::TcpListener::bind("0.0.0.0:80").await;
                drop(listener.expect("a free port"));
            })
        },
        // A runtime of one thread starts none.
        |_| {
            Box::pin(async {
                let runtime = Builder::new_current_thread().build();
                runtime.expect("a runtime").shutdown_background();
            })
        },
        |_| Box::pin(async { tokio::spawn(async {}).await.expect("it does not panic") }),
    ];
    for program in TWINS {
        for outcome in both(1, program) {
            assert_eq!(outcome.verdict, Verdict::Pass, "{}", outcome.verdict);
        }
    }
}

#[test]
fn leak_report_names_the_leak_its_place_its_task_and_the_alternative() {
    const LINE: u32 = line!() + 5;
    let outcome = run(config(0), |world| async move {
        spawn(async move {
            world.name_task("careless");
            facade::time::sleep(Duration::from_millis(3)).await;
            let other = thread::spawn(|| ());
            let third = thread::spawn(|| ());
            other.join().and(third.join()).expect("none panics");
        })
        .await
        .expect("the run ends first");
    });
    let text = outcome.verdict.to_string();
    let spawned = LINE - 3;
    let expected = format!(
        "task 1 `careless` on world (spawned at sim/tests/it/leaks.rs:{spawned}:9) started a real \
         thread at sim/tests/it/leaks.rs:{LINE}:25, and 1 more left the run (a run has one thread: \
         use spawn and spawn_blocking of rehearsal::tokio, or rehearsal::std::thread, instead, \
         and do without runtimes of one's own)"
    );
    assert_eq!(text, expected);
    assert_eq!(
        outcome.verdict.at().map(VirtualTime::as_micros),
        Some(3_000)
    );
}

#[test]
fn leak_of_a_plain_task_ends_the_run_at_once() {
    let program: Program = |_| {
        Box::pin(async {
            tokio::spawn(async { start_a_thread() });
            facade::time::sleep(Duration::from_secs(3600)).await;
        })
    };
    for outcome in both(2, program) {
        let report = leak(&outcome);
        assert_eq!(report.task, "a task of plain tokio");
        assert_eq!(report.at, VirtualTime::ZERO);
    }
}

struct StartsAThread;

impl Drop for StartsAThread {
    fn drop(&mut self) {
        start_a_thread();
    }
}

#[test]
fn leak_while_tasks_are_dropped_fails_a_run_that_would_have_passed() {
    let ours: Program = |_| {
        Box::pin(async {
            spawn(async {
                let _held = StartsAThread;
                pending::<()>().await;
            });
            facade::time::sleep(Duration::from_millis(1)).await;
        })
    };
    let plain: Program = |_| {
        Box::pin(async {
            tokio::spawn(async {
                let _held = StartsAThread;
                pending::<()>().await;
            });
            facade::time::sleep(Duration::from_millis(1)).await;
        })
    };
    for outcome in [both(3, ours), both(3, plain)].into_iter().flatten() {
        assert!(outcome.value.is_some());
        leak(&outcome);
    }
}

fn foreign() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("elsewhere")
        .build()
        .expect("a runtime")
}

/// Waits until the runtime's one worker, which takes tasks in order, has run the earlier ones.
fn catch_up(foreign: &Handle) {
    let (done, is_done) = mpsc::channel();
    foreign.spawn(async move { done.send(()) });
    is_done.recv().expect("it runs");
}

/// Awaits a task of another runtime, which ends meanwhile.
async fn await_a_foreigner(foreign: Handle) -> u32 {
    let (gate, opened) = tokio::sync::oneshot::channel();
    let mut answer = foreign.spawn(opened);
    catch_up(&foreign);
    assert!(poll!(&mut answer).is_pending());
    gate.send(7).expect("it waits");
    catch_up(&foreign);
    answer
        .await
        .expect("it does not panic")
        .expect("it is sent")
}

#[test]
fn wake_from_another_runtime_fails_the_run() {
    let other = foreign();
    let handle = other.handle().clone();
    let inner = handle.clone();
    let outcomes = [
        run(config(4), |_| await_a_foreigner(handle.clone())),
        run_hermetic(|| config(4), move |_| await_a_foreigner(inner)),
    ];
    for outcome in outcomes {
        let Verdict::Leak(report) = outcome.verdict else {
            panic!("{}", outcome.verdict);
        };
        let thread = Some("elsewhere".to_owned());
        assert_eq!(report.kind, LeakKind::Wake { thread });
        let text = report.to_string();
        assert!(text.starts_with("the program "), "{text}");
        assert!(
            text.contains("outside the run, by thread `elsewhere`"),
            "{text}"
        );
    }
}

#[test]
fn leaks_can_be_allowed() {
    let other = foreign();
    let allowing = Config {
        leaks: Leaks::Allow,
        ..config(4)
    };
    let handle = other.handle().clone();
    let outcome = run(allowing, move |_| async move {
        start_a_thread();
        drop(TcpListener::bind("127.0.0.1:0"));
        await_a_foreigner(handle).await
    });
    assert_eq!(outcome.verdict, Verdict::Pass, "{}", outcome.verdict);
    assert_eq!(outcome.value, Some(7));
}

/// Runs three tasks in an order that depends on the seed; the first one to reach four leaks if
/// the seed is odd.
fn sometimes(seed: u64) -> Outcome<()> {
    run_hermetic(
        move || config(seed),
        move |_| async move {
            let turns = std::sync::Arc::new(facade::sync::Mutex::new(0u32));
            let tasks: Vec<_> = (0..3)
                .map(|_| {
                    let turns = turns.clone();
                    spawn(async move {
                        for _ in 0..4 {
                            *turns.lock().await += 1;
                        }
                        if seed % 2 == 1 {
                            start_a_thread();
                        }
                    })
                })
                .collect();
            for task in tasks {
                task.await.expect("no task panics");
            }
        },
    )
}

#[test]
fn seed_leaks_in_the_same_way_each_time() {
    let mut fingerprints = std::collections::BTreeSet::new();
    for seed in 0..50 {
        let [first, second] = [sometimes(seed), sometimes(seed)];
        assert_eq!(first.verdict, second.verdict);
        assert_eq!(first.fingerprint, second.fingerprint);
        let expected = if seed % 2 == 1 { "leak" } else { "pass" };
        assert_eq!(first.verdict.as_str(), expected, "{}", first.verdict);
        fingerprints.insert(first.fingerprint.to_string());
    }
    assert!(fingerprints.len() > 10, "{}", fingerprints.len());
}

#[test]
fn parallel_runs_and_outside_threads_do_not_disturb_each_other() {
    let gate = Barrier::new(9);
    thread::scope(|scope| {
        for lane in 0..8u64 {
            let gate = &gate;
            scope.spawn(move || {
                gate.wait();
                for round in 0..10 {
                    let seed = lane + 8 * round;
                    let leaks = sometimes(seed).verdict.as_str() == "leak";
                    assert_eq!(leaks, seed % 2 == 1, "seed {seed}");
                }
            });
        }
        gate.wait();
        for _ in 0..100 {
            start_a_thread();
            drop(TcpListener::bind("127.0.0.1:0"));
        }
    });
    assert!(!rehearsal_hermetic::has_leaked());
}
