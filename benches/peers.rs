//! The simulator beside its peers, in one process: real WebSocket round trips
//! against classic turmoil, and a contended lock against plain tokio.
//!
//! Criterion measures each side; at the end a table gives the ratios, measured
//! turn by turn so that a noisy machine disturbs both sides alike.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use criterion::Criterion;
use futures_util::{SinkExt, StreamExt};
use rehearsal::sim::{Config, NetConfig, Random, Recording, World, run};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{accept_async_with_config, client_async_with_config};

const PORT: u16 = 9000;

/// Both sides read through a small buffer. tungstenite's default of 128 KiB is
/// cleared before every read, which would cost more than either simulator.
fn websocket() -> Option<WebSocketConfig> {
    Some(WebSocketConfig::default().read_buffer_size(4096))
}

/// Answers every message with the same message.
async fn serve<S: AsyncRead + AsyncWrite + Unpin>(stream: S) {
    let mut socket = accept_async_with_config(stream, websocket())
        .await
        .expect("handshake");
    while let Some(Ok(message)) = socket.next().await {
        if message.is_text() && socket.send(message).await.is_err() {
            break;
        }
    }
}

/// Sends a message and waits for the answer, `trips` times.
async fn call<S: AsyncRead + AsyncWrite + Unpin>(stream: S, trips: u32) {
    let (mut socket, _) = client_async_with_config("ws://server/", stream, websocket())
        .await
        .expect("handshake");
    for trip in 0..trips {
        let text = format!("event {trip} of an agent that says as much as agents say");
        socket.send(Message::text(text)).await.expect("sent");
        let answer = socket.next().await.expect("open").expect("valid");
        black_box(answer);
    }
    let _ = socket.close(None).await;
}

/// The links of a world: the same for both sides. Classic turmoil pays for each
/// millisecond of virtual time, so that short links flatter it.
#[derive(Clone, Copy)]
struct Links {
    max: Duration,
}

/// Each packet travels 1 ms: where classic turmoil is at its best.
const SHORT: Links = Links {
    max: Duration::from_millis(1),
};

/// Each packet travels 1 to 100 ms: classic turmoil's default spread.
const SPREAD: Links = Links {
    max: Duration::from_millis(100),
};

fn websocket_here(agents: u32, trips: u32, links: Links) {
    use rehearsal::tokio::net::{TcpListener, TcpStream};

    let config = Config {
        strategy: Box::new(Random::default()),
        net: NetConfig {
            latency_max: links.max,
            ..NetConfig::default()
        },
        ..Config::default()
    };
    let outcome = run(config, |world| async move {
        let server = world.host("server");
        let hosts: Vec<_> = (0..agents)
            .map(|agent| world.host(&format!("agent-{agent}")))
            .collect();
        world.spawn_on(server, async move {
            let listener = TcpListener::bind(("0.0.0.0", PORT)).await.expect("bound");
            while let Ok((stream, _)) = listener.accept().await {
                World::spawn_on(world, server, serve(stream));
            }
        });
        let calls: Vec<_> = hosts
            .into_iter()
            .map(|host| {
                world.spawn_on(host, async move {
                    let stream = TcpStream::connect(("server", PORT)).await.expect("open");
                    call(stream, trips).await;
                })
            })
            .collect();
        for call in calls {
            call.await.expect("no task fails");
        }
    });
    assert_eq!(outcome.verdict.word(), "pass", "{}", outcome.verdict);
}

fn websocket_turmoil(agents: u32, trips: u32, links: Links) {
    let mut sim = turmoil::Builder::new()
        .simulation_duration(Duration::from_secs(3600))
        .min_message_latency(Duration::from_millis(1))
        .max_message_latency(links.max)
        .tcp_capacity(4096)
        .build();
    sim.host("server", || async {
        let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), PORT);
        let listener = turmoil::net::TcpListener::bind(address).await?;
        loop {
            let (stream, _) = listener.accept().await?;
            tokio::spawn(serve(stream));
        }
    });
    for agent in 0..agents {
        sim.client(format!("agent-{agent}"), async move {
            let stream = turmoil::net::TcpStream::connect(("server", PORT)).await?;
            call(stream, trips).await;
            Ok(())
        });
    }
    sim.run().expect("turmoil's run ends well");
}

fn contended_here(recording: Recording) {
    use rehearsal::tokio::sync::Mutex;
    use rehearsal::tokio::task::{spawn, yield_now};

    let config = Config {
        strategy: Box::new(Random::default()),
        recording,
        ..Config::default()
    };
    let outcome = run(config, |_| async {
        let events = Arc::new(Mutex::new(Vec::new()));
        let agents: Vec<_> = (0..50u32)
            .map(|agent| {
                let events = Arc::clone(&events);
                spawn(async move {
                    for event in 0..100u32 {
                        let mut log = events.lock().await;
                        log.push((agent, event));
                        yield_now().await;
                    }
                })
            })
            .collect();
        for agent in agents {
            agent.await.expect("no task fails");
        }
        events.lock().await.len()
    });
    assert_eq!(outcome.value, Some(5_000));
}

fn contended_tokio() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let count = runtime.block_on(async {
        let events = Arc::new(tokio::sync::Mutex::new(Vec::new()));
        let agents: Vec<_> = (0..50u32)
            .map(|agent| {
                let events = Arc::clone(&events);
                tokio::spawn(async move {
                    for event in 0..100u32 {
                        let mut log = events.lock().await;
                        log.push((agent, event));
                        tokio::task::yield_now().await;
                    }
                })
            })
            .collect();
        for agent in agents {
            agent.await.expect("no task fails");
        }
        events.lock().await.len()
    });
    assert_eq!(count, 5_000);
}

/// One row of the table: our side, the peer's side, and how often to alternate.
struct Row {
    work: &'static str,
    peer: &'static str,
    goal: f64,
    ours: fn(),
    theirs: fn(),
    turns: u32,
}

const ROWS: [Row; 5] = [
    Row {
        work: "50 × 100 WebSocket round trips, links of 1 ms",
        peer: "classic turmoil",
        goal: 8.0,
        ours: || websocket_here(50, 100, SHORT),
        theirs: || websocket_turmoil(50, 100, SHORT),
        turns: 9,
    },
    Row {
        work: "50 × 100 WebSocket round trips, links of 1 to 100 ms",
        peer: "classic turmoil",
        goal: 8.0,
        ours: || websocket_here(50, 100, SPREAD),
        theirs: || websocket_turmoil(50, 100, SPREAD),
        turns: 9,
    },
    Row {
        work: "200 × 100 WebSocket round trips, links of 1 ms",
        peer: "classic turmoil",
        goal: 56.0,
        ours: || websocket_here(200, 100, SHORT),
        theirs: || websocket_turmoil(200, 100, SHORT),
        turns: 3,
    },
    Row {
        work: "50 × 100 events, one contended lock",
        peer: "plain tokio",
        goal: 1.5,
        ours: || contended_here(Recording::Fingerprint),
        theirs: contended_tokio,
        turns: 50,
    },
    Row {
        work: "the same lock, recording in full",
        peer: "ourselves, recording off",
        goal: 1.0 / 1.3,
        ours: || contended_here(Recording::Full),
        theirs: || contended_here(Recording::Off),
        turns: 50,
    },
];

#[expect(clippy::disallowed_methods, reason = "a bench measures the wall clock")]
fn time(work: fn()) -> Duration {
    let start = std::time::Instant::now();
    work();
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

#[expect(clippy::print_stdout, reason = "the table is what this is for")]
fn print_ratios() {
    println!("\n| work | ours | peer | theirs | ratio | to beat |");
    println!("|---|---|---|---|---|---|");
    for row in ROWS {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..row.turns {
            ours.push(time(row.ours));
            theirs.push(time(row.theirs));
        }
        let (ours, theirs) = (median(ours), median(theirs));
        println!(
            "| {} | {:.2?} | {} | {:.2?} | {:.2} | {:.2} |",
            row.work,
            ours,
            row.peer,
            theirs,
            theirs.as_secs_f64() / ours.as_secs_f64(),
            row.goal
        );
    }
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    {
        let mut group = criterion.benchmark_group("websocket 50x100");
        group.sample_size(10);
        group.bench_function("rehearsal", |b| b.iter(|| websocket_here(50, 100, SHORT)));
        group.bench_function("turmoil", |b| b.iter(|| websocket_turmoil(50, 100, SHORT)));
        group.finish();
    }
    {
        let mut group = criterion.benchmark_group("contended lock 50x100");
        group.bench_function("rehearsal", |b| {
            b.iter(|| contended_here(Recording::Fingerprint));
        });
        group.bench_function("tokio", |b| b.iter(contended_tokio));
        group.finish();
    }
    criterion.final_summary();
    // `cargo test --benches` passes --test: then the table would only cost time.
    if !std::env::args().any(|argument| argument == "--test") {
        print_ratios();
    }
}
