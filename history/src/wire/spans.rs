//! The profiles of spans ([`crate::profile`]) over a stream: each line is
//! `{"span": ID, "kind": KIND, "fields": {…}}`, and the messages of any number of spans may
//! be mixed.
//!
//! The rules are those that the oracle `protocol` applies to histories, apart from those
//! that need the plan of a run. Here a stream ends once; there a span is also compared with
//! the way in which it ended.

use serde_json::Value as Json;

use super::fields::{Form, Needed, at, id, lacks, quoted, shortened, text};
use super::open::{Id, OPEN_MAX, OpenIds, Recent};
use super::{Findings, WireMachine, WireProfile, WireRule};
use crate::body::{Body, Value};
use crate::entry::SpanEnd;
use crate::ids::{EntityId, EntityKind, Names};
use crate::profile::{self, Machine, Profile, Role, Terms};

const fn rule(name: &'static str, meaning: &'static str) -> WireRule {
    WireRule::new(name, "Profiles of spans", meaning)
}

const UNNAMED: WireRule = rule(
    "unnamed",
    "A message lacks its span, its kind, or the field that says what it is about.",
);
const AFTER_END: WireRule = rule(
    "after-end",
    "A message follows the one that ended its span.",
);
const UNENDED: WireRule = rule("unended", "A span has no terminal message.");

// The rules of `Machine`, by the names that it gives them.
const UNKNOWN_KIND: WireRule = rule("unknown-kind", "The protocol has no message of that kind.");
const OPENING: WireRule = rule(
    "opening",
    "A span does not begin with its opening message, or has it twice.",
);
const BEGUN_TWICE: WireRule = rule("begun-twice", "A part or a child begins while it is open.");
const BEGUN_AFTER_END: WireRule = rule(
    "begun-after-end",
    "A part or a child begins again after it has ended.",
);
const ENDED_TWICE: WireRule = rule("ended-twice", "A part or a child ends twice.");
const ENDED_BEFORE_BEGIN: WireRule = rule(
    "ended-before-begin",
    "A part or a child ends before it has begun.",
);
const NOT_INCREASING: WireRule = rule(
    "not-increasing",
    "A number that must increase stands still or goes back.",
);
const UNEXPLAINED: WireRule = rule(
    "unexplained",
    "A terminal message does not say what went wrong.",
);
const LEFT_OPEN: WireRule = rule(
    "left-open",
    "A span completes while a part or a child is open.",
);

/// The rules of every profile of spans.
const COMMON: [WireRule; 3] = [UNNAMED, UNKNOWN_KIND, AFTER_END];

/// The rules of those whose spans have parts or children.
const NESTED: [WireRule; 6] = [
    BEGUN_TWICE,
    BEGUN_AFTER_END,
    ENDED_TWICE,
    ENDED_BEFORE_BEGIN,
    NOT_INCREASING,
    LEFT_OPEN,
];

pub(super) const AGENT_EVENTS: WireProfile = WireProfile {
    name: profile::AGENT_EVENTS.name,
    claim: "the events of agents' runs, from agent_started to one terminal event",
    specification: "Rehearsal, history/src/profile/agent_events.rs",
    rules: &[&COMMON, &NESTED, &[OPENING, UNEXPLAINED, UNENDED]],
    machine: || Box::new(Spans::new(&profile::AGENT_EVENTS, &AGENT_EVENTS)),
};

pub(super) const AGENT_CALLS: WireProfile = WireProfile {
    name: profile::AGENT_CALLS.name,
    claim: "requests to agents, with the steps and tool calls before one response",
    specification: "Rehearsal, history/src/profile/agent_calls.rs",
    rules: &[&COMMON, &NESTED],
    machine: || Box::new(Spans::new(&profile::AGENT_CALLS, &AGENT_CALLS)),
};

pub(super) const REQUEST_RESPONSE: WireProfile = WireProfile {
    name: profile::REQUEST_RESPONSE.name,
    claim: "one response to each request",
    specification: "Rehearsal, history/src/profile/request_response.rs",
    rules: &[&COMMON],
    machine: || Box::new(Spans::new(&profile::REQUEST_RESPONSE, &REQUEST_RESPONSE)),
};

const NEEDED: &[Needed] = &[Needed("span", Form::Id), Needed("kind", Form::Text)];

/// An open span.
struct Span {
    machine: Machine,
    names: Names,
    first_line: u64,
}

struct Spans {
    profile: &'static Profile,
    wire: &'static WireProfile,
    open: OpenIds<Span>,
    ended: Recent<()>,
    /// Parts and children of all open spans.
    parts: usize,
}

impl Spans {
    fn new(profile: &'static Profile, wire: &'static WireProfile) -> Self {
        Self {
            profile,
            wire,
            open: OpenIds::new("spans"),
            ended: Recent::default(),
            parts: 0,
        }
    }

    fn rule(&self, name: &str) -> WireRule {
        let mut rules = self.wire.rules();
        let rule = rules.find(|rule| rule.name == name);
        *rule.expect("the rules of a machine are listed")
    }

    /// Returns the span's state; a new one for the first message of a span. A span that did
    /// not complete may begin with its end.
    fn span(&mut self, id: Id, kind: &str, findings: &mut Findings) -> Option<&mut Span> {
        if !self.open.contains(id) {
            let terms = Terms {
                may_miss: false,
                may_be_cut_off: self.profile.terminal_of(SpanEnd::Completed) != Some(kind),
                required: Vec::new(),
            };
            let span = Span {
                machine: Machine::new(self.profile, terms),
                names: Names::default(),
                first_line: findings.line(),
            };
            self.open.open(id, span, findings);
        }
        self.open.get_mut(id)
    }

    /// Returns `true` if every way in which a span can end calls for a terminal message, so
    /// that an end is missing where there is none.
    fn always_ends(&self) -> bool {
        let mut ends = SpanEnd::ALL.into_iter();
        ends.all(|end| self.profile.terminal_of(end).is_some())
    }
}

/// Returns the field that a message of this role is about.
fn field_of(role: Role) -> Option<&'static str> {
    match role {
        Role::BeginsPart(part) | Role::EndsPart(part) => Some(part.field),
        Role::BeginsChild { field }
        | Role::EndsChild { field }
        | Role::Increases { field }
        | Role::Terminal {
            explained_by: Some(field),
            ..
        } => Some(field),
        Role::Opening | Role::Plain | Role::Terminal { .. } => None,
    }
}

/// Returns the message as a body with the field that its role is about. Children are named
/// by their ids in the stream.
fn body_of(message: &Json, kind: &str, role: Option<Role>, names: &mut Names) -> Body {
    let body = Body::new(kind.to_owned());
    let field = role.and_then(field_of);
    let value = field.and_then(|field| at(message, "fields")?.get(field));
    let (Some(role), Some(field), Some(value)) = (role, field, value) else {
        return body;
    };
    let is_child = matches!(role, Role::BeginsChild { .. } | Role::EndsChild { .. });
    match (value, Id::of(value)) {
        (_, Some(id)) if is_child => {
            let child = EntityId {
                kind: EntityKind::Span,
                number: id.short(),
            };
            names.give(child, shortened(&value.to_string()));
            body.with(field, Value::Entity(child))
        }
        (Json::Number(number), _) => match number.as_i64() {
            Some(number) => body.with(field, number),
            None => body,
        },
        (Json::String(text), _) => body.with(field, Value::Text(text.clone().into())),
        _ => body,
    }
}

impl WireMachine for Spans {
    fn step(&mut self, message: &Json, findings: &mut Findings) {
        let (Some(id), Some(kind), None) = (
            id(message, "span"),
            text(message, "kind"),
            lacks(message, NEEDED),
        ) else {
            let complaint = lacks(message, NEEDED).unwrap_or_default();
            findings.broken(UNNAMED, || complaint);
            return;
        };
        let role = self.profile.role(kind);
        if role.is_none() {
            findings.broken(self.rule(UNKNOWN_KIND.name), || {
                format!("{} is no kind of {}", quoted(kind), self.profile.name)
            });
            return;
        }
        if self.ended.contains(id) {
            findings.broken(AFTER_END, || "its span has ended".to_owned());
            return;
        }
        let Some(span) = self.span(id, kind, findings) else {
            return;
        };
        let before = span.machine.parts();
        let body = body_of(message, kind, role, &mut span.names);
        let faults = span.machine.step(&body, &span.names);
        let (after, has_ended) = (span.machine.parts(), span.machine.ended_by().is_some());
        self.parts += after - before;
        if has_ended {
            self.open.close(id);
            self.ended.insert(id, ());
            self.parts -= after;
        }
        for fault in faults {
            findings.broken(self.rule(fault.rule), || fault.message);
        }
        if self.parts > OPEN_MAX {
            findings.exhausted(format!(
                "open spans have more than {OPEN_MAX} parts and children"
            ));
        }
    }

    fn end(&mut self, findings: &mut Findings) {
        if !self.always_ends() {
            return;
        }
        for span in self.open.values() {
            findings.broken(UNENDED, || {
                format!(
                    "the span that begins in line {} has no end",
                    span.first_line
                )
            });
        }
    }
}
