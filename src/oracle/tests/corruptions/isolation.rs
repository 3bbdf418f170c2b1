//! Deliveries to strangers, and leaked secrets.

use super::super::healthy::{ALICE, BOB, DATA, SLOW, THREAD_1, THREAD_2, WORKER};
use super::super::stage::{owner, secret};
use super::{Case, check, receipt_mut};
use crate::oracle::Oracle;
use rehearsal_agents::event::{ClientId, EventKind};

#[test]
fn isolation() {
    check(&[
        Case(
            "delivered to another user's client",
            Oracle::Isolation,
            |stage| {
                let delivery = stage.wire(BOB, stage.find(WORKER, EventKind::ToolExecuting));
                stage.evidence.deliveries.push(delivery);
            },
            &[
                "(tool_executing) of run-2 (data-2) on thread-1 reached client-3",
                "it belongs to user-1, and client-3 to user-2",
                "does not subscribe to thread-1",
                "shows a secret of user-1 to user-2",
            ],
        ),
        Case(
            "delivered to another thread's client of the same user",
            Oracle::Isolation,
            |stage| {
                stage
                    .evidence
                    .clients
                    .get_mut(&BOB)
                    .expect("bob")
                    .threads
                    .clear();
            },
            &[
                "run-4 (data-4) on thread-2 reached client-3: client-3 does not subscribe to thread-2",
            ],
        ),
        Case(
            "another run's label",
            Oracle::Isolation,
            |stage| {
                let id = stage.find(DATA, EventKind::AgentThinking);
                stage.delivery_mut(BOB, id).event.run = SLOW;
            },
            &[
                "(agent_thinking) of run-4 (data-4) on thread-2",
                "emitted by run-4",
                "for thread-2 of user-2",
                "run-7",
            ],
        ),
        Case(
            "another thread's label",
            Oracle::Isolation,
            |stage| {
                let id = stage.find(DATA, EventKind::AgentThinking);
                stage.delivery_mut(BOB, id).event.thread = THREAD_1;
            },
            &[
                "(agent_thinking) of run-4",
                "came as an event of run-4 for thread-1",
            ],
        ),
        Case(
            "registered for another thread",
            Oracle::Isolation,
            |stage| stage.evidence.runs.get_mut(&DATA).expect("a run").thread = THREAD_1,
            &[
                "(agent_started) of run-4 (data-4) on thread-2",
                "run-4 is registered for thread-1",
            ],
        ),
        Case(
            "another user's secret in place of its own",
            Oracle::Isolation,
            |stage| {
                let id = stage.find(DATA, EventKind::AgentThinking);
                let foreign = stage.emission(stage.find(WORKER, EventKind::AgentThinking));
                let secret = foreign.payload.secret.clone();
                stage.delivery_mut(BOB, id).event.payload.secret = secret;
            },
            &[
                "(agent_thinking) of run-4 (data-4) on thread-2 reached client-3",
                "not the one",
                "secret of user-1",
            ],
        ),
        Case(
            "another user's secret in the error",
            Oracle::Isolation,
            |stage| {
                let id = stage.find(SLOW, EventKind::AgentError);
                let text = format!("cannot open <{}>", secret(owner(THREAD_1)));
                stage.emission_mut(id).payload.error = Some(text.clone());
                stage.delivery_mut(BOB, id).event.payload.error = Some(text);
            },
            &[
                "(agent_error) of run-7 (slow-7) on thread-2 reached client-3",
                "secret of user-1 to user-2",
            ],
        ),
        Case(
            "another user's secret in a tool's name",
            Oracle::Isolation,
            |stage| {
                let id = stage.find(WORKER, EventKind::ToolCompleted);
                let name = format!("search {}", secret(owner(THREAD_2)));
                let tool = &mut stage.delivery_mut(ALICE, id).event.payload.tool;
                tool.as_mut().expect("a tool").name = name;
            },
            &[
                "(tool_completed) of run-2",
                "reached client-1",
                "secret of user-2 to user-1",
            ],
        ),
        Case(
            "accepted for another thread",
            Oracle::Isolation,
            |stage| {
                let id = stage.find(DATA, EventKind::ToolExecuting);
                receipt_mut(stage, id).thread = THREAD_1;
            },
            &["(tool_executing) of run-4 (data-4) on thread-2 was accepted for thread-1"],
        ),
        Case(
            "an unknown client",
            Oracle::Isolation,
            |stage| stage.deliver(ClientId(9), stage.find(DATA, EventKind::AgentStarted)),
            &["(agent_started) of run-4 (data-4) on thread-2 reached client-9: nobody knows"],
        ),
    ]);
}
