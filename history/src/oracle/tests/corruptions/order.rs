//! Deliveries out of order, and holes.

use super::super::builder::kind;
use super::super::healthy::{
    ALICES_TABLET, BOB, CHANNEL_2, DATA, SILENT, SLOW, STREAMING, SUPERVISOR, WORKER,
};
use super::Case;
use crate::Epoch;

pub(super) const FIFO: &[Case] = &[
    Case {
        name: "two deliveries of a run swapped",
        oracle: "fifo",
        rule: "overtaken",
        corrupt: |builder| {
            let one = builder.find(DATA, kind::TOOL_EXECUTING);
            builder.swap(BOB, one, builder.find(DATA, kind::TOOL_COMPLETED));
        },
        says: &[
            "(tool_completed) of run-4 (data-4) on thread-2 (seq 4) reached client-3 before",
            "(tool_executing)",
        ],
    },
    Case {
        name: "a hole",
        oracle: "fifo",
        rule: "hole",
        corrupt: |builder| builder.withhold(BOB, builder.find_nth(STREAMING, kind::PROGRESS, 1)),
        says: &[
            "(progress) of run-5 (streaming-5) on thread-2 (seq 4) reached client-3",
            "is missing",
        ],
    },
    Case {
        name: "a hole at the start",
        oracle: "fifo",
        rule: "hole",
        corrupt: |builder| builder.withhold(BOB, builder.find(SILENT, kind::STARTED)),
        says: &[
            "(agent_death) of run-6 (failure-6) on thread-2 (seq 2)",
            "(agent_started)",
            "is missing",
        ],
    },
    Case {
        name: "a hole that is marked in part",
        oracle: "fifo",
        rule: "hole",
        corrupt: |builder| {
            for nth in 1..4 {
                builder.withhold(BOB, builder.find_nth(STREAMING, kind::PROGRESS, nth));
            }
            builder.gap(BOB, CHANNEL_2, 8, Some(9));
        },
        says: &["(progress) of run-5", "(seq 6)", "is missing"],
    },
    Case {
        name: "a number that no message accounts for",
        oracle: "fifo",
        rule: "unexplained-number",
        corrupt: |builder| {
            let id = builder.find(SLOW, kind::ERROR);
            builder.accepted_mut(id).seq = Some(4);
            builder.received_mut(BOB, id).seq = Some(4);
        },
        says: &[
            "(agent_error) of run-7 (slow-7) on thread-2",
            "as seq 4",
            "seq 3 was due",
        ],
    },
    Case {
        name: "numbers from zero",
        oracle: "fifo",
        rule: "unexplained-number",
        corrupt: |builder| {
            let id = builder.find(SILENT, kind::STARTED);
            builder.accepted_mut(id).seq = Some(0);
            builder.received_mut(BOB, id).seq = Some(0);
        },
        says: &["(agent_started) of run-6", "as seq 0", "seq 1 was due"],
    },
    Case {
        name: "one number twice",
        oracle: "fifo",
        rule: "late",
        corrupt: |builder| {
            let id = builder.find(DATA, kind::TOOL_COMPLETED);
            builder.accepted_mut(id).seq = Some(3);
            builder.received_mut(BOB, id).seq = Some(3);
        },
        says: &[
            "(tool_completed) of run-4",
            "(seq 3, epoch 1) reached client-3 after",
            "(tool_executing)",
        ],
    },
    Case {
        name: "another number than the sender was told",
        oracle: "fifo",
        rule: "contradicts-answer",
        corrupt: |builder| {
            let id = builder.find(DATA, kind::COMPLETED);
            builder.received_mut(BOB, id).seq = Some(6);
        },
        says: &["(agent_completed) of run-4", "as seq 6", "was told seq 5"],
    },
    Case {
        name: "another place than the sender was told",
        oracle: "fifo",
        rule: "contradicts-answer",
        corrupt: |builder| {
            let id = builder.find(DATA, kind::COMPLETED);
            builder.position_mut(BOB, id).epoch = Epoch(2);
        },
        says: &[
            "(agent_completed) of run-4",
            "epoch 2",
            "was told seq 5, epoch 1",
        ],
    },
    Case {
        name: "numbered, logged and delivered against the order of emission",
        oracle: "fifo",
        rule: "program-order",
        corrupt: |builder| {
            let one = builder.find(DATA, kind::THINKING);
            let other = builder.find(DATA, kind::TOOL_EXECUTING);
            let answer = builder.sending(one).answer.clone();
            builder.sending_mut(one).answer = builder.sending(other).answer.clone();
            builder.sending_mut(other).answer = answer;
            for id in [one, other] {
                let accepted = builder.accepted_mut(id).clone();
                let received = builder.received_mut(BOB, id);
                received.seq = accepted.seq;
                received.position = accepted.position;
            }
            builder.swap(BOB, one, other);
        },
        says: &[
            "(agent_thinking) of run-4",
            "reached client-3 after",
            "(tool_executing)",
            "sent after it",
        ],
    },
];

pub(super) const CAUSAL: &[Case] = &[
    Case {
        name: "an effect before its cause in another run",
        oracle: "causal",
        rule: "effect-first",
        corrupt: |builder| {
            let cause = builder.find_nth(SUPERVISOR, kind::CHILD_STARTED, 0);
            builder.swap(ALICES_TABLET, cause, builder.find(WORKER, kind::STARTED));
        },
        says: &[
            "client-2 received",
            "(agent_started) of run-2 (data-2) on thread-1 before",
            "(subagent_started) of run-1 (supervisor-1) on thread-1",
        ],
    },
    Case {
        name: "an effect before its cause in the same run",
        oracle: "causal",
        rule: "effect-first",
        corrupt: |builder| {
            let cause = builder.find_nth(STREAMING, kind::PROGRESS, 0);
            builder.swap(BOB, cause, builder.find_nth(STREAMING, kind::PROGRESS, 3));
        },
        says: &[
            "client-3 received",
            "run-5 (streaming-5) on thread-2 before",
            "happened before it",
        ],
    },
];
