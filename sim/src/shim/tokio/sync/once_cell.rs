//! `OnceCell`.

use std::convert::Infallible;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};

use ::tokio::sync as real;
use ::tokio::sync::SetError;

use crate::operation::{Operation, ResourceKind};
use crate::point::{Progress, Resource};

/// As `tokio::sync::OnceCell`.
pub struct OnceCell<T> {
    resource: Resource,
    inner: real::OnceCell<T>,
}

impl<T> OnceCell<T> {
    /// Creates an empty cell.
    #[track_caller]
    pub fn new() -> Self {
        Self::around(
            Resource::new(ResourceKind::OnceCell),
            real::OnceCell::const_new(),
        )
    }

    /// Creates an empty cell, for statics.
    #[track_caller]
    pub const fn const_new() -> Self {
        let resource = Resource::const_new(ResourceKind::OnceCell);
        Self::around(resource, real::OnceCell::const_new())
    }

    /// Creates a cell with that value, or an empty one.
    #[track_caller]
    pub fn new_with(value: Option<T>) -> Self {
        Self::around(
            Resource::new(ResourceKind::OnceCell),
            real::OnceCell::new_with(value),
        )
    }

    /// Creates a cell with that value, for statics.
    #[track_caller]
    pub const fn const_new_with(value: T) -> Self {
        let resource = Resource::const_new(ResourceKind::OnceCell);
        Self::around(resource, real::OnceCell::const_new_with(value))
    }

    const fn around(resource: Resource, inner: real::OnceCell<T>) -> Self {
        Self { resource, inner }
    }

    /// Returns `true` if it has a value.
    pub fn initialized(&self) -> bool {
        self.resource.look(Operation::Get);
        self.inner.initialized()
    }

    /// Returns the value, if it has one.
    pub fn get(&self) -> Option<&T> {
        self.resource.look(Operation::Get);
        self.inner.get()
    }

    /// Returns the value, if it has one.
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.inner.get_mut()
    }

    /// Gives it a value.
    ///
    /// # Errors
    ///
    /// If it has one, or a task is making one.
    pub fn set(&self, value: T) -> Result<(), SetError<T>> {
        self.resource.operate(Operation::Set);
        self.inner.set(value)
    }

    /// Returns the value, which `f` makes if there is none. While one task makes it, the others
    /// wait; if that task is cancelled, the next one tries.
    pub async fn get_or_init<F, Fut>(&self, f: F) -> &T
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = T>,
    {
        let made = self.get_or_try_init(|| async { Ok::<T, Infallible>(f().await) });
        match made.await {
            Ok(value) => value,
            Err(never) => match never {},
        }
    }

    /// As [`OnceCell::get_or_init`], with an `f` that may fail.
    ///
    /// # Errors
    ///
    /// The error of `f`.
    pub async fn get_or_try_init<E, F, Fut>(&self, f: F) -> Result<&T, E>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let making = AtomicBool::new(false);
        let mut inner = pin!(self.inner.get_or_try_init(|| {
            making.store(true, Ordering::Relaxed);
            let holder = self.resource.hold();
            let value = f();
            async move {
                let value = value.await;
                drop(holder);
                value
            }
        }));
        let mut progress = Progress::default();
        poll_fn(|cx| {
            // The task that makes the value waits for whatever `f` waits for, not for the cell.
            if making.load(Ordering::Relaxed) {
                return inner.as_mut().poll(cx);
            }
            let poll = progress.drive(&self.resource, Operation::GetOrInit, cx, |cx| {
                inner.as_mut().poll(cx)
            });
            if making.load(Ordering::Relaxed) {
                progress.forget();
            }
            poll
        })
        .await
    }

    /// Returns the value, if it has one.
    pub fn into_inner(self) -> Option<T> {
        self.inner.into_inner()
    }

    /// Takes the value out, if it has one.
    pub fn take(&mut self) -> Option<T> {
        self.resource.operate(Operation::Take);
        self.inner.take()
    }
}

impl<T> Default for OnceCell<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl<T> From<T> for OnceCell<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Self::new_with(Some(value))
    }
}

impl<T: Clone> Clone for OnceCell<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        Self::around(Resource::new(ResourceKind::OnceCell), self.inner.clone())
    }
}

impl<T: PartialEq> PartialEq for OnceCell<T> {
    fn eq(&self, other: &Self) -> bool {
        self.inner == other.inner
    }
}

impl<T: Eq> Eq for OnceCell<T> {}

super::debug!([T: fmt::Debug] OnceCell<T>);
