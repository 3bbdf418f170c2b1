//! `select!`: tokio's own, with one scheduling point in front.
//!
//! A scheduling point makes a future pending that tokio would find ready. Inside
//! a `select!` a branch further down could then win that must not: in tokio
//! `biased` means that the first branch that is ready is taken. So the point
//! comes before the branches, and their first poll is atomic_step. When they are
//! polled again they have passed their points.

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
            // Done with the wrong value at its first poll, this branch is
            // disabled from then on; it lives as long as the others.
            ::core::option::Option::Some(()) = $crate::tokio::__private::together() => {
                ::core::unreachable!()
            }
            $($branches)*
        }
    }};
    ($($branches:tt)*) => {
        $crate::__rehearsal_select! { biased; $($branches)* }
    };
}

/// A scheduling point that is about no resource in particular.
pub async fn point() {
    let mut point = Point::default();
    std::future::poll_fn(|cx| point.poll(cx, None)).await;
}

/// See [`together`].
#[derive(Debug)]
pub struct Together {
    step: Option<u64>,
}

/// From its first poll to its end, but no longer than the task's poll takes, no
/// other task comes in between. Gives None at once.
pub fn together() -> Together {
    Together { step: None }
}

impl Future for Together {
    type Output = Option<()>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<()>> {
        self.step = context::with(|engine| engine.begin_atomic()).flatten();
        Poll::Ready(None)
    }
}

impl Drop for Together {
    fn drop(&mut self) {
        if let Some(step) = self.step {
            context::with(|engine| engine.end_atomic(step));
        }
    }
}
