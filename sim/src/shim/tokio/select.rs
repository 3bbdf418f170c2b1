//! `select!`: tokio's own, with one scheduling point in front, and the branch that it polls
//! first as a choice of the run.
//!
//! A scheduling point makes a future pending that tokio would find ready. Inside a `select!` a
//! branch further down could then win that must not: in tokio `biased` takes the first branch
//! that is ready. So the point comes before the branches, and their first poll is atomic. When
//! they are polled again they have passed their points.
//!
//! Without `biased;` tokio draws the branch that it polls first, from a generator that no run
//! can seed. Its macro takes the expression that draws as an argument of an internal rule; the
//! facade passes one that chooses. The rule is not part of tokio's interface. It has been the
//! same since `biased;` exists; a tokio without it is an error when a `select!` is compiled.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};

use crate::engine::context;
use crate::point::Point;

/// See [`select!`](super::select!).
#[doc(hidden)]
#[macro_export]
macro_rules! __rehearsal_select {
    (biased; $($branches:tt)*) => {{
        $crate::tokio::__private::point().await;
        let order = $crate::tokio::__private::Order::as_written();
        $crate::tokio::__private::select! {
            biased;
            // This branch ends with the wrong value at its first poll and is disabled from then
            // on; it lives as long as the others.
            ::core::option::Option::Some(()) = order.atomic() => { ::core::unreachable!() }
            $($branches)*
        }
    }};
    ($($branches:tt)*) => {{
        $crate::tokio::__private::point().await;
        let order = $crate::tokio::__private::Order::chosen();
        $crate::tokio::__private::select! {
            // The constant is tokio's: the number of branches.
            @{ start={ order.first(BRANCHES) }; () }
            ::core::option::Option::Some(()) = order.atomic() => { ::core::unreachable!() }
            $($branches)*
        }
    }};
}

/// Passes a scheduling point without a resource.
pub async fn point() {
    let mut point = Point::default();
    std::future::poll_fn(|cx| point.poll(cx, None)).await;
}

/// The order of the branches of one `select!`.
///
/// Before them comes one of the macro's own, which [`Order::atomic`] makes. It has number 0,
/// and so the first as written has number 1.
#[derive(Debug)]
pub struct Order {
    /// The place of a `select!` that chooses; none with `biased;`.
    chosen_at: Option<&'static Location<'static>>,
    /// The branch that is polled first; set at the first poll.
    first: OnceLock<u32>,
    /// The argument of `end_atomic`; set at the first poll.
    step: OnceLock<Option<u64>>,
}

impl Order {
    /// Creates the order in which the branches are written.
    pub const fn as_written() -> Self {
        Self::at(None)
    }

    /// Creates the order that begins with a branch that the run chooses, at the first poll, and
    /// goes on from there as written. The caller's place is that of the `select!`.
    #[track_caller]
    pub const fn chosen() -> Self {
        Self::at(Some(Location::caller()))
    }

    const fn at(chosen_at: Option<&'static Location<'static>>) -> Self {
        Self {
            chosen_at,
            first: OnceLock::new(),
            step: OnceLock::new(),
        }
    }

    /// Returns the branch that is polled first, of so many with the macro's own. The first call
    /// begins the atomic part, because the macro's branch may not be the first to be polled.
    pub fn first(&self, branches: u32) -> u32 {
        *self.first.get_or_init(|| {
            let chosen = self.chosen_at.and_then(|place| {
                context::with(|engine| engine.choose_branch(branches - 1, place))
            });
            self.begin_atomic();
            match chosen {
                None | Some(0) => 0,
                Some(branch) => branch + 1,
            }
        })
    }

    /// Returns the macro's own branch. Every other task is excluded from the first poll to its
    /// drop, but no longer than the task's poll takes. It returns `None` at once.
    pub fn atomic(&self) -> Atomic<'_> {
        Atomic(self)
    }

    fn begin_atomic(&self) {
        self.step
            .get_or_init(|| context::with(|engine| engine.begin_atomic()).flatten());
    }
}

/// The future of [`Order::atomic`].
#[derive(Debug)]
pub struct Atomic<'a>(&'a Order);

impl Future for Atomic<'_> {
    type Output = Option<()>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<()>> {
        self.0.begin_atomic();
        Poll::Ready(None)
    }
}

impl Drop for Atomic<'_> {
    fn drop(&mut self) {
        if let Some(Some(step)) = self.0.step.get() {
            context::with(|engine| engine.end_atomic(*step));
        }
    }
}
