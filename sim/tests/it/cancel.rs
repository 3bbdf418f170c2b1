//! Cancellation as a choice: a task, a marked future or the future of a time-out is dropped at
//! one of its awaits.

use std::cell::Cell;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;
use std::time::Duration;

use rehearsal_sim::cancel::{Cancelled, cancellable};
use rehearsal_sim::tokio;
use rehearsal_sim::tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use rehearsal_sim::tokio::net::{TcpListener, TcpStream};
use rehearsal_sim::tokio::sync::{Mutex, Semaphore, mpsc, oneshot};
use rehearsal_sim::tokio::time::{sleep, timeout};
use rehearsal_sim::{
    Candidates, ChoiceKind, Choices, Config, Decision, Deviate, Dropped, Exhaustive, Fifo, Moment,
    Outcome, Random, Recording, Scope, Site, Strategy, Verdict, World, run,
};

/// The outcomes of the default run and of one run for each await, with at most one cancellation.
fn each<T, F>(program: impl Fn(World) -> F) -> Vec<Outcome<T>>
where
    T: 'static,
    F: Future<Output = T> + 'static,
{
    let mut search = Exhaustive::within(Scope::Cancellations, 1);
    let mut outcomes = Vec::new();
    while let Some(deviations) = search.take() {
        let (strategy, picks) = Deviate::within(search.scope(), &deviations);
        let config = Config {
            strategy: Box::new(strategy),
            recording: Recording::Full,
            cancellations: 1,
            ..Config::default()
        };
        outcomes.push(run(config, &program));
        search.learn(&deviations, &picks.take());
    }
    outcomes
}

/// Returns the messages of the runs that panic. The default run must not be one.
fn failures<T>(outcomes: &[Outcome<T>]) -> Vec<String> {
    assert_eq!(outcomes[0].verdict, Verdict::Pass, "the default run");
    let message = |outcome: &Outcome<T>| match &outcome.verdict {
        Verdict::Panic(report) => Some(report.message.clone()),
        Verdict::Pass => None,
        verdict => panic!("{verdict}"),
    };
    outcomes.iter().filter_map(message).collect()
}

fn told<T>(outcome: &Outcome<T>) -> String {
    let told = outcome.decisions.iter();
    let told: Vec<String> = told.map(|made| made.decision.to_string()).collect();
    told.join("; ")
}

// What is found, and the twins that hold.

/// A consumer that takes an item and puts it where it belongs two awaits later. Dropped in
/// between, the item is lost.
async fn taking(safe: bool) {
    let (sender, receiver) = mpsc::channel(4);
    let stored = Arc::new(Mutex::new(Vec::new()));
    for item in 0..3 {
        sender.send(item).await.expect("there is room");
    }
    drop(sender);
    let receiver = Arc::new(Mutex::new(receiver));
    for _ in 0..2 {
        let (receiver, stored) = (Arc::clone(&receiver), Arc::clone(&stored));
        let consumer = tokio::spawn(async move {
            let mut receiver = receiver.lock().await;
            if safe {
                // Whatever is awaited comes before the item is taken.
                loop {
                    let mut stored = stored.lock().await;
                    match receiver.recv().await {
                        Some(item) => stored.push(item),
                        None => break,
                    }
                }
            } else {
                while let Some(item) = receiver.recv().await {
                    stored.lock().await.push(item);
                }
            }
        });
        // The second takes over if the first was cancelled.
        drop(consumer.await);
    }
    assert_eq!(*stored.lock().await, [0, 1, 2], "an item is lost");
}

#[test]
fn receive_that_is_not_cancel_safe_is_found() {
    let outcomes = each(|_| taking(false));
    let failures = failures(&outcomes);
    assert_eq!(failures.len(), 3, "one for each item: {failures:?}");
    assert!(
        failures
            .iter()
            .all(|message| message.contains("an item is lost"))
    );

    let outcomes = each(|_| taking(true));
    assert_eq!(self::failures(&outcomes), [""; 0]);
    assert!(outcomes.len() > 10, "{}", outcomes.len());
}

/// A worker that counts itself in before it has a permit, or forgets a permit until it gives it
/// back by hand.
async fn permits(safe: bool) {
    let permits = Arc::new(Semaphore::new(1));
    for _ in 0..2 {
        let of_worker = Arc::clone(&permits);
        let worker = tokio::spawn(async move {
            let permit = of_worker.acquire().await.expect("it is open");
            if safe {
                sleep(Duration::from_millis(1)).await;
                drop(permit);
            } else {
                permit.forget();
                sleep(Duration::from_millis(1)).await;
                of_worker.add_permits(1);
            }
        });
        drop(worker.await);
        assert_eq!(permits.available_permits(), 1, "a permit is lost");
    }
}

#[test]
fn permit_lost_in_a_dropped_worker_is_found() {
    let outcomes = each(|_| permits(false));
    let failing: Vec<_> = outcomes
        .iter()
        .filter(|o| o.verdict != Verdict::Pass)
        .collect();
    assert!(!failing.is_empty());
    for outcome in &failing {
        let [made] = &outcome.decisions[..] else {
            panic!("{:?}", outcome.decisions);
        };
        let Decision::Cancelled {
            what: Dropped::Task,
            moment,
        } = &made.decision
        else {
            panic!("{made:?}");
        };
        // It slept, in one round or the other.
        let slept = match moment {
            Moment::Woken { waits } => waits.iter().any(|wait| wait.contains("sleep")),
            Moment::Operation { line, .. } => line
                .as_ref()
                .is_some_and(|line| line.contains("cancel.rs:")),
            _ => false,
        };
        assert!(slept, "{made:?}");
    }
    assert_eq!(failures(&each(|_| permits(true))), [""; 0]);
}

/// Two frames to a stream that is shared: a write that is dropped between the halves of its frame
/// leaves half a frame, which the next one continues.
async fn frames(world: World, safe: bool) {
    let (server, client) = (world.host("server"), world.host("client"));
    let reader = world.spawn_on(server, async move {
        let listener = TcpListener::bind("0.0.0.0:80").await.expect("bound");
        let (mut stream, _) = listener.accept().await.expect("accepted");
        let mut received = String::new();
        stream.read_to_string(&mut received).await.expect("text");
        received
    });
    let writer = world.spawn_on(client, async move {
        sleep(Duration::from_millis(1)).await;
        let stream = TcpStream::connect("server:80").await.expect("connected");
        let stream = Arc::new(Mutex::new(stream));
        for _ in 0..2 {
            let stream = Arc::clone(&stream);
            let write = async move {
                let mut stream = stream.lock().await;
                if safe {
                    // One write: it is taken whole or not at all.
                    stream.write_all(b"[frame]").await
                } else {
                    stream.write_all(b"[fra").await?;
                    stream.write_all(b"me]").await
                }
            };
            drop(cancellable(write).await);
        }
        drop(stream);
    });
    world.exempt_from_cancellation(&writer);
    world.exempt_from_cancellation(&reader);
    writer.await.expect("it returns");
    let text = reader.await.expect("it returns");
    let whole = text.replace("[frame]", "");
    assert!(whole.is_empty(), "a frame is torn: {text}");
}

#[test]
fn frame_that_is_written_by_half_is_found() {
    let outcomes = each(|world| frames(world, false));
    let failures = failures(&outcomes);
    assert!(
        failures
            .iter()
            .any(|message| message.contains("[fra[frame]")),
        "{failures:?}"
    );
    assert_eq!(self::failures(&each(|world| frames(world, true))), [""; 0]);
}

// The mechanism.

/// Where a future can be dropped: before each operation takes effect, and when it is polled.
#[test]
fn each_await_is_a_choice() {
    let progress = |outcome: &Outcome<u32>| outcome.value.expect("it returns");
    let outcomes = each(|_| async {
        let progress = Arc::new(AtomicU32::new(0));
        let lock = Arc::new(Mutex::new(()));
        let task = tokio::spawn({
            let (progress, lock) = (Arc::clone(&progress), Arc::clone(&lock));
            async move {
                progress.store(1, Ordering::Relaxed);
                drop(lock.lock().await);
                progress.store(2, Ordering::Relaxed);
                sleep(Duration::from_millis(1)).await;
                progress.store(3, Ordering::Relaxed);
            }
        });
        let ended = task.await;
        assert_eq!(ended.is_ok(), progress.load(Ordering::Relaxed) == 3);
        assert!(ended.err().is_none_or(|error| error.is_cancelled()));
        progress.load(Ordering::Relaxed)
    });
    let found: Vec<u32> = outcomes.iter().map(progress).collect();
    // Nowhere; before the first poll; at the lock; in the sleep, when it is over.
    assert_eq!(found, [3, 0, 1, 2]);
    let told: Vec<String> = outcomes.iter().map(told).collect();
    assert_eq!(told[0], "");
    assert_eq!(told[1], "is dropped before it is polled");
    let at_lock = &told[2];
    assert!(
        at_lock.starts_with("is dropped at the await of "),
        "{at_lock}"
    );
    assert!(at_lock.contains("cancel.rs:"), "{at_lock}");
    assert!(
        at_lock.contains(", before it uses the Mutex of "),
        "{at_lock}"
    );
    let asleep = &told[3];
    assert!(
        asleep.starts_with("is dropped when it is woken, while it waits for sleep of "),
        "{asleep}"
    );
}

/// What woke the task is lost with it: a value that a receiver was handed, a permit.
#[test]
fn what_wakes_a_task_has_happened_when_it_is_dropped() {
    let outcomes = each(|_| async {
        let (sender, receiver) = oneshot::channel();
        let task = tokio::spawn(async move { receiver.await.is_ok() });
        tokio::task::yield_now().await;
        let sent = sender.send(()).is_ok();
        (sent, task.await.is_ok())
    });
    let found: Vec<(bool, bool)> = outcomes.into_iter().filter_map(|o| o.value).collect();
    assert!(found.contains(&(true, false)), "{found:?}");
}

/// Destructors run where the task is dropped, and tasks and locks go on.
#[test]
fn guards_of_a_dropped_task_are_dropped() {
    let outcomes = each(|_| async {
        let lock = Arc::new(Mutex::new(0));
        let task = tokio::spawn({
            let lock = Arc::clone(&lock);
            async move {
                let mut guard = lock.lock().await;
                *guard = 1;
                sleep(Duration::from_millis(1)).await;
                *guard = 2;
            }
        });
        drop(task.await);
        *lock.lock().await
    });
    let found: Vec<u8> = outcomes.into_iter().filter_map(|o| o.value).collect();
    assert_eq!(found, [2, 0, 0, 1]);
}

#[test]
fn program_is_not_dropped_and_nothing_is_without_the_setting() {
    let program = |_| async {
        tokio::task::yield_now().await;
        sleep(Duration::from_millis(1)).await;
        timeout(Duration::from_millis(5), sleep(Duration::from_millis(1)))
            .await
            .is_ok()
    };
    assert_eq!(each(program).len(), 1);
    let spawning = |_| async {
        tokio::spawn(async { sleep(Duration::from_millis(1)).await })
            .await
            .is_ok()
    };
    for seed in 0..40 {
        let config = Config {
            seed,
            strategy: Box::new(Random::default()),
            ..Config::default()
        };
        assert_eq!(run(config, spawning).value, Some(true));
    }
}

/// The future that the time-out is around is dropped, as if time were up; the task goes on.
#[test]
fn timeouts_fire_early() {
    let outcomes = each(|_| async {
        let task = tokio::spawn(async {
            let slept = timeout(Duration::from_secs(5), sleep(Duration::from_secs(1))).await;
            slept.is_ok()
        });
        task.await.ok()
    });
    let found: Vec<Option<bool>> = outcomes.iter().filter_map(|o| o.value).collect();
    assert!(
        found.contains(&Some(false)) && found.contains(&None),
        "{found:?}"
    );
    let early = outcomes.iter().find(|o| o.value == Some(Some(false)));
    let told = told(early.expect("one is early"));
    assert!(told.starts_with("has the time-out of "), "{told}");
    assert!(
        told.contains("cancel.rs:") && told.contains(" fire early "),
        "{told}"
    );
}

/// As in tokio, the future is polled before the time is looked at.
#[test]
fn timeouts_that_fire_early_poll_their_future_first() {
    let outcomes = each(|_| async {
        let begun = Rc::new(Cell::new(0));
        let counted = Rc::clone(&begun);
        let (sender, mut receiver) = mpsc::channel::<()>(1);
        let task = tokio::task::spawn_local(async move {
            let receive = async {
                counted.set(counted.get() + 1);
                receiver.recv().await
            };
            timeout(Duration::from_secs(5), receive).await.is_err()
        });
        sleep(Duration::from_secs(1)).await;
        drop(sender);
        let is_early = task.await.unwrap_or(false);
        (is_early, begun.get())
    });
    let early: Vec<_> = outcomes.iter().filter_map(|o| o.value).collect();
    let early: Vec<_> = early.into_iter().filter(|(early, _)| *early).collect();
    assert!(!early.is_empty());
    assert!(early.iter().all(|(_, begun)| *begun == 1), "{early:?}");
}

/// A part that panics is over, also if the program goes on.
#[test]
fn part_that_panics_is_dropped_at_no_later_operation() {
    let outcomes = each(|_| async {
        let mut marked = Box::pin(cancellable(async { panic!("on purpose") }));
        let caught = std::future::poll_fn(|cx| {
            let poll = || marked.as_mut().poll(cx);
            Poll::Ready(std::panic::catch_unwind(AssertUnwindSafe(poll)))
        });
        let caught = caught.await;
        *Mutex::new(0).lock().await += 1;
        caught.is_err()
    });
    assert_eq!(outcomes[0].value, Some(true));
    for outcome in &outcomes {
        assert_eq!(outcome.verdict, Verdict::Pass);
        for made in &outcome.decisions {
            let Decision::Cancelled { moment, .. } = &made.decision else {
                panic!("{made:?}");
            };
            assert!(matches!(moment, Moment::Woken { .. }), "{made:?}");
        }
    }
}

/// Chooses to drop whatever can be dropped.
struct DropAll {
    /// `true` if it does so at operations only, and lets the poll of a future begin.
    at_operations: bool,
    begins: bool,
}

impl Strategy for DropAll {
    fn name(&self) -> &str {
        "drop-all"
    }

    fn start(&mut self, _seed: u64) {}

    fn pick(&mut self, _candidates: &Candidates<'_>) -> usize {
        0
    }

    fn choose(&mut self, kind: ChoiceKind, _bound: u32) -> Option<u32> {
        self.begins = !self.begins;
        let passes = self.at_operations && self.begins;
        Some(u32::from(kind == ChoiceKind::Cancellation && !passes))
    }
}

#[test]
fn program_that_begins_anew_after_each_drop_runs_into_the_budget() {
    for at_operations in [false, true] {
        let config = Config {
            strategy: Box::new(DropAll {
                at_operations,
                begins: false,
            }),
            ..Config::default()
        };
        let outcome = run(config, |_| async {
            let lock = Mutex::new(());
            while let Err(Cancelled) = cancellable(lock.lock()).await {}
        });
        let is_over = matches!(
            outcome.verdict,
            Verdict::Livelock { .. } | Verdict::Unknown { .. }
        );
        assert!(is_over, "{}", outcome.verdict);
    }
}

/// A marked future is dropped, and the task goes on with the error; in the program too.
#[test]
fn marked_futures_are_dropped_alone() {
    let count = Rc::new(Cell::new(0));
    let outcomes = each(|_| {
        let count = Rc::clone(&count);
        async move {
            let marked = cancellable(async {
                tokio::task::yield_now().await;
                7
            });
            let result = marked.await;
            count.set(count.get() + 1);
            result
        }
    });
    let found: Vec<_> = outcomes.iter().filter_map(|o| o.value).collect();
    assert_eq!(found, [Ok(7), Err(Cancelled), Err(Cancelled)]);
    assert_eq!(count.get(), 3);
    let told = told(&outcomes[2]);
    assert!(
        told.starts_with("drops the future of ") && told.contains("cancel.rs:"),
        "{told}"
    );
}

/// The innermost future is the first alternative, the task the last.
#[test]
fn nested_futures_are_dropped_each_by_itself() {
    let outcomes = each(|_| async {
        let task = tokio::spawn(async {
            cancellable(async {
                let inner = cancellable(async { drop(Mutex::new(()).lock().await) }).await;
                inner.is_ok()
            })
            .await
        });
        task.await.ok()
    });
    let found: Vec<_> = outcomes.iter().filter_map(|o| o.value).collect();
    for expected in [Some(Ok(true)), Some(Ok(false)), Some(Err(Cancelled)), None] {
        assert!(found.contains(&expected), "{expected:?} in {found:?}");
    }
}

#[test]
fn cancellation_is_on_the_tape_and_counts_only_if_it_happens() {
    let config = |cancellations| Config {
        recording: Recording::Full,
        cancellations,
        ..Config::default()
    };
    let program = |_| async {
        let task = tokio::spawn(async { sleep(Duration::from_millis(1)).await });
        task.await.is_ok()
    };
    let without = run(config(0), program);
    let with = run(config(1), program);
    assert_eq!(without.fingerprint, with.fingerprint);
    assert_eq!(without.statistics, with.statistics);

    let cancelled = each(program)
        .into_iter()
        .find(|outcome| outcome.value == Some(false));
    let cancelled = cancelled.expect("one is cancelled");
    let schedule = cancelled.tape.schedule();
    let [deviation] = schedule.deviations() else {
        panic!("{schedule:?}");
    };
    assert!(matches!(deviation.site, Site::Cancel(_)), "{deviation:?}");
    let again = run(
        Config {
            strategy: Box::new(Fifo),
            choices: Choices::Replay(schedule),
            ..config(1)
        },
        program,
    );
    assert_eq!(again.value, Some(false));
    assert_eq!(again.fingerprint, cancelled.fingerprint);
    assert_eq!(again.tape, cancelled.tape);
    assert_eq!(again.divergence, None);
}

/// No more than the setting says, over many seeds, and early and late ones among them.
#[test]
fn seeds_cancel_at_most_as_often_as_set() {
    let program = |_| async {
        let mut done = Vec::new();
        for _ in 0..4 {
            let task = tokio::spawn(async {
                for _ in 0..5 {
                    tokio::task::yield_now().await;
                }
            });
            done.push(task.await.is_ok());
        }
        done
    };
    let mut cancelled = [0; 4];
    let mut most = 0;
    for seed in 0..300 {
        let config = Config {
            seed,
            strategy: Box::new(Random::default()),
            cancellations: 2,
            ..Config::default()
        };
        let done = run(config, program).value.expect("it returns");
        let count = done.iter().filter(|done| !**done).count();
        most = most.max(count);
        for (index, done) in done.iter().enumerate() {
            cancelled[index] += u32::from(!done);
        }
    }
    assert_eq!(most, 2);
    assert!(cancelled.iter().all(|count| *count > 0), "{cancelled:?}");
}

/// Where nothing runs, nothing is dropped.
#[test]
fn outside_a_run_marked_futures_go_on() {
    let runtime = ::tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let result = runtime.block_on(cancellable(async { ::tokio::task::yield_now().await }));
    assert_eq!(result, Ok(()));
}

/// A host's program is its `main`: it lives until the host crashes. Its tasks do not.
#[test]
fn programs_of_hosts_are_not_dropped() {
    let outcomes = each(|world| async move {
        let ended = Rc::new(Cell::new(0));
        let host = world.host("server");
        world.boot(host, {
            let ended = Rc::clone(&ended);
            move || {
                let ended = Rc::clone(&ended);
                async move {
                    sleep(Duration::from_millis(1)).await;
                    let task = tokio::spawn(sleep(Duration::from_millis(1)));
                    ended.set(if task.await.is_ok() { 1 } else { 2 });
                }
            }
        });
        sleep(Duration::from_millis(5)).await;
        ended.get()
    });
    let found: Vec<i32> = outcomes.into_iter().filter_map(|o| o.value).collect();
    assert!(found.len() > 1 && found[0] == 1, "{found:?}");
    assert!(found[1..].iter().all(|ended| *ended == 2), "{found:?}");
}

#[test]
fn exempt_tasks_are_not_dropped_nor_what_they_spawn() {
    let outcomes = each(|world| async move {
        let task = tokio::spawn(async {
            let child = tokio::spawn(sleep(Duration::from_millis(1)));
            child.await.is_ok()
        });
        world.exempt_from_cancellation(&task);
        task.await.ok()
    });
    assert_eq!(outcomes.len(), 1, "there is nothing to cancel");
    assert_eq!(outcomes[0].value, Some(Some(true)));
}
