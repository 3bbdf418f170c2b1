//! The director: sets the stage for a scenario, has it played, and leaves the
//! evidence in the recorder.

mod faults;
mod house;
mod life;
mod links;
mod plan;
mod stage;
mod tour;
mod watch;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use rehearsal_sim::World;
use rehearsal_sim::tokio::task::JoinHandle;
use rehearsal_sim::tokio::time;

use crate::bridge::{Bridge, Parts, ReferenceBridge};
use crate::record::Recorder;
use crate::spec::BridgeSpec;

use house::House;
use plan::{Plan, When};
use stage::Stage;

pub use tour::{Company, Guest, NotOnTour, Tour};

/// How long the clients may take to say goodbye. Who takes longer has not
/// finished.
const GOODBYES: Duration = Duration::from_secs(120);

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
    let plan = Plan::new(world, &spec, When::OnTheWay);
    let stage = Rc::new(Stage::new(spec, recorder, plan));
    let house = Rc::new(House::new(world, Rc::clone(&stage), Box::new(make)));
    house.boot_bridge();
    stage.await_bridge().await;
    let clients = house.seat_clients();
    stage.begin().await;
    let faults = faults::schedule(&house);
    stage.end().await;
    faults::end(faults).await;
    see_clients_off(&stage, clients).await;
    strike_the_set(world, &stage).await;
}

/// Asks every client to leave, and waits until they have.
async fn see_clients_off(stage: &Stage, clients: Vec<JoinHandle<()>>) {
    let _lines = stage.call_clients_off().await;
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
async fn strike_the_set(world: World, stage: &Stage) {
    world.settled().await;
    stage.shut_bridge_down().await;
    world.settled().await;
    let census = world.census();
    stage.recorder.counted(census);
}
