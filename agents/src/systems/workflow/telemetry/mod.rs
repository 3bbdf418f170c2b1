//! Telemetry: the spans and messages that the orchestrator, workers and users report, as a
//! tracing library would export them. Here they go into the history of the run.
//!
//! | module | contents |
//! |---|---|
//! | `workflows` | workflows, at the orchestrator |
//! | `tasks` | tasks, at the orchestrator and at workers |

mod tasks;
mod workflows;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use rehearsal_history::{Actor, Actors, Draft, Sending, Span, Value};

use super::evidence::Evidence;
use super::model::{
    FAILED, FINISHED, STARTED, STATE, STOPPED, TASK, TASK_BEGINS, TASK_ENDS, TIMED_OUT,
};
use super::report::Report;
use super::wire::{Object, TaskId, WorkflowId};
use crate::goal::Mark;
use crate::record::Recorder;

/// The kinds of messages of a workflow's span.
const OF_WORKFLOW: [&str; 7] = [
    STARTED,
    TASK_BEGINS,
    TASK_ENDS,
    STATE,
    FINISHED,
    FAILED,
    STOPPED,
];

/// The kinds of messages of a task's span.
const OF_TASK: [&str; 5] = [TASK, FINISHED, FAILED, STOPPED, TIMED_OUT];

/// A span with the messages that may be sent in it.
struct Opened {
    /// Taken when the span ends.
    span: Option<Span>,
    drafts: BTreeMap<&'static str, Draft>,
}

impl Opened {
    fn new(span: Span, kinds: &[&'static str]) -> Self {
        let draft = |kind: &&'static str| (*kind, Draft::new(*kind).in_span(&span));
        Self {
            drafts: kinds.iter().map(draft).collect(),
            span: Some(span),
        }
    }

    fn draft(&self, kind: &'static str) -> Draft {
        self.drafts[kind].clone()
    }
}

/// A task that was given to a worker.
struct OpenedTask {
    opened: Opened,
    /// The task itself, until a worker has taken it.
    sending: Option<Sending>,
    /// The result, until the orchestrator has it.
    result: Option<Sending>,
}

#[derive(Default)]
struct State {
    workflows: BTreeMap<WorkflowId, Opened>,
    tasks: BTreeMap<TaskId, OpenedTask>,
}

/// The telemetry of a run. Shared by all parts of the system.
pub(super) struct Telemetry {
    actors: Actors,
    recorder: Recorder,
    state: Mutex<State>,
    pub(super) evidence: Evidence,
}

impl Telemetry {
    pub(super) fn new(recorder: &Recorder) -> Arc<Self> {
        Arc::new(Self {
            actors: Actors::new(recorder.history().clone()),
            recorder: recorder.clone(),
            state: Mutex::default(),
            evidence: Evidence::default(),
        })
    }

    /// Returns an actor in the name of a user.
    fn actor(&self, name: &str, workflow: WorkflowId) -> Actor {
        self.actors.actor(name).of(&workflow.user())
    }

    /// Returns the actor of the orchestrator as far as it runs that workflow: what it does
    /// for others says nothing to this one.
    fn orchestrator(&self, workflow: WorkflowId) -> Actor {
        self.actor(&workflow.orchestrator(), workflow)
    }

    /// Records that a workflow or a task came to something that is worth counting.
    pub(super) fn reached(&self, mark: Mark) {
        self.recorder.mark(mark);
    }

    /// Records that a user has received its report.
    pub(super) fn reported(&self, workflow: WorkflowId, report: &Report) {
        self.evidence
            .reported(self.recorder.now(), workflow, report);
    }

    /// Records that workers and the orchestrator have received all that they are owed.
    pub(super) fn drained<'a>(&self, agents: impl Iterator<Item = &'a str>, workflows: u32) {
        for name in agents {
            self.actors.actor(name).drained();
        }
        for number in 1..=workflows {
            self.orchestrator(WorkflowId(number)).drained();
        }
    }

    /// Records the check of a promise.
    pub(super) fn promise(&self, name: &'static str, kept: Result<(), String>) {
        self.actors.actor("observer").invariant(name, kept);
    }
}

fn text(text: &str) -> Value {
    Value::from(text.to_owned())
}

fn entity(span: &Span) -> Value {
    Value::Entity(span.into())
}

/// Returns an object in JSON.
pub(super) fn encoded(object: &Object) -> String {
    serde_json::Value::Object(object.clone()).to_string()
}
