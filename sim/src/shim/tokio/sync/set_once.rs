//! `SetOnce`.

use std::fmt;

use ::tokio::sync as real;
use ::tokio::sync::SetOnceError;

use crate::operation::{Operation, ResourceKind};
use crate::point::{Op, Resource};

/// As `tokio::sync::SetOnce`.
pub struct SetOnce<T> {
    resource: Resource,
    inner: real::SetOnce<T>,
}

impl<T> SetOnce<T> {
    /// Creates an empty cell.
    #[track_caller]
    pub fn new() -> Self {
        Self::around(Resource::new(ResourceKind::SetOnce), real::SetOnce::new())
    }

    /// Creates an empty cell, for statics.
    #[track_caller]
    pub const fn const_new() -> Self {
        let resource = Resource::const_new(ResourceKind::SetOnce);
        Self::around(resource, real::SetOnce::const_new())
    }

    /// Creates a cell with that value, or an empty one.
    #[track_caller]
    pub fn new_with(value: Option<T>) -> Self {
        Self::around(
            Resource::new(ResourceKind::SetOnce),
            real::SetOnce::new_with(value),
        )
    }

    /// Creates a cell with that value, for statics.
    #[track_caller]
    pub const fn const_new_with(value: T) -> Self {
        let resource = Resource::const_new(ResourceKind::SetOnce);
        Self::around(resource, real::SetOnce::const_new_with(value))
    }

    const fn around(resource: Resource, inner: real::SetOnce<T>) -> Self {
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

    /// Gives it a value.
    ///
    /// # Errors
    ///
    /// Returns the value, if it has one.
    pub fn set(&self, value: T) -> Result<(), SetOnceError<T>> {
        self.resource.operate(Operation::Set);
        self.inner.set(value)
    }

    /// Returns the value, if it has one.
    pub fn into_inner(self) -> Option<T> {
        self.inner.into_inner()
    }

    /// Waits for the value. Cancel safe.
    pub async fn wait(&self) -> &T {
        Op::new(&self.resource, Operation::Wait, self.inner.wait()).await
    }
}

impl<T> Default for SetOnce<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl<T> From<T> for SetOnce<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Self::new_with(Some(value))
    }
}

impl<T: Clone> Clone for SetOnce<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        Self::around(Resource::new(ResourceKind::SetOnce), self.inner.clone())
    }
}

impl<T: PartialEq> PartialEq for SetOnce<T> {
    fn eq(&self, other: &Self) -> bool {
        self.inner == other.inner
    }
}

impl<T: Eq> Eq for SetOnce<T> {}

super::debug!([T: fmt::Debug] SetOnce<T>);
