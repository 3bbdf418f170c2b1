//! Waits of tasks in functions that return no future.
//!
//! A task that is polled on a stack can be suspended in the middle of any function, until what it
//! waits for wakes it. So a lock of the standard library, which would block the run's only
//! thread, is one more resource of the run.

mod waiters;

use std::future::Future;
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use crate::engine::{Engine, OuterPoll, context, stack_values, stacks};
use crate::ids::HostId;
use crate::task::{self, JoinHandle};

pub(crate) use self::waiters::{Waited, Waiters};

/// Returns `true` in code of a run that may wait in a function which returns no future. Tokio
/// lets it block its thread; elsewhere such a function panics.
pub(crate) fn may_block() -> bool {
    stack_values::may_block() && is_in_a_task()
}

/// A change of what the current code may do, until this is dropped.
struct Region {
    outer: bool,
    // Of one thread.
    _local: PhantomData<*const ()>,
}

impl Region {
    fn enter(may_block: bool) -> Self {
        Self {
            outer: stack_values::set_may_block(may_block),
            _local: PhantomData,
        }
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        stack_values::set_may_block(self.outer);
    }
}

/// Calls a function that may block.
pub(crate) fn in_place<R>(f: impl FnOnce() -> R) -> R {
    let _region = Region::enter(true);
    f()
}

/// Starts a task of the run that calls a function which may block. Without a host it is on that
/// of the calling task. Once the function has begun, the task can be neither aborted nor
/// cancelled. Returns the function outside a run.
pub(crate) fn start<F, R>(
    f: F,
    host: Option<HostId>,
    name: &str,
    caller: &'static Location<'static>,
) -> Result<JoinHandle<R>, F>
where
    F: FnOnce() -> R + 'static,
    R: 'static,
{
    let call = Call { function: Some(f) };
    match task::start_on_host(call, host, caller) {
        Ok(handle) => {
            context::with(|engine| handle.make_blocking(engine, name));
            Ok(handle)
        }
        Err(call) => Err(call.function.expect("it is called at the first poll")),
    }
}

/// A call, as a future that is ready when it is first polled.
struct Call<F> {
    // None once it was called.
    function: Option<F>,
}

// The function is moved out, and never pinned.
impl<F> Unpin for Call<F> {}

impl<F: FnOnce() -> R, R> Future for Call<F> {
    type Output = R;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<R> {
        let function = self.function.take().expect("it is polled once");
        Poll::Ready(in_place(function))
    }
}

/// Waits for a future in code that [may block](may_block).
///
/// # Panics
///
/// If the task would have to be suspended and is not on a stack.
#[track_caller]
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    wait("a wait in `block_in_place`", future)
}

/// Waits for a future in a task that calls a function which blocks.
///
/// # Panics
///
/// If the task would have to be suspended and is not on a stack.
#[track_caller]
pub(crate) fn wait<F: Future>(what: &str, future: F) -> F::Output {
    let mut future = pin!(future);
    let _region = Region::enter(false);
    let _outer = Blocking::begin();
    if let Some(output) = wait_for(future.as_mut()) {
        return output;
    }
    // Not on a stack. Perhaps there is nothing to wait for.
    let mut cx = Context::from_waker(Waker::noop());
    match future.poll(&mut cx) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!(
            "{what} would block the run for ever. With `interleave = \"operations\"`, or in \
             `spawn_blocking`, a run lets other tasks go on"
        ),
    }
}

/// The record that the running task waits in a function that returns no future.
struct Blocking(Option<OuterPoll>);

impl Blocking {
    fn begin() -> Self {
        Self(context::with(Engine::begin_blocking))
    }
}

impl Drop for Blocking {
    fn drop(&mut self) {
        // What is unwound is not the running task.
        if let Some(outer) = self.0.take()
            && !rehearsal_hermetic::is_unwinding()
        {
            context::with(|engine| engine.end_blocking(outer));
        }
    }
}

/// Returns `true` if the running task can wait here: it is polled on a stack.
pub(crate) fn can_wait() -> bool {
    rehearsal_hermetic::is_on_own_stack() && is_in_a_task()
}

/// Returns `true` in code of a task of a run.
pub(crate) fn is_in_a_task() -> bool {
    context::with(|engine| engine.running().is_some()) == Some(true)
}

/// Asserts that the thread may be blocked.
///
/// # Panics
///
/// In a run, which has no other thread that could end the wait.
pub(crate) fn assert_outside_a_run(what: &str) {
    assert!(
        !context::is_in_run(),
        "`{what}` would block the run for ever. With `interleave = \"operations\"` a run lets \
         other tasks go on"
    );
}

/// Waits for a future on the current stack. Returns none if the running task cannot wait here.
pub(crate) fn wait_for<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let _outer = Blocking::begin();
    loop {
        // Dropped before the task is suspended: how many wakers are out tells whether it is stuck.
        let waker = stacks::waker()?;
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Some(output);
        }
        drop(waker);
        stacks::suspend();
    }
}
