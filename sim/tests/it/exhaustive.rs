//! Every schedule within a bound: a bug that takes two deviations is found with two and proved
//! absent with one, and a healthy program is proved with either.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use rehearsal_sim::tokio::sync::Mutex;
use rehearsal_sim::{Config, Deviate, Exhaustive, Interleaving, Pick, PickDeviation, run};

/// The stack that a task pushes to.
#[derive(Clone, Copy)]
enum Stack {
    Shared,
    Own,
}

/// Runs two tasks that each push their number to a stack, and pop it again. With one stack each
/// gets its own number back unless their operations overlap. Returns `true` if each did, the
/// picks of the run, and its happens-before hash.
fn run_with(deviations: &[PickDeviation], stack: Stack) -> (bool, Vec<Pick>, Interleaving) {
    let (deviate, picks) = Deviate::new(deviations);
    let config = Config {
        strategy: Box::new(deviate),
        ..Config::default()
    };
    let outcome = run(config, move |world| async move {
        let shared = Rc::new(Mutex::new(Vec::new()));
        let own = Rc::new(RefCell::new(Vec::new()));
        let tasks: Vec<_> = (0..2)
            .map(|me| {
                let stack = match stack {
                    Stack::Shared => Rc::clone(&shared),
                    Stack::Own => Rc::new(Mutex::new(Vec::new())),
                };
                let right = Rc::clone(&own);
                world.spawn_on(world.current_host(), async move {
                    stack.lock().await.push(me);
                    let popped = stack.lock().await.pop();
                    right.borrow_mut().push(popped == Some(me));
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("no task fails");
        }
        let right = own.borrow();
        right.iter().all(|right| *right)
    });
    let picks = picks.borrow().clone();
    (outcome.value == Some(true), picks, outcome.interleaving)
}

/// The result of a search.
struct Searched {
    schedules: u64,
    distinct: usize,
    /// The failing schedules.
    failing: Vec<Vec<PickDeviation>>,
}

fn search(bound: u32, stack: Stack) -> Searched {
    let mut search = Exhaustive::new(bound);
    let mut distinct = BTreeSet::new();
    let mut failing = Vec::new();
    while let Some(deviations) = search.take() {
        let (correct, picks, interleaving) = run_with(&deviations, stack);
        search.learn(&deviations, &picks);
        distinct.insert(interleaving);
        if !correct {
            failing.push(deviations);
        }
    }
    assert_eq!(search.ahead(), 0);
    Searched {
        schedules: search.taken(),
        distinct: distinct.len(),
        failing,
    }
}

#[test]
fn bug_of_two_deviations_is_found_with_two() {
    let one = search(1, Stack::Shared);
    assert!(one.schedules > 2, "there is something to deviate from");
    assert!(one.failing.is_empty(), "{:?}", one.failing);
    let two = search(2, Stack::Shared);
    assert!(!two.failing.is_empty());
    assert!(two.failing.iter().all(|deviations| deviations.len() == 2));
    assert!(two.schedules > one.schedules);
    assert!(two.distinct as u64 <= two.schedules);
}

#[test]
fn search_is_repeatable() {
    for deviations in search(2, Stack::Shared).failing {
        let (correct, ..) = run_with(&deviations, Stack::Shared);
        assert!(!correct, "{deviations:?}");
    }
}

#[test]
fn healthy_twin_is_proved() {
    for bound in 0..=4 {
        let searched = search(bound, Stack::Own);
        assert!(searched.failing.is_empty(), "{:?}", searched.failing);
    }
    assert_eq!(search(0, Stack::Own).schedules, 1);
}
