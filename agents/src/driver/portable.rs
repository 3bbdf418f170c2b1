//! Parts of a run for another runtime than the simulator: a plan that is drawn
//! beforehand, and doors through which clients are closed.

use std::fmt;

use rehearsal_sim::tokio::runtime::Handle;
use rehearsal_sim::tokio::sync::oneshot;
use rehearsal_sim::tokio::time;
use rehearsal_sim::{Config, Recording};

use super::DRAIN_TIMEOUT;
use super::plan::{DelaySource, Planner};
use super::state::RunState;
use crate::record::Recorder;

/// A reason for which no plan can be drawn.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum PlanError {
    /// A tokio runtime is at work on this thread.
    InsideRuntime,
    /// The run that draws it failed, for the given reason.
    Failed(String),
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InsideRuntime => f.write_str("a tokio runtime is at work on this thread"),
            Self::Failed(reason) => f.write_str(reason),
        }
    }
}

/// Draws a plan as the simulator does: in a run, which ends with that.
pub(crate) fn draw_plan<T: 'static>(
    seed: u64,
    recorder: Recorder,
    draw: impl FnOnce(&mut Planner) -> T + 'static,
) -> Result<T, PlanError> {
    if Handle::try_current().is_ok() {
        return Err(PlanError::InsideRuntime);
    }
    let config = Config {
        seed,
        recording: Recording::Off,
        ..Config::default()
    };
    let outcome = rehearsal_sim::run(config, move |world| async move {
        draw(&mut Planner::new(world, recorder).drawing_delays(DelaySource::BeforeRun))
    });
    let verdict = outcome.verdict;
    outcome
        .value
        .ok_or_else(|| PlanError::Failed(verdict.to_string()))
}

/// The driver's side of a client that another runtime hosts.
#[derive(Debug)]
pub(crate) struct ClientDoor {
    /// Ends when the client is gone.
    pub(crate) left: oneshot::Receiver<()>,
    /// Dropped, the client has to go.
    pub(crate) _open: oneshot::Sender<()>,
}

/// The client's side of its door.
#[derive(Debug)]
pub(crate) struct ClientSide {
    pub(crate) closing: oneshot::Receiver<()>,
    /// Dropped when the client goes, whichever way.
    pub(crate) leaving: oneshot::Sender<()>,
}

/// Both sides of a client's door.
pub(crate) fn client_doors() -> (ClientSide, ClientDoor) {
    let (open, closing) = oneshot::channel();
    let (leaving, left) = oneshot::channel();
    let door = ClientDoor { left, _open: open };
    (ClientSide { closing, leaving }, door)
}

/// Asks every client to leave, and waits until they have.
pub(crate) async fn close_doors(state: &RunState, mut doors: Vec<ClientDoor>) {
    let _open = state.command_clients_to_leave().await;
    let deadline = time::Instant::now() + DRAIN_TIMEOUT;
    for door in &mut doors {
        // A client that is late has to go when the doors are dropped: it has not
        // finished, and its record shows that.
        let _ = time::timeout_at(deadline, &mut door.left).await;
    }
}
