//! Faults: their number, kinds, times and targets are drawn; then a task for each waits for its
//! time.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use rehearsal_sim::tokio::task::JoinHandle;
use rehearsal_sim::tokio::time;
use rehearsal_sim::{Direction, HostId, HostState};

use super::Run;
use super::overlap::{ActiveFaults, LinkFault};
use super::state::ClientCommand;
use super::topology::Member;
use crate::fault::{Fault, FaultTarget, LinkAction, NodeAction, RoleName};

/// A fault that is drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct DrawnFault {
    fault: Fault,
    /// Delay from the start of the work.
    at: Duration,
    /// The index of the member of its role that it strikes, modulo their number.
    target: usize,
}

/// A fault in its task.
pub(super) struct Scheduled {
    struck: Rc<Cell<bool>>,
    task: JoinHandle<()>,
}

/// Draws the faults and schedules them.
pub(super) fn schedule(run: &Rc<Run>) -> Vec<Scheduled> {
    let active = Rc::new(ActiveFaults::new(run.world));
    let scheduled = draw(run).into_iter().map(|drawn| {
        let struck = Rc::new(Cell::new(false));
        let (run, active) = (Rc::clone(run), Rc::clone(&active));
        let begun = Rc::clone(&struck);
        let world = run.world;
        let task = world.spawn_on(HostId::WORLD, async move {
            world.name_task(&format!("fault {}", drawn.fault.name()));
            time::sleep(drawn.at).await;
            begun.set(true);
            strike(&run, &active, drawn).await;
        });
        world.exempt_from_cancellation(&task);
        Scheduled { struck, task }
    });
    scheduled.collect()
}

/// Waits until the faults that have struck are over; cancels the others.
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

fn draw(run: &Run) -> Vec<DrawnFault> {
    let (world, plan) = (run.world, &run.faults);
    let kinds = u32::try_from(plan.kinds.len()).expect("fewer than 2^32 kinds of faults");
    if kinds == 0 {
        return Vec::new();
    }
    let spread = plan.budget.saturating_sub(plan.at_least).saturating_add(1);
    let count = plan.at_least + world.draw(world.site("number of faults"), spread);
    let targets = u32::try_from(run.topology.targets()).expect("fewer than 2^32 hosts");
    let fault = |number: u32| {
        let site = |what: &str| world.site(&format!("{what} of fault {number}"));
        let kind = world.draw(site("kind"), kinds) as usize;
        DrawnFault {
            fault: plan.kinds[kind],
            at: world.draw_duration(site("time"), plan.from, plan.until),
            target: world.draw(site("target"), targets) as usize,
        }
    };
    (1..=count).map(fault).collect()
}

/// Strikes, and waits until it is over.
async fn strike(run: &Run, active: &ActiveFaults, drawn: DrawnFault) {
    let strike = Strike { run, active, drawn };
    match drawn.fault.target() {
        FaultTarget::Node {
            action: NodeAction::Reconnect,
            role,
        } => strike.reconnect(role),
        // Within one process there is no network to fault, and no separate host.
        _ if !run.topology.is_networked() => {}
        FaultTarget::Node {
            action: NodeAction::Crash,
            role,
        } => strike.crash(role).await,
        FaultTarget::Node {
            action: NodeAction::Pause,
            role,
        } => strike.pause(role).await,
        FaultTarget::Link { action, from, to } => strike.link(action, from, to).await,
    }
}

/// One fault at the time at which it strikes.
struct Strike<'a> {
    run: &'a Run,
    active: &'a ActiveFaults,
    drawn: DrawnFault,
}

impl Strike<'_> {
    /// Returns the member of the role that the fault strikes.
    fn member(&self, role: RoleName) -> Option<Member> {
        let members = self.run.topology.members(role);
        let index = self.drawn.target.checked_rem(members.len())?;
        Some(members[index])
    }

    fn host(&self, role: RoleName) -> Option<HostId> {
        self.member(role)?.host()
    }

    /// Records that the fault struck. It counts only while work is under way.
    fn struck(&self) {
        let recorder = self.run.state.recorder();
        if recorder.any_run_alive() || self.run.state.work().is_under_way() {
            recorder.mark(self.drawn.fault);
        }
    }

    /// Waits as long as a fault lasts.
    async fn lasts(&self) {
        time::sleep(self.run.faults.lasting).await;
    }

    fn reconnect(&self, role: RoleName) {
        if let Some(Member::Client(client, _)) = self.member(role)
            && self.run.state.command(client, ClientCommand::Reconnect)
        {
            self.struck();
        }
    }

    async fn crash(&self, role: RoleName) {
        let world = self.run.world;
        let Some(Member::Server(server, host)) = self.member(role) else {
            return;
        };
        if world.host_state(host) == HostState::Down {
            return;
        }
        self.struck();
        world.crash(host);
        self.run.deployment.servers[server].crashed();
        self.lasts().await;
        world.restart(host);
    }

    async fn pause(&self, role: RoleName) {
        let Some(host) = self.host(role) else {
            return;
        };
        if self.active.pause(host) {
            self.struck();
            self.lasts().await;
            self.active.resume(host);
        }
    }

    async fn link(&self, action: LinkAction, from: RoleName, to: RoleName) {
        let (Some(from), Some(to)) = (self.member(from), self.member(to)) else {
            return;
        };
        // Traces name the client's end of a link first.
        let (near, far, one_way) = match (from, to) {
            (Member::Server(..), Member::Client(..)) => (to, from, Direction::Backward),
            _ => (from, to, Direction::Forward),
        };
        let (Some(near), Some(far)) = (near.host(), far.host()) else {
            return;
        };
        let (fault, direction) = match action {
            LinkAction::Reset => {
                if self.run.world.reset_connections(near, far) > 0 {
                    self.struck();
                }
                return;
            }
            LinkAction::Partition => (LinkFault::Partition, Direction::Both),
            LinkAction::PartitionOneWay => (LinkFault::Partition, one_way),
            LinkAction::Hold => (LinkFault::Hold, Direction::Both),
        };
        self.obstruct(fault, near, far, direction).await;
    }

    async fn obstruct(&self, fault: LinkFault, from: HostId, to: HostId, direction: Direction) {
        self.struck();
        self.active.begin(fault, from, to, direction);
        self.lasts().await;
        self.active.end(fault, from, to, direction);
    }
}
