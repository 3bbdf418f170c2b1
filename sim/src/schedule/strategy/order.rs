//! Ordering constraints.
//!
//! D. Wolff, Z. Shi, G. J. Duck, U. Mathur, A. Roychoudhury: "Greybox Fuzzing for Concurrency
//! Testing", ASPLOS 2024, draws schedules that must let an operation read from a given other, or
//! must not. Here too, without the feedback from earlier runs: the default schedule shows which
//! operations follow each other on a resource, and each seed requires of a few such pairs that
//! the second comes directly after the first, or never does. A task whose next operation breaks
//! a constraint waits as long as another can go on. A constraint that cannot be met, or has held
//! others back for longer than a run takes, lapses. All else is left to `pos`.
//!
//! Operations are named by the place of their task's spawn, not by the task: one constraint
//! covers a hundred tasks that run the same code.

use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;

use super::operations::{OperationName, OperationNames};
use super::pools::Class;
use super::pos::{Classes, Pending};
use super::profile::Pair;
use super::{
    Candidates, Following, Parameter, Pos, Profile, Sampler, Spawn, Strategy, StrategyInfo,
    StrategyKind, StrategyName,
};
use crate::ids::TaskId;
use crate::schedule::ResourceLabel;
use crate::schedule::tape::{below, strategy_stream};

/// The entry of the table.
pub(super) static INFO: StrategyInfo = StrategyInfo {
    name: "order",
    parameter: Some(Parameter {
        name: "constraints",
        range: 1..=16,
        default: 3,
    }),
    summary: "Requires or forbids that some operations come directly after others, up to so many.",
    paper: Some(
        "D. Wolff, Z. Shi, G. J. Duck, U. Mathur, A. Roychoudhury: Greybox Fuzzing for \
         Concurrency Testing, ASPLOS 2024",
    ),
    kind: StrategyKind::Sampler(Sampler {
        build: |most, profile| Box::new(Order::new(most, profile)),
        needs_profile: true,
        portfolio: &[3],
    }),
};

impl StrategyName {
    /// Returns the strategy with at most so many ordering constraints a seed.
    ///
    /// # Panics
    ///
    /// If `most` is 0 or more than 16.
    pub const fn order(most: u32) -> Self {
        Self::with(&INFO, most)
    }
}

/// Random constraints on the order of operations, and random priorities.
#[derive(Debug)]
pub struct Order {
    name: String,
    /// The largest number of constraints.
    most: u32,
    profile: Profile,
    constraints: Constraints,
    pos: Pos,
}

/// The constraints of a run, and the operations that they allow or hold back together: those on
/// one resource that have one name.
#[derive(Debug, Default)]
struct Constraints {
    list: Vec<Constraint>,
    names: OperationNames,
    /// The numbers of the classes; they begin with 1, after that of what is under no constraint.
    classes: BTreeMap<(ResourceLabel, OperationName), u32>,
    /// The operations of each class but the first.
    operations: Vec<(ResourceLabel, OperationName)>,
}

/// A requirement on the operations on one resource.
#[derive(Debug)]
struct Constraint {
    resource: ResourceLabel,
    pair: Pair,
    sense: Sense,
    /// The last operation on the resource.
    last: Option<OperationName>,
    /// Picks in which it has held back a task that would have been picked, or the running one.
    held: u64,
    /// `true` if it does so in this pick.
    holds: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Sense {
    /// Once, the second operation comes directly after the first.
    Once,
    /// The second operation never comes directly after the first.
    Never,
}

/// The effect of an operation on a constraint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Effect {
    Allowed,
    Met,
    Broken,
}

impl Constraint {
    fn is_broken_by(&self, label: ResourceLabel, name: OperationName) -> bool {
        self.resource == label && self.effect(name) == Effect::Broken
    }

    fn effect(&self, next: OperationName) -> Effect {
        let is_first = self.last == self.pair.before;
        let is_second = next == self.pair.after;
        match (self.sense, is_first, is_second) {
            (Sense::Once, true, true) => Effect::Met,
            (Sense::Once, true, false) | (Sense::Once, false, true) => Effect::Broken,
            (Sense::Never, true, true) => Effect::Broken,
            (Sense::Once, false, false) | (Sense::Never, ..) => Effect::Allowed,
        }
    }
}

impl Order {
    /// Creates a strategy that draws constraints, at least one and at most so many, from the
    /// operations of the profiled run.
    pub fn new(most: u32, profile: &Profile) -> Self {
        let most = most.max(1);
        Self {
            name: format!("{}:{most}", INFO.name),
            most,
            profile: profile.clone(),
            constraints: Constraints::default(),
            pos: Pos::default(),
        }
    }

    /// Draws the constraints of a run. Places have the same chance, whatever the number of
    /// resources made there; so one lock is not lost among a thousand connections.
    fn draw(&mut self, rng: &mut ChaCha8Rng) {
        let profile = self.profile.clone();
        let places = profile.resources_by_place();
        if places.is_empty() {
            return;
        }
        for _ in 0..=below(rng, self.most) {
            let resources = one_of(rng, &places).iter();
            let pairs: Vec<(ResourceLabel, Pair)> = resources
                .flat_map(|resource| resource.pairs.iter().map(|pair| (resource.label, *pair)))
                .collect();
            let (resource, pair) = *one_of(rng, &pairs);
            let sense = *one_of(rng, &[Sense::Once, Sense::Never]);
            self.constraints.list.push(Constraint {
                resource,
                pair,
                sense,
                last: None,
                held: 0,
                holds: false,
            });
        }
    }
}

impl Constraints {
    /// Returns the label of the resource of a pending operation, and the operation's name, if
    /// that is under a constraint.
    fn constrained(
        &self,
        candidates: &Candidates<'_>,
        task: TaskId,
        pending: impl FnOnce() -> Option<Pending>,
    ) -> Option<(Pending, ResourceLabel, OperationName)> {
        if self.list.is_empty() {
            return None;
        }
        let pending = pending()?;
        let label = candidates.label(pending.operation.resource());
        let mut labels = self.list.iter().map(|constraint| constraint.resource);
        labels.find(|constrained| *constrained == label)?;
        let name = self.names.name(task, pending.operation, pending.begins)?;
        Some((pending, label, name))
    }

    /// Returns what the operations of a class have in common; none if they are under no
    /// constraint.
    fn operation(&self, class: Class) -> Option<(ResourceLabel, OperationName)> {
        let index = class.0.checked_sub(1)?;
        Some(self.operations[index as usize])
    }

    /// Counts the picks in which each constraint has held a task back; those that have done so
    /// more often than `limit` lapse.
    fn count_held(&mut self, limit: u64) {
        self.list.retain_mut(|constraint| {
            constraint.held += u64::from(std::mem::take(&mut constraint.holds));
            constraint.held <= limit
        });
    }

    /// Receives the operation that comes next.
    fn begin(&mut self, candidates: &Candidates<'_>, index: usize) {
        let Some(task) = candidates.task(index) else {
            return;
        };
        let pending = || Pending::of(candidates, index, task);
        let Some((pending, label, name)) = self.constrained(candidates, task, pending) else {
            return;
        };
        if pending.begins {
            self.names.begin(task, pending.operation);
        }
        self.list.retain_mut(|constraint| {
            if constraint.resource != label {
                return true;
            }
            let effect = constraint.effect(name);
            constraint.last = Some(name);
            effect == Effect::Allowed
        });
    }
}

impl Classes for Constraints {
    fn class(
        &mut self,
        candidates: &Candidates<'_>,
        task: TaskId,
        pending: impl FnOnce() -> Option<Pending>,
    ) -> Class {
        let Some((_, label, name)) = self.constrained(candidates, task, pending) else {
            return Class::FREE;
        };
        let operations = &mut self.operations;
        let class = self.classes.entry((label, name)).or_insert_with(|| {
            operations.push((label, name));
            operations.len() as u32
        });
        Class(*class)
    }

    fn allows(&self, class: Class) -> bool {
        self.operation(class).is_none_or(|(label, name)| {
            let mut list = self.list.iter();
            !list.any(|constraint| constraint.is_broken_by(label, name))
        })
    }

    fn hold(&mut self, class: Class) {
        if let Some((label, name)) = self.operation(class) {
            for constraint in &mut self.list {
                constraint.holds |= constraint.is_broken_by(label, name);
            }
        }
    }
}

/// Draws an element of a list that is not empty.
fn one_of<'a, T>(rng: &mut ChaCha8Rng, list: &'a [T]) -> &'a T {
    let len = u32::try_from(list.len()).expect("fewer than 2^32 pairs of operations");
    &list[below(rng, len) as usize]
}

impl Strategy for Order {
    fn name(&self) -> &str {
        &self.name
    }

    fn start(&mut self, seed: u64) {
        let mut rng = strategy_stream(seed);
        self.draw(&mut rng);
        // The priorities are drawn after the constraints.
        self.pos = Pos::with(rng);
    }

    fn pick(&mut self, candidates: &Candidates<'_>) -> usize {
        let lowest = self.pos.lowest(candidates, &mut self.constraints);
        self.constraints.count_held(self.profile.hold_limit());
        lowest.unwrap_or_else(|| self.pos.pick(candidates))
    }

    fn step(&mut self, candidates: &Candidates<'_>, index: usize) {
        self.constraints.begin(candidates, index);
        self.pos.begin(candidates, &mut self.constraints, index);
    }

    fn spawned(&mut self, spawn: &Spawn) {
        self.constraints.names.spawned(spawn);
        self.pos.spawned(spawn);
    }

    fn became_ready(&mut self, candidates: &Candidates<'_>, task: TaskId) {
        self.pos.add_ready(candidates, &mut self.constraints, task);
    }

    fn follows_ready(&self) -> Following {
        self.pos.follows_ready()
    }

    fn follow(&mut self, candidates: Option<&Candidates<'_>>) {
        self.pos.follow_many(candidates, &mut self.constraints);
    }

    fn ended(&mut self, task: TaskId) {
        self.pos.ended(task);
    }

    fn reads_labels(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: OperationName = OperationName::of(1);
    const B: OperationName = OperationName::of(2);
    const OTHER: OperationName = OperationName::of(3);

    fn constraint(sense: Sense, before: Option<OperationName>) -> Constraint {
        Constraint {
            resource: ResourceLabel::default(),
            pair: Pair { before, after: B },
            sense,
            last: None,
            held: 0,
            holds: false,
        }
    }

    /// Returns the effects of A, B and another operation.
    fn effects(constraint: &Constraint) -> [Effect; 3] {
        [A, B, OTHER].map(|next| constraint.effect(next))
    }

    #[test]
    fn required_operation_waits_for_the_first_and_then_goes_before_all_others() {
        use Effect::{Allowed, Broken, Met};
        let mut constraint = constraint(Sense::Once, Some(A));
        assert_eq!(effects(&constraint), [Allowed, Broken, Allowed]);
        constraint.last = Some(A);
        assert_eq!(effects(&constraint), [Broken, Met, Broken]);
    }

    #[test]
    fn forbidden_operation_waits_while_the_first_is_the_last() {
        use Effect::{Allowed, Broken};
        let mut constraint = constraint(Sense::Never, Some(A));
        assert_eq!(effects(&constraint), [Allowed; 3]);
        constraint.last = Some(A);
        assert_eq!(effects(&constraint), [Allowed, Broken, Allowed]);
    }

    #[test]
    fn no_operation_is_the_one_before_the_first() {
        use Effect::{Allowed, Broken, Met};
        assert_eq!(
            effects(&constraint(Sense::Once, None)),
            [Broken, Met, Broken]
        );
        assert_eq!(
            effects(&constraint(Sense::Never, None)),
            [Allowed, Broken, Allowed]
        );
    }
}
