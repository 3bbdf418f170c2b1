//! Selectively uniform random walk.
//!
//! H. Zhao, D. Wolff, U. Mathur, A. Roychoudhury: "Selectively Uniform Concurrency Testing",
//! ASPLOS 2025. A walk that is uniform over all steps spends most runs on orders that do not matter.
//! So each seed selects the operations on one resource, and is uniform over their orders: the
//! task that does the next of them is drawn beforehand, in proportion to those that each has
//! left, and the others wait in front of theirs until it has. All other steps are picked at
//! random.

use std::collections::BTreeSet;

use rand_chacha::ChaCha8Rng;

use super::remaining::{Remaining, below_wide, draw_weighted};
use super::{
    Candidates, Profile, Sampler, Spawn, Strategy, StrategyInfo, StrategyKind, StrategyName,
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
    live: BTreeSet<TaskId>,
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
            live: BTreeSet::new(),
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

    /// Returns `true` if the next step of the candidate is selected. That it wakes from a wait
    /// is not: the operation began before.
    fn is_selected(&self, candidates: &Candidates<'_>, index: usize) -> bool {
        self.selected.is_none_or(|selected| {
            let at = candidates.point(index);
            at.is_some_and(|at| candidates.label(at.resource()) == selected)
        })
    }

    /// Returns the task that does the next selected step, drawn anew after each; none if all
    /// have had as many as in the profile.
    fn intend(&mut self) -> Option<TaskId> {
        if self.intended.is_none() {
            let live: Vec<TaskId> = self.live.iter().copied().collect();
            let weights = live.iter().map(|task| self.remaining.of(*task));
            let drawn = draw_weighted(&mut self.rng, weights);
            let drawn = live.get(drawn).copied();
            self.intended = drawn.filter(|task| self.remaining.of(*task) > 0);
        }
        self.intended
    }

    /// Returns the index of one of the candidates that are held back.
    fn release_one(&mut self, candidates: &Candidates<'_>, allowed: &[bool]) -> usize {
        let remaining = &self.remaining;
        let weights = candidates.tasks().zip(allowed).map(|(task, allowed)| {
            let weight = remaining.of(task).max(1);
            if *allowed { 0 } else { weight }
        });
        let index = draw_weighted(&mut self.rng, weights);
        self.intended = candidates.task(index);
        index
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
        let intended = self.intend();
        let allowed: Vec<bool> = candidates
            .tasks()
            .enumerate()
            .map(|(index, task)| {
                let is_its_turn = intended.is_none_or(|intended| intended == task);
                is_its_turn || !self.is_selected(candidates, index)
            })
            .collect();
        let limit = self.profile.hold_limit();
        self.waited += 1;
        let some_wait = allowed.contains(&false);
        if some_wait && (self.waited > limit || !allowed.contains(&true)) {
            return self.release_one(candidates, &allowed);
        }
        draw_weighted(
            &mut self.rng,
            allowed.iter().map(|allowed| u64::from(*allowed)),
        )
    }

    fn step(&mut self, candidates: &Candidates<'_>, index: usize) {
        let Some(task) = candidates.task(index) else {
            return;
        };
        if self.is_selected(candidates, index) {
            self.remaining.stepped(task);
            self.waited = 0;
            if self.intended == Some(task) {
                self.intended = None;
            }
        }
    }

    fn spawned(&mut self, spawn: &Spawn) {
        let weight = self.remaining.spawned(spawn);
        self.live.insert(spawn.task);
        let Some(parent) = spawn.parent.filter(|parent| self.intended == Some(*parent)) else {
            return;
        };
        // The next selected step may be one of what was its parent's part until now.
        let total = weight + self.remaining.of(parent);
        if below_wide(&mut self.rng, total) < weight {
            self.intended = Some(spawn.task);
        }
    }

    fn ended(&mut self, task: TaskId) {
        self.live.remove(&task);
        if self.intended == Some(task) {
            self.intended = None;
        }
    }

    fn reads_labels(&self) -> bool {
        true
    }
}
