//! `Once`.

use ::std::fmt;
use ::std::sync as real;

use real::PoisonError;

use super::Mutex;
use crate::operation::{Operation, ResourceKind};
use crate::point::Resource;

/// As `std::sync::Once`. A task that calls it while another runs the function waits.
pub struct Once {
    resource: Resource,
    /// Held while the function runs.
    running: Mutex<()>,
    inner: real::Once,
}

impl Once {
    /// Creates one that has not run.
    #[track_caller]
    pub const fn new() -> Self {
        Self {
            resource: Resource::const_new(ResourceKind::OnceCell),
            running: Mutex::new(()),
            inner: real::Once::new(),
        }
    }

    /// Calls the function, unless one was called before. Returns when it has returned.
    ///
    /// # Panics
    ///
    /// If the one that was called has panicked.
    #[track_caller]
    pub fn call_once<F>(&self, f: F)
    where
        F: FnOnce(),
    {
        self.resource.operate(Operation::CallOnce);
        if !self.inner.is_completed() {
            let _running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            self.inner.call_once(f);
        }
    }

    /// As [`Once::call_once`], also if the function that was called has panicked.
    pub fn call_once_force<F>(&self, f: F)
    where
        F: FnOnce(&real::OnceState),
    {
        self.resource.operate(Operation::CallOnce);
        if !self.inner.is_completed() {
            let _running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            self.inner.call_once_force(f);
        }
    }

    /// Returns `true` if the function has returned.
    pub fn is_completed(&self) -> bool {
        self.resource.operate(Operation::Get);
        self.inner.is_completed()
    }
}

impl Default for Once {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Once").finish_non_exhaustive()
    }
}
