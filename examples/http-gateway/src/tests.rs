//! The gateway, two workers and five clients on a simulated network where a fault may
//! strike.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use rehearsal::sim::{
    Config, Direction, HostId, Outcome, Pct, Pos, Random, Strategy, Verdict, World, run_hermetic,
};

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

const SEEDS: Range<u64> = 0..200;

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
            async move { worker.serve(listen().await).await }
        });
    }
    let gateway = Gateway::new(settings(on_silence, choosing));
    let serving = Arc::clone(&gateway);
    world.boot(home, move || {
        let gateway = Arc::clone(&serving);
        async move { gateway.serve(listen().await).await }
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

/// How long a packet travels: 1 ms to that.
#[derive(Clone, Copy, Debug)]
enum Slowest {
    /// Packets that are sent in one instant arrive in one instant. So much happens at
    /// once, and the order of tasks matters most.
    OneMilli,
    /// Hardly two things happen at once, and timeouts are near.
    TwentyMillis,
}

fn play(
    seed: u64,
    slowest: Slowest,
    on_silence: OnSilence,
    choosing: Choosing,
) -> Outcome<Account> {
    let config = move || {
        let strategy: Box<dyn Strategy> = match seed % 3 {
            0 => Box::new(Random::default()),
            1 => Box::new(Pct::new(3)),
            _ => Box::new(Pos::default()),
        };
        let mut config = Config {
            seed,
            strategy,
            ..Config::default()
        };
        config.net.latency_max = match slowest {
            Slowest::OneMilli => millis(1),
            Slowest::TwentyMillis => millis(20),
        };
        config
    };
    run_hermetic(config, move |world| work(world, on_silence, choosing))
}

fn healthy(seed: u64, slowest: Slowest) -> Outcome<Account> {
    play(seed, slowest, OnSilence::AskAgain, Choosing::TakeAtOnce)
}

/// The seeds that fail, and whether each failed for that reason.
fn failing(outcome: impl Fn(u64) -> Outcome<Account>, reason: &str) -> Vec<u64> {
    let failed = |seed: &u64| match outcome(*seed).verdict {
        Verdict::Pass => false,
        Verdict::Panic(report) if report.message.contains(reason) => true,
        other => panic!("seed {seed}: {other}"),
    };
    SEEDS.filter(failed).collect()
}

#[test]
fn each_job_is_done_once_whatever_happens_to_a_worker() {
    for slowest in [Slowest::OneMilli, Slowest::TwentyMillis] {
        let (mut silent, mut unreached) = (0, 0);
        for seed in SEEDS {
            let outcome = healthy(seed, slowest);
            assert_eq!(outcome.verdict, Verdict::Pass, "seed {seed}, {slowest:?}");
            let account = outcome.value.expect("it passed");
            silent += usize::from(account.after_silence > 0);
            unreached += usize::from(account.unreached > 0);
        }
        // Else the claim would hold because nothing ever happens.
        assert!(silent >= 40, "silence in {silent} of 200 seeds only");
        assert!(
            unreached >= 40,
            "unreached in {unreached} of 200 seeds only"
        );
    }
}

#[test]
fn asking_another_worker_after_silence_is_found() {
    let (silence, choosing) = (OnSilence::AskElsewhere, Choosing::TakeAtOnce);
    let play = |seed| play(seed, Slowest::TwentyMillis, silence, choosing);
    let failing = failing(play, "was done 2 times");
    assert!(failing.len() >= 8, "{failing:?}");
}

#[test]
fn looking_for_a_place_before_taking_it_is_found() {
    let (silence, choosing) = (OnSilence::AskAgain, Choosing::LookThenTake);
    let play = |seed| play(seed, Slowest::OneMilli, silence, choosing);
    let failing = failing(play, "jobs at once, of 2");
    assert!(failing.len() >= 20, "{failing:?}");
}

/// It takes another order of tasks than the boring one, in which a task goes on as
/// long as it can.
#[test]
fn looking_for_a_place_before_taking_it_does_no_harm_in_the_boring_order() {
    let work = |world| work(world, OnSilence::AskAgain, Choosing::LookThenTake);
    for seed in SEEDS {
        let config = move || Config {
            seed,
            ..Config::default()
        };
        assert_eq!(run_hermetic(config, work).verdict, Verdict::Pass);
    }
}

#[test]
fn a_seed_gives_one_run() {
    for seed in 0..20 {
        let play = || healthy(seed, Slowest::TwentyMillis).fingerprint;
        assert_eq!(play(), play(), "seed {seed}");
    }
}
