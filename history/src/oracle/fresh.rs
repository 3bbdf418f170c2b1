//! Fresh: what an actor writes was produced from the version that it replaces. An agent
//! reads a value, works on it for a while, and writes the result: if another write has come
//! in between, that one is lost, although every read and write is explained by one order.
//!
//! A write that was produced from a value names it in the field `from` of its call; an empty
//! list says that there was none. It is stale if another write of the same key certainly came
//! between: after every write of `from`, and before the write. An opportunity is an
//! acknowledged write with `from`. Operations that overlap are excused, since either may have
//! come first, and so are writes without a result.
//!
//! Source: *stale generation*, the first of the four anomalies of S. Khan, "Verified Detection
//! and Prevention of Concurrency Anomalies in Multi-Agent Large Language Model Systems"
//! (arXiv 2606.17182).

use super::read_your_writes::{Effect, effect, overwrites};
use super::{Finding, Oracle, Report, Rule, Settings};
use crate::body::Value;
use crate::facets::operations::Operation;
use crate::facets::{CheckedRun, Facet};
use crate::ids::ObjectId;

/// The field of a call with the value that the written one was produced from.
const FROM: &str = "from";

/// The oracle `fresh`.
#[derive(Debug)]
pub struct Fresh;

impl Oracle for Fresh {
    fn name(&self) -> &'static str {
        "fresh"
    }

    fn claim(&self) -> &'static str {
        "what is written was produced from the version that it replaces"
    }

    fn reads(&self) -> &'static [Facet] {
        &[Facet::Operations]
    }

    fn rules(&self) -> &'static [Rule] {
        &[Rule {
            name: "stale-generation",
            meaning: "A write was produced from a version that another write had replaced.",
        }]
    }

    fn check(&self, run: &CheckedRun<'_>, _settings: &Settings) -> Finding {
        let mut report = Report::new();
        for (object, operations) in run.operations().objects() {
            for write in operations {
                check_write(run, object, operations, write, &mut report);
            }
        }
        report.finish()
    }
}

/// Returns the value that a write was produced from; none within for none.
fn produced_from<'a>(write: &Operation<'a>) -> Option<Option<&'a Value>> {
    match write.call.field(FROM)? {
        Value::List(values) if values.is_empty() => Some(None),
        value => Some(Some(value)),
    }
}

fn check_write(
    run: &CheckedRun<'_>,
    object: ObjectId,
    operations: &[Operation<'_>],
    write: &Operation<'_>,
    report: &mut Report,
) {
    let (Some(Effect::Overwrites(key, _)), Some(from), Some(_)) =
        (effect(write), produced_from(write), write.result())
    else {
        return;
    };
    report.check(1);
    let others = || operations.iter().filter(|other| other.id != write.id);
    let sources: Vec<_> = others()
        .filter(|other| overwrites(other, key) == Some(from))
        .collect();
    let between = others().find(|other| {
        overwrites(other, key).is_some_and(|value| value != from)
            && other.ended_before(write)
            && sources.iter().all(|source| source.ended_before(other))
    });
    let Some(between) = between else { return };
    let witness = [write.id.into(), between.id.into(), object.into()];
    report.broken("stale-generation", witness, write.at, || {
        let names = &run.history.names;
        let (call, other) = (write.call.named(names), between.call.named(names));
        let (object, at) = (run.name(object), between.at);
        format!("{call} on {object} was produced from a version that {other} replaced at {at}")
    });
}
