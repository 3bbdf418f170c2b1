//! Runs that break the rules of the vocabulary.

use super::super::healthy::{
    ALICE, BOB, DATA, FAILING, SILENT, SLOW, STREAMING, SUPERVISOR, theatre,
};
use super::super::stage::tool;
use super::{Case, append, check, refuse, withhold_everywhere};
use crate::oracle::Oracle;
use rehearsal_agents::event::EventKind;

#[test]
fn progress_must_pass_its_greatest_value() {
    let mut stage = theatre();
    for (nth, percent) in [(1, 90), (2, 50), (3, 60)] {
        let id = stage.find_nth(STREAMING, EventKind::Progress, nth);
        stage.delivery_mut(BOB, id).event.payload.progress = Some(percent);
    }
    let finding = stage.judge(Oracle::Protocol);
    let says = |words: &str| {
        let mut violations = finding.violations.iter();
        violations.any(|violation| violation.message.contains(words))
    };
    assert!(says("progress goes from 90 to 50"));
    assert!(says("progress goes from 90 to 60"));
    assert_eq!(finding.broken(), 2);
}

#[test]
fn protocol() {
    check(&[
        Case(
            "a tool call left open at a client",
            Oracle::Protocol,
            |stage| stage.withhold(BOB, stage.find(DATA, EventKind::ToolCompleted)),
            &[
                "(agent_completed) of run-4 (data-4) on thread-2 as client-3 received it",
                "tool call 0 has not ended",
            ],
        ),
        Case(
            "a tool call left open in the log",
            Oracle::Protocol,
            |stage| {
                let id = stage.find(DATA, EventKind::ToolCompleted);
                refuse(stage, id);
            },
            &[
                "(agent_completed) of run-4",
                "as the bridge accepted it: tool call 0 has not ended",
            ],
        ),
        Case(
            "a tool call that ends before it begins",
            Oracle::Protocol,
            |stage| {
                let one = stage.find(DATA, EventKind::ToolExecuting);
                stage.swap(BOB, one, stage.find(DATA, EventKind::ToolCompleted));
            },
            &[
                "(tool_completed) of run-4",
                "tool call 0 ends before it began",
            ],
        ),
        Case(
            "a tool call that begins twice",
            Oracle::Protocol,
            |stage| {
                let id = stage.find(DATA, EventKind::AgentThinking);
                let emission = stage.emission_mut(id);
                emission.kind = EventKind::ToolExecuting;
                emission.payload.tool = tool(0).tool;
            },
            &["of run-4", "tool call 0 begins twice"],
        ),
        Case(
            "a tool call that ends twice",
            Oracle::Protocol,
            |stage| {
                let id = stage.find(DATA, EventKind::AgentCompleted);
                stage.emission_mut(id).kind = EventKind::ToolCompleted;
                stage.emission_mut(id).payload.tool = tool(0).tool;
            },
            &["(tool_completed) of run-4", "tool call 0 ends twice"],
        ),
        Case(
            "a tool call that begins after it has ended",
            Oracle::Protocol,
            |stage| {
                let id = stage.find(DATA, EventKind::AgentCompleted);
                stage.emission_mut(id).kind = EventKind::ToolExecuting;
                stage.emission_mut(id).payload.tool = tool(0).tool;
            },
            &[
                "(tool_executing) of run-4",
                "tool call 0 begins after it has ended",
            ],
        ),
        Case(
            "a run that was cut off begins in the middle",
            Oracle::Protocol,
            |stage| {
                let id = stage.find(SLOW, EventKind::AgentStarted);
                stage.withhold(BOB, id);
            },
            &[
                "(tool_executing) of run-7 (slow-7) on thread-2",
                "does not begin with agent_started",
            ],
        ),
        Case(
            "a tool call without a name",
            Oracle::Protocol,
            |stage| {
                let id = stage.find(DATA, EventKind::ToolExecuting);
                stage.emission_mut(id).payload.tool = None;
            },
            &["(tool_executing) of run-4", "it names no tool call"],
        ),
        Case(
            "started is not first",
            Oracle::Protocol,
            |stage| {
                let one = stage.find(DATA, EventKind::AgentStarted);
                stage.swap(BOB, one, stage.find(DATA, EventKind::AgentThinking));
            },
            &[
                "(agent_thinking) of run-4",
                "as client-3 received it: the run does not begin with agent_started",
            ],
        ),
        Case(
            "started twice",
            Oracle::Protocol,
            |stage| {
                let id = stage.find(DATA, EventKind::AgentThinking);
                stage.emission_mut(id).kind = EventKind::AgentStarted;
            },
            &["(agent_started) of run-4", "not the first event"],
        ),
        Case(
            "a critical event missing",
            Oracle::Protocol,
            |stage| {
                let id = stage.find(DATA, EventKind::AgentThinking);
                withhold_everywhere(stage, id);
            },
            &["(agent_completed) of run-4", "agent_thinking is missing"],
        ),
        Case(
            "progress stands still",
            Oracle::Protocol,
            |stage| {
                let id = stage.find_nth(STREAMING, EventKind::Progress, 2);
                stage.delivery_mut(BOB, id).event.payload.progress = Some(40);
            },
            &[
                "(progress) of run-5 (streaming-5) on thread-2",
                "progress goes from 40 to 40",
            ],
        ),
        Case(
            "progress says nothing",
            Oracle::Protocol,
            |stage| {
                let id = stage.find_nth(STREAMING, EventKind::Progress, 2);
                stage.emission_mut(id).payload.progress = None;
            },
            &["(progress) of run-5", "how far the work is"],
        ),
        Case(
            "an event after the end",
            Oracle::Protocol,
            |stage| {
                append(stage, BOB, SILENT, EventKind::AgentError);
            },
            &[
                "(agent_error) of run-6",
                "had already ended with agent_death",
            ],
        ),
        Case(
            "an error without a reason",
            Oracle::Protocol,
            |stage| {
                let id = stage.find(FAILING, EventKind::AgentError);
                stage.emission_mut(id).payload.error = None;
            },
            &["(agent_error) of run-3", "does not say what went wrong"],
        ),
        Case(
            "a sub-agent left open",
            Oracle::Protocol,
            |stage| {
                let id = stage.find_nth(SUPERVISOR, EventKind::SubagentCompleted, 0);
                stage.withhold(ALICE, id);
            },
            &[
                "(agent_completed) of run-1",
                "as client-1 received it: sub-agent run-3 has not ended",
            ],
        ),
        Case(
            "a sub-agent reported before it was announced",
            Oracle::Protocol,
            |stage| {
                let one = stage.find_nth(SUPERVISOR, EventKind::SubagentStarted, 1);
                let other = stage.find_nth(SUPERVISOR, EventKind::SubagentCompleted, 0);
                stage.swap(ALICE, one, other);
            },
            &[
                "(subagent_completed) of run-1",
                "sub-agent run-3 ends before it began",
            ],
        ),
        Case(
            "fewer events than planned",
            Oracle::Protocol,
            |stage| {
                stage
                    .evidence
                    .runs
                    .get_mut(&STREAMING)
                    .expect("a run")
                    .events_planned = 8
            },
            &["run-5 (streaming-5) on thread-2 completed with 7 accepted events of the 8"],
        ),
    ]);
}
