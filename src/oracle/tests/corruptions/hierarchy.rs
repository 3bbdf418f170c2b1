//! Supervisors that do not enclose their sub-agents.

use super::super::healthy::{ALICE, DATA, FAILING, SUPERVISOR, WORKER, theatre};
use super::super::stage::about;
use super::{Case, check, refuse};
use crate::oracle::Oracle;
use rehearsal_agents::event::{EventKind, RunId};
use rehearsal_agents::record::Clock;

#[test]
fn hierarchy() {
    check(&[
        Case(
            "reported without having waited",
            Oracle::Hierarchy,
            |stage| {
                // It comes last by time, but does not know of the end.
                let report = stage.find_nth(SUPERVISOR, EventKind::SubagentCompleted, 1);
                let mut clock = stage
                    .emission(stage.find_nth(SUPERVISOR, EventKind::SubagentCompleted, 0))
                    .clock
                    .clone();
                clock.tick(SUPERVISOR);
                stage.emission_mut(report).clock = clock;
            },
            &[
                "for run-2 (data-2)",
                "(subagent_completed) of run-1 (supervisor-1) on thread-1",
                "without having waited for",
                "(agent_completed) of run-2 (data-2)",
            ],
        ),
        Case(
            "a failed sub-agent never reported",
            Oracle::Hierarchy,
            |stage| {
                let id = stage.find_nth(SUPERVISOR, EventKind::SubagentCompleted, 0);
                refuse(stage, id);
            },
            &[
                "run-3 (failure-3) on thread-1, started by run-1 (supervisor-1), lacks its subagent_completed",
            ],
        ),
        Case(
            "never announced",
            Oracle::Hierarchy,
            |stage| {
                let id = stage.find_nth(SUPERVISOR, EventKind::SubagentStarted, 0);
                refuse(stage, id);
            },
            &["run-2 (data-2) on thread-1", "lacks its subagent_started"],
        ),
        Case(
            "a sub-agent that never ended",
            Oracle::Hierarchy,
            |stage| {
                let id = stage.find(FAILING, EventKind::AgentError);
                refuse(stage, id);
            },
            &["run-3 (failure-3) on thread-1", "lacks its terminal event"],
        ),
        Case(
            "reported twice",
            Oracle::Hierarchy,
            |stage| {
                stage.emit_with(SUPERVISOR, EventKind::SubagentCompleted, about(FAILING));
            },
            &[
                "(subagent_completed) of run-1",
                "is a second subagent_completed for run-3 (failure-3)",
            ],
        ),
        Case(
            "two reports for one sub-agent and none for the other",
            Oracle::Hierarchy,
            |stage| {
                let id = stage.find_nth(SUPERVISOR, EventKind::SubagentCompleted, 1);
                stage.emission_mut(id).payload.subagent = Some(FAILING);
            },
            &["is a second subagent_completed for run-3"],
        ),
        Case(
            "started before it was announced",
            Oracle::Hierarchy,
            |stage| {
                let mut clock = Clock::default();
                clock.tick(WORKER);
                let id = stage.find(WORKER, EventKind::AgentStarted);
                stage.emission_mut(id).clock = clock;
            },
            &[
                "for run-2 (data-2)",
                "(agent_started) of run-2",
                "(subagent_started) of run-1",
            ],
        ),
        Case(
            "received in another order",
            Oracle::Hierarchy,
            |stage| {
                let end = stage.find(FAILING, EventKind::AgentError);
                let report = stage.find_nth(SUPERVISOR, EventKind::SubagentCompleted, 0);
                stage.swap(ALICE, end, report);
            },
            &[
                "client-1 received",
                "(subagent_completed) of run-1",
                "before",
                "(agent_error) of run-3",
            ],
        ),
        Case(
            "speaks for a run that it did not start",
            Oracle::Hierarchy,
            |stage| {
                stage.emit_with(DATA, EventKind::SubagentStarted, about(WORKER));
            },
            &["(subagent_started) of run-4 (data-4) on thread-2 speaks for run-2 (data-2)"],
        ),
        Case(
            "another parent's label",
            Oracle::Hierarchy,
            |stage| {
                let id = stage.find(WORKER, EventKind::AgentThinking);
                stage.delivery_mut(ALICE, id).event.parent_run = None;
            },
            &[
                "(agent_thinking) of run-2",
                "reached client-1 as started by nobody, not by run-1",
            ],
        ),
    ]);
}

#[test]
fn hierarchy_with_an_unknown_parent() {
    let mut stage = theatre();
    let unknown = Some(RunId(77));
    stage.evidence.runs.get_mut(&WORKER).expect("a run").parent = unknown;
    let finding = stage.judge(Oracle::Hierarchy);
    let says = |words: &str| {
        let mut violations = finding.violations.iter();
        violations.any(|violation| violation.message.contains(words))
    };
    assert!(says(
        "run-2 (data-2) on thread-1 was started by run-77, which was never registered"
    ));
    assert!(says(
        "(subagent_started) of run-1 (supervisor-1) on thread-1 speaks for run-2"
    ));
}
