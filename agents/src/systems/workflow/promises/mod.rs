//! The promises of workflows, judged by what workers and users have seen.
//!
//! Each is an invariant of a history, whose name says the promise. One that a workflow gives
//! no opportunity is not recorded.

mod common;
pub(super) mod crews;
pub(super) mod incidents;
pub(super) mod plans;
pub(super) mod procedures;
pub(super) mod reviews;
pub(super) mod sequences;
pub(super) mod supervision;

use super::evidence::WorkflowSeen;
use super::process;
use super::report::Report;
use super::settings::WorkflowScenario;
use super::telemetry::Telemetry;

/// A contradiction to a promise, or none. `None` if there was no opportunity.
type Kept = Option<Result<(), String>>;

/// A promise.
pub(super) struct Promise {
    name: &'static str,
    judge: fn(&Observed<'_>) -> Kept,
}

/// One workflow with everything that is known of it.
pub(super) struct Observed<'a> {
    scenario: &'a WorkflowScenario,
    seen: &'a WorkflowSeen,
}

impl Observed<'_> {
    fn report(&self) -> Option<&Report> {
        self.seen.report.as_ref().map(|(_, report)| report)
    }
}

const fn promise(name: &'static str, judge: fn(&Observed<'_>) -> Kept) -> Promise {
    Promise { name, judge }
}

/// The promises of every workflow.
const COMMON: &[Promise] = &[
    promise("workflow-is-reported", common::is_reported),
    promise(
        "nothing-begins-after-the-report",
        common::nothing_after_report,
    ),
    promise("log-has-inputs-as-given", common::log_has_inputs),
    promise("log-has-results-as-given", common::log_has_results),
    promise("no-step-after-tokens-are-used-up", common::budget_stops_all),
    promise("tokens-stay-within-budget", common::within_budget),
    promise("unknown-agent-is-an-error", common::unknown_agent_is_error),
];

/// Judges every workflow of a run.
pub(super) fn judge(scenario: &WorkflowScenario, telemetry: &Telemetry) {
    let promises = process::info(scenario.workflow.process.0).promises;
    for seen in telemetry.evidence.workflows().values() {
        let observed = Observed { scenario, seen };
        for promise in COMMON.iter().chain(promises) {
            if let Some(kept) = (promise.judge)(&observed) {
                telemetry.promise(promise.name, kept);
            }
        }
    }
}

/// Returns a contradiction unless the condition holds.
fn unless(holds: bool, contradiction: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(contradiction()) }
}
