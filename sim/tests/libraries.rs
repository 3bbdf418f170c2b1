//! Libraries under a run spawn with tokio itself. Their tasks are not the
//! simulator's, but what they do with the facade must reach it at once.

#![expect(
    clippy::disallowed_methods,
    reason = "stands for libraries, which read the clocks of the machine"
)]

use std::time::{Duration, Instant, SystemTime};

use rehearsal_sim::tokio::io::{AsyncReadExt, AsyncWriteExt};
use rehearsal_sim::tokio::net::{TcpListener, TcpStream};
use rehearsal_sim::tokio::sync::oneshot;
use rehearsal_sim::tokio::time::sleep;
use rehearsal_sim::{
    Config, HostId, Verdict, VirtualTime, World, run, run_hermetic, tokio as facade,
};

fn passes<T: Send + 'static, F>(program: impl FnOnce(World) -> F + Send) -> T
where
    F: Future<Output = T> + 'static,
{
    let outcome = run_hermetic(Config::default, program);
    assert_eq!(outcome.verdict, Verdict::Pass);
    outcome.value.expect("it passed")
}

#[test]
fn what_they_write_leaves_at_once() {
    let arrived = passes(|world| async move {
        let (client, server) = (world.host("client"), world.host("server"));
        let service = world.spawn_on(server, async move {
            let listener = TcpListener::bind("0.0.0.0:80").await.expect("a free port");
            let (mut stream, _) = listener.accept().await.expect("a client");
            stream.read_u8().await.expect("a byte");
            world.now()
        });
        world.spawn_on(client, async {
            sleep(Duration::from_millis(1)).await;
            let mut stream = TcpStream::connect("server:80").await.expect("it listens");
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(7)).await;
                stream.write_u8(1).await.expect("it is open");
                // Open until the end.
                std::future::pending::<()>().await;
            });
        });
        service.await.expect("it returns")
    });
    // A millisecond until it connects, two for the handshake, seven, one on the way.
    assert_eq!(arrived, VirtualTime::ZERO + Duration::from_millis(11));
}

#[test]
fn what_they_drop_is_closed_at_once() {
    let ended = passes(|world| async move {
        let (client, server) = (world.host("client"), world.host("server"));
        let service = world.spawn_on(server, async move {
            let listener = TcpListener::bind("0.0.0.0:80").await.expect("a free port");
            let (mut stream, _) = listener.accept().await.expect("a client");
            assert_eq!(stream.read(&mut [0]).await.expect("no error"), 0);
            world.now()
        });
        world.spawn_on(client, async {
            sleep(Duration::from_millis(1)).await;
            let stream = TcpStream::connect("server:80").await.expect("it listens");
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(7)).await;
                drop(stream);
            });
        });
        service.await.expect("it returns")
    });
    assert_eq!(ended, VirtualTime::ZERO + Duration::from_millis(11));
}

#[test]
fn tasks_that_they_spawn_and_abort_run_and_end_at_once() {
    let (spawned, aborted) = passes(|world| async move {
        let (report, reported) = oneshot::channel();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(5)).await;
            facade::spawn(async move { report.send(world.now()) });
        });
        let spawned = reported.await.expect("it is sent");
        let task = facade::spawn(std::future::pending::<()>());
        let abort = task.abort_handle();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(5)).await;
            abort.abort();
        });
        assert!(task.await.expect_err("it never returns").is_cancelled());
        (spawned, world.now())
    });
    let at = |ms| VirtualTime::ZERO + Duration::from_millis(ms);
    assert_eq!((spawned, aborted), (at(5), at(10)));
}

/// Nobody knows on which host they are.
#[test]
fn tasks_that_they_spawn_are_on_the_worlds_host() {
    let host = passes(|world| async move {
        let program = async move {
            let task = tokio::spawn(async move {
                let task = facade::spawn(async move { world.current_host() });
                task.await.expect("it returns")
            });
            task.await.expect("it returns")
        };
        let host = world.host("host");
        world.spawn_on(host, program).await.expect("it returns")
    });
    assert_eq!(host, HostId::WORLD);
}

#[test]
fn a_fault_that_they_inject_takes_effect_at_once() {
    let resumed = passes(|world| async move {
        let host = world.host("host");
        let task = world.spawn_on(host, async move {
            sleep(Duration::from_millis(2)).await;
            world.now()
        });
        world.pause(host);
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(5)).await;
            world.resume(host);
        });
        task.await.expect("it returns")
    });
    // It had not run before.
    assert_eq!(resumed, VirtualTime::ZERO + Duration::from_millis(7));
}

#[test]
fn they_are_told_the_time_of_the_run() {
    let checked = passes(|world| async move {
        let (wall, instant) = (SystemTime::now(), Instant::now());
        let task = tokio::spawn(async move {
            for _ in 0..3 {
                tokio::time::sleep(Duration::from_secs(20)).await;
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

#[test]
fn the_boring_run_is_the_same_twice_with_them() {
    let play = || {
        run(Config::default(), |world| async move {
            for number in 0..20 {
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(number % 3)).await;
                    world.note("number", number.to_string());
                    facade::spawn(async move { world.note("own", number.to_string()) });
                });
            }
            sleep(Duration::from_secs(1)).await;
        })
    };
    assert_eq!(play().fingerprint, play().fingerprint);
}
