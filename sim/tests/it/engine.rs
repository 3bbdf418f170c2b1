//! The engine: order, time, tapes, verdicts.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use rehearsal_sim::tokio::task::yield_now;
use rehearsal_sim::tokio::{spawn, time};
use rehearsal_sim::{
    Budget, Choices, ClockSkew, Config, DeviationKind, Effect, Family, Fifo, Outcome, Recording,
    Site, Verdict, run,
};

use crate::support::config;

/// Runs four tasks that yield between their steps, and returns the order of steps.
fn interleaving(config: Config) -> Outcome<Vec<(u32, u32)>> {
    run(config, |world| async move {
        let steps = Rc::new(RefCell::new(Vec::new()));
        let handles: Vec<_> = (0..4)
            .map(|task| {
                let steps = Rc::clone(&steps);
                world.spawn_on(world.current_host(), async move {
                    for step in 0..5 {
                        steps.borrow_mut().push((task, step));
                        yield_now().await;
                    }
                })
            })
            .collect();
        for handle in handles {
            handle.await.expect("no task fails");
        }
        steps.borrow().clone()
    })
}

#[test]
fn same_seed_gives_the_same_run() {
    for seed in 0..20 {
        let (a, b) = (interleaving(config(seed)), interleaving(config(seed)));
        assert_eq!(a.fingerprint, b.fingerprint);
        assert_eq!(a.trace, b.trace);
        assert_eq!(a.value, b.value);
    }
}

#[test]
fn different_seeds_give_different_orders() {
    let orders: std::collections::BTreeSet<_> = (0..50)
        .filter_map(|seed| interleaving(config(seed)).value)
        .collect();
    assert!(orders.len() > 40, "{} orders of 50 seeds", orders.len());
}

#[test]
fn fifo_takes_turns() {
    let outcome = interleaving(Config::default());
    let steps = outcome.value.expect("the program ends");
    let turns: Vec<(u32, u32)> = (0..5)
        .flat_map(|step| (0..4).map(move |task| (task, step)))
        .collect();
    assert_eq!(steps, turns);
    assert_eq!(outcome.statistics.deviations, 0);
}

#[test]
fn tape_replays_its_run() {
    for seed in 0..20 {
        let original = interleaving(config(seed));
        let replayed = interleaving(Config {
            choices: Choices::Replay(original.tape.schedule()),
            strategy: Box::new(Fifo),
            recording: Recording::Full,
            ..Config::default()
        });
        assert_eq!(original.trace, replayed.trace);
        assert_eq!(original.fingerprint, replayed.fingerprint);
        assert_eq!(original.tape, replayed.tape);
        assert_eq!(replayed.divergence, None);
    }
}

#[test]
fn tape_of_another_program_diverges_and_names_the_place() {
    let original = interleaving(config(1));
    let other = run(
        Config {
            choices: Choices::Replay(original.tape.schedule()),
            ..Config::default()
        },
        |world| async move { world.draw(world.site("a coin"), 2) },
    );
    let divergence = other.divergence.expect("no such site");
    assert_eq!(divergence.deviation, 0);
    let first = &original.tape.schedule().deviations()[0].clone();
    assert_eq!((&divergence.site, divergence.nth), (&first.site, first.nth));
    assert_eq!(divergence.found, "no choice there");
}

#[test]
fn draw_at_one_site_does_not_shift_another() {
    let draws = |noise: bool| {
        run(config(5), move |world| async move {
            let (a, b) = (world.site("a"), world.site("b"));
            (0..20)
                .map(|_| {
                    if noise {
                        world.draw(b, 1_000);
                    }
                    world.draw(a, 1_000)
                })
                .collect::<Vec<_>>()
        })
        .value
    };
    assert_eq!(draws(false), draws(true));
}

/// A program may give its sites any label: none shares the strategy's stream.
#[test]
fn label_shares_no_stream_with_the_strategy() {
    let outcome = run(config(3), |world| async move {
        let other = world.spawn_on(world.current_host(), async {
            for _ in 0..64 {
                yield_now().await;
            }
        });
        for _ in 0..64 {
            yield_now().await;
        }
        other.await.expect("it ends");
        let site = world.site("strategy");
        (0..64).map(|_| world.draw(site, 2)).collect::<Vec<_>>()
    });
    let drawn = outcome.value.expect("the program ends");
    let picked: Vec<u32> = outcome
        .tape
        .choices()
        .iter()
        .filter(|choice| !matches!(outcome.tape.site(choice.site), Some(Site::World(_))))
        .map(|choice| choice.value)
        .collect();
    assert!(picked.len() >= 64, "{} picks among two", picked.len());
    assert_ne!(drawn, picked[..64]);
}

/// Nor does any share the stream of a link, or of hermetic code.
#[test]
fn labels_that_look_like_sites_of_the_simulator_are_sites_of_their_own() {
    let draws = |label: &'static str| {
        run(config(4), move |world| async move {
            let site = world.site(label);
            (0..32).map(|_| world.draw(site, 1_000)).collect::<Vec<_>>()
        })
        .value
        .expect("the program ends")
    };
    let labels = [
        "strategy",
        "world strategy",
        "ambient",
        "latency a -> b",
        "loss a -> b",
    ];
    let distinct: std::collections::BTreeSet<_> = labels.into_iter().map(draws).collect();
    assert_eq!(distinct.len(), labels.len());
}

/// The kind of a choice depends on its site, not on how the label begins.
#[test]
fn label_never_makes_a_choice_one_of_the_scheduler() {
    let outcome = run(config(0), |world| async move {
        for label in ["after lunch", "after 0", "preempt 0", "preemptive"] {
            let site = world.site(label);
            while world.draw(site, 2) == 0 {}
        }
    });
    let schedule = outcome.tape.schedule();
    assert_eq!(schedule.count(DeviationKind::World), schedule.len());
    assert_eq!(schedule.len(), 4);
    let replayed = run(
        Config {
            recording: Recording::Full,
            choices: Choices::Replay(schedule.clone()),
            ..Config::default()
        },
        |world| async move {
            for label in ["after lunch", "after 0", "preempt 0", "preemptive"] {
                let site = world.site(label);
                while world.draw(site, 2) == 0 {}
            }
        },
    );
    assert_eq!(replayed.divergence, None);
    assert_eq!(replayed.tape, outcome.tape);
}

#[test]
fn members_of_a_family_have_streams_of_their_own() {
    let outcome = run(config(1), |world| async move {
        let draws = |site| (0..32).map(|_| world.draw(site, 1_000)).collect::<Vec<_>>();
        let first = draws(world.site_in("start", "agent-1"));
        let second = draws(world.site_in("start", 2));
        let same = world.site("start 2") == world.site_in("start", 2);
        (first != second, same)
    });
    assert_eq!(outcome.value, Some((true, true)));
    let families: std::collections::BTreeSet<_> = outcome
        .tape
        .choices()
        .iter()
        .filter_map(|choice| outcome.tape.site(choice.site))
        .map(Site::family)
        .collect();
    assert_eq!(
        families.into_iter().collect::<Vec<_>>(),
        [Family::World("start")]
    );
}

#[test]
fn time_jumps_and_an_idle_hour_is_free() {
    let outcome = run(Config::default(), |world| async move {
        time::sleep(Duration::from_secs(3600)).await;
        world.now().as_millis()
    });
    assert_eq!(outcome.value, Some(3_600_000));
    assert!(outcome.statistics.steps < 5);
}

#[test]
fn panic_in_a_detached_task_fails_the_run() {
    let outcome = run(Config::default(), |world| async move {
        let host = world.host("worker");
        world.spawn_on(host, async move {
            world.name_task("clumsy");
            time::sleep(Duration::from_millis(5)).await;
            panic!("dropped {} plates", 3);
        });
        time::sleep(Duration::from_secs(1)).await;
    });
    let Verdict::Panic(report) = outcome.verdict else {
        panic!("{:?}", outcome.verdict)
    };
    assert_eq!(report.message, "dropped 3 plates");
    assert!(
        report.task.contains("`clumsy` on worker"),
        "{}",
        report.task
    );
    assert!(report.location.contains("engine.rs"), "{}", report.location);
    assert_eq!(report.at.as_millis(), 5);
    assert_eq!(outcome.value, None);
}

#[test]
fn run_in_which_nothing_can_happen_is_a_deadlock_and_names_its_tasks() {
    let outcome = run(Config::default(), |world| async move {
        time::sleep(Duration::from_millis(7)).await;
        let waiting = spawn(async move {
            world.name_task("patient");
            std::future::pending::<()>().await;
        });
        waiting.await.expect("never");
    });
    let Verdict::Deadlock {
        at,
        cycle,
        tasks,
        plain_tasks,
    } = outcome.verdict
    else {
        panic!("{:?}", outcome.verdict)
    };
    assert!(!cycle);
    assert_eq!(at.as_millis(), 7);
    assert_eq!(tasks.len(), 2);
    assert!(plain_tasks.is_empty());
    assert!(
        tasks[0].waits[0].starts_with("join of task"),
        "{:?}",
        tasks[0]
    );
    assert!(tasks[1].description.contains("`patient`"));
}

#[test]
fn run_that_outlives_its_time_is_a_timeout() {
    let outcome = run(
        Config {
            budget: Budget {
                virtual_time: Duration::from_secs(10),
                ..Budget::default()
            },
            ..Config::default()
        },
        |_| async {
            loop {
                time::sleep(Duration::from_secs(3)).await;
            }
        },
    );
    let _: Option<()> = outcome.value;
    assert_eq!(outcome.verdict.as_str(), "timeout");
}

#[test]
fn spin_is_a_livelock_and_a_budget_that_runs_out_is_unknown() {
    let spin = |budget| {
        run(
            Config {
                budget,
                ..Config::default()
            },
            |_| async {
                loop {
                    yield_now().await;
                }
            },
        )
        .verdict
        .as_str()
    };
    assert_eq!(
        spin(Budget {
            steps_per_instant: 1_000,
            ..Budget::default()
        }),
        "livelock"
    );
    assert_eq!(
        spin(Budget {
            steps: 1_000,
            ..Budget::default()
        }),
        "unknown"
    );
}

#[test]
fn aborted_task_is_dropped_at_its_next_turn_and_its_joiner_is_woken() {
    let outcome = run(Config::default(), |_| async {
        let sleeper = spawn(time::sleep(Duration::from_secs(9)));
        time::sleep(Duration::from_millis(1)).await;
        sleeper.abort();
        sleeper.await.is_err_and(|error| error.is_cancelled())
    });
    assert_eq!(outcome.value, Some(true));
    assert_eq!(outcome.statistics.virtual_time.as_millis(), 1);
}

#[test]
fn time_never_goes_back_in_a_history() {
    for seed in 0..20 {
        let history = interleaving(config(seed)).trace;
        assert!(
            history
                .entries
                .windows(2)
                .all(|pair| pair[0].at <= pair[1].at)
        );
        assert!(
            history
                .entries
                .iter()
                .any(|entry| matches!(entry.effect, Effect::Poll { .. }))
        );
    }
}

#[test]
fn crash_drops_the_tasks_of_its_host_and_a_restart_boots_it_again() {
    let outcome = run(Config::default(), |world| async move {
        let boots = Rc::new(RefCell::new(0));
        let host = world.host("server");
        let counter = Rc::clone(&boots);
        world.boot(host, move || {
            *counter.borrow_mut() += 1;
            std::future::pending()
        });
        time::sleep(Duration::from_millis(1)).await;
        world.crash(host);
        let down = world.census().tasks.len();
        world.restart(host);
        let up = world.census().tasks.len();
        let boots = *boots.borrow();
        (down, up, boots)
    });
    assert_eq!(outcome.value, Some((0, 1, 2)));
}

#[test]
fn paused_host_runs_no_task_until_resumed() {
    let outcome = run(Config::default(), |world| async move {
        let host = world.host("server");
        let ticks = Rc::new(RefCell::new(Vec::new()));
        let seen = Rc::clone(&ticks);
        world.spawn_on(host, async move {
            for _ in 0..3 {
                time::sleep(Duration::from_millis(10)).await;
                seen.borrow_mut().push(world.now().as_millis());
            }
        });
        time::sleep(Duration::from_millis(15)).await;
        world.pause(host);
        time::sleep(Duration::from_millis(100)).await;
        world.resume(host);
        time::sleep(Duration::from_millis(100)).await;
        ticks.borrow().clone()
    });
    assert_eq!(outcome.value, Some(vec![10, 115, 125]));
}

#[test]
fn settled_waits_for_quiescence_and_not_for_timers() {
    let outcome = run(Config::default(), |world| async move {
        spawn(time::sleep(Duration::from_secs(60)));
        let busy = spawn(async {
            for _ in 0..100 {
                yield_now().await;
            }
        });
        world.settled().await;
        (busy.is_finished(), world.now().as_millis())
    });
    assert_eq!(outcome.value, Some((true, 0)));
}

/// tokio wakes the receivers of a `watch` in an order that it draws.
#[test]
fn wake_order_of_a_watch_does_not_depend_on_tokio() {
    let order = || {
        let outcome = run(Config::default(), |world| async move {
            let (sender, receiver) = rehearsal_sim::tokio::sync::watch::channel(0);
            let order = Rc::new(RefCell::new(Vec::new()));
            for task in 0..16 {
                let (mut receiver, order) = (receiver.clone(), Rc::clone(&order));
                world.spawn_on(world.current_host(), async move {
                    receiver.changed().await.expect("the sender lives");
                    order.borrow_mut().push(task);
                });
            }
            world.settled().await;
            sender.send(1).expect("there are receivers");
            world.settled().await;
            order.borrow().clone()
        });
        outcome.value.expect("a value")
    };
    let first = order();
    assert_eq!(first.len(), 16);
    assert!((0..10).all(|_| order() == first));
}

#[test]
fn task_that_pauses_its_own_host_stops_at_its_next_point() {
    let outcome = run(config(1), |world| async move {
        let host = world.host("server");
        let lock = Rc::new(rehearsal_sim::tokio::sync::Mutex::new(()));
        let done = Rc::new(RefCell::new(None));
        let (theirs, told) = (Rc::clone(&lock), Rc::clone(&done));
        world.spawn_on(host, async move {
            world.pause(host);
            for _ in 0..20 {
                // Another task is ready all the time, so some of these switch.
                drop(theirs.lock().await);
            }
            *told.borrow_mut() = Some(world.now().as_millis());
        });
        let busy = world.spawn_on(world.current_host(), async move {
            for _ in 0..200 {
                drop(lock.lock().await);
                yield_now().await;
            }
        });
        busy.await.expect("no task fails");
        time::sleep(Duration::from_millis(10)).await;
        let before = *done.borrow();
        world.resume(host);
        time::sleep(Duration::from_millis(10)).await;
        let after = *done.borrow();
        (before, after)
    });
    assert_eq!(outcome.value, Some((None, Some(10))));
}

#[test]
fn wall_clock_of_a_host_is_ahead_behind_or_drifts() {
    let outcome = run(Config::default(), |world| async move {
        let (right, wrong) = (world.host("right"), world.host("wrong"));
        let shift = |host| async move {
            let asking = world.spawn_on(host, async move { world.clock_shift() });
            asking.await.expect("does not panic")
        };
        let mut shifts = vec![shift(wrong).await];
        for (offset_micros, drift_ppm) in [(2_000, 0), (-500, 0), (0, 100), (1_000, -100)] {
            world.set_clock(
                wrong,
                ClockSkew {
                    offset_micros,
                    drift_ppm,
                },
            );
            time::sleep(Duration::from_secs(10)).await;
            shifts.push(shift(wrong).await);
            assert_eq!(shift(right).await, 0);
        }
        world.set_clock(wrong, ClockSkew::default());
        shifts.push(shift(wrong).await);
        shifts
    });
    assert_eq!(outcome.verdict, Verdict::Pass);
    assert_eq!(outcome.value, Some(vec![0, 2_000, -500, 1_000, 0, 0]));
}
