//! `pos` samples orders as the paper's algorithm does. The reference is that algorithm on an
//! abstract program, with generators of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use rehearsal_sim::StrategyName;
use rehearsal_sim::tokio::sync::{RwLock, oneshot};

use super::*;

/// One operation of a task.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Operation {
    Read(usize),
    Write(usize),
    /// Waits for the one `Send` of the program.
    Receive,
    /// Part of the task's next step: a oneshot's `send` is no scheduling point.
    Send,
}

use Operation::{Read, Receive, Send, Write};

/// The operations of each task, and locks 0 and 1.
type Program = &'static [&'static [Operation]];

/// Returns the order of the reads and writes, as numbers of tasks.
fn simulated(config: Config, program: Program) -> Vec<char> {
    let outcome = run(config, |world| async move {
        let log = Log::default();
        let locks = Arc::new([RwLock::new(()), RwLock::new(())]);
        let (sender, receiver) = oneshot::channel();
        let (mut sender, mut receiver) = (Some(sender), Some(receiver));
        for (operations, name) in program.iter().zip('0'..) {
            let uses = |operation| operations.contains(&operation);
            let mut sender = sender.take_if(|_| uses(Send));
            let mut receiver = receiver.take_if(|_| uses(Receive));
            let (log, locks) = (Rc::clone(&log), Arc::clone(&locks));
            world.spawn_on(world.current_host(), async move {
                for operation in *operations {
                    match operation {
                        Read(lock) => drop(locks[*lock].read().await),
                        Write(lock) => drop(locks[*lock].write().await),
                        Receive => {
                            let receiver = receiver.take().expect("one receive");
                            receiver.await.expect("it is sent");
                            continue;
                        }
                        Send => {
                            let sender = sender.take().expect("one send");
                            sender.send(()).expect("it is received");
                            continue;
                        }
                    }
                    log.borrow_mut().push(name);
                }
            });
        }
        world.settled().await;
        log.take()
    });
    outcome.value.expect("it ran to its end")
}

/// A generator of the reference's own: SplitMix64, by S. Vigna.
struct Generator(u64);

impl Generator {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// A task of the reference.
struct Task {
    /// None before its first step, which only leads to its first operation.
    next: Option<usize>,
    waits: bool,
    priority: u64,
}

fn race(one: Option<Operation>, other: Option<Operation>) -> bool {
    match (one, other) {
        (Some(Write(a)), Some(Write(b) | Read(b))) | (Some(Read(a)), Some(Write(b))) => a == b,
        _ => false,
    }
}

/// Samples an order by the algorithm of the paper.
fn reference(seed: u64, program: Program) -> Vec<char> {
    let mut generator = Generator(seed);
    let mut sent = false;
    let mut order = Vec::new();
    let mut tasks: Vec<Task> = program
        .iter()
        .map(|_| Task {
            next: None,
            waits: false,
            priority: generator.next(),
        })
        .collect();
    let pending = |task: &Task, operations: &[Operation]| Some(operations[task.next?]);
    let is_over = |task: &Task, operations: &[Operation]| task.next == Some(operations.len());
    loop {
        let enabled = (0..tasks.len()).filter(|number| {
            let task = &tasks[*number];
            !is_over(task, program[*number]) && (!task.waits || sent)
        });
        let Some(number) = enabled.max_by_key(|number| tasks[*number].priority) else {
            return order;
        };
        let operations = program[number];
        let now = pending(&tasks[number], operations);
        if now == Some(Receive) && !sent {
            tasks[number].waits = true;
        } else {
            let mut next = tasks[number].next.map_or(0, |next| next + 1);
            if operations.get(next) == Some(&Send) {
                sent = true;
                next += 1;
            }
            tasks[number].next = Some(next);
            tasks[number].waits = false;
        }
        if matches!(now, Some(Read(_) | Write(_))) {
            order.push(char::from(b'0' + number as u8));
        }
        tasks[number].priority = generator.next();
        for other in 0..tasks.len() {
            let there = &tasks[other];
            if other != number
                && !is_over(there, program[other])
                && race(now, pending(there, program[other]))
            {
                tasks[other].priority = generator.next();
            }
        }
    }
}

const SEEDS: u64 = 20_000;

/// Compares two samples of the same size. Returns the statistic and its degrees of freedom.
fn compare(one: &BTreeMap<String, u64>, other: &BTreeMap<String, u64>) -> (f64, usize) {
    let orders: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let term = |order: &&String| {
        let [a, b] = [one, other].map(|counts| counts.get(*order).copied().unwrap_or(0) as f64);
        (a - b).powi(2) / (a + b)
    };
    (orders.iter().map(term).sum(), orders.len() - 1)
}

fn counts(orders: impl Iterator<Item = Vec<char>>) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for order in orders {
        *counts.entry(order.into_iter().collect()).or_default() += 1;
    }
    counts
}

/// A bound that a sample of the same distribution passes in 999 of 1,000 cases: the mean and
/// some four standard deviations.
fn assert_same_distribution(program: Program) {
    let ours = counts(results(StrategyName::POS, SEEDS, |config| {
        simulated(config, program)
    }));
    let theirs = counts((0..SEEDS).map(|seed| reference(seed, program)));
    let (statistic, freedom) = compare(&ours, &theirs);
    println!("{program:?}: {statistic:.1} for {freedom} degrees of freedom");
    let bound = freedom as f64 + 4.0 * (2.0 * freedom as f64).sqrt();
    assert!(
        statistic < bound,
        "{statistic} of {freedom}: {ours:?} and {theirs:?}"
    );
}

#[test]
fn writers_are_sampled_as_by_the_reference() {
    assert_same_distribution(&[&[Write(0), Write(1)], &[Write(0), Write(1)]]);
    assert_same_distribution(&[&[Write(0), Write(0)], &[Write(0)], &[Write(1)]]);
}

#[test]
fn readers_do_not_race() {
    assert_same_distribution(&[&[Read(0), Write(1)], &[Read(0), Write(1)], &[Read(0)]]);
    assert_same_distribution(&[&[Read(0), Read(0)], &[Write(0)], &[Read(0)]]);
}

/// The second task waits while the first goes on alone: the priority that the first had when
/// it last lost is not the one that it has when the second wakes.
#[test]
fn task_that_went_on_alone_has_a_new_priority() {
    assert_same_distribution(&[
        &[Write(0), Write(1), Write(1), Send, Write(0), Write(0)],
        &[Write(0), Receive, Write(0)],
    ]);
}
