//! The time that an operation takes, and its scheduling point.

use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::super::time::{Sleep, sleep};
use crate::disk::RunDisk;
use crate::operation::Operation;
use crate::point::{Progress, Resource};

/// Progress of an operation on a disk. Serves one operation after the other.
#[derive(Default)]
pub(super) struct Turn {
    delay: Delay,
    progress: Progress,
}

/// The latency of the disk, as an operation waits for it.
#[derive(Default)]
enum Delay {
    #[default]
    NotBegun,
    Waiting(Pin<Box<Sleep>>),
    Over,
}

impl Turn {
    /// Polls an operation: it takes effect once the latency of the disk is over, after its
    /// scheduling point.
    pub(super) fn drive<R>(
        &mut self,
        disk: RunDisk,
        (resource, operation): (&Resource, Operation),
        cx: &mut Context<'_>,
        operate: impl FnOnce() -> R,
    ) -> Poll<R> {
        ready!(self.delay.poll(disk, cx));
        let done = self
            .progress
            .drive(resource, operation, cx, |_| Poll::Ready(operate()));
        if done.is_ready() {
            self.delay = Delay::NotBegun;
        }
        done
    }
}

impl Delay {
    fn poll(&mut self, disk: RunDisk, cx: &mut Context<'_>) -> Poll<()> {
        if matches!(self, Self::NotBegun) {
            *self = match disk.latency() {
                Some(latency) => Self::Waiting(Box::pin(sleep(latency))),
                None => Self::Over,
            };
        }
        if let Self::Waiting(sleep) = self {
            ready!(sleep.as_mut().poll(cx));
            *self = Self::Over;
        }
        Poll::Ready(())
    }
}
