//! `Semaphore`.

use std::sync::Arc;

use ::tokio::sync as real;
use ::tokio::sync::{AcquireError, TryAcquireError};

use crate::operation::{Operation, ResourceKind};
use crate::point::{Holder, Op, Resource};

/// As `tokio::sync::Semaphore`: permits, handed out first come first served.
#[derive(Debug)]
pub struct Semaphore {
    resource: Resource,
    inner: real::Semaphore,
}

impl Semaphore {
    /// The greatest number of permits of a semaphore.
    pub const MAX_PERMITS: usize = real::Semaphore::MAX_PERMITS;

    /// Creates a semaphore with that many permits.
    ///
    /// # Panics
    ///
    /// If there are more than [`Semaphore::MAX_PERMITS`].
    #[track_caller]
    pub fn new(permits: usize) -> Self {
        Self::around(Resource::new(ResourceKind::Semaphore), permits)
    }

    /// As [`Semaphore::new`], for statics.
    ///
    /// # Panics
    ///
    /// As [`Semaphore::new`].
    #[track_caller]
    pub const fn const_new(permits: usize) -> Self {
        Self::around(Resource::const_new(ResourceKind::Semaphore), permits)
    }

    const fn around(resource: Resource, permits: usize) -> Self {
        Self {
            resource,
            inner: real::Semaphore::const_new(permits),
        }
    }

    /// Returns the number of permits that are free now.
    pub fn available_permits(&self) -> usize {
        self.resource.look(Operation::AvailablePermits);
        self.inner.available_permits()
    }

    /// Adds permits.
    ///
    /// # Panics
    ///
    /// If there are then more than [`Semaphore::MAX_PERMITS`].
    pub fn add_permits(&self, n: usize) {
        self.resource.operate(Operation::AddPermits);
        self.inner.add_permits(n);
    }

    /// Removes up to `n` free permits for good. Returns their number.
    pub fn forget_permits(&self, n: usize) -> usize {
        self.resource.operate(Operation::ForgetPermits);
        self.inner.forget_permits(n)
    }

    /// Waits for a permit.
    ///
    /// # Errors
    ///
    /// If the semaphore is closed.
    pub async fn acquire(&self) -> Result<SemaphorePermit<'_>, AcquireError> {
        let inner = Op::new(&self.resource, Operation::Acquire, self.inner.acquire()).await?;
        Ok(self.permit(inner))
    }

    /// Waits for `n` permits at once.
    ///
    /// # Errors
    ///
    /// If the semaphore is closed.
    pub async fn acquire_many(&self, n: u32) -> Result<SemaphorePermit<'_>, AcquireError> {
        let acquire = self.inner.acquire_many(n);
        let inner = Op::new(&self.resource, Operation::AcquireMany, acquire).await?;
        Ok(self.permit(inner))
    }

    /// Takes a permit, if there is one.
    ///
    /// # Errors
    ///
    /// If there is none, or the semaphore is closed.
    pub fn try_acquire(&self) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        self.try_acquire_many(1)
    }

    /// Takes `n` permits, if there are as many.
    ///
    /// # Errors
    ///
    /// If there are fewer, or the semaphore is closed.
    pub fn try_acquire_many(&self, n: u32) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        self.resource.operate(Operation::TryAcquire);
        Ok(self.permit(self.inner.try_acquire_many(n)?))
    }

    /// Waits for a permit that keeps the semaphore alive.
    ///
    /// # Errors
    ///
    /// If the semaphore is closed.
    pub async fn acquire_owned(self: Arc<Self>) -> Result<OwnedSemaphorePermit, AcquireError> {
        self.acquire_many_owned(1).await
    }

    /// Waits for `n` permits at once that keep the semaphore alive.
    ///
    /// # Errors
    ///
    /// If the semaphore is closed.
    pub async fn acquire_many_owned(
        self: Arc<Self>,
        n: u32,
    ) -> Result<OwnedSemaphorePermit, AcquireError> {
        let acquire = self.inner.acquire_many(n);
        let permit = Op::new(&self.resource, Operation::AcquireOwned, acquire).await?;
        Ok(OwnedSemaphorePermit::new(permit, &self))
    }

    /// Takes a permit that keeps the semaphore alive, if there is one.
    ///
    /// # Errors
    ///
    /// If there is none, or the semaphore is closed.
    pub fn try_acquire_owned(self: Arc<Self>) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        self.try_acquire_many_owned(1)
    }

    /// Takes `n` permits that keep the semaphore alive, if there are as many.
    ///
    /// # Errors
    ///
    /// If there are fewer, or the semaphore is closed.
    pub fn try_acquire_many_owned(
        self: Arc<Self>,
        n: u32,
    ) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        self.resource.operate(Operation::TryAcquire);
        let permit = self.inner.try_acquire_many(n)?;
        Ok(OwnedSemaphorePermit::new(permit, &self))
    }

    /// Closes the semaphore: acquirers that wait, and later ones, get an error.
    pub fn close(&self) {
        self.resource.operate(Operation::Close);
        self.inner.close();
    }

    /// Returns `true` if it is closed.
    pub fn is_closed(&self) -> bool {
        self.resource.look(Operation::IsClosed);
        self.inner.is_closed()
    }

    fn permit<'a>(&'a self, inner: real::SemaphorePermit<'a>) -> SemaphorePermit<'a> {
        SemaphorePermit {
            inner,
            holder: self.resource.hold(),
            semaphore: self,
        }
    }
}

/// Permits of a [`Semaphore`], which go back when this is dropped.
#[must_use = "the permits go back at once if they are not kept"]
#[derive(Debug)]
pub struct SemaphorePermit<'a> {
    inner: real::SemaphorePermit<'a>,
    holder: Holder,
    semaphore: &'a Semaphore,
}

impl<'a> SemaphorePermit<'a> {
    /// Removes the permits for good.
    pub fn forget(self) {
        self.inner.forget();
        drop(self.holder);
    }

    /// Takes over the permits of `other`.
    ///
    /// # Panics
    ///
    /// If they belong to another semaphore.
    #[track_caller]
    pub fn merge(&mut self, other: Self) {
        self.inner.merge(other.inner);
    }

    /// Splits off `n` permits; none if there are fewer.
    pub fn split(&mut self, n: usize) -> Option<Self> {
        let inner = self.inner.split(n)?;
        Some(self.semaphore.permit(inner))
    }

    /// Returns the semaphore.
    pub fn semaphore(&self) -> &'a Semaphore {
        self.semaphore
    }

    /// Returns the number of permits.
    pub fn num_permits(&self) -> usize {
        self.inner.num_permits()
    }
}

/// Permits of a [`Semaphore`] in an `Arc`, which go back when this is dropped.
#[must_use = "the permits go back at once if they are not kept"]
#[derive(Debug)]
pub struct OwnedSemaphorePermit {
    permits: usize,
    // Held for its drop, after the permits are back.
    _holder: Holder,
    semaphore: Arc<Semaphore>,
}

impl OwnedSemaphorePermit {
    fn new(permit: real::SemaphorePermit<'_>, semaphore: &Arc<Semaphore>) -> Self {
        let permits = permit.num_permits();
        // They belong to `self` now and go back in its destructor.
        permit.forget();
        Self {
            permits,
            _holder: semaphore.resource.hold(),
            semaphore: Arc::clone(semaphore),
        }
    }

    /// Removes the permits for good.
    pub fn forget(mut self) {
        self.permits = 0;
    }

    /// Takes over the permits of `other`.
    ///
    /// # Panics
    ///
    /// If they belong to another semaphore.
    #[track_caller]
    pub fn merge(&mut self, mut other: Self) {
        assert!(
            Arc::ptr_eq(&self.semaphore, &other.semaphore),
            "merging permits from different semaphore instances"
        );
        self.permits += std::mem::take(&mut other.permits);
    }

    /// Splits off `n` permits; none if there are fewer.
    pub fn split(&mut self, n: usize) -> Option<Self> {
        self.permits = self.permits.checked_sub(n)?;
        Some(Self {
            permits: n,
            _holder: self.semaphore.resource.hold(),
            semaphore: Arc::clone(&self.semaphore),
        })
    }

    /// Returns the semaphore.
    pub fn semaphore(&self) -> &Arc<Semaphore> {
        &self.semaphore
    }

    /// Returns the number of permits.
    pub fn num_permits(&self) -> usize {
        self.permits
    }
}

impl Drop for OwnedSemaphorePermit {
    fn drop(&mut self) {
        if self.permits > 0 {
            self.semaphore.inner.add_permits(self.permits);
        }
    }
}
