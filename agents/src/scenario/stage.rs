//! The stage: what the director, the lives of the bridge's process, the clients
//! and the faults share. It stands in any house.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rehearsal_sim::VirtualTime;
use rehearsal_sim::tokio::sync::{Notify, mpsc};
use rehearsal_sim::tokio::time;

use super::plan::Plan;
use crate::bridge::{Bridge, Journal};
use crate::client::{Client, Dial, Identity, Order};
use crate::event::RunId;
use crate::record::Recorder;
use crate::recorder::lock;
use crate::spec::BridgeSpec;

/// How long the bridge may take to start, and the clients to subscribe, before
/// the agents start anyway.
const OVERTURE: Duration = Duration::from_secs(5);

/// How long the bridge may take to describe itself, or to shut down.
const CLOSING: Duration = Duration::from_secs(60);

pub(super) struct Stage {
    pub(super) spec: BridgeSpec,
    pub(super) recorder: Recorder,
    pub(super) plan: Plan,
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
    pub(super) fn new(spec: BridgeSpec, recorder: Recorder, plan: Plan) -> Self {
        let progress = Progress::new(plan.runs.iter().map(|run| run.id()));
        Self {
            spec,
            recorder,
            plan,
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

    /// A client that takes orders from this stage.
    pub(super) fn client<D: Dial>(self: &Rc<Self>, identity: &Identity, dial: D) -> Client<D> {
        let (orders, ordered) = mpsc::channel(8);
        self.telephones.borrow_mut().push(orders);
        let seated = Rc::clone(self);
        Client::new(
            identity.clone(),
            self.spec.clients.clone(),
            self.recorder.clone(),
            dial,
            ordered,
        )
        .when_seated(move || seated.client_seated())
    }

    fn client_seated(&self) {
        self.seated.set(self.seated.get() + 1);
        self.somebody_seated.notify_one();
    }

    async fn all_seated(&self) {
        while self.seated.get() < self.plan.clients.len() {
            self.somebody_seated.notified().await;
        }
    }

    fn raise_curtain(&self) {
        self.curtain.set(Some(self.recorder.now()));
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

    async fn all_runs_over(&self) {
        while !self.progress.is_over() {
            self.progress.over.notified().await;
        }
    }

    /// Longer than any play lasts in which the bridge answers at all.
    fn longest_play(&self) -> Duration {
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

    // Acts --------------------------------------------------------------------

    /// Waits until the bridge can be connected to. Whoever is late, here and
    /// below, is waited for no longer; the evidence will tell.
    pub(super) async fn await_bridge(&self) {
        let _ = time::timeout(OVERTURE, self.ready.notified()).await;
    }

    /// Lets the agents on stage once every client is subscribed.
    pub(super) async fn begin(&self) {
        let _ = time::timeout(OVERTURE, self.all_seated()).await;
        self.raise_curtain();
    }

    /// Waits until all runs are over.
    pub(super) async fn end(&self) {
        let _ = time::timeout(self.longest_play(), self.all_runs_over()).await;
    }

    /// Asks every client to leave. The lines to them, which must stay open until
    /// they have: a client whose line is cut is told to leave again and again.
    #[must_use]
    pub(super) async fn call_clients_off(&self) -> Vec<mpsc::Sender<Order>> {
        let telephones = std::mem::take(&mut *self.telephones.borrow_mut());
        for telephone in &telephones {
            // One that has been rejected is gone already.
            let _ = telephone.send(Order::Leave).await;
        }
        telephones
    }

    /// Has the bridge describe itself for the last time, and shuts it down.
    pub(super) async fn shut_bridge_down(&self) {
        if let Some(bridge) = self.bridge() {
            if let Ok(registry) = time::timeout(CLOSING, bridge.snapshot()).await {
                self.recorder.registry_left(&registry);
            }
            let _ = time::timeout(CLOSING, bridge.shutdown()).await;
        }
        self.set_bridge(None);
    }
}
