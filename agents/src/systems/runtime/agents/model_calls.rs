//! The model that agents call: it takes every call, and records how many there are.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Mutex;

use rehearsal_history::Actor;
use rehearsal_sim::VirtualTime;

use super::super::host::WINDOW;
use super::super::marks::MODEL_LIMITED;
use crate::record::Recorder;
use crate::record::recorder::lock;

/// The calls of a run.
#[derive(Debug)]
pub(super) struct ModelCalls {
    /// Calls that are allowed in a minute.
    limit: u32,
    calls: Mutex<Calls>,
}

#[derive(Debug, Default)]
struct Calls {
    last: u64,
    /// Calls that wait, with the times at which they were asked for.
    waiting: BTreeSet<(VirtualTime, u64)>,
    /// The times of the calls of the last minute.
    made: VecDeque<VirtualTime>,
}

/// A call that waits to be allowed.
pub(super) struct Waiting<'a> {
    calls: &'a ModelCalls,
    asked: (VirtualTime, u64),
}

impl ModelCalls {
    pub(super) fn new(limit: u32) -> Self {
        Self {
            limit,
            calls: Mutex::default(),
        }
    }

    /// Returns `true` if calls are limited.
    pub(super) fn is_limited(&self) -> bool {
        self.limit > 0
    }

    /// Records that a call is asked for.
    pub(super) fn ask(&self, now: VirtualTime) -> Waiting<'_> {
        let mut calls = lock(&self.calls);
        calls.last += 1;
        let asked = (now, calls.last);
        calls.waiting.insert(asked);
        Waiting { calls: self, asked }
    }
}

impl Waiting<'_> {
    /// Records that the call is made.
    pub(super) fn made(self, recorder: &Recorder, actor: &Actor) {
        let (now, (asked, _)) = (recorder.now(), self.asked);
        if now > asked {
            recorder.mark(MODEL_LIMITED);
        }
        let limit = self.calls.limit as usize;
        let (earliest, count) = {
            let mut calls = lock(&self.calls.calls);
            calls.waiting.remove(&self.asked);
            calls.made.retain(|made| now.since(*made) < WINDOW);
            calls.made.push_back(now);
            (calls.waiting.first().map(|(at, _)| *at), calls.made.len())
        };
        let checked = match count <= limit {
            true => Ok(()),
            false => Err(format!("{count} calls in one minute, {limit} are allowed")),
        };
        actor.invariant("no more model calls in any minute than allowed", checked);
        // What was asked for at one instant has no order.
        let checked = match earliest.filter(|earliest| *earliest < asked) {
            None => Ok(()),
            Some(earliest) => Err(format!(
                "a call of {asked} is made while one of {earliest} waits"
            )),
        };
        actor.invariant("model calls are made in the order of asking", checked);
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        lock(&self.calls.calls).waiting.remove(&self.asked);
    }
}
