//! Selectively uniform random walk.
//!
//! H. Zhao, D. Wolff, U. Mathur, A. Roychoudhury: "Selectively Uniform Concurrency Testing",
//! ASPLOS 2025. A walk that is uniform over all steps spends most runs on orders that do not matter.
//! So each seed selects the operations on one resource, and is uniform over their orders: the
//! task that does the next of them is drawn beforehand, in proportion to those that each has
//! left, and the others wait in front of theirs until it has. All other steps are picked at
//! random.

use rand_chacha::ChaCha8Rng;

use super::remaining::{Remaining, Weights, below_wide};
use super::{
    Candidates, Following, PendingOperation, Profile, Sampler, Spawn, Strategy, StrategyInfo,
    StrategyKind, StrategyName,
};
use crate::ids::TaskId;
use crate::schedule::ResourceLabel;
use crate::schedule::tape::strategy_stream;

/// The entry of the table.
pub(super) static INFO: StrategyInfo = StrategyInfo {
    name: "surw",
    parameter: None,
    summary: "Is uniform over the orders of the operations on one resource.",
    paper: Some(
        "H. Zhao, D. Wolff, U. Mathur, A. Roychoudhury: Selectively Uniform Concurrency \
         Testing, ASPLOS 2025",
    ),
    kind: StrategyKind::Sampler(Sampler {
        build: |_, profile| Box::new(Surw::new(profile)),
        needs_profile: true,
        portfolio: &[0],
    }),
};

impl StrategyName {
    /// Uniform over the orders of the operations on one resource.
    pub const SURW: Self = Self::of(&INFO);
}

/// A walk that is uniform over the orders of the operations on one resource.
#[derive(Debug)]
pub struct Surw {
    rng: ChaCha8Rng,
    profile: Profile,
    /// The resource whose operations are selected; none if tasks share none: then all steps
    /// are.
    selected: Option<ResourceLabel>,
    /// Selected steps that tasks have left.
    remaining: Remaining,
    /// The selected steps that each live task has left.
    live: Weights,
    /// The ready tasks whose next step is not selected: 1 each.
    free: Weights,
    /// The ready tasks whose next step is selected, with what they weigh when one has to go on.
    selecting: Weights,
    /// The task that does the next selected step.
    intended: Option<TaskId>,
    /// Picks since the last selected step.
    waited: u64,
}

impl Surw {
    /// Creates a strategy that selects among the resources of the profiled run.
    pub fn new(profile: &Profile) -> Self {
        Self {
            rng: strategy_stream(0),
            profile: profile.clone(),
            selected: None,
            remaining: Remaining::default(),
            live: Weights::default(),
            free: Weights::default(),
            selecting: Weights::default(),
            intended: None,
            waited: 0,
        }
    }

    /// Draws the resource. Places have the same chance, whatever the number of resources made
    /// there.
    fn select(&mut self) {
        let profile = self.profile.clone();
        let places = profile.resources_by_place();
        let place = below_wide(&mut self.rng, places.len() as u64) as usize;
        let Some(resources) = places.get(place) else {
            self.remaining = Remaining::new(profile.expected_steps());
            return;
        };
        let resource = resources[below_wide(&mut self.rng, resources.len() as u64) as usize];
        self.selected = Some(resource.label);
        self.remaining = Remaining::new(profile.expected_operations(resource));
    }

    /// Returns `true` if a step at that scheduling point is selected. That a task wakes from a
    /// wait is not: the operation began before.
    fn is_selected(&self, candidates: &Candidates<'_>, at: Option<PendingOperation>) -> bool {
        self.selected
            .is_none_or(|selected| at.is_some_and(|at| candidates.label(at.resource()) == selected))
    }

    /// Returns the task that does the next selected step, drawn anew after each; none if all
    /// have had as many as in the profile.
    fn intend(&mut self) -> Option<TaskId> {
        if self.intended.is_none() {
            self.intended = self.live.draw(&mut self.rng);
        }
        self.intended
    }

    /// Returns the index of one of the candidates that are held back. `running` is the running
    /// task if it is one of them.
    fn release_one(&mut self, candidates: &Candidates<'_>, running: Option<TaskId>) -> usize {
        let intended = self.intended.map(|task| (task, self.selecting.of(task)));
        if let Some((intended, _)) = intended {
            self.selecting.set(intended, 0);
        }
        let weight = running.map_or(0, |task| self.weight(task));
        let drawn = below_wide(&mut self.rng, weight + self.selecting.total());
        let ready = drawn.checked_sub(weight);
        let ready = ready.and_then(|drawn| self.selecting.find(drawn));
        if let Some((intended, weight)) = intended {
            self.selecting.set(intended, weight);
        }
        self.intended = ready.or(running);
        ready.map_or(0, |task| candidates.index_of_ready(task))
    }

    fn weight(&self, task: TaskId) -> u64 {
        self.remaining.of(task).max(1)
    }

    fn forget_ready(&mut self, task: TaskId) {
        self.free.set(task, 0);
        self.selecting.set(task, 0);
    }
}

impl Strategy for Surw {
    fn name(&self) -> &str {
        INFO.name
    }

    fn start(&mut self, seed: u64) {
        self.rng = strategy_stream(seed);
        self.select();
    }

    fn pick(&mut self, candidates: &Candidates<'_>) -> usize {
        self.waited += 1;
        let Some(intended) = self.intend() else {
            return below_wide(&mut self.rng, candidates.len() as u64) as usize;
        };
        let running = candidates.running();
        let held_running = running
            .filter(|task| *task != intended && self.is_selected(candidates, candidates.point(0)));
        let intended_weight = self.selecting.of(intended);
        let some_wait = held_running.is_some() || self.selecting.total() > intended_weight;
        // In this order: the running task, the intended one, and those that are free.
        let running_is_free = u64::from(running.is_some() && held_running.is_none());
        let intended_is_ready = u64::from(intended_weight > 0);
        let allowed = running_is_free + intended_is_ready + self.free.total();
        if some_wait && (self.waited > self.profile.hold_limit() || allowed == 0) {
            return self.release_one(candidates, held_running);
        }
        let drawn = below_wide(&mut self.rng, allowed);
        let Some(ready) = drawn.checked_sub(running_is_free) else {
            return 0;
        };
        let task = match ready.checked_sub(intended_is_ready) {
            None => Some(intended),
            Some(free) => self.free.find(free),
        };
        task.map_or(0, |task| candidates.index_of_ready(task))
    }

    fn step(&mut self, candidates: &Candidates<'_>, index: usize) {
        let Some(task) = candidates.task(index) else {
            return;
        };
        if self.is_selected(candidates, candidates.point(index)) {
            self.remaining.stepped(task);
            self.live.set(task, self.remaining.of(task));
            self.waited = 0;
            if self.intended == Some(task) {
                self.intended = None;
            }
        }
        if !candidates.is_running(index) {
            self.forget_ready(task);
        }
    }

    fn spawned(&mut self, spawn: &Spawn) {
        let weight = self.remaining.spawned(spawn);
        for task in spawn.parent.into_iter().chain([spawn.task]) {
            self.live.set(task, self.remaining.of(task));
        }
        let Some(parent) = spawn.parent.filter(|parent| self.intended == Some(*parent)) else {
            return;
        };
        // The next selected step may be one of what was its parent's part until now.
        let total = weight + self.remaining.of(parent);
        if below_wide(&mut self.rng, total) < weight {
            self.intended = Some(spawn.task);
        }
    }

    fn became_ready(&mut self, candidates: &Candidates<'_>, task: TaskId) {
        if self.is_selected(candidates, candidates.point_of_ready(task)) {
            self.selecting.set(task, self.weight(task));
        } else {
            self.free.set(task, 1);
        }
    }

    fn withdrawn(&mut self, task: TaskId) {
        self.forget_ready(task);
    }

    fn follows_ready(&self) -> Following {
        Following::Always
    }

    fn ended(&mut self, task: TaskId) {
        self.live.set(task, 0);
        if self.intended == Some(task) {
            self.intended = None;
        }
    }

    fn reads_labels(&self) -> bool {
        true
    }
}
