//! Plain tasks: those that a library spawns with tokio's own `spawn`, which the simulator does
//! not schedule. Their operations on the facade's objects must work all the same.

#![expect(
    clippy::disallowed_methods,
    reason = "stands for libraries, which read the clocks of the machine"
)]

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use rehearsal_sim::tokio;
use rehearsal_sim::tokio::io::{AsyncReadExt, AsyncWriteExt};
use rehearsal_sim::tokio::net::{TcpListener, TcpStream};
use rehearsal_sim::tokio::sync::{Mutex, mpsc, oneshot};
#[cfg(tokio_unstable)]
use rehearsal_sim::{Budget, Effect, Entry, Recording};
use rehearsal_sim::{
    Config, HostId, Outcome, Random, Verdict, VirtualTime, World, run, run_hermetic,
};

/// `true` if tokio's hooks report plain tasks to the simulator.
const HOOKS: bool = cfg!(tokio_unstable);

/// Spawns a task as a library does.
fn spawn_plain<F>(future: F) -> ::tokio::task::JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    ::tokio::spawn(future)
}

fn run_default<T: 'static, F>(program: impl FnOnce(World) -> F) -> Outcome<T>
where
    F: Future<Output = T> + 'static,
{
    run(Config::default(), program)
}

#[test]
fn packets_of_a_plain_task_leave_at_once() {
    let outcome = run_default(|world| async move {
        let (client, server) = (world.host("client"), world.host("server"));
        world.spawn_on(server, async {
            let listener = TcpListener::bind("0.0.0.0:80").await.expect("a free port");
            let (mut stream, _) = listener.accept().await.expect("a client");
            let serve = async move {
                let byte = stream.read_u8().await.expect("it is open");
                stream.write_u8(byte + 1).await.expect("it is open");
            };
            spawn_plain(serve);
        });
        world.settled().await;
        let client = world.spawn_on(client, async {
            let mut stream = TcpStream::connect("server:80").await.expect("it listens");
            stream.write_u8(7).await.expect("it is open");
            stream.read_u8().await.expect("it is open")
        });
        (client.await.expect("it does not fail"), world.now())
    });
    assert_eq!(outcome.verdict, Verdict::Pass);
    let (answer, now) = outcome.value.expect("it passed");
    assert_eq!(answer, 8);
    // One round trip to connect, and one for the byte.
    assert_eq!(now.as_micros(), 4_000);
}

/// Without its metrics tokio does not report whether plain tasks are ready, and the run waits
/// for one of tokio's rounds: 61 polls.
const YIELDS: u32 = if HOOKS { 100 } else { 40 };

#[test]
fn nothing_is_settled_while_a_plain_task_can_go_on() {
    let outcome = run_default(|world| async move {
        let (sender, mut numbers) = mpsc::channel(8);
        spawn_plain(async move {
            for number in 0..YIELDS {
                ::tokio::task::yield_now().await;
                if number % 20 == 0 {
                    sender.send(number).await.expect("it is open");
                }
            }
        });
        world.settled().await;
        let mut received = Vec::new();
        while let Ok(number) = numbers.try_recv() {
            received.push(number);
        }
        received
    });
    let all = (0..YIELDS).step_by(20).collect();
    assert_eq!(outcome.value, Some(all));
}

#[test]
fn tasks_spawned_by_a_plain_task_run_at_once() {
    let outcome = run_default(|world| async move {
        let (sender, receiver) = oneshot::channel();
        spawn_plain(async move {
            tokio::spawn(async { 7 }).await.expect("it does not fail");
            sender.send(()).expect("the receiver is open");
        });
        receiver.await.expect("it is sent");
        world.now()
    });
    assert_eq!(outcome.verdict, Verdict::Pass);
    assert_eq!(outcome.value.map(|now| now.as_micros()), Some(0));
}

#[test]
fn tasks_aborted_by_a_plain_task_end_at_once() {
    let outcome = run_default(|world| async move {
        let sleeper = tokio::spawn(std::future::pending::<()>());
        let stop = sleeper.abort_handle();
        spawn_plain(async move { stop.abort() });
        let cancelled = sleeper.await.is_err_and(|error| error.is_cancelled());
        (cancelled, world.now().as_micros())
    });
    assert_eq!(outcome.value, Some((true, 0)));
}

#[test]
fn plain_task_reads_the_virtual_time() {
    let outcome = run_default(|world| async move {
        let (sender, receiver) = oneshot::channel();
        spawn_plain(async move {
            ::tokio::time::sleep(Duration::from_millis(5)).await;
            let _ = sender.send(world.now());
        });
        receiver.await.expect("it is sent").as_micros()
    });
    assert_eq!(outcome.value, Some(if HOOKS { 5_000 } else { 0 }));
}

#[test]
fn lock_that_a_plain_task_holds_is_no_deadlock() {
    let outcome = run_default(|_| async {
        let lock = Arc::new(Mutex::new(0));
        let (taken, is_taken) = oneshot::channel();
        let theirs = Arc::clone(&lock);
        spawn_plain(async move {
            let mut value = theirs.lock().await;
            taken.send(()).expect("the receiver is open");
            ::tokio::time::sleep(Duration::from_millis(5)).await;
            *value = 1;
        });
        is_taken.await.expect("it is sent");
        *lock.lock().await
    });
    assert_eq!(outcome.value, Some(1));
}

#[test]
fn plain_task_is_on_the_host_of_its_spawner() {
    let outcome = run_default(|world| async move {
        let server = world.host("server");
        let (sender, receiver) = oneshot::channel();
        world.spawn_on(server, async move {
            spawn_plain(async move {
                spawn_plain(async move {
                    let spawned = tokio::spawn(async move { world.current_host() });
                    sender
                        .send((
                            world.current_host(),
                            spawned.await.expect("it does not fail"),
                        ))
                        .expect("the receiver is open");
                });
            });
        });
        (server, receiver.await.expect("it is sent"))
    });
    let (server, found) = outcome.value.expect("it passed");
    let expected = if HOOKS { server } else { HostId::WORLD };
    assert_eq!(found, (expected, expected));
}

#[test]
fn same_seed_gives_the_same_run() {
    let run_default = || {
        run_default(|world| async move {
            let (sender, mut numbers) = mpsc::channel(1);
            for number in 0..5 {
                let sender = sender.clone();
                spawn_plain(async move { sender.send(number).await });
            }
            drop(sender);
            while let Some(number) = numbers.recv().await {
                world.note("number", number.to_string());
            }
        })
    };
    let (one, two) = (run_default(), run_default());
    assert_eq!(one.verdict, Verdict::Pass);
    assert_eq!(one.fingerprint, two.fingerprint);
}

#[test]
fn tasks_spawned_by_plain_tasks_die_with_their_host() {
    let outcome = run_default(|world| async move {
        let server = world.host("server");
        let (sender, receiver) = oneshot::channel();
        world.spawn_on(server, async move {
            spawn_plain(async move {
                let before = tokio::spawn(std::future::pending::<()>());
                ::tokio::time::sleep(Duration::from_millis(5)).await;
                let after = tokio::spawn(std::future::pending::<()>());
                // Both are of a host that is down.
                let lost = before.await.is_err() && after.await.is_err();
                sender.send(lost).expect("the receiver is open");
            });
        });
        world.settled().await;
        if HOOKS {
            world.crash(server);
            receiver.await.expect("it is sent")
        } else {
            true
        }
    });
    assert_eq!(outcome.verdict, Verdict::Pass);
    assert_eq!(outcome.value, Some(true));
}

fn passes_hermetically<T: Send + 'static, F>(program: impl FnOnce(World) -> F + Send) -> T
where
    F: Future<Output = T> + 'static,
{
    let outcome = run_hermetic(Config::default, program);
    assert_eq!(outcome.verdict, Verdict::Pass);
    outcome.value.expect("it passed")
}

#[test]
fn sockets_dropped_by_plain_tasks_close_at_once() {
    let ended = passes_hermetically(|world| async move {
        let (client, server) = (world.host("client"), world.host("server"));
        let service = world.spawn_on(server, async move {
            let listener = TcpListener::bind("0.0.0.0:80").await.expect("a free port");
            let (mut stream, _) = listener.accept().await.expect("a client");
            assert_eq!(stream.read(&mut [0]).await.expect("no error"), 0);
            world.now()
        });
        world.spawn_on(client, async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            let stream = TcpStream::connect("server:80").await.expect("it listens");
            spawn_plain(async move {
                ::tokio::time::sleep(Duration::from_millis(7)).await;
                drop(stream);
            });
        });
        service.await.expect("it returns")
    });
    assert_eq!(ended, VirtualTime::ZERO + Duration::from_millis(11));
}

#[test]
fn fault_injected_by_a_plain_task_takes_effect_at_once() {
    let resumed = passes_hermetically(|world| async move {
        let host = world.host("host");
        let task = world.spawn_on(host, async move {
            tokio::time::sleep(Duration::from_millis(2)).await;
            world.now()
        });
        world.pause(host);
        spawn_plain(async move {
            ::tokio::time::sleep(Duration::from_millis(5)).await;
            world.resume(host);
        });
        task.await.expect("it returns")
    });
    // It had not run before.
    assert_eq!(resumed, VirtualTime::ZERO + Duration::from_millis(7));
}

#[test]
fn plain_tasks_read_the_time_of_the_run_at_each_poll() {
    let checked = passes_hermetically(|world| async move {
        let (wall, instant) = (SystemTime::now(), Instant::now());
        let task = spawn_plain(async move {
            for _ in 0..3 {
                ::tokio::time::sleep(Duration::from_secs(20)).await;
                let virtually = Duration::from_micros(world.now().as_micros());
                assert_eq!(wall.elapsed().expect("time goes on"), virtually);
                assert_eq!(instant.elapsed(), virtually);
            }
            world.now()
        });
        task.await.expect("it does not panic")
    });
    assert_eq!(checked, VirtualTime::ZERO + Duration::from_secs(60));
}

// Tasks of the run in all respects that tokio reports --------------------------

/// Runs until the end of a small budget.
#[cfg(tokio_unstable)]
fn run_within<F>(budget: Budget, program: impl FnOnce(World) -> F) -> Outcome<()>
where
    F: Future<Output = ()> + 'static,
{
    let config = Config {
        budget,
        ..Config::default()
    };
    run(config, program)
}

#[cfg(tokio_unstable)]
#[expect(
    clippy::async_yields_async,
    reason = "the handle is what the task returns"
)]
#[test]
fn census_holds_plain_tasks_until_they_end() {
    let outcome = run_default(|world| async move {
        let server = world.host("server");
        let (stop, stopped) = ::tokio::sync::oneshot::channel::<()>();
        let spawner = world.spawn_on(server, async move {
            spawn_plain(async move { stopped.await.expect("it is sent") })
        });
        let task = spawner.await.expect("it returns");
        let before = world.census().plain_tasks;
        stop.send(()).expect("it waits");
        task.await.expect("it returns");
        (before, world.census().plain_tasks)
    });
    let (before, after) = outcome.value.expect("it passed");
    assert_eq!(after, []);
    let [task] = before.as_slice() else {
        panic!("{before:?}")
    };
    assert_eq!(task.host, "server");
    assert!(task.spawned_at.contains("plain_tasks.rs:"), "{task}");
    assert_eq!(outcome.statistics.plain_tasks, 1);
}

#[cfg(tokio_unstable)]
#[test]
fn deadlock_names_the_plain_tasks_that_are_alive() {
    let outcome: Outcome<()> = run_default(|_| async {
        let waiting = spawn_plain(std::future::pending::<()>());
        waiting.await.expect("never");
    });
    let Verdict::Deadlock { plain_tasks, .. } = &outcome.verdict else {
        panic!("{}", outcome.verdict)
    };
    assert_eq!(plain_tasks.len(), 1);
    let text = outcome.verdict.to_string();
    assert!(
        text.contains("a plain task on world (spawned at "),
        "{text}"
    );
}

#[cfg(tokio_unstable)]
#[test]
fn plain_task_that_never_waits_is_a_livelock() {
    let budget = Budget {
        steps_per_instant: 1_000,
        ..Budget::default()
    };
    let outcome = run_within(budget, |_| async {
        let busy = spawn_plain(async {
            loop {
                ::tokio::task::yield_now().await;
            }
        });
        busy.await.expect("never");
    });
    let Verdict::Livelock { polls, .. } = outcome.verdict else {
        panic!("{}", outcome.verdict)
    };
    assert_eq!(polls, 1_001);
}

#[cfg(tokio_unstable)]
#[test]
fn polls_of_plain_tasks_count_against_the_budget_of_steps() {
    let budget = Budget {
        steps: 1_000,
        ..Budget::default()
    };
    let outcome = run_within(budget, |_| async {
        let ticking = spawn_plain(async {
            loop {
                ::tokio::time::sleep(Duration::from_millis(1)).await;
            }
        });
        ticking.await.expect("never");
    });
    assert_eq!(outcome.verdict, Verdict::Unknown { steps: 1_000 });
    assert!(outcome.statistics.plain_polls > 1_000);
}

#[cfg(tokio_unstable)]
#[test]
fn plain_tasks_that_outlive_the_crash_of_their_host_are_noted() {
    let config = Config {
        recording: Recording::Full,
        ..Config::default()
    };
    let outcome = run(config, |world| async move {
        let server = world.host("server");
        let spawner = world.spawn_on(server, async {
            drop(spawn_plain(std::future::pending::<()>()));
        });
        spawner.await.expect("it returns");
        world.crash(server);
        world.census().plain_tasks
    });
    let is_note = |entry: &&Entry| {
        matches!(&entry.effect, Effect::Note { label: "plain tasks", text, .. }
            if text == "1 outlive the crash of server")
    };
    assert_eq!(outcome.trace.entries.iter().filter(is_note).count(), 1);
    let alive = outcome.value.expect("it passed");
    assert_eq!(alive.len(), 1);
    assert_eq!(alive[0].host, "server");
}

/// In a build whose tokio reports no plain task, too.
#[test]
fn run_that_waits_for_a_plain_task_has_counted_it() {
    let outcome = run_default(|_| async {
        spawn_plain(::tokio::time::sleep(Duration::from_millis(5)))
            .await
            .expect("it returns");
    });
    assert_eq!(outcome.statistics.plain_tasks, 1);
}

/// Tokio's primitives in a task of the facade have no budget to run out of.
#[test]
fn tasks_of_the_run_are_not_interrupted() {
    for seed in 0..50 {
        let config = Config {
            seed,
            strategy: Box::new(Random::default()),
            ..Config::default()
        };
        let outcome = run(config, |_| async {
            let lock = Arc::new(::tokio::sync::Mutex::new(0));
            let add = |lock: Arc<::tokio::sync::Mutex<u32>>| async move {
                for _ in 0..200 {
                    let read = *lock.lock().await;
                    *lock.lock().await = read + 1;
                }
            };
            let tasks = [0; 2].map(|_| tokio::spawn(add(Arc::clone(&lock))));
            for task in tasks {
                task.await.expect("it returns");
            }
            *lock.lock().await
        });
        assert_eq!(outcome.value, Some(400));
        assert_eq!(outcome.statistics.interruptions, 0);
    }
}
