//! Runs that end twice, never, or otherwise than reported.

use super::super::builder::{kind, tool};
use super::super::healthy::{ALICE, ALICES_TABLET, BOB, CHANNEL_1, DATA, FAILING, SILENT};
use super::{Case, append};
use crate::SpanEnd;

pub(super) const TERMINAL: &[Case] = &[
    Case {
        name: "two terminals",
        oracle: "terminal-exactly-once",
        rule: "second-terminal",
        corrupt: |builder| {
            append(builder, ALICE, FAILING, kind::ERROR);
        },
        says: &[
            "run-3 (failure-3) on thread-1 has 2 terminal messages: event-",
            "(agent_error) of run-3",
        ],
    },
    Case {
        name: "no terminal",
        oracle: "terminal-exactly-once",
        rule: "no-terminal",
        corrupt: |builder| {
            let id = builder.find(SILENT, kind::DEATH);
            builder.refuse(id);
            builder.withhold_everywhere(id);
        },
        says: &["run-6 (failure-6) on thread-2 has no terminal message"],
    },
    Case {
        name: "silent death taken for a success",
        oracle: "terminal-exactly-once",
        rule: "wrong-terminal",
        corrupt: |builder| builder.span_mut(SILENT).end = Some(SpanEnd::Completed),
        says: &[
            "(agent_death) of run-6 (failure-6) on thread-2",
            "ended as Completed",
            "agent_completed",
        ],
    },
    Case {
        name: "a failure reported as success",
        oracle: "terminal-exactly-once",
        rule: "wrong-terminal",
        corrupt: |builder| {
            let id = builder.find(FAILING, kind::ERROR);
            builder.sending_mut(id).sent.body.kind = kind::COMPLETED.into();
        },
        says: &[
            "of run-3 (failure-3) on thread-1",
            "ended as Failed",
            "calls for agent_error",
        ],
    },
    Case {
        name: "accepted after the end",
        oracle: "terminal-exactly-once",
        rule: "accepted-after-end",
        corrupt: |builder| {
            builder.emit_with(DATA, kind::TOOL_COMPLETED, tool(1));
        },
        says: &[
            "(tool_completed) of run-4 (data-4) on thread-2 was accepted after",
            "(agent_completed)",
        ],
    },
    Case {
        name: "numbered after the end",
        oracle: "terminal-exactly-once",
        rule: "accepted-after-end",
        corrupt: |builder| {
            let id = builder.find(DATA, kind::TOOL_COMPLETED);
            builder.accepted_mut(id).seq = Some(6);
        },
        says: &["(tool_completed) of run-4 (data-4) on thread-2 was accepted after"],
    },
    Case {
        name: "received after the end",
        oracle: "terminal-exactly-once",
        rule: "received-after-end",
        corrupt: |builder| {
            let end = builder.find(DATA, kind::COMPLETED);
            builder.swap(BOB, end, builder.find(DATA, kind::TOOL_COMPLETED));
        },
        says: &[
            "(tool_completed) of run-4 (data-4) on thread-2 reached client-3 after",
            "(agent_completed)",
        ],
    },
    Case {
        name: "one client is not told",
        oracle: "terminal-exactly-once",
        rule: "never-told",
        corrupt: |builder| builder.withhold(ALICES_TABLET, builder.find(FAILING, kind::ERROR)),
        says: &[
            "client-2 was never told",
            "(agent_error) of run-3 (failure-3) on thread-1",
        ],
    },
    Case {
        name: "a run without an end",
        oracle: "terminal-exactly-once",
        rule: "never-ended",
        corrupt: |builder| builder.span_mut(DATA).end = None,
        says: &["run-4 (data-4) on thread-2 never ended"],
    },
    Case {
        name: "a run without any event",
        oracle: "terminal-exactly-once",
        rule: "no-terminal",
        corrupt: |builder| {
            let run = builder.run("data", CHANNEL_1);
            builder.end(run, SpanEnd::Completed);
        },
        says: &["run-10 (data-10) on thread-1 has no terminal message, nor any other"],
    },
];
