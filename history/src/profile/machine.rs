//! A profile as a state machine over the messages of one span.

use std::collections::{BTreeMap, BTreeSet};

use super::{Part, Profile, Role};
use crate::body::{Body, Symbol, Value};
use crate::ids::{EntityId, Names};

/// The demands that an observer may make of a span.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Terms {
    /// Gap markers, or messages without an answer, may hide some of the span's
    /// messages. Hidden messages cannot be called missing.
    pub may_miss: bool,
    /// The span may have been cut off before it opened, so that it may begin with
    /// its end.
    pub may_be_cut_off: bool,
    /// Kinds that must have been seen when the span completes.
    pub required: Vec<Symbol>,
}

/// A broken rule of a profile.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// The rule.
    pub rule: &'static str,
    /// The contradiction.
    pub message: String,
}

fn fault(rule: &'static str, message: impl Into<String>) -> Option<Fault> {
    Some(Fault {
        rule,
        message: message.into(),
    })
}

/// Something within a span that begins and ends.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Inner {
    Part(&'static str, i64),
    Child(EntityId),
}

impl Inner {
    fn name(&self, names: &Names) -> String {
        match self {
            Self::Part(name, number) => format!("{name} {number}"),
            Self::Child(id) => names.of(*id).to_string(),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum InnerState {
    Open,
    Closed,
}

/// One span, as one observer sees it.
#[derive(Debug)]
pub struct Machine {
    profile: &'static Profile,
    terms: Terms,
    seen: BTreeSet<Symbol>,
    ended_by: Option<Symbol>,
    inner: BTreeMap<Inner, InnerState>,
    greatest: BTreeMap<&'static str, i64>,
}

impl Machine {
    /// A span of which nothing has been seen.
    pub fn new(profile: &'static Profile, terms: Terms) -> Self {
        Self {
            profile,
            terms,
            seen: BTreeSet::new(),
            ended_by: None,
            inner: BTreeMap::new(),
            greatest: BTreeMap::new(),
        }
    }

    /// Returns the kind of the message that ended the span, if one did.
    pub fn ended_by(&self) -> Option<&Symbol> {
        self.ended_by.as_ref()
    }

    /// Returns the number of parts and children that the span has begun or ended so far.
    pub fn parts(&self) -> usize {
        self.inner.len()
    }

    /// Takes the span's next message, and returns the rules that it breaks. The names print
    /// children.
    pub fn step(&mut self, body: &Body, names: &Names) -> Vec<Fault> {
        let Some(role) = self.profile.role(body.kind.as_str()) else {
            let message = format!("`{}` is no kind of {}", body.kind, self.profile.name);
            return fault("unknown-kind", message).into_iter().collect();
        };
        let mut faults: Vec<Fault> = self.order(body, role).into_iter().collect();
        faults.extend(match role {
            Role::BeginsPart(part) => self.part(body, part, names, Self::open),
            Role::EndsPart(part) => self.part(body, part, names, Self::close),
            Role::BeginsChild { field } => self.child(body, field, names, Self::open),
            Role::EndsChild { field } => self.child(body, field, names, Self::close),
            Role::Increases { field } => self.increase(body, field),
            Role::Terminal { explained_by, .. } => unexplained(body, explained_by),
            Role::Opening | Role::Plain => None,
        });
        if self.completes(body) {
            self.complete(names, &mut faults);
        }
        self.seen.insert(body.kind.clone());
        if matches!(role, Role::Terminal { .. }) && self.ended_by.is_none() {
            self.ended_by = Some(body.kind.clone());
        }
        faults
    }

    /// Returns `true` if the message says that the span did what it was begun for.
    fn completes(&self, body: &Body) -> bool {
        let completed = self.profile.terminal_of(crate::entry::SpanEnd::Completed);
        completed.is_some_and(|kind| body.kind == kind)
    }

    fn order(&self, body: &Body, role: Role) -> Option<Fault> {
        if let Some(end) = &self.ended_by {
            return fault("after-end", format!("it had already ended with {end}"));
        }
        let first = self.seen.is_empty();
        if role == Role::Opening {
            let kind = &body.kind;
            return (!first).then(|| fault("opening", format!("{kind} is not the first")))?;
        }
        let cut_off = matches!(role, Role::Terminal { .. }) && self.terms.may_be_cut_off;
        let opening = self.profile.opening()?;
        (first && !cut_off && !self.terms.may_miss)
            .then(|| fault("opening", format!("it does not begin with {opening}")))?
    }

    fn part(
        &mut self,
        body: &Body,
        part: Part,
        names: &Names,
        enter: fn(&mut Self, Inner, &Names) -> Option<Fault>,
    ) -> Option<Fault> {
        match body.field(part.field).and_then(Value::integer) {
            Some(number) => enter(self, Inner::Part(part.name, number), names),
            None => fault("unnamed", format!("it names no {}", part.name)),
        }
    }

    fn child(
        &mut self,
        body: &Body,
        field: &str,
        names: &Names,
        enter: fn(&mut Self, Inner, &Names) -> Option<Fault>,
    ) -> Option<Fault> {
        match body.field(field).and_then(Value::entity) {
            Some(id) => enter(self, Inner::Child(id), names),
            None => fault("unnamed", format!("it names no {field}")),
        }
    }

    fn open(&mut self, inner: Inner, names: &Names) -> Option<Fault> {
        let name = inner.name(names);
        match self.inner.get(&inner) {
            None => {
                self.inner.insert(inner, InnerState::Open);
                None
            }
            Some(InnerState::Open) => fault("begun-twice", format!("{name} begins twice")),
            Some(InnerState::Closed) => fault(
                "begun-after-end",
                format!("{name} begins after it has ended"),
            ),
        }
    }

    fn close(&mut self, inner: Inner, names: &Names) -> Option<Fault> {
        let name = inner.name(names);
        match self.inner.insert(inner, InnerState::Closed) {
            Some(InnerState::Open) => None,
            Some(InnerState::Closed) => fault("ended-twice", format!("{name} ends twice")),
            None if self.terms.may_miss => None,
            None => fault("ended-before-begin", format!("{name} ends before it began")),
        }
    }

    fn increase(&mut self, body: &Body, field: &'static str) -> Option<Fault> {
        let Some(now) = body.field(field).and_then(Value::integer) else {
            return fault("unnamed", format!("it carries no {field}"));
        };
        let before = self.greatest.get(field).copied();
        let greatest = before.map_or(now, |before| before.max(now));
        self.greatest.insert(field, greatest);
        let before = before.filter(|before| now <= *before)?;
        fault(
            "not-increasing",
            format!("{field} goes from {before} to {now}"),
        )
    }

    fn complete(&self, names: &Names, faults: &mut Vec<Fault>) {
        if self.terms.may_miss {
            return;
        }
        for (inner, state) in &self.inner {
            if *state == InnerState::Open {
                let message = format!("{} has not ended", inner.name(names));
                faults.extend(fault("left-open", message));
            }
        }
        for kind in &self.terms.required {
            if !self.seen.contains(kind) {
                faults.extend(fault("required", format!("{kind} is missing before it")));
            }
        }
    }
}

fn unexplained(body: &Body, field: Option<&'static str>) -> Option<Fault> {
    let field = field?;
    let text = body.field(field).and_then(Value::text).unwrap_or_default();
    text.is_empty()
        .then(|| fault("unexplained", "it does not say what went wrong"))?
}
