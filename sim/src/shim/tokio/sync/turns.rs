//! The turns of the tasks at one lock: one at a time, first come first served.
//!
//! A lock that is made in a run keeps the tasks that wait in a queue of its own, which takes no
//! atomic exchange. Every other is tokio's.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use ::tokio::sync as real;
use ::tokio::task::coop;
use rehearsal_hermetic::{ConfinedLock, Confinement};

use super::shared::Shared;
use crate::engine::interest::Interest;

/// The order of turns.
pub(super) enum Turns {
    InRun(Queue),
    /// In an `Arc`, because owned turns need it.
    Outside(Shared<real::Mutex<()>>),
}

/// A turn, which lasts until this is dropped.
#[expect(dead_code, reason = "turns are kept for their drop")]
pub(super) enum Turn<'a> {
    InRun(TurnInRun<'a>),
    Outside(real::MutexGuard<'a, ()>),
}

impl Turns {
    /// Creates an order in which no task has a turn. It is the run's, if the thread is in one that
    /// no other thread has a part in.
    pub(super) fn new() -> Self {
        match Confinement::here().is_here() {
            true => Self::InRun(Queue(ConfinedLock::new(State::default()))),
            false => Self::const_new(),
        }
    }

    /// Creates an order outside runs.
    pub(super) const fn const_new() -> Self {
        Self::Outside(Shared::new(real::Mutex::const_new(())))
    }

    /// Returns `true` if it is the run's.
    pub(super) fn are_in_run(&self) -> bool {
        matches!(self, Self::InRun(_))
    }

    /// Takes the turn, if it is free.
    #[inline]
    pub(super) fn try_take(&self) -> Option<Turn<'_>> {
        match self {
            Self::InRun(queue) => queue.try_take().map(Turn::InRun),
            Self::Outside(lock) => lock.try_lock().ok().map(Turn::Outside),
        }
    }

    /// Blocks the thread until it has the turn.
    ///
    /// # Panics
    ///
    /// In a task, as tokio does.
    #[track_caller]
    pub(super) fn take_blocking(&self) -> Turn<'_> {
        match self {
            Self::InRun(queue) => Turn::InRun(queue.take_blocking()),
            Self::Outside(lock) => Turn::Outside(lock.blocking_lock()),
        }
    }

    /// Returns the error of an attempt to take a turn that is not free.
    pub(super) fn taken() -> real::TryLockError {
        let lock = real::Mutex::const_new(());
        let _held = lock.try_lock();
        match lock.try_lock() {
            Ok(_) => unreachable!("a lock that is held is not free"),
            Err(taken) => taken,
        }
    }
}

/// The queue of a lock that was made in a run.
pub(super) struct Queue(ConfinedLock<State>);

/// A turn in such a queue.
pub(super) struct TurnInRun<'a>(&'a Queue);

#[derive(Default)]
struct State {
    is_taken: bool,
    /// The number of the wait that has got the turn and was not polled since.
    granted: Option<u64>,
    /// The other waits, in order.
    waiting: VecDeque<Waiting>,
    /// The number of waits so far.
    numbers: u64,
}

struct Waiting {
    number: u64,
    interest: Interest,
}

impl Queue {
    #[inline]
    pub(super) fn try_take(&self) -> Option<TurnInRun<'_>> {
        let mut state = self.0.try_lock()?;
        match std::mem::replace(&mut state.is_taken, true) {
            true => None,
            false => Some(TurnInRun(self)),
        }
    }

    /// Waits for the turn.
    pub(super) fn take(&self) -> Take<'_> {
        Take {
            queue: self,
            number: None,
            is_of_task: false,
        }
    }

    /// Blocks the thread until it has the turn.
    ///
    /// # Panics
    ///
    /// In a task, as tokio does.
    #[track_caller]
    pub(super) fn take_blocking(&self) -> TurnInRun<'_> {
        let runtime = ::tokio::runtime::Builder::new_current_thread().build();
        let runtime = runtime.unwrap_or_else(|error| panic!("no runtime to wait in: {error}"));
        runtime.block_on(self.take())
    }

    /// Ends a turn, and gives it to the next.
    #[inline]
    pub(super) fn pass_on(&self) {
        // A turn that another thread drops before the run is over does not end.
        let Some(mut state) = self.0.try_lock() else {
            return;
        };
        let next = state.waiting.pop_front();
        state.is_taken = next.is_some();
        state.granted = next.as_ref().map(|next| next.number);
        drop(state);
        if let Some(next) = next {
            next.interest.wake();
        }
    }
}

impl TurnInRun<'_> {
    /// Has the caller end the turn.
    pub(super) fn take_over(self) {
        std::mem::forget(self);
    }
}

impl Drop for TurnInRun<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.pass_on();
    }
}

/// The wait for a turn.
pub(super) struct Take<'a> {
    queue: &'a Queue,
    /// Its number, while it waits.
    number: Option<u64>,
    /// `true` if a task of the run itself waits, and not a part of one or a task of tokio's.
    is_of_task: bool,
}

impl<'a> Future for Take<'a> {
    type Output = TurnInRun<'a>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<TurnInRun<'a>> {
        let this = self.get_mut();
        if this.is_of_task
            && let Some(turn) = this.take_granted()
        {
            return Poll::Ready(turn);
        }
        let interest = Interest::of(cx);
        this.is_of_task = matches!(interest, Interest::Task(..));
        if this.is_of_task {
            return this.poll_turn(interest);
        }
        // A task of tokio's that never waits yields from time to time, as with tokio's locks.
        let turn = poll_fn(|cx| this.poll_turn(Interest::of(cx)));
        pin!(coop::cooperative(turn)).poll(cx)
    }
}

impl<'a> Take<'a> {
    /// Takes the turn, if it was given to this wait.
    #[inline]
    fn take_granted(&mut self) -> Option<TurnInRun<'a>> {
        self.number?;
        let mut state = self.queue.0.lock();
        if state.granted != self.number {
            return None;
        }
        state.granted = None;
        self.number = None;
        Some(TurnInRun(self.queue))
    }

    #[inline]
    fn poll_turn(&mut self, interest: Interest) -> Poll<TurnInRun<'a>> {
        if let Some(turn) = self.take_granted() {
            return Poll::Ready(turn);
        }
        let mut state = self.queue.0.lock();
        let Some(number) = self.number else {
            if !std::mem::replace(&mut state.is_taken, true) {
                return Poll::Ready(TurnInRun(self.queue));
            }
            let number = state.numbers;
            state.numbers += 1;
            state.waiting.push_back(Waiting { number, interest });
            self.number = Some(number);
            return Poll::Pending;
        };
        let mut waiting = state.waiting.iter_mut();
        let waiting = waiting.find(|waiting| waiting.number == number);
        let waiting = waiting.expect("a wait that has not got the turn is in the queue");
        let old = std::mem::replace(&mut waiting.interest, interest);
        // The drop of a waker may be code of a user.
        drop(state);
        drop(old);
        Poll::Pending
    }
}

impl Drop for Take<'_> {
    fn drop(&mut self) {
        let Some(number) = self.number else {
            return;
        };
        let Some(mut state) = self.queue.0.try_lock() else {
            return;
        };
        if state.granted == Some(number) {
            drop(state);
            self.queue.pass_on();
            return;
        }
        let place = state
            .waiting
            .iter()
            .position(|waiting| waiting.number == number);
        let removed = place.and_then(|place| state.waiting.remove(place));
        drop(state);
        drop(removed);
    }
}
