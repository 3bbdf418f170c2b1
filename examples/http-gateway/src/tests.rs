//! The gateway, two workers and five clients on a simulated network where a fault may
//! strike. The shared oracles judge what clients are answered and what workers do.

#[path = "../../seeds.rs"]
mod seeds;
#[path = "../../transcript.rs"]
mod transcript;

use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use rehearsal::TestLocation;
use rehearsal::prelude::*;
use rehearsal::sim::{Direction, HostId, PlainTaskPolicy};

use crate::tokio::net::TcpListener;
use crate::tokio::time::sleep;
use crate::{
    Account, Choosing, Done, Gateway, Job, Ledger, OnSilence, Patience, Rejection, Settings,
    Worker, post,
};

/// The claims: a job that was answered is done once, one that was rejected never, one of
/// which nothing is known at most once; no worker has too many at a time; nothing is left.
const ORACLES: [&str; 4] = ["no-loss", "exactly-once", "invariants", "cleanup"];

const CLIENTS: usize = 5;

/// Of each client, one after the other.
const JOBS: usize = 3;

/// The most jobs that a worker may have at once.
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

/// Gives one job after the other to the gateway.
async fn ask_for_work(world: World, client: usize) {
    let name = format!("client-{client}");
    world.name_task(&name);
    let actor = world.actor(&name);
    let patience = Patience {
        connect: millis(10_000),
        answer: millis(10_000),
    };
    let site = world.site("work");
    for number in 0..JOBS {
        let id = format!("job-{client}-{number}");
        let work = 10 + u64::from(world.draw(site, 60));
        let job = Job { id, work };
        let sending = actor.sending("jobs", Draft::new("job").named(job.id.as_str()));
        match answer(post("gateway:80", &job, patience).await) {
            Ok(done) if done.id == job.id => sending.accepted(),
            Ok(done) => panic!("{} is answered with {}", job.id, done.id),
            // It may be done, once.
            Err(Rejection::Unknown) => sending.unanswered(),
            Err(rejection) => sending.rejected(format!("{rejection:?}")),
        }
    }
}

fn answer(response: Result<(StatusCode, bytes::Bytes), crate::Failure>) -> Result<Done, Rejection> {
    let (status, body) = response.expect("every request has an answer");
    if status == StatusCode::OK {
        Ok(serde_json::from_slice(&body).expect("what was done"))
    } else {
        Err(serde_json::from_slice(&body).expect("what went wrong"))
    }
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

/// Runs everything to its end. Returns the gateway's account of it.
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
    let pool = world.actor("workers");
    pool.subscribed("jobs");

    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| world.spawn_on(clients, ask_for_work(world, client)))
        .collect();
    strike(world, home, workers[0]).await;
    for client in clients {
        client.await.expect("it does not fail");
    }
    sleep(millis(10_000)).await; // what goes on unasked comes to its end

    for ledger in &ledgers {
        for job in ledger.jobs().await {
            pool.received("jobs", job.id);
        }
    }
    pool.drained();
    let account = gateway.account().await;
    record_account(&world.actor("gateway"), &account);
    for host in workers.into_iter().chain([home]) {
        world.crash(host);
    }
    world.settled().await;
    world.record_census(Phase::ShutDown);
    account
}

/// Records what the gateway knows of its workers: the most jobs at once, and the jobs that
/// it takes for open.
fn record_account(gateway: &Actor, account: &Account) {
    for (load, name) in account.loads.iter().zip(WORKERS) {
        let peak = load.peak;
        let within = match peak <= LIMIT {
            true => Ok(()),
            false => Err(format!("{name} had {peak} jobs at once, of {LIMIT}")),
        };
        gateway.invariant("jobs-at-once", within);
    }
    let open = account.loads.iter().map(|load| load.now).sum::<u32>();
    gateway.holds(Phase::Quiescent, (0..open).map(|_| "job"));
}

async fn listen() -> TcpListener {
    TcpListener::bind("0.0.0.0:80").await.expect("a free port")
}

#[rehearsal::test(seeds = 200, latency = "1ms..20ms", oracles = ORACLES)]
async fn each_job_is_done_once_whatever_happens_to_a_worker(world: World) {
    work(world, OnSilence::AskAgain, Choosing::TakeAtOnce).await;
}

/// Where all packets take the same time, much happens at once, and it matters most in
/// which order tasks run.
#[rehearsal::test(seeds = 200, latency = "1ms", oracles = ORACLES)]
async fn no_worker_has_more_jobs_at_once_than_it_may(world: World) {
    work(world, OnSilence::AskAgain, Choosing::TakeAtOnce).await;
}

#[rehearsal::test(seeds = 200, latency = "1ms..20ms", oracles = ORACLES)]
#[should_panic(expected = "exactly-once at ")]
async fn asking_another_worker_after_silence_breaks_exactly_once(world: World) {
    work(world, OnSilence::AskElsewhere, Choosing::TakeAtOnce).await;
}

#[rehearsal::test(seeds = 200, latency = "1ms", oracles = ORACLES)]
#[should_panic(expected = "invariants at ")]
async fn looking_for_a_place_before_taking_it_breaks_an_invariant(world: World) {
    work(world, OnSilence::AskAgain, Choosing::LookThenTake).await;
}

/// It takes another order of tasks than the default one, in which a task goes on as long
/// as it can.
#[rehearsal::test(seeds = 200, latency = "1ms", strategy = "fifo", oracles = ORACLES)]
async fn default_schedule_does_not_show_the_defect(world: World) {
    work(world, OnSilence::AskAgain, Choosing::LookThenTake).await;
}

/// Else the claims would hold because nothing ever happens.
#[test]
fn workers_keep_silent_and_cannot_be_reached_in_some_runs() {
    for slowest in [1, 20] {
        let run = |seed| {
            let work = |world| work(world, OnSilence::AskAgain, Choosing::TakeAtOnce);
            let (outcome, failure) =
                seeds::run(seed, (slowest, PlainTaskPolicy::default()), &ORACLES, work);
            assert_eq!(failure, None, "seed {seed}");
            outcome.value.expect("it passes").0
        };
        let accounts: Vec<Account> = (0..200).map(run).collect();
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
    let place = TestLocation {
        package: env!("CARGO_PKG_NAME"),
        module: module_path!(),
        name: "in_the_guide",
        file: file!(),
    };
    let shown = "looking_for_a_place_before_taking_it_breaks_an_invariant";
    transcript::check(
        "hyper",
        shown,
        place,
        |test| test.seeds(200).latency("1ms").oracles(ORACLES),
        |world| async move {
            work(world, OnSilence::AskAgain, Choosing::LookThenTake).await;
        },
    );
}
