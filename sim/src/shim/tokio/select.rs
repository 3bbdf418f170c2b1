//! `select!`: tokio's own, with one scheduling point in front.
//!
//! A scheduling point makes a future pending that tokio would find ready. Inside a `select!` a
//! branch further down could then win that must not: in tokio `biased` takes the first branch
//! that is ready. So the point comes before the branches, and their first poll is atomic. When
//! they are polled again they have passed their points.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::engine::context;
use crate::point::Point;

/// See [`select!`](super::select!).
#[doc(hidden)]
#[macro_export]
macro_rules! __rehearsal_select {
    (biased; $($branches:tt)*) => {{
        $crate::tokio::__private::point().await;
        $crate::tokio::__private::select! {
            biased;
            // This branch ends with the wrong value at its first poll and is disabled from then
            // on; it lives as long as the others.
            ::core::option::Option::Some(()) = $crate::tokio::__private::atomic() => {
                ::core::unreachable!()
            }
            $($branches)*
        }
    }};
    ($($branches:tt)*) => {
        $crate::__rehearsal_select! { biased; $($branches)* }
    };
}

/// Passes a scheduling point without a resource.
pub async fn point() {
    let mut point = Point::default();
    std::future::poll_fn(|cx| point.poll(cx, None)).await;
}

/// The future of [`atomic`].
#[derive(Debug)]
pub struct Atomic {
    step: Option<u64>,
}

/// Excludes every other task from its first poll to its end, but no longer than the task's poll
/// takes. Returns `None` at once.
pub fn atomic() -> Atomic {
    Atomic { step: None }
}

impl Future for Atomic {
    type Output = Option<()>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<()>> {
        self.step = context::with(|engine| engine.begin_atomic()).flatten();
        Poll::Ready(None)
    }
}

impl Drop for Atomic {
    fn drop(&mut self) {
        if let Some(step) = self.step {
            context::with(|engine| engine.end_atomic(step));
        }
    }
}
