//! Contents of messages and calls: a kind and named values.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::{EntityId, Names};

/// A short word that compares as text: a literal of a program, or read from a file.
#[derive(Clone)]
pub enum Symbol {
    /// A literal.
    Static(&'static str),
    /// A shared text.
    Shared(Arc<str>),
}

impl Symbol {
    /// Returns the text.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Static(text) => text,
            Self::Shared(text) => text,
        }
    }
}

impl From<&'static str> for Symbol {
    fn from(text: &'static str) -> Self {
        Self::Static(text)
    }
}

impl From<Arc<str>> for Symbol {
    fn from(text: Arc<str>) -> Self {
        Self::Shared(text)
    }
}

impl From<String> for Symbol {
    fn from(text: String) -> Self {
        Self::Shared(text.into())
    }
}

impl Borrow<str> for Symbol {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq for Symbol {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl PartialEq<str> for Symbol {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Symbol {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl Eq for Symbol {}

impl PartialOrd for Symbol {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Symbol {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl std::hash::Hash for Symbol {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Symbol {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Symbol {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

/// One value of a body.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Value {
    /// A number.
    Integer(i64),
    /// `true` or `false`.
    Flag(bool),
    /// A text.
    Text(Symbol),
    /// A canary: a text of one tenant that no other tenant may ever see.
    Secret(Symbol),
    /// An entity of the history.
    Entity(EntityId),
    /// Several values.
    List(Vec<Value>),
}

impl Value {
    /// Returns the number, if it is one.
    pub fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// Returns the entity, if it is one.
    pub fn entity(&self) -> Option<EntityId> {
        match self {
            Self::Entity(id) => Some(*id),
            _ => None,
        }
    }

    /// Returns the value without secrets, lists searched; none for a secret.
    fn without_secrets(&self) -> Option<Self> {
        match self {
            Self::Secret(_) => None,
            Self::List(values) => {
                let open = values.iter().filter_map(Self::without_secrets);
                Some(Self::List(open.collect()))
            }
            other => Some(other.clone()),
        }
    }

    /// Returns the text, secret or not, if it is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Secret(text) => Some(text.as_str()),
            _ => None,
        }
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Integer(number.into())
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<&'static str> for Value {
    fn from(text: &'static str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

/// Secrets are not printed: a violation's message must not leak them either.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(number) => write!(f, "{number}"),
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Secret(_) => f.write_str("(secret)"),
            Self::Entity(id) => write!(f, "{}-{}", id.kind.as_str(), id.number),
            Self::List(values) => {
                f.write_str("[")?;
                for (index, value) in values.iter().enumerate() {
                    write!(f, "{}{value}", if index == 0 { "" } else { ", " })?;
                }
                f.write_str("]")
            }
        }
    }
}

/// The kind and the fields of a message, a call or a result.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Body {
    /// The kind, for example `tool_executing` or `write`.
    pub kind: Symbol,
    /// Named values, in the order in which they were added.
    pub fields: Vec<(Symbol, Value)>,
}

impl Body {
    /// A body without fields.
    pub fn new(kind: impl Into<Symbol>) -> Self {
        Self {
            kind: kind.into(),
            fields: Vec::new(),
        }
    }

    /// The same with one more field.
    #[must_use]
    pub fn with(mut self, name: impl Into<Symbol>, value: impl Into<Value>) -> Self {
        self.fields.push((name.into(), value.into()));
        self
    }

    /// Returns the first field of that name.
    pub fn field(&self, name: &str) -> Option<&Value> {
        let mut fields = self.fields.iter();
        fields.find_map(|(field, value)| (*field == name).then_some(value))
    }

    /// Returns the body with its entities by their names:
    /// `tool_executing(call: 0, tool: "search")`.
    pub fn named(&self, names: &Names) -> String {
        let fields = self.fields.iter().map(|(name, value)| match value {
            Value::Entity(id) => format!("{name}: {}", names.of(*id)),
            value => format!("{name}: {value}"),
        });
        match fields.collect::<Vec<_>>().as_slice() {
            [] => self.kind.to_string(),
            fields => format!("{}({})", self.kind, fields.join(", ")),
        }
    }

    /// Returns every text in the fields, secrets included, lists searched.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let mut found = Vec::new();
        for (_, value) in &self.fields {
            collect_texts(value, &mut found);
        }
        found.into_iter()
    }

    /// Returns every secret in the fields, lists searched.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        let mut found = Vec::new();
        for (_, value) in &self.fields {
            collect_secrets(value, &mut found);
        }
        found.into_iter()
    }

    /// The same without secrets, as oracles compare and print it.
    #[must_use]
    pub fn without_secrets(&self) -> Self {
        let fields = self.fields.iter();
        Self {
            kind: self.kind.clone(),
            fields: fields
                .filter_map(|(name, value)| Some((name.clone(), value.without_secrets()?)))
                .collect(),
        }
    }
}

fn collect_texts<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Text(text) | Value::Secret(text) => found.push(text.as_str()),
        Value::List(values) => values.iter().for_each(|value| collect_texts(value, found)),
        Value::Integer(_) | Value::Flag(_) | Value::Entity(_) => {}
    }
}

fn collect_secrets<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Secret(text) => found.push(text.as_str()),
        Value::List(values) => values
            .iter()
            .for_each(|value| collect_secrets(value, found)),
        Value::Text(_) | Value::Integer(_) | Value::Flag(_) | Value::Entity(_) => {}
    }
}

impl From<&'static str> for Body {
    /// A body of that kind without fields.
    fn from(kind: &'static str) -> Self {
        Self::new(kind)
    }
}

/// `write(key: 1, value: 2)`.
impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        if self.fields.is_empty() {
            return Ok(());
        }
        f.write_str("(")?;
        for (index, (name, value)) in self.fields.iter().enumerate() {
            write!(f, "{}{name}: {value}", if index == 0 { "" } else { ", " })?;
        }
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_equals_a_shared_text() {
        assert_eq!(Symbol::from("a"), Symbol::from("a".to_owned()));
        let (literal, shared) = (Symbol::from("a"), Symbol::from("b".to_owned()));
        assert!(literal < shared);
    }

    #[test]
    fn secrets_are_searched_and_never_printed() {
        let body = Body::new("note")
            .with("text", "plain")
            .with("key", Value::Secret("canary".into()))
            .with(
                "more",
                Value::List(vec![Value::from("inner"), Value::from(3_i64)]),
            );
        assert!(body.texts().eq(["plain", "canary", "inner"]));
        assert!(body.secrets().eq(["canary"]));
        let printed = body.to_string();
        assert_eq!(
            printed,
            "note(text: \"plain\", key: (secret), more: [\"inner\", 3])"
        );
        assert_eq!(body.without_secrets().fields.len(), 2);
        assert_eq!(body.field("more").and_then(Value::text), None);
        let hidden = Value::List(vec![Value::Secret("canary".into())]);
        let nested = Body::new("note").with("more", hidden);
        assert!(nested.secrets().eq(["canary"]));
        assert_eq!(nested.without_secrets().to_string(), "note(more: [])");
    }
}
