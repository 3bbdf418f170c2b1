//! The gateway, two workers and five clients on a simulated network where a fault may
//! strike.

#[path = "../../transcript.rs"]
mod transcript;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use rehearsal::sim::{Config, Direction, HostId, Random, run_hermetic};
use rehearsal::{Place, World};

use crate::tokio::net::TcpListener;
use crate::tokio::time::sleep;
use crate::{
    Account, Choosing, Done, Gateway, Job, Ledger, OnSilence, Patience, Rejection, Settings,
    Worker, post,
};

const CLIENTS: usize = 5;

/// Of each client, one after the other.
const JOBS: usize = 3;

/// How many jobs a worker may have at once.
const LIMIT: u32 = 2;

const WORKERS: [&str; 2] = ["worker-1", "worker-2"];

const fn millis(number: u64) -> Duration {
    Duration::from_millis(number)
}

fn settings(on_silence: OnSilence, choosing: Choosing) -> Settings {
    Settings {
        workers: WORKERS.map(|name| format!("{name}:80")).to_vec(),
        limit: LIMIT,
        patience: Patience {
            connect: millis(60),
            answer: millis(120),
        },
        on_silence,
        choosing,
    }
}

/// What a client was answered.
type Answer = Result<Done, Rejection>;

/// Gives one job after the other to the gateway; each with its answer.
async fn ask_for_work(world: World, client: usize) -> Vec<(String, Answer)> {
    world.name_task(&format!("client-{client}"));
    let patience = Patience {
        connect: millis(10_000),
        answer: millis(10_000),
    };
    let site = world.site("work");
    let mut answers = Vec::new();
    for number in 0..JOBS {
        let id = format!("job-{client}-{number}");
        let work = 10 + u64::from(world.draw(site, 60));
        let job = Job { id, work };
        let answer = post("gateway:80", &job, patience).await;
        let (status, body) = answer.expect("every request has an answer");
        let answer = if status == StatusCode::OK {
            Ok(serde_json::from_slice(&body).expect("what was done"))
        } else {
            Err(serde_json::from_slice(&body).expect("what went wrong"))
        };
        answers.push((job.id, answer));
    }
    answers
}

/// In three of four runs something happens to the first worker, for a while.
async fn strike(world: World, gateway: HostId, worker: HostId) {
    let when = world.draw_duration(world.site("when"), millis(0), millis(100));
    let both = Direction::Both;
    sleep(when).await;
    match world.draw(world.site("fault"), 4) {
        1 => {
            world.crash(worker);
            sleep(millis(150)).await;
            world.restart(worker);
        }
        2 => {
            world.partition(gateway, worker, both);
            sleep(millis(150)).await;
            world.heal(gateway, worker, both);
        }
        3 => {
            world.hold(gateway, worker, both);
            sleep(millis(100)).await;
            world.release(gateway, worker, both);
        }
        _ => {}
    }
}

/// A day's work. The gateway's account of it.
async fn work(world: World, on_silence: OnSilence, choosing: Choosing) -> Account {
    let (home, clients) = (world.host("gateway"), world.host("clients"));
    let ledgers = [Arc::new(Ledger::default()), Arc::new(Ledger::default())];
    let workers = WORKERS.map(|name| world.host(name));
    for ((worker, name), ledger) in workers.into_iter().zip(WORKERS).zip(&ledgers) {
        let ledger = Arc::clone(ledger);
        world.boot(worker, move || {
            let worker = Worker::new(name, Arc::clone(&ledger));
            async move {
                world.name_task(name);
                worker.serve(listen().await).await;
            }
        });
    }
    let gateway = Gateway::new(settings(on_silence, choosing));
    let serving = Arc::clone(&gateway);
    world.boot(home, move || {
        let gateway = Arc::clone(&serving);
        async move {
            world.name_task("gateway");
            gateway.serve(listen().await).await;
        }
    });
    world.settled().await; // they listen

    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| world.spawn_on(clients, ask_for_work(world, client)))
        .collect();
    strike(world, home, workers[0]).await;
    let mut answers = Vec::new();
    for client in clients {
        answers.extend(client.await.expect("it does not fail"));
    }
    sleep(millis(10_000)).await; // what goes on unasked comes to its end

    let mut done: BTreeMap<String, usize> = BTreeMap::new();
    for ledger in &ledgers {
        for job in ledger.jobs().await {
            *done.entry(job.id).or_default() += 1;
        }
    }
    check_jobs(&answers, &done);
    let account = gateway.account().await;
    for (load, name) in account.loads.iter().zip(WORKERS) {
        assert_eq!(load.now, 0, "{name} has jobs left, says the gateway");
        let peak = load.peak;
        assert!(peak <= LIMIT, "{name} had {peak} jobs at once, of {LIMIT}");
    }
    for host in workers.into_iter().chain([home]) {
        world.crash(host);
    }
    world.settled().await;
    assert_eq!(world.census().tasks, [], "somebody still works");
    account
}

async fn listen() -> TcpListener {
    TcpListener::bind("0.0.0.0:80").await.expect("a free port")
}

/// Each job that was answered was done once, each that was rejected not at all, and
/// one of which nothing is known not twice.
fn check_jobs(answers: &[(String, Answer)], done: &BTreeMap<String, usize>) {
    assert_eq!(answers.len(), CLIENTS * JOBS);
    for (id, answer) in answers {
        let times = done.get(id).copied().unwrap_or(0);
        let right = match answer {
            Ok(done) => done.id == *id && times == 1,
            Err(Rejection::Busy | Rejection::Unreachable) => times == 0,
            Err(Rejection::Unknown) => times <= 1,
        };
        assert!(right, "{id} was done {times} times and answered {answer:?}");
    }
}

#[rehearsal::test(seeds = 200, latency = "1ms..20ms")]
async fn each_job_is_done_once_whatever_happens_to_a_worker(world: World) {
    work(world, OnSilence::AskAgain, Choosing::TakeAtOnce).await;
}

/// Where all packets take the same time, much happens at once, and it matters most in
/// which order tasks run.
#[rehearsal::test(seeds = 200, latency = "1ms")]
async fn no_worker_has_more_jobs_at_once_than_it_may(world: World) {
    work(world, OnSilence::AskAgain, Choosing::TakeAtOnce).await;
}

#[rehearsal::test(seeds = 200, latency = "1ms..20ms")]
#[should_panic(expected = "was done 2 times")]
async fn asking_another_worker_after_silence_is_found(world: World) {
    work(world, OnSilence::AskElsewhere, Choosing::TakeAtOnce).await;
}

#[rehearsal::test(seeds = 200, latency = "1ms")]
#[should_panic(expected = "jobs at once, of 2")]
async fn looking_for_a_place_before_taking_it_is_found(world: World) {
    work(world, OnSilence::AskAgain, Choosing::LookThenTake).await;
}

/// It takes another order of tasks than the boring one, in which a task goes on as
/// long as it can.
#[rehearsal::test(seeds = 200, latency = "1ms", strategy = "fifo")]
async fn looking_for_a_place_before_taking_it_does_no_harm_in_the_boring_order(world: World) {
    work(world, OnSilence::AskAgain, Choosing::LookThenTake).await;
}

/// Else the claims would hold because nothing ever happens.
#[test]
fn workers_keep_silent_and_cannot_be_reached_in_some_runs() {
    for slowest in [1, 20] {
        let play = |seed| {
            let config = move || {
                let mut config = Config {
                    seed,
                    strategy: Box::new(Random::default()),
                    ..Config::default()
                };
                config.net.latency_max = millis(slowest);
                config
            };
            let work = |world| work(world, OnSilence::AskAgain, Choosing::TakeAtOnce);
            run_hermetic(config, work).value.expect("it passes")
        };
        let accounts: Vec<Account> = (0..200).map(play).collect();
        let runs = |which: fn(&&Account) -> bool| accounts.iter().filter(which).count();
        let silent = runs(|account| account.after_silence > 0);
        let unreached = runs(|account| account.unreached > 0);
        let full = runs(|account| account.loads.iter().any(|load| load.peak == LIMIT));
        let met = (silent, unreached, full);
        assert!(silent.min(unreached).min(full) >= 40, "{met:?} of 200");
    }
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
    let shown = "looking_for_a_place_before_taking_it_is_found";
    transcript::check(
        "hyper",
        shown,
        place,
        |test| test.seeds(200).latency("1ms"),
        |world| async move {
            work(world, OnSilence::AskAgain, Choosing::LookThenTake).await;
        },
    );
}
