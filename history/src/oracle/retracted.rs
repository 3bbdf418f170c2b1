//! Retracted: nothing is built on what was retracted. A reviewer or a supervisor takes a
//! statement back; a write that another agent derives from it afterwards carries the error on.
//!
//! A write names the values that it was derived from in the field `uses` of its call, a list;
//! `retract(value)`, on whatever object, takes a value back for good; of several retractions
//! of one value the first to return counts. An opportunity is a value that an acknowledged
//! write uses. A write that overlaps that retraction, or came before it, is excused.
//!
//! Source: the *causal cascade* of arXiv 2606.17182, as its sessions with a retracting
//! supervisor show it; see `fresh`.

use std::collections::BTreeMap;

use super::{Finding, Oracle, Report, Rule, Settings};
use crate::body::Value;
use crate::facets::operations::Operation;
use crate::facets::{CheckedRun, Facet};

/// The call that takes a value back.
const RETRACT: &str = "retract";

/// The field of a call with the values that it was derived from.
const USES: &str = "uses";

/// The oracle `retracted`.
#[derive(Debug)]
pub struct Retracted;

impl Oracle for Retracted {
    fn name(&self) -> &'static str {
        "retracted"
    }

    fn claim(&self) -> &'static str {
        "nothing is derived from a value after it was retracted"
    }

    fn reads(&self) -> &'static [Facet] {
        &[Facet::Operations]
    }

    fn rules(&self) -> &'static [Rule] {
        &[Rule {
            name: "used-after",
            meaning: "An operation was derived from a value that had been retracted before.",
        }]
    }

    fn check(&self, run: &CheckedRun<'_>, _settings: &Settings) -> Finding {
        let mut report = Report::new();
        let operations = || {
            let objects = run.operations().objects();
            objects.flat_map(|(_, operations)| operations)
        };
        let retractions = first_retractions(operations());
        for operation in operations().filter(|operation| operation.result().is_some()) {
            for value in used(operation) {
                report.check(1);
                let retraction = retractions.get(value).map(|(_, retraction)| *retraction);
                if let Some(retraction) = retraction.filter(|it| it.ended_before(operation)) {
                    report_use(run, operation, retraction, &mut report);
                }
            }
        }
        report.finish()
    }
}

/// Returns for each retracted value the retraction that returned first, with the place of its
/// return among all entries.
fn first_retractions<'r, 'a: 'r>(
    operations: impl Iterator<Item = &'r Operation<'a>>,
) -> BTreeMap<&'a Value, (usize, &'r Operation<'a>)> {
    let mut first: BTreeMap<&Value, (usize, &Operation<'_>)> = BTreeMap::new();
    for operation in operations.filter(|operation| operation.call.kind == RETRACT) {
        let Some((_, returned)) = operation.returned() else {
            continue;
        };
        let Some(value) = operation.call.field("value") else {
            continue;
        };
        let known = first.entry(value).or_insert((returned, operation));
        if returned < known.0 {
            *known = (returned, operation);
        }
    }
    first
}

fn used<'a>(operation: &Operation<'a>) -> &'a [Value] {
    match operation.call.field(USES) {
        Some(Value::List(values)) => values,
        _ => &[],
    }
}

fn report_use(
    run: &CheckedRun<'_>,
    operation: &Operation<'_>,
    retraction: &Operation<'_>,
    report: &mut Report,
) {
    let witness = [operation.id.into(), retraction.id.into()];
    report.broken("used-after", witness, operation.at, || {
        let names = &run.history.names;
        let (call, retract) = (operation.call.named(names), retraction.call.named(names));
        let at = retraction.at;
        format!("{call} was invoked after {retract}, at {at}, had returned")
    });
}
