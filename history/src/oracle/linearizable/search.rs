//! The search for an order of the operations on one object that explains their results.

use std::collections::BTreeSet;

use super::model::SequentialSpec;
use crate::body::{Body, Value};
use crate::facets::operations::{Operation, OperationEnd};

/// The result of a search.
#[derive(Debug)]
pub(super) enum Decision {
    /// There is such an order.
    Linearizable,
    /// There is none.
    Stuck(Stuck),
    /// The limit of states was reached before there was an answer.
    Undecided,
}

/// The furthest that any order came.
#[derive(Clone, Debug)]
pub(super) struct Stuck {
    /// The index of the operation whose result must be explained next, and is not.
    pub(super) operation: usize,
    /// The operations with a result that the order explains.
    pub(super) explained: usize,
    /// The state after them.
    pub(super) state: Value,
}

/// An operation with a result.
struct Completed<'a> {
    index: usize,
    call: &'a Body,
    result: &'a Body,
    invoked: usize,
    returned: usize,
}

/// An operation without a result.
struct Open<'a> {
    call: &'a Body,
    invoked: usize,
}

/// Searches for an order, and gives up after so many states.
pub(super) fn search(
    model: &dyn SequentialSpec,
    operations: &[Operation<'_>],
    limit: u64,
) -> Decision {
    Search::new(model, operations).run(limit)
}

/// A step of an order: an operation that takes effect next.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Completed(usize),
    Open(usize),
}

/// The operations that have taken effect, as far as they are not the first ones, and the
/// state after them.
type Seen = (usize, Vec<usize>, Vec<usize>, Value);

struct Search<'a> {
    model: &'a dyn SequentialSpec,
    completed: Vec<Completed<'a>>,
    open: Vec<Open<'a>>,
    /// For each operation, `true` if it has taken effect.
    completed_done: Vec<bool>,
    open_done: Vec<bool>,
    /// The first completed operation that has not taken effect.
    base: usize,
    explained: usize,
    state: Value,
    /// The order so far, with the state before each step.
    path: Vec<(Step, Value)>,
    seen: BTreeSet<Seen>,
    furthest: Option<Stuck>,
}

impl<'a> Search<'a> {
    fn new(model: &'a dyn SequentialSpec, operations: &[Operation<'a>]) -> Self {
        let (mut completed, mut open) = (Vec::new(), Vec::new());
        for (index, operation) in operations.iter().enumerate() {
            let (call, invoked) = (operation.call, operation.invoked);
            match operation.end {
                OperationEnd::Returned { value, order, .. } => completed.push(Completed {
                    index,
                    call,
                    result: value,
                    invoked,
                    returned: order,
                }),
                OperationEnd::Open => open.push(Open { call, invoked }),
                OperationEnd::Failed => {}
            }
        }
        Self {
            model,
            completed_done: vec![false; completed.len()],
            open_done: vec![false; open.len()],
            completed,
            open,
            base: 0,
            explained: 0,
            state: model.initial(),
            path: Vec::new(),
            seen: BTreeSet::new(),
            furthest: None,
        }
    }

    /// Extends the order by one step after the other, and takes the last one back where
    /// none fits. A set of operations and a state that were seen before lead nowhere.
    fn run(mut self, limit: u64) -> Decision {
        let mut after = None;
        while self.explained < self.completed.len() {
            self.note_progress();
            if let Some((step, state)) = self.next_step(after) {
                self.take(step, state);
                if self.seen.insert(self.fingerprint()) {
                    after = None;
                    if self.seen.len() as u64 > limit {
                        return Decision::Undecided;
                    }
                    continue;
                }
            }
            match self.undo() {
                Some(step) => after = Some(step),
                None => {
                    return self
                        .furthest
                        .map_or(Decision::Linearizable, Decision::Stuck);
                }
            }
        }
        Decision::Linearizable
    }

    /// Returns the first step after `after` that fits, with the state after it.
    fn next_step(&self, after: Option<Step>) -> Option<(Step, Value)> {
        let end = self.earliest_return();
        let completed = (self.base..self.completed.len())
            .take_while(|index| self.completed[*index].invoked < end)
            .filter(|index| !self.completed_done[*index])
            .map(Step::Completed);
        let open = (0..self.open.len())
            .take_while(|index| self.open[*index].invoked < end)
            .filter(|index| !self.open_done[*index])
            .map(Step::Open);
        let mut steps = completed.chain(open).filter(|step| Some(*step) > after);
        steps.find_map(|step| Some((step, self.state_after(step)?)))
    }

    fn state_after(&self, step: Step) -> Option<Value> {
        match step {
            Step::Completed(index) => {
                let Completed { call, result, .. } = self.completed[index];
                self.model.step(&self.state, call, Some(result))
            }
            Step::Open(index) => self.model.step(&self.state, self.open[index].call, None),
        }
    }

    /// Returns the place of the first return of an operation that has not taken effect: only
    /// operations that were invoked before it can be next.
    fn earliest_return(&self) -> usize {
        self.next_to_return()
            .map_or(usize::MAX, |operation| operation.returned)
    }

    fn next_to_return(&self) -> Option<&Completed<'a>> {
        let mut earliest: Option<&Completed<'a>> = None;
        for index in self.base..self.completed.len() {
            let operation = &self.completed[index];
            if earliest.is_some_and(|earliest| earliest.returned < operation.invoked) {
                break;
            }
            let is_earlier = earliest.is_none_or(|earliest| operation.returned < earliest.returned);
            if !self.completed_done[index] && is_earlier {
                earliest = Some(operation);
            }
        }
        earliest
    }

    fn take(&mut self, step: Step, state: Value) {
        let before = std::mem::replace(&mut self.state, state);
        self.path.push((step, before));
        match step {
            Step::Completed(index) => {
                self.completed_done[index] = true;
                self.explained += 1;
                while self.completed_done.get(self.base) == Some(&true) {
                    self.base += 1;
                }
            }
            Step::Open(index) => self.open_done[index] = true,
        }
    }

    /// Takes the last step back and returns it; none if there is no step.
    fn undo(&mut self) -> Option<Step> {
        let (step, state) = self.path.pop()?;
        self.state = state;
        match step {
            Step::Completed(index) => {
                self.completed_done[index] = false;
                self.explained -= 1;
                self.base = self.base.min(index);
            }
            Step::Open(index) => self.open_done[index] = false,
        }
        Some(step)
    }

    fn fingerprint(&self) -> Seen {
        let end = self.earliest_return();
        let completed = (self.base..self.completed.len())
            .take_while(|index| self.completed[*index].invoked < end)
            .filter(|index| self.completed_done[*index])
            .collect();
        let open = (0..self.open.len())
            .filter(|index| self.open_done[*index])
            .collect();
        (self.base, completed, open, self.state.clone())
    }

    fn note_progress(&mut self) {
        let furthest = self.furthest.as_ref();
        if furthest.is_some_and(|furthest| self.explained <= furthest.explained) {
            return;
        }
        let Some(next) = self.next_to_return() else {
            return;
        };
        self.furthest = Some(Stuck {
            operation: next.index,
            explained: self.explained,
            state: self.state.clone(),
        });
    }
}
