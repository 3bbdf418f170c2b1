//! Laws of the engine, over random programs and worlds.

use std::future::{Ready, pending, poll_fn};
use std::mem::forget;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use proptest::prelude::*;
use rehearsal_sim::tokio::io::{AsyncReadExt, AsyncWriteExt};
use rehearsal_sim::tokio::net::{TcpListener, TcpStream};
use rehearsal_sim::tokio::sync::{Mutex, mpsc};
use rehearsal_sim::tokio::task::yield_now;
use rehearsal_sim::tokio::time;
use rehearsal_sim::{
    Budget, Choices, Config, DeviationKind, Direction, Fifo, NetConfig, Outcome, Random, Recording,
    Site, Strategy as Scheduler, World, run,
};

/// One step of a random task.
#[derive(Clone, Debug)]
enum Step {
    Yield,
    Sleep(u8),
    /// Locks one of three mutexes across a yield.
    Lock(usize),
    Send,
    Receive,
    Draw(u32),
    Spawn(Vec<Step>),
}

fn step() -> impl Strategy<Value = Step> {
    let leaf = prop_oneof![
        Just(Step::Yield),
        (0u8..20).prop_map(Step::Sleep),
        (0usize..3).prop_map(Step::Lock),
        Just(Step::Send),
        Just(Step::Receive),
        (0u32..10).prop_map(Step::Draw),
    ];
    leaf.prop_recursive(2, 12, 4, |inner| {
        prop::collection::vec(inner, 0..4).prop_map(Step::Spawn)
    })
}

fn program() -> impl Strategy<Value = Vec<Vec<Step>>> {
    prop::collection::vec(prop::collection::vec(step(), 0..8), 1..6)
}

/// The state that the tasks of a program share.
struct Shared {
    locks: [Mutex<u32>; 3],
    sender: mpsc::Sender<u32>,
    receiver: Mutex<mpsc::Receiver<u32>>,
    log: std::sync::Mutex<Vec<String>>,
}

fn run_steps(
    world: World,
    shared: Arc<Shared>,
    name: u32,
    steps: Vec<Step>,
) -> std::pin::Pin<Box<dyn Future<Output = ()>>> {
    Box::pin(async move {
        let mut children = Vec::new();
        for (index, step) in steps.into_iter().enumerate() {
            let line = match step {
                Step::Yield => {
                    yield_now().await;
                    "yields".to_owned()
                }
                Step::Sleep(ms) => {
                    time::sleep(Duration::from_millis(ms.into())).await;
                    format!("wakes at {}", world.now())
                }
                Step::Lock(which) => {
                    let mut count = shared.locks[which].lock().await;
                    *count += 1;
                    let seen = *count;
                    yield_now().await;
                    format!("counts {seen}")
                }
                Step::Send => match shared.sender.try_send(name) {
                    Ok(()) => "sends".to_owned(),
                    Err(_) => "finds the channel full".to_owned(),
                },
                Step::Receive => {
                    let wait = Duration::from_millis(3);
                    let mut receiver = shared.receiver.lock().await;
                    format!(
                        "receives {:?}",
                        time::timeout(wait, receiver.recv()).await.ok()
                    )
                }
                Step::Draw(bound) => {
                    let site = world.site(&format!("draws of {name}"));
                    format!("draws {}", world.draw(site, bound))
                }
                Step::Spawn(steps) => {
                    let child = name * 10 + index as u32 + 1;
                    let shared = Arc::clone(&shared);
                    let future = run_steps(world, shared, child, steps);
                    children.push(world.spawn_on(world.current_host(), future));
                    format!("starts {child}")
                }
            };
            shared.log.lock().unwrap().push(format!("{name} {line}"));
        }
        for child in children {
            child.await.expect("no task fails");
        }
    })
}

fn run_tasks(
    tasks: &[Vec<Step>],
    seed: u64,
    strategy: Box<dyn Scheduler>,
    choices: Choices,
) -> Outcome<Vec<String>> {
    let tasks = tasks.to_vec();
    let config = Config {
        seed,
        strategy,
        choices,
        recording: Recording::Full,
        budget: Budget {
            virtual_time: Duration::from_secs(60),
            ..Budget::default()
        },
        ..Config::default()
    };
    run(config, |world| run_all(world, tasks))
}

/// Runs every task to its end, and returns their log.
async fn run_all(world: World, tasks: Vec<Vec<Step>>) -> Vec<String> {
    let (sender, receiver) = mpsc::channel(2);
    let shared = Arc::new(Shared {
        locks: Default::default(),
        sender,
        receiver: Mutex::new(receiver),
        log: Default::default(),
    });
    let handles: Vec<_> = tasks
        .into_iter()
        .zip(1u32..)
        .map(|(steps, name)| {
            let future = run_steps(world, Arc::clone(&shared), name, steps);
            world.spawn_on(world.current_host(), future)
        })
        .collect();
    for handle in handles {
        handle.await.expect("no task fails");
    }
    shared.log.lock().unwrap().clone()
}

fn random() -> Box<dyn Scheduler> {
    Box::new(Random::default())
}

/// A run that comes before another on one thread, and leaves it nothing but memory.
#[derive(Clone, Debug)]
enum Before {
    Passes(Vec<Vec<Step>>, u64),
    Panics,
    /// The program's closure panics, before there is a task.
    PanicsAtItsStart,
    PanicsInAPlainTask,
    Deadlocks,
    SpendsItsSteps,
    EndsWithHeldLocks,
    /// Futures, guards and wakers of the run are never dropped.
    Forgets,
    /// Plain tasks, sleeps and a handle of its runtime outlive the program.
    LeavesPlainTasks,
    /// Its containers grow beyond what is kept.
    HasManyTasks,
    CrashesItsHost,
    IsReplayed(Vec<Vec<Step>>, u64),
}

fn before() -> impl Strategy<Value = Before> {
    prop_oneof![
        (program(), any::<u64>()).prop_map(|(tasks, seed)| Before::Passes(tasks, seed)),
        (program(), any::<u64>()).prop_map(|(tasks, seed)| Before::IsReplayed(tasks, seed)),
        prop::sample::select(vec![
            Before::Panics,
            Before::PanicsAtItsStart,
            Before::PanicsInAPlainTask,
            Before::Deadlocks,
            Before::SpendsItsSteps,
            Before::EndsWithHeldLocks,
            Before::Forgets,
            Before::LeavesPlainTasks,
            Before::HasManyTasks,
            Before::CrashesItsHost,
        ]),
    ]
}

/// Runs it on this thread. Returns what outlives the run.
fn run_before(before: &Before) -> Option<::tokio::runtime::Handle> {
    let config = |strategy| Config {
        strategy,
        recording: Recording::Full,
        ..Config::default()
    };
    match before.clone() {
        Before::Passes(tasks, seed) => {
            run_tasks(&tasks, seed, random(), Choices::Fresh);
        }
        Before::IsReplayed(tasks, seed) => {
            let made = run_tasks(&tasks, seed, random(), Choices::Fresh);
            let replay = Choices::Replay(made.tape.schedule());
            run_tasks(&tasks, 0, Box::new(Fifo), replay);
        }
        Before::Panics => {
            let panics = run(config(random()), |world| async move {
                world.spawn_on(world.current_host(), pending::<()>());
                yield_now().await;
                panic!("as it is to");
            });
            assert_eq!(panics.verdict.as_str(), "panic", "{}", panics.verdict);
        }
        Before::PanicsAtItsStart => {
            let start = || run(config(random()), |_| -> Ready<()> { panic!("as it is to") });
            assert!(catch_unwind(AssertUnwindSafe(start)).is_err());
        }
        Before::PanicsInAPlainTask => {
            let panics = run(config(random()), |_| async {
                ::tokio::spawn(async { panic!("as it is to") });
                pending::<()>().await;
            });
            assert_ne!(panics.verdict.as_str(), "pass", "{}", panics.verdict);
        }
        Before::Deadlocks => {
            let deadlock = run(config(random()), |_| async {
                let lock = Mutex::new(0);
                let _held = lock.lock().await;
                let _never = lock.lock().await;
            });
            assert_eq!(
                deadlock.verdict.as_str(),
                "deadlock",
                "{}",
                deadlock.verdict
            );
        }
        Before::SpendsItsSteps => {
            let budget = Budget {
                steps: 7,
                ..Budget::default()
            };
            let config = Config {
                budget,
                ..config(random())
            };
            let unknown = run(config, |world| async move {
                world.spawn_on(world.current_host(), async {
                    loop {
                        yield_now().await;
                    }
                });
                pending::<()>().await;
            });
            assert_eq!(unknown.verdict.as_str(), "unknown", "{}", unknown.verdict);
        }
        Before::EndsWithHeldLocks => {
            run(config(random()), |world| async move {
                let locks = Arc::new([Mutex::new(0), Mutex::new(1)]);
                for index in [0, 1, 1, 0] {
                    let locks = Arc::clone(&locks);
                    world.spawn_on(world.current_host(), async move {
                        let _held = locks[index].lock().await;
                        pending::<()>().await;
                    });
                }
                yield_now().await;
            });
        }
        Before::Forgets => {
            run(config(random()), |world| async move {
                let lock: &'static Mutex<u32> = Box::leak(Box::new(Mutex::new(0)));
                forget(lock.lock().await);
                let mut waits = Box::pin(lock.lock());
                assert!(futures_util::poll!(&mut waits).is_pending());
                forget(waits);
                let mut sleeps = Box::pin(::tokio::time::sleep(Duration::from_secs(9)));
                assert!(futures_util::poll!(&mut sleeps).is_pending());
                forget(sleeps);
                forget(world.spawn_on(world.current_host(), pending::<()>()));
                let waker = poll_fn(|cx| Poll::Ready(cx.waker().clone())).await;
                forget(waker);
            });
        }
        Before::LeavesPlainTasks => {
            let left = run(config(random()), |_| async {
                for millis in 1..4 {
                    ::tokio::spawn(async move {
                        ::tokio::time::sleep(Duration::from_millis(millis)).await;
                        pending::<()>().await;
                    });
                }
                time::sleep(Duration::from_millis(2)).await;
                ::tokio::runtime::Handle::current()
            });
            return left.value;
        }
        Before::HasManyTasks => {
            let config = Config {
                recording: Recording::Fingerprint,
                ..config(random())
            };
            run(config, |world| async move {
                for _ in 0..1_100 {
                    world.spawn_on(world.current_host(), yield_now());
                }
                yield_now().await;
            });
        }
        Before::CrashesItsHost => {
            run(config(random()), |world| async move {
                let host = world.host("a");
                world.spawn_on(host, pending::<()>());
                yield_now().await;
                world.crash(host);
            });
        }
    }
    None
}

/// Runs the tasks beside plain ones, which tokio's generator and interruptions concern.
fn run_after(tasks: &[Vec<Step>], seed: u64) -> Outcome<Vec<String>> {
    let tasks = tasks.to_vec();
    let config = Config {
        seed,
        strategy: random(),
        recording: Recording::Full,
        ..Config::default()
    };
    run(config, |world| async move {
        // Tokio draws in which order it wakes those who wait for a watch.
        let woken = Arc::new(std::sync::Mutex::new(Vec::new()));
        let (sender, _) = ::tokio::sync::watch::channel(0);
        let waiting: Vec<_> = (0..12)
            .map(|number| {
                let (woken, mut receiver) = (Arc::clone(&woken), sender.subscribe());
                ::tokio::spawn(async move {
                    while receiver.changed().await.is_ok() {
                        let line = format!("plain task {number} is woken at {}", world.now());
                        woken.lock().unwrap().push(line);
                    }
                })
            })
            .collect();
        let plain = ::tokio::spawn(async move {
            for value in 1..4 {
                ::tokio::time::sleep(Duration::from_micros(1_500)).await;
                sender.send_replace(value);
                ::tokio::task::yield_now().await;
            }
        });
        let mut log = run_all(world, tasks).await;
        plain.await.expect("it does not fail");
        for task in waiting {
            task.await.expect("it does not fail");
        }
        log.append(&mut woken.lock().unwrap());
        log
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn same_seed_gives_the_same_history(tasks in program(), seed: u64) {
        let first = run_tasks(&tasks, seed, random(), Choices::Fresh);
        let second = run_tasks(&tasks, seed, random(), Choices::Fresh);
        prop_assert_eq!(&first.trace, &second.trace);
        prop_assert_eq!(first.fingerprint, second.fingerprint);
        prop_assert_eq!(first.value, second.value);
    }

    /// What the thread has kept of other runs is not seen, however those ended.
    #[test]
    fn run_is_the_same_after_any_others_and_on_a_new_thread(
        befores in prop::collection::vec(before(), 1..4),
        tasks in program(),
        seed: u64,
    ) {
        let handles: Vec<_> = befores.iter().map(run_before).collect();
        let after = run_after(&tasks, seed);
        drop(handles);
        let new = std::thread::scope(|scope| {
            let alone = scope.spawn(|| run_after(&tasks, seed));
            alone.join().expect("a run does not panic")
        });
        prop_assert_eq!(&after.trace, &new.trace);
        prop_assert_eq!(after.fingerprint, new.fingerprint);
        prop_assert_eq!(after.interleaving, new.interleaving);
        prop_assert_eq!(after.tape, new.tape);
        prop_assert_eq!(after.statistics, new.statistics);
        prop_assert_eq!(after.verdict, new.verdict);
        prop_assert_eq!(after.value, new.value);
    }

    #[test]
    fn recording_does_not_change_the_run(tasks in program(), seed: u64) {
        let full = run_tasks(&tasks, seed, random(), Choices::Fresh);
        let small = |recording| {
            let tasks = tasks.clone();
            let config = Config { seed, strategy: random(), recording, ..Config::default() };
            run(config, |world| run_all(world, tasks))
        };
        let hashed = small(Recording::Fingerprint);
        let bare = small(Recording::Off);
        prop_assert_eq!(full.fingerprint, hashed.fingerprint);
        prop_assert_eq!(full.statistics, hashed.statistics);
        prop_assert_eq!(full.statistics, bare.statistics);
        prop_assert!(hashed.trace.entries.is_empty() && hashed.tape.is_empty());
    }

    #[test]
    fn tape_replays_its_run_without_its_strategy(tasks in program(), seed: u64) {
        let original = run_tasks(&tasks, seed, random(), Choices::Fresh);
        let replayed = run_tasks(&tasks, 0, Box::new(Fifo), Choices::Replay(original.tape.schedule()));
        prop_assert_eq!(&original.trace, &replayed.trace);
        prop_assert_eq!(original.fingerprint, replayed.fingerprint);
        prop_assert_eq!(original.tape, replayed.tape);
        prop_assert_eq!(original.value, replayed.value);
        prop_assert_eq!(original.interleaving, replayed.interleaving);
        prop_assert_eq!(replayed.divergence, None);
    }

    /// Counters and descriptions of deviations agree with the schedule.
    #[test]
    fn every_switch_is_a_deviation(tasks in program(), seed: u64) {
        let outcome = run_tasks(&tasks, seed, random(), Choices::Fresh);
        let schedule = outcome.tape.schedule();
        let preemptions = schedule.count(DeviationKind::Preemption);
        prop_assert_eq!(outcome.statistics.preemptions, preemptions as u64);
        prop_assert_eq!(outcome.statistics.deviations, schedule.len() as u64);
        let orders = schedule.count(DeviationKind::Order);
        prop_assert_eq!(outcome.switches.len(), preemptions + orders);
        for switch in &outcome.switches {
            let choice = outcome.tape.choices()[switch.choice];
            prop_assert_ne!(choice.value, 0);
            let member = outcome.tasks.iter().find(|member| member.id == switch.instead_of);
            let path = member.map(|member| member.path.clone());
            match outcome.tape.site(choice.site) {
                Some(Site::Preempt(preempted)) => prop_assert_eq!(path.as_ref(), Some(preempted)),
                site => prop_assert!(matches!(site, Some(Site::After(_))), "{:?}", site),
            }
        }
    }

    #[test]
    fn tape_cut_anywhere_still_runs(tasks in program(), seed: u64, cut: prop::sample::Index) {
        let original = run_tasks(&tasks, seed, random(), Choices::Fresh);
        let len = cut.index(original.tape.len() + 1);
        let cut = run_tasks(&tasks, 0, Box::new(Fifo), Choices::Replay(original.tape.truncated(len).schedule()));
        prop_assert_eq!(cut.verdict.as_str(), "pass", "{}", cut.verdict);
        let last = cut.tape.choices().iter().rposition(|choice| choice.value != 0);
        prop_assert!(last.is_none_or(|last| last < len));
    }

    #[test]
    fn changed_tape_still_runs(
        tasks in program(),
        seed: u64,
        at: prop::sample::Index,
        value: u32,
    ) {
        let original = run_tasks(&tasks, seed, random(), Choices::Fresh);
        let len = original.tape.len().max(1);
        let changed = original.tape.with_value(at.index(len), value);
        let run = run_tasks(&tasks, 0, Box::new(Fifo), Choices::Replay(changed.schedule()));
        prop_assert_eq!(run.verdict.as_str(), "pass", "{}", run.verdict);
    }

    #[test]
    fn time_never_goes_back(tasks in program(), seed: u64) {
        let entries = run_tasks(&tasks, seed, random(), Choices::Fresh).trace.entries;
        prop_assert!(entries.windows(2).all(|pair| pair[0].at <= pair[1].at));
        prop_assert!(entries.windows(2).all(|pair| pair[0].step <= pair[1].step));
    }

    /// TCP delivers every byte once and in order, whatever the link does.
    #[test]
    fn link_is_first_in_first_out(
        seed: u64,
        sizes in prop::collection::vec(1usize..5_000, 1..20),
        loss in 0u32..300,
        spread in 0u64..40,
        outage in prop::option::of((0u64..50, 1u64..2_000, 0u8..4)),
    ) {
        let config = Config {
            seed,
            strategy: random(),
            net: NetConfig {
                latency_max: Duration::from_millis(1 + spread),
                loss_per_mille: loss,
                ..NetConfig::default()
            },
            ..Config::default()
        };
        let total: usize = sizes.iter().sum();
        let outcome = run(config, move |world| async move {
            let (server, client) = (world.host("server"), world.host("client"));
            let reader = world.spawn_on(server, async move {
                let listener = TcpListener::bind("0.0.0.0:80").await.expect("bound");
                let (mut stream, _) = listener.accept().await.expect("accepted");
                let mut received = Vec::new();
                stream.read_to_end(&mut received).await.expect("read");
                received
            });
            world.spawn_on(client, async move {
                let mut stream = TcpStream::connect("server:80").await.expect("connected");
                let mut next = 0u8;
                for size in sizes {
                    let chunk: Vec<u8> = (0..size).map(|_| { next = next.wrapping_add(1); next }).collect();
                    stream.write_all(&chunk).await.expect("written");
                    time::sleep(Duration::from_millis(2)).await;
                }
                stream.shutdown().await.expect("shut down");
                let mut rest = Vec::new();
                stream.read_to_end(&mut rest).await.expect("closed");
            });
            if let Some((from, lasting, kind)) = outage {
                let direction = match kind {
                    0 => Direction::Forward,
                    1 => Direction::Backward,
                    _ => Direction::Both,
                };
                time::sleep(Duration::from_millis(from)).await;
                if kind == 3 { world.hold(server, client, direction) } else { world.partition(server, client, direction) }
                time::sleep(Duration::from_millis(lasting)).await;
                if kind == 3 { world.release(server, client, direction) } else { world.heal(server, client, direction) }
            }
            reader.await.expect("no task fails")
        });
        prop_assert_eq!(outcome.verdict.as_str(), "pass", "{}", outcome.verdict);
        let received = outcome.value.expect("a value");
        prop_assert_eq!(received.len(), total);
        let expected: Vec<u8> = (1..=total).map(|number| number as u8).collect();
        prop_assert!(received == expected, "bytes out of order");
    }
}
