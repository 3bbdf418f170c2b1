//! Phantom tool: a tool that is used is on offer. An agent plans with the list of tools that
//! it was shown; when it calls one, another agent may have withdrawn it.
//!
//! The registry of tools is an object with the calls `add`, `remove` and `members`, and each
//! use of a tool is the call `use` on it, recorded when the tool was executed: one that was
//! refused has failed, and is no use. A use is wrong if a removal had returned before it,
//! and no `add` of the tool can have come between; or if the tool was neither added nor listed
//! before the use returned. Operations that overlap are excused.
//!
//! Source: the *phantom tool* of arXiv 2606.17182; see `fresh`.

use super::{Finding, Oracle, Report, Rule, Settings};
use crate::actor::VALUE;
use crate::body::Value;
use crate::facets::operations::{Operation, OperationEnd};
use crate::facets::{CheckedRun, Facet};
use crate::ids::ObjectId;

/// The oracle `phantom-tool`.
#[derive(Debug)]
pub struct PhantomTool;

impl Oracle for PhantomTool {
    fn name(&self) -> &'static str {
        "phantom-tool"
    }

    fn claim(&self) -> &'static str {
        "a tool that is used is on offer"
    }

    fn reads(&self) -> &'static [Facet] {
        &[Facet::Operations]
    }

    fn rules(&self) -> &'static [Rule] {
        &[
            Rule {
                name: "withdrawn",
                meaning: "A tool was used after it had been removed.",
            },
            Rule {
                name: "never-offered",
                meaning: "A tool was used that was neither added nor listed by then.",
            },
        ]
    }

    fn check(&self, run: &CheckedRun<'_>, _settings: &Settings) -> Finding {
        let mut report = Report::new();
        for (object, operations) in run.operations().objects() {
            for operation in operations {
                let tool = operation.call.field("value");
                if let Some(tool) = tool
                    && operation.call.kind == "use"
                    && let OperationEnd::Returned { order, .. } = operation.end
                {
                    report.check(1);
                    let registry = Registry { operations, tool };
                    registry.check(run, object, (operation, order), &mut report);
                }
            }
        }
        report.finish()
    }
}

/// The registry, as it concerns one tool.
struct Registry<'r, 'a> {
    operations: &'r [Operation<'a>],
    tool: &'a Value,
}

impl<'r, 'a> Registry<'r, 'a> {
    fn check(
        &self,
        run: &CheckedRun<'_>,
        object: ObjectId,
        (used, returned): (&Operation<'_>, usize),
        report: &mut Report,
    ) {
        let name = || {
            (
                run.name(object).to_string(),
                used.call.named(&run.history.names),
            )
        };
        if !self.is_offered_by(returned) {
            let witness = [used.id.into(), object.into()];
            report.broken("never-offered", witness, used.at, || {
                let (object, call) = name();
                format!("{call} on {object}: the tool was neither added nor listed before")
            });
        } else if let Some(removal) = self.removal_before(used, returned) {
            let witness = [used.id.into(), removal.id.into(), object.into()];
            report.broken("withdrawn", witness, used.at, || {
                let ((object, call), at) = (name(), removal.at);
                format!("{call} on {object}: the tool was removed at {at}")
            });
        }
    }

    /// Returns the operations of a kind on the tool, those that failed excepted.
    fn of_kind(&self, kind: &'static str) -> impl Iterator<Item = &'r Operation<'a>> {
        let tool = self.tool;
        let operations = self.operations.iter();
        operations.filter(move |operation| {
            operation.call.kind == kind
                && operation.call.field("value") == Some(tool)
                && operation.end != OperationEnd::Failed
        })
    }

    /// Returns `true` if the tool may have been there before that place among all entries.
    fn is_offered_by(&self, place: usize) -> bool {
        let lists = |operation: &Operation<'_>| match operation.end {
            OperationEnd::Returned { value, order, .. } => {
                let listed = value.field(VALUE);
                let lists = matches!(listed, Some(Value::List(tools)) if tools.contains(self.tool));
                lists && order < place
            }
            OperationEnd::Open | OperationEnd::Failed => false,
        };
        self.of_kind("add").any(|add| add.invoked < place) || self.operations.iter().any(lists)
    }

    /// Returns a removal before the use that nothing can have undone.
    fn removal_before(&self, used: &Operation<'_>, returned: usize) -> Option<&'r Operation<'a>> {
        self.of_kind("remove").find(|removal| {
            let undoes = |add: &Operation<'_>| !add.ended_before(removal) && add.invoked < returned;
            removal.ended_before(used) && !self.of_kind("add").any(undoes)
        })
    }
}
