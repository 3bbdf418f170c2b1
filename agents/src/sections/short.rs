//! Tables that may be abbreviated.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A table that may be written as the value of one of its keys.
pub trait Abbreviated: JsonSchema {
    /// The key whose value is enough.
    const KEY: &'static str;

    /// Returns the schema of that value where it stands alone.
    fn short_schema(generator: &mut SchemaGenerator) -> Schema;
}

/// A field that is written as a table, or abbreviated. The reader writes the table out
/// before it is deserialized.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Short<T>(pub T);

impl<T: Abbreviated> JsonSchema for Short<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let short = T::short_schema(generator);
        let table = generator.subschema_for::<T>();
        json_schema!({ "x-short": T::KEY, "anyOf": [short, table] })
    }
}
