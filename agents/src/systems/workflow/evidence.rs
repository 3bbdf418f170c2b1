//! Evidence: what workers and users see of workflows, kept apart from what the
//! orchestrator believes. The promises are judged by it.

use std::collections::BTreeMap;
use std::sync::Mutex;

use rehearsal_sim::VirtualTime;

use super::report::Report;
use super::wire::{Object, Task, TaskEnd, TaskId, WorkflowId};
use crate::record::recorder::lock;

/// A moment: its virtual time, and its place among all moments of the run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Moment {
    pub(super) at: VirtualTime,
    pub(super) order: u64,
}

/// A task, as its worker sees it.
#[derive(Clone, Debug)]
pub(super) struct TaskSeen {
    pub(super) name: String,
    pub(super) agent: String,
    pub(super) input: Object,
    pub(super) taken: Moment,
    pub(super) ended: Option<(Moment, TaskEnd)>,
}

/// A step of a task: one request to a model or one run of a tool.
#[derive(Clone, Copy, Debug)]
pub(super) struct StepSeen {
    pub(super) tokens: u32,
    pub(super) began: Moment,
    pub(super) ended: Option<Moment>,
}

/// A workflow, as its workers and its user see it.
#[derive(Clone, Default, Debug)]
pub(super) struct WorkflowSeen {
    /// The tasks in the order in which they were taken.
    pub(super) tasks: Vec<TaskSeen>,
    pub(super) steps: Vec<StepSeen>,
    /// The moment at which a worker was first refused tokens.
    pub(super) refused: Option<Moment>,
    pub(super) report: Option<(Moment, Report)>,
    numbers: BTreeMap<TaskId, usize>,
}

/// The evidence of a run.
#[derive(Default, Debug)]
pub(super) struct Evidence(Mutex<State>);

#[derive(Default, Debug)]
struct State {
    order: u64,
    workflows: BTreeMap<WorkflowId, WorkflowSeen>,
}

impl State {
    fn moment(&mut self, at: VirtualTime) -> Moment {
        self.order += 1;
        Moment {
            at,
            order: self.order,
        }
    }

    fn task(&mut self, id: TaskId) -> Option<&mut TaskSeen> {
        let workflow = self.workflows.get_mut(&id.workflow)?;
        let index = *workflow.numbers.get(&id)?;
        workflow.tasks.get_mut(index)
    }
}

/// A step that is under way, by its place among the steps of its workflow.
#[derive(Clone, Copy, Debug)]
pub(super) struct StepId(usize);

impl Evidence {
    /// Records that a worker has taken a task.
    pub(super) fn taken(&self, at: VirtualTime, agent: &str, task: &Task) {
        let mut state = lock(&self.0);
        let taken = state.moment(at);
        let workflow = state.workflows.entry(task.id.workflow).or_default();
        workflow.numbers.insert(task.id, workflow.tasks.len());
        workflow.tasks.push(TaskSeen {
            name: task.name.clone(),
            agent: agent.to_owned(),
            input: task.input.clone(),
            taken,
            ended: None,
        });
    }

    /// Records that a worker has come to the end of a task.
    pub(super) fn ended(&self, at: VirtualTime, task: TaskId, end: &TaskEnd) {
        let mut state = lock(&self.0);
        let moment = state.moment(at);
        if let Some(seen) = state.task(task) {
            seen.ended = Some((moment, end.clone()));
        }
    }

    /// Records that a worker begins a step.
    pub(super) fn step_began(&self, at: VirtualTime, task: TaskId, tokens: u32) -> StepId {
        let mut state = lock(&self.0);
        let began = state.moment(at);
        let steps = &mut state.workflows.entry(task.workflow).or_default().steps;
        steps.push(StepSeen {
            tokens,
            began,
            ended: None,
        });
        StepId(steps.len() - 1)
    }

    /// Records that a step has come to its end.
    pub(super) fn step_ended(&self, at: VirtualTime, task: TaskId, step: StepId) {
        let mut state = lock(&self.0);
        let moment = state.moment(at);
        let workflow = state.workflows.entry(task.workflow).or_default();
        workflow.steps[step.0].ended = Some(moment);
    }

    /// Records that the tokens for a step are refused.
    pub(super) fn refused(&self, at: VirtualTime, workflow: WorkflowId) {
        let mut state = lock(&self.0);
        let moment = state.moment(at);
        let workflow = state.workflows.entry(workflow).or_default();
        workflow.refused.get_or_insert(moment);
    }

    /// Records that a user has received its report.
    pub(super) fn reported(&self, at: VirtualTime, workflow: WorkflowId, report: &Report) {
        let mut state = lock(&self.0);
        let moment = state.moment(at);
        let workflow = state.workflows.entry(workflow).or_default();
        workflow.report = Some((moment, report.clone()));
    }

    /// Returns every workflow.
    pub(super) fn workflows(&self) -> BTreeMap<WorkflowId, WorkflowSeen> {
        lock(&self.0).workflows.clone()
    }
}

impl TaskSeen {
    /// Returns the moment of its end; none for a task that never ended.
    pub(super) fn ended_at(&self) -> Option<Moment> {
        self.ended.as_ref().map(|(moment, _)| *moment)
    }

    /// Returns the answer; none for a task that failed or was stopped.
    pub(super) fn answer(&self) -> Option<&str> {
        match &self.ended {
            Some((_, TaskEnd::Finished(answer))) => Some(answer),
            _ => None,
        }
    }

    /// Returns `true` if the task failed.
    pub(super) fn has_failed(&self) -> bool {
        matches!(self.ended, Some((_, TaskEnd::Failed(_))))
    }

    /// Returns `true` if it began when `other` had ended.
    pub(super) fn is_after(&self, other: &Self) -> bool {
        other.ended_at().is_some_and(|ended| ended < self.taken)
    }
}

impl WorkflowSeen {
    /// Returns the tasks of that name, in the order in which they were taken.
    pub(super) fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a TaskSeen> {
        self.tasks.iter().filter(move |task| task.name == name)
    }
}
