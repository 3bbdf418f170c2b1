//! Workers: each runs one agent on a host of its own. An agent is a model with tools; it
//! does one task at a time, in steps that are paid before they begin.
//!
//! | module | contents |
//! |---|---|
//! | `journal` | what survives a crash of the host |
//! | `tools` | what agents can run |

mod journal;
mod tools;

use std::sync::Arc;
use std::time::Duration;

use rehearsal_sim::tokio::net::{TcpListener, TcpStream};
use rehearsal_sim::tokio::sync::{Mutex, mpsc};
use rehearsal_sim::tokio::{pin, select, time};
use rehearsal_sim::tokio_util::sync::CancellationToken;
use rehearsal_sim::tokio_util::task::TaskTracker;
use serde_json::Value;

use self::journal::{Answer, Ended};
use super::defects;
use super::marks;
use super::report::meaning;
use super::settings::AgentSettings;
use super::telemetry::Telemetry;
use super::wire::{
    Disconnected, FrameReader, FrameWriter, FromWorker, Object, Task, TaskEnd, TaskId, ToWorker,
    WorkflowId,
};
use crate::defect::Defect;
use crate::effect::{self, Effect};
use crate::record::recorder::name_task;
use crate::scripted_model::{Script, ScriptedModel};

pub(super) use self::journal::Journal;

/// One incarnation of a worker.
pub(super) struct Worker {
    pub(super) agent: AgentSettings,
    pub(super) heartbeat: Duration,
    pub(super) model: ScriptedModel,
    pub(super) journal: Journal,
    pub(super) telemetry: Arc<Telemetry>,
    pub(super) defect: Option<Defect>,
    pub(super) stop: CancellationToken,
    pub(super) connections: TaskTracker,
    /// Held by the task that the agent is doing.
    pub(super) turn: Mutex<()>,
}

/// The side of a task that asks for tokens.
struct Meter {
    asks: mpsc::Sender<u32>,
    grants: mpsc::Receiver<()>,
}

impl Meter {
    /// Waits until the tokens for a step may be used. A task that gets none is stopped.
    async fn pay(&mut self, tokens: u32) {
        // If the other side is gone, the task is about to be dropped.
        let _ = self.asks.send(tokens).await;
        let _ = self.grants.recv().await;
    }
}

impl Worker {
    /// Serves the orchestrator until the worker is stopped.
    pub(super) async fn serve(self: Arc<Self>, listener: TcpListener) {
        let serving = async {
            while let Ok((stream, _)) = listener.accept().await {
                let (worker, stop) = (Arc::clone(&self), self.stop.clone());
                self.connections.spawn(async move {
                    // A task whose connection is lost is sent again.
                    let _ = stop.run_until_cancelled(worker.connection(stream)).await;
                });
            }
        };
        self.stop.run_until_cancelled(serving).await;
        self.connections.close();
    }

    /// Does the task of one connection. If the connection is lost, the task is dropped.
    async fn connection(&self, stream: TcpStream) -> Result<(), Disconnected> {
        let (reading, writing) = stream.into_split();
        let (mut reader, mut writer) = (FrameReader::new(reading), FrameWriter::new(writing));
        let ToWorker::Do(task) = reader.next().await? else {
            return Err(Disconnected);
        };
        name_task(&format!("{} of {}", task.name, task.id.workflow));
        self.take(&task).await;
        writer.send_one(&FromWorker::Taken).await?;
        let (asks, mut asked) = mpsc::channel(1);
        let (granting, grants) = mpsc::channel(1);
        let work = self.work(&task, Meter { asks, grants });
        pin!(work);
        let first = time::Instant::now() + self.heartbeat;
        let mut heartbeat = time::interval_at(first, self.heartbeat);
        let end = loop {
            select! {
                end = &mut work => break end,
                Some(tokens) = asked.recv() => writer.send_one(&FromWorker::Tokens(tokens)).await?,
                frame = reader.next() => match frame? {
                    // If the task has just come to its end, it takes no more steps.
                    ToWorker::Granted => drop(granting.send(()).await),
                    ToWorker::Stop => break TaskEnd::Stopped,
                    ToWorker::Do(_) => return Err(Disconnected),
                },
                _ = heartbeat.tick() => writer.send_one(&FromWorker::Busy).await?,
            }
        };
        let (end, message) = self.end(task.id, end).await;
        writer.send_one(&FromWorker::Ended { end, message }).await?;
        writer.close().await;
        Ok(())
    }

    /// Takes a task, once.
    async fn take(&self, task: &Task) {
        let effect = effect::begin(Effect::Write).await;
        // Seeded: a task that is sent again is taken for another one.
        let is_new = self.journal.take(task.id);
        if is_new || self.carries(defects::TASK_TAKEN_AGAIN) {
            self.telemetry.taken(&self.agent.name, task);
        }
        effect.end().await;
    }

    /// Ends a task, once.
    async fn end(&self, task: TaskId, end: TaskEnd) -> Ended {
        let effect = effect::begin(Effect::Write).await;
        let ended = self.journal.end(task, || {
            let message = self.telemetry.result(&self.agent.name, task, &end);
            (end, message)
        });
        effect.end().await;
        ended
    }

    /// Has the agent do a task: its model answers, until the answer is no call of a tool.
    async fn work(&self, task: &Task, mut meter: Meter) -> TaskEnd {
        let _turn = self.turn.lock().await;
        if let Some((end, _)) = self.journal.ended(task.id) {
            return end;
        }
        let (mut step, mut results) = (0, Object::new());
        loop {
            step += 1;
            meter.pay(self.agent.tokens).await;
            let began = self.telemetry.step_began(task.id, self.agent.tokens);
            let answer = self.answer(task.id, step).await;
            self.telemetry.step_ended(task.id, began);
            let answer = match answer {
                Ok(answer) => answer,
                Err(reason) => return TaskEnd::Failed(reason),
            };
            let call = meaning(&answer);
            match call.get("tool").and_then(Value::as_str) {
                Some(tool) if self.agent.tools.iter().any(|known| known == tool) => {
                    time::sleep(self.agent.tool_takes).await;
                    self.telemetry.reached(marks::TOOL_RUN);
                    if let Some(result) = tools::run(tool, &call["argument"]) {
                        results.insert(tool.to_owned(), result);
                    }
                }
                Some(tool) => return TaskEnd::Failed(format!("there is no tool `{tool}`")),
                None => return TaskEnd::Finished(with_results(&answer, call, results)),
            }
        }
    }

    /// Returns the model's answer to a step, after its time.
    async fn answer(&self, task: TaskId, step: u32) -> Answer {
        let answer = match self.journal.answer(task, step) {
            Some(answer) => answer,
            None => {
                // The model is called and its answer kept at once: a crash falls before both, or after.
                let effect = effect::begin(Effect::Write).await;
                let answer = self.ask(task).await;
                self.journal.keep(task, step, &answer);
                effect.end().await;
                answer
            }
        };
        time::sleep(self.agent.takes).await;
        answer
    }

    /// Asks the model, which answers each workflow from the start of its script.
    async fn ask(&self, task: TaskId) -> Answer {
        let script = script_of(task, &self.agent.name);
        let asked_before = self.model.requests(&script);
        let answer = self.model.complete(&script).await;
        if asked_before < self.agent.fails as usize {
            return Err(format!("the model of {} has failed", self.agent.name));
        }
        answer.map_err(|exhausted| exhausted.to_string())
    }

    fn carries(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }
}

/// Returns an answer, with the results of the tools before it if there are any.
fn with_results(answer: &str, meaning: Value, results: Object) -> String {
    match meaning {
        Value::Object(mut answer) if !results.is_empty() => {
            answer.insert("tool_results".to_owned(), results.into());
            Value::Object(answer).to_string()
        }
        _ => answer.to_owned(),
    }
}

fn script_of(task: TaskId, agent: &str) -> String {
    format!("{agent} in {}", task.workflow)
}

/// Returns the model of an agent, with a script for each workflow.
pub(super) fn model(agent: &AgentSettings, workflows: u32) -> ScriptedModel {
    let failing = (0..agent.fails).map(|_| "");
    let answers = (0..agent.repeats).flat_map(|_| agent.answers.iter().map(String::as_str));
    let script = Script::new(failing.chain(answers));
    (1..=workflows).fold(ScriptedModel::new(), |model, number| {
        let workflow = WorkflowId(number);
        let task = TaskId {
            workflow,
            number: 0,
        };
        model.with(script_of(task, &agent.name), script.clone())
    })
}
