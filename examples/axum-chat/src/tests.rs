//! The chat on a simulated network: four people on hosts of their own, one of whom
//! reads late.

#[path = "../../transcript.rs"]
mod transcript;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use rehearsal::sim::{Config, Random, Verdict, run_hermetic};
use rehearsal::{Place, World};
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;

use crate::tokio::net::{TcpListener, TcpStream};
use crate::tokio::sync::Barrier;
use crate::tokio::time::{sleep, timeout};
use crate::{Doorway, Line, OnLag, router, tokio};

const PEOPLE: [&str; 4] = ["ann", "ben", "cleo", "dan"];

/// Each says that many things.
const MESSAGES: usize = 16;

/// How many messages the room keeps for who is behind.
const BUFFER: usize = 8;

/// Between two things that one says.
const PAUSE: Duration = Duration::from_millis(5);

/// The slow one begins to read after so long at most.
const LATEST: Duration = Duration::from_millis(100);

/// What a client was told.
#[derive(Default)]
struct Heard {
    /// Of each speaker, the numbers of the messages.
    said: BTreeMap<String, Vec<usize>>,
    missed: u64,
}

impl Heard {
    fn note(&mut self, line: Line) {
        match line {
            Line::Welcome => panic!("welcomed twice"),
            Line::Gap(missed) => self.missed += missed,
            Line::Said { who, text } => {
                let number = text.trim_end().parse().expect("a number");
                self.said.entry(who).or_default().push(number);
            }
        }
    }

    /// Everything was heard, or told to be missing; nothing twice or out of order.
    fn check(&self, listener: &str) {
        for (speaker, numbers) in &self.said {
            assert!(
                numbers.is_sorted_by(|a, b| a < b),
                "{listener} hears {speaker} say {numbers:?}"
            );
        }
        let heard: usize = self.said.values().map(Vec::len).sum();
        let missed = usize::try_from(self.missed).expect("not so many");
        let all = PEOPLE.len() * MESSAGES;
        assert_eq!(
            heard + missed,
            all,
            "of {all} messages {listener} hears {heard}, and knows that {missed} are missing"
        );
    }
}

/// Joins the chat, talks once everybody is there, and listens until all is quiet.
async fn take_part(
    world: World,
    name: &'static str,
    everybody: Arc<Barrier>,
    asleep: Duration,
) -> Heard {
    world.name_task(name);
    let stream = TcpStream::connect("server:80").await.expect("it listens");
    let address = format!("ws://server/chat/{name}");
    let (mut socket, _) = client_async(address, stream).await.expect("an upgrade");
    let welcome = socket.next().await.expect("a line").expect("no error");
    assert_eq!(welcome.to_text().expect("text"), "welcome");
    everybody.wait().await;
    let (mut write, mut read) = socket.split();
    let talking = tokio::spawn(async move {
        world.name_task(&format!("{name} talks"));
        for number in 0..MESSAGES {
            let text = format!("{number:<2400}");
            write.send(Message::text(text)).await.expect("it is open");
            sleep(PAUSE).await;
        }
        write
    });
    sleep(asleep).await;
    let mut heard = Heard::default();
    while let Ok(message) = timeout(Duration::from_secs(5), read.next()).await {
        let message = message.expect("it is open").expect("no error");
        heard.note(message.to_text().expect("text").parse().expect("a line"));
    }
    let mut write = talking.await.expect("it does not fail");
    write.close().await.expect("it is open");
    heard
}

/// A whole conversation. How many messages were told to be missing.
async fn converse(world: World, on_lag: OnLag) -> u64 {
    let server = world.host("server");
    let homes = PEOPLE.map(|name| (name, world.host(name)));
    let service = world.spawn_on(server, async move {
        let listener = TcpListener::bind("0.0.0.0:80").await.expect("a free port");
        axum::serve(Doorway(listener), router(BUFFER, on_lag)).await
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
        (name, world.spawn_on(home, part))
    });
    let mut missed = 0;
    for (name, person) in people {
        let heard = person.await.expect("it does not fail");
        heard.check(name);
        missed += heard.missed;
    }
    service.abort();
    world.settled().await;
    let left = world.census();
    assert_eq!(left.tasks, [], "somebody stays in the room");
    missed
}

#[rehearsal::test(seeds = 200, latency = "1ms..20ms")]
async fn whoever_misses_messages_is_told(world: World) {
    converse(world, OnLag::TellClient).await;
}

#[rehearsal::test(seeds = 200, latency = "1ms..20ms")]
#[should_panic(expected = "and knows that 0 are missing")]
async fn silence_about_missed_messages_is_found(world: World) {
    converse(world, OnLag::Skip).await;
}

/// Where every packet takes 1 ms and every task its turn, nobody is late enough: what
/// a test on the loopback interface would see.
#[rehearsal::test(seeds = 1, strategy = "fifo")]
async fn the_boring_run_does_not_show_it(world: World) {
    converse(world, OnLag::Skip).await;
}

/// The seeds that fail if missed messages are passed over are those in which somebody
/// is told if they are not; and there are some, or the claim would be an empty one.
#[test]
fn messages_are_missed_in_some_runs() {
    let play = |seed, on_lag| {
        let config = move || {
            let mut config = Config {
                seed,
                strategy: Box::new(Random::default()),
                ..Config::default()
            };
            config.net.latency_max = Duration::from_millis(20);
            config
        };
        run_hermetic(config, move |world| converse(world, on_lag))
    };
    let told = |seed: &u64| play(*seed, OnLag::TellClient).value > Some(0);
    let failing = |seed: &u64| play(*seed, OnLag::Skip).verdict != Verdict::Pass;
    let told: Vec<u64> = (0..200).filter(told).collect();
    assert_eq!(told, (0..200).filter(failing).collect::<Vec<_>>());
    assert!(told.len() >= 20, "in {told:?} only");
}

/// The guide shows what is printed.
#[test]
fn the_guide_shows_it() {
    let place = Place {
        package: env!("CARGO_PKG_NAME"),
        module: module_path!(),
        name: "in_the_guide",
        file: file!(),
    };
    let shown = "silence_about_missed_messages_is_found";
    transcript::check(
        "axum",
        shown,
        place,
        |test| test.seeds(200).latency("1ms..20ms"),
        |world| async move {
            converse(world, OnLag::Skip).await;
        },
    );
}
