//! `OnceLock` and `LazyLock`.

use ::std::fmt;
use ::std::ops::Deref;
use ::std::sync as real;

use real::PoisonError;

use super::Mutex;
use crate::operation::{Operation, ResourceKind};
use crate::point::Resource;

/// As `std::sync::OnceLock`. A task that needs the value while another makes it waits.
pub struct OnceLock<T> {
    resource: Resource,
    /// Held while the value is made.
    making: Mutex<()>,
    inner: real::OnceLock<T>,
}

impl<T> OnceLock<T> {
    /// Creates one without a value.
    #[track_caller]
    pub const fn new() -> Self {
        Self {
            resource: Resource::const_new(ResourceKind::OnceCell),
            making: Mutex::new(()),
            inner: real::OnceLock::new(),
        }
    }

    /// Returns the value, if it has one.
    pub fn get(&self) -> Option<&T> {
        self.resource.operate(Operation::Get);
        self.inner.get()
    }

    /// Returns the value, which no task can use meanwhile, if it has one.
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.inner.get_mut()
    }

    /// Sets the value.
    ///
    /// # Errors
    ///
    /// The value, if it has one already.
    pub fn set(&self, value: T) -> Result<(), T> {
        self.resource.operate(Operation::Set);
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        self.inner.set(value)
    }

    /// Returns the value, which `make` makes if there is none.
    pub fn get_or_init<F>(&self, make: F) -> &T
    where
        F: FnOnce() -> T,
    {
        self.resource.operate(Operation::GetOrInit);
        if let Some(value) = self.inner.get() {
            return value;
        }
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        self.inner.get_or_init(make)
    }

    /// Returns the value, if it has one.
    pub fn into_inner(self) -> Option<T> {
        self.inner.into_inner()
    }

    /// Takes the value out, if it has one.
    pub fn take(&mut self) -> Option<T> {
        self.inner.take()
    }
}

impl<T> Default for OnceLock<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl<T> From<T> for OnceLock<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        let lock = Self::new();
        let _ = lock.inner.set(value);
        lock
    }
}

/// The value, without a scheduling point.
impl<T: fmt::Debug> fmt::Debug for OnceLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

/// As `std::sync::LazyLock`.
pub struct LazyLock<T, F = fn() -> T> {
    value: OnceLock<T>,
    /// None once it was called.
    make: real::Mutex<Option<F>>,
}

impl<T, F: FnOnce() -> T> LazyLock<T, F> {
    /// Creates one whose value `make` makes at its first use.
    #[track_caller]
    pub const fn new(make: F) -> Self {
        Self {
            value: OnceLock::new(),
            make: real::Mutex::new(Some(make)),
        }
    }

    /// Returns the value, which is made first if there is none.
    ///
    /// # Panics
    ///
    /// If the function that makes it has panicked.
    pub fn force(this: &Self) -> &T {
        this.value.get_or_init(|| {
            let make = this
                .make
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            match make {
                Some(make) => make(),
                None => panic!("the function that makes the value of a LazyLock has panicked"),
            }
        })
    }
}

impl<T, F: FnOnce() -> T> Deref for LazyLock<T, F> {
    type Target = T;

    fn deref(&self) -> &T {
        Self::force(self)
    }
}

/// The value, if it was made, without a scheduling point.
impl<T: fmt::Debug, F> fmt::Debug for LazyLock<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LazyLock").field(&self.value).finish()
    }
}
