//! Corruptions of operations.

use super::super::builder::{OperationDraft, OperationDraftEnd, look, returned};
use super::Case;
use crate::{Body, ObjectId};

pub(super) const LINEARIZABLE: &[Case] = &[
    Case {
        name: "a read of a value that was overwritten before",
        oracle: "linearizable",
        rule: "no-order",
        corrupt: |builder| {
            let stale = returned(1, "read".into(), (60, 70), Some(1));
            builder.operations.push(stale);
        },
        says: &["read of client-1 returned ok(value: 1)", "register"],
    },
    Case {
        name: "two increments that return one number",
        oracle: "linearizable",
        rule: "no-order",
        corrupt: |builder| {
            let same = returned(2, "increment".into(), (20, 30), Some(2));
            builder.operations.push(same);
        },
        says: &["a counter"],
    },
    Case {
        name: "more orders than can be tried",
        oracle: "linearizable",
        rule: "undecided",
        corrupt: |builder| {
            for value in 0..40_i64 {
                let write = Body::new("write").with("value", value);
                let write = returned(3, write, (10, 20), None);
                builder.operations.push(write);
            }
            let read = returned(3, "read".into(), (30, 40), Some(-1));
            builder.operations.push(read);
        },
        says: &["100000 states", "41 operations"],
    },
    Case {
        name: "a call that no model knows",
        oracle: "linearizable",
        rule: "unknown-call",
        corrupt: |builder| {
            let call = Body::new("sing").with("key", 1_i64);
            builder.operations.push(returned(3, call, (10, 20), None));
        },
        says: &["sing(key: 1) on object-3"],
    },
    Case {
        name: "calls of two models on one object",
        oracle: "linearizable",
        rule: "unknown-call",
        corrupt: |builder| {
            let operation = OperationDraft {
                object: ObjectId(1),
                call: "count".into(),
                invoked: 80,
                end: OperationDraftEnd::Open,
            };
            builder.operations.push(operation);
        },
        says: &["no model of register, counter, key-value, log, set knows all calls on object-1"],
    },
    Case {
        name: "a result before its call",
        oracle: "linearizable",
        rule: "never-invoked",
        corrupt: |builder| {
            let late = returned(3, "count".into(), (20, 10), Some(0));
            builder.operations.push(late);
        },
        says: &["operation-19 was invoked a second time, or ended although it was not open"],
    },
];

pub(super) const SNAPSHOT: &[Case] = &[Case {
    name: "a snapshot that shows a later change",
    oracle: "snapshot",
    rule: "changed",
    corrupt: |builder| builder.operations.push(look(4, 1, (50, 60), 6)),
    says: &["snapshot 1 of object-4", "ok(value: 6)", "ok(value: 5)"],
}];

pub(super) const READ_YOUR_WRITES: &[Case] = &[
    Case {
        name: "a read of what an own write has overwritten",
        oracle: "read-your-writes",
        rule: "stale",
        corrupt: |builder| {
            let own = Body::new("write").with("value", 3_i64);
            // Operations go to three actors in turn.
            builder.operations.push(returned(1, own, (80, 85), None));
            builder.operations.push(look(4, 2, (80, 85), 6));
            builder.operations.push(look(4, 2, (80, 85), 6));
            let stale = returned(1, "read".into(), (90, 95), Some(2));
            builder.operations.push(stale);
        },
        says: &[
            "read of client-1 on object-1 returned ok(value: 2)",
            "write(value: 3)",
        ],
    },
    Case {
        name: "a count below an own increment",
        oracle: "read-your-writes",
        rule: "stale",
        corrupt: |builder| {
            let stale = returned(2, "count".into(), (90, 95), Some(1));
            builder.operations.push(look(4, 2, (80, 85), 6));
            builder.operations.push(look(4, 2, (80, 85), 6));
            builder.operations.push(stale);
        },
        says: &["count of client-3", "increment"],
    },
];
