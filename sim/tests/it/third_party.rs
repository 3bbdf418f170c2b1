//! Code without the facade: plain tokio, and ambient values.
#![cfg(all(target_os = "linux", any(target_env = "gnu", target_env = "musl")))]
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "what is banned in the engine is what code under test does"
)]

use std::collections::{BTreeSet, HashMap};
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rehearsal_sim::tokio::net::{TcpListener, TcpStream};
use rehearsal_sim::{Outcome, SEEDS_TOKIO_SELECT, Verdict, VirtualTime, World, run, run_hermetic};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Notify, broadcast, mpsc, watch};
use tokio::time::{interval, sleep, timeout};
use xxhash_rust::xxh3::xxh3_64;

use crate::support::config;

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Notes the branches of `select!`, repeatable only where that is seeded.
async fn choose(world: World) {
    for _ in 0..8 {
        let branch = tokio::select! {
            () = async {} => 1,
            () = async {} => 2,
            () = tokio::task::yield_now() => 3,
            () = async {} => 4,
        };
        world.note("branch", branch.to_string());
    }
}

async fn worker(world: World, number: u64, results: mpsc::Sender<u64>, turn: Arc<Notify>) {
    let started = Instant::now();
    let mut ticks = interval(millis(3 + number));
    for round in 0..4u64 {
        ticks.tick().await;
        if SEEDS_TOKIO_SELECT {
            choose(world).await;
        }
        let map: HashMap<u64, u64> = (0..12).map(|key| (key, key * round)).collect();
        world.note("order", format!("{map:?}"));
        world.note("rand", rand::random::<u64>().to_string());
        #[cfg(target_arch = "x86_64")]
        world.note("rand 0.8", rand08::random::<u64>().to_string());
        world.note("uuid", uuid::Uuid::new_v4().to_string());
        let wall = SystemTime::now().duration_since(UNIX_EPOCH);
        world.note("wall", format!("{wall:?}"));
        let pause = millis(rand::random_range(1..9));
        let late = timeout(millis(4), sleep(pause)).await.is_err();
        world.note("late", format!("{late} {:?}", started.elapsed()));
        turn.notify_one();
        results.send(number * 10 + round).await.expect("it listens");
    }
}

/// Runs a service as in a library: nothing of Rehearsal's except notes.
async fn service(world: World) {
    let (results, mut incoming) = mpsc::channel(2);
    let (stop, stopped) = watch::channel(false);
    let (cry, _) = broadcast::channel(4);
    let turn = Arc::new(Notify::new());
    let listeners: Vec<_> = (0..4)
        .map(|number| {
            let (mut heard, mut stopped) = (cry.subscribe(), stopped.clone());
            tokio::spawn(async move {
                while let Ok(value) = heard.recv().await {
                    world.note("heard", format!("{number}: {value}"));
                    if value % 10 == 3 {
                        break;
                    }
                }
                stopped.changed().await.expect("the sender is alive");
                world.note("stopped", format!("{number} at {}", world.now()));
            })
        })
        .collect();
    let workers: Vec<_> = (0..3)
        .map(|number| tokio::spawn(worker(world, number, results.clone(), Arc::clone(&turn))))
        .collect();
    drop(results);
    turn.notified().await;
    while let Some(result) = incoming.recv().await {
        world.note("result", result.to_string());
        let _ = cry.send(result);
    }
    for worker in workers {
        worker.await.expect("no worker panics");
    }
    stop.send(true).expect("they listen");
    for listener in listeners {
        listener.await.expect("no listener panics");
    }
}

fn served(seed: u64) -> Outcome<()> {
    let outcome = run_hermetic(move || config(seed), service);
    assert_eq!(outcome.verdict, Verdict::Pass, "{}", outcome.verdict);
    outcome
}

fn fingerprints(seeds: std::ops::Range<u64>) -> Vec<String> {
    let each = |seed| served(seed).fingerprint.to_string();
    seeds.map(each).collect()
}

fn digest(fingerprints: &[String]) -> String {
    format!("{:016x}", xxh3_64(fingerprints.join(" ").as_bytes()))
}

/// Prints the tests that a build leaves out.
#[expect(
    clippy::print_stderr,
    reason = "tests that are left out must be reported"
)]
#[test]
fn tokios_own_select_is_seeded_in_this_build() {
    if !SEEDS_TOKIO_SELECT {
        eprintln!(
            "tokio's own select! is left out: it cannot be seeded in this build. \
             Build with RUSTFLAGS=\"--cfg tokio_unstable\"; .cargo/config.toml does."
        );
        return;
    }
    let branches = |seed| {
        let entries = served(seed).trace.entries.into_iter();
        let branch = |entry: rehearsal_sim::Entry| match entry.effect {
            rehearsal_sim::Effect::Note {
                label: "branch",
                text,
                ..
            } => Some(text),
            _ => None,
        };
        entries.filter_map(branch).collect::<String>()
    };
    let first = branches(1);
    assert_eq!(first.len(), 3 * 4 * 8);
    assert_eq!(first, branches(1));
    assert_ne!(first, branches(2));
    // Each branch is taken, except the one that is never ready first.
    assert!(["1", "2", "4"].iter().all(|branch| first.contains(branch)));
}

/// One hash over two hundred runs: the same in any process, in debug and in release.
#[test]
fn two_hundred_seeds_are_repeatable_in_another_process_and_in_any_build() {
    const EXPECTED: &str = "THIRD_PARTY_EXPECTED";
    const GOLDEN: &str = "3de106b5c535a865";
    if let Ok(expected) = std::env::var(EXPECTED) {
        // Something else runs first, as it may in another process.
        fingerprints(1_000..1_007);
        assert_eq!(digest(&fingerprints(0..200)), expected);
        return;
    }
    let mine = fingerprints(0..200);
    let different: BTreeSet<_> = mine.iter().collect();
    assert_eq!(different.len(), 200);
    let mine = digest(&mine);
    if SEEDS_TOKIO_SELECT && cfg!(target_arch = "x86_64") {
        assert_eq!(mine, GOLDEN);
    }
    let this = std::env::current_exe().expect("a path");
    let output = Command::new(&this)
        .args([
            "--exact",
            "third_party::two_hundred_seeds_are_repeatable_in_another_process_and_in_any_build",
        ])
        .env(EXPECTED, &mine)
        .output()
        .expect("it starts");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("1 passed"), "{text}");
}

// Time ---------------------------------------------------------------------

/// No task of the run is polled meanwhile, and the clocks are right all the same.
#[test]
fn clocks_of_a_plain_task_are_virtual() {
    let outcome = run_hermetic(
        || config(0),
        |world| async move {
            let task = tokio::spawn(async move {
                let (wall, instant) = (SystemTime::now(), Instant::now());
                sleep(millis(7)).await;
                assert_eq!(world.now().as_micros(), 7_000);
                assert_eq!(wall.elapsed().expect("time goes on"), millis(7));
                assert_eq!(instant.elapsed(), millis(7));
            });
            sleep(millis(1_000)).await;
            task.await.expect("it does not panic");
        },
    );
    assert_eq!(outcome.verdict, Verdict::Pass, "{}", outcome.verdict);
}

/// Plain tasks that are ready are not quiet, however many polls they take.
#[test]
fn settled_waits_for_plain_tasks() {
    // Without the cfg, the run waits for one turn of tokio's.
    let hops = if SEEDS_TOKIO_SELECT { 500 } else { 20 };
    let outcome = run(config(0), move |world| async move {
        let count = Arc::new(AtomicU32::new(0));
        let (first, mut inbox) = mpsc::channel(1);
        for _ in 0..hops {
            let (outbox, next) = mpsc::channel::<()>(1);
            let count = Arc::clone(&count);
            let mut inbox = std::mem::replace(&mut inbox, next);
            tokio::spawn(async move {
                inbox.recv().await;
                count.fetch_add(1, Ordering::Relaxed);
                outbox.send(()).await
            });
        }
        // By now they wait.
        sleep(millis(1)).await;
        first.send(()).await.expect("it listens");
        world.settled().await;
        assert_eq!(world.now().as_micros(), 1_000);
        count.load(Ordering::Relaxed)
    });
    assert_eq!(outcome.verdict, Verdict::Pass, "{}", outcome.verdict);
    assert_eq!(outcome.value, Some(hops));
}

// Panics -------------------------------------------------------------------

#[test]
fn panic_in_a_plain_task_fails_the_run_joined_or_not() {
    let alone = run(config(0), |_| async {
        tokio::spawn(async {
            sleep(millis(5)).await;
            panic!("it fails");
        });
        sleep(millis(3_600_000)).await;
    });
    let joined = run(config(0), |_| async {
        let task = tokio::spawn(async {
            sleep(millis(5)).await;
            panic!("it {}", "fails");
        });
        drop(task.await);
        sleep(millis(1)).await;
    });
    for outcome in [alone, joined] {
        let Verdict::Panic(report) = outcome.verdict else {
            panic!("{}", outcome.verdict);
        };
        assert_eq!(report.task, "a task of plain tokio");
        assert_eq!(report.message, "it fails");
        assert!(report.location.starts_with("sim/tests/it/third_party.rs:"));
        assert_eq!(report.at.as_micros(), 5_000);
        // It ended there and then.
        assert_eq!(outcome.statistics.virtual_time, report.at);
    }
}

/// A documented limit: nothing reports that the panic will be caught.
#[test]
fn caught_panic_of_a_plain_task_passes_where_tokio_reports_uncaught_ones() {
    let outcome = run(config(0), |_| async {
        let caught = tokio::spawn(async { catch_unwind(|| panic!("caught")).is_err() });
        caught.await.expect("it is caught")
    });
    let verdict = if SEEDS_TOKIO_SELECT { "pass" } else { "panic" };
    assert_eq!(outcome.verdict.as_str(), verdict, "{}", outcome.verdict);
}

struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

#[test]
fn panic_when_a_plain_task_is_dropped_fails_the_run() {
    let outcome = run(config(0), |_| async {
        tokio::spawn(async {
            let _held = PanicsWhenDropped;
            pending::<()>().await;
        });
        sleep(millis(1)).await;
    });
    assert!(outcome.value.is_some());
    assert_eq!(outcome.verdict.as_str(), "panic", "{}", outcome.verdict);
}

/// Within a task of the run a caught panic is ignored, and no panic of a run is reported by the
/// next one of its thread.
#[test]
fn caught_panic_of_a_task_passes() {
    let outcome = run(config(0), |_| async {
        let caught = rehearsal_sim::tokio::spawn(async {
            catch_unwind(AssertUnwindSafe(|| panic!("caught"))).is_err()
        });
        tokio::spawn(sleep(millis(1))).await.expect("it sleeps");
        caught.await.expect("it is caught")
    });
    assert_eq!(outcome.verdict, Verdict::Pass, "{}", outcome.verdict);
    assert_eq!(outcome.value, Some(true));
}

// Sockets ------------------------------------------------------------------

const SIZE: usize = 40_000;

/// Receives bytes, sleeps, and sends them back, reversed.
async fn serve(mut stream: TcpStream) {
    let mut bytes = vec![0; SIZE];
    stream.read_exact(&mut bytes).await.expect("a request");
    sleep(millis(25)).await;
    bytes.reverse();
    stream.write_all(&bytes).await.expect("a reply");
    stream.shutdown().await.expect("it closes");
}

async fn ask(mut stream: TcpStream) {
    let bytes: Vec<u8> = (0..SIZE).map(|n| (n % 251) as u8).collect();
    stream.write_all(&bytes).await.expect("a request");
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).await.expect("a reply");
    reply.reverse();
    assert_eq!(reply, bytes);
}

/// Returns the time at which the client has its reply. `plain`: both ends are used by plain tasks.
fn round_trip(seed: u64, plain: bool) -> VirtualTime {
    let outcome = run(config(seed), move |world| async move {
        let (server, client) = (world.host("server"), world.host("client"));
        world.spawn_on(server, async move {
            let listener = TcpListener::bind("0.0.0.0:80").await.expect("a free port");
            let (stream, _) = listener.accept().await.expect("a client");
            if plain {
                tokio::spawn(serve(stream));
            } else {
                rehearsal_sim::tokio::spawn(serve(stream));
            }
            pending::<()>().await;
        });
        let asked = world.spawn_on(client, async move {
            sleep(millis(1)).await;
            let stream = TcpStream::connect("server:80").await.expect("it listens");
            if plain {
                tokio::spawn(ask(stream)).await.expect("it is answered");
            } else {
                let task = rehearsal_sim::tokio::spawn(ask(stream));
                task.await.expect("it is answered");
            }
            world.now()
        });
        asked.await.expect("it is answered")
    });
    assert_eq!(outcome.verdict, Verdict::Pass, "{}", outcome.verdict);
    outcome.value.expect("it passes")
}

#[test]
fn sockets_of_the_facade_work_in_plain_tasks_and_take_the_same_time() {
    let ours = round_trip(0, false);
    assert!(ours.as_micros() > 27_000, "{ours}");
    for seed in 0..20 {
        assert_eq!(round_trip(seed, true), round_trip(seed, false));
        assert_eq!(round_trip(seed, true), ours);
    }
}
