//! `task_local!` and its keys.
//!
//! Tokio's are thread-locals that have their value while the future of a scope is polled. A task
//! that is suspended in the middle of such a poll would leave it to the other tasks of the run.
//! Here the value goes with the stack.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::marker::{PhantomData, PhantomPinned};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::engine::stack_values::{self, Key};

/// Defines keys of values that belong to a task, or to a part of one. As `tokio::task_local!`.
///
/// ```
/// use rehearsal_sim::tokio;
///
/// tokio::task_local! {
///     static NUMBER: u32;
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let double = NUMBER.scope(21, async { NUMBER.get() * 2 }).await;
/// assert_eq!(double, 42);
/// # }
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! __rehearsal_task_local {
    () => {};
    ($(#[$attr:meta])* $vis:vis static $name:ident: $type:ty; $($rest:tt)*) => {
        $(#[$attr])*
        $vis static $name: $crate::tokio::task::LocalKey<$type> =
            $crate::tokio::task::LocalKey::__new();
        $crate::__rehearsal_task_local!($($rest)*);
    };
    ($(#[$attr:meta])* $vis:vis static $name:ident: $type:ty) => {
        $crate::__rehearsal_task_local!($(#[$attr])* $vis static $name: $type;);
    };
}

/// The key of a value; as `tokio::task::LocalKey`.
pub struct LocalKey<T: 'static> {
    // Statics without a size could share an address, by which a key is known.
    _address: u8,
    _value: PhantomData<fn() -> T>,
}

/// The reason for which there is no value: the code is in no scope of the key.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub struct AccessError(());

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("task-local value not set")
    }
}

impl std::error::Error for AccessError {}

impl<T: 'static> LocalKey<T> {
    /// Part of the expansion of `task_local!`.
    #[doc(hidden)]
    pub const fn __new() -> Self {
        Self {
            _address: 0,
            _value: PhantomData,
        }
    }

    /// Returns a future in which the key has that value.
    pub fn scope<F>(&'static self, value: T, f: F) -> TaskLocalFuture<T, F>
    where
        F: Future,
    {
        TaskLocalFuture {
            local: self,
            value: Some(value),
            future: Some(f),
            _pinned: PhantomPinned,
        }
    }

    /// Calls a function in which the key has that value.
    pub fn sync_scope<F, R>(&'static self, value: T, f: F) -> R
    where
        F: FnOnce() -> R,
    {
        let mut value = Some(value);
        let _scope = Scope::enter(self, &mut value);
        f()
    }

    /// Calls a function with the value.
    ///
    /// # Panics
    ///
    /// Outside all scopes of the key.
    #[track_caller]
    pub fn with<F, R>(&'static self, f: F) -> R
    where
        F: FnOnce(&T) -> R,
    {
        match self.try_with(f) {
            Ok(result) => result,
            Err(_) => panic!("cannot access a task-local storage value without setting it first"),
        }
    }

    /// Calls a function with the value.
    ///
    /// # Errors
    ///
    /// Outside all scopes of the key.
    pub fn try_with<F, R>(&'static self, f: F) -> Result<R, AccessError>
    where
        F: FnOnce(&T) -> R,
    {
        let value = stack_values::innermost(Key::of(self)).ok_or(AccessError(()))?;
        let value = value.downcast::<Value<T>>();
        let value = value.expect("values are stored under their key");
        value.borrow().as_ref().map(f).ok_or(AccessError(()))
    }
}

impl<T: Clone + 'static> LocalKey<T> {
    /// Returns a copy of the value.
    ///
    /// # Panics
    ///
    /// Outside all scopes of the key.
    #[track_caller]
    pub fn get(&'static self) -> T {
        self.with(T::clone)
    }

    /// Returns a copy of the value.
    ///
    /// # Errors
    ///
    /// Outside all scopes of the key.
    pub fn try_get(&'static self) -> Result<T, AccessError> {
        self.try_with(T::clone)
    }
}

impl<T: 'static> fmt::Debug for LocalKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("LocalKey { .. }")
    }
}

/// The value of a key within a scope; none if it was taken out.
type Value<T> = RefCell<Option<T>>;

/// A scope that the current code is in. The value goes back when this is dropped.
struct Scope<'a, T: 'static> {
    local: &'static LocalKey<T>,
    owner: &'a mut Option<T>,
    shared: Rc<Value<T>>,
}

impl<'a, T: 'static> Scope<'a, T> {
    fn enter(local: &'static LocalKey<T>, owner: &'a mut Option<T>) -> Self {
        let shared = Rc::new(RefCell::new(owner.take()));
        stack_values::enter(Key::of(local), Rc::<Value<T>>::clone(&shared));
        Self {
            local,
            owner,
            shared,
        }
    }
}

impl<T: 'static> Drop for Scope<'_, T> {
    fn drop(&mut self) {
        drop(stack_values::leave(Key::of(self.local)));
        *self.owner = self.shared.take();
    }
}

pin_project! {
    /// A future in which a key has a value; as `tokio::task::futures::TaskLocalFuture`.
    pub struct TaskLocalFuture<T, F>
    where
        T: 'static,
    {
        local: &'static LocalKey<T>,
        // None while the future is polled, and once it was taken.
        value: Option<T>,
        // None once it has ended.
        #[pin]
        future: Option<F>,
        #[pin]
        _pinned: PhantomPinned,
    }

    impl<T: 'static, F> PinnedDrop for TaskLocalFuture<T, F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.future.is_some() {
                // Its destructors have the value.
                let _scope = Scope::enter(this.local, this.value);
                this.future.set(None);
            }
        }
    }
}

impl<T, F> TaskLocalFuture<T, F>
where
    T: 'static,
{
    /// Takes the value out, also before the future has ended: from then on the key has none in it.
    pub fn take_value(self: Pin<&mut Self>) -> Option<T> {
        self.project().value.take()
    }
}

impl<T: 'static, F: Future> Future for TaskLocalFuture<T, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let Some(future) = this.future.as_mut().as_pin_mut() else {
            panic!("`TaskLocalFuture` polled after completion");
        };
        let _scope = Scope::enter(this.local, this.value);
        let poll = future.poll(cx);
        if poll.is_ready() {
            this.future.set(None);
        }
        poll
    }
}

impl<T: 'static, F> fmt::Debug for TaskLocalFuture<T, F>
where
    T: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskLocalFuture")
            .field("value", &self.value)
            .finish_non_exhaustive()
    }
}
