//! Scheduling points and the resources that they touch.
//!
//! Every operation of the facade is an [`Op`]: a scheduling point before it
//! starts, labelled with its resource, and an entry in the wait-for graph for
//! as long as it is pending. A release cannot suspend its task (it happens in a
//! destructor), so it is only made known to the strategy; the point of the
//! task's next operation follows it.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::context;
use crate::wait::TaskId;

/// Something that tasks contend for, numbered in order of first use in its run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ResourceId(pub(crate) u32);

impl ResourceId {
    /// The number.
    pub const fn index(self) -> u32 {
        self.0
    }
}

/// What kind of thing a resource is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ResourceKind {
    /// `sync::Mutex`.
    Mutex,
    /// `sync::RwLock`.
    RwLock,
    /// `sync::Semaphore`.
    Semaphore,
    /// `sync::Notify`.
    Notify,
    /// `sync::Barrier`.
    Barrier,
    /// A channel of any kind.
    Channel,
    /// The end of a task.
    Task,
    /// A timer.
    Timer,
    /// A socket.
    Socket,
}

impl ResourceKind {
    /// Whether tasks hold it.
    pub(crate) fn is_lock(self) -> bool {
        matches!(self, Self::Mutex | Self::RwLock | Self::Semaphore)
    }
}

impl fmt::Display for ResourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mutex => "Mutex",
            Self::RwLock => "RwLock",
            Self::Semaphore => "Semaphore",
            Self::Notify => "Notify",
            Self::Barrier => "Barrier",
            Self::Channel => "channel",
            Self::Task => "task",
            Self::Timer => "timer",
            Self::Socket => "socket",
        })
    }
}

/// The identity of a facade object: what it is, where it was made, and its
/// number in the run that uses it. Objects may be made outside a run and may
/// outlive one; the number is taken at first use in each run.
#[derive(Debug)]
pub struct Resource {
    kind: ResourceKind,
    created_at: &'static Location<'static>,
    /// The run's serial in the upper half, the number in the lower; 0: none yet.
    number: AtomicU64,
}

impl Resource {
    /// A resource that is made at the caller's place.
    #[track_caller]
    pub const fn new(kind: ResourceKind) -> Self {
        Self::at(kind, Location::caller())
    }

    pub(crate) const fn at(kind: ResourceKind, created_at: &'static Location<'static>) -> Self {
        Self {
            kind,
            created_at,
            number: AtomicU64::new(0),
        }
    }

    /// The number in the current run; none outside a run.
    pub(crate) fn id(&self) -> Option<ResourceId> {
        context::with(|engine| {
            let serial = u64::from(engine.serial()) << 32;
            let known = self.number.load(Ordering::Relaxed);
            if known & !0xffff_ffff == serial {
                return ResourceId(known as u32);
            }
            let id = engine.register(self.kind, self.created_at);
            self.number
                .store(serial | u64::from(id.0), Ordering::Relaxed);
            id
        })
    }

    /// The current task holds this from now on; see [`Holder`].
    pub(crate) fn hold(&self) -> Holder {
        let held = self.id().and_then(|resource| {
            context::with(|engine| {
                let task = engine.running()?;
                engine.hold(resource, task);
                Some((engine.serial(), resource, task))
            })
            .flatten()
        });
        Holder { held }
    }

    /// Makes a release or another operation that cannot suspend known to the
    /// strategy.
    pub(crate) fn touch(&self) {
        if let Some(resource) = self.id() {
            context::with(|engine| engine.touch(resource));
        }
    }
}

/// Says who holds a lock, for as long as it lives. Dropped, it also tells the
/// strategy that the resource was touched. Guards carry one.
#[derive(Debug)]
pub(crate) struct Holder {
    held: Option<(u32, ResourceId, TaskId)>,
}

impl Drop for Holder {
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
    /// The current task waits for `resource`. None outside a run.
    pub(crate) fn begin(resource: &Resource, operation: &'static str) -> Option<Self> {
        let resource = resource.id()?;
        context::with(|engine| {
            let task = engine.running()?;
            Some(Self {
                serial: engine.serial(),
                task,
                id: engine.begin_wait(task, resource, operation),
            })
        })
        .flatten()
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        context::with(|engine| {
            if engine.serial() == self.serial {
                engine.end_wait(self.task, self.id);
            }
        });
    }
}

/// A scheduling point for poll functions: call [`Point::poll`] first, and
/// [`Point::reset`] when the operation is done.
#[derive(Debug, Default)]
pub(crate) struct Point {
    passed: bool,
}

impl Point {
    /// Pending if the scheduler lets another task run first; the task is queued
    /// and need not be woken. Ready at once outside a run.
    pub(crate) fn poll(&mut self, resource: &Resource) -> Poll<()> {
        if self.passed {
            return Poll::Ready(());
        }
        self.passed = true;
        let resource = resource.id();
        match context::with(|engine| engine.point(resource)) {
            Some(false) => Poll::Pending,
            Some(true) | None => Poll::Ready(()),
        }
    }

    /// The next operation gets a point of its own.
    pub(crate) fn reset(&mut self) {
        self.passed = false;
    }
}

pin_project! {
    /// One operation of the facade on one resource.
    #[must_use = "futures do nothing unless polled"]
    pub(crate) struct Op<'a, F> {
        resource: &'a Resource,
        operation: &'static str,
        point: Point,
        waiting: Option<Waiting>,
        #[pin]
        inner: F,
    }
}

impl<'a, F: Future> Op<'a, F> {
    /// `operation` is the method's name, for the reader of a deadlock report.
    pub(crate) fn new(resource: &'a Resource, operation: &'static str, inner: F) -> Self {
        Self {
            resource,
            operation,
            point: Point::default(),
            waiting: None,
            inner,
        }
    }
}

impl<F: Future> Future for Op<'_, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        ready!(this.point.poll(this.resource));
        match this.inner.poll(cx) {
            Poll::Ready(output) => {
                *this.waiting = None;
                Poll::Ready(output)
            }
            Poll::Pending => {
                if this.waiting.is_none() {
                    *this.waiting = Waiting::begin(this.resource, this.operation);
                }
                Poll::Pending
            }
        }
    }
}
