//! Programs whose tasks share memory and yield, so that a failing run has a decision at each of
//! many turns.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use rehearsal_sim::tokio::task::{JoinHandle, spawn, yield_now};
use rehearsal_sim::{Ambient, World};

use super::{Limits, ShrinkResult, shrink};
use crate::repro::Repro;
use crate::run::{RunOptions, RunVerdict, StrategyName};
use crate::target::{self, Program, TestRef, WorldSpec};

/// A number that tasks share. No operation on it is a scheduling point.
#[derive(Clone, Default)]
struct Shared(Arc<AtomicI64>);

impl Shared {
    fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    fn set(&self, value: i64) {
        self.0.store(value, Ordering::Relaxed);
    }

    fn add(&self, value: i64) {
        self.set(self.get() + value);
    }
}

/// Lets others go first, so many times.
async fn turns(count: usize) {
    for _ in 0..count {
        yield_now().await;
    }
}

async fn join(tasks: impl IntoIterator<Item = JoinHandle<()>>) {
    for task in tasks {
        task.await.expect("no task fails");
    }
}

async fn lost_update(_: World) {
    let total = Shared::default();
    let add = |after: usize| {
        let total = total.clone();
        spawn(async move {
            turns(after).await;
            let read = total.get();
            yield_now().await;
            total.set(read + 1);
        })
    };
    join([add(0), add(12)]).await;
    assert_eq!(total.get(), 2);
}

async fn check_then_act(_: World) {
    let (taken, winners) = (Shared::default(), Shared::default());
    let claim = |after: usize| {
        let (taken, winners) = (taken.clone(), winners.clone());
        spawn(async move {
            turns(after).await;
            if taken.get() == 0 {
                yield_now().await;
                taken.set(1);
                winners.add(1);
            }
        })
    };
    join([claim(0), claim(9), spawn(turns(30))]).await;
    assert_eq!(winners.get(), 1);
}

async fn order_violation(_: World) {
    let ready = Shared::default();
    let (set, read) = (ready.clone(), ready);
    let initialise = spawn(async move {
        turns(2).await;
        set.set(1);
    });
    turns(25).await;
    assert_eq!(read.get(), 1);
    join([initialise]).await;
}

async fn lost_wakeup(_: World) {
    let (items, asleep, signals) = (Shared::default(), Shared::default(), Shared::default());
    let consumer = {
        let (items, asleep, signals) = (items.clone(), asleep.clone(), signals.clone());
        spawn(async move {
            turns(3).await;
            if items.get() == 0 {
                yield_now().await;
                asleep.set(1);
                turns(40).await;
                assert!(signals.get() > 0, "no task has woken the consumer");
            }
        })
    };
    let producer = spawn(async move {
        turns(18).await;
        items.set(1);
        if asleep.get() == 1 {
            signals.set(1);
        }
    });
    join([consumer, producer]).await;
}

/// Takes a lock that is a number.
async fn take(lock: &Shared) {
    for _ in 0..60 {
        if lock.get() == 0 {
            return lock.set(1);
        }
        yield_now().await;
    }
    panic!("the lock is never free");
}

async fn abba(_: World) {
    let (a, b) = (Shared::default(), Shared::default());
    let both = |after: usize, first: &Shared, second: &Shared| {
        let (first, second) = (first.clone(), second.clone());
        spawn(async move {
            turns(after).await;
            take(&first).await;
            yield_now().await;
            take(&second).await;
            second.set(0);
            first.set(0);
        })
    };
    join([both(0, &a, &b), both(14, &b, &a)]).await;
}

async fn double_claim(_: World) {
    let next = Shared::default();
    let claimed: Vec<Shared> = (0..3).map(|_| Shared::default()).collect();
    let worker = |after: usize| {
        let (next, claimed) = (next.clone(), claimed.clone());
        spawn(async move {
            turns(after).await;
            let index = next.get();
            yield_now().await;
            next.set(index + 1);
            claimed[usize::try_from(index).expect("small")].add(1);
        })
    };
    join([worker(0), worker(7), worker(15)]).await;
    assert!(claimed.iter().all(|times| times.get() <= 1));
}

async fn aba(_: World) {
    let (head, popped) = (Shared::default(), Shared::default());
    head.set(1);
    let slow = {
        let (head, popped) = (head.clone(), popped.clone());
        spawn(async move {
            let (seen, next) = (head.get(), 2);
            yield_now().await;
            if head.get() == seen {
                head.set(next);
                assert!(popped.get() < 2, "the next one was popped already");
            }
        })
    };
    let quick = spawn(async move {
        turns(6).await;
        for top in [2, 3, 1] {
            head.set(top);
            popped.add(1);
            turns(3).await;
        }
    });
    join([slow, quick]).await;
}

async fn torn_read(_: World) {
    let (x, y) = (Shared::default(), Shared::default());
    let writer = {
        let (x, y) = (x.clone(), y.clone());
        spawn(async move {
            for value in 1..=5 {
                x.set(value);
                yield_now().await;
                y.set(value);
                turns(2).await;
            }
        })
    };
    turns(40).await;
    assert_eq!(x.get(), y.get());
    join([writer]).await;
}

async fn broken_exclusion(_: World) {
    let (asked, inside) = (Shared::default(), Shared::default());
    let first = {
        let (asked, inside) = (asked.clone(), inside.clone());
        spawn(async move {
            asked.set(1);
            yield_now().await;
            assert_eq!(inside.get(), 0, "two are inside");
            asked.set(0);
        })
    };
    let second = spawn(async move {
        turns(10).await;
        if asked.get() == 1 {
            inside.add(1);
            yield_now().await;
            inside.add(-1);
        }
    });
    join([first, second]).await;
}

async fn two_are_late(_: World) {
    let done = Shared::default();
    let report = || {
        let done = done.clone();
        spawn(async move {
            turns(2).await;
            done.add(1);
        })
    };
    let tasks = [report(), report()];
    turns(20).await;
    assert!(done.get() > 0, "neither has reported");
    join(tasks).await;
}

async fn stale_snapshot(_: World) {
    let (version, seen) = (Shared::default(), Shared::default());
    let writers = (0..3).map(|number: usize| {
        let version = version.clone();
        spawn(async move {
            for _ in 0..4 {
                turns(number + 1).await;
                version.add(1);
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    let reader = {
        let (version, seen) = (version.clone(), seen.clone());
        spawn(async move {
            turns(30).await;
            seen.set(version.get());
        })
    };
    join(writers.into_iter().chain([reader])).await;
    assert_eq!(seen.get(), version.get());
}

async fn message_before_answer(_: World) {
    let (sent, known, lost) = (Shared::default(), Shared::default(), Shared::default());
    let sender = {
        let (sent, known) = (sent.clone(), known.clone());
        spawn(async move {
            turns(4).await;
            sent.set(1);
            yield_now().await;
            known.set(1);
        })
    };
    let receiver = {
        let lost = lost.clone();
        spawn(async move {
            turns(16).await;
            if sent.get() == 1 && known.get() == 0 {
                lost.set(1);
            }
        })
    };
    join([sender, receiver, spawn(turns(12))]).await;
    assert_eq!(lost.get(), 0);
}

fn program<F, Fut>(name: &str, body: F) -> (String, Program)
where
    F: Fn(World) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + 'static,
{
    let test = TestRef {
        package: "yields".to_owned(),
        name: name.to_owned(),
        file: file!().into(),
    };
    let world = WorldSpec {
        ambient: Ambient::Real,
        ..WorldSpec::default()
    };
    (name.to_owned(), Program::new(test, world, body))
}

fn programs() -> Vec<(String, Program)> {
    vec![
        program("lost update", lost_update),
        program("check then act", check_then_act),
        program("order violation", order_violation),
        program("lost wakeup", lost_wakeup),
        program("locks in two orders", abba),
        program("double claim", double_claim),
        program("same value again", aba),
        program("torn read", torn_read),
        program("broken exclusion", broken_exclusion),
        program("two are late", two_are_late),
        program("stale snapshot", stale_snapshot),
        program("message before answer", message_before_answer),
    ]
}

/// Returns the failure of the first seed that fails, shrunk, and its deviations before.
fn shrunk(program: &Program, from: u64) -> (usize, ShrinkResult) {
    let run = |options| target::run_once(program, options);
    let strategy = StrategyName::PORTFOLIO;
    let fails = |seed: &u64| run(RunOptions::new(*seed, strategy)).verdict != RunVerdict::Pass;
    let seed = (from..from + 5_000).find(fails).expect("a seed that fails");
    let report = run(RunOptions::new(seed, strategy).recorded());
    let repro = Repro::of(program, &report).expect("it fails");
    let small = shrink(program, &repro, &Limits::runs(20_000)).expect("it fails again");
    (repro.schedule.len(), small)
}

#[test]
fn programs_that_yield_shrink_to_few_decisions() {
    let mut sizes = Vec::new();
    let mut table = String::new();
    for (name, program) in programs() {
        let passes = target::run_once(&program, RunOptions::new(0, StrategyName::FIFO));
        assert_eq!(passes.verdict, RunVerdict::Pass, "{name} by default");
        for from in [0, 100] {
            let (before, small) = shrunk(&program, from);
            let schedule = &small.repro.schedule;
            let decisive = small.explanation.decisive();
            table += &format!(
                "{name}: {before} to {}, {decisive:?}: {:?}\n",
                schedule.len(),
                small.repro.remarks
            );
            sizes.push(schedule.len());
            assert!(decisive.is_some(), "{table}");
            let again = small.repro.run_once(&*small.variant);
            assert_eq!(again.outcome.divergence, None, "{name}");
            let fingerprint = again.outcome.fingerprint;
            assert_eq!(fingerprint, small.repro.expected.fingerprint, "{name}");
        }
    }
    sizes.sort_unstable();
    assert!(sizes[sizes.len() / 2] <= 1, "{table}");
    assert!(sizes.last() <= Some(&3), "{table}");
}
