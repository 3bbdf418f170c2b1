//! One workflow: its tasks, its log, and its user's connection.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use rehearsal_history::{Sending, SpanEnd};
use rehearsal_sim::tokio::net::tcp::OwnedWriteHalf;
use rehearsal_sim::tokio::sync::Mutex as AsyncMutex;
use rehearsal_sim::tokio_util::sync::CancellationToken;
use serde_json::Value;

use super::super::defects;
use super::super::marks;
use super::super::model::{FINISHED, TIMED_OUT};
use super::super::process;
use super::super::report::{Failure, Logged, Report, TaskError, meaning};
use super::super::settings::WorkflowScenario;
use super::super::telemetry::{Telemetry, encoded};
use super::super::wire::{
    Disconnected, FrameWriter, Object, Task, TaskEnd, TaskId, ToUser, WorkflowId,
};
use super::Roster;
use super::budget::Budget;
use super::context::Context;
use super::definition;
use crate::defect::Defect;
use crate::goal::Mark;
use crate::record::recorder::lock;

/// One workflow.
pub(in super::super) struct Run {
    pub(super) id: WorkflowId,
    pub(in super::super) scenario: Arc<WorkflowScenario>,
    roster: Arc<Roster>,
    pub(super) telemetry: Arc<Telemetry>,
    defect: Option<Defect>,
    pub(super) budget: Budget,
    /// Stops every task that is under way.
    pub(super) stop: CancellationToken,
    user: AsyncMutex<FrameWriter<OwnedWriteHalf>>,
    tasks: AtomicU32,
    log: Mutex<Vec<Entry>>,
}

/// An entry of the log.
struct Entry {
    task: String,
    agent: String,
    input: LoggedInput,
    result: Option<Result<Value, TaskError>>,
}

/// The input of a task in the log.
enum LoggedInput {
    /// A copy.
    Copy(Object),
    /// The context itself, which other tasks change.
    Shared(Context),
}

/// A place in the log.
#[derive(Clone, Copy)]
struct LogIndex(usize);

impl Run {
    pub(super) fn new(
        id: WorkflowId,
        scenario: Arc<WorkflowScenario>,
        roster: Arc<Roster>,
        telemetry: Arc<Telemetry>,
        defect: Option<Defect>,
        user: FrameWriter<OwnedWriteHalf>,
    ) -> Self {
        Self {
            id,
            budget: Budget::new(scenario.workflow.budget),
            scenario,
            roster,
            telemetry,
            defect,
            stop: CancellationToken::new(),
            user: AsyncMutex::new(user),
            tasks: AtomicU32::new(0),
            log: Mutex::default(),
        }
    }

    /// Runs the workflow to its end, and reports.
    pub(super) async fn execute(self: Arc<Self>) -> Result<(), Disconnected> {
        self.tell(|telemetry| telemetry.workflow_began(self.id))
            .await?;
        let end = self.end().await;
        let (mark, end) = match end {
            Ok(value) => (marks::COMPLETED, Ok(value)),
            Err(Failure::OutOfTokens) => (marks::OUT_OF_TOKENS, Err(Failure::OutOfTokens)),
            Err(failure) => (marks::FAILED, Err(failure)),
        };
        self.reached(mark);
        let log = lock(&self.log).iter().map(Entry::logged).collect();
        let report = Report { end, log };
        self.tell(|telemetry| telemetry.workflow_ended(self.id, &report))
            .await?;
        self.telemetry.workflow_closed(self.id, &report);
        let mut user = self.user.lock().await;
        user.send_one(&ToUser::Report(Box::new(report))).await?;
        user.close().await;
        Ok(())
    }

    async fn end(self: &Arc<Self>) -> Result<Value, Failure> {
        if let Err(failure) = definition::check(&self.scenario) {
            self.reached(marks::DEFINITION_REFUSED);
            return Err(failure);
        }
        let process = process::info(self.scenario.workflow.process.0);
        let end = (process.run)(Arc::clone(self)).await;
        if self.budget.is_used_up() {
            return Err(Failure::OutOfTokens);
        }
        end
    }

    /// Returns `true` if the run carries that defect.
    pub(in super::super) fn carries(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }

    /// Returns `true` if every task has been stopped.
    pub(in super::super) fn is_stopped(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Records that the workflow came to something that is worth counting.
    pub(in super::super) fn reached(&self, mark: Mark) {
        self.telemetry.reached(mark);
    }

    /// Returns the input as the user gave it.
    pub(in super::super) fn input(&self) -> Result<Context, Failure> {
        let input = &self.scenario.workflow.input;
        let input: Result<Object, _> = serde_json::from_str(input);
        let no_object = |_| Failure::Definition("the input is no object in JSON".to_owned());
        input.map(Context::new).map_err(no_object)
    }

    /// Reports something to the user.
    async fn tell(&self, make: impl FnOnce(&Telemetry) -> Sending) -> Result<(), Disconnected> {
        let mut user = self.user.lock().await;
        let sending = make(&self.telemetry);
        let message = Arc::clone(sending.id());
        user.send_one(&ToUser::Progress { message }).await?;
        sending.accepted();
        Ok(())
    }

    /// Shows the state that a decision has led to: the node of the process, and the
    /// values that the next decision goes by.
    pub(in super::super) async fn show(&self, node: &str, known: &Object) {
        let known = encoded(known);
        let shown = self.tell(|telemetry| telemetry.state(self.id, node, known));
        // A user who is gone does not stop the workflow.
        let _ = shown.await;
    }

    /// Has an agent do a task. Returns its answer.
    pub(in super::super) async fn delegate(
        &self,
        agent: &str,
        name: &str,
        input: &Context,
    ) -> Result<Value, TaskError> {
        let place = self.log(name, agent, input);
        let result = self.delegated(agent, name, input).await;
        lock(&self.log)[place.0].result = Some(result.clone());
        result
    }

    async fn delegated(
        &self,
        agent: &str,
        name: &str,
        input: &Context,
    ) -> Result<Value, TaskError> {
        let Some(host) = self.roster.get(agent) else {
            self.reached(marks::UNKNOWN_AGENT);
            return Err(TaskError::UnknownAgent(agent.to_owned()));
        };
        if self.stop.is_cancelled() {
            return Err(TaskError::Stopped);
        }
        let number = 1 + self.tasks.fetch_add(1, Ordering::Relaxed);
        let workflow = self.id;
        let id = TaskId { workflow, number };
        // A user who is gone does not stop the workflow.
        let _ = self.tell(|telemetry| telemetry.task_began(id, name)).await;
        let input = input.snapshot();
        let message = self.telemetry.task_given(id, name, agent, &input);
        let task = Task {
            id,
            name: name.to_owned(),
            input,
            message,
        };
        let answered = self.exchange(host, task).await;
        let (end, result) = match &answered {
            Some((end, message)) => {
                self.telemetry.result_received(id, message);
                self.judge(end)
            }
            None => {
                // Seeded: what has no answer counts as an empty one.
                let kind = match self.carries(defects::TIMED_OUT_IS_FINISHED) {
                    true => FINISHED,
                    false => TIMED_OUT,
                };
                self.telemetry.task_given_up(id, kind);
                self.reached(marks::TASK_TIMED_OUT);
                (SpanEnd::TimedOut, Err(TaskError::TimedOut))
            }
        };
        let _ = self.tell(|telemetry| telemetry.task_ended(id, end)).await;
        result
    }

    fn judge(&self, end: &TaskEnd) -> (SpanEnd, Result<Value, TaskError>) {
        match end {
            TaskEnd::Finished(answer) => (SpanEnd::Completed, Ok(meaning(answer))),
            TaskEnd::Failed(reason) => {
                self.reached(marks::TASK_FAILED);
                (SpanEnd::Failed, Err(TaskError::Failed(reason.clone())))
            }
            TaskEnd::Stopped => {
                self.reached(marks::TASK_STOPPED);
                (SpanEnd::Cancelled, Err(TaskError::Stopped))
            }
        }
    }

    fn log(&self, task: &str, agent: &str, input: &Context) -> LogIndex {
        // Seeded: the log keeps the context, which goes on changing.
        let input = if self.carries(defects::SHARED_INPUT) {
            LoggedInput::Shared(input.clone())
        } else {
            LoggedInput::Copy(input.snapshot())
        };
        let mut log = lock(&self.log);
        log.push(Entry {
            task: task.to_owned(),
            agent: agent.to_owned(),
            input,
            result: None,
        });
        LogIndex(log.len() - 1)
    }
}

impl Entry {
    fn logged(&self) -> Logged {
        Logged {
            task: self.task.clone(),
            agent: self.agent.clone(),
            input: match &self.input {
                LoggedInput::Copy(input) => input.clone(),
                LoggedInput::Shared(context) => context.snapshot(),
            },
            // A task that is still under way has no result.
            result: self.result.clone().unwrap_or(Err(TaskError::Stopped)),
        }
    }
}
