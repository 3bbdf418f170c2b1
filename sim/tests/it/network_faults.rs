//! Faults that overlap, or strike in the middle of a handshake or of a close.

use std::fmt::Debug;
use std::io::ErrorKind;
use std::time::Duration;

use rehearsal_sim::tokio::io::{AsyncReadExt, AsyncWriteExt};
use rehearsal_sim::tokio::net::{TcpListener, TcpStream};
use rehearsal_sim::tokio::sync::{Barrier, mpsc};
use rehearsal_sim::tokio::time;
use rehearsal_sim::{Config, Direction, HostId, Opening, Outcome, Random, Verdict, World};

use crate::support::over_both_models;

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn run_seed<T, Fut>(seed: u64, program: impl Fn(World) -> Fut) -> Outcome<T>
where
    T: PartialEq + Debug + 'static,
    Fut: Future<Output = T> + 'static,
{
    let config = || Config {
        seed,
        strategy: Box::new(Random::default()),
        ..Config::default()
    };
    over_both_models(config, program)
}

/// Boots a server that sends to every client, for ever.
fn boot_server(world: World) -> HostId {
    let server = world.host("server");
    world.boot(server, move || async move {
        let listener = TcpListener::bind("0.0.0.0:80")
            .await
            .expect("the port is free");
        loop {
            let (mut stream, _) = listener.accept().await.expect("accepts");
            world.spawn_on(server, async move {
                for number in 0..=u8::MAX {
                    if stream.write_all(&[number]).await.is_err() {
                        break;
                    }
                    time::sleep(ms(1)).await;
                }
            });
        }
    });
    server
}

#[test]
fn crash_during_a_handshake_leaves_the_port_free() {
    let outcome = run_seed(1, |world| async move {
        let (server, client) = (boot_server(world), world.host("client"));
        // The handshake's second packet never arrives.
        world.hold(client, server, Direction::Backward);
        let connecting = world.spawn_on(client, TcpStream::connect("server:80"));
        time::sleep(ms(10)).await;
        world.crash(server);
        world.release(client, server, Direction::Backward);
        connecting.abort();
        time::sleep(ms(10)).await;
        // Its boot program binds the port again, or panics.
        world.restart(server);
        let greeting = world.spawn_on(client, async {
            let mut stream = TcpStream::connect("server:80").await?;
            stream.read_u8().await
        });
        greeting.await.expect("does not panic").ok()
    });
    assert_eq!(outcome.verdict, Verdict::Pass, "{}", outcome.verdict);
    assert_eq!(outcome.value, Some(Some(0)));
}

#[test]
fn client_that_cancels_its_handshake_leaves_the_port_free() {
    let outcome = run_seed(1, |world| async move {
        let (server, client) = (boot_server(world), world.host("client"));
        let connecting = world.spawn_on(client, async {
            // Cancelled before the server's answer arrives, which is answered with a reset.
            time::timeout(ms(1), TcpStream::connect("server:80"))
                .await
                .is_err()
        });
        assert!(connecting.await.expect("does not panic"));
        time::sleep(ms(10)).await;
        world.crash(server);
        world.restart(server);
        world.settled().await;
    });
    assert_eq!(outcome.verdict, Verdict::Pass, "{}", outcome.verdict);
}

/// The half-open connection belongs to the listener, until that is closed.
#[test]
fn half_open_connection_is_no_live_socket() {
    let outcome = run_seed(1, |world| async move {
        boot_server(world);
        let client = world.host("client");
        time::sleep(ms(1)).await;
        let listening = world.census().sockets;
        let connecting = world.spawn_on(client, async {
            // Cancelled before the server's answer arrives, which is answered with a reset.
            time::timeout(ms(1), TcpStream::connect("server:80"))
                .await
                .is_err()
        });
        assert!(connecting.await.expect("does not panic"));
        time::sleep(ms(10)).await;
        (listening, world.census().sockets)
    });
    let (listening, sockets) = outcome.value.expect("the program ends");
    assert_eq!(listening.len(), 1, "the listener: {listening:?}");
    assert_eq!(sockets, listening);
}

#[test]
fn partition_that_heals_under_a_hold_keeps_the_order_of_bytes() {
    let outcome = run_seed(1, |world| async move {
        let (server, client) = (boot_server(world), world.host("client"));
        let reading = world.spawn_on(client, async {
            let mut stream = TcpStream::connect("server:80").await?;
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes).await.map(|_| bytes)
        });
        time::sleep(ms(20)).await;
        world.partition(client, server, Direction::Both);
        time::sleep(ms(20)).await;
        world.hold(client, server, Direction::Both);
        time::sleep(ms(20)).await;
        world.heal(client, server, Direction::Both);
        time::sleep(ms(20)).await;
        world.release(client, server, Direction::Both);
        reading.await.expect("does not panic").ok()
    });
    let everything: Vec<u8> = (0..=u8::MAX).collect();
    assert_eq!(outcome.value, Some(Some(everything)), "{}", outcome.verdict);
}

#[test]
fn connection_closed_towards_a_host_that_dies_is_gone_after_its_restart() {
    let outcome = run_seed(1, |world| async move {
        let (server, client) = (boot_server(world), world.host("client"));
        let hanging_up = world.spawn_on(client, async {
            let stream = TcpStream::connect("server:80").await;
            time::sleep(ms(5)).await;
            drop(stream);
        });
        time::sleep(ms(2)).await;
        world.pause(server);
        hanging_up.await.expect("does not panic");
        time::sleep(ms(10)).await;
        world.crash(server);
        world.restart(server);
        world.settled().await;
        let sockets = world.census().sockets;
        sockets
            .into_iter()
            .filter(|socket| socket.host == "client")
            .count()
    });
    assert_eq!(outcome.value, Some(0), "{}", outcome.verdict);
}

#[test]
fn barrier_opens_in_the_same_order_for_the_same_seed() {
    let orders = |seed| {
        let outcome = run_seed(seed, |world| async move {
            let barrier = std::rc::Rc::new(Barrier::new(12));
            let (sender, mut receiver) = mpsc::unbounded_channel();
            for number in 0..12 {
                let (barrier, sender) = (std::rc::Rc::clone(&barrier), sender.clone());
                world.spawn_on(world.current_host(), async move {
                    let leads = barrier.wait().await.is_leader();
                    sender.send((number, leads)).expect("the receiver is open");
                });
            }
            drop(sender);
            let mut order = Vec::new();
            while let Some(arrival) = receiver.recv().await {
                order.push(arrival);
            }
            order
        });
        (
            outcome.value.expect("the program ends"),
            outcome.fingerprint,
        )
    };
    for seed in 0..5 {
        let (order, fingerprint) = orders(seed);
        assert_eq!((order.clone(), fingerprint), orders(seed));
        assert_eq!(order.len(), 12);
        assert_eq!(order.iter().filter(|(_, leads)| *leads).count(), 1);
    }
}

/// Connects to the server until the time is over.
async fn connect(within: Duration) -> Result<TcpStream, Option<ErrorKind>> {
    match time::timeout(within, TcpStream::connect("server:80")).await {
        Ok(connected) => connected.map_err(|error| Some(error.kind())),
        Err(_) => Err(None),
    }
}

#[test]
fn connections_are_refused_until_they_are_not() {
    let outcome = run_seed(1, |world| async move {
        let (server, client) = (boot_server(world), world.host("client"));
        time::sleep(ms(1)).await;
        let attempt = || async move {
            let attempt = world.spawn_on(client, connect(ms(100)));
            attempt.await.expect("does not panic")
        };
        let open = attempt().await.expect("it listens");
        world.set_opening(client, server, Opening::Refused);
        let refused = attempt().await.expect_err("refused");
        // The other direction, and what is open, is not concerned.
        let mut open = open;
        let read = world.spawn_on(client, async move { open.read_u8().await.ok() });
        let read = read.await.expect("does not panic");
        world.set_opening(client, server, Opening::Works);
        (refused, read, attempt().await.is_ok())
    });
    assert_eq!(outcome.verdict, Verdict::Pass, "{}", outcome.verdict);
    let refused = Some(ErrorKind::ConnectionRefused);
    assert_eq!(outcome.value, Some((refused, Some(0), true)));
}

#[test]
fn connections_hang_until_they_come_about_or_time_out() {
    let outcome = run_seed(1, |world| async move {
        let (server, client) = (boot_server(world), world.host("client"));
        time::sleep(ms(1)).await;
        world.set_opening(client, server, Opening::Hangs);
        let briefly = world.spawn_on(client, connect(ms(500)));
        let briefly = briefly.await.expect("does not panic").err();
        let long = world.spawn_on(client, connect(Duration::from_secs(600)));
        let long = long.await.expect("does not panic").err();
        let late = world.spawn_on(client, connect(Duration::from_secs(600)));
        time::sleep(Duration::from_secs(1)).await;
        world.set_opening(client, server, Opening::Works);
        let late = late.await.expect("does not panic").is_ok();
        (briefly, long, late)
    });
    assert_eq!(outcome.verdict, Verdict::Pass, "{}", outcome.verdict);
    let timed_out = Some(Some(ErrorKind::TimedOut));
    assert_eq!(outcome.value, Some((Some(None), timed_out, true)));
}

#[test]
fn half_open_end_learns_nothing_until_it_writes() {
    let outcome = run_seed(1, |world| async move {
        let (server, client) = (world.host("server"), world.host("client"));
        let gone = world.spawn_on(server, async {
            let listener = TcpListener::bind("0.0.0.0:80").await.expect("a free port");
            let (mut stream, _) = listener.accept().await.expect("a client");
            stream.read_u8().await.map_err(|error| error.kind())
        });
        let left = world.spawn_on(client, async {
            time::sleep(ms(1)).await;
            let mut stream = TcpStream::connect("server:80").await.expect("it listens");
            let silent = time::timeout(Duration::from_secs(600), stream.read_u8()).await;
            stream.write_u8(1).await.expect("there is no notice");
            let after = stream.read_u8().await.map_err(|error| error.kind());
            (silent.is_err(), after)
        });
        time::sleep(ms(20)).await;
        assert_eq!(world.half_open_connections(server, client), 1);
        let gone = gone.await.expect("does not panic");
        (gone, left.await.expect("does not panic"))
    });
    assert_eq!(outcome.verdict, Verdict::Pass, "{}", outcome.verdict);
    let reset = Err(ErrorKind::ConnectionReset);
    assert_eq!(outcome.value, Some((reset, (true, reset))));
}

#[test]
fn a_reset_before_the_server_accepts_reaches_the_server() {
    let outcome = run_seed(1, |world| async move {
        let (server, client) = (world.host("server"), world.host("client"));
        let service = world.spawn_on(server, async {
            let listener = TcpListener::bind("0.0.0.0:80")
                .await
                .expect("the port is free");
            time::sleep(ms(50)).await;
            let (mut stream, _) = listener.accept().await.expect("accepts");
            let read = time::timeout(ms(5_000), stream.read_u8()).await;
            read.map(|read| read.map_err(|error| error.kind()))
        });
        let task = world.spawn_on(client, async move {
            time::sleep(ms(1)).await;
            let mut stream = TcpStream::connect("server:80").await.expect("it listens");
            // The segment that ends the handshake is still under way.
            assert_eq!(world.reset_connections(client, server), 1);
            stream.read_u8().await.map_err(|error| error.kind())
        });
        (
            service.await.expect("it returns"),
            task.await.expect("it returns"),
        )
    });
    let reset = Err(ErrorKind::ConnectionReset);
    assert_eq!(
        outcome.value,
        Some((Ok(reset), reset)),
        "{}",
        outcome.verdict
    );
}

#[test]
fn data_for_a_connection_that_was_dropped_is_answered_with_a_reset() {
    let outcome = run_seed(1, |world| async move {
        let (server, client) = (world.host("server"), world.host("client"));
        let service = world.spawn_on(server, async {
            let listener = TcpListener::bind("0.0.0.0:80")
                .await
                .expect("the port is free");
            let (mut stream, _) = listener.accept().await.expect("accepts");
            for written in 0..200 {
                let write = time::timeout(ms(1_000), stream.write_all(&[0; 1024])).await;
                match write.expect("a write does not wait for ever") {
                    Ok(()) => time::sleep(ms(1)).await,
                    Err(error) => return (written, error.kind()),
                }
            }
            panic!("the kernel of a dropped connection goes on to receive")
        });
        world.spawn_on(client, async move {
            time::sleep(ms(1)).await;
            let stream = TcpStream::connect("server:80").await.expect("it listens");
            time::sleep(ms(20)).await;
            drop(stream);
        });
        let ended = service.await.expect("it returns");
        time::sleep(ms(100)).await;
        (ended, world.census().sockets)
    });
    let Some(((written, kind), sockets)) = outcome.value else {
        panic!("{}", outcome.verdict);
    };
    assert_eq!(kind, ErrorKind::ConnectionReset);
    assert!(written < 40, "{written} writes until the reset");
    assert_eq!(sockets, []);
}

#[test]
fn a_dropped_connection_whose_peer_sends_nothing_ends_without_a_reset() {
    let outcome = run_seed(1, |world| async move {
        let (server, client) = (world.host("server"), world.host("client"));
        let service = world.spawn_on(server, async {
            let listener = TcpListener::bind("0.0.0.0:80")
                .await
                .expect("the port is free");
            let (mut stream, _) = listener.accept().await.expect("accepts");
            let mut all = Vec::new();
            stream.read_to_end(&mut all).await.expect("an end");
            all
        });
        world.spawn_on(client, async move {
            time::sleep(ms(1)).await;
            let mut stream = TcpStream::connect("server:80").await.expect("it listens");
            stream.write_all(b"last words").await.expect("it is open");
        });
        let all = service.await.expect("it returns");
        time::sleep(ms(100)).await;
        (all, world.census().sockets)
    });
    let expected = (b"last words".to_vec(), Vec::new());
    assert_eq!(outcome.value, Some(expected), "{}", outcome.verdict);
}

#[test]
fn a_connection_dropped_with_a_full_window_unread_is_reset() {
    let outcome = run_seed(1, |world| async move {
        let (server, client) = (world.host("server"), world.host("client"));
        let service = world.spawn_on(server, async {
            let listener = TcpListener::bind("0.0.0.0:80")
                .await
                .expect("the port is free");
            let (mut stream, _) = listener.accept().await.expect("accepts");
            let write = stream.write_all(&[0; 300 * 1024]);
            let written = time::timeout(ms(10_000), write).await;
            written.expect("a write does not wait for ever")
        });
        world.spawn_on(client, async move {
            time::sleep(ms(1)).await;
            let mut stream = TcpStream::connect("server:80").await.expect("it listens");
            stream.read_exact(&mut [0; 100]).await.expect("is sent");
            time::sleep(ms(500)).await;
        });
        let ended = service.await.expect("it returns");
        time::sleep(ms(100)).await;
        (ended.map_err(|error| error.kind()), world.census().sockets)
    });
    let expected = (Err(ErrorKind::ConnectionReset), Vec::new());
    assert_eq!(outcome.value, Some(expected), "{}", outcome.verdict);
}
