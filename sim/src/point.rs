//! Scheduling points and the resources that they touch.
//!
//! Every operation of the facade is an [`Op`]: a scheduling point before it starts, labelled
//! with its resource, and an entry in the wait-for graph for as long as it is pending. A
//! release cannot suspend its task (it happens in a destructor): the point of the task's next
//! operation follows it.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker, ready};

use pin_project_lite::pin_project;

use crate::engine::{Engine, context, stacks};
use crate::ids::{ResourceId, TaskId};
use crate::operation::{Operation, ResourceKind};
use crate::schedule::ResourceLabel;
use crate::schedule::strategy::PendingOperation;

/// The identity of a facade object: its kind, the place of its creation, and its number in the
/// run that uses it. Objects may be made outside a run and may outlive one; the number is taken
/// at first use in each run.
pub(crate) struct Resource {
    kind: ResourceKind,
    created_at: &'static Location<'static>,
    /// The run's serial in the upper half, the number in the lower; 0: none yet.
    number: AtomicU64,
    /// Present if it was made inside a run whose strategy reads labels.
    label: Option<ResourceLabel>,
    /// `true` if it keeps a waker of each task that waits for it; else it keeps the numbers of
    /// tasks ([`Interest`](crate::engine::interest::Interest)).
    keeps_wakers: bool,
}

impl Resource {
    /// Creates a resource with the caller's place as its own.
    #[track_caller]
    pub(crate) fn new(kind: ResourceKind) -> Self {
        Self::at(kind, Location::caller())
    }

    /// Creates a resource of a static.
    #[track_caller]
    pub(crate) const fn const_new(kind: ResourceKind) -> Self {
        Self {
            kind,
            created_at: Location::caller(),
            number: AtomicU64::new(0),
            label: None,
            keeps_wakers: true,
        }
    }

    pub(crate) fn at(kind: ResourceKind, created_at: &'static Location<'static>) -> Self {
        Self {
            kind,
            created_at,
            number: AtomicU64::new(0),
            label: context::with(|engine| engine.label(created_at)).flatten(),
            keeps_wakers: true,
        }
    }

    /// Returns the same resource, which keeps wakers or does not.
    pub(crate) fn keeping_wakers(self, keeps_wakers: bool) -> Self {
        Self {
            keeps_wakers,
            ..self
        }
    }

    /// Returns the place of its creation.
    pub(crate) fn created_at(&self) -> &'static Location<'static> {
        self.created_at
    }

    /// Returns the number in that run, which is the current one.
    #[inline]
    fn id(&self, engine: &Engine) -> ResourceId {
        let serial = u64::from(engine.serial()) << 32;
        let known = self.number.load(Ordering::Relaxed);
        if known & !0xffff_ffff == serial {
            ResourceId(known as u32)
        } else {
            self.register(engine)
        }
    }

    #[cold]
    fn register(&self, engine: &Engine) -> ResourceId {
        let serial = u64::from(engine.serial()) << 32;
        let id = engine.register(self.kind, self.created_at, self.label);
        self.number
            .store(serial | u64::from(id.0), Ordering::Relaxed);
        id
    }

    /// Makes the current task a holder, until the returned [`Holder`] is dropped.
    #[inline]
    pub(crate) fn hold(&self) -> Holder {
        let held = context::with(|engine| {
            let resource = self.id(engine);
            let task = engine.hold(resource)?;
            Some((engine.serial(), resource, task))
        });
        Holder {
            held: held.flatten(),
        }
    }

    /// Returns the description of the resource, if a task of the run holds it.
    pub(crate) fn describe_if_held(&self) -> Option<String> {
        context::with(|engine| engine.describe_if_held(self.id(engine))).flatten()
    }

    /// Records a notification that reaches no task, if the run is observed.
    pub(crate) fn observe_unheard(&self) {
        context::with(|engine| engine.observe_unheard(self.id(engine)));
    }

    /// Begins an operation that does not wait. It is a scheduling point if the run has it so: the
    /// function returns when the operation is to be done.
    #[inline]
    pub(crate) fn operate(&self, operation: Operation) {
        let goes_on = context::with(|engine| {
            engine.operation_point(Some(PendingOperation::new(self.id(engine), operation)))
        });
        if goes_on == Some(false) {
            stacks::suspend();
        }
    }

    /// Begins an operation that only looks: nothing, unless operations that do not wait are
    /// scheduling points.
    #[inline]
    pub(crate) fn look(&self, operation: Operation) {
        if context::with(Engine::operations_are_points) == Some(true) {
            self.operate(operation);
        }
    }

    /// Records a release or another operation that cannot suspend.
    pub(crate) fn touch(&self) {
        context::with(|engine| engine.touch(self.id(engine)));
    }
}

/// The kind and the place: the rest differs between a run and its replay.
impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resource")
            .field("kind", &self.kind)
            .field("created_at", &self.created_at)
            .finish_non_exhaustive()
    }
}

/// The record that a task holds a lock, for as long as it lives. Its drop also records that
/// the resource was touched. Guards carry one.
#[derive(Debug)]
pub(crate) struct Holder {
    held: Option<(u32, ResourceId, TaskId)>,
}

impl Drop for Holder {
    #[inline]
    fn drop(&mut self) {
        if let Some((serial, resource, task)) = self.held {
            context::with(|engine| {
                if engine.serial() == serial {
                    engine.release(resource, task);
                }
            });
        }
    }
}

/// An entry in the wait-for graph; it goes when this is dropped.
#[derive(Debug)]
pub(crate) struct Waiting {
    serial: u32,
    task: TaskId,
    id: u64,
}

impl Waiting {
    /// Adds an entry of the current task for `resource`. Returns `None` outside a run.
    #[inline]
    fn begin(
        engine: &Engine,
        resource: &Resource,
        operation: Operation,
        waker: Option<&Waker>,
    ) -> Option<Self> {
        let is_own = |waker| engine.own_task(waker).is_some();
        let keeps_waker = resource.keeps_wakers || !waker.is_some_and(is_own);
        let resource = resource.id(engine);
        let (task, id) = engine.begin_wait(resource, operation, keeps_waker)?;
        Some(Self {
            serial: engine.serial(),
            task,
            id,
        })
    }

    /// Adds an entry, unless `slot` holds one of the current task already. A future may be
    /// polled by another task than before.
    #[inline]
    pub(crate) fn renew(slot: &mut Option<Self>, resource: &Resource, operation: Operation) {
        Self::renew_for(slot, resource, operation, None);
    }

    /// As [`Waiting::renew`], for a wait that ends with a wake of `waker`.
    #[inline]
    fn renew_for(
        slot: &mut Option<Self>,
        resource: &Resource,
        operation: Operation,
        waker: Option<&Waker>,
    ) {
        let renewed = context::with(|engine| {
            if let Some(waiting) = slot
                && (waiting.serial, Some(waiting.task)) == (engine.serial(), engine.running())
            {
                return;
            }
            engine.observe_suspension();
            // The old entry goes first: it may be another task's.
            *slot = None;
            *slot = Self::begin(engine, resource, operation, waker);
        });
        if renewed.is_none() {
            *slot = None;
        }
    }
}

impl Waiting {
    /// Removes the entry.
    #[inline(never)]
    fn end(&self) {
        context::with(|engine| {
            if engine.serial() == self.serial {
                engine.end_wait(self.task, self.id);
            }
        });
    }
}

impl Drop for Waiting {
    // Short, so that to drop none of it, as most operations do, is no call.
    #[inline(always)]
    fn drop(&mut self) {
        self.end();
    }
}

/// A scheduling point for poll functions: call [`Point::poll`] first, and
/// [`Point::reset`] when the operation is done.
#[derive(Debug, Default)]
pub(crate) struct Point {
    passed: bool,
}

impl Point {
    /// Returns `Pending` if the scheduler lets another task run first, or has done so since the
    /// task was polled: no part of a task that has been switched away goes on before its next
    /// turn. Ready at once outside a run.
    ///
    /// The task itself is queued by the engine. The waker is woken all the same, because it may
    /// be that of a future within the task, which only a wake has polled again
    /// (`FuturesUnordered`). A no-op waker belongs to a caller that polls once only
    /// (`now_or_never`): there the operation goes on, as it would in tokio.
    #[inline]
    pub(crate) fn poll(
        &mut self,
        cx: &Context<'_>,
        at: Option<(&Resource, Operation)>,
    ) -> Poll<()> {
        let goes_on = match std::mem::replace(&mut self.passed, true) {
            false => pass(cx, at),
            true => {
                let polled_once = cx.waker().data().is_null();
                let goes_on = |engine: &Engine| polled_once || !engine.is_switched_away();
                context::with(goes_on) != Some(false)
            }
        };
        if goes_on {
            Poll::Ready(())
        } else {
            cx.waker().wake_by_ref();
            Poll::Pending
        }
    }

    /// Passes the point, takes what there is to take without a wait, and makes the task its
    /// holder. Ready with none if there is nothing to take, outside a run, and in a plain task.
    #[inline(always)]
    pub(crate) fn poll_take<T>(
        &mut self,
        cx: &Context<'_>,
        (resource, operation): (&Resource, Operation),
        take: impl FnOnce() -> Option<T>,
    ) -> Poll<Option<(T, Holder)>> {
        let passed = std::mem::replace(&mut self.passed, true);
        let polled_once = cx.waker().data().is_null();
        let taken = context::with(|engine| {
            let resource = resource.id(engine);
            let at = PendingOperation::new(resource, operation);
            let taken = ready!(engine.take_at_point(at, passed, polled_once, take));
            let Some((taken, task)) = taken else {
                return Poll::Ready(None);
            };
            let held = Some((engine.serial(), resource, task));
            Poll::Ready(Some((taken, Holder { held })))
        });
        let taken = taken.unwrap_or(Poll::Ready(None));
        if taken.is_pending() {
            cx.waker().wake_by_ref();
        }
        taken
    }

    /// Creates a point that was passed already.
    pub(crate) const fn passed() -> Self {
        Self { passed: true }
    }

    /// Prepares a new point for the next operation.
    pub(crate) fn reset(&mut self) {
        self.passed = false;
    }
}

/// Passes a scheduling point for the first time. Returns `false` if another task goes first.
#[inline(never)]
fn pass(cx: &Context<'_>, at: Option<(&Resource, Operation)>) -> bool {
    let polled_once = cx.waker().data().is_null();
    let goes_on = context::with(|engine| {
        let at =
            at.map(|(resource, operation)| PendingOperation::new(resource.id(engine), operation));
        engine.point(at, polled_once)
    });
    goes_on != Some(false)
}

/// Progress of a poll-based operation: its scheduling point, and its entry
/// in the wait-for graph while it is pending. Serves one operation after the
/// other.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    point: Point,
    waiting: Option<Waiting>,
}

impl Progress {
    /// Polls an operation that has a scheduling point before it starts.
    #[inline]
    pub(crate) fn drive<R>(
        &mut self,
        resource: &Resource,
        operation: Operation,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<R>,
    ) -> Poll<R> {
        ready!(self.point.poll(cx, Some((resource, operation))));
        let result = poll(cx);
        if result.is_ready() {
            self.point.reset();
        }
        self.note(resource, operation, cx, &result);
        result
    }

    /// Polls an operation that suspends its task, so that it needs no scheduling
    /// point: a timer that is not due.
    pub(crate) fn wait<R>(
        &mut self,
        resource: &Resource,
        operation: Operation,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<R>,
    ) -> Poll<R> {
        self.point = Point::passed();
        ready!(self.point.poll(cx, Some((resource, operation))));
        let result = poll(cx);
        self.note(resource, operation, cx, &result);
        result
    }

    /// Removes the entry: the operation does not wait any more.
    pub(crate) fn forget(&mut self) {
        self.waiting = None;
    }

    #[inline]
    fn note<R>(
        &mut self,
        resource: &Resource,
        operation: Operation,
        cx: &Context<'_>,
        result: &Poll<R>,
    ) {
        if result.is_ready() {
            self.waiting = None;
        } else {
            Waiting::renew_for(&mut self.waiting, resource, operation, Some(cx.waker()));
        }
    }
}

/// A future that calls a function each time that it is polled, as that of
/// [`std::future::poll_fn`], whose poll is a call where it is not inlined.
pub(crate) struct Polled<F>(F);

/// Returns a future that calls `poll` each time that it is polled.
#[inline]
pub(crate) fn polled<T, F>(poll: F) -> Polled<F>
where
    F: FnMut(&mut Context<'_>) -> Poll<T> + Unpin,
{
    Polled(poll)
}

impl<T, F: FnMut(&mut Context<'_>) -> Poll<T> + Unpin> Future for Polled<F> {
    type Output = T;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        (self.get_mut().0)(cx)
    }
}

pin_project! {
    /// One operation of the facade on one resource.
    #[must_use = "futures do nothing unless polled"]
    pub(crate) struct Op<'a, F> {
        resource: &'a Resource,
        operation: Operation,
        progress: Progress,
        #[pin]
        inner: F,
    }
}

impl<'a, F: Future> Op<'a, F> {
    /// Creates an operation that has not begun.
    pub(crate) fn new(resource: &'a Resource, operation: Operation, inner: F) -> Self {
        Self {
            resource,
            operation,
            progress: Progress::default(),
            inner,
        }
    }

    /// Creates an operation whose scheduling point was passed already.
    pub(crate) fn passed(resource: &'a Resource, operation: Operation, inner: F) -> Self {
        let mut op = Self::new(resource, operation, inner);
        op.progress.point = Point::passed();
        op
    }
}

impl<F: Future> Future for Op<'_, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let inner = this.inner;
        this.progress
            .drive(this.resource, *this.operation, cx, |cx| inner.poll(cx))
    }
}
