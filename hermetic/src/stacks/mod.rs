//! Stacks for jobs that can be suspended anywhere.
//!
//! A job is a call of one function that belongs to the stack. It runs on that stack and not on
//! the caller's, so that [`suspend`] can return to the caller from the middle of whatever the job
//! has called; [`OwnStack::resume`] goes on from there. The switch is that of the crate
//! `corosensei`: a few instructions, and no system call.
#![expect(
    unsafe_code,
    reason = "the stack that a thread is on is found through a thread-local"
)]

mod overflow;
mod pool;

use std::cell::Cell;
use std::fmt;
use std::mem::ManuallyDrop;

use corosensei::stack::{DefaultStack, Stack};
use corosensei::{Coroutine, CoroutineResult, Yielder};

use self::pool::SizedStack;

/// The input of a switch to the stack.
enum Input<J> {
    /// The next job.
    Job(J),
    /// The suspended job goes on.
    Continue,
    /// There are no more jobs.
    End,
}

/// The result of a switch to the stack.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum JobResult<R> {
    /// The job has called [`suspend`], and waits for [`OwnStack::resume`].
    Suspended,
    /// The job has returned.
    Returned(R),
}

/// The state of a stack.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// It can take a job.
    Idle,
    /// A job is suspended on it.
    Suspended,
    /// A job has panicked on it.
    Dead,
}

/// A stack on which jobs run, one after the other.
///
/// Dropped while a job is suspended on it, it unwinds the job: the destructors of what stands on
/// the stack run, and [`suspend`] has no effect in them.
pub struct OwnStack<J: 'static, R: 'static> {
    // Always there, except within `drop` and after `forget`.
    coroutine: ManuallyDrop<Coroutine<Input<J>, JobResult<R>, (), DefaultStack>>,
    guard_page: (usize, usize),
    size: usize,
    state: State,
}

/// The reason for which there is no stack.
#[derive(Debug)]
pub struct StackError {
    size: usize,
    cause: std::io::Error,
}

impl fmt::Display for StackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { size, cause } = self;
        write!(f, "no memory for a stack of {size} bytes: {cause}")
    }
}

impl std::error::Error for StackError {}

/// The stack that this thread is on, if it is one of these.
#[derive(Clone, Copy)]
struct Current {
    yielder: *const (),
    /// Suspends the job on the stack of `yielder`.
    ///
    /// Its argument is that `yielder`, and the thread is on its stack.
    suspend: unsafe fn(*const ()),
}

thread_local! {
    /// None on the thread's own stack, and while a job is being unwound.
    static CURRENT: Cell<Option<Current>> = const { Cell::new(None) };
    /// `true` while a job is being unwound.
    static UNWINDING: Cell<bool> = const { Cell::new(false) };
}

/// Returns `true` if [`suspend`] has an effect here.
#[inline]
pub fn is_on_own_stack() -> bool {
    current().is_some()
}

/// Returns `true` if the destructors of a job run that is unwound because its stack was dropped.
/// It has not panicked, although [`std::thread::panicking`] is `true`. Code that catches the
/// panic all the same has to resume it.
#[inline]
pub fn is_unwinding() -> bool {
    UNWINDING.try_with(Cell::get).expect(NEVER_DESTROYED)
}

const NEVER_DESTROYED: &str = "a slot without a destructor";

// `LocalKey::get` and `LocalKey::set` would be calls, and the look at the slot another.
#[inline]
fn current() -> Option<Current> {
    CURRENT.try_with(Cell::get).expect(NEVER_DESTROYED)
}

#[inline]
fn set_current(current: Option<Current>) {
    let set = CURRENT.try_with(|slot| slot.set(current));
    set.expect(NEVER_DESTROYED);
}

/// Suspends the job that this thread runs, until [`OwnStack::resume`]. Returns `false`, without
/// effect, if the thread is on no [`OwnStack`], or if the job is being unwound.
pub fn suspend() -> bool {
    let Some(current) = current() else {
        return false;
    };
    // SAFETY: `CURRENT` is set to the yielder of a stack by the function at its root, and is
    // none, or another stack's, whenever the thread is not on it.
    unsafe { (current.suspend)(current.yielder) };
    set_current(Some(current));
    true
}

/// # Safety
///
/// `yielder` is one of that type, and the thread is on its stack.
unsafe fn suspend_on<J: 'static, R: 'static>(yielder: *const ()) {
    // SAFETY: by the contract. It lives as long as the function at the root of the stack.
    let yielder = unsafe { &*yielder.cast::<Yielder<Input<J>, JobResult<R>>>() };
    match yielder.suspend(JobResult::Suspended) {
        Input::Continue => {}
        Input::Job(_) | Input::End => unreachable!("a suspended job is resumed"),
    }
}

impl<J: 'static, R: 'static> OwnStack<J, R> {
    /// Creates a stack of at least `size` bytes whose jobs are calls of `execute`. It has a page
    /// in front that nothing may touch: a job that needs more ends the process, with a message.
    ///
    /// # Errors
    ///
    /// If the system gives no memory for it.
    pub fn new(size: usize, mut execute: impl FnMut(J) -> R + 'static) -> Result<Self, StackError> {
        overflow::install_handler();
        let stack = pool::take(size).map_err(|cause| StackError { size, cause })?;
        let guard_page = overflow::guard_page(stack.limit().get());
        let body = move |yielder: &Yielder<Input<J>, JobResult<R>>, first| {
            let current = Current {
                yielder: std::ptr::from_ref(yielder).cast(),
                suspend: suspend_on::<J, R>,
            };
            let mut input = first;
            while let Input::Job(job) = input {
                set_current(Some(current));
                let result = execute(job);
                input = yielder.suspend(JobResult::Returned(result));
            }
        };
        Ok(Self {
            coroutine: ManuallyDrop::new(Coroutine::with_stack(stack, body)),
            guard_page,
            size,
            state: State::Idle,
        })
    }

    /// Runs a job until it returns or is suspended. A panic in it continues in the caller; the
    /// stack can take no other job then.
    ///
    /// # Panics
    ///
    /// If the job panics, or one is suspended on this stack, or has panicked.
    pub fn run(&mut self, job: J) -> JobResult<R> {
        assert_eq!(self.state, State::Idle, "a stack has one job at a time");
        self.switch(Input::Job(job))
    }

    /// Continues the suspended job until it returns or is suspended again.
    ///
    /// # Panics
    ///
    /// If the job panics, or none is suspended.
    pub fn resume(&mut self) -> JobResult<R> {
        assert_eq!(self.state, State::Suspended, "a suspended job is resumed");
        self.switch(Input::Continue)
    }

    fn switch(&mut self, input: Input<J>) -> JobResult<R> {
        // A panic in the job leaves it so.
        self.state = State::Dead;
        let _outer = Outer::leave(self.guard_page);
        match self.coroutine.resume(input) {
            CoroutineResult::Yield(JobResult::Suspended) => {
                self.state = State::Suspended;
                JobResult::Suspended
            }
            CoroutineResult::Yield(returned) => {
                self.state = State::Idle;
                returned
            }
            CoroutineResult::Return(()) => unreachable!("it returns at its end only"),
        }
    }

    /// Gives up a suspended job without unwinding it: nothing of it is dropped, and its memory
    /// stays taken. For a job that is suspended in a function through which nothing can unwind.
    pub fn forget(self) {
        std::mem::forget(self);
    }

    /// Ends the function at the root of the stack, by unwinding a suspended job.
    fn end(&mut self) {
        match self.state {
            // Dead stacks have unwound already; `force_unwind` also drops a root that was never
            // started.
            State::Idle if self.coroutine.started() => {
                let _outer = Outer::leave(self.guard_page);
                let _ = self.coroutine.resume(Input::End);
            }
            State::Idle | State::Dead => self.coroutine.force_unwind(),
            State::Suspended => {
                let _outer = Outer::leave(self.guard_page);
                let _unwinding = Unwinding::begin();
                self.coroutine.force_unwind();
            }
        }
        self.state = State::Dead;
    }
}

impl<J: 'static, R: 'static> Drop for OwnStack<J, R> {
    fn drop(&mut self) {
        self.end();
        // SAFETY: nothing uses it after the drop.
        let coroutine = unsafe { ManuallyDrop::take(&mut self.coroutine) };
        pool::give_back(SizedStack {
            size: self.size,
            stack: coroutine.into_stack(),
        });
    }
}

impl<J, R> fmt::Debug for OwnStack<J, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnStack")
            .field("size", &self.size)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// The stack that the thread has left for another; it is the current one again when this is
/// dropped.
struct Outer {
    current: Option<Current>,
    guard_page: (usize, usize),
}

impl Outer {
    fn leave(guard_page: (usize, usize)) -> Self {
        Self {
            current: {
                let current = current();
                set_current(None);
                current
            },
            guard_page: overflow::replace_guard_page(guard_page),
        }
    }
}

impl Drop for Outer {
    fn drop(&mut self) {
        set_current(self.current);
        overflow::replace_guard_page(self.guard_page);
    }
}

/// The record that a job is being unwound, for as long as it lives.
struct Unwinding(bool);

impl Unwinding {
    fn begin() -> Self {
        Self(UNWINDING.replace(true))
    }
}

impl Drop for Unwinding {
    fn drop(&mut self) {
        UNWINDING.set(self.0);
    }
}
