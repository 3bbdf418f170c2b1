//! Corruptions of what agents do to the state that they share.

use super::super::builder::{OperationDraft, OperationDraftEnd, document, planned, returned};
use super::super::healthy::healthy_history;
use super::Case;
use crate::{Body, ObjectId};

fn value(kind: &'static str, value: i64) -> Body {
    Body::new(kind).with("value", value)
}

/// An operation without a result.
fn open(object: u64, call: Body, invoked: u64) -> OperationDraft {
    OperationDraft {
        object: ObjectId(object),
        call,
        invoked,
        end: OperationDraftEnd::Open,
    }
}

pub(super) const FRESH: &[Case] = &[
    Case {
        name: "a write that was produced from a replaced version",
        oracle: "fresh",
        rule: "stale-generation",
        corrupt: |builder| {
            let stale = returned(5, document(3, Some(1)), (45, 48), None);
            builder.operations.push(stale);
        },
        says: &[
            "write(value: 3",
            "produced from a version that write(value: 2",
        ],
    },
    Case {
        name: "a write that was produced from nothing, over something",
        oracle: "fresh",
        rule: "stale-generation",
        corrupt: |builder| {
            let stale = returned(5, document(3, None), (45, 48), None);
            builder.operations.push(stale);
        },
        says: &["on object-5"],
    },
];

pub(super) const RETRACTED: &[Case] = &[Case {
    name: "a write that uses what was retracted",
    oracle: "retracted",
    rule: "used-after",
    corrupt: |builder| {
        let late = returned(5, document(3, Some(2)), (70, 80), None);
        builder.operations.push(late);
    },
    says: &["write(value: 3", "after retract(value: 77)"],
}];

pub(super) const PHANTOM_TOOL: &[Case] = &[
    Case {
        name: "a tool that was removed",
        oracle: "phantom-tool",
        rule: "withdrawn",
        corrupt: |builder| {
            let removal = returned(7, value("remove", 3), (22, 25), None);
            builder.operations.push(removal);
        },
        says: &["use(value: 3", "on object-7: the tool was removed"],
    },
    Case {
        name: "a tool that was never offered",
        oracle: "phantom-tool",
        rule: "never-offered",
        corrupt: |builder| {
            builder
                .operations
                .push(returned(7, value("use", 9), (30, 40), None));
        },
        says: &["use(value: 9) on object-7: the tool was neither added nor listed"],
    },
];

pub(super) const EFFECT_ORDER: &[Case] = &[Case {
    name: "an effect that comes before one that was planned before it",
    oracle: "effect-order",
    rule: "out-of-turn",
    corrupt: |builder| {
        // Operations go to three actors in turn.
        let padding = || returned(9, value("append", 1), (10, 20), None);
        let [late, early] = [(1, 30), (2, 10)].map(|(place, from)| planned_at(place, from));
        let operations = [early, padding(), padding(), late];
        builder.operations.extend(operations);
    },
    says: &["client-1: append(value: 5, turn: 2, place: 2) came before append(value: 5"],
}];

/// An effect of turn 2, which takes 5 µs.
fn planned_at(place: i64, from: u64) -> OperationDraft {
    let call = value("append", 5).with("turn", 2_i64).with("place", place);
    returned(10, call, (from, from + 5), None)
}

/// Returns the number of violations with these operations added.
fn violations(oracle: &str, operations: impl IntoIterator<Item = OperationDraft>) -> u64 {
    let mut builder = healthy_history();
    builder.operations.extend(operations);
    let finding = builder.judge(oracle);
    assert!(finding.checked > 0);
    finding.broken()
}

#[test]
fn writes_that_overlap_may_have_come_in_either_order() {
    // The other write overlaps with the one that was produced, or with its source.
    let overlapping = returned(5, document(3, Some(1)), (35, 48), None);
    assert_eq!(violations("fresh", [overlapping]), 0);
    let source = returned(5, document(1, Some(2)), (35, 42), None);
    let produced = returned(5, document(3, Some(1)), (45, 48), None);
    assert_eq!(violations("fresh", [source, produced]), 0);
    // One without a result may never have come.
    let open = open(5, document(4, Some(2)), 42);
    let produced = returned(5, document(3, Some(2)), (45, 48), None);
    assert_eq!(violations("fresh", [open, produced]), 0);
}

#[test]
fn what_is_written_again_is_the_version_once_more() {
    let again = returned(5, document(1, Some(2)), (42, 44), None);
    let produced = returned(5, document(3, Some(1)), (45, 48), None);
    assert_eq!(violations("fresh", [again, produced]), 0);
}

#[test]
fn a_use_that_overlaps_the_retraction_is_excused() {
    let write = || document(3, Some(2));
    let overlapping = returned(5, write(), (55, 80), None);
    assert_eq!(violations("retracted", [overlapping]), 0);
    let unanswered = open(5, write(), 70);
    assert_eq!(violations("retracted", [unanswered]), 0);
}

#[test]
fn a_value_is_retracted_from_the_first_retraction_on() {
    let late = || returned(5, document(3, Some(2)), (70, 80), None);
    let retract = || Body::new("retract").with("value", 77_i64);
    let again = || returned(6, retract(), (90, 95), None);
    assert_eq!(violations("retracted", [late(), again()]), 1);
    let earlier = returned(6, retract(), (42, 44), None);
    let between = returned(5, document(3, Some(2)), (46, 80), None);
    assert_eq!(violations("retracted", [between, earlier]), 1);
}

#[test]
fn a_tool_may_be_offered_again_and_be_listed_without_an_offer() {
    let removal = || returned(7, value("remove", 3), (22, 25), None);
    assert_eq!(violations("phantom-tool", [removal()]), 1);
    let again = returned(7, value("add", 3), (24, 35), None);
    assert_eq!(violations("phantom-tool", [removal(), again]), 0);
    let unanswered = open(7, value("remove", 3), 22);
    assert_eq!(violations("phantom-tool", [unanswered]), 0);
    let overlapping = returned(7, value("remove", 3), (22, 32), None);
    assert_eq!(violations("phantom-tool", [overlapping]), 0);
}

#[test]
fn turns_of_different_actors_are_apart() {
    let of_two = [planned_at(2, 10), planned_at(1, 30)];
    assert_eq!(violations("effect-order", of_two), 0);
    let one = || returned(8, planned("append", 4, 1), (61, 62), None);
    // The first of three actors has the healthy effect at place 2.
    assert_eq!(violations("effect-order", [one()]), 1);
    let padding = open(9, value("append", 1), 5);
    assert_eq!(violations("effect-order", [padding, one()]), 0);
}
