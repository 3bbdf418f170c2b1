//! `JoinSet`.
//!
//! Tasks that are spawned outside a run are in tokio's own set. Tasks of a run are in a set of
//! the facade, which returns their results in the order in which they end, as tokio's does.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{self, Location};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker, ready};

use ::tokio::task as real;

use super::{AbortHandle, BLOCKING_NAME, Id, JoinError, JoinHandle, LocalSet};
use crate::blocking;
use crate::operation::{Operation, ResourceKind};
use crate::point::{Progress, Resource};
use crate::shim::tokio::runtime::Handle;
use crate::task::start_on_current_host;

/// As `tokio::task::JoinSet`. Dropped, it aborts its tasks.
pub struct JoinSet<T> {
    real: real::JoinSet<T>,
    simulated: Members<T>,
    /// Progress of `poll_join_next`.
    progress: Progress,
}

impl<T> JoinSet<T> {
    /// Creates a set without tasks.
    #[track_caller]
    pub fn new() -> Self {
        Self {
            real: real::JoinSet::new(),
            simulated: Members::new(),
            progress: Progress::default(),
        }
    }

    /// Returns the number of tasks that have not been joined.
    pub fn len(&self) -> usize {
        self.real.len() + self.simulated.handles.len()
    }

    /// Returns `true` if all tasks have been joined.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T: 'static> JoinSet<T> {
    /// Spawns a task.
    ///
    /// # Panics
    ///
    /// As [`spawn`](super::spawn).
    #[track_caller]
    pub fn spawn<F>(&mut self, task: F) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        match start_on_current_host(task, Location::caller()) {
            Ok(handle) => self.simulated.insert(handle),
            Err(task) => AbortHandle::real(self.real.spawn(task)),
        }
    }

    /// Spawns a task that need not be `Send`.
    ///
    /// # Panics
    ///
    /// As [`spawn_local`](super::spawn_local).
    #[track_caller]
    pub fn spawn_local<F>(&mut self, task: F) -> AbortHandle
    where
        F: Future<Output = T> + 'static,
    {
        match super::local::start_on_current_host(task, Location::caller()) {
            Ok(handle) => self.simulated.insert(handle),
            Err(task) => AbortHandle::real(self.real.spawn_local(task)),
        }
    }

    /// Spawns a task of a runtime or a run.
    ///
    /// # Panics
    ///
    /// As [`Handle::spawn`].
    #[track_caller]
    pub fn spawn_on<F>(&mut self, task: F, handle: &Handle) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        match handle.outside() {
            Some(real) => AbortHandle::real(self.real.spawn_on(task, real)),
            None => self.simulated.insert(handle.spawn(task)),
        }
    }

    /// Runs a function that blocks, as [`spawn_blocking`](super::spawn_blocking).
    #[track_caller]
    pub fn spawn_blocking<F>(&mut self, f: F) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send,
    {
        match blocking::start(f, None, BLOCKING_NAME, Location::caller()) {
            Ok(handle) => self.simulated.insert(handle),
            Err(f) => AbortHandle::real(self.real.spawn_blocking(f)),
        }
    }

    /// Runs a function that blocks, as [`Handle::spawn_blocking`].
    #[track_caller]
    pub fn spawn_blocking_on<F>(&mut self, f: F, handle: &Handle) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send,
    {
        match handle.outside() {
            Some(real) => AbortHandle::real(self.real.spawn_blocking_on(f, real)),
            None => self.simulated.insert(handle.spawn_blocking(f)),
        }
    }

    /// Spawns a task of a [`LocalSet`].
    #[track_caller]
    pub fn spawn_local_on<F>(&mut self, task: F, local_set: &LocalSet) -> AbortHandle
    where
        F: Future<Output = T> + 'static,
    {
        match local_set.start(task, Location::caller()) {
            Ok(handle) => self.simulated.insert(handle),
            Err(task) => AbortHandle::real(self.real.spawn_local_on(task, local_set.real())),
        }
    }

    /// Waits for the next task to end. Returns its result; none if there is no task. Cancel
    /// safe.
    pub async fn join_next(&mut self) -> Option<Result<T, JoinError>> {
        self.next(Operation::JoinNext).await.map(without_id)
    }

    /// As [`JoinSet::join_next`], with the task's id.
    pub async fn join_next_with_id(&mut self) -> Option<Result<(Id, T), JoinError>> {
        self.next(Operation::JoinNextWithId).await
    }

    /// Returns the result of a task that has ended, if there is one.
    pub fn try_join_next(&mut self) -> Option<Result<T, JoinError>> {
        self.try_join_next_with_id().map(without_id)
    }

    /// As [`JoinSet::try_join_next`], with the task's id.
    pub fn try_join_next_with_id(&mut self) -> Option<Result<(Id, T), JoinError>> {
        self.simulated
            .ended
            .resource
            .operate(Operation::TryJoinNext);
        self.simulated
            .try_next()
            .or_else(|| Some(with_id(self.real.try_join_next_with_id()?)))
    }

    /// Aborts all tasks and waits for their ends.
    pub async fn shutdown(&mut self) {
        self.abort_all();
        while self.next(Operation::Shutdown).await.is_some() {}
    }

    /// Waits for all tasks. Returns their results, in the order of their ends.
    ///
    /// # Panics
    ///
    /// If one of them panicked, with its panic. If one was aborted.
    pub async fn join_all(mut self) -> Vec<T> {
        let mut output = Vec::with_capacity(self.len());
        while let Some(result) = self.next(Operation::JoinAll).await {
            match result {
                Ok((_, value)) => output.push(value),
                Err(error) if error.is_panic() => panic::resume_unwind(error.into_panic()),
                Err(error) => panic!("{error}"),
            }
        }
        output
    }

    /// Aborts all tasks. They stay in the set until they are joined.
    pub fn abort_all(&mut self) {
        self.real.abort_all();
        self.simulated.abort_all();
    }

    /// Detaches all tasks; the set is empty then.
    pub fn detach_all(&mut self) {
        self.real.detach_all();
        self.simulated.handles.clear();
    }

    /// Polls for the next task to end, as [`JoinSet::join_next`].
    pub fn poll_join_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, JoinError>>> {
        let next = ready!(self.poll_join_next_with_id(cx));
        Poll::Ready(next.map(without_id))
    }

    /// Polls for the next task to end, as [`JoinSet::join_next_with_id`].
    pub fn poll_join_next_with_id(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<(Id, T), JoinError>>> {
        // Taken out for a moment: it is driven with the rest of the set.
        let mut progress = std::mem::take(&mut self.progress);
        let next = self.drive(&mut progress, Operation::PollJoinNext, cx);
        self.progress = progress;
        next
    }

    async fn next(&mut self, operation: Operation) -> Option<Result<(Id, T), JoinError>> {
        // Local to this future, so that its drop ends the wait.
        let mut progress = Progress::default();
        poll_fn(|cx| self.drive(&mut progress, operation, cx)).await
    }

    fn drive(
        &mut self,
        progress: &mut Progress,
        operation: Operation,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<(Id, T), JoinError>>> {
        let Self {
            real, simulated, ..
        } = self;
        let ended = Arc::clone(&simulated.ended);
        progress.drive(&ended.resource, operation, cx, |cx| {
            if let Poll::Ready(Some(result)) = simulated.poll_next(cx) {
                return Poll::Ready(Some(result));
            }
            match real.poll_join_next_with_id(cx) {
                Poll::Ready(None) if !simulated.handles.is_empty() => Poll::Pending,
                next => next.map(|next| next.map(with_id)),
            }
        })
    }
}

fn with_id<T>(result: Result<(real::Id, T), real::JoinError>) -> Result<(Id, T), JoinError> {
    match result {
        Ok((id, value)) => Ok((Id::real(id), value)),
        Err(error) => Err(JoinError::real(error)),
    }
}

fn without_id<T>(result: Result<(Id, T), JoinError>) -> Result<T, JoinError> {
    result.map(|(_, value)| value)
}

impl<T> Drop for JoinSet<T> {
    fn drop(&mut self) {
        // Tokio's set does so by itself.
        self.simulated.abort_all();
    }
}

impl<T> fmt::Debug for JoinSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinSet").field("len", &self.len()).finish()
    }
}

impl<T> Default for JoinSet<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl<T, F> FromIterator<F> for JoinSet<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    #[track_caller]
    fn from_iter<I: IntoIterator<Item = F>>(tasks: I) -> Self {
        let mut set = Self::new();
        set.extend(tasks);
        set
    }
}

impl<T, F> Extend<F> for JoinSet<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    #[track_caller]
    fn extend<I: IntoIterator<Item = F>>(&mut self, tasks: I) {
        // Not `for_each`: the place of the spawns is the caller's.
        for task in tasks {
            self.spawn(task);
        }
    }
}

/// The tasks of a run that are in a set.
struct Members<T> {
    handles: BTreeMap<u64, JoinHandle<T>>,
    next_key: u64,
    ended: Arc<Ended>,
}

/// Members that have ended, in the order of their wakes.
struct Ended {
    resource: Resource,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    keys: VecDeque<u64>,
    joiner: Option<Waker>,
}

impl Ended {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The waker of a member's end.
struct Member {
    key: u64,
    ended: Arc<Ended>,
}

impl Wake for Member {
    fn wake(self: Arc<Self>) {
        // The order of the ends of members decides the order in which they are joined.
        self.ended.resource.touch();
        let joiner = {
            let mut queue = self.ended.lock();
            queue.keys.push_back(self.key);
            queue.joiner.take()
        };
        if let Some(waker) = joiner {
            waker.wake();
        }
    }
}

impl<T> Members<T> {
    #[track_caller]
    fn new() -> Self {
        Self {
            handles: BTreeMap::new(),
            next_key: 0,
            ended: Arc::new(Ended {
                resource: Resource::new(ResourceKind::JoinSet),
                queue: Mutex::default(),
            }),
        }
    }

    fn abort_all(&self) {
        self.handles.values().for_each(JoinHandle::abort);
    }

    fn insert(&mut self, mut handle: JoinHandle<T>) -> AbortHandle {
        let abort = handle.abort_handle();
        let key = self.next_key;
        self.next_key += 1;
        let ended = Arc::clone(&self.ended);
        let waker = Waker::from(Arc::new(Member { key, ended }));
        // A task of a run does not start before its spawner is suspended, so that
        // this leaves the waker there and no more.
        let early = handle.poll_result(&mut Context::from_waker(&waker));
        debug_assert!(early.is_pending(), "a new task has not ended");
        self.handles.insert(key, handle);
        abort
    }

    fn try_next(&mut self) -> Option<Result<(Id, T), JoinError>> {
        loop {
            let key = self.ended.lock().keys.pop_front()?;
            // Absent if it was detached.
            let Some(mut handle) = self.handles.remove(&key) else {
                continue;
            };
            let id = handle.id();
            // It wakes no task: the member has ended.
            match handle.poll_result(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(result) => return Some(result.map(|value| (id, value))),
                Poll::Pending => unreachable!("a task's end is all that wakes its joiner"),
            }
        }
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<(Id, T), JoinError>>> {
        if let Some(result) = self.try_next() {
            return Poll::Ready(Some(result));
        }
        if self.handles.is_empty() {
            return Poll::Ready(None);
        }
        self.ended.lock().joiner = Some(cx.waker().clone());
        Poll::Pending
    }
}
