//! Runs programs. This file is compiled twice: `rt` is tokio, or the facade.

use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex as Shared, PoisonError};
use std::time::Duration;

use super::rt::sync::mpsc::error::{TryRecvError, TrySendError};
use super::rt::sync::{Mutex, Notify, RwLock, Semaphore, mpsc};
use super::rt::task::{AbortHandle, yield_now};
use super::rt::time::{Instant, sleep, timeout};
use crate::program::{CAPACITY, End, Event, Joined, Outcome, PERMITS, Program, SHARED, Sent, Step};

/// What the tasks share.
struct World {
    began: Instant,
    locks: [Mutex<()>; SHARED],
    read_write: [RwLock<()>; SHARED],
    semaphores: [Semaphore; SHARED],
    notify: Notify,
    /// The holders of each primitive, as counted by them.
    locked: [AtomicU32; SHARED],
    reading: [AtomicU32; SHARED],
    writing: [AtomicU32; SHARED],
    permits: [AtomicU32; SHARED],
    aborts: Shared<Vec<AbortHandle>>,
    outcome: Arc<Shared<Outcome>>,
}

/// Counts a holder until it is dropped, also by an abort.
struct Held<'a>(&'a AtomicU32, u32);

impl<'a> Held<'a> {
    fn count(counter: &'a AtomicU32, by: u32) -> (Self, u32) {
        let before = counter.fetch_add(by, Ordering::Relaxed);
        (Self(counter, by), before)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(self.1, Ordering::Relaxed);
    }
}

/// One task: its number, its channels, and its steps so far.
struct Task {
    number: usize,
    world: Arc<World>,
    senders: Vec<Option<mpsc::Sender<Sent>>>,
    receiver: mpsc::Receiver<Sent>,
}

/// Runs a program to its end, and records into `outcome` what it does.
pub(in crate::differential) async fn run(program: Program, outcome: Arc<Shared<Outcome>>) {
    let count = program.tasks.len();
    locked(&outcome).events = vec![Vec::new(); count];
    let world = Arc::new(World {
        began: Instant::now(),
        locks: Default::default(),
        read_write: Default::default(),
        semaphores: std::array::from_fn(|_| Semaphore::new(PERMITS as usize)),
        notify: Notify::new(),
        locked: Default::default(),
        reading: Default::default(),
        writing: Default::default(),
        permits: Default::default(),
        aborts: Shared::default(),
        outcome: Arc::clone(&outcome),
    });
    let (senders, receivers): (Vec<_>, Vec<_>) =
        (0..count).map(|_| mpsc::channel(CAPACITY)).unzip();
    let mut handles = Vec::new();
    for (number, (receiver, steps)) in receivers.into_iter().zip(program.tasks).enumerate() {
        // Without its own sender: its channel closes when the others have ended.
        let others = senders.iter().enumerate();
        let others = others.map(|(to, sender)| (to != number).then(|| sender.clone()));
        let task = Task {
            number,
            world: Arc::clone(&world),
            senders: others.collect(),
            receiver,
        };
        let handle = super::rt::spawn(run_steps(task, steps));
        locked(&world.aborts).push(handle.abort_handle());
        handles.push(handle);
    }
    drop(senders);
    for handle in handles {
        let joined = match handle.await {
            Ok(()) => Joined::Finished,
            Err(error) => {
                assert!(error.is_cancelled(), "a task of a program does not panic");
                Joined::Aborted
            }
        };
        locked(&outcome).joined.push(joined);
    }
}

async fn run_steps(mut task: Task, steps: Vec<Step>) {
    for (index, step) in steps.into_iter().enumerate() {
        let began = task.world.elapsed();
        let end = task.run(index, step).await;
        let ended = task.world.elapsed();
        let event = Event { began, ended, end };
        locked(&task.world.outcome).events[task.number].push(event);
    }
}

impl World {
    fn elapsed(&self) -> u64 {
        let elapsed = self.began.elapsed().as_millis();
        u64::try_from(elapsed).expect("a run is short")
    }

    fn expect(&self, holds: bool, invariant: &'static str) {
        if !holds {
            locked(&self.outcome).broken.push(invariant);
        }
    }

    async fn hold_lock(&self, which: usize) {
        let _guard = self.locks[which].lock().await;
        let (_held, before) = Held::count(&self.locked[which], 1);
        self.expect(before == 0, "a mutex has one holder");
        yield_now().await;
    }
}

impl Task {
    async fn run(&mut self, step: usize, what: Step) -> End {
        let world = Arc::clone(&self.world);
        let value = Sent {
            task: self.number,
            step,
        };
        match what {
            Step::Yield => yield_now().await,
            Step::Sleep(ms) => sleep(millis(ms)).await,
            Step::Lock(which) => world.hold_lock(which).await,
            Step::LockWithin(which, ms) => return within(ms, world.hold_lock(which)).await,
            Step::Read(which) => {
                let _guard = world.read_write[which].read().await;
                let (_held, _) = Held::count(&world.reading[which], 1);
                let writers = world.writing[which].load(Ordering::Relaxed);
                world.expect(writers == 0, "no task writes while another reads");
                yield_now().await;
            }
            Step::Write(which) => {
                let _guard = world.read_write[which].write().await;
                let (_held, before) = Held::count(&world.writing[which], 1);
                let readers = world.reading[which].load(Ordering::Relaxed);
                world.expect(before == 0 && readers == 0, "a writer is alone");
                yield_now().await;
            }
            Step::Acquire(which, permits) => {
                let permit = world.semaphores[which].acquire_many(permits).await;
                let _permit = permit.expect("no program closes a semaphore");
                let (_held, before) = Held::count(&world.permits[which], permits);
                world.expect(
                    before + permits <= PERMITS,
                    "no more permits than there are",
                );
                yield_now().await;
            }
            Step::Send(to) => {
                let Some(sender) = &self.senders[to] else {
                    return End::Done;
                };
                if sender.send(value).await.is_err() {
                    return End::Closed;
                }
            }
            Step::TrySend(to) => {
                let Some(sender) = &self.senders[to] else {
                    return End::Done;
                };
                match sender.try_send(value) {
                    Ok(()) => {}
                    Err(TrySendError::Full(_)) => return End::Full,
                    Err(TrySendError::Closed(_)) => return End::Closed,
                }
            }
            Step::Receive => return received(self.receiver.recv().await),
            Step::TryReceive => {
                return match self.receiver.try_recv() {
                    Ok(value) => End::Received(value),
                    Err(TryRecvError::Empty) => End::Empty,
                    Err(TryRecvError::Disconnected) => End::Closed,
                };
            }
            Step::ReceiveWithin(ms) => {
                return match timeout(millis(ms), self.receiver.recv()).await {
                    Ok(value) => received(value),
                    Err(_) => End::Elapsed,
                };
            }
            Step::Notify => world.notify.notify_one(),
            Step::NotifiedWithin(ms) => return within(ms, world.notify.notified()).await,
            Step::Abort(task) => {
                let handle = locked(&world.aborts).get(task).cloned();
                if let Some(handle) = handle {
                    handle.abort();
                }
            }
        }
        End::Done
    }
}

fn received(value: Option<Sent>) -> End {
    value.map_or(End::Closed, End::Received)
}

async fn within(ms: u8, future: impl Future<Output = ()>) -> End {
    match timeout(millis(ms), future).await {
        Ok(()) => End::Done,
        Err(_) => End::Elapsed,
    }
}

fn millis(ms: u8) -> Duration {
    Duration::from_millis(ms.into())
}

fn locked<T>(mutex: &Shared<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
