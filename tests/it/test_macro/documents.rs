//! The programs that the README and the guide show.

use std::sync::Arc;

use rehearsal::Test;
use rehearsal::prelude::*;
use rehearsal::tokio::spawn;
use rehearsal::tokio::sync::Mutex;
use rehearsal::tokio::sync::broadcast::{self, error::RecvError};

use super::told;
use crate::support::assert_shows;

/// The README's program: a channel that keeps two of three messages.
async fn everything_that_is_said_is_heard(world: World) {
    let (room, mut heard) = broadcast::channel(2);
    let (ann, ben) = (world.actor("ann"), world.actor("ben"));
    ben.subscribed("room");
    for _ in 0..3 {
        let said = ann.send("room", "said", async |id| room.send(id).map(drop));
        said.await.expect("ben listens");
    }
    drop(room);
    loop {
        match heard.recv().await {
            Ok(id) => ben.received("room", id),
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => break,
        }
    }
    ben.drained();
}

/// The program of the guide's page on oracles.
#[rehearsal::test(seeds = 32, oracles = ["linearizable"])]
async fn no_number_is_given_twice(world: World) {
    let last = Arc::new(Mutex::new(0_u32));
    let clients = ["ann", "ben"].map(|name| {
        let (actor, last) = (world.actor(name), Arc::clone(&last));
        spawn(async move {
            let next = async || {
                let mut last = last.lock().await;
                *last += 1;
                Ok::<u32, String>(*last)
            };
            actor.call("tickets", "increment", next).await
        })
    });
    for client in clients {
        client.await.expect("it returns").expect("a number");
    }
}

#[test]
fn pages_show_the_programs_of_these_tests() {
    let here = std::fs::read_to_string(file!()).expect("this file");
    for (page, program) in [
        ("README.md", "everything_that_is_said_is_heard"),
        ("docs/guide/oracles.md", "everything_that_is_said_is_heard"),
        ("docs/guide/oracles.md", "no_number_is_given_twice"),
    ] {
        let start = here
            .find(&format!("async fn {program}("))
            .expect("it is here");
        let end = here[start..].find("\n}\n").expect("it ends");
        let code = &here[start..start + end];
        let text = std::fs::read_to_string(page).expect("a page");
        assert!(text.contains(code), "{page} does not show\n{code}");
    }
}

#[test]
fn message_that_a_full_channel_overwrites_is_lost() {
    let set = |test: Test| test.seeds(1).oracles(["no-loss", "exactly-once", "fifo"]);
    let text = told("lost", set, everything_that_is_said_is_heard);
    let lost = "ann-1 (said) of ann/room on room was accepted; never delivered to ben, and no";
    assert_shows(&text, &["no-loss at ", lost]);
}

/// Two clients read the last number under one lock and write the next under another.
#[test]
fn number_that_is_given_twice_is_not_linearizable() {
    let program = |world: World| async move {
        let last = Arc::new(Mutex::new(0_u32));
        let clients = ["ann", "ben"].map(|name| {
            let (actor, last) = (world.actor(name), Arc::clone(&last));
            spawn(async move {
                let next = async || {
                    let number = *last.lock().await + 1;
                    *last.lock().await = number;
                    Ok::<u32, String>(number)
                };
                actor.call("tickets", "increment", next).await
            })
        });
        for client in clients {
            client.await.expect("it returns").expect("a number");
        }
    };
    let text = told("numbers", |test| test.oracles(["linearizable"]), program);
    assert_shows(
        &text,
        &[
            "linearizable at 0.000s: no order of the operations on tickets (a counter) explains that",
            "returned ok(value: 1)",
            "invoke operation-",
        ],
    );
}

/// The claim of the README about its two tellers.
#[test]
fn the_race_in_the_readme_is_found() {
    async fn withdraw(balance: &Mutex<u64>, amount: u64) -> bool {
        let enough = *balance.lock().await >= amount; // the lock is let go here
        if enough {
            *balance.lock().await -= amount; // and taken again
        }
        enough
    }
    let readme = std::fs::read_to_string("README.md").expect("there is a README");
    let here = std::fs::read_to_string(file!()).expect("this file");
    for line in [
        "let enough = *balance.lock().await >= amount; // the lock is let go here",
        "*balance.lock().await -= amount; // and taken again",
        "let tellers = [80, 80].map(|amount| {",
    ] {
        assert!(readme.contains(line) && here.contains(line), "{line}");
    }
    let text = told(
        "readme",
        |test| test.seeds(1_000),
        |_| async {
            let balance = Arc::new(Mutex::new(100));
            let tellers = [80, 80].map(|amount| {
                let balance = Arc::clone(&balance);
                spawn(async move { withdraw(&balance, amount).await })
            });
            for teller in tellers {
                teller.await.expect("no teller fails");
            }
        },
    );
    let wanted = ["attempt to subtract with overflow", "1 preemption"];
    assert_shows(&text, &wanted);
}
