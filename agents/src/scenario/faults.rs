//! Faults: how many, of which kinds, when and at whom, is drawn; then each waits
//! in a task of its own for its time.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use rehearsal_sim::tokio::task::JoinHandle;
use rehearsal_sim::tokio::time;
use rehearsal_sim::{Direction, HostId, HostState};

use super::house::House;
use super::links::{Obstacle, Obstacles};
use crate::client::Order;
use crate::record::Mark;
use crate::spec::FaultKind;

/// A fault that is drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Fault {
    kind: FaultKind,
    /// Counted from the curtain.
    at: Duration,
    /// The client that it strikes, if it strikes one.
    target: usize,
}

/// A fault in its task.
pub(super) struct Scheduled {
    struck: Rc<Cell<bool>>,
    task: JoinHandle<()>,
}

/// Draws the faults and schedules them.
pub(super) fn schedule(house: &Rc<House>) -> Vec<Scheduled> {
    let obstacles = Rc::new(Obstacles::new(house.world));
    let scheduled = draw(house).into_iter().map(|fault| {
        let struck = Rc::new(Cell::new(false));
        let (house, obstacles) = (Rc::clone(house), Rc::clone(&obstacles));
        let begun = Rc::clone(&struck);
        let world = house.world;
        let task = world.spawn_on(HostId::WORLD, async move {
            world.name_task(&format!("fault {}", fault.kind.name()));
            time::sleep(fault.at).await;
            begun.set(true);
            strike(&house, &obstacles, fault).await;
        });
        Scheduled { struck, task }
    });
    scheduled.collect()
}

/// Waits until the faults that have struck are over. Those that have not will
/// not strike any more.
pub(super) async fn end(faults: Vec<Scheduled>) {
    for fault in &faults {
        if !fault.struck.get() {
            fault.task.abort();
        }
    }
    for fault in faults {
        // Cancelled, or over.
        let _ = fault.task.await;
    }
}

fn draw(house: &House) -> Vec<Fault> {
    let (world, stage) = (house.world, &house.stage);
    let plan = &stage.spec.faults;
    let kinds = u32::try_from(plan.kinds.len()).unwrap_or(u32::MAX);
    if kinds == 0 {
        return Vec::new();
    }
    let spread = plan.budget.saturating_sub(plan.at_least).saturating_add(1);
    let count = plan.at_least + world.draw(world.site("number of faults"), spread);
    let clients = u32::try_from(stage.plan.clients.len()).unwrap_or(u32::MAX);
    let fault = |number: u32| {
        let site = |what: &str| world.site_in(&format!("{what} of fault"), number);
        let kind = world.draw(site("kind"), kinds) as usize;
        Some(Fault {
            kind: *plan.kinds.get(kind)?,
            at: world.draw_duration(site("time"), plan.from, plan.until),
            target: world.draw(site("target"), clients) as usize,
        })
    };
    (1..=count).filter_map(fault).collect()
}

/// Strikes, and waits until it is over.
async fn strike(house: &House, obstacles: &Obstacles, fault: Fault) {
    let (world, bridge, stage) = (house.world, house.bridge_host, &house.stage);
    let lasting = stage.spec.faults.lasting;
    let client = house.client_hosts.get(fault.target).copied();
    let struck = || {
        if stage.recorder.any_run_alive() {
            stage.recorder.mark(Mark::Fault(fault.kind));
        }
    };
    match (fault.kind, client) {
        (FaultKind::ClientReconnect, _) => {
            let telephone = stage.telephones.borrow().get(fault.target).cloned();
            if let Some(telephone) = telephone
                && telephone.try_send(Order::Reconnect).is_ok()
            {
                struck();
            }
        }
        (FaultKind::ConnectionReset, Some(client)) => {
            if world.reset_connections(client, bridge) > 0 {
                struck();
            }
        }
        (FaultKind::Partition, Some(client)) => {
            struck();
            obstruct(
                obstacles,
                Obstacle::Partition,
                client,
                bridge,
                Direction::Both,
                lasting,
            )
            .await;
        }
        (FaultKind::PartitionToBridge, Some(client)) => {
            struck();
            let way = Direction::Forward;
            obstruct(obstacles, Obstacle::Partition, client, bridge, way, lasting).await;
        }
        (FaultKind::PartitionFromBridge, Some(client)) => {
            struck();
            let way = Direction::Backward;
            obstruct(obstacles, Obstacle::Partition, client, bridge, way, lasting).await;
        }
        (FaultKind::Hold, Some(client)) => {
            struck();
            obstruct(
                obstacles,
                Obstacle::Hold,
                client,
                bridge,
                Direction::Both,
                lasting,
            )
            .await;
        }
        (FaultKind::BridgeCrash, Some(_)) => {
            if world.host_state(bridge) != HostState::Down {
                struck();
                house.crash_bridge();
                time::sleep(lasting).await;
                world.restart(bridge);
            }
        }
        (FaultKind::BridgePause, Some(_)) => {
            if obstacles.pause(bridge) {
                struck();
                time::sleep(lasting).await;
                obstacles.resume(bridge);
            }
        }
        // In process there is no network to break.
        (_, None) => {}
    }
}

async fn obstruct(
    obstacles: &Obstacles,
    obstacle: Obstacle,
    client: HostId,
    bridge: HostId,
    way: Direction,
    lasting: Duration,
) {
    obstacles.put(obstacle, client, bridge, way);
    time::sleep(lasting).await;
    obstacles.lift(obstacle, client, bridge, way);
}
