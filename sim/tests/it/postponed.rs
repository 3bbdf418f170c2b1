//! Postponed tasks: passed over until no other task can go on, in a search and in a replay.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use rehearsal_sim::tokio::sync::{Mutex, mpsc};
use rehearsal_sim::tokio::task::yield_now;
use rehearsal_sim::tokio::time::sleep;
use rehearsal_sim::{
    Alternative, Choice, Choices, Config, Deviate, Deviation, DeviationKind, Fifo, Outcome, Pick,
    PickDeviation, Recording, Schedule, Site, SpawnPath, Verdict, World, run,
};

/// Runs with the default schedule but for these deviations, in full. Also returns the picks.
fn deviate<T, F>(
    deviations: &[(u32, Alternative)],
    program: impl FnOnce(World) -> F + 'static,
) -> (Outcome<T>, Vec<Pick>)
where
    T: 'static,
    F: Future<Output = T> + 'static,
{
    let deviations = deviations.iter().map(|(pick, instead)| PickDeviation {
        pick: *pick,
        instead: *instead,
    });
    let (deviate, picks) = Deviate::new(&deviations.collect::<Vec<_>>());
    let outcome = run(
        Config {
            strategy: Box::new(deviate),
            recording: Recording::Full,
            ..Config::default()
        },
        program,
    );
    let picks = picks.borrow().clone();
    (outcome, picks)
}

fn replay<T, F>(schedule: Schedule, program: impl FnOnce(World) -> F + 'static) -> Outcome<T>
where
    T: 'static,
    F: Future<Output = T> + 'static,
{
    run(
        Config {
            strategy: Box::new(Fifo),
            choices: Choices::Replay(schedule),
            recording: Recording::Full,
            ..Config::default()
        },
        program,
    )
}

/// Three tasks that write their letters four times, and yield in between.
async fn letters(world: World) -> String {
    let written = Rc::new(RefCell::new(String::new()));
    let tasks = ['a', 'b', 'c'].map(|letter| {
        let written = Rc::clone(&written);
        world.spawn_on(world.current_host(), async move {
            for _ in 0..4 {
                written.borrow_mut().push(letter);
                yield_now().await;
            }
        })
    });
    for task in tasks {
        task.await.expect("no task fails");
    }
    written.take()
}

fn is_of(pick: &Pick, task: usize) -> bool {
    pick.default
        .is_some_and(|default| default.index() as usize == task)
}

/// Returns the number of the first pick after `from` whose default is the task that had so
/// many turns.
fn pick_of(picks: &[Pick], task: usize, turn: u32) -> u32 {
    let is_it = |pick: &Pick| is_of(pick, task) && pick.turn == turn;
    let found = picks.iter().position(is_it).expect("such a pick");
    u32::try_from(found).expect("few picks")
}

#[test]
fn postponed_task_waits_for_all_others() {
    let (by_default, picks) = deviate(&[], letters);
    assert_eq!(by_default.value.as_deref(), Some("abcabcabcabc"));
    let first = (pick_of(&picks, 1, 1), Alternative::Postpone);
    let (one, _) = deviate(&[first], letters);
    assert_eq!(one.value.as_deref(), Some("abcbcbcbcaaa"));
    assert_eq!(one.tape.schedule().len(), 1, "{:?}", one.tape.schedule());
    let postponement = &one.postponements[0];
    assert_eq!((postponement.task.index(), postponement.turn), (1, 1));
    assert!(postponement.until.is_some());
}

/// The one that was postponed first goes on while the other is postponed still.
#[test]
fn two_postponed_tasks_go_on_one_after_the_other() {
    let (_, picks) = deviate(&[], letters);
    let first = (pick_of(&picks, 1, 1), Alternative::Postpone);
    let (_, picks) = deviate(&[first], letters);
    let second = (pick_of(&picks, 2, 1), Alternative::Postpone);
    let (two, _) = deviate(&[first, second], letters);
    assert_eq!(two.value.as_deref(), Some("abccccaaabbb"));
    assert_eq!(two.tape.schedule().len(), 2);
}

/// A second deviation lets it go on before the others are done.
#[test]
fn postponed_task_is_the_last_candidate() {
    let (_, picks) = deviate(&[], letters);
    let first = (pick_of(&picks, 1, 1), Alternative::Postpone);
    let (_, picks) = deviate(&[first], letters);
    let then = pick_of(&picks, 2, 2);
    let last = picks[then as usize].candidates - 1;
    let (two, _) = deviate(&[first, (then, Alternative::Take(last))], letters);
    assert_eq!(two.value.as_deref(), Some("abcbcabcabca"));
}

#[test]
fn postponements_replay_byte_for_byte() {
    let (_, picks) = deviate(&[], letters);
    let mut postponed = 0;
    for (number, pick) in picks.iter().enumerate() {
        let number = u32::try_from(number).expect("few picks");
        let (found, _) = deviate(&[(number, Alternative::Postpone)], letters);
        let schedule = found.tape.schedule();
        assert_eq!(schedule.count(DeviationKind::Postponement), 1, "{pick:?}");
        let again = replay(schedule.clone(), letters);
        assert_eq!(again.divergence, None);
        assert_eq!(again.fingerprint, found.fingerprint);
        assert_eq!(again.tape.schedule(), found.tape.schedule());
        assert_eq!(again.postponements, found.postponements);
        postponed += 1;
    }
    assert!(postponed > 10);
}

/// The task stands at a scheduling point: it is preempted, and stays so.
#[test]
fn running_task_is_postponed_at_a_scheduling_point() {
    let program = |world: World| async move {
        let log = Rc::new(Mutex::new(String::new()));
        let tasks = ['a', 'b', 'c'].map(|letter| {
            let log = Rc::clone(&log);
            world.spawn_on(world.current_host(), async move {
                for _ in 0..2 {
                    log.lock().await.push(letter);
                    yield_now().await;
                }
            })
        });
        for task in tasks {
            task.await.expect("no task fails");
        }
        log.lock().await.clone()
    };
    let (by_default, picks) = deviate(&[], program);
    assert_eq!(by_default.value.as_deref(), Some("abcabc"));
    let first = picks
        .iter()
        .position(|pick| pick.is_running && is_of(pick, 1));
    let first = u32::try_from(first.expect("it stands at a point")).expect("few");
    let (found, _) = deviate(&[(first, Alternative::Postpone)], program);
    assert_eq!(found.value.as_deref(), Some("bcbcaa"));
    assert_eq!(found.statistics.preemptions, 1);
    let again = replay(found.tape.schedule(), program);
    assert_eq!(again.fingerprint, found.fingerprint);
}

/// Others wait for it in a loop, so that they can always go on.
#[test]
fn task_that_others_spin_for_is_not_postponed_for_ever() {
    let program = |world: World| async move {
        let done = Rc::new(RefCell::new(false));
        let (set, read) = (Rc::clone(&done), done);
        let here = world.current_host();
        let sets = world.spawn_on(here, async move { *set.borrow_mut() = true });
        let spins = world.spawn_on(here, async move {
            while !*read.borrow() {
                yield_now().await;
            }
        });
        sets.await.expect("it does not fail");
        spins.await.expect("it does not fail");
    };
    let (_, picks) = deviate(&[], program);
    let first = (pick_of(&picks, 1, 0), Alternative::Postpone);
    let (found, _) = deviate(&[first], program);
    assert_eq!(found.verdict, Verdict::Pass);
    assert!(found.statistics.steps >= rehearsal_sim::POSTPONED_STEPS);
    assert_eq!(
        replay(found.tape.schedule(), program).fingerprint,
        found.fingerprint
    );
}

/// A postponed task keeps time from moving, as every ready task does; and it is gone with its
/// host.
#[test]
fn postponed_task_neither_waits_for_time_nor_outlives_its_host() {
    let timed = |world: World| async move {
        let here = world.current_host();
        let asks = world.spawn_on(here, async move { world.now().as_millis() });
        let sleeps = world.spawn_on(here, sleep(Duration::from_secs(1)));
        sleeps.await.expect("it does not fail");
        asks.await.expect("it does not fail")
    };
    let (_, picks) = deviate(&[], timed);
    let first = (pick_of(&picks, 1, 0), Alternative::Postpone);
    assert_eq!(deviate(&[first], timed).0.value, Some(0));

    let crashed = |world: World| async move {
        let host = world.host("victim");
        let reached = Rc::new(RefCell::new(0));
        for _ in 0..2 {
            let reached = Rc::clone(&reached);
            world.spawn_on(host, async move {
                yield_now().await;
                *reached.borrow_mut() += 1;
            });
        }
        yield_now().await;
        world.crash(host);
        let at_crash = *reached.borrow();
        yield_now().await;
        (at_crash, *reached.borrow())
    };
    let (_, picks) = deviate(&[], crashed);
    let mut is_postponed_at_crash = false;
    for number in 0..u32::try_from(picks.len()).expect("few") {
        let (found, _) = deviate(&[(number, Alternative::Postpone)], crashed);
        assert_eq!(found.verdict, Verdict::Pass, "pick {number}");
        let (at_crash, at_end) = found.value.expect("the program returns");
        assert_eq!(at_crash, at_end, "pick {number}");
        let mut postponements = found.postponements.iter();
        is_postponed_at_crash |= postponements.any(|one| one.until.is_none()) && at_crash < 2;
    }
    assert!(is_postponed_at_crash);
}

/// Each choice of a task is a pick, also where a task that was woken in its own poll can go on.
#[test]
fn every_choice_of_a_task_is_a_pick_of_the_search() {
    let program = |world: World| async move {
        let lock = Rc::new(Mutex::new(0));
        let other = Rc::clone(&lock);
        let other = world.spawn_on(world.current_host(), async move {
            for _ in 0..3 {
                *other.lock().await += 1;
            }
        });
        let (sender, mut receiver) = mpsc::channel(1);
        let (sent, received, ()) =
            rehearsal_sim::tokio::join!(async { receiver.recv().await }, sender.send(1), async {
                *lock.lock().await += 1
            });
        assert!(sent.is_some() && received.is_ok());
        other.await.expect("no panic");
    };
    let (by_default, picks) = deviate(&[], program);
    let is_of_task = |choice: &&Choice| {
        let site = by_default.tape.site(choice.site);
        matches!(site, Some(Site::Preempt(_) | Site::After(_)))
    };
    let choices = by_default.tape.choices().iter().filter(is_of_task).count();
    assert!(picks.len() >= 4, "{picks:?}");
    assert_eq!(picks.len(), choices);
}

/// A schedule that postpones every task cannot be followed to the letter.
#[test]
fn postponement_of_the_last_task_left_is_a_divergence() {
    let all = ["0.0", "0.1", "0.2"].map(|path| {
        let path: SpawnPath = path.parse().expect("a path");
        Deviation::postponement(path, 1)
    });
    let outcome = replay(Schedule::new(all.to_vec()), letters);
    assert_eq!(
        outcome.postponements.len(),
        2,
        "{:?}",
        outcome.postponements
    );
    assert!(outcome.divergence.is_some());
}

#[test]
fn postponement_that_is_not_met_is_a_divergence() {
    let path: SpawnPath = "0.1".parse().expect("a path");
    let schedule = Schedule::new(vec![Deviation::postponement(path.clone(), 99)]);
    let outcome = replay(schedule, letters);
    assert_eq!(outcome.value.as_deref(), Some("abcabcabcabc"));
    let divergence = outcome.divergence.expect("it has no such turn");
    assert_eq!(
        (divergence.site, divergence.nth),
        (Site::Postpone(path), 99)
    );
}
