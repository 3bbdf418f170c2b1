//! Runs that end twice, never, or otherwise than reported.

use super::super::healthy::{ALICE, ALICES_TABLET, BOB, DATA, FAILING, SILENT, THREAD_1};
use super::super::stage::tool;
use super::{Case, append, check, receipt_mut, refuse, withhold_everywhere};
use crate::oracle::Oracle;
use rehearsal_agents::event::EventKind;
use rehearsal_agents::record::RunEnd;

#[test]
fn terminal() {
    check(&[
        Case(
            "two terminals",
            Oracle::Terminal,
            |stage| {
                append(stage, ALICE, FAILING, EventKind::AgentError);
            },
            &[
                "run-3 (failure-3) on thread-1 has 2 terminal events: event-",
                "(agent_error) of run-3",
            ],
        ),
        Case(
            "no terminal",
            Oracle::Terminal,
            |stage| {
                let id = stage.find(SILENT, EventKind::AgentDeath);
                refuse(stage, id);
                withhold_everywhere(stage, id);
            },
            &["run-6 (failure-6) on thread-2 has no terminal event"],
        ),
        Case(
            "silent death taken for a success",
            Oracle::Terminal,
            |stage| {
                stage.evidence.runs.get_mut(&SILENT).expect("a run").end = Some(RunEnd::Completed)
            },
            &[
                "(agent_death) of run-6 (failure-6) on thread-2",
                "ended as Completed",
                "agent_completed",
            ],
        ),
        Case(
            "a failure reported as success",
            Oracle::Terminal,
            |stage| {
                let id = stage.find(FAILING, EventKind::AgentError);
                stage.emission_mut(id).kind = EventKind::AgentCompleted;
            },
            &[
                "of run-3 (failure-3) on thread-1",
                "ended as Failed",
                "calls for agent_error",
            ],
        ),
        Case(
            "accepted after the end",
            Oracle::Terminal,
            |stage| {
                stage.emit_with(DATA, EventKind::ToolCompleted, tool(1));
            },
            &[
                "(tool_completed) of run-4 (data-4) on thread-2 was accepted after",
                "(agent_completed)",
            ],
        ),
        Case(
            "numbered after the end",
            Oracle::Terminal,
            |stage| {
                let id = stage.find(DATA, EventKind::ToolCompleted);
                receipt_mut(stage, id).seq = 6;
            },
            &["(tool_completed) of run-4 (data-4) on thread-2 was accepted after"],
        ),
        Case(
            "received after the end",
            Oracle::Terminal,
            |stage| {
                let end = stage.find(DATA, EventKind::AgentCompleted);
                stage.swap(BOB, end, stage.find(DATA, EventKind::ToolCompleted));
            },
            &[
                "(tool_completed) of run-4 (data-4) on thread-2 reached client-3 after",
                "(agent_completed)",
            ],
        ),
        Case(
            "one client is not told",
            Oracle::Terminal,
            |stage| stage.withhold(ALICES_TABLET, stage.find(FAILING, EventKind::AgentError)),
            &[
                "client-2 was never told",
                "(agent_error) of run-3 (failure-3) on thread-1",
            ],
        ),
        Case(
            "a run without an end",
            Oracle::Terminal,
            |stage| stage.evidence.runs.get_mut(&DATA).expect("a run").end = None,
            &["run-4 (data-4) on thread-2 never ended"],
        ),
        Case(
            "a run without any event",
            Oracle::Terminal,
            |stage| {
                let run = stage.run("data", THREAD_1);
                stage.end(run, RunEnd::Completed);
            },
            &["run-8 (data-8) on thread-1 has no terminal event, nor any other"],
        ),
    ]);
}
