//! The messages of OTLP in their JSON encoding: times are decimal texts of nanoseconds, ids
//! hexadecimal. The fields' names are the protocol's.

use std::borrow::Cow;

use serde::{Serialize, Serializer};

/// `TracesData`.
#[derive(Serialize, Debug)]
#[serde(rename_all = "camelCase")]
pub(super) struct Traces<'a> {
    pub(super) resource_spans: [ResourceSpans<'a>; 1],
}

/// `ResourceSpans`.
#[derive(Serialize, Debug)]
#[serde(rename_all = "camelCase")]
pub(super) struct ResourceSpans<'a> {
    pub(super) resource: Resource<'a>,
    pub(super) scope_spans: [ScopeSpans<'a>; 1],
}

/// `Resource`.
#[derive(Serialize, Debug)]
pub(super) struct Resource<'a> {
    pub(super) attributes: Vec<Attribute<'a>>,
}

/// `ScopeSpans`.
#[derive(Serialize, Debug)]
pub(super) struct ScopeSpans<'a> {
    pub(super) scope: Scope,
    pub(super) spans: Vec<Span<'a>>,
}

/// `InstrumentationScope`.
#[derive(Serialize, Debug)]
pub(super) struct Scope {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
}

/// `Span`.
#[derive(Serialize, Debug)]
#[serde(rename_all = "camelCase")]
pub(super) struct Span<'a> {
    pub(super) trace_id: &'a str,
    pub(super) span_id: SpanId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) parent_span_id: Option<SpanId>,
    pub(super) name: String,
    pub(super) kind: u8,
    pub(super) start_time_unix_nano: Nanos,
    pub(super) end_time_unix_nano: Nanos,
    pub(super) attributes: Vec<Attribute<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) events: Vec<Event<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) links: Vec<Link<'a>>,
    pub(super) status: Status<'a>,
}

/// `SPAN_KIND_INTERNAL`.
pub(super) const INTERNAL: u8 = 1;

/// `Span.Event`.
#[derive(Serialize, Debug)]
#[serde(rename_all = "camelCase")]
pub(super) struct Event<'a> {
    pub(super) time_unix_nano: Nanos,
    pub(super) name: &'a str,
    pub(super) attributes: Vec<Attribute<'a>>,
}

/// `Span.Link`.
#[derive(Serialize, Debug)]
#[serde(rename_all = "camelCase")]
pub(super) struct Link<'a> {
    pub(super) trace_id: &'a str,
    pub(super) span_id: SpanId,
}

/// `Status`.
#[derive(Serialize, Debug, Default)]
pub(super) struct Status<'a> {
    code: u8,
    #[serde(skip_serializing_if = "str::is_empty")]
    message: &'a str,
}

impl<'a> Status<'a> {
    /// Returns `STATUS_CODE_OK`.
    pub(super) fn ok() -> Self {
        Self {
            code: 1,
            message: "",
        }
    }

    /// Returns `STATUS_CODE_ERROR`.
    pub(super) fn error(message: &'a str) -> Self {
        Self { code: 2, message }
    }
}

/// `KeyValue`.
#[derive(Serialize, Debug)]
pub(super) struct Attribute<'a> {
    key: &'static str,
    value: Value<'a>,
}

/// `AnyValue`.
#[derive(Serialize, Debug)]
#[serde(rename_all = "camelCase")]
enum Value<'a> {
    StringValue(Cow<'a, str>),
}

impl<'a> Attribute<'a> {
    /// Returns an attribute that is a text.
    pub(super) fn new(key: &'static str, value: impl Into<Cow<'a, str>>) -> Self {
        Self {
            key,
            value: Value::StringValue(value.into()),
        }
    }
}

/// The id of a span: its position in the run, from 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct SpanId(pub(super) usize);

impl Serialize for SpanId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:016x}", self.0))
    }
}

/// Nanoseconds since the beginning of 1970.
#[derive(Clone, Copy, Debug)]
pub(super) struct Nanos(pub(super) u128);

impl Serialize for Nanos {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}
