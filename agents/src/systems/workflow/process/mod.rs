//! Processes: each decides in which order the tasks of a workflow are done, and what becomes
//! of their results. One file each, and one line in [`PROCESSES`].

mod answers;
mod assignment;
mod chain;
mod crew;
mod fan_out;
mod graph;
mod incident;
mod plan;
mod procedure;
mod review;
mod rounds;
mod supervisor;
pub(super) mod synthesis;

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;

use super::orchestrator::Run;
use super::promises::{
    Promise, crews, incidents, plans, procedures, reviews, sequences, supervision,
};
use super::report::{Failure, TaskError};

pub(super) use self::crew::{assignment_of, oversight_of};
pub(super) use self::plan::holds;
pub(super) use self::procedure::{recovery_of, review_of, revision_of};

/// The program of a process.
type Program = fn(Arc<Run>) -> BoxFuture<'static, Result<Value, Failure>>;

/// A process's entry in the table.
pub(super) struct ProcessInfo {
    pub(super) process: Process,
    /// The name in scenario files.
    pub(super) name: &'static str,
    pub(super) run: Program,
    /// The promises that only this process makes.
    pub(super) promises: &'static [Promise],
}

macro_rules! processes {
    ($($(#[doc = $doc:literal])+ $process:ident = $name:literal in $module:ident, held to $promises:expr;)+) => {
        /// The processes.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Process {
            $($(#[doc = $doc])+ $process,)+
        }

        /// Every process.
        pub(super) static PROCESSES: &[ProcessInfo] = &[$(ProcessInfo {
            process: Process::$process,
            name: $name,
            run: |run| $module::run(run).boxed(),
            promises: $promises,
        },)+];
    };
}

processes! {
    /// One agent after the other, each with the outputs of all before it.
    Chain = "chain" in chain, held to sequences::CHAIN;
    /// All agents with the same input, then a synthesis of their findings.
    FanOut = "fan-out" in fan_out, held to reviews::FAN_OUT;
    /// A supervisor that plans, delegates and evaluates until it is satisfied.
    Supervisor = "supervisor" in supervisor, held to supervision::SUPERVISOR;
    /// Peers that contribute to a shared workspace in rounds.
    Rounds = "rounds" in rounds, held to supervision::ROUNDS;
    /// A supervisor that routes between agents.
    Graph = "graph" in graph, held to supervision::GRAPH;
    /// Tasks that wait for each other.
    Plan = "plan" in plan, held to plans::PLAN;
    /// A standard operating procedure, with recovery and review.
    Procedure = "procedure" in procedure, held to procedures::PROCEDURE;
    /// A crew, with or without a manager.
    Crew = "crew" in crew, held to crews::CREW;
    /// A code review that ends with a decision.
    Review = "review" in review, held to reviews::REVIEW;
    /// The response to an incident.
    Incident = "incident" in incident, held to incidents::INCIDENT;
}

/// Returns the entry of a process.
pub(super) fn info(process: Process) -> &'static ProcessInfo {
    let mut all = PROCESSES.iter();
    let found = all.find(|info| info.process == process);
    found.expect("every process is in the table")
}

impl Failure {
    /// The failure of a workflow that cannot do without a task.
    fn of_task(task: &str, error: TaskError) -> Self {
        match error {
            TaskError::Stopped => Self::OutOfTokens,
            TaskError::UnknownAgent(name) => Self::UnknownAgent(name),
            error => Self::Task {
                task: task.to_owned(),
                error,
            },
        }
    }
}
