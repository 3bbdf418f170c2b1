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

use rand_chacha::ChaCha8Rng;

use super::operations::{OperationName, OperationNames};
use super::profile::Pair;
use super::{
    Candidates, Following, Parameter, PendingOperation, Pos, Profile, Sampler, Spawn, Strategy,
    StrategyInfo, StrategyKind, StrategyName,
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
    constraints: Vec<Constraint>,
    names: OperationNames,
    pos: Pos,
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
            constraints: Vec::new(),
            names: OperationNames::default(),
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
            self.constraints.push(Constraint {
                resource,
                pair,
                sense,
                last: None,
                held: 0,
            });
        }
    }
}

/// Returns the name of the candidate's next operation, and the label of its resource, if that
/// is under a constraint.
fn constrained(
    constraints: &[Constraint],
    names: &OperationNames,
    candidates: &Candidates<'_>,
    index: usize,
) -> Option<(PendingOperation, ResourceLabel, OperationName)> {
    if constraints.is_empty() {
        return None;
    }
    let operation = candidates.operation(index)?;
    let label = candidates.label(operation.resource());
    let mut labels = constraints.iter().map(|constraint| constraint.resource);
    labels.find(|constrained| *constrained == label)?;
    let name = names.name(candidates, index, operation)?;
    Some((operation, label, name))
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
        let Self {
            pos,
            constraints,
            names,
            ..
        } = self;
        let mut holds = vec![false; constraints.len()];
        let lowest = pos.lowest(candidates, |index, _| {
            let next = constrained(constraints, names, candidates, index);
            next.is_none_or(|(_, label, name)| {
                let mut is_allowed = true;
                for (constraint, holds) in constraints.iter().zip(&mut holds) {
                    if constraint.resource == label && constraint.effect(name) == Effect::Broken {
                        is_allowed = false;
                        *holds = true;
                    }
                }
                is_allowed
            })
        });
        for (constraint, holds) in constraints.iter_mut().zip(holds) {
            constraint.held += u64::from(holds);
        }
        let limit = self.profile.hold_limit();
        self.constraints
            .retain(|constraint| constraint.held <= limit);
        lowest.unwrap_or_else(|| self.pos.pick(candidates))
    }

    fn step(&mut self, candidates: &Candidates<'_>, index: usize) {
        let next = constrained(&self.constraints, &self.names, candidates, index);
        if let Some((operation, label, name)) = next {
            self.names.begin(candidates, index, operation);
            self.constraints.retain_mut(|constraint| {
                if constraint.resource != label {
                    return true;
                }
                let effect = constraint.effect(name);
                constraint.last = Some(name);
                effect == Effect::Allowed
            });
        }
        self.pos.step(candidates, index);
    }

    fn spawned(&mut self, spawn: &Spawn) {
        self.names.spawned(spawn);
        self.pos.spawned(spawn);
    }

    fn became_ready(&mut self, candidates: &Candidates<'_>, task: TaskId) {
        self.pos.became_ready(candidates, task);
    }

    fn follows_ready(&self) -> Following {
        self.pos.follows_ready()
    }

    fn follow(&mut self, candidates: Option<&Candidates<'_>>) {
        self.pos.follow(candidates);
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
