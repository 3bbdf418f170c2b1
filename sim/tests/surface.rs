//! The facade has tokio's names and signatures: compiling this is the test. One list of paths,
//! signatures and traits is compiled against both, so that any difference is a compile error.
//!
//! Intended differences, which are not in the list (the facade's modules have the details):
//!
//! - absent parts: Unix sockets, raw handles and some socket options;
//! - metadata of files, which are types of the facade;
//! - identity of types: `JoinError`, `JoinHandle`, `AbortHandle`, `Id`, `LocalKey`, runtimes and all
//!   futures that wait are the facade's own, under the same names.
//!
//! Errors, `Instant`, `Duration`, `MissedTickBehavior`, `coop`, `io`
//! and the macros other than `select!` and `task_local!` are tokio's own.

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

starts!();
starts!(A);
starts!(A B);
starts!(A B C);

/// Asserts the output of an operation's future.
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

/// Functions that return a future, and its output.
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
fn surface_equals_tokios() {
    plain::operations();
    plain::traits();
    drop(plain::closures(Default::default(), Default::default()));
    facade::operations();
    facade::traits();
    drop(facade::closures(Default::default(), Default::default()));
}
