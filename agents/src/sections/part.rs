//! Sections that may have problems.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A section as it was read, so that the others can still be checked against each
/// other if one of them has problems.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Part<T> {
    /// A section without problems.
    Sound(T),
    /// A section with problems, which have been reported.
    Faulty,
}

impl<T> Part<T> {
    /// The section, unless it has problems.
    pub fn sound(&self) -> Option<&T> {
        match self {
            Self::Sound(section) => Some(section),
            Self::Faulty => None,
        }
    }

    /// The section, unless it has problems.
    pub fn into_sound(self) -> Option<T> {
        match self {
            Self::Sound(section) => Some(section),
            Self::Faulty => None,
        }
    }
}

impl<T: Default> Default for Part<T> {
    fn default() -> Self {
        Self::Sound(T::default())
    }
}

impl<T: Serialize> Serialize for Part<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.sound().serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Part<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let section = Option::deserialize(deserializer)?;
        Ok(section.map_or(Self::Faulty, Self::Sound))
    }
}

impl<T: JsonSchema> JsonSchema for Part<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}
