//! Lost, repeated and invented deliveries.

use rehearsal_sim::VirtualTime;

use super::super::builder::{kind, progress, returned, set, tool};
use super::super::healthy::{
    ALICE, BOB, CHANNEL_1, CHANNEL_2, DATA, FAILING, SILENT, STREAMING, WORKER,
};
use super::Case;
use crate::{Body, MessageId, Offset, SpanEnd, Value};

pub(super) const NO_LOSS: &[Case] = &[
    Case {
        name: "a delivery dropped",
        oracle: "no-loss",
        rule: "lost",
        corrupt: |builder| builder.withhold(ALICE, builder.find(WORKER, kind::TOOL_EXECUTING)),
        says: &[
            "event-6 (tool_executing) of run-2 (data-2) on thread-1",
            "accepted at offset 7 of thread-1, epoch 1",
            "and delivered to client-2",
            "never delivered to client-1",
        ],
    },
    Case {
        name: "a delivery dropped at the only client",
        oracle: "no-loss",
        rule: "lost",
        corrupt: |builder| builder.withhold(BOB, builder.find_nth(STREAMING, kind::PROGRESS, 2)),
        says: &[
            "(progress) of run-5 (streaming-5) on thread-2 was accepted at \
                 offset 9 of thread-2, epoch 1; never delivered to client-3",
        ],
    },
    Case {
        name: "lost behind a journal that has it",
        oracle: "no-loss",
        rule: "lost",
        corrupt: |builder| {
            let message = builder.find(DATA, kind::THINKING);
            builder.withhold(BOB, message);
            let named = Value::Entity(message.into());
            let append = Body::new("append").with("entry", Value::List(vec![named]));
            let append = returned(7, append, (70, 80), None);
            builder.operations.push(append);
        },
        says: &[
            "never delivered to client-3, and no gap marker covers it; last seen: given to \
                 `append` of object-7 by client-1 at 0.000s",
        ],
    },
    Case {
        name: "lost behind a gap marker for another thread",
        oracle: "no-loss",
        rule: "lost",
        corrupt: |builder| {
            builder.withhold(BOB, builder.find(DATA, kind::THINKING));
            builder.gap(BOB, CHANNEL_1, 1, Some(50));
        },
        says: &[
            "(agent_thinking) of run-4 (data-4) on thread-2",
            "never delivered",
        ],
    },
    Case {
        name: "lost behind a gap marker that came before it was emitted",
        oracle: "no-loss",
        rule: "lost",
        corrupt: |builder| {
            builder.now = VirtualTime::ZERO;
            builder.gap(BOB, CHANNEL_2, 1, Some(u64::MAX));
            builder.withhold(BOB, builder.find(DATA, kind::THINKING));
        },
        says: &["(agent_thinking) of run-4", "no gap marker covers it"],
    },
    Case {
        name: "a gap marker without end in a living epoch",
        oracle: "no-loss",
        rule: "endless-gap",
        corrupt: |builder| builder.gap(BOB, CHANNEL_2, 3, None),
        says: &[
            "client-3",
            "thread-2",
            "from offset 3",
            "did not end in a crash",
        ],
    },
    Case {
        name: "refused while the run was alive",
        oracle: "no-loss",
        rule: "refused",
        corrupt: |builder| {
            let id = builder.find(DATA, kind::TOOL_COMPLETED);
            builder.refuse(id);
            builder.withhold_everywhere(id);
        },
        says: &[
            "(tool_completed) of run-4 (data-4) on thread-2",
            "registry full",
            "had not ended",
        ],
    },
    Case {
        name: "refused and delivered all the same",
        oracle: "no-loss",
        rule: "phantom",
        corrupt: |builder| {
            let id = builder.attempt(DATA, kind::PROGRESS, progress(1));
            builder.refuse(id);
            builder.deliver(BOB, id);
        },
        says: &[
            "(progress) of run-4 (data-4) on thread-2",
            "reached client-3 all the same",
        ],
    },
    Case {
        name: "no answer although the run was not cut off",
        oracle: "no-loss",
        rule: "unanswered",
        corrupt: |builder| {
            builder.attempt(DATA, kind::THINKING, tool(0));
        },
        says: &[
            "(agent_thinking) of run-4 (data-4) on thread-2",
            "never got an answer",
        ],
    },
    Case {
        name: "an unanswered event reaches one subscriber of two",
        oracle: "no-loss",
        rule: "lost",
        corrupt: |builder| {
            let id = builder.attempt(FAILING, kind::THINKING, tool(0));
            builder.span_mut(FAILING).end = Some(SpanEnd::TimedOut);
            builder.accept(id);
            builder.deliver(ALICE, id);
        },
        says: &[
            "run-3 (failure-3)",
            "without an answer",
            "delivered to client-1; never delivered to client-2",
        ],
    },
    Case {
        name: "from nowhere",
        oracle: "no-loss",
        rule: "phantom",
        corrupt: |builder| {
            let mut delivery = builder.wire(BOB, builder.find(DATA, kind::STARTED));
            delivery.received.message = MessageId(99);
            builder.deliveries.push(delivery);
        },
        says: &[
            "event-99 (agent_started) of run-4 (data-4) on thread-2",
            "client-3",
            "was never sent",
        ],
    },
    Case {
        name: "altered on the way",
        oracle: "no-loss",
        rule: "altered",
        corrupt: |builder| {
            let id = builder.find_nth(STREAMING, kind::PROGRESS, 0);
            set(&mut builder.received_mut(BOB, id).body, "progress", 21_i64);
        },
        says: &[
            "(progress) of run-5 (streaming-5) on thread-2",
            "client-3 altered",
            "progress(progress: 20)",
            "progress(progress: 21)",
        ],
    },
    Case {
        name: "another kind on the way",
        oracle: "no-loss",
        rule: "altered",
        corrupt: |builder| {
            let id = builder.find(SILENT, kind::DEATH);
            builder.received_mut(BOB, id).body.kind = kind::COMPLETED.into();
        },
        says: &[
            "(agent_death) of run-6",
            "altered",
            "it came as agent_completed",
        ],
    },
    Case {
        name: "a client that never finished",
        oracle: "no-loss",
        rule: "not-drained",
        corrupt: |builder| builder.subscribers.get_mut(&BOB).expect("bob").drained = false,
        says: &["client-3 of user-2 never finished", "came last"],
    },
    Case {
        name: "a thread without a subscriber",
        oracle: "no-loss",
        rule: "no-subscriber",
        corrupt: |builder| {
            builder.subscribers.remove(&BOB);
            builder.deliveries.retain(|delivery| delivery.actor != BOB);
        },
        says: &[
            "(agent_started) of run-4 (data-4) on thread-2",
            "thread-2 has no subscriber",
        ],
    },
    Case {
        name: "a gap marker without a named cause",
        oracle: "no-loss",
        rule: "gap",
        corrupt: |builder| {
            builder.withhold(BOB, builder.find(DATA, kind::TOOL_COMPLETED));
            let next = builder.find(DATA, kind::COMPLETED);
            builder.gap_before(next, BOB, CHANNEL_2, (4, 4));
        },
        says: &[
            "client-3 was told that thread-2 is lost from offset 4 to 4 of epoch 1",
            "no cause",
        ],
    },
    Case {
        name: "a gap marker over arrived messages",
        oracle: "no-loss",
        rule: "false-gap",
        corrupt: |builder| builder.gap(BOB, CHANNEL_2, 2, Some(3)),
        says: &["thread-2 is lost from offset 2 to 3 of epoch 1", "arrived"],
    },
    Case {
        name: "a gap marker over nothing",
        oracle: "no-loss",
        rule: "empty-gap",
        corrupt: |builder| builder.gap(BOB, CHANNEL_2, 900, Some(950)),
        says: &["from offset 900 to 950", "nothing was there"],
    },
];

pub(super) const EXACTLY_ONCE: &[Case] = &[
    Case {
        name: "a delivery repeated",
        oracle: "exactly-once",
        rule: "twice",
        corrupt: |builder| builder.deliver(BOB, builder.find(DATA, kind::TOOL_COMPLETED)),
        says: &["(tool_completed) of run-4 (data-4) on thread-2 reached client-3 again"],
    },
    Case {
        name: "two events at one position",
        oracle: "exactly-once",
        rule: "shared-position",
        corrupt: |builder| {
            let id = builder.find(DATA, kind::THINKING);
            builder.position_mut(BOB, id).offset = Offset(1);
        },
        says: &[
            "client-3 received two messages at offset 1 of thread-2, epoch 1",
            "run-4",
        ],
    },
];
