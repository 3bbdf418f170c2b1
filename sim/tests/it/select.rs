//! `select!` without `biased;`: the branch that it polls first is a choice of the run.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::future::{Future, poll_fn, ready};
use std::task::Poll;
use std::time::Duration;

use rehearsal_sim::tokio;
use rehearsal_sim::tokio::sync::{Mutex, mpsc};
use rehearsal_sim::tokio::time::sleep;
use rehearsal_sim::{
    Choices, Config, Decision, Deviate, Exhaustive, Fifo, Outcome, Random, Recording, Site,
    Verdict, World, run,
};

fn random(seed: u64) -> Config {
    Config {
        seed,
        strategy: Box::new(Random::default()),
        recording: Recording::Full,
        ..Config::default()
    }
}

/// Returns the values of the program over many seeds.
fn values<F>(program: impl Fn(World) -> F) -> BTreeSet<u8>
where
    F: Future<Output = u8> + 'static,
{
    let value = |seed| {
        let outcome = run(random(seed), &program);
        assert_eq!(outcome.verdict, Verdict::Pass);
        outcome.value.expect("it passed")
    };
    (0..60).map(value).collect()
}

async fn three_are_ready() -> u8 {
    tokio::select! {
        number = ready(1) => number,
        number = ready(2) => number,
        number = ready(3) => number,
    }
}

#[test]
fn any_ready_branch_can_win() {
    assert_eq!(values(|_| three_are_ready()), BTreeSet::from([1, 2, 3]));
}

#[test]
fn first_branch_wins_by_default() {
    let outcome = run(Config::default(), |_| three_are_ready());
    assert_eq!(outcome.value, Some(1));
    assert_eq!(outcome.statistics.choices, 1);
    assert_eq!(outcome.statistics.deviations, 0);
}

#[test]
fn biased_is_no_choice() {
    let program = |_| async {
        tokio::select! {
            biased;
            number = ready(1) => number,
            number = ready(2) => number,
        }
    };
    assert_eq!(values(program), BTreeSet::from([1]));
    assert_eq!(run(random(0), program).statistics.choices, 0);
}

/// The others follow in their order, the first after the last; what is off or does not match
/// is passed over.
#[test]
fn order_goes_round_from_the_first() {
    let orders: BTreeSet<Vec<u8>> = (0..60)
        .map(|seed| {
            let outcome = run(random(seed), |_| async {
                let polled = RefCell::new(Vec::new());
                let poll = |number| {
                    poll_fn({
                        let polled = &polled;
                        move |_| {
                            polled.borrow_mut().push(number);
                            Poll::Ready(None::<()>)
                        }
                    })
                };
                tokio::select! {
                    Some(()) = poll(1) => {},
                    Some(()) = poll(9), if false => {},
                    Some(()) = poll(2) => {},
                    Some(()) = poll(3) => {},
                    else => {},
                }
                polled.take()
            });
            outcome.value.expect("it passed")
        })
        .collect();
    let expected = [vec![1, 2, 3], vec![2, 3, 1], vec![3, 1, 2]];
    assert_eq!(orders, BTreeSet::from(expected));
}

/// All branches wait when they are first polled, and two of them are ready when the task is
/// polled again.
#[test]
fn choice_holds_for_later_polls() {
    let values = values(|_| async {
        let (first, mut of_first) = mpsc::channel(1);
        let (second, mut of_second) = mpsc::channel(1);
        tokio::spawn(async move {
            sleep(Duration::from_millis(1)).await;
            first.try_send(1).expect("there is room");
            second.try_send(2).expect("there is room");
        });
        tokio::select! {
            Some(number) = of_first.recv() => number,
            Some(number) = of_second.recv() => number,
        }
    });
    assert_eq!(values, BTreeSet::from([1, 2]));
}

/// While the branches are first polled no other task runs, so that a branch which is ready
/// there wins over those below it; with the handler that is over.
#[test]
fn first_poll_is_atomic_and_the_handler_is_not() {
    let values = values(|_| async {
        let lock = std::sync::Arc::new(Mutex::new(0));
        let other = tokio::spawn({
            let lock = std::sync::Arc::clone(&lock);
            async move { *lock.lock().await += 1 }
        });
        let seen = tokio::select! {
            guard = lock.lock() => {
                let before = *guard;
                drop(guard);
                before * 10 + *lock.lock().await
            }
            () = std::future::pending() => 99,
        };
        other.await.expect("it returns");
        seen
    });
    // The other task ran after both, between the two, or before both.
    assert_eq!(values, BTreeSet::from([0, 1, 11]));
}

fn deviating() -> Outcome<u8> {
    let outcomes = (0..60).map(|seed| run(random(seed), |_| three_are_ready()));
    let mut outcomes = outcomes.filter(|outcome| outcome.value == Some(3));
    outcomes.next().expect("one of the seeds takes the third")
}

#[test]
fn choice_is_on_the_tape_and_is_told() {
    let outcome = deviating();
    let schedule = outcome.tape.schedule();
    let [deviation] = schedule.deviations() else {
        panic!("one choice: {schedule:?}");
    };
    assert!(matches!(deviation.site, Site::Select(_)), "{deviation:?}");
    assert_eq!((deviation.nth, deviation.bound, deviation.value), (0, 3, 2));
    let [made] = &outcome.decisions[..] else {
        panic!("one decision: {:?}", outcome.decisions);
    };
    assert!(matches!(made.decision, Decision::Branch { first: 2, .. }));
    let told = made.decision.to_string();
    assert!(
        told.starts_with("polls branch 3 of the `select!` at "),
        "{told}"
    );
    assert!(told.contains("select.rs:"), "{told}");

    for choices in [Choices::Replay(schedule.clone()), Choices::World(schedule)] {
        let config = Config {
            strategy: Box::new(Fifo),
            choices,
            ..random(0)
        };
        let again = run(config, |_| three_are_ready());
        assert_eq!(again.value, Some(3));
        assert_eq!(again.fingerprint, outcome.fingerprint);
        assert_eq!(again.tape, outcome.tape);
        assert_eq!(again.divergence, None);
    }
}

/// A search takes every branch, as it takes every task.
#[test]
fn search_takes_each_branch() {
    let mut search = Exhaustive::new(1);
    let mut values = Vec::new();
    while let Some(deviations) = search.take() {
        let (strategy, picks) = Deviate::new(&deviations);
        let config = Config {
            strategy: Box::new(strategy),
            ..Config::default()
        };
        values.extend(run(config, |_| three_are_ready()).value);
        search.learn(&deviations, &picks.take());
    }
    assert_eq!(values, [1, 2, 3]);
}

/// What tokio's macro allows: no branch but `else`, a trailing comma, control flow out of a
/// handler, a handler that waits, in a future that is `Send`.
#[test]
fn form_is_that_of_tokios() {
    #[expect(
        clippy::needless_return,
        reason = "control flow out of a handler is tested"
    )]
    async fn question(fail: bool) -> Result<u8, &'static str> {
        tokio::select! {
            value = async { if fail { Err("failed") } else { Ok(1) } } => {
                let value = value?;
                sleep(Duration::from_millis(1)).await;
                return Ok(value + 1);
            }
        }
    }
    let values = values(|_| async {
        let nothing = tokio::select! { else => 5 };
        let asked = tokio::spawn(question(false)).await.expect("it returns");
        let failed = tokio::spawn(question(true)).await.expect("it returns");
        assert_eq!((nothing, asked, failed), (5, Ok(2), Err("failed")));
        let mut rounds = 0;
        loop {
            tokio::select! {
                () = async {} => { rounds += 1; if rounds < 3 { continue } },
                () = std::future::pending(), if rounds > 100 => unreachable!(),
            }
            break rounds;
        }
    });
    assert_eq!(values, BTreeSet::from([3]));
}
