//! Models: what the operations of an object do if they come one after the other.

use crate::actor::VALUE;
use crate::body::{Body, Value};

/// A sequential specification of an object. Its state is a value, so that a history needs
/// nothing else to be judged.
pub trait SequentialSpec: Sync {
    /// Returns its name in settings.
    fn name(&self) -> &'static str;

    /// Returns the calls, each with its arguments and its result.
    fn calls(&self) -> &'static [&'static str];

    /// Returns `true` if that is one of its calls, with the arguments that it needs.
    fn knows(&self, call: &Body) -> bool;

    /// Returns the part of the object that a call reads or changes, if the object consists of
    /// parts that have nothing to do with each other. Each part is then searched by itself.
    fn part<'c>(&self, _call: &'c Body) -> Option<&'c Value> {
        None
    }

    /// Returns the state of an object that no operation has changed.
    fn initial(&self) -> Value;

    /// Returns the state after a call; none if the call would have had another result in
    /// that state. Without a result, any is right.
    fn step(&self, state: &Value, call: &Body, result: Option<&Body>) -> Option<Value>;
}

/// The models.
pub static MODELS: &[&dyn SequentialSpec] = &[&Register, &Counter, &KeyValue, &Log, &Set];

/// Their names, in the order of the table.
pub(super) const NAMES: &[&str] = &["register", "counter", "key-value", "log", "set"];

/// Returns the value of a result; none for one that says that nothing is there.
fn value(result: &Body) -> Option<&Value> {
    result.field(VALUE)
}

/// Returns `true` if the result, if it is known and has a value, has this one.
fn may_be(result: Option<&Body>, expected: &Value) -> bool {
    result.and_then(value).is_none_or(|value| value == expected)
}

/// Returns `true` if the result, if it is known, has exactly this value.
fn is_exactly(result: Option<&Body>, expected: Option<&Value>) -> bool {
    result.is_none_or(|result| value(result) == expected)
}

/// Returns the elements of a state that is a list.
fn elements(state: &Value) -> &[Value] {
    match state {
        Value::List(values) => values,
        _ => &[],
    }
}

/// One value, which may not be there.
struct Register;

impl SequentialSpec for Register {
    fn name(&self) -> &'static str {
        "register"
    }

    fn calls(&self) -> &'static [&'static str] {
        &[
            "write(value)",
            "read() → the value, if there is one",
            "cas(from, to) → whether the value was `from`",
        ]
    }

    fn knows(&self, call: &Body) -> bool {
        match call.kind.as_str() {
            "write" => call.field("value").is_some(),
            "read" => true,
            "cas" => call.field("from").is_some() && call.field("to").is_some(),
            _ => false,
        }
    }

    fn initial(&self) -> Value {
        Value::List(Vec::new())
    }

    fn step(&self, state: &Value, call: &Body, result: Option<&Body>) -> Option<Value> {
        let current = elements(state).first();
        match call.kind.as_str() {
            "write" => Some(Value::List(vec![call.field("value")?.clone()])),
            "read" => is_exactly(result, current).then(|| state.clone()),
            "cas" => {
                let swaps = current == Some(call.field("from")?);
                // One that returns no value says that it succeeded.
                let says = result.map(|result| value(result).is_none_or(|v| *v == true.into()));
                if says.is_some_and(|says| says != swaps) {
                    return None;
                }
                Some(match swaps {
                    true => Value::List(vec![call.field("to")?.clone()]),
                    false => state.clone(),
                })
            }
            _ => None,
        }
    }
}

/// A number that operations add to.
struct Counter;

impl SequentialSpec for Counter {
    fn name(&self) -> &'static str {
        "counter"
    }

    fn calls(&self) -> &'static [&'static str] {
        &[
            "increment(by, 1 without it) → the number then, if it says one",
            "count() → the number",
        ]
    }

    fn knows(&self, call: &Body) -> bool {
        match call.kind.as_str() {
            "increment" => call.field("by").is_none_or(|by| by.integer().is_some()),
            "count" => true,
            _ => false,
        }
    }

    fn initial(&self) -> Value {
        Value::Integer(0)
    }

    fn step(&self, state: &Value, call: &Body, result: Option<&Body>) -> Option<Value> {
        match call.kind.as_str() {
            "increment" => {
                let by = call.field("by").map_or(Some(1), Value::integer)?;
                let next = Value::Integer(state.integer()?.checked_add(by)?);
                may_be(result, &next).then_some(next)
            }
            "count" => is_exactly(result, Some(state)).then(|| state.clone()),
            _ => None,
        }
    }
}

/// Values by key.
struct KeyValue;

impl SequentialSpec for KeyValue {
    fn name(&self) -> &'static str {
        "key-value"
    }

    fn calls(&self) -> &'static [&'static str] {
        &[
            "put(key, value)",
            "get(key) → the value, if there is one",
            "delete(key)",
        ]
    }

    fn knows(&self, call: &Body) -> bool {
        let has_key = call.field("key").is_some();
        match call.kind.as_str() {
            "put" => has_key && call.field("value").is_some(),
            "get" | "delete" => has_key,
            _ => false,
        }
    }

    fn part<'c>(&self, call: &'c Body) -> Option<&'c Value> {
        call.field("key")
    }

    fn initial(&self) -> Value {
        Value::List(Vec::new())
    }

    /// The state is a list of pairs, sorted by key.
    fn step(&self, state: &Value, call: &Body, result: Option<&Body>) -> Option<Value> {
        let key = call.field("key")?;
        let pairs = elements(state);
        let found = pairs.binary_search_by(|pair| elements(pair).first().cmp(&Some(key)));
        match call.kind.as_str() {
            "put" => {
                let pair = Value::List(vec![key.clone(), call.field("value")?.clone()]);
                let mut pairs = pairs.to_vec();
                match found {
                    Ok(place) => pairs[place] = pair,
                    Err(place) => pairs.insert(place, pair),
                }
                Some(Value::List(pairs))
            }
            "get" => {
                let pair = found.ok().map(|place| &pairs[place]);
                let value = pair.and_then(|pair| elements(pair).get(1));
                is_exactly(result, value).then(|| state.clone())
            }
            "delete" => {
                let mut pairs = pairs.to_vec();
                if let Ok(place) = found {
                    pairs.remove(place);
                }
                Some(Value::List(pairs))
            }
            _ => None,
        }
    }
}

/// Values in the order in which they were appended.
struct Log;

impl SequentialSpec for Log {
    fn name(&self) -> &'static str {
        "log"
    }

    fn calls(&self) -> &'static [&'static str] {
        &[
            "append(value) → its position, from 1, or all values by then, or nothing",
            "list() → all values",
        ]
    }

    fn knows(&self, call: &Body) -> bool {
        match call.kind.as_str() {
            "append" => call.field("value").is_some(),
            "list" => true,
            _ => false,
        }
    }

    fn initial(&self) -> Value {
        Value::List(Vec::new())
    }

    fn step(&self, state: &Value, call: &Body, result: Option<&Body>) -> Option<Value> {
        match call.kind.as_str() {
            "append" => {
                let mut values = elements(state).to_vec();
                values.push(call.field("value")?.clone());
                let position = i64::try_from(values.len()).ok()?;
                let next = Value::List(values);
                let is_right = match result.and_then(value) {
                    None => true,
                    Some(Value::Integer(said)) => *said == position,
                    Some(said) => *said == next,
                };
                is_right.then_some(next)
            }
            "list" => is_exactly(result, Some(state)).then(|| state.clone()),
            _ => None,
        }
    }
}

/// Different values.
struct Set;

impl SequentialSpec for Set {
    fn name(&self) -> &'static str {
        "set"
    }

    fn calls(&self) -> &'static [&'static str] {
        &[
            "add(value) → `true` if it was not there, or nothing",
            "remove(value) → `true` if it was there, or nothing",
            "retract(value): as `add`, for values that no longer hold",
            "use(value) → nothing: `phantom-tool` judges it",
            "members() → all values, sorted",
        ]
    }

    fn knows(&self, call: &Body) -> bool {
        match call.kind.as_str() {
            "add" | "remove" | "retract" | "use" => call.field("value").is_some(),
            "members" => true,
            _ => false,
        }
    }

    fn initial(&self) -> Value {
        Value::List(Vec::new())
    }

    /// The state is a sorted list.
    fn step(&self, state: &Value, call: &Body, result: Option<&Body>) -> Option<Value> {
        match call.kind.as_str() {
            "add" | "retract" => {
                let added = call.field("value")?;
                let found = elements(state).binary_search(added);
                if !may_be(result, &found.is_err().into()) {
                    return None;
                }
                let mut values = elements(state).to_vec();
                if let Err(place) = found {
                    values.insert(place, added.clone());
                }
                Some(Value::List(values))
            }
            "remove" => {
                let found = elements(state).binary_search(call.field("value")?);
                if !may_be(result, &found.is_ok().into()) {
                    return None;
                }
                let mut values = elements(state).to_vec();
                if let Ok(place) = found {
                    values.remove(place);
                }
                Some(Value::List(values))
            }
            "use" => Some(state.clone()),
            "members" => is_exactly(result, Some(state)).then(|| state.clone()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_table() {
        let names: Vec<&str> = MODELS.iter().map(|model| model.name()).collect();
        assert_eq!(names, NAMES);
    }

    /// A call that two models know would leave open which one judges an object.
    #[test]
    fn each_call_belongs_to_one_model() {
        let mut kinds = std::collections::BTreeSet::new();
        for model in MODELS {
            for call in model.calls() {
                let kind = call.split('(').next().expect("a kind");
                assert!(kinds.insert(kind), "{kind} is a call of two models");
            }
        }
    }
}
