//! On tour: the same bridge, agents and clients under the same director, in a
//! house that is not our simulator. The house brings its own hosts, network and
//! clock; the company brings everything else.

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use rehearsal_sim::tokio::runtime::Handle;
use rehearsal_sim::tokio::sync::oneshot;
use rehearsal_sim::tokio::{join, select, spawn, time};
use rehearsal_sim::{Config, Recording, VirtualTime};

use super::plan::{Plan, When};
use super::stage::Stage;
use super::{GOODBYES, life};
use crate::bridge::{Listener, ReferenceBridge};
use crate::client::{Dial, Identity};
use crate::event::ClientId;
use crate::record::Recorder;
use crate::spec::BridgeSpec;

/// A scenario's parts for another house than the simulator, each for a host of
/// its own: the company (reference bridge, agents, director) for one, and each
/// guest for one.
///
/// A host is whatever has a tokio runtime: a host of another simulator, or plain
/// tokio with real sockets. The parts share one thread. A seed gives the plan
/// (who starts when, every secret, every random delay of an agent) that it gives
/// in the simulator.
#[derive(Debug)]
pub struct Tour {
    /// Who plays.
    pub company: Company,
    /// Who listens.
    pub guests: Vec<Guest>,
    /// The evidence, complete but for one thing once all of them are done: only
    /// the house can count the tasks and sockets that are left then.
    pub recorder: Recorder,
}

/// Why a scenario cannot go on tour.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NotOnTour {
    /// It has faults.
    Faults,
    /// A tokio runtime is at work on this thread, so that no plan can be drawn.
    InsideRuntime,
    /// The plan could not be drawn, for the given reason.
    NoPlan(String),
}

impl fmt::Display for NotOnTour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Faults => f.write_str(
                "the scenario has faults, which strike in the simulator alone; take them out",
            ),
            Self::InsideRuntime => f.write_str(
                "a tour is planned outside of any tokio runtime; plan it before you start one",
            ),
            Self::NoPlan(why) => write!(f, "the plan could not be drawn: {why}"),
        }
    }
}

impl std::error::Error for NotOnTour {}

impl Tour {
    /// Plans a scenario with that seed. `clock` tells the house's time to those
    /// who write something down; see [`Recorder::with_clock`]. What the scenario
    /// says of transport and network is for the house to arrange.
    ///
    /// # Errors
    ///
    /// If the scenario cannot go on tour.
    pub fn new(
        spec: BridgeSpec,
        seed: u64,
        clock: impl Fn() -> VirtualTime + Send + Sync + 'static,
    ) -> Result<Self, NotOnTour> {
        if spec.faults.budget > 0 {
            return Err(NotOnTour::Faults);
        }
        let plan = draw_plan(&spec, seed)?;
        let recorder = Recorder::with_clock(clock);
        let stage = Rc::new(Stage::new(spec, recorder.clone(), plan));
        let clients = stage.plan.clients.iter();
        let (guests, doors) = clients.map(|client| invite(&stage, client)).unzip();
        Ok(Self {
            company: Company { stage, doors },
            guests,
            recorder,
        })
    }
}

/// Draws the plan where the simulator does: in a run, which ends with that.
fn draw_plan(spec: &BridgeSpec, seed: u64) -> Result<Plan, NotOnTour> {
    if Handle::try_current().is_ok() {
        return Err(NotOnTour::InsideRuntime);
    }
    let config = Config {
        seed,
        recording: Recording::Off,
        ..Config::default()
    };
    let spec = spec.clone();
    let outcome = rehearsal_sim::run(config, |world| async move {
        Plan::new(world, &spec, When::Beforehand)
    });
    let verdict = outcome.verdict;
    outcome
        .value
        .ok_or_else(|| NotOnTour::NoPlan(verdict.to_string()))
}

fn invite(stage: &Rc<Stage>, identity: &Identity) -> (Guest, Door) {
    let (open, closing) = oneshot::channel();
    let (leaving, left) = oneshot::channel();
    let guest = Guest {
        identity: identity.clone(),
        stage: Rc::clone(stage),
        closing,
        leaving,
    };
    (guest, Door { left, _open: open })
}

/// The bridge, the agents beside it, and the director.
pub struct Company {
    stage: Rc<Stage>,
    doors: Vec<Door>,
}

/// The director's side of a guest.
struct Door {
    /// Ends when the guest is gone.
    left: oneshot::Receiver<()>,
    /// Dropped, the guest has to go.
    _open: oneshot::Sender<()>,
}

impl fmt::Debug for Company {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Company")
            .field("guests", &self.doors.len())
            .finish_non_exhaustive()
    }
}

impl Company {
    /// Plays from the start of the bridge to its shutdown, with the connections
    /// that `listener` accepts. The agents start once every guest is subscribed.
    /// However broken the bridge may be, this ends in bounded time.
    ///
    /// `settled` waits until nothing is on its way any more; it is called when
    /// the guests have left, and again when the bridge is shut down.
    pub async fn play<L: Listener>(self, listener: L, settled: impl AsyncFn()) {
        let Self { stage, doors } = self;
        let bridge = Arc::new(ReferenceBridge::new(life::parts(&stage)));
        let opening = open(Arc::clone(&bridge), listener);
        let directing = async {
            stage.await_bridge().await;
            stage.begin().await;
            stage.end().await;
            see_guests_off(&stage, doors).await;
            settled().await;
            stage.shut_bridge_down().await;
            settled().await;
        };
        join!(life::live(&stage, bridge, opening), directing);
    }
}

async fn open<L: Listener>(bridge: Arc<ReferenceBridge>, listener: L) {
    spawn(async move { bridge.serve_on(listener).await });
}

/// Asks every guest to leave, and waits until they have.
async fn see_guests_off(stage: &Stage, mut doors: Vec<Door>) {
    let _lines = stage.call_clients_off().await;
    let deadline = time::Instant::now() + GOODBYES;
    for door in &mut doors {
        // Whoever is late has to go when the doors are dropped: it has not
        // finished, and its record says so.
        let _ = time::timeout_at(deadline, &mut door.left).await;
    }
}

/// A client that waits for a host.
pub struct Guest {
    identity: Identity,
    stage: Rc<Stage>,
    closing: oneshot::Receiver<()>,
    /// Dropped when it goes, whichever way.
    leaving: oneshot::Sender<()>,
}

impl fmt::Debug for Guest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Guest").field(&self.identity).finish()
    }
}

impl Guest {
    /// Which client it is.
    pub fn client(&self) -> ClientId {
        self.identity.client
    }

    /// Connects with `dial`, again if it must, and listens until the director
    /// sends it away.
    pub async fn attend(self, dial: impl Dial) {
        let client = self.stage.client(&self.identity, dial);
        let _leaving = self.leaving;
        select! {
            biased;
            _ = self.closing => {}
            () = client.run() => {}
        }
    }
}
