//! Deliveries out of order, and holes.

use super::super::healthy::{
    ALICES_TABLET, BOB, DATA, SILENT, SLOW, STREAMING, SUPERVISOR, THREAD_2, WORKER,
};
use super::{Case, check, receipt_mut};
use crate::oracle::Oracle;
use rehearsal_agents::event::EventKind;
use rehearsal_agents::record::Epoch;

#[test]
fn fifo() {
    check(&[
        Case(
            "two deliveries of a run swapped",
            Oracle::Fifo,
            |stage| {
                let one = stage.find(DATA, EventKind::ToolExecuting);
                stage.swap(BOB, one, stage.find(DATA, EventKind::ToolCompleted));
            },
            &[
                "(tool_completed) of run-4 (data-4) on thread-2 (seq 4) reached client-3 before",
                "(tool_executing)",
            ],
        ),
        Case(
            "a hole",
            Oracle::Fifo,
            |stage| stage.withhold(BOB, stage.find_nth(STREAMING, EventKind::Progress, 1)),
            &[
                "(progress) of run-5 (streaming-5) on thread-2 (seq 4) reached client-3",
                "is missing",
            ],
        ),
        Case(
            "a hole at the start",
            Oracle::Fifo,
            |stage| stage.withhold(BOB, stage.find(SILENT, EventKind::AgentStarted)),
            &[
                "(agent_death) of run-6 (failure-6) on thread-2 (seq 2)",
                "(agent_started)",
                "is missing",
            ],
        ),
        Case(
            "a hole that is marked in part",
            Oracle::Fifo,
            |stage| {
                for nth in 1..4 {
                    stage.withhold(BOB, stage.find_nth(STREAMING, EventKind::Progress, nth));
                }
                stage.gap(BOB, THREAD_2, 8, Some(9));
            },
            &["(progress) of run-5", "(seq 6)", "is missing"],
        ),
        Case(
            "a number that nobody accounts for",
            Oracle::Fifo,
            |stage| {
                let id = stage.find(SLOW, EventKind::AgentError);
                receipt_mut(stage, id).seq = 4;
                stage.delivery_mut(BOB, id).event.seq = 4;
            },
            &[
                "(agent_error) of run-7 (slow-7) on thread-2",
                "as seq 4",
                "seq 3 was due",
            ],
        ),
        Case(
            "numbers from zero",
            Oracle::Fifo,
            |stage| {
                let id = stage.find(SILENT, EventKind::AgentStarted);
                receipt_mut(stage, id).seq = 0;
                stage.delivery_mut(BOB, id).event.seq = 0;
            },
            &["(agent_started) of run-6", "as seq 0", "seq 1 was due"],
        ),
        Case(
            "one number twice",
            Oracle::Fifo,
            |stage| {
                let id = stage.find(DATA, EventKind::ToolCompleted);
                receipt_mut(stage, id).seq = 3;
                stage.delivery_mut(BOB, id).event.seq = 3;
            },
            &[
                "(tool_completed) of run-4",
                "(seq 3, epoch 1) reached client-3 after",
                "(tool_executing)",
            ],
        ),
        Case(
            "another number than the emitter was told",
            Oracle::Fifo,
            |stage| {
                let id = stage.find(DATA, EventKind::AgentCompleted);
                stage.delivery_mut(BOB, id).event.seq = 6;
            },
            &["(agent_completed) of run-4", "as seq 6", "was told seq 5"],
        ),
        Case(
            "another place than the emitter was told",
            Oracle::Fifo,
            |stage| {
                let id = stage.find(DATA, EventKind::AgentCompleted);
                stage.delivery_mut(BOB, id).epoch = Epoch(2);
            },
            &[
                "(agent_completed) of run-4",
                "epoch 2",
                "was told seq 5, epoch 1",
            ],
        ),
        Case(
            "numbered, logged and delivered against the order of emission",
            Oracle::Fifo,
            |stage| {
                let one = stage.find(DATA, EventKind::AgentThinking);
                let other = stage.find(DATA, EventKind::ToolExecuting);
                let fate = stage.emission(one).fate.clone();
                stage.emission_mut(one).fate = stage.emission(other).fate.clone();
                stage.emission_mut(other).fate = fate;
                for id in [one, other] {
                    let receipt = *receipt_mut(stage, id);
                    let delivery = stage.delivery_mut(BOB, id);
                    delivery.event.seq = receipt.seq;
                    delivery.offset = receipt.offset;
                }
                stage.swap(BOB, one, other);
            },
            &[
                "(agent_thinking) of run-4",
                "reached client-3 after",
                "(tool_executing)",
                "emitted after it",
            ],
        ),
    ]);
}

#[test]
fn causal() {
    check(&[
        Case(
            "an effect before its cause in another run",
            Oracle::Causal,
            |stage| {
                let cause = stage.find_nth(SUPERVISOR, EventKind::SubagentStarted, 0);
                stage.swap(
                    ALICES_TABLET,
                    cause,
                    stage.find(WORKER, EventKind::AgentStarted),
                );
            },
            &[
                "client-2 received",
                "(agent_started) of run-2 (data-2) on thread-1 before",
                "(subagent_started) of run-1 (supervisor-1) on thread-1",
            ],
        ),
        Case(
            "an effect before its cause in the same run",
            Oracle::Causal,
            |stage| {
                let cause = stage.find_nth(STREAMING, EventKind::Progress, 0);
                stage.swap(
                    BOB,
                    cause,
                    stage.find_nth(STREAMING, EventKind::Progress, 3),
                );
            },
            &[
                "client-3 received",
                "run-5 (streaming-5) on thread-2 before",
                "happened before it",
            ],
        ),
    ]);
}
