//! Agent2Agent: the items of one stream, as `SendStreamingMessage` and `SubscribeToTask`
//! return them (`message/stream` and `tasks/resubscribe` in version 0.3). An item may stand
//! alone or in the `result` of a JSON-RPC response. A response with an `error` is no item: it
//! ends the stream, since a request has either results or an error from then on.
//!
//! The versions differ in their names, and in the end of a stream: version 0.3 marks the
//! last status with `final`, version 1.0 closes the stream.

use serde_json::Value as Json;

use super::fields::{Form, Needed, at, id, lacks, quoted, text};
use super::json_rpc::check_error;
use super::open::{Id, OpenIds};
use super::{Findings, WireMachine, WireProfile, WireRule};

/// The rules of one version.
struct Rules {
    malformed: WireRule,
    unknown_state: WireRule,
    not_first: WireRule,
    after_message: WireRule,
    second_task: WireRule,
    after_end: WireRule,
    other_task: WireRule,
    append_first: WireRule,
    after_last_chunk: WireRule,
    unended: WireRule,
}

/// The sections of one version's specification.
struct Sections {
    item: &'static str,
    state: &'static str,
    stream: &'static str,
    end: &'static str,
    update: &'static str,
    artifact: &'static str,
}

const V1: Rules = Rules::new(Sections {
    item: "3.2.3 Stream Response",
    state: "4.1.3 TaskState",
    stream: "3.1.2 Send Streaming Message",
    end: "3.1.6 Subscribe to Task",
    update: "4.2 Streaming Events",
    artifact: "4.2.2 TaskArtifactUpdateEvent",
});

const V0_3: Rules = Rules::new(Sections {
    item: "7.2.1 SendStreamingMessageResponse",
    state: "6.3 TaskState Enum",
    stream: "7.2 message/stream",
    end: "6.3 TaskState Enum",
    update: "7.2.2 TaskStatusUpdateEvent",
    artifact: "7.2.3 TaskArtifactUpdateEvent",
});

impl Rules {
    const fn new(sections: Sections) -> Self {
        Self {
            malformed: WireRule::new(
                "malformed",
                sections.item,
                "An item is no task, message, status update or artifact update, nor an error, or \
                 lacks a field.",
            ),
            unknown_state: WireRule::new(
                "unknown-state",
                sections.state,
                "A status has a state that there is not.",
            ),
            not_first: WireRule::new(
                "not-first",
                sections.stream,
                "The first item is an update, not a task or a message.",
            ),
            after_message: WireRule::new(
                "after-message",
                sections.stream,
                "An item follows a message, which is the only one of its stream.",
            ),
            second_task: WireRule::new(
                "second-task",
                sections.stream,
                "A task or a message comes after the first item.",
            ),
            after_end: WireRule::new(
                "after-end",
                sections.end,
                "An item follows a status that ends the task, or an error.",
            ),
            other_task: WireRule::new(
                "other-task",
                sections.update,
                "An update names another task or context than the first item.",
            ),
            append_first: WireRule::new(
                "append-first",
                sections.artifact,
                "A chunk is appended to an artifact that is not there yet.",
            ),
            after_last_chunk: WireRule::new(
                "after-last-chunk",
                sections.artifact,
                "A chunk follows the last one of its artifact.",
            ),
            unended: WireRule::new(
                "unended",
                sections.stream,
                "The stream ends while the task goes on.",
            ),
        }
    }

    const fn list(&self) -> [WireRule; 10] {
        [
            self.malformed,
            self.unknown_state,
            self.not_first,
            self.after_message,
            self.second_task,
            self.after_end,
            self.other_task,
            self.append_first,
            self.after_last_chunk,
            self.unended,
        ]
    }
}

const AFTER_FINAL: WireRule = WireRule::new(
    "after-final",
    "7.2.2 TaskStatusUpdateEvent",
    "An item follows a status with `final`.",
);
const NOT_FINAL: WireRule = WireRule::new(
    "not-final",
    "7.2.2 TaskStatusUpdateEvent",
    "A status that ends the task has no `final`.",
);

pub(super) const V1_0_PROFILE: WireProfile = WireProfile {
    name: "a2a-v1.0",
    claim: "one stream of a task or a message of an A2A agent, version 1.0",
    specification: "Agent2Agent Protocol 1.0",
    rules: &[&V1.list()],
    machine: || Box::new(Stream::new(Version::V1_0)),
};

pub(super) const V0_3_PROFILE: WireProfile = WireProfile {
    name: "a2a-v0.3",
    claim: "one stream of a task or a message of an A2A agent, version 0.3",
    specification: "Agent2Agent Protocol 0.3.0",
    rules: &[&V0_3.list(), &[AFTER_FINAL, NOT_FINAL]],
    machine: || Box::new(Stream::new(Version::V0_3)),
};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Version {
    V1_0,
    V0_3,
}

/// The meaning of a state of a task.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Active,
    /// Waits for input or authorisation.
    Interrupted,
    Terminal,
}

#[rustfmt::skip]
const STATES: &[(&str, &str, State)] = &[
    ("TASK_STATE_SUBMITTED", "submitted", State::Active),
    ("TASK_STATE_WORKING", "working", State::Active),
    ("TASK_STATE_COMPLETED", "completed", State::Terminal),
    ("TASK_STATE_FAILED", "failed", State::Terminal),
    ("TASK_STATE_CANCELED", "canceled", State::Terminal),
    ("TASK_STATE_REJECTED", "rejected", State::Terminal),
    ("TASK_STATE_INPUT_REQUIRED", "input-required", State::Interrupted),
    ("TASK_STATE_AUTH_REQUIRED", "auth-required", State::Interrupted),
];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Task,
    Message,
    Status,
    Artifact,
}

/// The kinds with their member in version 1.0, their `kind` in version 0.3, and their fields.
const KINDS: [(Kind, &str, &str, &[Needed]); 4] = [
    (
        Kind::Task,
        "task",
        "task",
        &[Needed("id", Form::Text), Needed("status.state", Form::Text)],
    ),
    (
        Kind::Message,
        "message",
        "message",
        &[
            Needed("messageId", Form::Text),
            Needed("role", Form::Text),
            Needed("parts", Form::List),
        ],
    ),
    (
        Kind::Status,
        "statusUpdate",
        "status-update",
        &[
            Needed("taskId", Form::Text),
            Needed("contextId", Form::Text),
            Needed("status.state", Form::Text),
        ],
    ),
    (
        Kind::Artifact,
        "artifactUpdate",
        "artifact-update",
        &[
            Needed("taskId", Form::Text),
            Needed("contextId", Form::Text),
            Needed("artifact.artifactId", Form::Text),
            Needed("artifact.parts", Form::List),
        ],
    ),
];

impl Version {
    fn rules(self) -> &'static Rules {
        match self {
            Self::V1_0 => &V1,
            Self::V0_3 => &V0_3,
        }
    }

    fn state(self, name: &str) -> Option<State> {
        let mut states = STATES.iter();
        let state = states.find(|(v1_0, v0_3, _)| match self {
            Self::V1_0 => *v1_0 == name,
            Self::V0_3 => *v0_3 == name,
        });
        state.map(|(_, _, state)| *state)
    }

    /// Returns the kind of an item and its content, or the complaint about it.
    fn item(self, line: &Json) -> Result<(Kind, &Json), String> {
        let item = match line.get("jsonrpc") {
            Some(_) => line.get("result").unwrap_or(line),
            None => line,
        };
        let mut kinds = KINDS.iter().filter_map(|(kind, member, name, needed)| {
            let content = match self {
                Self::V1_0 => item.get(member),
                Self::V0_3 => (text(item, "kind") == Some(name)).then_some(item),
            };
            Some((*kind, content?, *needed))
        });
        match (kinds.next(), kinds.next()) {
            (Some((kind, content, needed)), None) => match lacks(content, needed) {
                None => Ok((kind, content)),
                Some(complaint) => Err(complaint),
            },
            (None, _) => Err("it is no item of a stream".to_owned()),
            (Some(_), Some(_)) => Err("it is several items".to_owned()),
        }
    }
}

/// Returns the error of a JSON-RPC response that has one in the place of a result.
fn error_of(line: &Json) -> Option<&Json> {
    let has = |member: &str| line.get(member).is_some_and(|value| !value.is_null());
    let is_error = has("jsonrpc") && has("error") && !has("result");
    is_error.then(|| &line["error"])
}

/// The task of a stream.
struct Task {
    id: Id,
    /// Its context, once an item has named it.
    context: Option<Id>,
    state: State,
    /// `true` once a status had `final`.
    is_final: bool,
    /// `true` once there was a status update.
    was_updated: bool,
}

enum Content {
    Nothing,
    Message,
    Task(Task),
    /// The request has failed.
    Error,
}

struct Stream {
    version: Version,
    content: Content,
    /// The artifacts; `true` after their last chunk.
    artifacts: OpenIds<bool>,
}

impl Stream {
    fn new(version: Version) -> Self {
        Self {
            version,
            content: Content::Nothing,
            artifacts: OpenIds::new("artifacts"),
        }
    }

    fn first(&mut self, kind: Kind, item: &Json, findings: &mut Findings) {
        match kind {
            Kind::Message => self.content = Content::Message,
            Kind::Task => self.begin(item, findings),
            Kind::Status | Kind::Artifact => {
                findings.broken(self.version.rules().not_first, || {
                    "no task came before it".to_owned()
                });
            }
        }
    }

    fn begin(&mut self, task: &Json, findings: &mut Findings) {
        let Some((id_of_task, state)) = id(task, "id").zip(self.state(task, findings)) else {
            return;
        };
        self.content = Content::Task(Task {
            id: id_of_task,
            context: id(task, "contextId"),
            state,
            is_final: false,
            was_updated: false,
        });
        let artifacts = at(task, "artifacts").and_then(Json::as_array);
        for artifact in artifacts.into_iter().flatten() {
            if let Some(artifact) = id(artifact, "artifactId") {
                self.artifacts.open(artifact, false, findings);
            }
        }
    }

    /// Returns the meaning of an item's state, or reports that there is no such state.
    fn state(&self, item: &Json, findings: &mut Findings) -> Option<State> {
        let name = text(item, "status.state").unwrap_or_default();
        let state = self.version.state(name);
        if state.is_none() {
            let rule = self.version.rules().unknown_state;
            findings.broken(rule, || format!("{} is no state", quoted(name)));
        }
        state
    }

    fn status(&mut self, item: &Json, findings: &mut Findings) {
        let Some(state) = self.state(item, findings) else {
            return;
        };
        let is_final = item.get("final") == Some(&Json::Bool(true));
        if let Content::Task(task) = &mut self.content {
            task.state = state;
            task.was_updated = true;
            if self.version == Version::V0_3 {
                task.is_final = is_final;
                if state == State::Terminal && !is_final {
                    findings.broken(NOT_FINAL, || "its `final` is not true".to_owned());
                }
            }
        }
    }

    fn artifact(&mut self, item: &Json, findings: &mut Findings) {
        let Some(artifact) = id(item, "artifact.artifactId") else {
            return;
        };
        let rules = self.version.rules();
        let is = |field: &str| item.get(field) == Some(&Json::Bool(true));
        match self.artifacts.get(artifact) {
            Some(true) => findings.broken(rules.after_last_chunk, || {
                "its artifact had its last chunk".to_owned()
            }),
            None if is("append") => findings.broken(rules.append_first, || {
                "no chunk of its artifact came before".to_owned()
            }),
            _ => {}
        }
        self.artifacts.open(artifact, is("lastChunk"), findings);
    }

    /// Takes an error, which ends the stream.
    fn error(&mut self, error: &Json, findings: &mut Findings) {
        if let Err(complaint) = check_error(error) {
            findings.broken(self.version.rules().malformed, || complaint);
            return;
        }
        self.check_end(findings);
        self.content = Content::Error;
    }

    /// Checks that nothing has ended the stream.
    fn check_end(&self, findings: &mut Findings) {
        let rules = self.version.rules();
        match &self.content {
            Content::Message => {
                findings.broken(rules.after_message, || "a message came before".to_owned());
            }
            Content::Error => {
                findings.broken(rules.after_end, || "an error came before".to_owned());
            }
            Content::Task(task) if task.state == State::Terminal => {
                findings.broken(rules.after_end, || "the task had ended".to_owned());
            }
            Content::Task(task) if task.is_final => {
                findings.broken(AFTER_FINAL, || "a status with `final` came".to_owned());
            }
            Content::Task(_) | Content::Nothing => {}
        }
    }

    /// Checks the place of an item behind the first one.
    fn follows(&mut self, kind: Kind, item: &Json, findings: &mut Findings) {
        let rules = self.version.rules();
        self.check_end(findings);
        let Content::Task(task) = &mut self.content else {
            return;
        };
        if matches!(kind, Kind::Task | Kind::Message) {
            findings.broken(rules.second_task, || "the stream has its task".to_owned());
            return;
        }
        let context = id(item, "contextId");
        let is_same = id(item, "taskId") == Some(task.id)
            && (task.context.is_none() || task.context == context);
        if !is_same {
            findings.broken(rules.other_task, || {
                let task = quoted(text(item, "taskId").unwrap_or_default());
                let context = quoted(text(item, "contextId").unwrap_or_default());
                format!("it is about task {task} in context {context}")
            });
        }
        task.context = task.context.or(context);
        match kind {
            Kind::Status => self.status(item, findings),
            _ => self.artifact(item, findings),
        }
    }
}

impl WireMachine for Stream {
    fn step(&mut self, message: &Json, findings: &mut Findings) {
        if let Some(error) = error_of(message) {
            return self.error(error, findings);
        }
        let (kind, item) = match self.version.item(message) {
            Ok(item) => item,
            Err(complaint) => {
                return findings.broken(self.version.rules().malformed, || complaint);
            }
        };
        match self.content {
            Content::Nothing => self.first(kind, item, findings),
            Content::Message | Content::Task(_) | Content::Error => {
                self.follows(kind, item, findings);
            }
        }
    }

    fn end(&mut self, findings: &mut Findings) {
        let Content::Task(task) = &self.content else {
            return;
        };
        let has_ended = match (task.state, self.version) {
            (State::Terminal, _) | (State::Interrupted, Version::V1_0) => true,
            (State::Interrupted, Version::V0_3) => task.is_final || !task.was_updated,
            (State::Active, _) => task.is_final,
        };
        if !has_ended {
            findings.broken(self.version.rules().unended, || {
                "the task has not ended and waits for nothing".to_owned()
            });
        }
    }
}
