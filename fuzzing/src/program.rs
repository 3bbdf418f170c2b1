//! Random programs of tasks, locks, channels, timers and cancellations, and their outcomes.

use crate::bytes::Bytes;

/// The most tasks of a program.
pub const TASKS_MAX: u8 = 3;

/// The most steps of a task.
pub const STEPS_MAX: u8 = 4;

/// The mutexes, read-write locks and semaphores that the tasks share, of each kind.
pub const SHARED: usize = 2;

/// The permits of each semaphore.
pub const PERMITS: u32 = 2;

/// The values that each channel holds.
pub const CAPACITY: usize = 1;

/// One step of a task.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// Lets other tasks go first.
    Yield,
    /// Sleeps so many milliseconds.
    Sleep(u8),
    /// Locks a mutex, and yields while it is held.
    Lock(usize),
    /// As `Lock`; gives up after so many milliseconds.
    LockWithin(usize, u8),
    /// Locks to read, and yields while the lock is held.
    Read(usize),
    /// Locks to write, and yields while the lock is held.
    Write(usize),
    /// Takes so many permits, and yields while it has them.
    Acquire(usize, u32),
    /// Sends a value of its own to a task's channel.
    Send(usize),
    /// The same without waiting.
    TrySend(usize),
    /// Receives from the task's own channel.
    Receive,
    /// The same without waiting.
    TryReceive,
    /// As `Receive`; gives up after so many milliseconds.
    ReceiveWithin(u8),
    /// Wakes one task that waits for a notification.
    Notify,
    /// Waits for a notification, at most so many milliseconds.
    NotifiedWithin(u8),
    /// Aborts a task.
    Abort(usize),
}

/// Tasks that run at the same time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Program {
    /// The steps of each.
    pub tasks: Vec<Vec<Step>>,
}

impl Program {
    /// Returns the program that the bytes decide.
    pub fn of(bytes: &mut Bytes<'_>) -> Self {
        let count = 2 + bytes.below(TASKS_MAX - 1);
        let tasks = (0..count).map(|_| {
            let steps = 1 + bytes.below(STEPS_MAX);
            (0..steps).map(|_| step(bytes, count)).collect()
        });
        Self {
            tasks: tasks.collect(),
        }
    }
}

fn step(bytes: &mut Bytes<'_>, tasks: u8) -> Step {
    let shared = u8::try_from(SHARED).expect("a few");
    let kind = bytes.below(15);
    let which = usize::from(bytes.below(shared));
    let task = usize::from(bytes.below(tasks));
    let time = bytes.below(4);
    match kind {
        0 => Step::Yield,
        1 => Step::Sleep(time),
        2 => Step::Lock(which),
        3 => Step::LockWithin(which, time),
        4 => Step::Read(which),
        5 => Step::Write(which),
        6 => Step::Acquire(which, 1 + u32::from(time) % PERMITS),
        7 => Step::Send(task),
        8 => Step::TrySend(task),
        9 => Step::Receive,
        10 => Step::TryReceive,
        11 => Step::ReceiveWithin(time),
        12 => Step::Notify,
        13 => Step::NotifiedWithin(time),
        _ => Step::Abort(task),
    }
}

/// The value that a step sends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Sent {
    /// The task.
    pub task: usize,
    /// Its step.
    pub step: usize,
}

/// How a step ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum End {
    /// It did what it says.
    Done,
    /// A value was received.
    Received(Sent),
    /// The other end of the channel is gone.
    Closed,
    /// The channel has no room.
    Full,
    /// The channel has no value.
    Empty,
    /// The time was over first.
    Elapsed,
}

/// The end of a step.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Event {
    /// Milliseconds of virtual time at which the step began.
    pub began: u64,
    /// Milliseconds of virtual time at which it ended.
    pub ended: u64,
    /// How it ended.
    pub end: End,
}

/// How a task ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Joined {
    /// It came to its end.
    Finished,
    /// It was aborted.
    Aborted,
}

/// What a program did, as far as it can tell.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Outcome {
    /// The ends of the steps of each task; of one that is aborted, of the steps before that.
    pub events: Vec<Vec<Event>>,
    /// How the tasks ended, in order, up to the first that did not.
    pub joined: Vec<Joined>,
    /// Invariants of the primitives that were seen broken, such as two holders of a lock.
    pub broken: Vec<&'static str>,
}
