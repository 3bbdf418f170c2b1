//! A session as JSON: its events as they are, and its spans in the terms of OpenTelemetry.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::wire::SessionId;
use super::{EventKind, Logged, SessionEnd, SessionState};

/// The version of the programs that write tests.
const GENERATOR_VERSION: &str = "2.0";

/// The framework of the tests.
const FRAMEWORK: &str = "testmaster";

/// A session in a file.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(in super::super) struct Export {
    pub(in super::super) session: SessionState,
    pub(in super::super) spans: Vec<ExportedSpan>,
}

/// A span in the terms of OpenTelemetry.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct ExportedSpan {
    pub(in super::super) trace_id: SessionId,
    pub(in super::super) span_id: u64,
    pub(in super::super) parent_span_id: Option<u64>,
    pub(in super::super) name: String,
    pub(in super::super) start_us: u64,
    pub(in super::super) end_us: u64,
    pub(in super::super) status: Status,
    pub(in super::super) attributes: BTreeMap<String, Value>,
}

/// The status of a span.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "code", content = "message", rename_all = "UPPERCASE")]
pub(in super::super) enum Status {
    /// It has no error.
    Ok,
    /// It failed with this message.
    Error(String),
}

/// Exports a session. Spans that are still open end with the last event.
pub(in super::super) fn export(session: &SessionState) -> Export {
    let mut spans = Spans::of(session);
    for logged in &session.events {
        spans.take(logged);
    }
    Export {
        session: session.clone(),
        spans: spans.spans,
    }
}

/// The place of a span by what it is of.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Part {
    Agent(u32),
    Generation(u32),
}

/// The spans of a session while its events are read.
struct Spans {
    trace: SessionId,
    spans: Vec<ExportedSpan>,
    open: BTreeMap<Part, usize>,
}

impl Spans {
    fn of(session: &SessionState) -> Self {
        let last = session.events.last().map(|logged| logged.at_us);
        let root = ExportedSpan {
            trace_id: session.id,
            span_id: 1,
            parent_span_id: None,
            name: "session".to_owned(),
            start_us: session.opened_us,
            end_us: last.unwrap_or(session.opened_us),
            status: Status::Ok,
            attributes: BTreeMap::from([
                (
                    "llm.cost_micros".to_owned(),
                    json!(session.totals.cost_micros),
                ),
                (
                    "gen_ai.usage.tokens".to_owned(),
                    json!(session.totals.tokens),
                ),
            ]),
        };
        Self {
            trace: session.id,
            spans: vec![root],
            open: BTreeMap::new(),
        }
    }

    fn take(&mut self, logged: &Logged) {
        let at = logged.at_us;
        let source = &logged.event.source;
        match &logged.event.kind {
            EventKind::AgentStart { run } => {
                let agent = [("gen_ai.agent.name", json!(source))];
                let name = format!("invoke_agent {source}");
                let span = self.add(name, Some(1), at, agent);
                self.open.insert(Part::Agent(*run), span);
            }
            EventKind::AgentEnd { run } => self.end(&Part::Agent(*run), at, Status::Ok),
            EventKind::AgentError { run, error } => {
                self.end(&Part::Agent(*run), at, Status::Error(error.clone()));
            }
            EventKind::LlmCall {
                model,
                tokens,
                cost_micros,
            } => {
                let attributes = [
                    ("gen_ai.request.model", json!(model.as_str())),
                    ("gen_ai.usage.tokens", json!(tokens)),
                    ("llm.cost_micros", json!(cost_micros)),
                ];
                self.add(format!("chat {}", model.as_str()), Some(1), at, attributes);
            }
            EventKind::TestGenerationStarted { module } => {
                let attributes = [
                    ("module.name", json!(format!("module-{module}"))),
                    ("generator.version", json!(GENERATOR_VERSION)),
                    ("framework", json!(FRAMEWORK)),
                ];
                let name = format!("test_generation_module-{module}");
                let span = self.add(name, Some(1), at, attributes);
                self.open.insert(Part::Generation(*module), span);
            }
            EventKind::TestGenerationCompleted {
                module,
                tests,
                quality,
            } => {
                let part = Part::Generation(*module);
                if let Some(span) = self.open.get(&part) {
                    let attributes = &mut self.spans[*span].attributes;
                    attributes.insert("tests.generated".to_owned(), json!(tests));
                    attributes.insert("quality.score".to_owned(), json!(quality));
                }
                self.end(&part, at, Status::Ok);
            }
            kind => {
                if kind.ends() == Some(SessionEnd::Failed) {
                    self.spans[0].status = Status::Error("the session failed".to_owned());
                }
            }
        }
    }

    /// Adds a span of no duration. Returns its place.
    fn add<const N: usize>(
        &mut self,
        name: String,
        parent: Option<u64>,
        at_us: u64,
        attributes: [(&str, Value); N],
    ) -> usize {
        let place = self.spans.len();
        let attributes = attributes.into_iter();
        self.spans.push(ExportedSpan {
            trace_id: self.trace,
            span_id: place as u64 + 1,
            parent_span_id: parent,
            name,
            start_us: at_us,
            end_us: at_us,
            status: Status::Ok,
            attributes: attributes
                .map(|(key, value)| (key.to_owned(), value))
                .collect(),
        });
        place
    }

    fn end(&mut self, part: &Part, at_us: u64, status: Status) {
        if let Some(place) = self.open.remove(part) {
            self.spans[place].end_us = at_us;
            self.spans[place].status = status;
        }
    }
}
