//! Atomics, as in `std::sync::atomic`. Each operation is one step, whatever it would be in the
//! processor.

use ::std::fmt;
use ::std::sync::atomic as real;

pub use ::std::sync::atomic::{Ordering, compiler_fence, fence};

use crate::operation::{Operation, ResourceKind};
use crate::point::Resource;

/// Generates a type with the operations that all atomics have.
macro_rules! atomic {
    ($(#[$doc:meta])* $name:ident $(<$t:ident>)?, $value:ty) => {
        $(#[$doc])*
        pub struct $name $(<$t>)? {
            inner: real::$name $(<$t>)?,
            resource: Resource,
        }

        impl $(<$t>)? $name $(<$t>)? {
            /// Creates it with a value.
            #[track_caller]
            pub const fn new(value: $value) -> Self {
                Self {
                    inner: real::$name::new(value),
                    resource: Resource::const_new(ResourceKind::Atomic),
                }
            }

            /// Returns the value, which no task can use meanwhile.
            pub fn get_mut(&mut self) -> &mut $value {
                self.inner.get_mut()
            }

            /// Returns the value.
            pub fn into_inner(self) -> $value {
                self.inner.into_inner()
            }

            /// Returns the value.
            ///
            /// # Panics
            ///
            /// If `order` is one for stores.
            #[inline]
            pub fn load(&self, order: Ordering) -> $value {
                self.resource.operate(Operation::Load);
                self.inner.load(order)
            }

            /// Stores a value.
            ///
            /// # Panics
            ///
            /// If `order` is one for loads.
            #[inline]
            pub fn store(&self, value: $value, order: Ordering) {
                self.resource.operate(Operation::Store);
                self.inner.store(value, order);
            }

            /// Stores a value and returns the one before.
            #[inline]
            pub fn swap(&self, value: $value, order: Ordering) -> $value {
                self.resource.operate(Operation::Swap);
                self.inner.swap(value, order)
            }

            /// Stores `new` if the value is `current`, and returns the one before.
            ///
            /// # Errors
            ///
            /// The value, if it is another.
            ///
            /// # Panics
            ///
            /// If `failure` is an order for stores.
            #[inline]
            pub fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                self.resource.operate(Operation::CompareExchange);
                self.inner.compare_exchange(current, new, success, failure)
            }

            /// As `compare_exchange`. It does not fail without a reason, as it may in a processor.
            ///
            /// # Errors
            ///
            /// The value, if it is another.
            ///
            /// # Panics
            ///
            /// If `failure` is an order for stores.
            #[inline]
            pub fn compare_exchange_weak(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                self.resource.operate(Operation::CompareExchangeWeak);
                // Not the weak one, whose result the processor decides.
                self.inner.compare_exchange(current, new, success, failure)
            }

            /// Stores what `update` makes of the value, if it makes something of it, and returns
            /// the value before.
            ///
            /// # Errors
            ///
            /// The value, if `update` makes nothing of it.
            ///
            /// # Panics
            ///
            /// If `fetch_order` is one for stores.
            pub fn fetch_update<F>(
                &self,
                set_order: Ordering,
                fetch_order: Ordering,
                mut update: F,
            ) -> Result<$value, $value>
            where
                F: FnMut($value) -> Option<$value>,
            {
                let mut before = self.load(fetch_order);
                while let Some(next) = update(before) {
                    match self.compare_exchange_weak(before, next, set_order, fetch_order) {
                        Ok(before) => return Ok(before),
                        Err(other) => before = other,
                    }
                }
                Err(before)
            }
        }

        impl $(<$t>)? From<$value> for $name $(<$t>)? {
            #[track_caller]
            fn from(value: $value) -> Self {
                Self::new(value)
            }
        }

        /// The value, without a scheduling point.
        impl $(<$t>)? fmt::Debug for $name $(<$t>)? {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.inner.fmt(f)
            }
        }
    };
}

/// Generates methods that combine the value with another and return the one before.
macro_rules! combine {
    ($name:ident, $value:ty: $($method:ident = $operation:ident, $doc:literal;)*) => {
        impl $name {
            $(
                #[doc = concat!("Stores ", $doc, ", and returns the value before.")]
                #[inline]
                pub fn $method(&self, value: $value, order: Ordering) -> $value {
                    self.resource.operate(Operation::$operation);
                    self.inner.$method(value, order)
                }
            )*
        }

        impl Default for $name {
            #[track_caller]
            fn default() -> Self {
                Self::new(<$value>::default())
            }
        }
    };
}

macro_rules! integers {
    ($($name:ident of $value:ty;)*) => {
        $(
            atomic!(
                #[doc = concat!("As `std::sync::atomic::", stringify!($name), "`.")]
                $name, $value
            );
            combine!($name, $value:
                fetch_add = FetchAdd, "the sum, which wraps around";
                fetch_sub = FetchSub, "the difference, which wraps around";
                fetch_and = FetchAnd, "the bits that both have";
                fetch_nand = FetchNand, "the bits that not both have";
                fetch_or = FetchOr, "the bits that one of both has";
                fetch_xor = FetchXor, "the bits that exactly one of both has";
                fetch_max = FetchMax, "the greater of both";
                fetch_min = FetchMin, "the smaller of both";
            );
        )*
    };
}

integers! {
    AtomicI8 of i8;
    AtomicU8 of u8;
    AtomicI16 of i16;
    AtomicU16 of u16;
    AtomicI32 of i32;
    AtomicU32 of u32;
    AtomicI64 of i64;
    AtomicU64 of u64;
    AtomicIsize of isize;
    AtomicUsize of usize;
}

atomic!(
    /// As `std::sync::atomic::AtomicBool`.
    AtomicBool, bool
);
combine!(AtomicBool, bool:
    fetch_and = FetchAnd, "`true` if both are";
    fetch_nand = FetchNand, "`true` unless both are";
    fetch_or = FetchOr, "`true` if one of both is";
    fetch_xor = FetchXor, "`true` if exactly one of both is";
);

atomic!(
    /// As `std::sync::atomic::AtomicPtr`.
    AtomicPtr<T>, *mut T
);

impl<T> Default for AtomicPtr<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(::std::ptr::null_mut())
    }
}
