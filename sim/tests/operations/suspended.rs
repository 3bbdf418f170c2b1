//! Tasks that are suspended in the middle of a poll: aborted, crashed with their host, left at the
//! end of a run, and woken meanwhile.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;

use rehearsal_sim::std::sync::Arc;
use rehearsal_sim::std::sync::atomic::AtomicU32;
use rehearsal_sim::std::sync::atomic::Ordering::SeqCst;
use rehearsal_sim::tokio::{self, sync::mpsc, task::LocalSet};
use rehearsal_sim::{
    Config, Deviate, Exhaustive, Fifo, Interleave, Pos, Random, Recording, Strategy, Verdict, run,
    std::hint::spin_loop, sync::point,
};

use super::config;

fn operations(seed: u64) -> Config {
    config(seed, Interleave::Operations)
}

struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn aborted_task_ends_at_an_await_and_not_between() {
    let mut interrupted = 0;
    for seed in 0..200 {
        let outcome = run(operations(seed), |_| async {
            let half = Arc::new((AtomicU32::new(0), AtomicU32::new(0)));
            let both = Arc::clone(&half);
            let task = tokio::spawn(async move {
                loop {
                    both.0.fetch_add(1, SeqCst);
                    both.1.fetch_add(1, SeqCst);
                    tokio::task::yield_now().await;
                }
            });
            tokio::task::yield_now().await;
            let before = half.0.load(SeqCst) != half.1.load(SeqCst);
            task.abort();
            assert!(task.await.expect_err("it was aborted").is_cancelled());
            assert_eq!(half.0.load(SeqCst), half.1.load(SeqCst));
            before
        });
        assert_eq!(outcome.verdict, Verdict::Pass, "seed {seed}");
        interrupted += u32::from(outcome.value == Some(true));
    }
    assert!(interrupted > 0, "some were interrupted in between");
}

#[test]
fn crash_unwinds_what_stands_on_the_stack() {
    let mut seen = BTreeSet::new();
    for seed in 0..100 {
        let outcome = run(operations(seed), |world| async move {
            let server = world.host("server");
            let log = Rc::new(RefCell::new(Vec::new()));
            let recorded = Rc::clone(&log);
            world.spawn_on(server, async move {
                let _dropped = OnDrop(|| {
                    // A point here has no effect.
                    point!();
                    recorded.borrow_mut().push("dropped");
                });
                recorded.borrow_mut().push("first");
                point!();
                recorded.borrow_mut().push("second");
            });
            tokio::task::yield_now().await;
            world.crash(server);
            tokio::task::yield_now().await;
            log.take()
        });
        assert_eq!(outcome.verdict, Verdict::Pass, "seed {seed}");
        seen.insert(outcome.value.expect("it returns"));
    }
    let interrupted = vec!["first", "dropped"];
    let whole = vec!["first", "second", "dropped"];
    assert!(
        seen.contains(&interrupted) && seen.contains(&whole),
        "{seen:?}"
    );
}

#[test]
fn polls_go_on_to_their_end_after_the_run() {
    let mut seen = BTreeSet::new();
    for seed in 0..100 {
        let steps = Rc::new(Cell::new(0));
        let counted = Rc::clone(&steps);
        let outcome = run(operations(seed), |world| async move {
            let here = world.current_host();
            world.spawn_on(here, async move {
                for _ in 0..3 {
                    counted.set(counted.get() + 1);
                    point!();
                }
                tokio::task::yield_now().await;
                counted.set(100);
            });
            tokio::task::yield_now().await;
        });
        assert_eq!(outcome.verdict, Verdict::Pass);
        seen.insert(steps.get());
    }
    // Never one or two: no poll is broken off.
    assert!(seen.is_subset(&BTreeSet::from([0, 3, 100])), "{seen:?}");
    assert!(seen.contains(&3), "{seen:?}");
}

#[test]
fn poll_that_never_ends_is_unwound_after_the_run() {
    let dropped = Rc::new(Cell::new(false));
    let record = Rc::clone(&dropped);
    // Under `fifo` the task has its turn while the program yields.
    let config = Config {
        strategy: Box::new(Fifo),
        ..operations(0)
    };
    let outcome = run(config, |world| async move {
        let here = world.current_host();
        world.spawn_on(here, async move {
            let _dropped = OnDrop(|| record.set(true));
            loop {
                spin_loop();
            }
        });
        tokio::task::yield_now().await;
    });
    assert_eq!(outcome.verdict, Verdict::Pass);
    assert!(dropped.get());
}

#[test]
fn panic_after_the_end_does_not_fail_the_run() {
    let panics = Rc::new(Cell::new(0));
    for seed in 0..50 {
        let counted = Rc::clone(&panics);
        let outcome = run(operations(seed), |world| async move {
            let here = world.current_host();
            let (sender, mut receiver) = mpsc::unbounded_channel();
            world.spawn_on(here, async move {
                sender.send(1).expect("the program waits for it");
                if sender.send(2).is_err() {
                    counted.set(counted.get() + 1);
                    panic!("the program has returned");
                }
            });
            assert_eq!(receiver.recv().await, Some(1));
        });
        assert_eq!(outcome.verdict, Verdict::Pass, "seed {seed}");
    }
    assert!(panics.get() > 0, "it happened");
}

#[test]
fn wake_of_an_interrupted_poll_is_not_lost() {
    for seed in 0..500 {
        let outcome = run(operations(seed), |_| async {
            let (first, mut firsts) = mpsc::unbounded_channel();
            let (second, mut seconds) = mpsc::unbounded_channel();
            let sends = tokio::spawn(async move {
                for number in 0..3 {
                    first.send(number).expect("it is received");
                    second.send(number).expect("it is received");
                }
            });
            let receives = tokio::spawn(async move {
                tokio::join!(async { while firsts.recv().await.is_some() {} }, async {
                    while seconds.recv().await.is_some() {
                        point!();
                    }
                },);
            });
            sends.await.expect("it ends");
            receives.await.expect("it ends");
        });
        assert_eq!(outcome.verdict, Verdict::Pass, "seed {seed}");
    }
}

#[test]
fn current_local_set_is_that_of_the_task() {
    for seed in 0..100 {
        let outcome = run(operations(seed), |_| async {
            let (one, other) = (LocalSet::new(), LocalSet::new());
            let count = |set: LocalSet| async move {
                let ran = Rc::new(Cell::new(0));
                let counted = Rc::clone(&ran);
                set.run_until(async {
                    point!();
                    tokio::task::spawn_local(async move { counted.set(counted.get() + 1) });
                    point!();
                })
                .await;
                set.await;
                assert_eq!(ran.get(), 1, "its task was spawned in this set");
            };
            let one = tokio::task::spawn_local(count(one));
            let other = tokio::task::spawn_local(count(other));
            one.await.expect("it ends");
            other.await.expect("it ends");
        });
        assert_eq!(outcome.verdict, Verdict::Pass, "seed {seed}");
    }
}

#[test]
fn set_that_a_task_has_entered_stays_when_another_is_interrupted() {
    for seed in 0..100 {
        let outcome = run(operations(seed), |_| async {
            let (set, ran) = (LocalSet::new(), Rc::new(Cell::new(false)));
            let other = tokio::task::spawn_local(async {
                for _ in 0..3 {
                    point!();
                }
            });
            let entered = set.enter();
            tokio::task::yield_now().await;
            let record = Rc::clone(&ran);
            tokio::task::spawn_local(async move { record.set(true) });
            drop(entered);
            // Without a task of its own it would not wait.
            set.await;
            other.await.expect("it ends");
            ran.get()
        });
        assert_eq!(
            outcome.value,
            Some(true),
            "seed {seed}: {}",
            outcome.verdict
        );
    }
}

tokio::task_local! {
    static NUMBER: u32;
}

#[test]
fn task_local_value_is_that_of_the_task() {
    let mut interrupted = false;
    for seed in 0..200 {
        let outcome = run(operations(seed), |_| async {
            let inside = Arc::new(AtomicU32::new(0));
            let reads = |number| {
                let inside = Arc::clone(&inside);
                NUMBER.scope(number, async move {
                    let others = inside.fetch_add(1, SeqCst);
                    assert_eq!(NUMBER.get(), number);
                    let inner = NUMBER.sync_scope(number + 10, || {
                        point!();
                        NUMBER.get()
                    });
                    inside.fetch_sub(1, SeqCst);
                    assert_eq!((inner, NUMBER.get()), (number + 10, number));
                    others
                })
            };
            let scoped = [1, 2].map(|number| tokio::spawn(reads(number)));
            let none = tokio::spawn(async {
                point!();
                NUMBER.try_get().is_err()
            });
            assert!(none.await.expect("it ends"));
            let mut others = 0;
            for task in scoped {
                others += task.await.expect("it ends");
            }
            assert!(NUMBER.try_get().is_err());
            others
        });
        assert_eq!(outcome.verdict, Verdict::Pass, "seed {seed}");
        interrupted |= outcome.value > Some(0);
    }
    assert!(interrupted, "both were in their scopes at once");
}

#[test]
fn task_local_value_is_there_when_a_crash_unwinds_its_scope() {
    let seen = Rc::new(Cell::new(0));
    for seed in 0..50 {
        let record = Rc::clone(&seen);
        let outcome = run(operations(seed), |world| async move {
            let server = world.host("server");
            world.spawn_on(
                server,
                NUMBER.scope(7, async move {
                    let _dropped =
                        OnDrop(|| record.set(record.get() + u32::from(NUMBER.get() == 7)));
                    point!();
                    std::future::pending::<()>().await;
                }),
            );
            tokio::task::yield_now().await;
            world.crash(server);
        });
        assert_eq!(outcome.verdict, Verdict::Pass, "seed {seed}");
    }
    // Not in the seeds in which the task had no turn.
    assert!(seen.get() > 0);
}

/// Two tasks add one to a number, by a load and a store.
async fn lost_update() -> bool {
    let total = Arc::new(AtomicU32::new(0));
    let tasks: Vec<_> = (0..2)
        .map(|_| {
            let total = Arc::clone(&total);
            tokio::spawn(async move {
                let before = total.load(SeqCst);
                total.store(before + 1, SeqCst);
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("it ends");
    }
    total.load(SeqCst) == 2
}

#[test]
fn every_strategy_has_a_say() {
    type Make = fn() -> Box<dyn Strategy>;
    let strategies: [Make; 2] = [|| Box::new(Random::default()), || Box::new(Pos::default())];
    for (index, strategy) in strategies.into_iter().enumerate() {
        let fails = |seed| {
            let config = Config {
                strategy: strategy(),
                ..operations(seed)
            };
            run(config, |_| lost_update()).value == Some(false)
        };
        assert!((0..200).any(fails), "strategy {index}");
    }
    let config = Config {
        strategy: Box::new(Fifo),
        ..operations(0)
    };
    assert_eq!(run(config, |_| lost_update()).value, Some(true));
}

#[test]
fn search_finds_it_with_one_deviation_and_proves_the_fixed_one() {
    let search = |bound, program: fn() -> std::pin::Pin<Box<dyn Future<Output = bool>>>| {
        let mut search = Exhaustive::new(bound);
        let (mut runs, mut failing) = (0, 0);
        while let Some(deviations) = search.take() {
            let (deviate, picks) = Deviate::new(&deviations);
            let config = Config {
                strategy: Box::new(deviate),
                ..operations(0)
            };
            let outcome = run(config, |_| program());
            search.learn(&deviations, &picks.borrow());
            runs += 1;
            failing += u32::from(outcome.value != Some(true));
        }
        (runs, failing)
    };
    let (_, failing) = search(1, || Box::pin(lost_update()));
    assert!(failing > 0, "one deviation is enough");
    let fixed: fn() -> std::pin::Pin<Box<dyn Future<Output = bool>>> = || {
        Box::pin(async {
            let total = Arc::new(AtomicU32::new(0));
            let other = Arc::clone(&total);
            let task = tokio::spawn(async move { other.fetch_add(1, SeqCst) });
            total.fetch_add(1, SeqCst);
            task.await.expect("it ends");
            total.load(SeqCst) == 2
        })
    };
    let (runs, failing) = search(2, fixed);
    assert!(runs > 1 && failing == 0, "{runs} {failing}");
}

#[test]
fn interrupted_operation_is_named() {
    let named = (0..100).find_map(|seed| {
        let config = Config {
            recording: Recording::Observed,
            ..operations(seed)
        };
        let outcome = run(config, |_| lost_update());
        let switch = outcome.switches.into_iter();
        let mut switch = switch.filter(|switch| switch.operation == Some("store"));
        (outcome.value == Some(false))
            .then(|| switch.next())
            .flatten()
    });
    let named = named.expect("one is interrupted before its store");
    let observed = named.observed.expect("the run is observed");
    let place = observed.line.expect("the line is known").place;
    assert!(place.starts_with(file!()), "{place}");
}

#[test]
fn deep_recursion_needs_a_larger_stack() {
    fn recurse(depth: u32) -> u64 {
        let frame = std::hint::black_box([u64::from(depth); 32]);
        match depth {
            0 => frame[0],
            _ => recurse(depth - 1) + frame[31],
        }
    }
    let config = Config {
        stack_size: 64 << 20,
        ..operations(0)
    };
    let outcome = run(config, |_| async { recurse(50_000) });
    assert_eq!(outcome.value, Some((0..=50_000).sum()));
}
