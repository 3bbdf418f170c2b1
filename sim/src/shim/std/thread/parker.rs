//! `Thread`, and the permit to go on that each has.

use ::std::collections::BTreeMap;
use ::std::fmt;
use ::std::future::{Future, poll_fn};
use ::std::panic::Location;
use ::std::pin::pin;
use ::std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use ::std::task::{Poll, Waker};
use ::std::thread as real;
use ::std::time::Duration;

use crate::blocking;
use crate::engine::{Engine, context};
use crate::ids::TaskId;
use crate::operation::{Operation, ResourceKind};
use crate::point::{Resource, Waiting};
use crate::task;
use crate::tokio::time;

/// A thread, or a task of a run; as `std::thread::Thread`.
#[derive(Clone)]
pub struct Thread(Kind);

#[derive(Clone)]
enum Kind {
    Simulated(Arc<Parker>),
    Real(real::Thread),
}

/// The identity of a [`Thread`]; as `std::thread::ThreadId`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ThreadId(Id);

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Id {
    Simulated(TaskId),
    Real(real::ThreadId),
}

/// A task as a thread.
struct Parker {
    task: TaskId,
    name: Option<String>,
    resource: Resource,
    permit: Mutex<Permit>,
}

/// The permit to go on.
#[derive(Default)]
struct Permit {
    is_there: bool,
    waker: Option<Waker>,
}

/// The tasks of a run that are used as threads.
#[derive(Default)]
struct Parkers(Mutex<BTreeMap<TaskId, Arc<Parker>>>);

impl Parker {
    /// Returns the one of a task, which is made at the first call.
    fn of(engine: &Engine, task: TaskId, make: impl FnOnce() -> Self) -> Arc<Self> {
        let parkers = engine.extensions.get::<Parkers>().unwrap_or_else(|| {
            engine.extensions.insert(Parkers::default());
            let parkers = engine.extensions.get();
            parkers.expect("it was inserted")
        });
        let mut parkers = parkers.0.lock().unwrap_or_else(PoisonError::into_inner);
        let parker = parkers.entry(task).or_insert_with(|| Arc::new(make()));
        Arc::clone(parker)
    }

    fn new(task: TaskId, name: Option<String>, started_at: &'static Location<'static>) -> Self {
        Self {
            task,
            name,
            resource: Resource::at(ResourceKind::Thread, started_at),
            permit: Mutex::default(),
        }
    }

    fn park(&self, most: Option<Duration>) {
        self.resource.operate(Operation::Park);
        let mut waiting = None;
        let mut timer = pin!(async {
            match most {
                Some(most) => time::sleep(most).await,
                None => ::std::future::pending().await,
            }
        });
        let unparked = poll_fn(|cx| {
            if self.take_permit(cx.waker()) {
                return Poll::Ready(());
            }
            Waiting::renew(&mut waiting, &self.resource, Operation::Park);
            timer.as_mut().poll(cx)
        });
        blocking::wait("`thread::park`", unparked);
        self.permit().waker = None;
    }

    /// Takes the permit, or leaves the waker for it.
    fn take_permit(&self, waker: &Waker) -> bool {
        let mut permit = self.permit();
        permit.waker = Some(waker.clone());
        ::std::mem::take(&mut permit.is_there)
    }

    fn unpark(&self) {
        self.resource.operate(Operation::Unpark);
        let waker = {
            let mut permit = self.permit();
            permit.is_there = true;
            permit.waker.take()
        };
        waker.into_iter().for_each(Waker::wake);
    }

    fn permit(&self) -> MutexGuard<'_, Permit> {
        self.permit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the running task's; none outside a task of a run.
fn of_running_task() -> Option<Arc<Parker>> {
    context::with(|engine| {
        let task = engine.running()?;
        let started_at = engine.core.borrow().task(task)?.spawned_at;
        let make = || Parker::new(task, None, started_at);
        Some(Parker::of(engine, task, make))
    })
    .flatten()
}

#[expect(
    clippy::disallowed_methods,
    reason = "outside a run it is the standard library's"
)]
pub(super) fn current() -> Thread {
    match of_running_task() {
        Some(parker) => Thread(Kind::Simulated(parker)),
        None => Thread(Kind::Real(real::current())),
    }
}

pub(super) fn park(most: Option<Duration>) {
    match (of_running_task(), most) {
        (Some(parker), most) => parker.park(most),
        (None, Some(most)) => real::park_timeout(most),
        (None, None) => real::park(),
    }
}

impl Thread {
    pub(super) fn real(thread: real::Thread) -> Self {
        Self(Kind::Real(thread))
    }

    /// Returns the thread that a task of the run is, which was started just now.
    pub(super) fn of_task<T>(
        handle: &task::JoinHandle<T>,
        name: Option<String>,
        started_at: &'static Location<'static>,
    ) -> Self {
        let parker = context::with(|engine| {
            let task = handle.task()?;
            Some(Parker::of(engine, task, || {
                Parker::new(task, name, started_at)
            }))
        });
        Self(Kind::Simulated(
            parker.flatten().expect("a task of a run was started"),
        ))
    }

    /// Gives the thread the permit to go on: it returns from [`park`](super::park), now or when it
    /// next parks.
    pub fn unpark(&self) {
        match &self.0 {
            Kind::Simulated(parker) => parker.unpark(),
            Kind::Real(thread) => thread.unpark(),
        }
    }

    /// Returns the identity. In a run, that of a task.
    pub fn id(&self) -> ThreadId {
        ThreadId(match &self.0 {
            Kind::Simulated(parker) => Id::Simulated(parker.task),
            Kind::Real(thread) => Id::Real(thread.id()),
        })
    }

    /// Returns the name with which the thread was started.
    pub fn name(&self) -> Option<&str> {
        match &self.0 {
            Kind::Simulated(parker) => parker.name.as_deref(),
            Kind::Real(thread) => thread.name(),
        }
    }
}

impl fmt::Debug for Thread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Thread")
            .field("id", &self.id())
            .field("name", &self.name())
            .finish_non_exhaustive()
    }
}
