//! The parts that programs are made of: tasks, locks, channels and shared variables.
//!
//! The files of `catalog/` name nothing else.

use std::fmt;
use std::sync::Arc;

use super::runtime::{JoinHandle, RwLock};
pub(super) use super::runtime::{
    Mutex, Notify, Semaphore, broadcast, mpsc, oneshot, spawn, yield_now,
};

/// The fixed part of a program's entry, which stands in its own file.
#[derive(Clone, Copy, Debug)]
pub(super) struct About {
    /// The name in scenario files, which is that of its defect too.
    pub(super) name: &'static str,
    /// The idea of the defect, in one line.
    pub(super) idea: &'static str,
    /// The name of what it promises.
    pub(super) promise: &'static str,
}

/// The outcome of a run: the promise is kept, or this is how it is broken.
pub(super) type Outcome = Result<(), String>;

/// The version of a program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Version {
    /// It keeps its promise under every schedule.
    Healthy,
    /// It carries its defect.
    Defective,
}

/// A variable that tasks share. Each operation is atomic, and a scheduling point.
pub(super) struct Shared<T>(Arc<RwLock<T>>);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl<T: Clone> Shared<T> {
    #[track_caller]
    pub(super) fn new(value: T) -> Self {
        Self(Arc::new(RwLock::new(value)))
    }

    /// Returns the value.
    pub(super) async fn get(&self) -> T {
        self.0.read().await.clone()
    }

    /// Replaces the value.
    pub(super) async fn set(&self, value: T) {
        *self.0.write().await = value;
    }

    /// Changes the value in one operation.
    pub(super) async fn update<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        change(&mut *self.0.write().await)
    }
}

/// Does so many operations that concern no other task.
pub(super) async fn work(operations: u32) {
    let own = Shared::new(0);
    for operation in 0..operations {
        own.set(operation).await;
    }
}

/// Waits for tasks, and returns their results in the same order.
///
/// # Panics
///
/// If one of them has panicked or was aborted.
pub(super) async fn join<T>(tasks: impl IntoIterator<Item = JoinHandle<T>>) -> Vec<T> {
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.expect("a task of a program ends"));
    }
    results
}

/// Waits for tasks that may be cancelled.
pub(super) async fn ended<T>(tasks: impl IntoIterator<Item = JoinHandle<T>>) {
    for task in tasks {
        // It has ended, or was cancelled.
        let _ = task.await;
    }
}

/// Returns the outcome of a promise that is kept, or the text that says how it is broken.
pub(super) fn promise(kept: bool, broken: impl FnOnce() -> String) -> Outcome {
    if kept { Ok(()) } else { Err(broken()) }
}
