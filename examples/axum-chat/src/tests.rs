//! The chat on a simulated network: four people on hosts of their own, one of whom
//! reads late. The shared oracles judge what the four record.

#[path = "../../seeds.rs"]
mod seeds;
#[path = "../../transcript.rs"]
mod transcript;

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use rehearsal::TestLocation;
use rehearsal::history::{EntryKind, History};
use rehearsal::prelude::*;
use rehearsal::sim::PlainTaskPolicy;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;

use crate::tokio::net::{TcpListener, TcpStream};
use crate::tokio::sync::Barrier;
use crate::tokio::time::{sleep, timeout};
use crate::{AxumListener, Line, OnLag, router, tokio};

const PEOPLE: [&str; 4] = ["ann", "ben", "cleo", "dan"];

/// The messages that each person sends.
const MESSAGES: usize = 16;

/// The messages that the room keeps for clients that are behind.
const BUFFER: usize = 8;

/// The time between two messages of one person.
const PAUSE: Duration = Duration::from_millis(5);

/// The latest time at which the slow client begins to read.
const LATEST: Duration = Duration::from_millis(100);

/// The claims: no client misses a message without being told, and it is told of what the
/// room's buffer could not hold, and of nothing else.
const ORACLES: [&str; 5] = [
    "no-loss,gaps=overflow,buffer=8",
    "exactly-once",
    "fifo",
    "causal",
    "cleanup",
];

/// Joins the chat, talks once everybody is there, and listens until all is quiet.
async fn take_part(world: World, name: &'static str, everybody: Arc<Barrier>, asleep: Duration) {
    world.name_task(name);
    let actor = world.actor(name);
    let stream = TcpStream::connect("server:80").await.expect("it listens");
    let address = format!("ws://server/chat/{name}");
    let (mut socket, _) = client_async(address, stream).await.expect("an upgrade");
    assert_eq!(line(socket.next().await), Some(Line::Welcome));
    actor.subscribed("room");
    everybody.wait().await;
    let (mut write, mut read) = socket.split();
    let speaker = actor.clone();
    let talking = tokio::spawn(async move {
        world.name_task(&format!("{name} talks"));
        for _ in 0..MESSAGES {
            let text = |id| Message::text(format!("{id:<2400}"));
            let sent = speaker.send("room", "said", |id| write.send(text(id)));
            sent.await.expect("the connection stands");
            sleep(PAUSE).await;
        }
        write
    });
    sleep(asleep).await;
    while let Ok(message) = timeout(Duration::from_secs(5), read.next()).await {
        match line(message).expect("the connection stands") {
            Line::Said { text, .. } => actor.received("room", text.trim_end()),
            Line::Gap(missed) => actor.missed("room", missed),
            Line::Welcome => actor.received("room", "a second welcome"),
        }
    }
    actor.drained();
    let mut write = talking.await.expect("it does not fail");
    write.close().await.expect("the connection stands");
}

/// Returns the line in a WebSocket message; none at the end of the stream.
fn line<E: std::fmt::Debug>(message: Option<Result<Message, E>>) -> Option<Line> {
    let message = message?.expect("no error");
    let text = message.to_text().expect("a text");
    Some(text.parse().expect("a line"))
}

/// A whole conversation.
async fn converse(world: World, on_lag: OnLag) {
    let server = world.host("server");
    let homes = PEOPLE.map(|name| (name, world.host(name)));
    let service = world.spawn_on(server, async move {
        let listener = TcpListener::bind("0.0.0.0:80").await.expect("a free port");
        axum::serve(AxumListener(listener), router(BUFFER, on_lag)).await
    });
    world.settled().await; // it listens
    let everybody = Arc::new(Barrier::new(PEOPLE.len()));
    let people = homes.map(|(name, home)| {
        let late = if name == "dan" {
            LATEST
        } else {
            Duration::ZERO
        };
        let asleep = world.draw_duration(world.site("late"), Duration::ZERO, late);
        let part = take_part(world, name, Arc::clone(&everybody), asleep);
        world.spawn_on(home, part)
    });
    for person in people {
        person.await.expect("it does not fail");
    }
    service.abort();
    world.settled().await;
    world.record_census(Phase::ShutDown);
}

#[rehearsal::test(seeds = 200, latency = "1ms..20ms", oracles = ORACLES)]
async fn clients_are_told_of_every_message_that_they_miss(world: World) {
    converse(world, OnLag::TellClient).await;
}

#[rehearsal::test(seeds = 200, latency = "1ms..20ms", oracles = ORACLES)]
#[should_panic(expected = "no-loss at ")]
async fn skipped_messages_are_lost(world: World) {
    converse(world, OnLag::Skip).await;
}

/// Where every packet takes 1 ms and every task its turn, no client is late enough: what
/// a test on the loopback interface would see.
#[rehearsal::test(seeds = 1, strategy = "fifo", oracles = ORACLES)]
async fn default_schedule_does_not_show_the_defect(world: World) {
    converse(world, OnLag::Skip).await;
}

fn is_told_of_missed_messages(history: &History) -> bool {
    let mut entries = history.entries.iter();
    entries.any(|entry| matches!(entry.kind, EntryKind::Missed { .. }))
}

/// The seeds that fail if missed messages are skipped are those in which a client is told
/// of some if they are not; and there are some, or the claim would be an empty one.
#[test]
fn messages_are_missed_in_some_runs() {
    let run = |seed, on_lag| {
        let settings = (20, PlainTaskPolicy::default());
        seeds::run(seed, settings, &ORACLES, move |world| {
            converse(world, on_lag)
        })
    };
    let told = |seed: &u64| {
        let (outcome, failure) = run(*seed, OnLag::TellClient);
        assert_eq!(failure, None, "seed {seed}");
        let (_, history) = outcome.value.expect("it passes");
        is_told_of_missed_messages(&history)
    };
    let failing = |seed: &u64| {
        let (_, failure) = run(*seed, OnLag::Skip);
        assert!(
            matches!(failure.as_deref(), None | Some("no-loss/lost")),
            "{failure:?}"
        );
        failure.is_some()
    };
    let told: Vec<u64> = (0..200).filter(told).collect();
    assert_eq!(told, (0..200).filter(failing).collect::<Vec<_>>());
    assert!(told.len() >= 20, "in {told:?} only");
}

/// The guide shows what is printed.
#[test]
fn the_guide_shows_it() {
    let place = TestLocation {
        package: env!("CARGO_PKG_NAME"),
        module: module_path!(),
        name: "in_the_guide",
        file: file!(),
    };
    let shown = "skipped_messages_are_lost";
    transcript::check(
        "axum",
        shown,
        place,
        |test| test.seeds(200).latency("1ms..20ms").oracles(ORACLES),
        |world| async move {
            converse(world, OnLag::Skip).await;
        },
    );
}
