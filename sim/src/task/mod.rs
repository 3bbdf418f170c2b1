//! Tasks: spawning, joining, aborting.
//!
//! Inside a run the engine polls them; outside, tokio does. `JoinError` is our
//! own type, because tokio's cannot be made from outside tokio; it has the same
//! methods.

mod id;

use std::any::Any;
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use rehearsal_hermetic::ConfinedLock;

pub use self::id::{Id, id, try_id};
use crate::engine::host::HostState;
use crate::engine::interest::Interest;
use crate::engine::{Engine, Exemption, context, panics};
use crate::ids::{HostId, TaskId};
use crate::operation::{Operation, ResourceKind};
use crate::point::{Point, Resource, Waiting, polled};

/// Spawns a task on the calling task's host. As `tokio::spawn`, which it is outside a run.
///
/// # Panics
///
/// Outside both a run and a tokio runtime, as tokio does.
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    match start_on_current_host(future, Location::caller()) {
        Ok(handle) => handle,
        Err(future) => JoinHandle(Handle::Real(::tokio::spawn(future))),
    }
}

/// Lets another task go first now and then, in a loop that never waits. As
/// `tokio::task::consume_budget`; inside a run a scheduling point.
pub async fn consume_budget() {
    let mut point = Point::default();
    poll_fn(|cx| point.poll(cx, None)).await;
    // Without effect inside a run, where nothing has a budget.
    ::tokio::task::consume_budget().await;
}

/// Spawns on the calling task's host; returns the future outside a run.
pub(crate) fn start_on_current_host<F>(
    future: F,
    caller: &'static Location<'static>,
) -> Result<JoinHandle<F::Output>, F>
where
    F: Future + 'static,
    F::Output: 'static,
{
    start_on_host(future, None, caller)
}

/// Spawns on a host of the current run, without one on the calling task's; returns the future
/// outside a run.
pub(crate) fn start_on_host<F>(
    future: F,
    host: Option<HostId>,
    caller: &'static Location<'static>,
) -> Result<JoinHandle<F::Output>, F>
where
    F: Future + 'static,
    F::Output: 'static,
{
    let mut future = Some(future);
    let simulated = context::with(|engine| {
        let host = host.unwrap_or_else(|| engine.current_host());
        let handle = start(engine, future.take()?, host, caller);
        if engine.core.borrow().hosts[host].state == HostState::Down {
            // A plain task outlives its host; the tasks that it spawns do not.
            handle.abort();
        }
        Some(handle)
    });
    match (simulated.flatten(), future) {
        (Some(handle), _) => Ok(handle),
        (None, Some(future)) => Err(future),
        (None, None) => unreachable!("the future was taken and not started"),
    }
}

/// Lets every ready task run first. As `tokio::task::yield_now`.
pub async fn yield_now() {
    let mut yielded = false;
    let in_a_run = polled(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(true);
        }
        match context::with(|engine| engine.begin_yield(cx.waker())) {
            None => return Poll::Ready(false),
            Some(true) => {}
            // A wake puts the task at the end of the ready queue.
            Some(false) => cx.waker().wake_by_ref(),
        }
        Poll::Pending
    });
    if !in_a_run.await {
        ::tokio::task::yield_now().await;
    }
}

/// Spawns on a given host of the current run.
pub(crate) fn start<F>(
    engine: &Engine,
    future: F,
    host: HostId,
    caller: &'static Location<'static>,
) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    let cell = Arc::new(ConfinedLock::new(Cell {
        state: State::Running,
        joiner: None,
    }));
    let task = engine.add_task(host, caller);
    let future = Box::pin(TaskFuture {
        id: task,
        inner: Some(future),
        cell: Arc::clone(&cell),
    });
    engine.start_task(task, future, host, caller);
    JoinHandle(Handle::Simulated(Box::new(Simulated {
        member: Member {
            task,
            serial: engine.serial(),
        },
        cell,
        resource: Resource::at(ResourceKind::Task, caller),
        point: Point::default(),
        waiting: None,
    })))
}

/// The slot in which a task's result waits for its joiner.
struct Cell<T> {
    state: State<T>,
    joiner: Option<Interest>,
}

enum State<T> {
    Running,
    Done(Result<T, JoinError>),
    Taken,
}

pin_project! {
    /// A task's future with the slot for its result. Dropped before its end, the result is
    /// "cancelled".
    struct TaskFuture<F: Future> {
        id: TaskId,
        // None once it has returned or was dropped.
        #[pin]
        inner: Option<F>,
        cell: Arc<ConfinedLock<Cell<F::Output>>>,
    }

    impl<F: Future> PinnedDrop for TaskFuture<F> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            let running = matches!(this.cell.lock().state, State::Running);
            if let Err(caught) = clear(this.inner) {
                fail(*this.id, this.cell, caught);
            } else if running {
                settle(this.cell, Err(JoinError(Cause::Cancelled(*this.id))));
            }
        }
    }
}

/// Drops a future, if it is still there.
fn clear<F>(mut future: Pin<&mut Option<F>>) -> Result<(), panics::Caught> {
    panics::catch(|| future.set(None))
}

fn settle<T>(cell: &ConfinedLock<Cell<T>>, result: Result<T, JoinError>) {
    let joiner = {
        let mut cell = cell.lock();
        cell.state = State::Done(result);
        cell.joiner.take()
    };
    if let Some(joiner) = joiner {
        joiner.wake();
    }
}

fn fail<T>(id: TaskId, cell: &ConfinedLock<Cell<T>>, caught: panics::Caught) {
    context::with(|engine| engine.panicked(Some(id), caught.message, caught.location));
    settle(
        cell,
        Err(JoinError(Cause::Panic(id, Mutex::new(caught.payload)))),
    );
}

impl<F: Future> Future for TaskFuture<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let Some(inner) = this.inner.as_mut().as_pin_mut() else {
            return Poll::Ready(());
        };
        match panics::catch(|| inner.poll(cx)) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(output)) => {
                // The future is dropped before its result is visible, as in tokio: a joiner may
                // rely on its destructors.
                match clear(this.inner) {
                    Ok(()) => settle(this.cell, Ok(output)),
                    Err(caught) => fail(*this.id, this.cell, caught),
                }
            }
            Err(caught) => fail(*this.id, this.cell, caught),
        }
        Poll::Ready(())
    }
}

/// Waits for a task's end; as `tokio::task::JoinHandle`. Dropped, it detaches the task.
pub struct JoinHandle<T>(Handle<T>);

enum Handle<T> {
    Simulated(Box<Simulated<T>>),
    Real(::tokio::task::JoinHandle<T>),
}

struct Simulated<T> {
    member: Member,
    cell: Arc<ConfinedLock<Cell<T>>>,
    resource: Resource,
    point: Point,
    waiting: Option<Waiting>,
}

impl<T> JoinHandle<T> {
    /// Aborts the task: it is dropped at its next turn.
    pub fn abort(&self) {
        match &self.0 {
            Handle::Real(handle) => handle.abort(),
            Handle::Simulated(handle) => handle.member.abort(),
        }
    }

    /// Returns `true` if the task has ended.
    pub fn is_finished(&self) -> bool {
        match &self.0 {
            Handle::Real(handle) => handle.is_finished(),
            Handle::Simulated(handle) => {
                handle.resource.look(Operation::IsFinished);
                !matches!(handle.cell.lock().state, State::Running)
            }
        }
    }

    /// Returns the task's id.
    pub fn id(&self) -> Id {
        match &self.0 {
            Handle::Real(handle) => Id::real(handle.id()),
            Handle::Simulated(handle) => Id::simulated(handle.member.task),
        }
    }

    /// Returns a handle that can only abort.
    pub fn abort_handle(&self) -> AbortHandle {
        AbortHandle(match &self.0 {
            Handle::Real(handle) => Abort::Real(handle.abort_handle()),
            Handle::Simulated(handle) => Abort::Simulated(handle.member),
        })
    }

    /// Exempts the task from cancellation; with [`Exemption::Subtree`] also every task that it
    /// spawns.
    pub(crate) fn exempt_from_cancellation(&self, engine: &Engine, exempt: Exemption) {
        if let Handle::Simulated(handle) = &self.0 {
            engine.exempt_from_cancellation(handle.member.task, exempt);
        }
    }

    /// Has the task polled on a stack, and never cancelled; names it.
    pub(crate) fn make_blocking(&self, engine: &Engine, name: &str) {
        if let Handle::Simulated(handle) = &self.0 {
            engine.make_blocking(handle.member.task, name);
        }
    }

    /// Returns the number of the task, if it is one of a run.
    pub(crate) fn task(&self) -> Option<TaskId> {
        match &self.0 {
            Handle::Simulated(handle) => Some(handle.member.task),
            Handle::Real(_) => None,
        }
    }

    pub(crate) fn real(handle: ::tokio::task::JoinHandle<T>) -> Self {
        Self(Handle::Real(handle))
    }

    /// Polls the result, without a scheduling point and an entry in the wait-for graph: for
    /// callers that have their own.
    pub(crate) fn poll_result(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, JoinError>> {
        match &mut self.0 {
            Handle::Real(handle) => Pin::new(handle).poll(cx).map_err(JoinError::real),
            Handle::Simulated(handle) => handle.poll_result(cx),
        }
    }

    /// Takes the result, if there is one, without waiting.
    pub(crate) fn take_value(self) -> Option<T> {
        let Handle::Simulated(handle) = self.0 else {
            return None;
        };
        match std::mem::replace(&mut handle.cell.lock().state, State::Taken) {
            State::Done(Ok(value)) => Some(value),
            State::Done(Err(_)) | State::Running | State::Taken => None,
        }
    }
}

/// A task of one run: in another, its number is another task's.
#[derive(Clone, Copy)]
struct Member {
    task: TaskId,
    serial: u32,
}

impl Member {
    fn with<R>(self, f: impl FnOnce(&Engine) -> R) -> Option<R> {
        context::with(|engine| (engine.serial() == self.serial).then(|| f(engine))).flatten()
    }

    fn abort(self) {
        self.with(|engine| engine.abort(self.task));
    }

    fn is_alive(self) -> bool {
        self.with(|engine| engine.is_alive(self.task))
            .unwrap_or(false)
    }
}

impl fmt::Debug for Member {
    // Without the serial, which differs between two runs of one seed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.task, f)
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Handle::Real(_) => self.poll_result(cx),
            Handle::Simulated(handle) => handle.poll_join(cx),
        }
    }
}

impl<T> Simulated<T> {
    fn poll_join(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, JoinError>> {
        ready!(self.point.poll(cx, Some((&self.resource, Operation::Join))));
        let result = self.poll_result(cx);
        if result.is_ready() {
            self.waiting = None;
        } else {
            Waiting::renew(&mut self.waiting, &self.resource, Operation::Join);
        }
        result
    }

    fn poll_result(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, JoinError>> {
        let mut cell = self.cell.lock();
        match std::mem::replace(&mut cell.state, State::Taken) {
            State::Done(result) => Poll::Ready(result),
            State::Running => {
                cell.state = State::Running;
                cell.joiner = Some(Interest::of(cx));
                Poll::Pending
            }
            State::Taken => panic!("JoinHandle polled after completion"),
        }
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle")
            .field("task", &self.id())
            .finish_non_exhaustive()
    }
}

/// A handle that aborts a task without waiting for it; as `tokio::task::AbortHandle`.
#[derive(Clone, Debug)]
pub struct AbortHandle(Abort);

#[derive(Clone, Debug)]
enum Abort {
    Simulated(Member),
    Real(::tokio::task::AbortHandle),
}

impl AbortHandle {
    /// Returns the task's id.
    pub fn id(&self) -> Id {
        match &self.0 {
            Abort::Simulated(member) => Id::simulated(member.task),
            Abort::Real(handle) => Id::real(handle.id()),
        }
    }

    pub(crate) fn real(handle: ::tokio::task::AbortHandle) -> Self {
        Self(Abort::Real(handle))
    }

    /// Aborts the task: it is dropped at its next turn.
    pub fn abort(&self) {
        match &self.0 {
            Abort::Simulated(member) => member.abort(),
            Abort::Real(handle) => handle.abort(),
        }
    }

    /// Returns `true` if the task has ended.
    pub fn is_finished(&self) -> bool {
        match &self.0 {
            Abort::Simulated(member) => !member.is_alive(),
            Abort::Real(handle) => handle.is_finished(),
        }
    }
}

/// The reason for which a task has no result; as `tokio::task::JoinError`.
pub struct JoinError(Cause);

enum Cause {
    Cancelled(TaskId),
    // Behind a lock, never contended, so that the error is `Sync`.
    Panic(TaskId, Mutex<Box<dyn Any + Send>>),
    Real(::tokio::task::JoinError),
}

impl JoinError {
    pub(crate) fn real(error: ::tokio::task::JoinError) -> Self {
        Self(Cause::Real(error))
    }

    /// Returns the task's id.
    pub fn id(&self) -> Id {
        match &self.0 {
            Cause::Cancelled(task) | Cause::Panic(task, _) => Id::simulated(*task),
            Cause::Real(error) => Id::real(error.id()),
        }
    }

    /// Returns `true` if it was aborted, or died with its host.
    pub fn is_cancelled(&self) -> bool {
        match &self.0 {
            Cause::Cancelled(_) => true,
            Cause::Panic(..) => false,
            Cause::Real(error) => error.is_cancelled(),
        }
    }

    /// Returns `true` if it panicked.
    pub fn is_panic(&self) -> bool {
        match &self.0 {
            Cause::Cancelled(_) => false,
            Cause::Panic(..) => true,
            Cause::Real(error) => error.is_panic(),
        }
    }

    /// Returns the panic's payload.
    ///
    /// # Panics
    ///
    /// If the task did not panic.
    pub fn into_panic(self) -> Box<dyn Any + Send> {
        match self.try_into_panic() {
            Ok(payload) => payload,
            Err(error) => panic!("{error}, and did not panic"),
        }
    }

    /// Returns the panic's payload.
    ///
    /// # Errors
    ///
    /// This error, if the task did not panic.
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send>, Self> {
        match self.0 {
            Cause::Panic(_, payload) => {
                Ok(payload.into_inner().unwrap_or_else(PoisonError::into_inner))
            }
            Cause::Real(error) => error.try_into_panic().map_err(Self::real),
            cause @ Cause::Cancelled(_) => Err(Self(cause)),
        }
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Cause::Cancelled(task) => write!(f, "{task} was cancelled"),
            Cause::Panic(task, _) => write!(f, "{task} panicked"),
            Cause::Real(error) => error.fmt(f),
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinError({self})")
    }
}

impl std::error::Error for JoinError {}

impl From<JoinError> for std::io::Error {
    fn from(error: JoinError) -> Self {
        Self::other(if error.is_panic() {
            "task panicked"
        } else {
            "task was cancelled"
        })
    }
}
