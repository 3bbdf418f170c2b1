//! The telemetry of workflows, at the orchestrator.

use rehearsal_history::{Actor, Body, Sending, SpanDraft, SpanEnd, Value};

use super::super::model::{FAILED, FINISHED, REASON, STARTED, STATE, STOPPED};
use super::super::report::{Failure, Report};
use super::super::wire::WorkflowId;
use super::{OF_WORKFLOW, Opened, Telemetry, text};
use crate::record::recorder::lock;

impl Telemetry {
    /// Records that the orchestrator begins a workflow.
    pub(in super::super) fn workflow_began(&self, workflow: WorkflowId) -> Sending {
        let actor = self.orchestrator(workflow);
        actor.subscribed_from_start(&workflow.results());
        let draft = SpanDraft::new("workflow")
            .labelled(workflow.to_string())
            .on(workflow.progress());
        let opened = Opened::new(actor.begin(draft), &OF_WORKFLOW);
        let draft = opened.draft(STARTED);
        lock(&self.state).workflows.insert(workflow, opened);
        actor.sending(&workflow.progress(), draft)
    }

    /// Records that the orchestrator reports something to the user of a workflow.
    pub(super) fn progress(
        &self,
        workflow: WorkflowId,
        kind: &'static str,
        fields: Body,
    ) -> Sending {
        let draft = lock(&self.state).workflows[&workflow].draft(kind);
        let draft = fields
            .fields
            .into_iter()
            .fold(draft, |draft, (field, value)| draft.with(field, value));
        let actor = self.orchestrator(workflow);
        actor.sending(&workflow.progress(), draft)
    }

    /// Records that the orchestrator shows the state that a decision has led to.
    pub(in super::super) fn state(
        &self,
        workflow: WorkflowId,
        node: &str,
        known: String,
    ) -> Sending {
        let fields = Body::new(STATE)
            .with("node", text(node))
            .with("known", text(&known));
        self.progress(workflow, STATE, fields)
    }

    /// Records that the orchestrator ends a workflow.
    pub(in super::super) fn workflow_ended(
        &self,
        workflow: WorkflowId,
        report: &Report,
    ) -> Sending {
        let (kind, _) = kind_of(report);
        let fields = match &report.end {
            Ok(result) => Body::new(kind).with("result", Value::from(result.to_string())),
            Err(failure) => Body::new(kind).with(REASON, text(&failure.to_string())),
        };
        self.progress(workflow, kind, fields)
    }

    /// Records that the user has been sent the report of a workflow.
    pub(in super::super) fn workflow_closed(&self, workflow: WorkflowId, report: &Report) {
        let (_, end) = kind_of(report);
        let span = lock(&self.state)
            .workflows
            .get_mut(&workflow)
            .and_then(|opened| opened.span.take());
        if let Some(span) = span {
            span.end(end);
        }
    }

    /// Returns the actor of a workflow's user.
    pub(in super::super) fn user(&self, workflow: WorkflowId) -> Actor {
        self.actor(&workflow.user(), workflow)
    }
}

/// Returns the kind of a workflow's last message, and the end of its span.
fn kind_of(report: &Report) -> (&'static str, SpanEnd) {
    match &report.end {
        Ok(_) => (FINISHED, SpanEnd::Completed),
        Err(Failure::OutOfTokens) => (STOPPED, SpanEnd::Cancelled),
        Err(_) => (FAILED, SpanEnd::Failed),
    }
}
