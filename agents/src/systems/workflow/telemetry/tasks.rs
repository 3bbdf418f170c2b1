//! The telemetry of tasks, at the orchestrator and at workers.

use std::sync::Arc;

use rehearsal_history::{Body, Sending, SpanDraft, SpanEnd};

use super::super::evidence::StepId;
use super::super::model::{
    FAILED, FINISHED, REASON, SPAN, STOPPED, TASK, TASK_BEGINS, TASK_ENDS, tasks_of,
};
use super::super::wire::{Object, Task, TaskEnd, TaskId, WorkflowId};
use super::{OF_TASK, Opened, OpenedTask, Telemetry, encoded, entity, text};
use crate::record::recorder::lock;

impl Telemetry {
    /// Records that the orchestrator begins a task. Returns its announcement to the user.
    pub(in super::super) fn task_began(&self, task: TaskId, name: &str) -> Sending {
        let workflow = task.workflow;
        let actor = self.orchestrator(workflow);
        let fields = {
            let mut state = lock(&self.state);
            let parent = state.workflows.get(&workflow);
            let parent = parent.and_then(|opened| opened.span.as_ref());
            let draft = SpanDraft::new("task")
                .labelled(format!("{name}-{}", task.number))
                .on(workflow.results());
            let draft = match parent {
                Some(parent) => draft.within(parent),
                None => draft,
            };
            let span = actor.begin(draft);
            let fields = Body::new(TASK_BEGINS).with(SPAN, entity(&span));
            let opened = OpenedTask {
                opened: Opened::new(span, &OF_TASK),
                sending: None,
                result: None,
            };
            state.tasks.insert(task, opened);
            fields
        };
        self.progress(workflow, TASK_BEGINS, fields)
    }

    /// Records that the orchestrator is about to give a task to its worker. Returns the id
    /// of the message.
    pub(in super::super) fn task_given(
        &self,
        task: TaskId,
        name: &str,
        agent: &str,
        input: &Object,
    ) -> Arc<str> {
        let actor = self.orchestrator(task.workflow);
        let mut state = lock(&self.state);
        let Some(opened) = state.tasks.get_mut(&task) else {
            panic!("{task:?} has not begun");
        };
        let draft = opened
            .opened
            .draft(TASK)
            .with("name", text(name))
            .with("input", text(&encoded(input)));
        let sending = actor.sending(&tasks_of(agent), draft);
        let message = Arc::clone(sending.id());
        opened.sending = Some(sending);
        message
    }

    /// Records that the worker has told the orchestrator that it has taken the task.
    pub(in super::super) fn task_accepted(&self, task: TaskId) {
        let sending = self.of_task(task, |opened| opened.sending.take());
        if let Some(sending) = sending {
            sending.accepted();
        }
    }

    /// Records that the orchestrator has received the result of a task.
    pub(in super::super) fn result_received(&self, task: TaskId, message: &Arc<str>) {
        // A result implies that the task was taken.
        self.task_accepted(task);
        if let Some(result) = self.of_task(task, |opened| opened.result.take()) {
            result.accepted();
        }
        let actor = self.orchestrator(task.workflow);
        actor.received(&task.workflow.results(), message);
    }

    /// Records that the orchestrator gives up waiting for the result of a task, and answers
    /// for its worker with a message of that kind.
    pub(in super::super) fn task_given_up(&self, task: TaskId, kind: &'static str) {
        let actor = self.orchestrator(task.workflow);
        let draft = lock(&self.state).tasks[&task].opened.draft(kind);
        let results = task.workflow.results();
        let sending = actor.sending(&results, draft);
        let message = Arc::clone(sending.id());
        sending.accepted();
        actor.received(&results, message);
    }

    /// Records that a task is over. Returns the report of that to the user.
    pub(in super::super) fn task_ended(&self, task: TaskId, end: SpanEnd) -> Sending {
        let span = self.of_task(task, |opened| opened.opened.span.take());
        let span = span.expect("a task ends once");
        let fields = Body::new(TASK_ENDS).with(SPAN, entity(&span));
        span.end(end);
        self.progress(task.workflow, TASK_ENDS, fields)
    }

    fn of_task<T>(
        &self,
        task: TaskId,
        take: impl FnOnce(&mut OpenedTask) -> Option<T>,
    ) -> Option<T> {
        take(lock(&self.state).tasks.get_mut(&task)?)
    }

    // Tasks, at the worker ------------------------------------------------------

    /// Records that a worker is there for the first time.
    pub(in super::super) fn worker_began(&self, agent: &str) {
        self.actors
            .actor(agent)
            .subscribed_from_start(&tasks_of(agent));
    }

    /// Records that a worker has taken a task.
    pub(in super::super) fn taken(&self, agent: &str, task: &Task) {
        self.evidence.taken(self.recorder.now(), agent, task);
        let actor = self.actor(agent, task.id.workflow);
        actor.received(&tasks_of(agent), &task.message);
    }

    /// Records that a worker begins a step.
    pub(in super::super) fn step_began(&self, task: TaskId, tokens: u32) -> StepId {
        self.evidence.step_began(self.recorder.now(), task, tokens)
    }

    /// Records that a step has come to its end.
    pub(in super::super) fn step_ended(&self, task: TaskId, step: StepId) {
        self.evidence.step_ended(self.recorder.now(), task, step);
    }

    /// Records that the orchestrator has refused the tokens for a step.
    pub(in super::super) fn refused(&self, workflow: WorkflowId) {
        self.evidence.refused(self.recorder.now(), workflow);
    }

    /// Records that a worker has come to the end of a task. Returns the id of the result.
    pub(in super::super) fn result(&self, agent: &str, task: TaskId, end: &TaskEnd) -> Arc<str> {
        self.evidence.ended(self.recorder.now(), task, end);
        let actor = self.actor(agent, task.workflow);
        let (kind, field, content) = match end {
            TaskEnd::Finished(answer) => (FINISHED, "answer", answer.as_str()),
            TaskEnd::Failed(reason) => (FAILED, REASON, reason.as_str()),
            TaskEnd::Stopped => (STOPPED, REASON, "stopped"),
        };
        let mut state = lock(&self.state);
        let Some(opened) = state.tasks.get_mut(&task) else {
            panic!("{task:?} was never given");
        };
        let draft = opened.opened.draft(kind).with(field, text(content));
        let sending = actor.sending(&task.workflow.results(), draft);
        let message = Arc::clone(sending.id());
        opened.result = Some(sending);
        message
    }
}
