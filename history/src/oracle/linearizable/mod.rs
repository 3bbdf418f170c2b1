//! Linearizable: the results of the operations on each object are those of some order in
//! which each takes effect at one instant between its invocation and its return.
//!
//! Objects are judged one by one, each by the model that knows all of its calls, and so are
//! the parts of an object that have nothing to do with each other: the keys of a map. An
//! operation without a result may take effect at any time after its invocation, or never;
//! one that failed certainly has none. Nothing else is excused.
//!
//! Looks at a snapshot are left out: their results do not depend on an order, and `snapshot`
//! compares them. An object with nothing else is none of this oracle's.
//!
//! The search (Wing and Gong 1993, with the memory of Lowe 2017) looks at a limited number
//! of states of each part, which the setting `states` changes. An object for which that is
//! not enough is reported as `undecided`, and never taken for linearizable.

mod model;
mod search;

use std::collections::BTreeMap;

use super::snapshot::is_look;
use super::{Finding, Oracle, Report, Rule, Setting, SettingValues, Settings};
use crate::body::Value;
use crate::facets::operations::{Operation, OperationEnd};
use crate::facets::{CheckedRun, Facet};
use crate::ids::{EntityId, ObjectId};
use crate::validation::Validation;

pub use model::{MODELS, SequentialSpec};
use search::{Decision, Stuck, search};

/// States of one object that are looked at without the setting `states`.
const STATES_MAX: u64 = 100_000;

/// The oracle `linearizable`.
#[derive(Debug)]
pub struct Linearizable;

impl Oracle for Linearizable {
    fn name(&self) -> &'static str {
        "linearizable"
    }

    fn claim(&self) -> &'static str {
        "operations on an object have the results of some order, each at one instant"
    }

    fn reads(&self) -> &'static [Facet] {
        &[Facet::Operations]
    }

    fn rules(&self) -> &'static [Rule] {
        &[
            Rule {
                name: "no-order",
                meaning: "No order of the operations explains all of their results.",
            },
            Rule {
                name: "undecided",
                meaning: "The search for an order came to its limit of states.",
            },
            Rule {
                name: "unknown-call",
                meaning: "No model knows all calls of an object.",
            },
            Rule {
                name: "never-invoked",
                meaning: "An operation ended that was not open, or was invoked twice.",
            },
        ]
    }

    fn settings(&self) -> &'static [Setting] {
        &[
            Setting {
                name: "model",
                meaning: "The models that objects may follow; without it, all of them.",
                values: SettingValues::Words(model::NAMES),
            },
            Setting {
                name: "states",
                meaning: "The states of an object, or of one key, at which the search for an order gives up.",
                values: SettingValues::Number,
            },
        ]
    }

    fn validates(&self, _settings: &Settings) -> Vec<Validation> {
        vec![Validation::StateConsistency]
    }

    fn check(&self, run: &CheckedRun<'_>, settings: &Settings) -> Finding {
        let mut report = Report::new();
        for (operation, at) in run.operations().strays() {
            report.check(1);
            report.broken("never-invoked", [(*operation).into()], *at, || {
                let name = run.name(*operation);
                format!("{name} was invoked a second time, or ended although it was not open")
            });
        }
        for (object, operations) in run.operations().objects() {
            let operations = operations.iter().copied();
            let ordered: Vec<_> = operations.filter(|it| !is_look(it.call)).collect();
            if !ordered.is_empty() {
                check_object(run, object, &ordered, settings, &mut report);
            }
        }
        report.finish()
    }
}

fn check_object(
    run: &CheckedRun<'_>,
    object: ObjectId,
    operations: &[Operation<'_>],
    settings: &Settings,
    report: &mut Report,
) {
    let returned = operations
        .iter()
        .filter(|operation| has_returned(operation));
    report.check(returned.count() as u64);
    let allowed = settings.words("model");
    let Some(model) = model_of(operations, allowed) else {
        let first = operations.first().map(|operation| operation.at);
        report.broken("unknown-call", [object.into()], first, || {
            unknown_call(run, object, operations, allowed)
        });
        return;
    };
    let limit = settings.number("states").unwrap_or(STATES_MAX);
    for part in parts(model, operations) {
        match search(model, &part, limit) {
            Decision::Linearizable => {}
            Decision::Stuck(stuck) => {
                let operation = &part[stuck.operation];
                let witness = [EntityId::from(operation.id), object.into()];
                report.broken("no-order", witness, end_of(operation), || {
                    no_order(run, object, operation, model, &stuck)
                });
            }
            Decision::Undecided => report.broken("undecided", [object.into()], None, || {
                let (object, count) = (run.name(object), part.len());
                format!(
                    "{limit} states are not enough to find an order of {count} operations on {object}"
                )
            }),
        }
    }
}

/// Returns the operations on each part of an object, in their order. A history is
/// linearizable if that of each part is (Herlihy and Wing 1990, locality).
fn parts<'a>(model: &dyn SequentialSpec, operations: &[Operation<'a>]) -> Vec<Vec<Operation<'a>>> {
    let mut parts: BTreeMap<Option<&Value>, Vec<Operation<'a>>> = BTreeMap::new();
    for operation in operations {
        let part = parts.entry(model.part(operation.call)).or_default();
        part.push(*operation);
    }
    parts.into_values().collect()
}

fn has_returned(operation: &Operation<'_>) -> bool {
    matches!(operation.end, OperationEnd::Returned { .. })
}

fn end_of(operation: &Operation<'_>) -> Option<rehearsal_sim::VirtualTime> {
    match operation.end {
        OperationEnd::Returned { at, .. } => Some(at),
        OperationEnd::Open | OperationEnd::Failed => None,
    }
}

/// Returns the model that knows all calls of an object. An empty list allows every model.
fn model_of(
    operations: &[Operation<'_>],
    allowed: &[String],
) -> Option<&'static dyn SequentialSpec> {
    let is_allowed = |model: &&&'static dyn SequentialSpec| {
        allowed.is_empty() || allowed.iter().any(|name| name == model.name())
    };
    let knows_all = |model: &&&'static dyn SequentialSpec| {
        operations
            .iter()
            .all(|operation| model.knows(operation.call))
    };
    let mut models = MODELS.iter().filter(is_allowed);
    models.find(knows_all).copied()
}

fn unknown_call(
    run: &CheckedRun<'_>,
    object: ObjectId,
    operations: &[Operation<'_>],
    allowed: &[String],
) -> String {
    let call = operations.iter().map(|operation| operation.call);
    let unknown = call.clone().find(|call| {
        let mut models = MODELS.iter();
        !models.any(|model| model.knows(call))
    });
    let object = run.name(object);
    let allowed = if allowed.is_empty() {
        model::NAMES.join(", ")
    } else {
        allowed.join(", ")
    };
    match unknown {
        Some(call) => {
            let call = call.named(&run.history.names);
            format!("{call} on {object} is no call of any model")
        }
        None => format!("no model of {allowed} knows all calls on {object}"),
    }
}

fn no_order(
    run: &CheckedRun<'_>,
    object: ObjectId,
    operation: &Operation<'_>,
    model: &dyn SequentialSpec,
    stuck: &Stuck,
) -> String {
    let names = &run.history.names;
    let call = operation.call.named(names);
    let actor = operation
        .actor
        .map(|actor| format!(" of {}", run.name(actor)));
    let result = match operation.end {
        OperationEnd::Returned { value, .. } => value.named(names),
        OperationEnd::Open | OperationEnd::Failed => "nothing".to_owned(),
    };
    let (object, model, actor) = (run.name(object), model.name(), actor.unwrap_or_default());
    let (explained, state) = (stuck.explained, &stuck.state);
    format!(
        "no order of the operations on {object} (a {model}) explains that {call}{actor} returned \
         {result}: after {explained} of them the state is {state}"
    )
}

#[cfg(test)]
mod tests;
