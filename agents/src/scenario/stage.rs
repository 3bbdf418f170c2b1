//! The stage: what the director, the lives of the bridge's process, the clients
//! and the faults share.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rehearsal_sim::tokio::sync::{Notify, mpsc};
use rehearsal_sim::{HostId, VirtualTime, World};

use super::plan::Plan;
use crate::bridge::{Bridge, Journal, PORT, Parts};
use crate::client::{Dial, Link, LinkLost, Order};
use crate::event::RunId;
use crate::record::Recorder;
use crate::recorder::lock;
use crate::spec::{BridgeSpec, Transport};

pub(super) type Factory = Box<dyn Fn(Parts) -> Arc<dyn Bridge>>;

pub(super) struct Stage {
    pub(super) world: World,
    pub(super) spec: BridgeSpec,
    pub(super) recorder: Recorder,
    pub(super) plan: Plan,
    pub(super) make: Factory,
    pub(super) bridge_host: HostId,
    /// One for each client, or none if clients are in the bridge's process.
    pub(super) client_hosts: Vec<HostId>,
    /// The bridge's disk.
    pub(super) journal: Journal,
    /// The bridge that lives now.
    bridge: RefCell<Option<Arc<dyn Bridge>>>,
    /// The first life of the bridge can be connected to.
    pub(super) ready: Notify,
    seated: Cell<usize>,
    somebody_seated: Notify,
    /// When the agents were let on stage.
    curtain: Cell<Option<VirtualTime>>,
    curtain_rises: Notify,
    pub(super) progress: Arc<Progress>,
    /// A line to each client.
    pub(super) telephones: RefCell<Vec<mpsc::Sender<Order>>>,
}

/// Which of the planned runs are over.
#[derive(Debug)]
pub(super) struct Progress {
    remaining: Mutex<BTreeSet<RunId>>,
    over: Notify,
}

impl Progress {
    fn new(runs: impl Iterator<Item = RunId>) -> Self {
        Self {
            remaining: Mutex::new(runs.collect()),
            over: Notify::new(),
        }
    }

    /// A run is over, and those below it.
    pub(super) fn run_over(&self, run: RunId) {
        let mut remaining = lock(&self.remaining);
        if remaining.remove(&run) && remaining.is_empty() {
            self.over.notify_one();
        }
    }

    pub(super) fn is_over(&self) -> bool {
        lock(&self.remaining).is_empty()
    }

    pub(super) fn is_remaining(&self, run: RunId) -> bool {
        lock(&self.remaining).contains(&run)
    }
}

impl Stage {
    pub(super) fn new(
        world: World,
        spec: BridgeSpec,
        recorder: Recorder,
        plan: Plan,
        make: Factory,
    ) -> Self {
        let (bridge_host, client_hosts) = super::hosts(world, &spec, &plan);
        let progress = Progress::new(plan.runs.iter().map(|run| run.id()));
        Self {
            world,
            spec,
            recorder,
            plan,
            make,
            bridge_host,
            client_hosts,
            journal: Journal::new(),
            bridge: RefCell::new(None),
            ready: Notify::new(),
            seated: Cell::new(0),
            somebody_seated: Notify::new(),
            curtain: Cell::new(None),
            curtain_rises: Notify::new(),
            progress: Arc::new(progress),
            telephones: RefCell::new(Vec::new()),
        }
    }

    /// The bridge that lives now, if one does.
    pub(super) fn bridge(&self) -> Option<Arc<dyn Bridge>> {
        self.bridge.borrow().clone()
    }

    pub(super) fn set_bridge(&self, bridge: Option<Arc<dyn Bridge>>) {
        // The old one is dropped outside the borrow.
        let _old = self.bridge.replace(bridge);
    }

    /// The bridge's host dies. What the bridge knew is gone, but for its disk.
    pub(super) fn crash_bridge(&self) {
        self.world.crash(self.bridge_host);
        self.set_bridge(None);
        self.journal.release();
        if let Some(epoch) = self.journal.epoch() {
            self.recorder.epoch_crashed(epoch);
        }
    }

    pub(super) fn client_seated(&self) {
        self.seated.set(self.seated.get() + 1);
        self.somebody_seated.notify_one();
    }

    pub(super) async fn all_seated(&self) {
        while self.seated.get() < self.plan.clients.len() {
            self.somebody_seated.notified().await;
        }
    }

    pub(super) fn raise_curtain(&self) {
        self.curtain.set(Some(self.world.now()));
        self.curtain_rises.notify_one();
    }

    /// When the agents were let on stage; waits for that.
    pub(super) async fn curtain(&self) -> VirtualTime {
        loop {
            match self.curtain.get() {
                Some(at) => return at,
                None => self.curtain_rises.notified().await,
            }
        }
    }

    pub(super) async fn all_runs_over(&self) {
        while !self.progress.is_over() {
            self.progress.over.notified().await;
        }
    }

    /// Longer than any play lasts in which the bridge answers at all.
    pub(super) fn longest_play(&self) -> Duration {
        let (spec, plan) = (&self.spec, &self.plan);
        let one_life = plan.last_start() + spec.bridge.run_timeout * plan.levels();
        // A crash starts those anew that had not begun.
        let lives = spec.faults.budget.saturating_add(1);
        let faults = spec.faults.until + spec.faults.lasting.saturating_mul(lives);
        one_life
            .saturating_mul(lives)
            .saturating_add(faults)
            .saturating_add(Duration::from_secs(120))
    }
}

/// A client's way to the bridge.
pub(super) struct Telephone(pub(super) Rc<Stage>);

impl Dial for Telephone {
    async fn dial(&self) -> Result<Link, LinkLost> {
        match self.0.spec.transport {
            Transport::InProcess => {
                let bridge = self.0.bridge().ok_or(LinkLost)?;
                let connection = bridge.connect().await.map_err(|_| LinkLost)?;
                Ok(Link::Memory(connection))
            }
            Transport::WebSocket => {
                let host = self.0.world.host_name(self.0.bridge_host);
                Link::open(&format!("{host}:{PORT}")).await
            }
        }
    }
}
