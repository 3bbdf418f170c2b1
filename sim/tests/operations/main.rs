//! Runs whose operations are all scheduling points: what only they find, and the same runs where
//! they are not.

mod blocking;
mod locks;
mod strategies;
mod suspended;
mod threads;

use rehearsal_sim::std::sync::Arc;
use rehearsal_sim::std::sync::atomic::Ordering::SeqCst;
use rehearsal_sim::std::sync::atomic::{AtomicBool, AtomicU32};
use rehearsal_sim::tokio::{
    self,
    sync::{Notify, broadcast, mpsc},
};
use rehearsal_sim::{Choices, Config, Interleave, Outcome, Random, Recording, Verdict, run};

fn config(seed: u64, interleave: Interleave) -> Config {
    Config {
        seed,
        strategy: Box::new(Random::default()),
        interleave,
        ..Config::default()
    }
}

/// A program, with its bug or without.
type Program = fn(fixed: bool) -> std::pin::Pin<Box<dyn Future<Output = ()>>>;

/// Two tasks add one to a number, by a load and a store.
async fn load_and_store(fixed: bool) {
    let total = Arc::new(AtomicU32::new(0));
    let add = |total: Arc<AtomicU32>| async move {
        if fixed {
            total.fetch_add(1, SeqCst);
        } else {
            let before = total.load(SeqCst);
            total.store(before + 1, SeqCst);
        }
    };
    let one = tokio::spawn(add(Arc::clone(&total)));
    let other = tokio::spawn(add(Arc::clone(&total)));
    one.await.expect("it ends");
    other.await.expect("it ends");
    assert_eq!(total.load(SeqCst), 2, "one was lost");
}

/// Two tasks send five values each, which belong together.
async fn interleaved_sends(fixed: bool) {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let send = |from: u32| {
        let sender = sender.clone();
        async move {
            if fixed {
                sender.send(vec![from; 5]).expect("it is received");
            } else {
                for _ in 0..5 {
                    sender.send(vec![from]).expect("it is received");
                }
            }
        }
    };
    let tasks = [tokio::spawn(send(1)), tokio::spawn(send(2))];
    drop(sender);
    let mut received = Vec::new();
    while let Some(values) = receiver.recv().await {
        received.extend(values);
    }
    for task in tasks {
        task.await.expect("it ends");
    }
    received.dedup();
    assert_eq!(received.len(), 2, "interleaved: {received:?}");
}

/// Two tasks draw a number and send it: in the order of the numbers?
async fn number_then_broadcast(fixed: bool) {
    let (sender, mut receiver) = broadcast::channel(4);
    let next = Arc::new(AtomicU32::new(0));
    let order = Arc::new(tokio::sync::Mutex::new(()));
    let publish = || {
        let (sender, next, order) = (sender.clone(), Arc::clone(&next), Arc::clone(&order));
        async move {
            let _order = match fixed {
                true => Some(order.lock().await),
                false => None,
            };
            let number = next.fetch_add(1, SeqCst);
            sender.send(number).expect("there is a receiver");
        }
    };
    let tasks = [tokio::spawn(publish()), tokio::spawn(publish())];
    for task in tasks {
        task.await.expect("it ends");
    }
    let received = (receiver.recv().await, receiver.recv().await);
    assert_eq!(received, (Ok(0), Ok(1)), "out of order");
}

/// A task checks a flag, and waits for the notification that it is set.
async fn check_then_wait(fixed: bool) {
    let (flag, notify) = (Arc::new(AtomicBool::new(false)), Arc::new(Notify::new()));
    let waits = {
        let (flag, notify) = (Arc::clone(&flag), Arc::clone(&notify));
        tokio::spawn(async move {
            let early = fixed.then(|| notify.notified());
            if flag.load(SeqCst) {
                return;
            }
            match early {
                Some(notified) => notified.await,
                None => notify.notified().await,
            }
        })
    };
    let sets = tokio::spawn(async move {
        flag.store(true, SeqCst);
        notify.notify_waiters();
    });
    sets.await.expect("it ends");
    waits.await.expect("it ends");
}

const PROGRAMS: [(&str, Program); 4] = [
    ("load_and_store", |fixed| Box::pin(load_and_store(fixed))),
    ("interleaved_sends", |fixed| {
        Box::pin(interleaved_sends(fixed))
    }),
    ("number_then_broadcast", |fixed| {
        Box::pin(number_then_broadcast(fixed))
    }),
    ("check_then_wait", |fixed| Box::pin(check_then_wait(fixed))),
];

fn execute(program: Program, fixed: bool, config: Config) -> Outcome<()> {
    run(config, move |_| program(fixed))
}

#[test]
fn bugs_between_two_awaits_are_found() {
    for (name, program) in PROGRAMS {
        let fails = |seed| {
            let outcome = execute(program, false, config(seed, Interleave::Operations));
            outcome.verdict != Verdict::Pass
        };
        let first = (0..1_000).find(|seed| fails(*seed));
        assert!(first.is_some(), "{name} is not found");
    }
}

#[test]
fn where_only_awaits_are_points_they_are_not() {
    for (name, program) in PROGRAMS {
        for seed in 0..200 {
            let outcome = execute(program, false, config(seed, Interleave::Awaits));
            assert_eq!(outcome.verdict, Verdict::Pass, "{name}, seed {seed}");
        }
    }
}

#[test]
fn programs_without_the_bug_pass() {
    for (name, program) in PROGRAMS {
        for seed in 0..1_000 {
            let outcome = execute(program, true, config(seed, Interleave::Operations));
            assert_eq!(outcome.verdict, Verdict::Pass, "{name}, seed {seed}");
        }
    }
}

#[test]
fn seed_decides_the_run() {
    for (name, program) in PROGRAMS {
        for seed in 0..100 {
            let execute = |recording| {
                let config = Config {
                    recording,
                    ..config(seed, Interleave::Operations)
                };
                execute(program, seed % 2 == 0, config)
            };
            let (first, second) = (execute(Recording::Fingerprint), execute(Recording::Full));
            assert_eq!(first.fingerprint, second.fingerprint, "{name}, seed {seed}");
            assert_eq!(first.verdict, second.verdict, "{name}, seed {seed}");
        }
    }
}

#[test]
fn tape_replays_without_the_strategy() {
    for (name, program) in PROGRAMS {
        for seed in 0..50 {
            let recorded = Config {
                recording: Recording::Full,
                ..config(seed, Interleave::Operations)
            };
            let recorded = execute(program, false, recorded);
            let replayed = Config {
                seed,
                choices: Choices::Replay(recorded.tape.schedule()),
                interleave: Interleave::Operations,
                ..Config::default()
            };
            let replayed = execute(program, false, replayed);
            assert_eq!(
                replayed.fingerprint, recorded.fingerprint,
                "{name}, seed {seed}"
            );
            assert_eq!(replayed.divergence, None, "{name}, seed {seed}");
        }
    }
}
