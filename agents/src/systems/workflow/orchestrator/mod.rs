//! The orchestrator: it takes workflows from users, has the process of each decide on the
//! tasks, gives these to workers, and reports.
//!
//! | module | contents |
//! |---|---|
//! | `run` | one workflow: its tasks, its log, and its user's connection |
//! | `exchange` | the exchange with a worker over one task |
//! | `budget` | the tokens of a workflow |
//! | `context` | the values that the tasks of a workflow share |
//! | `definition` | the check of a workflow before its first task |

mod budget;
mod context;
mod definition;
mod exchange;
mod run;

use std::collections::BTreeMap;
use std::sync::Arc;

use rehearsal_sim::tokio::net::{TcpListener, TcpStream};
use rehearsal_sim::tokio_util::sync::CancellationToken;
use rehearsal_sim::tokio_util::task::TaskTracker;

use super::settings::WorkflowScenario;
use super::telemetry::Telemetry;
use super::wire::{Disconnected, FrameReader, FrameWriter, FromUser, WorkflowId};
use crate::defect::Defect;
use crate::record::recorder::name_task;

pub(super) use self::context::Context;
pub(super) use self::run::Run;

/// The host of each agent that takes part, by its name.
pub(super) type Roster = BTreeMap<String, String>;

/// The orchestrator, as far as all workflows share it.
pub(super) struct Orchestrator {
    pub(super) scenario: Arc<WorkflowScenario>,
    pub(super) roster: Arc<Roster>,
    pub(super) telemetry: Arc<Telemetry>,
    pub(super) defect: Option<Defect>,
    pub(super) stop: CancellationToken,
    pub(super) users: TaskTracker,
}

impl Orchestrator {
    /// Serves users until the orchestrator is stopped.
    pub(super) async fn serve(self: Arc<Self>, listener: TcpListener) {
        let serving = async {
            while let Ok((stream, _)) = listener.accept().await {
                let orchestrator = Arc::clone(&self);
                self.users.spawn(async move {
                    // A user whose connection breaks has no use for the report.
                    let _ = orchestrator.user(stream).await;
                });
            }
        };
        self.stop.run_until_cancelled(serving).await;
        self.users.close();
    }

    /// Serves one user.
    async fn user(&self, stream: TcpStream) -> Result<(), Disconnected> {
        let (reading, writing) = stream.into_split();
        let FromUser::Submit { workflow } = FrameReader::new(reading).next().await?;
        name_task(&workflow.to_string());
        let run = Arc::new(self.run(workflow, FrameWriter::new(writing)));
        run.execute().await
    }

    fn run(
        &self,
        workflow: WorkflowId,
        user: FrameWriter<rehearsal_sim::tokio::net::tcp::OwnedWriteHalf>,
    ) -> Run {
        Run::new(
            workflow,
            Arc::clone(&self.scenario),
            Arc::clone(&self.roster),
            Arc::clone(&self.telemetry),
            self.defect,
            user,
        )
    }
}
