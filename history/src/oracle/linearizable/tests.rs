use proptest::prelude::*;
use rehearsal_sim::VirtualTime;

use super::*;
use crate::body::{Body, Value};
use crate::ids::OperationId;

/// An operation of a test: its call, the times of invocation and end, and its result.
#[derive(Clone, Debug)]
struct Draft {
    call: Body,
    invoked: usize,
    end: DraftEnd,
}

#[derive(Clone, Debug)]
enum DraftEnd {
    Open,
    Returned(usize, Body),
    Failed,
}

fn result(value: Option<i64>) -> Body {
    match value {
        Some(value) => Body::new("ok").with("value", value),
        None => Body::new("ok"),
    }
}

fn operations(drafts: &[Draft]) -> Vec<Operation<'_>> {
    let mut operations: Vec<Operation<'_>> = drafts
        .iter()
        .enumerate()
        .map(|(number, draft)| Operation {
            id: OperationId(number as u64),
            actor: None,
            call: &draft.call,
            at: VirtualTime::ZERO,
            invoked: draft.invoked,
            end: match &draft.end {
                DraftEnd::Open => OperationEnd::Open,
                DraftEnd::Failed => OperationEnd::Failed,
                DraftEnd::Returned(order, value) => OperationEnd::Returned {
                    value,
                    at: VirtualTime::ZERO,
                    order: *order,
                },
            },
        })
        .collect();
    operations.sort_by_key(|operation| operation.invoked);
    operations
}

/// Returns `true` if some order explains the results, by trying all of them.
fn by_brute_force(
    model: &dyn SequentialSpec,
    operations: &[Operation<'_>],
    done: u32,
    state: &Value,
) -> bool {
    let is_done = |index: usize| done & (1 << index) != 0;
    let returned = |operation: &Operation<'_>| match operation.end {
        OperationEnd::Returned { order, .. } => Some(order),
        _ => None,
    };
    let left = || (0..operations.len()).filter(|index| !is_done(*index));
    if left().all(|index| returned(&operations[index]).is_none()) {
        return true;
    }
    let end = left()
        .filter_map(|index| returned(&operations[index]))
        .min();
    left().any(|index| {
        let operation = &operations[index];
        if end.is_some_and(|end| end < operation.invoked) {
            return false;
        }
        let result = match operation.end {
            OperationEnd::Failed => return false,
            OperationEnd::Open => None,
            OperationEnd::Returned { value, .. } => Some(value),
        };
        let next = model.step(state, operation.call, result);
        next.is_some_and(|next| by_brute_force(model, operations, done | 1 << index, &next))
    })
}

fn is_linearizable(model: &dyn SequentialSpec, drafts: &[Draft]) -> bool {
    let mut parts = parts(model, &operations(drafts)).into_iter();
    parts.all(|part| match search(model, &part, u64::MAX) {
        Decision::Linearizable => true,
        Decision::Stuck(_) => false,
        Decision::Undecided => panic!("there was no limit"),
    })
}

fn calls_of(model: usize) -> BoxedStrategy<(Body, Option<i64>)> {
    let small = || 0..3_i64;
    let maybe = || proptest::option::of(0..4_i64);
    let keyed = |kind: &'static str, key: i64| Body::new(kind).with("key", key);
    match MODELS[model].name() {
        "register" => prop_oneof![
            small().prop_map(|value| (Body::new("write").with("value", value), None)),
            maybe().prop_map(|value| (Body::new("read"), value)),
            (small(), small())
                .prop_map(|(from, to)| (Body::new("cas").with("from", from).with("to", to), None)),
        ]
        .boxed(),
        "counter" => prop_oneof![
            maybe().prop_map(|value| (Body::new("increment"), value)),
            small().prop_map(|value| (Body::new("count"), Some(value))),
        ]
        .boxed(),
        "key-value" => prop_oneof![
            (small(), small())
                .prop_map(move |(key, value)| { (keyed("put", key).with("value", value), None) }),
            (small(), maybe()).prop_map(move |(key, value)| (keyed("get", key), value)),
            small().prop_map(move |key| (keyed("delete", key), None)),
        ]
        .boxed(),
        "log" => prop_oneof![
            (small(), maybe())
                .prop_map(|(value, position)| (Body::new("append").with("value", value), position)),
        ]
        .boxed(),
        "set" => {
            prop_oneof![small().prop_map(|value| (Body::new("add").with("value", value), None)),]
                .boxed()
        }
        other => panic!("no calls of the model {other}"),
    }
}

/// Up to seven operations of one model that overlap in every way.
fn histories() -> impl Strategy<Value = (usize, Vec<Draft>)> {
    (0..MODELS.len()).prop_flat_map(|model| {
        let operation = (calls_of(model), 0..20_usize, 1..12_usize, 0..8_u8).prop_map(
            |((call, value), start, length, fate)| {
                // No two entries have one place.
                let (invoked, returned) = (start * 64, (start + length) * 64 + 32);
                Draft {
                    call,
                    invoked,
                    end: match fate {
                        0 => DraftEnd::Open,
                        1 => DraftEnd::Failed,
                        _ => DraftEnd::Returned(returned, result(value)),
                    },
                }
            },
        );
        let operations = proptest::collection::vec(operation, 1..8);
        operations.prop_map(move |mut drafts| {
            for (number, draft) in drafts.iter_mut().enumerate() {
                draft.invoked += number;
                if let DraftEnd::Returned(order, _) = &mut draft.end {
                    *order += number;
                }
            }
            (model, drafts)
        })
    })
}

/// Returns the number of histories: 2,000, or as many as `PROPTEST_CASES` says.
fn cases() -> u32 {
    let cases = std::env::var("PROPTEST_CASES");
    cases.map_or(2_000, |cases| cases.parse().expect("a number"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn search_and_brute_force_agree((model, drafts) in histories()) {
        let model = MODELS[model];
        let found = is_linearizable(model, &drafts);
        let expected = by_brute_force(model, &operations(&drafts), 0, &model.initial());
        prop_assert_eq!(found, expected);
    }
}

fn register() -> &'static dyn SequentialSpec {
    MODELS[0]
}

fn write(value: i64, invoked: usize, end: DraftEnd) -> Draft {
    Draft {
        call: Body::new("write").with("value", value),
        invoked,
        end,
    }
}

fn read(value: i64, invoked: usize, returned: usize) -> Draft {
    Draft {
        call: Body::new("read"),
        invoked,
        end: DraftEnd::Returned(returned, result(Some(value))),
    }
}

#[test]
fn an_operation_without_a_result_takes_effect_late_or_never() {
    let open = write(2, 30, DraftEnd::Open);
    let first = write(1, 10, DraftEnd::Returned(20, result(None)));
    let history = |reads: &[Draft]| [&[first.clone(), open.clone()], reads].concat();
    assert!(is_linearizable(register(), &history(&[read(1, 40, 50)])));
    let late = [read(1, 40, 50), read(2, 60, 70)];
    assert!(is_linearizable(register(), &history(&late)));
    let back = [read(2, 40, 50), read(1, 60, 70)];
    assert!(!is_linearizable(register(), &history(&back)));
    let early = [read(2, 22, 25)];
    assert!(!is_linearizable(register(), &history(&early)));
}

#[test]
fn an_operation_that_failed_has_no_effect() {
    let failed = write(2, 10, DraftEnd::Failed);
    assert!(!is_linearizable(register(), &[failed, read(2, 20, 30)]));
}

#[test]
fn a_long_history_is_decided_within_the_limit() {
    let drafts: Vec<Draft> = (0..3_000)
        .map(|number| {
            let (invoked, value) = (number * 10, i64::try_from(number).expect("small"));
            write(
                value,
                invoked,
                DraftEnd::Returned(invoked + 25, result(None)),
            )
        })
        .collect();
    let decision = search(register(), &operations(&drafts), 10_000);
    assert!(matches!(decision, Decision::Linearizable), "{decision:?}");
}

/// Operations on the keys of a map in turn. Each overlaps with the next two or three on its
/// key, and with hundreds on other keys.
fn operations_on_keys(count: usize, keys: usize) -> Vec<Draft> {
    let mut values = vec![None; keys];
    (0..count)
        .map(|number| {
            let key = number % keys;
            let value = i64::try_from(number).expect("small");
            let call = |kind: &'static str| {
                Body::new(kind).with("key", i64::try_from(key).expect("small"))
            };
            let (call, result) = if (number / keys).is_multiple_of(3) {
                values[key] = Some(value);
                (call("put").with("value", value), result(None))
            } else {
                (call("get"), result(values[key]))
            };
            let invoked = number * 10;
            Draft {
                call,
                invoked,
                end: DraftEnd::Returned(invoked + 25 * keys + 5, result),
            }
        })
        .collect()
}

/// Returns the number of keys whose operations have an order, and of those that have none,
/// each found with at most eight states for each operation of the key.
fn decided_keys(drafts: &[Draft]) -> (usize, usize) {
    let model = MODELS.iter().find(|model| model.name() == "key-value");
    let model = *model.expect("a model");
    let parts = parts(model, &operations(drafts));
    let decide = |part: &Vec<Operation<'_>>| search(model, part, 8 * part.len() as u64);
    let decisions: Vec<Decision> = parts.iter().map(decide).collect();
    let count = |is: fn(&&Decision) -> bool| decisions.iter().filter(is).count();
    (
        count(|decision| matches!(decision, Decision::Linearizable)),
        count(|decision| matches!(decision, Decision::Stuck(_))),
    )
}

#[test]
fn keys_of_a_map_are_searched_one_by_one() {
    let mut drafts = operations_on_keys(10_000, 100);
    assert_eq!(decided_keys(&drafts), (100, 0));
    let last = drafts.last_mut().expect("an operation");
    last.call = Body::new("get").with("key", 99_i64);
    last.end = DraftEnd::Returned(usize::MAX, result(Some(-1)));
    assert_eq!(decided_keys(&drafts), (99, 1));
}
