//! Metrics of operations on shared objects.

use super::{Better, Fold, Metric, Sample, Unit};
use crate::facets::operations::{Operation, OperationEnd};
use crate::facets::{CheckedRun, Facet};
use crate::ids::ObjectId;
use crate::validation::Validation;

const KINDS: Option<&str> = Some("kind of call");

pub(super) const LATENCY: Metric = Metric {
    name: "latency",
    meaning: "the time from the invocation of each operation to its return",
    unit: Unit::Time,
    fold: Fold::Each,
    groups: KINDS,
    reads: Some(Facet::Operations),
    better: Better::Lower,
    validates: Validation::Timing,
    shown: true,
    samples: |run| {
        let returned = all(run).filter_map(|(object, operation)| {
            let OperationEnd::Returned { at, .. } = operation.end else {
                return None;
            };
            let witness = vec![operation.id.into(), object.into()];
            let kind = operation.call.kind.clone();
            Some(Sample::between(kind, operation.at, at, witness))
        });
        returned.collect()
    },
};

pub(super) const OPERATIONS: Metric = Metric {
    name: "operations",
    meaning: "the number of operations that were invoked",
    unit: Unit::Count,
    fold: Fold::Sum,
    groups: KINDS,
    reads: Some(Facet::Operations),
    better: Better::Neither,
    validates: Validation::EventCount,
    shown: false,
    samples: |run| {
        let invoked = all(run).map(|(object, operation)| {
            let witness = vec![operation.id.into(), object.into()];
            Sample::one(operation.call.kind.clone(), operation.at, witness)
        });
        invoked.collect()
    },
};

pub(super) const OBJECTS: Metric = Metric {
    name: "objects",
    meaning: "the number of objects that operations were invoked on",
    unit: Unit::Count,
    fold: Fold::Distinct,
    groups: KINDS,
    reads: Some(Facet::Operations),
    better: Better::Neither,
    validates: Validation::StateConsistency,
    shown: false,
    samples: |run| {
        let invoked = all(run).map(|(object, operation)| {
            let witness = vec![object.into(), operation.id.into()];
            Sample::one(operation.call.kind.clone(), operation.at, witness)
        });
        invoked.collect()
    },
};

/// Returns every operation with its object.
fn all<'r>(run: &'r CheckedRun<'_>) -> impl Iterator<Item = (ObjectId, &'r Operation<'r>)> {
    let objects = run.operations().objects();
    objects.flat_map(|(object, operations)| {
        operations.iter().map(move |operation| (object, operation))
    })
}
