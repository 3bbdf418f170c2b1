//! TOML as JSON, for serde.

use serde_json::{Map, Value};
use toml::de::{DeInteger, DeValue};

use crate::scenario::schema::{Node, Shape};

/// The value as JSON.
pub(crate) fn plain(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.as_ref().to_owned()),
        DeValue::Integer(number) => integer(number),
        DeValue::Float(number) => number
            .as_str()
            .parse::<f64>()
            .map_or(Value::Null, Value::from),
        DeValue::Boolean(value) => Value::Bool(*value),
        DeValue::Datetime(time) => Value::String(time.to_string()),
        DeValue::Array(entries) => entries.iter().map(|entry| plain(entry.get_ref())).collect(),
        DeValue::Table(table) => {
            let entries = table.iter();
            let entries =
                entries.map(|(key, value)| (key.get_ref().to_string(), plain(value.get_ref())));
            Value::Object(entries.collect())
        }
    }
}

fn integer(number: &DeInteger<'_>) -> Value {
    let (digits, radix) = (number.as_str(), number.radix());
    let positive = u64::from_str_radix(digits, radix).map(Value::from);
    // What fits neither is out of the limits of every field.
    positive
        .or_else(|_| i64::from_str_radix(digits, radix).map(Value::from))
        .unwrap_or(Value::Null)
}

/// The value with tables in the place of their short forms. It must be as the schema
/// has it.
pub(super) fn written_out(value: Value, node: Node<'_>) -> Value {
    match (node.shape(), value) {
        (Shape::Short(_, table), value @ Value::Object(_)) => written_out(value, table),
        (Shape::Short(key, _), short) => Value::Object(Map::from_iter([(key.to_owned(), short)])),
        (Shape::List { items, .. }, Value::Array(entries)) => entries
            .into_iter()
            .map(|entry| written_out(entry, items))
            .collect(),
        (Shape::Table, Value::Object(table)) => table
            .into_iter()
            .map(|(key, value)| {
                let value = match node.field(&key) {
                    Some(field) => written_out(value, field),
                    None => value,
                };
                (key, value)
            })
            .collect(),
        (_, value) => value,
    }
}
