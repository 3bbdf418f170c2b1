//! Simulated sockets between hosts.

use std::fmt::Debug;
use std::io::ErrorKind;
use std::time::Duration;

use rehearsal_sim::tokio;
use rehearsal_sim::tokio::io::{AsyncReadExt, AsyncWriteExt};
use rehearsal_sim::tokio::net::{TcpListener, TcpStream, UdpSocket, lookup_host};
use rehearsal_sim::tokio::time::{sleep, timeout};
use rehearsal_sim::{Config, Direction, HostId, Outcome, Random, TcpModel, Verdict, World, run};

use crate::support::over_both_models;

/// Runs a program with two hosts, client and server.
fn passes<T, F>(program: impl Fn(World, HostId, HostId) -> F) -> T
where
    T: PartialEq + Debug + 'static,
    F: Future<Output = T> + 'static,
{
    let outcome = over_both_models(Config::default, |world| {
        let (client, server) = (world.host("client"), world.host("server"));
        program(world, client, server)
    });
    assert_eq!(outcome.verdict, Verdict::Pass);
    outcome.value.expect("it passed")
}

/// Serves one connection after the other, and echoes.
async fn serve_echo(address: &'static str) {
    let listener = TcpListener::bind(address).await.expect("a free port");
    while let Ok((mut stream, _)) = listener.accept().await {
        let (mut read, mut write) = stream.split();
        let _ = tokio::io::copy(&mut read, &mut write).await;
    }
}

#[test]
fn two_hosts_exchange_bytes() {
    let (sent, received, peer, local) = passes(|world, client, server| async move {
        let service = world.spawn_on(server, serve_echo("0.0.0.0:9000"));
        let task = world.spawn_on(client, async {
            sleep(Duration::from_millis(1)).await;
            let stream = TcpStream::connect("server:9000").await.expect("it listens");
            let addresses = (stream.peer_addr(), stream.local_addr());
            let (mut read, mut write) = stream.into_split();
            let sent: Vec<u8> = (0..300_000u32).map(|number| number as u8).collect();
            let copy = sent.clone();
            tokio::spawn(async move { write.write_all(&copy).await });
            let mut received = Vec::new();
            read.read_to_end(&mut received).await.expect("no error");
            (sent, received, addresses.0.unwrap(), addresses.1.unwrap())
        });
        let result = task.await.expect("it returns");
        service.abort();
        result
    });
    assert!(sent == received);
    assert_eq!(peer.port(), 9000);
    assert_ne!(peer.ip(), local.ip());
}

fn lossy_echo(seed: u64) -> Outcome<Vec<u8>> {
    let config = || {
        let mut config = Config {
            seed,
            strategy: Box::new(Random::default()),
            ..Config::default()
        };
        config.net.loss_per_mille = 200;
        config.net.latency_max = Duration::from_millis(50);
        config
    };
    over_both_models(config, |world| async move {
        let (client, server) = (world.host("client"), world.host("server"));
        world.spawn_on(server, serve_echo("0.0.0.0:9000"));
        let task = world.spawn_on(client, async {
            sleep(Duration::from_millis(1)).await;
            let mut stream = TcpStream::connect(("server", 9000))
                .await
                .expect("it listens");
            let mut received = Vec::new();
            for byte in 0..20 {
                stream.write_u8(byte).await.expect("it is open");
                received.push(stream.read_u8().await.expect("it is open"));
            }
            received
        });
        task.await.expect("it returns")
    })
}

#[test]
fn lossy_network_changes_only_time() {
    let expected: Vec<u8> = (0..20).collect();
    for seed in 0..20 {
        let (one, two) = (lossy_echo(seed), lossy_echo(seed));
        assert_eq!(one.value.as_ref(), Some(&expected));
        assert_eq!(one.fingerprint, two.fingerprint);
    }
}

#[test]
fn each_direction_ends_by_itself() {
    let (question, answer) = passes(|world, client, server| async move {
        let service = world.spawn_on(server, async {
            let listener = TcpListener::bind("server:80").await.expect("a free port");
            let (mut stream, _) = listener.accept().await.expect("a client");
            let mut question = String::new();
            stream.read_to_string(&mut question).await.expect("text");
            stream.write_all(b"answer").await.expect("it is open");
            question
        });
        let task = world.spawn_on(client, async {
            sleep(Duration::from_millis(1)).await;
            let mut stream = TcpStream::connect("server:80").await.expect("it listens");
            stream.write_all(b"question").await.expect("it is open");
            stream.shutdown().await.expect("it is open");
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.expect("text");
            answer
        });
        (service.await.unwrap(), task.await.unwrap())
    });
    assert_eq!((question.as_str(), answer.as_str()), ("question", "answer"));
}

#[test]
fn dropped_write_half_ends_its_direction_only() {
    let texts = passes(|world, client, server| async move {
        let service = world.spawn_on(server, async {
            let listener = TcpListener::bind("0.0.0.0:80").await.expect("a free port");
            let (stream, _) = listener.accept().await.expect("a client");
            let (mut read, mut write) = stream.into_split();
            let mut text = String::new();
            read.read_to_string(&mut text).await.expect("text");
            write.write_all(b"still here").await.expect("it is open");
            text
        });
        let task = world.spawn_on(client, async {
            sleep(Duration::from_millis(1)).await;
            let stream = TcpStream::connect("server:80").await.expect("it listens");
            let (mut read, mut write) = stream.into_split();
            write.write_all(b"bye").await.expect("it is open");
            drop(write);
            let mut text = String::new();
            read.read_to_string(&mut text).await.expect("text");
            text
        });
        (service.await.unwrap(), task.await.unwrap())
    });
    assert_eq!(texts, ("bye".to_owned(), "still here".to_owned()));
}

#[test]
fn connect_without_a_listener_is_refused() {
    let errors = passes(|world, client, _| async move {
        let task = world.spawn_on(client, async {
            let refused = TcpStream::connect("server:1").await.unwrap_err().kind();
            let unknown = TcpStream::connect("unknown:1").await.unwrap_err().kind();
            let local = TcpStream::connect("localhost:1").await.unwrap_err().kind();
            let foreign = TcpListener::bind("server:1").await.unwrap_err().kind();
            (refused, unknown, local, foreign)
        });
        task.await.expect("it returns")
    });
    assert_eq!(
        errors,
        (
            ErrorKind::ConnectionRefused,
            ErrorKind::NotFound,
            ErrorKind::ConnectionRefused,
            ErrorKind::AddrNotAvailable,
        )
    );
}

#[test]
fn connect_without_an_answer_times_out() {
    let (error, waited) = passes(|world, client, server| async move {
        // Before there is any socket.
        world.partition(client, server, Direction::Both);
        world.spawn_on(server, serve_echo("0.0.0.0:80"));
        let task = world.spawn_on(client, async {
            let start = tokio::time::Instant::now();
            let error = TcpStream::connect("server:80").await.unwrap_err();
            (error.kind(), start.elapsed())
        });
        task.await.expect("it returns")
    });
    assert_eq!(error, ErrorKind::TimedOut);
    assert!(waited >= Duration::from_secs(30), "{waited:?}");
}

#[test]
fn cancelled_connect_leaves_no_socket() {
    let sockets = passes(|world, client, server| async move {
        world.partition(client, server, Direction::Both);
        let task = world.spawn_on(client, async {
            timeout(Duration::from_millis(5), TcpStream::connect("server:80"))
                .await
                .is_err()
        });
        assert!(task.await.expect("it returns"), "it cannot be done");
        world.census().sockets
    });
    assert_eq!(sockets, []);
}

#[test]
fn reset_shows_on_both_sides() {
    let kinds = passes(|world, client, server| async move {
        let service = world.spawn_on(server, async {
            let listener = TcpListener::bind("0.0.0.0:80").await.expect("a free port");
            let (mut stream, _) = listener.accept().await.expect("a client");
            stream.read_u8().await.unwrap_err().kind()
        });
        let task = world.spawn_on(client, async {
            sleep(Duration::from_millis(1)).await;
            let mut stream = TcpStream::connect("server:80").await.expect("it listens");
            stream.read_u8().await.unwrap_err().kind()
        });
        sleep(Duration::from_millis(20)).await;
        assert_eq!(world.reset_connections(client, server), 1);
        (service.await.unwrap(), task.await.unwrap())
    });
    assert_eq!(
        kinds,
        (ErrorKind::ConnectionReset, ErrorKind::ConnectionReset)
    );
}

#[test]
fn crash_ends_connections_and_a_restart_answers_again() {
    let (first, second) = passes(|world, client, server| async move {
        world.boot(server, || serve_echo("0.0.0.0:80"));
        let task = world.spawn_on(client, async move {
            sleep(Duration::from_millis(1)).await;
            let mut stream = TcpStream::connect("server:80").await.expect("it listens");
            stream.write_u8(1).await.expect("it is open");
            assert_eq!(stream.read_u8().await.expect("an echo"), 1);
            world.crash(server);
            sleep(Duration::from_millis(10)).await;
            world.restart(server);
            stream
                .write_u8(2)
                .await
                .expect("the crash is not known yet");
            let first = stream.read_u8().await.unwrap_err().kind();
            let mut stream = TcpStream::connect("server:80").await.expect("it listens");
            stream.write_u8(3).await.expect("it is open");
            (first, stream.read_u8().await.expect("an echo"))
        });
        task.await.expect("it returns")
    });
    assert_eq!((first, second), (ErrorKind::ConnectionReset, 3));
}

#[test]
fn sockets_stay_on_their_host() {
    let (host, from) = passes(|world, client, server| async move {
        let socket = world
            .spawn_on(server, UdpSocket::bind("0.0.0.0:53"))
            .await
            .expect("it returns")
            .expect("a free port");
        let mine = lookup_host("server:53").await.unwrap().next().unwrap();
        let receiver = world.spawn_on(client, async {
            let socket = UdpSocket::bind("0.0.0.0:99").await.expect("a free port");
            socket.recv_from(&mut [0; 9]).await.expect("a datagram").1
        });
        sleep(Duration::from_millis(1)).await;
        // Sent by the program, which is on the world's host.
        socket.send_to(b"x", "client:99").await.expect("a route");
        (mine, receiver.await.expect("it returns"))
    });
    assert_eq!(host, from);
}

#[test]
fn two_hosts_exchange_datagrams() {
    let answers = passes(|world, client, server| async move {
        world.spawn_on(server, async {
            let socket = UdpSocket::bind("0.0.0.0:53").await.expect("a free port");
            let mut buffer = [0; 100];
            loop {
                let (count, from) = socket.recv_from(&mut buffer).await.expect("a datagram");
                let answer = &buffer[..count];
                socket.send_to(answer, from).await.expect("a route");
            }
        });
        let task = world.spawn_on(client, async {
            sleep(Duration::from_millis(1)).await;
            let socket = UdpSocket::bind("0.0.0.0:0").await.expect("a free port");
            socket.connect("server:53").await.expect("a route");
            let mut answers = Vec::new();
            for number in 0..5 {
                socket.send(&[number]).await.expect("a route");
                let mut buffer = [0; 1];
                socket.recv(&mut buffer).await.expect("an answer");
                answers.push(buffer[0]);
            }
            answers
        });
        task.await.expect("it returns")
    });
    assert_eq!(answers, [0, 1, 2, 3, 4]);
}

#[test]
fn reading_in_a_select_loses_nothing() {
    for seed in 0..20 {
        let config = || Config {
            seed,
            strategy: Box::new(Random::default()),
            ..Config::default()
        };
        let outcome = over_both_models(config, |world| async move {
            let (client, server) = (world.host("client"), world.host("server"));
            world.spawn_on(server, async {
                let listener = TcpListener::bind("0.0.0.0:80").await.expect("a free port");
                let (mut stream, _) = listener.accept().await.expect("a client");
                for byte in 0..30 {
                    stream.write_u8(byte).await.expect("it is open");
                    sleep(Duration::from_millis(u64::from(byte % 3))).await;
                }
            });
            let task = world.spawn_on(client, async {
                sleep(Duration::from_millis(1)).await;
                let mut stream = TcpStream::connect("server:80").await.expect("it listens");
                let mut interval = tokio::time::interval(Duration::from_millis(1));
                let mut received = Vec::new();
                loop {
                    let mut buffer = [0; 8];
                    tokio::select! {
                        _ = interval.tick() => {}
                        count = stream.read(&mut buffer) => match count.expect("no error") {
                            0 => break received,
                            count => received.extend_from_slice(&buffer[..count]),
                        },
                    }
                }
            });
            task.await.expect("it returns")
        });
        assert_eq!(outcome.value, Some((0..30).collect()));
    }
}

#[test]
fn sockets_that_outlive_their_run_are_dead() {
    for tcp in [TcpModel::Machine, TcpModel::Pipes] {
        outlives_its_run(tcp);
    }
}

fn outlives_its_run(tcp: TcpModel) {
    let config = || {
        let mut config = Config::default();
        config.net.tcp = tcp;
        config
    };
    let outcome = run(config(), |world| async move {
        let (client, server) = (world.host("client"), world.host("server"));
        let listening = world.spawn_on(server, TcpListener::bind("0.0.0.0:80"));
        let listener = listening.await.unwrap().unwrap();
        let connecting = world.spawn_on(client, TcpStream::connect("server:80"));
        let whole = connecting.await.unwrap().unwrap();
        let connecting = world.spawn_on(client, TcpStream::connect("server:80"));
        let halves = connecting.await.unwrap().unwrap().into_split();
        let mut pending = Box::pin(TcpStream::connect("server:80"));
        // Begun, but not finished.
        let begun = timeout(Duration::from_micros(1), &mut pending).await;
        assert!(begun.is_err());
        let udp = UdpSocket::bind("0.0.0.0:0").await.unwrap();
        (listener, whole, halves, udp, pending)
    });
    let (listener, mut stream, (read, write), udp, pending) = outcome.value.expect("it passes");
    let dead = Some(ErrorKind::NotConnected);
    let use_them = async {
        assert_eq!(listener.accept().await.err().map(|e| e.kind()), dead);
        assert_eq!(listener.local_addr().err().map(|e| e.kind()), dead);
        assert_eq!(read.try_read(&mut [0]).err().map(|e| e.kind()), dead);
        assert_eq!(write.try_write(&[0]).err().map(|e| e.kind()), dead);
        assert_eq!(udp.recv(&mut [0]).await.err().map(|e| e.kind()), dead);
        assert_eq!(pending.await.err().map(|e| e.kind()), dead);
        assert_eq!(stream.read_u8().await.err().map(|e| e.kind()), dead);
        assert_eq!(stream.write_u8(0).await.err().map(|e| e.kind()), dead);
    };
    ::tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(use_them);
    // In another run it is as dead, and its drop touches nothing there.
    let outcome = run(config(), move |_| async move {
        let error = stream.read_u8().await.err();
        drop((stream, read, write, listener, udp));
        error.map(|error| error.kind())
    });
    assert_eq!(outcome.verdict, Verdict::Pass);
    assert_eq!(outcome.value, Some(dead));
}
