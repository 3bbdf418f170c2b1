//! Values that are written as one of a fixed set of names.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A type whose values are written by name.
pub trait Named: Clone + PartialEq + 'static {
    /// The noun for one of the names, for example `fault`.
    const NOUN: &'static str;

    /// Every name with its value, in the order in which they are listed.
    fn names() -> Vec<(Cow<'static, str>, Self)>;
}

/// A field that is written by name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Name<T>(pub T);

impl<T: Named> Serialize for Name<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let names = T::names();
        match names.iter().find(|(_, value)| *value == self.0) {
            Some((name, _)) => serializer.serialize_str(name),
            None => Err(serde::ser::Error::custom("a value without a name")),
        }
    }
}

impl<'de, T: Named> Deserialize<'de> for Name<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let names = T::names();
        let known = names.into_iter().find(|(name, _)| *name == text);
        known
            .map(|(_, value)| Self(value))
            .ok_or_else(|| D::Error::custom(format!("no {} is called `{text}`", T::NOUN)))
    }
}

impl<T: Named> JsonSchema for Name<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        T::NOUN.into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<_> = T::names().into_iter().map(|(name, _)| name).collect();
        json_schema!({ "type": "string", "enum": names, "x-noun": T::NOUN })
    }
}
