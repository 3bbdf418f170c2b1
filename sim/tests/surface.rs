//! The facade has tokio's names and signatures: that this compiles is the test.
//! One list of paths, signatures and traits is held against both, so that what
//! differs, or is in one of them only, does not compile.
//!
//! Not in the list, because it is meant to differ (the facade's modules say more):
//!
//! - what is absent: all that needs threads or a runtime of tokio's, Unix sockets,
//!   raw handles and some socket options;
//! - `Mutex<T>` and `RwLock<T>` of a `T` whose size is not known;
//! - `const` where the facade has it and tokio only in `const_new`;
//! - that types are the same: `JoinError`, `JoinHandle`, `AbortHandle`, `Id` and all
//!   that wait are the facade's own, under the same names.
//!
//! Errors, `Instant`, `Duration`, `MissedTickBehavior`, `LocalKey`, `coop`, `io`,
//! `runtime` and the macros other than `select!` are tokio's own.

use std::future::Future;

/// A pointer to a function that returns a future.
trait Starts {
    type Future;
}

macro_rules! starts {
    ($($argument:ident)*) => {
        impl<F, $($argument),*> Starts for fn($($argument),*) -> F {
            type Future = F;
        }
    };
}

starts!(A);
starts!(A B);
starts!(A B C);

/// Says what the future of an operation gives.
fn gives<S, T>(_: S)
where
    S: Starts,
    S::Future: Future<Output = T>,
{
}

/// Functions with their signatures.
macro_rules! functions {
    ($($path:path: ($($argument:ty),*) $(-> $result:ty)?;)*) => {$(
        const _: for<'a> fn($($argument),*) $(-> $result)? = $path;
    )*};
}

/// Functions that return a future, and what that gives.
macro_rules! operations {
    ($($path:path: ($($argument:ty),*) -> $result:ty;)*) => {
        #[expect(clippy::extra_unused_lifetimes, reason = "the list names it")]
        pub(crate) fn operations<'a>() {
            $({
                let operation: fn($($argument),*) -> _ = $path;
                gives::<_, $result>(operation);
            })*
        }
    };
}

/// Types with their traits.
macro_rules! traits {
    ($($type:ty: $($bound:path),+;)*) => {
        #[expect(clippy::extra_unused_lifetimes, reason = "the list names it")]
        pub(crate) fn traits<'a>() {
            $({
                fn has<T: ?Sized $(+ $bound)+>() {}
                has::<$type>();
            })*
        }
    };
}

macro_rules! surface {
    ($module:ident, ::$($tokio:ident)::+, ::$($tokio_util:ident)::+) => {
        mod $module {
            use super::gives;
            use ::$($tokio)::+ as tokio;
            use ::$($tokio_util)::+ as tokio_util;
            include!("surface/list.rs");
        }
    };
}

surface!(plain, ::tokio, ::tokio_util);
surface!(facade, ::rehearsal_sim::tokio, ::rehearsal_sim::tokio_util);

#[test]
fn the_surface_is_tokios() {
    plain::operations();
    plain::traits();
    drop(plain::closures(Default::default(), Default::default()));
    facade::operations();
    facade::traits();
    drop(facade::closures(Default::default(), Default::default()));
}
