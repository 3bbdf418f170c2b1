//! Timers of the simulator beside tokio's own: time moves to the next of both.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use ::tokio::time as plain;
use futures_util::stream::{FuturesUnordered, StreamExt};
use rehearsal_sim::tokio::sync::{Mutex, oneshot};
use rehearsal_sim::tokio::task;
use rehearsal_sim::tokio::time::{self, Instant, MissedTickBehavior, sleep, timeout};
use rehearsal_sim::{Config, Random, World, run};

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn passes<T: 'static, Fut: Future<Output = T> + 'static>(program: impl FnOnce(World) -> Fut) -> T {
    let config = Config {
        strategy: Box::new(Random::default()),
        ..Config::default()
    };
    let outcome = run(config, program);
    assert_eq!(outcome.verdict.as_str(), "pass", "{}", outcome.verdict);
    outcome.value.expect("it passed")
}

/// Returns how often tokio's thread has been parked so far.
fn parks() -> u64 {
    ::tokio::runtime::Handle::current()
        .metrics()
        .worker_park_count(0)
}

async fn noted<T>(future: impl Future<Output = T>, start: Instant, name: &str) -> (String, u128) {
    future.await;
    (name.to_owned(), start.elapsed().as_millis())
}

#[test]
fn time_moves_without_a_turn_of_tokios_driver() {
    let parks = passes(|world| async move {
        let host = world.host("host");
        let other = world.spawn_on(host, async {
            for _ in 0..100 {
                let late = timeout(ms(7), std::future::pending::<()>()).await;
                assert!(late.is_err());
            }
        });
        let before = parks();
        let mut ticks = time::interval(ms(5));
        for _ in 0..100 {
            sleep(ms(3)).await;
            ticks.tick().await;
        }
        other.await.expect("it returns");
        parks() - before
    });
    assert_eq!(parks, 0);
}

#[test]
fn time_moves_by_itself_while_tasks_wait_for_a_mutex() {
    let (parks, waited) = passes(|_| async {
        let mutex = Arc::new(Mutex::new(0));
        let held = Arc::clone(&mutex).lock_owned().await;
        let start = Instant::now();
        let waiter = task::spawn(async move {
            *mutex.lock().await += 1;
            start.elapsed()
        });
        let before = parks();
        for _ in 0..50 {
            sleep(ms(10)).await;
        }
        drop(held);
        let waited = waiter.await.expect("it returns");
        (parks() - before, waited)
    });
    assert_eq!((parks, waited), (0, ms(500)));
}

#[test]
fn tokios_timers_in_a_task_are_not_passed_over() {
    let order = passes(|_| async {
        let start = Instant::now();
        let ours = noted(sleep(ms(1_000)), start, "ours");
        let tokios = noted(plain::sleep(ms(300)), start, "tokio's");
        let limited = noted(
            plain::timeout(ms(200), std::future::pending::<()>()),
            start,
            "tokio's time-out",
        );
        let (a, b, c) = ::tokio::join!(ours, tokios, limited);
        [a, b, c].map(|(name, at)| format!("{name} {at}"))
    });
    assert_eq!(order, ["ours 1000", "tokio's 300", "tokio's time-out 200"]);
}

#[test]
fn tokios_timers_under_wakers_of_others_are_not_passed_over() {
    let order = passes(|_| async {
        let start = Instant::now();
        let mut parts = FuturesUnordered::new();
        for millis in [30, 10, 20] {
            parts.push(Box::pin(noted(plain::sleep(ms(millis)), start, "tokio's")) as Part);
            parts.push(Box::pin(noted(sleep(ms(millis + 5)), start, "ours")));
        }
        let mut order = Vec::new();
        while let Some((name, at)) = parts.next().await {
            order.push(format!("{name} {at}"));
        }
        order
    });
    let expected = [
        "tokio's 10",
        "ours 15",
        "tokio's 20",
        "ours 25",
        "tokio's 30",
        "ours 35",
    ];
    assert_eq!(order, expected);
}

type Part = std::pin::Pin<Box<dyn Future<Output = (String, u128)>>>;

#[test]
fn tokios_timers_in_tasks_of_tokio_are_not_passed_over() {
    let at = passes(|_| async {
        let start = Instant::now();
        let task = ::tokio::spawn(async move {
            plain::sleep(ms(40)).await;
            start.elapsed().as_millis()
        });
        sleep(ms(1_000)).await;
        task.await.expect("it returns")
    });
    assert_eq!(at, 40);
}

#[test]
fn a_task_of_tokio_may_set_a_timer_of_the_simulators() {
    let at = passes(|_| async {
        let start = Instant::now();
        // Made in a task of the run, so it is the simulator's; set while that waits for more.
        let mut made = Box::pin(sleep(ms(40)));
        let task = ::tokio::spawn(async move {
            plain::sleep(ms(10)).await;
            made.as_mut().await;
            start.elapsed().as_millis()
        });
        sleep(ms(1_000)).await;
        task.await.expect("it returns")
    });
    assert_eq!(at, 40);
}

#[test]
fn time_goes_on_by_itself_once_tokios_timers_are_gone() {
    let parks = passes(|_| async {
        plain::sleep(ms(10)).await;
        let before = parks();
        for _ in 0..50 {
            sleep(ms(10)).await;
        }
        parks() - before
    });
    assert_eq!(parks, 0);
}

#[test]
fn timers_of_one_instant_fire_in_the_order_in_which_they_were_set() {
    let order = passes(|_| async {
        let mut parts = FuturesUnordered::new();
        let at = Instant::now() + ms(100);
        for number in [3, 1, 2] {
            parts.push(async move {
                sleep(ms(number)).await;
                time::sleep_until(at).await;
                number
            });
        }
        let mut order = Vec::new();
        while let Some(number) = parts.next().await {
            order.push(number);
        }
        order
    });
    assert_eq!(order, [1, 2, 3]);
}

#[test]
fn a_timer_that_is_reset_to_the_past_wakes_its_task() {
    let at = passes(|_| async {
        let start = Instant::now();
        let (sender, receiver) = oneshot::channel();
        let timer = std::rc::Rc::new(std::cell::RefCell::new(Box::pin(sleep(ms(500)))));
        let polled = std::rc::Rc::clone(&timer);
        let local = rehearsal_sim::tokio::task::LocalSet::new();
        local
            .run_until(async move {
                rehearsal_sim::tokio::task::spawn_local(async move {
                    std::future::poll_fn(|cx| polled.borrow_mut().as_mut().poll(cx)).await;
                    let _ = sender.send(start.elapsed().as_millis());
                });
                sleep(ms(20)).await;
                timer.borrow_mut().as_mut().reset(start);
                assert!(timer.borrow().is_elapsed());
                receiver.await.expect("it was sent")
            })
            .await
    });
    assert_eq!(at, 20);
}

#[test]
fn an_interval_that_is_late_skips_ticks_as_tokios_does() {
    let ticks = passes(|_| async {
        let start = Instant::now();
        let mut ours = time::interval(ms(10));
        let mut tokios = plain::interval(ms(10));
        ours.set_missed_tick_behavior(MissedTickBehavior::Skip);
        tokios.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut ticks = Vec::new();
        for pause in [0, 23, 5, 47, 0] {
            sleep(ms(pause)).await;
            let (ours, tokios) = ::tokio::join!(ours.tick(), tokios.tick());
            ticks.push((ours - start, tokios - start));
        }
        ticks
    });
    assert!(
        ticks.iter().all(|(ours, tokios)| ours == tokios),
        "{ticks:?}"
    );
    assert_eq!(ticks.last().map(|tick| tick.0), Some(ms(80)));
}

#[test]
fn timer_of_tokio_in_a_function_that_blocks_is_in_time() {
    use rehearsal_sim::tokio::runtime::Handle;
    use rehearsal_sim::tokio::task::spawn_blocking;

    let (blocked, slept) = passes(|_| async {
        let start = Instant::now();
        let blocking = spawn_blocking(move || {
            Handle::current().block_on(noted(plain::sleep(ms(5)), start, "blocked"))
        });
        let slept = noted(sleep(ms(10)), start, "slept").await;
        (blocking.await.expect("it returns"), slept)
    });
    assert_eq!(blocked, ("blocked".to_owned(), 5));
    assert_eq!(slept, ("slept".to_owned(), 10));
}
