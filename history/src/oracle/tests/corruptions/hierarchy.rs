//! Supervisors that do not enclose their sub-agents.

use super::super::builder::{about, kind, set};
use super::super::healthy::{ALICE, CHANNEL_1, DATA, FAILING, SUPERVISOR, WORKER};
use super::Case;
use crate::{SpanId, StreamId, Value, VectorClock};

pub(super) const HIERARCHY: &[Case] = &[
    Case {
        name: "reported without having waited",
        oracle: "hierarchy",
        rule: "not-awaited",
        corrupt: |builder| {
            // It comes last by time, but does not know of the end.
            let report = builder.find_nth(SUPERVISOR, kind::CHILD_COMPLETED, 1);
            let mut clock = builder
                .sending(builder.find_nth(SUPERVISOR, kind::CHILD_COMPLETED, 0))
                .clock
                .clone();
            clock.tick(StreamId(SUPERVISOR.0));
            builder.sending_mut(report).clock = clock;
        },
        says: &[
            "for run-2 (data-2)",
            "(subagent_completed) of run-1 (supervisor-1) on thread-1",
            "without having waited for",
            "(agent_completed) of run-2 (data-2)",
        ],
    },
    Case {
        name: "a failed sub-agent never reported",
        oracle: "hierarchy",
        rule: "missing",
        corrupt: |builder| {
            let id = builder.find_nth(SUPERVISOR, kind::CHILD_COMPLETED, 0);
            builder.refuse(id);
        },
        says: &[
            "run-3 (failure-3) on thread-1, begun by run-1 (supervisor-1), lacks its subagent_completed",
        ],
    },
    Case {
        name: "never announced",
        oracle: "hierarchy",
        rule: "missing",
        corrupt: |builder| {
            let id = builder.find_nth(SUPERVISOR, kind::CHILD_STARTED, 0);
            builder.refuse(id);
        },
        says: &["run-2 (data-2) on thread-1", "lacks its subagent_started"],
    },
    Case {
        name: "a sub-agent that never ended",
        oracle: "hierarchy",
        rule: "missing",
        corrupt: |builder| {
            let id = builder.find(FAILING, kind::ERROR);
            builder.refuse(id);
        },
        says: &[
            "run-3 (failure-3) on thread-1",
            "lacks its terminal message",
        ],
    },
    Case {
        name: "reported twice",
        oracle: "hierarchy",
        rule: "repeated",
        corrupt: |builder| {
            builder.emit_with(SUPERVISOR, kind::CHILD_COMPLETED, about(FAILING));
        },
        says: &[
            "(subagent_completed) of run-1",
            "is a second subagent_completed for run-3 (failure-3)",
        ],
    },
    Case {
        name: "two reports for one sub-agent and none for the other",
        oracle: "hierarchy",
        rule: "repeated",
        corrupt: |builder| {
            let id = builder.find_nth(SUPERVISOR, kind::CHILD_COMPLETED, 1);
            set(
                &mut builder.sending_mut(id).sent.body,
                "subagent",
                Value::Entity(FAILING.into()),
            );
        },
        says: &["is a second subagent_completed for run-3"],
    },
    Case {
        name: "started before it was announced",
        oracle: "hierarchy",
        rule: "not-awaited",
        corrupt: |builder| {
            let mut clock = VectorClock::default();
            clock.tick(StreamId(WORKER.0));
            let id = builder.find(WORKER, kind::STARTED);
            builder.sending_mut(id).clock = clock;
        },
        says: &[
            "for run-2 (data-2)",
            "(agent_started) of run-2",
            "(subagent_started) of run-1",
        ],
    },
    Case {
        name: "received in another order",
        oracle: "hierarchy",
        rule: "received-out-of-order",
        corrupt: |builder| {
            let end = builder.find(FAILING, kind::ERROR);
            let report = builder.find_nth(SUPERVISOR, kind::CHILD_COMPLETED, 0);
            builder.swap(ALICE, end, report);
        },
        says: &[
            "client-1 received",
            "(subagent_completed) of run-1",
            "before",
            "(agent_error) of run-3",
        ],
    },
    Case {
        name: "speaks for a run that it did not start",
        oracle: "hierarchy",
        rule: "not-its-child",
        corrupt: |builder| {
            builder.emit_with(DATA, kind::CHILD_STARTED, about(WORKER));
        },
        says: &["(subagent_started) of run-4 (data-4) on thread-2 speaks for run-2 (data-2)"],
    },
    Case {
        name: "another parent's label",
        oracle: "hierarchy",
        rule: "wrong-parent",
        corrupt: |builder| {
            let id = builder.find(WORKER, kind::THINKING);
            builder.received_mut(ALICE, id).envelope.parent = None;
        },
        says: &[
            "(agent_thinking) of run-2",
            "reached client-1 as begun by no span, not by run-1",
        ],
    },
    Case {
        name: "an unknown parent",
        oracle: "hierarchy",
        rule: "not-its-child",
        corrupt: |builder| builder.span_mut(WORKER).began.parent = Some(SpanId(77)),
        says: &["(subagent_started) of run-1 (supervisor-1) on thread-1 speaks for run-2"],
    },
    Case {
        name: "a parent that never began",
        oracle: "hierarchy",
        rule: "unknown-parent",
        corrupt: |builder| {
            // A span of its own, so that nothing else speaks for it.
            let orphan = builder.run("data", CHANNEL_1);
            builder.span_mut(orphan).began.parent = Some(SpanId(77));
        },
        says: &["run-10 (data-10) on thread-1 was begun by run-77, which never began"],
    },
];
