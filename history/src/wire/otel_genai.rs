//! Spans of OpenTelemetry with the semantic conventions for generative AI, one span a line
//! in the JSON encoding of OTLP, in the order in which they ended.
//!
//! A child mostly ends before its parent, so that the checks between the two wait for the
//! parent; it may also go on after the parent's end, as the work of a detached task does. Both
//! are remembered for a while ([`RECENT_MAX`](super::RECENT_MAX)); a parent that comes later
//! than that, or never, is not compared.

use serde_json::Value as Json;

use super::fields::{Form, Needed, at, id, lacks, quoted, text};
use super::open::{Id, Recent};
use super::{Findings, WireMachine, WireProfile, WireRule};

const SPANS: &str = "Trace API, Span";
const AGENT_SPANS: &str = "GenAI agent and framework spans";

const MALFORMED: WireRule = WireRule::new(
    "malformed",
    "OTLP, JSON Protobuf Encoding",
    "A line is no span: a field is missing or has another form.",
);
const REPEATED_SPAN: WireRule = WireRule::new(
    "repeated-span",
    SPANS,
    "A span of the trace has the id of another one.",
);
const NOT_ENDED: WireRule = WireRule::new(
    "not-ended",
    "Trace API, End",
    "A span has no end, or ends before it starts.",
);
const NO_OPERATION: WireRule = WireRule::new(
    "no-operation",
    AGENT_SPANS,
    "A span with attributes of generative AI has no `gen_ai.operation.name`.",
);
const OTHER_NAME: WireRule = WireRule::new(
    "other-name",
    "GenAI spans, Span name",
    "The name of a span does not begin with its operation.",
);
const OTHER_KIND: WireRule = WireRule::new(
    "other-kind",
    "GenAI spans, Span kind",
    "A span has a kind that its operation does not have.",
);
const NO_ERROR_TYPE: WireRule = WireRule::new(
    "no-error-type",
    "Recording errors, error.type",
    "A span that failed has no `error.type`.",
);
const TOOL_CALL_TWICE: WireRule = WireRule::new(
    "tool-call-twice",
    "GenAI spans, Execute tool span",
    "Two spans of a trace execute one tool call.",
);
const BEFORE_PARENT: WireRule = WireRule::new(
    "before-parent",
    "Trace API, Span Creation",
    "A span within a process begins before its parent.",
);
const OTHER_CONVERSATION: WireRule = WireRule::new(
    "other-conversation",
    "GenAI spans, gen_ai.conversation.id",
    "A span belongs to another conversation than its parent.",
);

pub(super) const PROFILE: WireProfile = WireProfile {
    name: "otel-genai",
    claim: "OpenTelemetry spans of agents, models and tools",
    specification: "OpenTelemetry semantic conventions 1.41.1, Generative AI (development)",
    rules: &[&[
        MALFORMED,
        REPEATED_SPAN,
        NOT_ENDED,
        NO_OPERATION,
        OTHER_NAME,
        OTHER_KIND,
        NO_ERROR_TYPE,
        TOOL_CALL_TWICE,
        BEFORE_PARENT,
        OTHER_CONVERSATION,
    ]],
    machine: || Box::new(Spans::default()),
};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Internal,
    Client,
    Other,
}

/// The operations that are bound to kinds of spans. Others may have any kind.
const KINDS: &[(&str, &[Kind])] = &[
    ("create_agent", &[Kind::Client]),
    ("invoke_agent", &[Kind::Client, Kind::Internal]),
    ("invoke_workflow", &[Kind::Internal]),
    ("execute_tool", &[Kind::Internal]),
    ("chat", &[Kind::Client, Kind::Internal]),
    ("generate_content", &[Kind::Client, Kind::Internal]),
    ("text_completion", &[Kind::Client, Kind::Internal]),
    ("embeddings", &[Kind::Client, Kind::Internal]),
    ("retrieval", &[Kind::Client, Kind::Internal]),
];

const NEEDED: &[Needed] = &[
    Needed("traceId", Form::Text),
    Needed("spanId", Form::Text),
    Needed("name", Form::Text),
];

/// The properties that a span is compared by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Span {
    /// In nanoseconds.
    start: u64,
    conversation: Option<Id>,
}

/// The children of a span that has not come yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Children {
    /// The first start of those within the process, in nanoseconds.
    start: Option<u64>,
    conversation: Option<Id>,
    /// `true` if they belong to different conversations.
    is_mixed: bool,
}

#[derive(Default)]
struct Spans {
    ended: Recent<Span>,
    awaited: Recent<Children>,
    calls: Recent<()>,
}

impl Spans {
    fn compare_with_parent(&self, parent: Span, child: Children, findings: &mut Findings) {
        if child.start.is_some_and(|start| start < parent.start) {
            findings.broken(BEFORE_PARENT, || {
                "its `startTimeUnixNano` is before that of its parent".to_owned()
            });
        }
        let differs = child.is_mixed || child.conversation != parent.conversation;
        if child.conversation.is_some() && parent.conversation.is_some() && differs {
            findings.broken(OTHER_CONVERSATION, || {
                "its `gen_ai.conversation.id` is not that of its parent".to_owned()
            });
        }
    }

    fn relate(&mut self, span: &Json, trace: Id, key: Id, own: Span, findings: &mut Findings) {
        if let Some(children) = self.awaited.get(key) {
            self.compare_with_parent(own, *children, findings);
        }
        self.ended.insert(key, own);
        let parent = text(span, "parentSpanId").filter(|parent| !parent.is_empty());
        let Some(parent) = parent.map(|parent| Id::pair(trace, Id::text(parent))) else {
            return;
        };
        let child = Children {
            start: (kind_of(span) == Kind::Internal).then_some(own.start),
            conversation: own.conversation,
            is_mixed: false,
        };
        match self.ended.get(parent) {
            Some(parent) => self.compare_with_parent(*parent, child, findings),
            None => {
                let children = self.awaited.get(parent).copied();
                let children = children.map_or(child, |others| others.and(child));
                self.awaited.insert(parent, children);
            }
        }
    }

    fn check_operation(&mut self, span: &Json, trace: Id, findings: &mut Findings) {
        let Some(operation) = attribute(span, "gen_ai.operation.name").and_then(Json::as_str)
        else {
            if keys(span).any(|key| key.starts_with("gen_ai.")) {
                findings.broken(NO_OPERATION, || {
                    "it has other attributes of `gen_ai.`".to_owned()
                });
            }
            return;
        };
        let name = text(span, "name").unwrap_or_default();
        let rest = name.strip_prefix(operation);
        if !rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')) {
            findings.broken(OTHER_NAME, || {
                format!("{} is the name of {}", quoted(name), quoted(operation))
            });
        }
        let mut kinds = KINDS.iter();
        let bound = kinds.find(|(bound, _)| *bound == operation);
        if bound.is_some_and(|(_, kinds)| !kinds.contains(&kind_of(span))) {
            findings.broken(OTHER_KIND, || {
                format!("its operation is {}", quoted(operation))
            });
        }
        let call = attribute(span, "gen_ai.tool.call.id").and_then(Id::of);
        if let Some(call) = call
            && operation == "execute_tool"
        {
            let call = Id::pair(trace, call);
            if self.calls.contains(call) {
                findings.broken(TOOL_CALL_TWICE, || "another span executed it".to_owned());
            }
            self.calls.insert(call, ());
        }
    }
}

impl Children {
    /// Returns both together.
    fn and(self, other: Self) -> Self {
        let differ = self.conversation.zip(other.conversation);
        Self {
            start: self.start.into_iter().chain(other.start).min(),
            conversation: self.conversation.or(other.conversation),
            is_mixed: self.is_mixed || differ.is_some_and(|(one, two)| one != two),
        }
    }
}

/// Returns the keys of a span's attributes.
fn keys(span: &Json) -> impl Iterator<Item = &str> {
    let attributes = at(span, "attributes").and_then(Json::as_array);
    attributes
        .into_iter()
        .flatten()
        .filter_map(|pair| text(pair, "key"))
}

/// Returns the value of an attribute.
fn attribute<'m>(span: &'m Json, key: &str) -> Option<&'m Json> {
    let attributes = at(span, "attributes").and_then(Json::as_array)?;
    let pair = attributes
        .iter()
        .find(|pair| text(pair, "key") == Some(key))?;
    pair.get("value")?.as_object()?.values().next()
}

/// Returns a time, which the encoding writes as a text or as a number.
fn time(span: &Json, field: &str) -> Option<u64> {
    match span.get(field)? {
        Json::String(text) => text.parse().ok(),
        value => value.as_u64(),
    }
}

/// Returns `true` if a value is an enum's number or its name.
fn is_either(value: Option<&Json>, number: u64, name: &str) -> bool {
    value.is_some_and(|value| value.as_u64() == Some(number) || value.as_str() == Some(name))
}

fn kind_of(span: &Json) -> Kind {
    let kind = span.get("kind");
    if is_either(kind, 1, "SPAN_KIND_INTERNAL") {
        Kind::Internal
    } else if is_either(kind, 3, "SPAN_KIND_CLIENT") {
        Kind::Client
    } else {
        Kind::Other
    }
}

impl WireMachine for Spans {
    fn step(&mut self, message: &Json, findings: &mut Findings) {
        let ids = id(message, "traceId").zip(id(message, "spanId"));
        let start = time(message, "startTimeUnixNano");
        let complaint = lacks(message, NEEDED);
        let (Some((trace, span)), Some(start), None) = (ids, start, &complaint) else {
            let complaint = complaint.unwrap_or("it has no `startTimeUnixNano`".to_owned());
            return findings.broken(MALFORMED, || complaint);
        };
        let key = Id::pair(trace, span);
        if self.ended.contains(key) {
            return findings.broken(REPEATED_SPAN, || "another span has its id".to_owned());
        }
        let end = time(message, "endTimeUnixNano");
        if !end.is_some_and(|end| end >= start && end > 0) {
            findings.broken(NOT_ENDED, || {
                "its `endTimeUnixNano` is missing, 0 or before its `startTimeUnixNano`".to_owned()
            });
        }
        self.check_operation(message, trace, findings);
        let has_failed = is_either(at(message, "status.code"), 2, "STATUS_CODE_ERROR");
        if has_failed && attribute(message, "error.type").is_none() {
            findings.broken(NO_ERROR_TYPE, || "its `status.code` is an error".to_owned());
        }
        let own = Span {
            start,
            conversation: attribute(message, "gen_ai.conversation.id").and_then(Id::of),
        };
        self.relate(message, trace, key, own, findings);
    }

    fn end(&mut self, _findings: &mut Findings) {}
}
