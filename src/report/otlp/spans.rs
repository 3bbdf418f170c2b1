//! The spans of a run, with their events and links.

use std::collections::{BTreeMap, BTreeSet};

use rehearsal_sim::WALL_CLOCK_START;

use super::encoding::{Attribute, Event, INTERNAL, Link, Nanos, Span, SpanId, Status};
use crate::report::document::{self, Document, Kind, Run};

/// The span of the run.
const ROOT: SpanId = SpanId(1);

/// Makes the spans of a document's failing run.
pub(super) struct Builder<'a> {
    document: &'a Document,
    run: &'a Run,
    /// The spans of the history, by their entities.
    by_entity: BTreeMap<usize, usize>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(document: &'a Document) -> Self {
        let run = &document.failing;
        let entities = run.spans.iter().map(|span| span.entity);
        Self {
            document,
            run,
            by_entity: entities.zip(0..).collect(),
        }
    }

    /// Returns every span, with its host.
    pub(super) fn build(&self) -> Vec<(Option<usize>, Span<'a>)> {
        let tasks = self.run.tasks.iter().enumerate();
        let tasks = tasks.map(|(number, task)| (Some(task.host), self.task(number, task)));
        let agents = self.run.spans.iter().enumerate();
        let agents = agents.map(|(number, span)| (None, self.agent(number, span)));
        let mut spans: Vec<_> = std::iter::once((None, self.root()))
            .chain(tasks)
            .chain(agents)
            .collect();
        self.add_events(&mut spans);
        self.add_links(&mut spans);
        spans
    }

    fn task_id(&self, task: usize) -> SpanId {
        SpanId(ROOT.0 + 1 + task)
    }

    fn agent_id(&self, span: usize) -> SpanId {
        SpanId(ROOT.0 + 1 + self.run.tasks.len() + span)
    }

    fn span(&self, span_id: SpanId, name: String, began: u64, ended: Option<u64>) -> Span<'a> {
        Span {
            trace_id: &self.run.fingerprint,
            span_id,
            parent_span_id: Some(ROOT),
            name,
            kind: INTERNAL,
            start_time_unix_nano: time(began),
            end_time_unix_nano: time(ended.unwrap_or(self.run.end).max(began)),
            attributes: Vec::new(),
            events: Vec::new(),
            links: Vec::new(),
            status: Status::default(),
        }
    }

    /// Returns the span of the run, which has failed.
    fn root(&self) -> Span<'a> {
        let (target, failure) = (&self.document.target, &self.document.failure);
        Span {
            parent_span_id: None,
            attributes: vec![
                Attribute::new("error.type", failure.verdict),
                Attribute::new("rehearsal.file", &target.file),
                Attribute::new("rehearsal.seed", &target.seed),
                Attribute::new("rehearsal.strategy", &target.strategy),
                Attribute::new("rehearsal.fingerprint", &self.run.fingerprint),
                Attribute::new("rehearsal.failure.detector", &failure.detector),
                Attribute::new("rehearsal.failure.rule", &failure.rule),
            ],
            status: Status::error(&failure.message),
            ..self.span(ROOT, target.name.clone(), 0, None)
        }
    }

    fn task(&self, number: usize, task: &'a document::Task) -> Span<'a> {
        Span {
            attributes: vec![Attribute::new("rehearsal.spawned_at", &task.spawned_at)],
            ..self.span(
                self.task_id(number),
                task.name.clone(),
                task.began,
                task.ended,
            )
        }
    }

    /// Returns a span of the history, as the invocation of an agent.
    fn agent(&self, number: usize, span: &'a document::Span) -> Span<'a> {
        let operation = "invoke_agent";
        let name = &self.run.entities[span.entity].name;
        let mut attributes = vec![
            Attribute::new("gen_ai.operation.name", operation),
            Attribute::new("gen_ai.agent.name", &span.label),
            Attribute::new("gen_ai.agent.id", name),
            Attribute::new("rehearsal.span.kind", &span.kind),
            Attribute::new("rehearsal.span.owner", &span.owner),
        ];
        let conversation = self.conversation(span);
        attributes.extend(conversation.map(|name| Attribute::new("gen_ai.conversation.id", name)));
        let channel = span.channel.as_ref();
        attributes.extend(channel.map(|name| Attribute::new("rehearsal.channel", name)));
        if !span.completed {
            attributes.push(Attribute::new("error.type", span.end));
        }
        Span {
            parent_span_id: Some(span.parent.map_or(ROOT, |parent| self.agent_id(parent))),
            attributes,
            status: if span.completed {
                Status::ok()
            } else {
                Status::error(span.end)
            },
            ..self.span(
                self.agent_id(number),
                format!("{operation} {}", span.label),
                span.began,
                span.ended,
            )
        }
    }

    /// Returns the channel of the outermost span: a conversation has all spans that one begins.
    fn conversation(&self, span: &'a document::Span) -> Option<&'a str> {
        let mut outermost = span;
        // A recorded history may have a circle.
        for _ in 0..self.run.spans.len() {
            match outermost.parent {
                Some(parent) => outermost = &self.run.spans[parent],
                None => break,
            }
        }
        outermost.channel.as_deref()
    }

    /// Returns the place of the span that an event belongs to: of an entry of the history the
    /// span that it is about, else that of its task, else the run's.
    fn place(&self, event: &document::Event) -> usize {
        let mut about = event.about.iter();
        let id = match about.find_map(|entity| self.by_entity.get(entity)) {
            Some(span) => self.agent_id(*span),
            None => event.task.map_or(ROOT, |task| self.task_id(task)),
        };
        id.0 - ROOT.0
    }

    fn add_events(&self, spans: &mut [(Option<usize>, Span<'a>)]) {
        for event in &self.run.events {
            if matches!(event.kind, Kind::Poll | Kind::Packet | Kind::Arrival) {
                continue;
            }
            let (_, span) = &mut spans[self.place(event)];
            span.events.push(self.event(event));
        }
    }

    fn event(&self, event: &'a document::Event) -> Event<'a> {
        let (name, text) = match event.lock {
            Some((lock, word)) => (word.as_str(), self.run.locks[lock].name.as_str()),
            None if event.label.is_empty() => (event.kind.as_str(), event.text.as_str()),
            None => (event.label.as_str(), event.text.as_str()),
        };
        let mut attributes = vec![
            Attribute::new("rehearsal.kind", event.kind.as_str()),
            Attribute::new("rehearsal.step", event.step.to_string()),
        ];
        if !text.is_empty() {
            attributes.push(Attribute::new("rehearsal.text", text));
        }
        if event.matters {
            attributes.push(Attribute::new("rehearsal.matters", "true"));
        }
        Event {
            time_unix_nano: time(event.at),
            name,
            attributes,
        }
    }

    /// Adds a link for each pair of spans of which one receives messages of the other.
    fn add_links(&self, spans: &mut [(Option<usize>, Span<'a>)]) {
        let mut linked = BTreeSet::new();
        for event in &self.run.events {
            let causes = event.causes.iter().map(|cause| &self.run.events[*cause]);
            for cause in causes {
                let (from, to) = (self.place(event), self.place(cause));
                let is_message = event.kind == Kind::History && cause.kind == Kind::History;
                if is_message && from != to && linked.insert((from, to)) {
                    let link = Link {
                        trace_id: &self.run.fingerprint,
                        span_id: spans[to].1.span_id,
                    };
                    spans[from].1.links.push(link);
                }
            }
        }
    }
}

/// Returns the time on the simulated wall clock.
fn time(micros: u64) -> Nanos {
    Nanos(WALL_CLOCK_START.as_nanos() + u128::from(micros) * 1000)
}
