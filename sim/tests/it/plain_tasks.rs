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
use rehearsal_sim::{Config, HostId, Outcome, Verdict, VirtualTime, World, run, run_hermetic};

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
