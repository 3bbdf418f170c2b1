//! `pct` finds a bug of depth `d` in a run of `n` tasks and `k` steps with a probability of at
//! least 1/(n·k^(d-1)), which the paper proves. One seed in four has no change point here.

use super::*;

/// The part of the seeds that have change points.
const CHANGED: f64 = 0.75;

/// Runs tasks of so many steps and returns the order of the steps.
fn order_of<const N: usize>(config: Config, tasks: [(char, usize); N]) -> Vec<char> {
    let outcome = run(config, |world| async move {
        let log = Log::default();
        for (name, count) in tasks {
            world.spawn_on(world.current_host(), steps(Rc::clone(&log), name, count));
        }
        world.settled().await;
        log.take()
    });
    outcome.value.expect("it ran to its end")
}

/// Returns the least number of seeds that the paper promises for a bug of that depth.
fn promised<const N: usize>(seeds: u64, depth: i32, tasks: [(char, usize); N]) -> f64 {
    let profile = Profile::of_default_schedule(|strategy| {
        order_of(config(0, strategy), tasks);
    });
    let (n, k) = (profile.tasks() as f64, profile.steps() as f64);
    CHANGED * seeds as f64 / (n * k.powi(depth - 1))
}

/// The one step of `b` between the fifth and the sixth of `a`.
#[test]
fn bug_of_depth_two_is_found_as_often_as_the_paper_promises() {
    const TASKS: [(char, usize); 2] = [('a', 10), ('b', 1)];
    const SEEDS: u64 = 10_000;
    let found = found(StrategyName::pct(2), SEEDS, |config| {
        order_of(config, TASKS).iter().collect::<String>() == "aaaaabaaaaa"
    });
    let promised = promised(SEEDS, 2, TASKS);
    println!("depth 2: {found} of {SEEDS}, promised {promised:.0}");
    assert!(
        found as f64 >= promised,
        "{found} of {SEEDS}, promised {promised}"
    );
}

/// The first step of `b` between the third and the fourth of `a`, and its second after the
/// sixth.
#[test]
fn bug_of_depth_three_is_found_as_often_as_the_paper_promises() {
    const TASKS: [(char, usize); 2] = [('a', 8), ('b', 2)];
    const SEEDS: u64 = 30_000;
    let found = found(StrategyName::pct(3), SEEDS, |config| {
        let order: String = order_of(config, TASKS).iter().collect();
        order
            .strip_prefix("aaabaaa")
            .is_some_and(|rest| rest.len() == 3)
    });
    let promised = promised(SEEDS, 3, TASKS);
    println!("depth 3: {found} of {SEEDS}, promised {promised:.0}");
    assert!(
        found as f64 >= promised,
        "{found} of {SEEDS}, promised {promised}"
    );
}

/// One task is interrupted by a second, which is interrupted by a third: who fell behind last
/// goes on first, so the change points must not be in the order of their priorities. The three
/// tasks need one order of 3!, and the two change points one place of `k` each.
#[test]
fn task_that_fell_behind_last_may_go_on_first() {
    const TASKS: [(char, usize); 3] = [('a', 4), ('b', 4), ('c', 1)];
    const SEEDS: u64 = 40_000;
    let found = found(StrategyName::pct(3), SEEDS, |config| {
        let order: String = order_of(config, TASKS).iter().collect();
        order == "aabbcbbaa" || order == "bbaacaabb"
    });
    // The bound has 1/n, for four tasks with the program, where this has 2/3!.
    let expected = promised(SEEDS, 3, TASKS) * 4.0 / 3.0;
    println!("nested: {found} of {SEEDS}, expected {expected:.0}");
    assert!(
        (0.7..1.4).contains(&(found as f64 / expected)),
        "{found}, expected {expected}"
    );
}

/// A task that waits for three others of 1,500 steps each is starved by them, in one seed of a
/// few: none of the three is taken for one that polls.
#[test]
fn long_tasks_starve_another() {
    const TASKS: [(char, usize); 4] = [('s', 1), ('a', 1_500), ('b', 1_500), ('c', 1_500)];
    for depth in [1, 2, 3] {
        let found = found(StrategyName::pct(depth), 100, |config| {
            order_of(config, TASKS).last() == Some(&'s')
        });
        println!("depth {depth}: {found} of 100 starved");
        assert!(found >= 3, "depth {depth}: {found} of 100");
    }
}
