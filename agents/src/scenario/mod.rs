//! The director: sets the stage for a scenario, has it played, and leaves the
//! evidence in the recorder.

mod faults;
mod life;
mod links;
mod plan;
mod stage;
mod watch;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use rehearsal_sim::tokio::sync::mpsc;
use rehearsal_sim::tokio::task::JoinHandle;
use rehearsal_sim::tokio::time;
use rehearsal_sim::{HostId, World};

use crate::bridge::{Bridge, Parts, ReferenceBridge};
use crate::client::{Client, Order};
use crate::record::Recorder;
use crate::spec::{BridgeSpec, Transport};

use plan::Plan;
use stage::{Stage, Telephone};

/// How long the bridge may take to start, and the clients to subscribe, before
/// the agents start anyway.
const OVERTURE: Duration = Duration::from_secs(5);

/// How long the clients may take to say goodbye. Who takes longer has not
/// finished.
const GOODBYES: Duration = Duration::from_secs(120);

/// How long the bridge may take to describe itself, or to shut down.
const CLOSING: Duration = Duration::from_secs(60);

/// Plays a scenario with the reference bridge. The program of a run of the
/// simulator: `run(config, move |world| play(world, spec, recorder))`.
///
/// The agents start once every client is subscribed. When all runs have ended
/// and all faults are over, the clients leave, the bridge is shut down, and what
/// is then left is counted. However broken the bridge may be, this ends in
/// bounded virtual time.
pub async fn play(world: World, spec: BridgeSpec, recorder: Recorder) {
    play_with(world, spec, recorder, |parts| {
        Arc::new(ReferenceBridge::new(parts))
    })
    .await;
}

/// As [`play`], with a bridge of one's own. It is made anew after each crash.
pub async fn play_with(
    world: World,
    spec: BridgeSpec,
    recorder: Recorder,
    make: impl Fn(Parts) -> Arc<dyn Bridge> + 'static,
) {
    let plan = Plan::new(world, &spec);
    let stage = Rc::new(Stage::new(world, spec, recorder, plan, Box::new(make)));
    world.boot(stage.bridge_host, {
        let stage = Rc::clone(&stage);
        move || life::live(Rc::clone(&stage))
    });
    // Whoever is late is waited for no longer; the evidence will tell.
    let _ = time::timeout(OVERTURE, stage.ready.notified()).await;
    let clients = seat_clients(&stage);
    let _ = time::timeout(OVERTURE, stage.all_seated()).await;
    stage.raise_curtain();
    let faults = faults::schedule(&stage);
    let _ = time::timeout(stage.longest_play(), stage.all_runs_over()).await;
    faults::end(faults).await;
    see_clients_off(&stage, clients).await;
    strike_the_set(&stage).await;
}

/// Starts the clients.
fn seat_clients(stage: &Rc<Stage>) -> Vec<JoinHandle<()>> {
    let clients = stage.plan.clients.iter().enumerate();
    clients
        .map(|(number, identity)| {
            let host = stage.client_hosts.get(number).copied();
            let (orders, ordered) = mpsc::channel(8);
            stage.telephones.borrow_mut().push(orders);
            let seated = Rc::clone(stage);
            let client = Client::new(
                identity.clone(),
                stage.spec.clients.clone(),
                stage.recorder.clone(),
                Telephone(Rc::clone(stage)),
                ordered,
            )
            .when_seated(move || seated.client_seated());
            let host = host.unwrap_or(stage.bridge_host);
            stage.world.spawn_on(host, client.run())
        })
        .collect()
}

/// Asks every client to leave, and waits until they have.
async fn see_clients_off(stage: &Rc<Stage>, clients: Vec<JoinHandle<()>>) {
    let telephones = std::mem::take(&mut *stage.telephones.borrow_mut());
    for telephone in &telephones {
        // One that has been rejected is gone already.
        let _ = telephone.send(Order::Leave).await;
    }
    let deadline = time::Instant::now() + GOODBYES;
    for mut client in clients {
        if time::timeout_at(deadline, &mut client).await.is_err() {
            client.abort();
            // Cancelled: it has not finished, and its record says so.
            let _ = client.await;
        }
    }
}

/// Looks at what is left, shuts the bridge down, and looks again.
async fn strike_the_set(stage: &Rc<Stage>) {
    let (world, recorder) = (stage.world, &stage.recorder);
    world.settled().await;
    if let Some(bridge) = stage.bridge() {
        let registry = time::timeout(CLOSING, bridge.snapshot()).await.ok();
        recorder.with(|evidence| evidence.final_registry = registry);
        let _ = time::timeout(CLOSING, bridge.shutdown()).await;
    }
    stage.set_bridge(None);
    world.settled().await;
    let census = world.census();
    recorder.with(|evidence| evidence.final_census = Some(census));
}

/// The hosts of a scenario: the bridge's, and the clients' if they have their
/// own.
fn hosts(world: World, spec: &BridgeSpec, plan: &Plan) -> (HostId, Vec<HostId>) {
    let bridge = world.host("bridge");
    let clients = match spec.transport {
        Transport::InProcess => Vec::new(),
        Transport::WebSocket => plan
            .clients
            .iter()
            .map(|identity| world.host(&identity.client.to_string()))
            .collect(),
    };
    (bridge, clients)
}
