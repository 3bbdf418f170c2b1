//! Real WebSocket round trips over simulated TCP: one server, many clients.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use futures_util::{SinkExt, StreamExt};
use rehearsal_sim::{Config, Random, Recording, World, run};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{accept_async_with_config, client_async_with_config};

use crate::instructions::Program;
use crate::links::{Links, SHORT, SPREAD};
use crate::measure::{Side, in_turn, side};
use crate::table::{Figures, Goal, Row};

const TRIPS: u32 = 100;

pub(crate) fn rows() -> Vec<Row> {
    vec![
        row(50, SHORT, 4.5, 15, 1),
        row(50, SHORT.piped(), 7.0, 15, 1),
        floor(50, SHORT.piped()),
        row(50, SPREAD, 30.0, 5, 1),
        row(50, SPREAD.piped(), 45.0, 5, 1),
        row(200, SHORT, 60.0, 3, 1),
        row(200, SHORT.piped(), 90.0, 3, 1),
        // All trips would take turmoil two minutes.
        row(200, SPREAD, 550.0, 1, 10),
        row(200, SPREAD.piped(), 900.0, 1, 10),
    ]
}

/// Measures all trips; turmoil does one in `part`, a divisor of their number.
fn row(agents: u32, links: Links, goal: f64, turns: u32, part: u32) -> Row {
    let theirs: Side<'_> = side(1, move || websocket_turmoil(agents, TRIPS / part, links));
    let ours = side(1, move || {
        websocket_in_rehearsal(agents, TRIPS, links, Recording::Fingerprint)
    });
    let [ours, theirs] = in_turn(turns, [ours, theirs]);
    let theirs = theirs.map(|times| times.into_iter().map(|time| time * part).collect());
    Row {
        work: format!("{agents} × {TRIPS} WebSocket round trips, {links}"),
        peer: match part {
            1 => "classic turmoil".to_owned(),
            part => format!("classic turmoil, {} trips, times {part}", TRIPS / part),
        },
        figures: Figures::of(&ours, &theirs),
        goal: Goal::Faster(goal),
    }
}

/// Measures what the WebSocket library costs by itself: the same trips over buffers in memory,
/// polled by tokio, without hosts, links, choices or a record.
fn floor(agents: u32, links: Links) -> Row {
    let ours = side(1, move || {
        websocket_in_rehearsal(agents, TRIPS, links, Recording::Fingerprint)
    });
    let theirs = side(1, move || websocket_in_memory(agents, TRIPS));
    let [ours, theirs] = in_turn(15, [ours, theirs]);
    Row {
        work: format!("{agents} × {TRIPS} WebSocket round trips, {links}"),
        peer: "plain tokio, over buffers in memory".to_owned(),
        figures: Figures::of(&ours, &theirs),
        goal: Goal::Known,
    }
}

/// Measures full recording where most of the work is outside the engine.
pub(crate) fn recording() -> Row {
    let side = |recording| {
        side(1, move || {
            websocket_in_rehearsal(50, TRIPS, SHORT, recording)
        })
    };
    let [full, off] = in_turn(35, [side(Recording::Full), side(Recording::Off)]);
    Row {
        work: format!("50 × {TRIPS} WebSocket round trips, {SHORT}, recording in full"),
        peer: "itself, recording off".to_owned(),
        figures: Figures::of(&full, &off),
        goal: Goal::Dearer(1.4),
    }
}

/// Returns the programs whose instructions are counted.
pub(crate) fn programs() -> [Program; 2] {
    let program = |name, work: fn()| Program::new(name, 50 * TRIPS, work);
    [
        program("WebSocket round trip", || {
            websocket_in_rehearsal(50, TRIPS, SHORT, Recording::Fingerprint);
        }),
        program("piped WebSocket round trip", || {
            websocket_in_rehearsal(50, TRIPS, SHORT.piped(), Recording::Fingerprint);
        }),
    ]
}

const PORT: u16 = 9000;

/// Returns the configuration of both sides, with a small buffer for reads. tungstenite's
/// default of 128 KiB is cleared before every read, which would cost more than either
/// simulator.
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

fn websocket_in_rehearsal(agents: u32, trips: u32, links: Links, recording: Recording) {
    use rehearsal_sim::tokio::net::{TcpListener, TcpStream};

    let config = Config {
        strategy: Box::new(Random::default()),
        recording,
        net: links.ours(),
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
    assert_eq!(outcome.verdict.as_str(), "pass", "{}", outcome.verdict);
}

fn websocket_in_memory(agents: u32, trips: u32) {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime").block_on(async {
        let calls: Vec<_> = (0..agents)
            .map(|_| {
                let (client, server) = tokio::io::duplex(64 * 1024);
                tokio::spawn(serve(server));
                tokio::spawn(call(client, trips))
            })
            .collect();
        for call in calls {
            call.await.expect("no task fails");
        }
    });
}

fn websocket_turmoil(agents: u32, trips: u32, links: Links) {
    let mut sim = links.turmoil();
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
