//! Every schedule within a bound: a bug that takes two deviations is found with two and proved
//! absent with one, and a healthy program is proved with either.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use rehearsal_sim::tokio::sync::Mutex;
use rehearsal_sim::{Config, Deviate, Exhaustive, Interleaving, PickDeviation, run};

/// The stack that a task pushes to.
#[derive(Clone, Copy)]
enum Stack {
    Shared,
    Own,
}

/// Runs two tasks that each push their number to a stack, and pop it again. With one stack each
/// gets its own number back unless their operations overlap. Returns `true` if each did, the
/// picks of the run, and its happens-before hash.
fn play(deviations: &[PickDeviation], stack: Stack) -> (bool, Vec<u32>, Interleaving) {
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
    ill: Vec<Vec<PickDeviation>>,
}

fn search(bound: u32, stack: Stack) -> Searched {
    let mut search = Exhaustive::new(bound);
    let mut distinct = BTreeSet::new();
    let mut ill = Vec::new();
    while let Some(deviations) = search.take() {
        let (well, picks, interleaving) = play(&deviations, stack);
        search.learn(&deviations, &picks);
        distinct.insert(interleaving);
        if !well {
            ill.push(deviations);
        }
    }
    assert_eq!(search.ahead(), 0);
    Searched {
        schedules: search.taken(),
        distinct: distinct.len(),
        ill,
    }
}

#[test]
fn a_bug_that_takes_two_deviations_is_found_with_two() {
    let one = search(1, Stack::Shared);
    assert!(one.schedules > 2, "there is something to deviate from");
    assert!(one.ill.is_empty(), "{:?}", one.ill);
    let two = search(2, Stack::Shared);
    assert!(!two.ill.is_empty());
    assert!(two.ill.iter().all(|deviations| deviations.len() == 2));
    assert!(two.schedules > one.schedules);
    assert!(two.distinct as u64 <= two.schedules);
}

#[test]
fn a_search_is_repeatable() {
    for deviations in search(2, Stack::Shared).ill {
        let (well, ..) = play(&deviations, Stack::Shared);
        assert!(!well, "{deviations:?}");
    }
}

#[test]
fn the_healthy_twin_is_proved() {
    for bound in 0..=4 {
        let searched = search(bound, Stack::Own);
        assert!(searched.ill.is_empty(), "{:?}", searched.ill);
    }
    assert_eq!(search(0, Stack::Own).schedules, 1);
}
