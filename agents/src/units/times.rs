//! Durations and ranges of durations as fields: how they are written, and within
//! which limits.

use std::borrow::Cow;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::durations;

/// The limits and the resolution of a duration.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Times {
    /// Whole milliseconds, zero included.
    Any,
    /// Whole milliseconds, at least one.
    NotZero,
    /// Whole microseconds, zero included: latencies.
    Fine,
}

/// One duration, for example `"50ms"`.
const DURATION: &str = "^[0-9]+(us|ms|s|m|h)$";
/// Two durations, or one that stands for both ends.
const RANGE: &str = "^[0-9]+(us|ms|s|m|h) *(\\.\\. *[0-9]+(us|ms|s|m|h))?$";

macro_rules! durations {
    ($($(#[doc = $doc:literal])+ $name:ident = $times:ident;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub struct $name(pub Duration);

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serialize(&self.0, serializer)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserialize(deserializer).map(Self)
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": DURATION, "x-duration": Times::$times })
            }
        }
    )+};
}

durations! {
    /// A duration of whole milliseconds, which may be zero.
    Delay = Any;
    /// A duration of whole milliseconds, at least one.
    Timeout = NotZero;
}

macro_rules! ranges {
    ($($(#[doc = $doc:literal])+ $name:ident = $times:ident;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub struct $name {
            /// The least duration.
            pub from: Duration,
            /// The longest duration.
            pub to: Duration,
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&durations::show_range(self.from, self.to))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<'de, str>::deserialize(deserializer)?;
                let range = durations::parse_range(&text);
                let (from, to) = range.map_err(|bad| D::Error::custom(bad.message))?;
                Ok(Self { from, to })
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "type": "string",
                    "pattern": RANGE,
                    "x-duration-range": Times::$times,
                })
            }
        }
    )+};
}

ranges! {
    /// A range of whole milliseconds.
    Window = Any;
    /// A range of whole microseconds.
    Latency = Fine;
}

/// Writes a [`Duration`] field as scenario files have it.
///
/// # Errors
///
/// If the serializer fails.
pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&durations::show(*duration))
}

/// Reads a [`Duration`] field as scenario files have it.
///
/// # Errors
///
/// If the text is no duration.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = Cow::<'de, str>::deserialize(deserializer)?;
    durations::parse(&text).map_err(|bad| D::Error::custom(bad.message))
}
