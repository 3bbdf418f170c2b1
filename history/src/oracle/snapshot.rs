//! Snapshot: the content of a snapshot never changes. All looks at one snapshot, by any
//! actor, show the same. Nothing is excused.
//!
//! A look is the call `look(snapshot)` of an object; its result is the content. An
//! opportunity is a look at a snapshot that was looked at before.

use std::collections::BTreeMap;

use super::{Finding, Oracle, Report, Rule, Settings};
use crate::body::{Body, Value};
use crate::facets::operations::{Operation, OperationEnd};
use crate::facets::{CheckedRun, Facet};
use crate::ids::ObjectId;

/// The call that shows the content of a snapshot.
const LOOK: &str = "look";

/// The argument of the call: the snapshot.
const SNAPSHOT: &str = "snapshot";

/// The oracle `snapshot`.
#[derive(Debug)]
pub struct Snapshot;

impl Oracle for Snapshot {
    fn name(&self) -> &'static str {
        "snapshot"
    }

    fn claim(&self) -> &'static str {
        "a snapshot never changes: every look at it shows the same content"
    }

    fn reads(&self) -> &'static [Facet] {
        &[Facet::Operations]
    }

    fn rules(&self) -> &'static [Rule] {
        &[Rule {
            name: "changed",
            meaning: "A snapshot shows other content than at the first look.",
        }]
    }

    fn check(&self, run: &CheckedRun<'_>, _settings: &Settings) -> Finding {
        let mut report = Report::new();
        for (object, operations) in run.operations().objects() {
            check_object(run, object, operations, &mut report);
        }
        report.finish()
    }
}

/// Returns `true` for a look at a snapshot.
pub(super) fn is_look(call: &Body) -> bool {
    call.kind == LOOK && call.field(SNAPSHOT).is_some()
}

/// Returns the snapshot that an operation looked at, with its content.
fn looked<'a>(operation: &Operation<'a>) -> Option<(&'a Value, &'a Body)> {
    if !is_look(operation.call) {
        return None;
    }
    match operation.end {
        OperationEnd::Returned { value, .. } => Some((operation.call.field(SNAPSHOT)?, value)),
        OperationEnd::Open | OperationEnd::Failed => None,
    }
}

fn check_object(
    run: &CheckedRun<'_>,
    object: ObjectId,
    operations: &[Operation<'_>],
    report: &mut Report,
) {
    let mut first_looks = BTreeMap::new();
    for operation in operations {
        let Some((snapshot, content)) = looked(operation) else {
            continue;
        };
        let Some(first) = first_looks.get(snapshot) else {
            first_looks.insert(snapshot, content);
            continue;
        };
        report.check(1);
        if *first != content {
            let witness = [operation.id.into(), object.into()];
            report.broken("changed", witness, operation.at, || {
                let names = &run.history.names;
                let (object, first) = (run.name(object), first.named(names));
                let content = content.named(names);
                format!("snapshot {snapshot} of {object} shows {content}; it had shown {first}")
            });
        }
    }
}
