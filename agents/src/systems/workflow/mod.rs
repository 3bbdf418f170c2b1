//! Workflows: an orchestrator has agents on other hosts do the tasks of a workflow, in an
//! order on which the workflow's process decides.
//!
//! This folder is an example of how a system is put under test. One part is the system: the
//! orchestrator, the processes and the workers would be much the same outside the
//! simulator, with a model behind a network in the place of the scripted one. The other
//! part drives it and judges what workers and users see:
//!
//! | module | contents |
//! |---|---|
//! | `settings`, `check` | the sections of a scenario file, each a struct, and their contradictions |
//! | `system` | roles, faults, and what runs on which host |
//! | `wire`, `report` | the protocol, and the report at its end |
//! | `orchestrator/` | workflows, their tasks, and the exchange with workers |
//! | `process/` | the processes, one file each: chain, fan-out, supervisor, rounds, graph, plan, procedure, crew, review, incident |
//! | `worker/` | agents: a model, tools, and a journal |
//! | `user` | the driver: users submit workflows and receive reports |
//! | `telemetry`, `model` | spans and messages, and what they are in a history |
//! | `evidence`, `promises/` | what workers and users see, and the promises judged by it |
//! | `faults`, `defects`, `marks` | what may strike, what may be seeded, what a run may have to reach |
//!
//! # Promises
//!
//! - A task is done once, also if it is sent again after a lost connection or a crash of
//!   its worker. Its result, or the reason why there is none, is in the report.
//! - A task begins when everything that it waits for has ended, and no later than that if
//!   an agent is free. Its input is logged as the agent was given it.
//! - One task that fails takes no other with it, unless the other needs its result.
//! - Every workflow ends: with a result, or with a reason. A supervisor decides a bounded
//!   number of times, a reviewer asks for a bounded number of revisions, and a name that
//!   leads nowhere is an error.
//! - When the tokens of a workflow are used up, all of its tasks stop at once.

mod check;
pub mod defects;
mod evidence;
pub mod faults;
pub mod marks;
mod model;
mod orchestrator;
mod process;
mod promises;
mod report;
mod settings;
mod system;
mod telemetry;
mod user;
mod wire;
mod worker;

pub use model::MODEL;
pub use process::Process;
pub use settings::{
    AgentSettings, Quorum, ReviewOrder, TaskSettings, WorkflowFile, WorkflowScenario,
    WorkflowSettings, WorkflowSpec,
};
pub use system::{INFO, SYSTEM, Workflow};
