//! Lost, repeated and invented deliveries.

use super::super::healthy::{
    ALICE, BOB, DATA, FAILING, SILENT, STREAMING, THREAD_1, THREAD_2, WORKER,
};
use super::super::stage::{progress, tool};
use super::{Case, check, refuse, withhold_everywhere};
use crate::oracle::Oracle;
use rehearsal_agents::event::{EventId, EventKind};
use rehearsal_agents::record::{Offset, RunEnd};
use rehearsal_sim::VirtualTime;

#[test]
fn no_loss() {
    check(&[
        Case(
            "a delivery dropped",
            Oracle::NoLoss,
            |stage| stage.withhold(ALICE, stage.find(WORKER, EventKind::ToolExecuting)),
            &[
                "event-6 (tool_executing) of run-2 (data-2) on thread-1",
                "accepted by the bridge at offset 7 of thread-1, epoch 1",
                "and delivered to client-2",
                "never delivered to client-1",
            ],
        ),
        Case(
            "a delivery dropped at the only client",
            Oracle::NoLoss,
            |stage| stage.withhold(BOB, stage.find_nth(STREAMING, EventKind::Progress, 2)),
            &[
                "(progress) of run-5 (streaming-5) on thread-2 was accepted by the bridge at \
                 offset 9 of thread-2, epoch 1; never delivered to client-3",
            ],
        ),
        Case(
            "lost behind a gap marker for another thread",
            Oracle::NoLoss,
            |stage| {
                stage.withhold(BOB, stage.find(DATA, EventKind::AgentThinking));
                stage.gap(BOB, THREAD_1, 1, Some(50));
            },
            &[
                "(agent_thinking) of run-4 (data-4) on thread-2",
                "never delivered",
            ],
        ),
        Case(
            "lost behind a gap marker that came before it was emitted",
            Oracle::NoLoss,
            |stage| {
                stage.now = VirtualTime::ZERO;
                stage.gap(BOB, THREAD_2, 1, Some(u64::MAX));
                stage.withhold(BOB, stage.find(DATA, EventKind::AgentThinking));
            },
            &["(agent_thinking) of run-4", "no gap marker covers it"],
        ),
        Case(
            "a gap marker without end in a living epoch",
            Oracle::NoLoss,
            |stage| stage.gap(BOB, THREAD_2, 3, None),
            &[
                "client-3",
                "thread-2",
                "from offset 3",
                "did not end in a crash",
            ],
        ),
        Case(
            "refused while the run was alive",
            Oracle::NoLoss,
            |stage| {
                let id = stage.find(DATA, EventKind::ToolCompleted);
                refuse(stage, id);
                withhold_everywhere(stage, id);
            },
            &[
                "(tool_completed) of run-4 (data-4) on thread-2",
                "registry full",
                "had not ended",
            ],
        ),
        Case(
            "refused and delivered all the same",
            Oracle::NoLoss,
            |stage| {
                let id = stage.attempt(DATA, EventKind::Progress, progress(1));
                refuse(stage, id);
                stage.deliver(BOB, id);
            },
            &[
                "(progress) of run-4 (data-4) on thread-2",
                "reached client-3 all the same",
            ],
        ),
        Case(
            "no answer although the run was not cut off",
            Oracle::NoLoss,
            |stage| {
                stage.attempt(DATA, EventKind::AgentThinking, tool(0));
            },
            &[
                "(agent_thinking) of run-4 (data-4) on thread-2",
                "never got an answer",
            ],
        ),
        Case(
            "an unanswered event reaches one subscriber of two",
            Oracle::NoLoss,
            |stage| {
                let id = stage.attempt(FAILING, EventKind::AgentThinking, tool(0));
                stage.evidence.runs.get_mut(&FAILING).expect("a run").end = Some(RunEnd::TimedOut);
                stage.accept(id);
                stage.deliver(ALICE, id);
            },
            &[
                "run-3 (failure-3)",
                "without an answer",
                "delivered to client-1; never delivered to client-2",
            ],
        ),
        Case(
            "from nowhere",
            Oracle::NoLoss,
            |stage| {
                let mut delivery = stage.wire(BOB, stage.find(DATA, EventKind::AgentStarted));
                delivery.event.id = EventId(99);
                stage.evidence.deliveries.push(delivery);
            },
            &[
                "event-99 (agent_started) of run-4 (data-4) on thread-2",
                "client-3",
                "nobody emitted it",
            ],
        ),
        Case(
            "altered on the way",
            Oracle::NoLoss,
            |stage| {
                let id = stage.find_nth(STREAMING, EventKind::Progress, 0);
                stage.delivery_mut(BOB, id).event.payload.progress = Some(21);
            },
            &[
                "(progress) of run-5 (streaming-5) on thread-2",
                "client-3 altered",
                "Some(20)",
                "Some(21)",
            ],
        ),
        Case(
            "another kind on the way",
            Oracle::NoLoss,
            |stage| {
                let id = stage.find(SILENT, EventKind::AgentDeath);
                stage.delivery_mut(BOB, id).event.kind = EventKind::AgentCompleted;
            },
            &[
                "(agent_death) of run-6",
                "altered",
                "it came as agent_completed",
            ],
        ),
        Case(
            "a client that never finished",
            Oracle::NoLoss,
            |stage| stage.evidence.clients.get_mut(&BOB).expect("bob").finished = false,
            &["client-3 of user-2 never finished", "came last"],
        ),
        Case(
            "a thread without a subscriber",
            Oracle::NoLoss,
            |stage| {
                stage.evidence.clients.remove(&BOB);
                stage
                    .evidence
                    .deliveries
                    .retain(|delivery| delivery.client != BOB);
            },
            &[
                "(agent_started) of run-4 (data-4) on thread-2",
                "nobody subscribes",
            ],
        ),
    ]);
}

#[test]
fn exactly_once() {
    check(&[
        Case(
            "a delivery repeated",
            Oracle::ExactlyOnce,
            |stage| stage.deliver(BOB, stage.find(DATA, EventKind::ToolCompleted)),
            &["(tool_completed) of run-4 (data-4) on thread-2 reached client-3 again"],
        ),
        Case(
            "two events at one position",
            Oracle::ExactlyOnce,
            |stage| {
                let id = stage.find(DATA, EventKind::AgentThinking);
                stage.delivery_mut(BOB, id).offset = Offset(1);
            },
            &[
                "client-3 received two events at offset 1 of thread-2, epoch 1",
                "run-4",
            ],
        ),
    ]);
}
