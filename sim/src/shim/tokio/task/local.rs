//! Tasks that need not be `Send`.
//!
//! A run has one thread, so that such a task is like any other. A [`LocalSet`] outside a run is
//! tokio's own; inside one it only keeps a list of its tasks.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use ::tokio::task as real;
use pin_project_lite::pin_project;

use super::{AbortHandle, JoinHandle};
use crate::engine::context;
use crate::engine::stack_values::{self, Key};
use crate::operation::{Operation, ResourceKind};
use crate::point::{Progress, Resource};
use crate::shim::tokio::runtime::Runtime;
use crate::task;

/// The key of the set to which `spawn_local` adds.
static CURRENT: u8 = 0;

fn current() -> Option<Rc<Members>> {
    let current = stack_values::innermost(Key::of(&CURRENT))?;
    current.downcast().ok()
}

/// As [`spawn`](super::spawn), for a future that need not be `Send`; its task belongs to the
/// [`LocalSet`] that the caller is in. As `tokio::task::spawn_local`, which it is outside a
/// run; as in tokio's `LocalRuntime`, this works in a run outside a set too.
///
/// # Panics
///
/// Outside both a run and a `LocalSet` or `LocalRuntime`, as tokio does.
#[track_caller]
pub fn spawn_local<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    match start_on_current_host(future, Location::caller()) {
        Ok(handle) => handle,
        Err(future) => JoinHandle::real(real::spawn_local(future)),
    }
}

/// Spawns in the current set, if there is one. Returns the future outside a run.
pub(super) fn start_on_current_host<F>(
    future: F,
    caller: &'static Location<'static>,
) -> Result<JoinHandle<F::Output>, F>
where
    F: Future + 'static,
    F::Output: 'static,
{
    match current() {
        Some(members) => members.start(future, caller),
        None => task::start_on_current_host(future, caller),
    }
}

/// As `tokio::task::LocalSet`. Inside a run its tasks run even while it is not polled, and a
/// task that its drop aborts ends at the task's next turn.
pub struct LocalSet {
    real: real::LocalSet,
    members: Rc<Members>,
    progress: Progress,
}

impl LocalSet {
    /// Creates a set without tasks.
    #[track_caller]
    pub fn new() -> Self {
        Self {
            real: real::LocalSet::new(),
            members: Rc::new(Members {
                resource: Resource::new(ResourceKind::LocalSet),
                tasks: RefCell::default(),
                alive: Cell::new(0),
                closed: Cell::new(false),
                joiner: RefCell::default(),
            }),
            progress: Progress::default(),
        }
    }

    /// Makes [`spawn_local`] add to this set, until the guard is dropped.
    pub fn enter(&self) -> LocalEnterGuard {
        LocalEnterGuard {
            _real: self.real.enter(),
            _entered: Entered::new(&self.members),
        }
    }

    /// Spawns a task of this set.
    #[track_caller]
    pub fn spawn_local<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        match self.start(future, Location::caller()) {
            Ok(handle) => handle,
            Err(future) => JoinHandle::real(self.real.spawn_local(future)),
        }
    }

    /// Waits for a future, in which [`spawn_local`] adds to this set.
    pub async fn run_until<F>(&self, future: F) -> F::Output
    where
        F: Future,
    {
        let within = Within {
            future,
            members: Rc::clone(&self.members),
        };
        if context::is_in_run() {
            within.await
        } else {
            self.real.run_until(within).await
        }
    }

    /// Runs a future to its end on this thread, and the tasks of the set with it.
    ///
    /// # Panics
    ///
    /// As [`Runtime::block_on`].
    #[track_caller]
    pub fn block_on<F>(&self, rt: &Runtime, future: F) -> F::Output
    where
        F: Future,
    {
        let within = Within {
            future,
            members: Rc::clone(&self.members),
        };
        self.real.block_on(rt.real(), within)
    }

    /// Returns the future outside a run.
    pub(super) fn start<F>(
        &self,
        future: F,
        caller: &'static Location<'static>,
    ) -> Result<JoinHandle<F::Output>, F>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        self.members.start(future, caller)
    }

    pub(super) fn real(&self) -> &real::LocalSet {
        &self.real
    }
}

/// Polls until all tasks of the set have ended.
impl Future for LocalSet {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self {
            real,
            members,
            progress,
        } = &mut *self;
        if !context::is_in_run() {
            return Pin::new(real).poll(cx);
        }
        progress.drive(&members.resource, Operation::Join, cx, |cx| {
            if members.alive.get() == 0 {
                return Poll::Ready(());
            }
            members.joiner.replace(Some(cx.waker().clone()));
            Poll::Pending
        })
    }
}

impl Default for LocalSet {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for LocalSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalSet").finish()
    }
}

impl Drop for LocalSet {
    fn drop(&mut self) {
        self.members.closed.set(true);
        for task in self.members.tasks.take() {
            task.abort();
        }
    }
}

/// The guard of [`LocalSet::enter`].
pub struct LocalEnterGuard {
    _real: real::LocalEnterGuard,
    _entered: Entered,
}

impl fmt::Debug for LocalEnterGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalEnterGuard").finish()
    }
}

/// A guard that makes its set the current one; dropped, it restores the one before.
struct Entered(PhantomData<*const ()>);

impl Entered {
    fn new(members: &Rc<Members>) -> Self {
        stack_values::enter(Key::of(&CURRENT), Rc::<Members>::clone(members));
        Self(PhantomData)
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        drop(stack_values::leave(Key::of(&CURRENT)));
    }
}

/// The tasks of a run that are in a set.
struct Members {
    resource: Resource,
    /// Tasks that may be alive.
    tasks: RefCell<Vec<AbortHandle>>,
    alive: Cell<usize>,
    /// `true` if the set was dropped.
    closed: Cell<bool>,
    joiner: RefCell<Option<Waker>>,
}

impl Members {
    fn start<F>(
        self: &Rc<Self>,
        future: F,
        caller: &'static Location<'static>,
    ) -> Result<JoinHandle<F::Output>, F>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let member = Member {
            within: Within {
                future,
                members: Rc::clone(self),
            },
            alive: Alive::new(self),
        };
        let handle =
            task::start_on_current_host(member, caller).map_err(|member| member.within.future)?;
        if self.closed.get() {
            handle.abort();
        } else {
            let mut tasks = self.tasks.borrow_mut();
            // Now and then, or a set that lives long would keep them all.
            if tasks.len() > 2 * self.alive.get() {
                tasks.retain(|task| !task.is_finished());
            }
            tasks.push(handle.abort_handle());
        }
        Ok(handle)
    }
}

/// A count of one task, for as long as this lives.
struct Alive(Rc<Members>);

impl Alive {
    fn new(members: &Rc<Members>) -> Self {
        members.alive.set(members.alive.get() + 1);
        Self(Rc::clone(members))
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        let members = &self.0;
        members.alive.set(members.alive.get() - 1);
        if members.alive.get() == 0 {
            members.resource.touch();
            if let Some(waker) = members.joiner.take() {
                waker.wake();
            }
        }
    }
}

pin_project! {
    /// A future that is polled within a set.
    struct Within<F> {
        #[pin]
        future: F,
        members: Rc<Members>,
    }
}

impl<F: Future> Future for Within<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _entered = Entered::new(this.members);
        this.future.poll(cx)
    }
}

pin_project! {
    /// A task of a set.
    struct Member<F> {
        #[pin]
        within: Within<F>,
        // Last: a task that waits for the set may rely on the destructors.
        alive: Alive,
    }
}

impl<F: Future> Future for Member<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.project().within.poll(cx)
    }
}
