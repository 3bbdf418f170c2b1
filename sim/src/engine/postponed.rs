//! Postponed tasks: ready, and passed over until no other task can go on.
//!
//! The idea of postponing a thread at a chosen place, and of releasing one when all are
//! postponed, is that of K. Sen: "Race Directed Random Testing of Concurrent Programs", PLDI
//! 2008. Here it is a kind of deviation: with it, "let the others go first" costs one deviation,
//! and not one at each of their turns.

use crate::ids::{HostId, TaskId};
use crate::schedule::strategy::{Candidates, PendingOperation};
use crate::schedule::{POSTPONED_STEPS, Postponed};
use crate::trace::{Postponement, Resumption};

use super::core::{Core, RunObjects};
use super::{Engine, Recording};

impl Core {
    /// Returns `true` if the default candidate is to be postponed, and records that it is. The
    /// caller does it.
    #[inline]
    pub(super) fn postpones(
        &mut self,
        running: Option<(TaskId, Option<PendingOperation>)>,
    ) -> bool {
        if !self.can_postpone {
            return false;
        }
        self.is_default_postponed(running)
    }

    #[inline(never)]
    fn is_default_postponed(
        &mut self,
        running: Option<(TaskId, Option<PendingOperation>)>,
    ) -> bool {
        let replays = self.draws.replays_picks();
        let candidates = Candidates {
            running,
            ready: &self.ready,
            postponed: &self.postponed,
            points: &self.points,
            objects: &RunObjects {
                tasks: &self.tasks,
                resources: &self.resources,
            },
        };
        let Some(task) = candidates.task(0).filter(|_| candidates.len() > 1) else {
            return false;
        };
        let turn = self.spawn_tree.turns(task);
        // If it was woken while it ran, it is in the queue already.
        let is_queued = running.is_some() && self.task(task).is_some_and(|task| task.is_ready);
        // Its address is the turn, so that there can be one postponement before each.
        let is_first_up = self.spawn_tree.is_first_up(task);
        let is_postponable = is_first_up && !is_queued && candidates.is_postponable();
        let wanted = if replays {
            let site = self.spawn_tree.postpone_site(task, &mut self.draws);
            let site = site.expect("a replayed choice has a site");
            is_postponable && self.draws.is_postponed(site, turn)
        } else {
            let wanted = self.strategy.postpones(&candidates, turn, is_postponable);
            wanted && is_postponable
        };
        if wanted {
            let at = candidates.point(0);
            self.record_postponement(task, turn, at, running.is_some());
        }
        wanted
    }

    #[cold]
    fn record_postponement(
        &mut self,
        task: TaskId,
        turn: u32,
        at: Option<PendingOperation>,
        running: bool,
    ) {
        let operation = self.name_if_a_point(at);
        let at = at.map(PendingOperation::resource);
        let site = self.spawn_tree.postpone_site(task, &mut self.draws);
        self.draws.postpone(site, turn);
        if self.record.recording >= Recording::Full {
            let choice = self.draws.recorded() - 1;
            let postponement = Postponement {
                choice,
                task,
                turn,
                at: at.map(|resource| self.place(resource)),
                operation,
                observed: self.observe_passed_over(choice, task, at, running),
                until: None,
            };
            self.record.postponements.push(postponement);
        }
    }

    /// Adds a task to the postponed ones, just after it was recorded as one. It is in no queue.
    #[cold]
    pub(super) fn postpone(&mut self, task: TaskId) {
        let entry = self.record.postponements.len().checked_sub(1);
        self.postponed.push_back(Postponed {
            task,
            since: self.statistics.steps,
            entry,
        });
    }

    /// Takes out the task that was postponed first, if no other can go on, or if it has been
    /// postponed for long enough. It runs next.
    #[cold]
    pub(super) fn release_postponed(&mut self) -> Option<TaskId> {
        let first = self.postponed.front()?;
        let is_over = self.statistics.steps - first.since >= POSTPONED_STEPS;
        match (self.ready.is_empty(), is_over) {
            (true, _) => self.take_postponed(0, Resumption::NoOther),
            (false, true) => self.take_postponed(0, Resumption::Limit),
            (false, false) => None,
        }
    }

    fn take_postponed(&mut self, index: usize, reason: Resumption) -> Option<TaskId> {
        let taken = self.postponed.remove(index)?;
        self.record_resumption(taken.entry, reason);
        Some(taken.task)
    }

    fn record_resumption(&mut self, entry: Option<usize>, reason: Resumption) {
        if let Some(entry) = entry {
            self.record.postponements[entry].until = Some((self.statistics.steps, reason));
        }
    }

    /// Takes out the postponed tasks of a host that is being paused.
    pub(super) fn take_postponed_of(&mut self, host: HostId) -> Vec<TaskId> {
        let is_on_host = |one: &Postponed| {
            let task = self.tasks[one.task].as_deref();
            task.is_some_and(|task| task.host == host)
        };
        let postponed = std::mem::take(&mut self.postponed).into_iter();
        let (taken, left): (Vec<_>, Vec<_>) = postponed.partition(is_on_host);
        self.postponed = left.into();
        for one in &taken {
            self.record_resumption(one.entry, Resumption::HostPaused);
        }
        taken.into_iter().map(|one| one.task).collect()
    }

    /// Takes out a task that waits for its turn: the one with that index in the ready queue, and
    /// behind it among the postponed tasks.
    #[inline(always)]
    pub(super) fn take_waiting(&mut self, index: usize) -> Option<TaskId> {
        match index.checked_sub(self.ready.len()) {
            None => self.ready.remove(index),
            Some(postponed) => self.take_postponed(postponed, Resumption::Picked),
        }
    }

    /// Picks the next task out of the ready queue. Those that are postponed leave it first.
    #[inline(always)]
    pub(super) fn pick_ready(&mut self) -> Option<TaskId> {
        while self.postpones(None) {
            if let Some(task) = self.ready.remove(0) {
                self.postpone(task);
            }
        }
        let index = self.pick(None);
        self.record_pick(None, index);
        self.take_waiting(index)
    }
}

impl Engine {
    /// Postpones the running task, which stands at a scheduling point, and picks another.
    /// Returns `false`, always: the result of `point`.
    #[cold]
    pub(super) fn postpone_running(
        &self,
        core: &mut Core,
        me: TaskId,
        at: Option<PendingOperation>,
    ) -> bool {
        core.statistics.preemptions += 1;
        if core.suspend(me, at) {
            core.postpone(me);
        } else {
            let entry = core.record.postponements.len().checked_sub(1);
            core.record_resumption(entry, Resumption::HostPaused);
        }
        core.next = core.pick_ready();
        false
    }
}
