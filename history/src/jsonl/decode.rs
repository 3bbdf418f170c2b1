//! Decoding one line of JSON with every problem in one pass, each at its column.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeOwned, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{JsonlProblem, PROBLEMS_MAX};

/// A value of a line that has not been decoded yet.
pub(super) type Raw<'l> = &'l RawValue;

/// The decoder of one line; it collects the line's problems.
pub(super) struct Decoder<'l> {
    text: &'l str,
    line: u64,
    problems: Vec<JsonlProblem>,
}

impl<'l> Decoder<'l> {
    pub(super) fn new(text: &'l str, line: u64) -> Self {
        Self {
            text,
            line,
            problems: Vec::new(),
        }
    }

    /// Returns the line's problems.
    pub(super) fn finish(self) -> Vec<JsonlProblem> {
        self.problems
    }

    /// Returns `true` if the line has no problem so far.
    pub(super) fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }

    /// Reports a problem of a part of the line.
    pub(super) fn problem(&mut self, part: &str, message: impl Into<String>) {
        if self.problems.len() >= PROBLEMS_MAX {
            return;
        }
        // Parts are slices of the line, or the line itself.
        let offset = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        self.problems.push(JsonlProblem {
            line: self.line,
            column: offset.min(self.text.len()) + 1,
            message: message.into(),
        });
    }

    /// Returns the whole line as an object.
    pub(super) fn line(&mut self) -> Option<Object<'l>> {
        match serde_json::from_str::<Fields<'l>>(self.text) {
            Ok(fields) => Some(self.object_of(self.text, fields)),
            Err(error) => {
                let column = error.column().clamp(1, self.text.len().max(1));
                self.problems.push(JsonlProblem {
                    line: self.line,
                    column,
                    message: reason(&error),
                });
                None
            }
        }
    }

    /// Returns a value as an object.
    pub(super) fn object(&mut self, raw: Raw<'l>) -> Option<Object<'l>> {
        match serde_json::from_str::<Fields<'l>>(raw.get()) {
            Ok(fields) => Some(self.object_of(raw.get(), fields)),
            Err(_) => {
                self.problem(
                    raw.get(),
                    format!("expected an object, found {}", shown(raw)),
                );
                None
            }
        }
    }

    fn object_of(&mut self, text: &'l str, fields: Fields<'l>) -> Object<'l> {
        let mut object = Object {
            text,
            fields: Vec::new(),
        };
        let mut names = BTreeSet::new();
        for (name, value) in fields.0 {
            if names.insert(name.clone()) {
                object.fields.push((name, value));
            } else {
                self.problem(value.get(), format!("the field `{name}` is there twice"));
            }
        }
        object
    }

    /// Reports the fields of an object that were not taken.
    pub(super) fn close(&mut self, object: Object<'l>) {
        for (name, value) in object.fields {
            self.problem(value.get(), format!("unknown field `{name}`"));
        }
    }

    /// Takes a field that must be there.
    pub(super) fn required(&mut self, object: &mut Object<'l>, name: &str) -> Option<Raw<'l>> {
        let value = object.take(name);
        if value.is_none() {
            self.problem(object.text, format!("the field `{name}` is missing"));
        }
        value
    }

    /// Returns the elements of a list.
    pub(super) fn list(&mut self, raw: Raw<'l>) -> Option<Vec<Raw<'l>>> {
        let list = serde_json::from_str::<List<'l>>(raw.get());
        match list {
            Ok(list) => Some(list.0),
            Err(_) => {
                self.problem(raw.get(), format!("expected a list, found {}", shown(raw)));
                None
            }
        }
    }

    /// Returns a text.
    pub(super) fn text(&mut self, raw: Raw<'l>) -> Option<String> {
        self.scalar(raw, "a text")
    }

    /// Returns a whole number from 0.
    pub(super) fn number(&mut self, raw: Raw<'l>) -> Option<u64> {
        self.scalar(raw, "a whole number from 0")
    }

    /// Returns a value of a type that needs no names.
    pub(super) fn scalar<T: DeserializeOwned>(&mut self, raw: Raw<'l>, noun: &str) -> Option<T> {
        let value = serde_json::from_str::<T>(raw.get()).ok();
        if value.is_none() {
            self.problem(raw.get(), format!("expected {noun}, found {}", shown(raw)));
        }
        value
    }
}

/// The message of an error without its place, which is given apart.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

/// Returns a value as messages show it: short.
fn shown(raw: Raw<'_>) -> String {
    const SHOWN_MAX: usize = 40;
    let text = raw.get();
    if text.chars().count() <= SHOWN_MAX {
        return format!("`{text}`");
    }
    let start: String = text.chars().take(SHOWN_MAX).collect();
    format!("`{start}…`")
}

/// An object whose fields have not been decoded yet.
pub(super) struct Object<'l> {
    /// The object's text.
    pub(super) text: &'l str,
    fields: Vec<(Cow<'l, str>, Raw<'l>)>,
}

impl<'l> Object<'l> {
    /// Takes a field; one that is `null` is not there.
    pub(super) fn take(&mut self, name: &str) -> Option<Raw<'l>> {
        self.take_nullable(name).flatten()
    }

    /// Takes a field, and tells one that is `null` from one that is left out.
    pub(super) fn take_nullable(&mut self, name: &str) -> Option<Option<Raw<'l>>> {
        let place = self.fields.iter().position(|(field, _)| field == name)?;
        let (_, value) = self.fields.remove(place);
        Some((value.get() != "null").then_some(value))
    }

    /// Takes every field.
    pub(super) fn take_all(&mut self) -> Vec<(Cow<'l, str>, Raw<'l>)> {
        std::mem::take(&mut self.fields)
    }
}

/// The fields of an object in their order, repeats included.
struct Fields<'l>(Vec<(Cow<'l, str>, Raw<'l>)>);

impl<'de> serde::Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::new();
        while let Some(Key(key)) = map.next_key()? {
            fields.push((key, map.next_value()?));
        }
        Ok(Fields(fields))
    }
}

/// A key, borrowed where it has no escapes.
#[derive(serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// The elements of a list.
struct List<'l>(Vec<Raw<'l>>);

impl<'de> serde::Deserialize<'de> for List<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ListVisitor)
    }
}

struct ListVisitor;

impl<'de> Visitor<'de> for ListVisitor {
    type Value = List<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = seq.next_element()? {
            list.push(element);
        }
        Ok(List(list))
    }
}
