//! Corruptions of a cancellation.

use std::time::Duration;

use super::super::builder::kind;
use super::super::healthy::{CANCELLED, CANCELLED_CHILD};
use super::Case;
use crate::SpanEnd;

const LATER: Duration = Duration::from_millis(1);

pub(super) const CANCEL_TREE: &[Case] = &[
    Case {
        name: "a child that works on",
        oracle: "cancel-tree",
        rule: "step",
        corrupt: |builder| {
            builder.emit(CANCELLED_CHILD, kind::THINKING);
        },
        says: &[
            "(agent_thinking) of run-9 (data-9) on thread-2 was sent at",
            "although run-8 (supervisor-8) was cancelled at",
        ],
    },
    Case {
        name: "a cancelled span that works on itself",
        oracle: "cancel-tree",
        rule: "step",
        corrupt: |builder| {
            builder.emit(CANCELLED, kind::THINKING);
        },
        says: &["(agent_thinking) of run-8 (supervisor-8) on thread-2 was sent at"],
    },
    Case {
        name: "a grandchild that works on",
        oracle: "cancel-tree",
        rule: "step",
        corrupt: |builder| {
            let grandchild = builder.child("data", CANCELLED_CHILD);
            builder.end(grandchild, SpanEnd::Completed);
            builder.emit(grandchild, kind::STARTED);
        },
        says: &["of run-10 (data-10)", "although run-8 (supervisor-8)"],
    },
    Case {
        name: "a child that is begun too late",
        oracle: "cancel-tree",
        rule: "began",
        corrupt: |builder| {
            let late = builder.child("data", CANCELLED);
            builder.span_mut(late).began_at = builder.now + LATER;
        },
        says: &["run-10 (data-10) on thread-2 began at", "although run-8"],
    },
    Case {
        name: "a child that never ends",
        oracle: "cancel-tree",
        rule: "never-ended",
        corrupt: |builder| builder.span_mut(CANCELLED_CHILD).end = None,
        says: &["run-9 (data-9) on thread-2 never ended, although run-8"],
    },
    Case {
        name: "a child that ends late",
        oracle: "cancel-tree",
        rule: "ended-late",
        corrupt: |builder| builder.span_mut(CANCELLED_CHILD).ended_at = None,
        says: &["run-9 (data-9) on thread-2 ended as Cancelled only at"],
    },
    Case {
        name: "a child that is cancelled twice",
        oracle: "cancel-tree",
        rule: "ended-twice",
        corrupt: |builder| {
            let child = builder.span_mut(CANCELLED_CHILD);
            child.repeated.push(SpanEnd::Cancelled);
        },
        says: &[
            "run-9 (data-9) on thread-2 ended as Cancelled at",
            "and as Cancelled at",
        ],
    },
];
