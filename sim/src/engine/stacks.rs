//! Polls on stacks, in runs in which operations that do not wait are points, and in runs with
//! tasks that wait in functions which return no future.
//!
//! There, a task's future is polled on a stack and not on the thread's own, and a point in the
//! middle of the poll suspends the stack. For the scheduler nothing is new: the poll has returned
//! without a result, the task stands at a scheduling point, and its next turn goes on from there.
//! In a run whose points are awaits, polls are on stacks from the first task on that blocks: also
//! those of other tasks, because one of them may wait for a plain lock that it holds.
//!
//! The stack on which a poll has ended serves the next one, without a switch in between. So there
//! are as many as tasks that are suspended in the middle of a poll, and one.
//!
//! A poll is never broken off. A task that is aborted meanwhile ends where it is dropped in
//! tokio too, at its next await; and at the end of a run the polls that are suspended go on to
//! their end before anything is dropped ([`Engine::end_suspended_polls`]). Only a host that
//! crashes takes its suspended polls with it. They are unwound.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread;

use rehearsal_hermetic::{HandlingPlainLocks, JobResult, OwnStack, StackError};

use crate::engine::{context, panics, wait};
use crate::ids::{ResourceId, TaskId};
use crate::operation::Interleave;
use crate::trace::Verdict;

use super::cancellations::SuspendedPoll;
use super::core::{Body, Core};
use super::driver::Next;
use super::stack_values::{self, Values};
use super::tasks::Turn;
use super::{Engine, Exemption, plain_locks};

type TaskStack = OwnStack<(TaskId, Box<Body>), ()>;

/// Points that a poll may still pass after the end of the run. One that needs more waits for
/// another task in a loop, and is unwound.
const POINTS_AFTER_THE_END: u32 = 10_000;

/// The stacks of a run.
pub(super) struct Stacks {
    interleave: Interleave,
    /// `true` if tasks are polled on stacks.
    are_used: bool,
    size: usize,
    idle: Vec<TaskStack>,
    /// The place at which the running task is about to be suspended.
    place: Place,
    /// Points that may still be passed after the end of the run.
    left: u32,
}

/// The place at which a poll is suspended.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Place {
    /// In Rust code.
    #[default]
    Code,
    /// In a function of the C library, through which nothing can unwind.
    SystemCall,
}

/// A poll that is suspended in its middle.
pub(super) struct Suspended {
    // Present until it is dropped or continued.
    stack: Option<TaskStack>,
    poll: SuspendedPoll,
    place: Place,
}

/// A turn of a task on a stack.
pub(super) enum StackTurn {
    /// Its future is polled.
    Poll(Box<Body>),
    /// The poll that is suspended on the stack goes on.
    Continue(TaskStack),
}

impl Stacks {
    pub(super) fn new(size: usize, interleave: Interleave) -> Self {
        Self {
            interleave,
            are_used: interleave == Interleave::Operations,
            size,
            idle: Vec::new(),
            place: Place::default(),
            left: POINTS_AFTER_THE_END,
        }
    }

    /// Returns the operations that are scheduling points.
    pub(super) fn interleave(&self) -> Interleave {
        self.interleave
    }

    /// Returns `true` if operations that do not wait are scheduling points.
    #[inline]
    pub(super) fn operations_are_points(&self) -> bool {
        self.interleave == Interleave::Operations
    }

    /// Returns `true` if tasks are polled on stacks.
    #[inline]
    pub(super) fn are_used(&self) -> bool {
        self.are_used
    }

    /// Returns a stack on which nothing is suspended.
    ///
    /// # Errors
    ///
    /// If the system gives no memory for it.
    fn take(&mut self) -> Result<TaskStack, StackError> {
        match self.idle.pop() {
            Some(stack) => Ok(stack),
            None => OwnStack::new(self.size, poll_in_turn),
        }
    }

    /// Sets the place at which the running task is about to be suspended.
    pub(super) fn suspends_at(&mut self, place: Place) {
        self.place = place;
    }

    /// Counts a point that a task passes which goes no further than to its next await. Returns
    /// `false` if there were too many.
    pub(super) fn goes_on_to_its_end(&mut self) -> bool {
        self.left = self.left.saturating_sub(1);
        self.left > 0
    }
}

impl Drop for Suspended {
    fn drop(&mut self) {
        let stack = self.stack.take();
        match self.place {
            Place::Code => {
                let _state = SavedState::new();
                drop(stack);
            }
            Place::SystemCall => {
                if let Some(stack) = stack {
                    stack.forget();
                }
            }
        }
    }
}

impl Core {
    /// Prepares the continuation of a poll.
    pub(super) fn continue_suspended(&mut self, mut suspended: Suspended) -> StackTurn {
        let poll = std::mem::take(&mut suspended.poll);
        self.cancellations.continue_poll(poll);
        let stack = suspended.stack.take();
        StackTurn::Continue(stack.expect("a suspended poll has a stack"))
    }
}

/// The state that the thread has for the code on its current stack: set again when this is dropped, also
/// while the stack is unwound.
struct SavedState {
    catches: u32,
    may_block: bool,
    values: Values,
}

impl SavedState {
    fn new() -> Self {
        Self {
            catches: panics::depth(),
            may_block: stack_values::may_block(),
            values: stack_values::current(),
        }
    }

    /// Leaves the state as it is.
    fn forget(mut self) {
        self.catches = panics::depth();
        self.may_block = stack_values::may_block();
        self.values = stack_values::current();
    }
}

impl Drop for SavedState {
    fn drop(&mut self) {
        panics::set_depth(self.catches);
        stack_values::set_may_block(self.may_block);
        stack_values::set_current(std::mem::take(&mut self.values));
    }
}

/// Calls `f`, which goes to the stack of a task and comes back from it. What whole polls leave
/// behind stays, as it does without stacks: a guard may live from one poll to the next.
fn switching(f: impl FnOnce() -> JobResult<()>) -> JobResult<()> {
    let mut saved = SavedState::new();
    stack_values::begin_poll();
    let result = f();
    match result {
        JobResult::Returned(()) => saved.forget(),
        JobResult::Suspended => saved.values = stack_values::before_poll(),
    }
    result
}

/// Returns `true` if the running task may be suspended here: it is on a stack that can be, and
/// not in a destructor that runs because of a panic. Another task would see that panic.
pub(super) fn can_suspend() -> bool {
    rehearsal_hermetic::is_on_own_stack() && !thread::panicking()
}

/// Suspends the running task until its next turn.
pub(crate) fn suspend() {
    let before = stack_values::before_poll();
    let state = SavedState::new();
    rehearsal_hermetic::suspend();
    drop(state);
    stack_values::move_changes(&before);
}

/// Has waits for plain locks suspend tasks that are polled on stacks, until the guard is dropped.
pub(crate) fn handle_plain_locks() -> HandlingPlainLocks {
    rehearsal_hermetic::handle_plain_locks(plain_locks::HANDLERS)
}

/// Returns the waker of the running task, if it can wait here.
pub(crate) fn waker() -> Option<Waker> {
    context::with(Engine::waker_on_stack).flatten()
}

/// Suspends the task until every other ready one has had a turn. Returns `false` if it cannot be
/// suspended here.
pub(crate) fn yield_now() -> bool {
    let Some(waker) = waker() else {
        return false;
    };
    context::with(Engine::yielded);
    context::with(Engine::observe_suspension);
    waker.wake();
    suspend();
    context::with(Engine::yielded);
    true
}

impl Engine {
    /// Takes the turn of a task that is polled on a stack, and of those after it that are polled
    /// there as well.
    pub(super) fn take_turns_on_stack(&self, id: TaskId, turn: StackTurn) {
        let (stack, result) = match turn {
            StackTurn::Continue(mut stack) => {
                let result = switching(|| stack.resume());
                (stack, result)
            }
            StackTurn::Poll(body) => {
                let stack = self.core.borrow_mut().stacks.take();
                match stack {
                    Ok(mut stack) => {
                        let result = switching(|| stack.run((id, body)));
                        (stack, result)
                    }
                    Err(error) => {
                        self.panicked(Some(id), error.to_string(), panics::UNKNOWN.to_owned());
                        return self.end_poll(id, body, Poll::Pending);
                    }
                }
            }
        };
        rehearsal_hermetic::set_wall_shift(0);
        match result {
            JobResult::Returned(()) => self.core.borrow_mut().stacks.idle.push(stack),
            JobResult::Suspended => self.keep_suspended(stack),
        }
    }

    /// Begins the turn of the next task, if that is polled on the current stack.
    #[inline]
    fn begin_next_poll(&self) -> Option<(TaskId, Box<Body>)> {
        loop {
            let mut core = self.core.borrow_mut();
            let Next::Task(id) = core.next_task(&self.wakes) else {
                return None;
            };
            if core.task(id).is_some_and(|task| task.suspended.is_some()) {
                // It goes on when the thread has left the current stack.
                core.next = Some(id);
                return None;
            }
            core.shift_wall_clock(id, self.now.get());
            let turn = core.begin_turn(id, self.now.get());
            drop(core);
            match turn {
                Turn::OnStack(StackTurn::Poll(body)) => return Some((id, body)),
                Turn::Drop(aborted) => drop(aborted),
                Turn::None => {}
                Turn::Poll(_) | Turn::OnStack(StackTurn::Continue(_)) => {
                    unreachable!("it is polled on a stack, and not suspended")
                }
            }
        }
    }

    #[inline]
    fn is_suspended(&self, id: TaskId) -> bool {
        let core = self.core.borrow();
        core.task(id).is_some_and(|task| task.suspended.is_some())
    }

    /// Keeps the poll of the running task, which was suspended in its middle.
    fn keep_suspended(&self, stack: TaskStack) {
        if rehearsal_hermetic::has_leaked() {
            self.check_leaks();
        }
        let mut suspended = Some(Suspended {
            stack: Some(stack),
            poll: SuspendedPoll::default(),
            place: Place::default(),
        });
        let mut core = self.core.borrow_mut();
        let core = &mut *core;
        let id = core.running.take().expect("a running task was suspended");
        if let Some(suspended) = &mut suspended {
            suspended.poll = core.cancellations.suspend_poll();
            suspended.place = std::mem::take(&mut core.stacks.place);
        }
        if let Some(task) = core.task_mut(id) {
            task.suspended = suspended.take();
            core.look_at_waits(id, self.now.get());
        }
        // Else the task's host crashed while it ran; it is unwound after the borrow.
    }

    /// Makes a new task one that may block, with a name for reports. From the next turn on tasks
    /// are polled on stacks.
    pub(crate) fn make_blocking(&self, id: TaskId, name: &str) {
        let mut core = self.core.borrow_mut();
        core.stacks.are_used = true;
        if let Some(task) = core.task_mut(id) {
            name.clone_into(&mut task.name);
            if task.exempt == Exemption::None {
                task.exempt = Exemption::Root;
            }
        }
    }

    /// Returns the waker of the running task, if it can be suspended where it is.
    pub(crate) fn waker_on_stack(&self) -> Option<Waker> {
        let core = self.core.borrow();
        let task = core
            .running
            .filter(|_| rehearsal_hermetic::is_on_own_stack());
        let task = core.task(task?)?;
        Some(Waker::from(Arc::clone(&task.wake)))
    }

    /// Returns the description of a resource, if a task holds it.
    pub(crate) fn describe_if_held(&self, resource: ResourceId) -> Option<String> {
        let core = self.core.borrow();
        let info = &core.resources[resource];
        (!info.holders.is_empty()).then(|| wait::describe(resource, info))
    }

    /// Has each poll that is suspended go on to its end, after the end of the run. Nothing that
    /// happens in it changes the verdict. A poll that waits goes on as long as others still do,
    /// because they may be what it waits for; then it stays as it is.
    pub(crate) fn end_suspended_polls(&self) {
        if self.suspended().is_empty() {
            return;
        }
        let verdict = self.core.borrow().halted.clone();
        self.core.borrow_mut().halted.get_or_insert(Verdict::Pass);
        loop {
            let ends = |id: &TaskId| self.ends_poll(*id);
            if self.suspended().iter().filter(|id| ends(id)).count() == 0 {
                break;
            }
        }
        self.core.borrow_mut().halted = verdict;
    }

    fn suspended(&self) -> Vec<TaskId> {
        let live: Vec<TaskId> = self.core.borrow().live().collect();
        let is_suspended = |id: &TaskId| self.is_suspended(*id);
        live.into_iter().filter(is_suspended).collect()
    }

    /// Continues a suspended poll after the end of the run. Returns `true` if it has ended.
    fn ends_poll(&self, id: TaskId) -> bool {
        let turn = {
            let mut core = self.core.borrow_mut();
            let core = &mut *core;
            let suspended = core.task_mut(id).and_then(|task| task.suspended.take());
            let Some(suspended) = suspended else {
                return false;
            };
            let turn = core.continue_suspended(suspended);
            core.running = Some(id);
            core.cancellations.drop_at_next_await();
            turn
        };
        self.take_turns_on_stack(id, turn);
        !self.is_suspended(id)
    }
}

/// Polls the future of a task, and those of the tasks that come next: the job of a stack.
fn poll_in_turn(first: (TaskId, Box<Body>)) {
    let mut next = Some(first);
    while let Some((id, mut body)) = next {
        stack_values::begin_poll();
        let mut cx = Context::from_waker(&body.waker);
        let poll = body.future.as_mut().poll(&mut cx);
        let begun = context::with(|engine| {
            engine.end_poll(id, body, poll);
            engine.begin_next_poll()
        });
        next = begun.flatten();
    }
}
