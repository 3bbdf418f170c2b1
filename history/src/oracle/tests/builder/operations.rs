//! Operations on objects.

use crate::{Body, ObjectId, Value};

/// An operation on an object; times are in microseconds.
#[derive(Clone, Debug)]
pub(in super::super) struct OperationDraft {
    pub(in super::super) object: ObjectId,
    pub(in super::super) call: Body,
    pub(in super::super) invoked: u64,
    pub(in super::super) end: OperationDraftEnd,
}

#[derive(Clone, Debug)]
pub(in super::super) enum OperationDraftEnd {
    Open,
    Returned(u64, Body),
    Failed(u64),
}

/// An operation that returned a value, or nothing.
pub(in super::super) fn returned(
    object: u64,
    call: Body,
    times: (u64, u64),
    value: Option<i64>,
) -> OperationDraft {
    let result = Body::new("ok");
    let result = match value {
        Some(value) => result.with("value", value),
        None => result,
    };
    OperationDraft {
        object: ObjectId(object),
        call,
        invoked: times.0,
        end: OperationDraftEnd::Returned(times.1, result),
    }
}

/// A look at a snapshot of the object.
pub(in super::super) fn look(
    object: u64,
    snapshot: i64,
    times: (u64, u64),
    content: i64,
) -> OperationDraft {
    let call = Body::new("look").with("snapshot", snapshot);
    returned(object, call, times, Some(content))
}

/// A register that is written and read, a counter with two increments at a time, and
/// snapshots, one of which is looked at twice.
pub(super) fn healthy_operations() -> Vec<OperationDraft> {
    let write = |value: i64| Body::new("write").with("value", value);
    let mut operations = vec![
        returned(1, write(1), (10, 20), None),
        returned(1, "read".into(), (15, 25), Some(1)),
        returned(1, write(2), (30, 50), None),
        returned(1, "read".into(), (35, 40), Some(2)),
        returned(1, "read".into(), (60, 70), Some(2)),
        returned(2, "increment".into(), (10, 40), Some(2)),
        returned(2, "increment".into(), (20, 30), Some(1)),
        returned(2, "count".into(), (50, 60), Some(2)),
    ];
    operations.push(OperationDraft {
        end: OperationDraftEnd::Failed(90),
        ..returned(2, "increment".into(), (80, 90), None)
    });
    operations.extend([
        look(4, 1, (10, 20), 5),
        look(4, 2, (25, 35), 6),
        look(4, 1, (30, 40), 5),
    ]);
    operations.extend(healthy_turns());
    operations
}

/// A document that is written from what it replaces, the statement that it uses and that is
/// retracted later, a tool that is used while it is on offer, and the effects of a turn.
fn healthy_turns() -> [OperationDraft; 6] {
    let value = |kind: &'static str, value: i64| Body::new(kind).with("value", value);
    // Operations go to three actors in turn: both effects are one actor's.
    [
        returned(7, planned("use", 3, 1), (30, 40), None),
        returned(5, document(1, None), (10, 20), None),
        returned(5, document(2, Some(1)), (30, 40), None),
        returned(8, planned("append", 4, 2), (50, 60), None),
        returned(6, value("retract", 77), (50, 60), None),
        returned(7, value("add", 3), (10, 20), None),
    ]
}

/// A write of a document that was produced from a version, and derived from the statement 77.
pub(in super::super) fn document(value: i64, from: Option<i64>) -> Body {
    let from = from.map_or(Value::List(Vec::new()), Value::from);
    let uses = Value::List(vec![77_i64.into()]);
    let write = Body::new("write").with("value", value);
    write.with("from", from).with("uses", uses)
}

/// An effect at that place of turn 1.
pub(in super::super) fn planned(kind: &'static str, value: i64, place: i64) -> Body {
    let effect = Body::new(kind).with("value", value);
    effect.with("turn", 1_i64).with("place", place)
}
