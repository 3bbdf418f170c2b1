//! Guards of locks that keep their values apart from themselves.

use crate::point::{Holder, Resource};

/// The parts of a guard beside its access to the value. The lock is released before the holder's
/// entry is removed.
pub(super) struct Held<L> {
    lock: L,
    holder: Holder,
}

impl<L> Held<L> {
    pub(super) fn new(lock: L, resource: &Resource) -> Self {
        Self::by(resource.hold(), lock)
    }

    /// Creates the parts of a guard whose holder is recorded already.
    pub(super) fn by(holder: Holder, lock: L) -> Self {
        Self { lock, holder }
    }

    pub(super) fn lock(&self) -> &L {
        &self.lock
    }

    pub(super) fn map<M>(self, lock: impl FnOnce(L) -> M) -> Held<M> {
        Held {
            lock: lock(self.lock),
            holder: self.holder,
        }
    }
}

/// Defines a guard. Its access to the value ends before the lock is released, and the marker
/// gives it the traits of tokio's guard.
macro_rules! lock_guard {
    (
        $(#[$doc:meta])*
        $guard:ident [$($parameters:tt)*] $(= $default:ty,)? [$($arguments:tt)*]
        $borrow:ident<$keeper:ty, $target:ty>, $lock:ty
    ) => {
        $(#[$doc])*
        #[must_use = "the lock is released at once if its guard is not kept"]
        pub struct $guard<$($parameters)* $(= $default)?> {
            inner: $borrow<$keeper, $target>,
            held: $crate::tokio::sync::guards::Held<$lock>,
            traits: ::std::marker::PhantomData<::tokio::sync::$guard<$($arguments)*>>,
        }

        impl<$($parameters)*> $guard<$($arguments)*> {
            fn around(
                inner: $borrow<$keeper, $target>,
                held: $crate::tokio::sync::guards::Held<$lock>,
            ) -> Self {
                Self {
                    inner,
                    held,
                    traits: ::std::marker::PhantomData,
                }
            }
        }
    };
}
pub(super) use lock_guard;
