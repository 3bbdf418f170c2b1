//! Choices that a task makes by itself: the branch that a `select!` polls first.
//!
//! The strategy may decide them; else they are drawn. Either way they are on the tape, under a
//! site of their task.

use std::panic::Location;

use rand_chacha::ChaCha8Rng;

use crate::ids::TaskId;
use crate::schedule::strategy::ChoiceKind;
use crate::schedule::{below, branch_stream};
use crate::trace::{Decision, TaskDecision};

use super::{Core, Engine, Recording};

/// The state of the tasks' own choices.
pub(super) struct TaskChoices {
    seed: u64,
    /// Made when it is first drawn from: most runs have no `select!` without `biased;`.
    branches: Option<Box<ChaCha8Rng>>,
    pub(super) made: Vec<TaskDecision>,
}

impl TaskChoices {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            branches: None,
            made: Vec::new(),
        }
    }

    fn branch(&mut self, branches: u32) -> u32 {
        let seed = self.seed;
        below(
            self.branches
                .get_or_insert_with(|| Box::new(branch_stream(seed))),
            branches,
        )
    }
}

impl Engine {
    /// Chooses the branch that a `select!` of the running task polls first, from 0. Outside a
    /// task of the run it is the first.
    pub(crate) fn choose_branch(&self, branches: u32, place: &'static Location<'static>) -> u32 {
        let mut core = self.core.borrow_mut();
        let core = &mut *core;
        let Some(me) = core.running.filter(|_| branches > 1) else {
            return 0;
        };
        let site = core.spawn_tree.select_site(me, &mut core.draws);
        let (strategy, own) = (&mut core.strategy, &mut core.task_choices);
        let value = core.draws.choose(site, branches, || {
            let chosen = strategy.choose(ChoiceKind::Branch, branches);
            chosen.unwrap_or_else(|| own.branch(branches))
        });
        if value != 0 {
            let decision = Decision::Branch {
                select: place,
                first: value,
            };
            core.record_decision(me, decision);
        }
        value
    }
}

impl Core {
    /// Records the choice that was made last, if the recording is full.
    pub(super) fn record_decision(&mut self, task: TaskId, decision: Decision) {
        if self.record.recording >= Recording::Full {
            let choice = self.draws.recorded() - 1;
            self.task_choices.made.push(TaskDecision {
                choice,
                task,
                decision,
            });
        }
    }
}
