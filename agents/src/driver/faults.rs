//! Faults: their number, kinds, times and targets are drawn, and of those at effects, the
//! effect; then a task for each waits for its time or its effect.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use rehearsal_history::{EntryKind, FaultPhase, Mark};
use rehearsal_sim::tokio::task::JoinHandle;
use rehearsal_sim::tokio::time;
use rehearsal_sim::{Direction, HostId, HostState};

use super::Run;
use super::overlap::{ActiveFaults, LinkFault};
use super::state::ClientCommand;
use super::topology::Member;
use crate::effect::{EffectFault, EffectsOf, Trigger};
use crate::fault::answer::{AnswerKind, Wrong};
use crate::fault::{Fault, FaultTarget, LinkAction, NodeAction, RoleName};

/// A fault that is drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct DrawnFault {
    fault: Fault,
    /// The index of the member of its role that it strikes, modulo their number.
    target: usize,
}

/// The cause for which a fault strikes.
enum Cause {
    /// The time has come, that long after the start of the work.
    Time(Duration),
    /// The effect has come at which it strikes.
    Effect(EffectFault, Arc<Trigger>),
}

/// A fault in its task.
pub(super) struct Scheduled {
    struck: Rc<Cell<bool>>,
    /// The place at which it strikes, if that is an effect.
    trigger: Option<Arc<Trigger>>,
    task: JoinHandle<()>,
}

/// Draws the faults and schedules them.
pub(super) fn schedule(run: &Rc<Run>) -> Vec<Scheduled> {
    let active = Rc::new(ActiveFaults::new(run.world));
    if let Some(effects) = &run.effects {
        effects.count(run.topology.roles());
    }
    let kinds = kinds(run);
    let drawn = draw(run, &kinds).into_iter().chain(draw_at_effects(run));
    let drawn: Vec<(DrawnFault, Cause)> = drawn.collect();
    let scheduled = drawn.into_iter().map(|(drawn, cause)| {
        let struck = Rc::new(Cell::new(false));
        let trigger = match &cause {
            Cause::Time(_) => None,
            Cause::Effect(_, trigger) => Some(Arc::clone(trigger)),
        };
        let (run, active) = (Rc::clone(run), Rc::clone(&active));
        let begun = Rc::clone(&struck);
        let world = run.world;
        let task = world.spawn_on(HostId::WORLD, async move {
            world.name_task(&format!("fault {}", drawn.fault.name()));
            match cause {
                Cause::Time(at) => {
                    time::sleep(at).await;
                    begun.set(true);
                    strike(&run, &active, drawn, None).await;
                }
                Cause::Effect(at, trigger) => {
                    let host = trigger.reached().await;
                    begun.set(true);
                    let effect = (at, &*trigger, host);
                    strike(&run, &active, drawn, Some(effect)).await;
                    // A fault that met nothing to strike lets the host go on too.
                    trigger.struck();
                }
            }
        });
        world.exempt_from_cancellation(&task);
        Scheduled {
            struck,
            trigger,
            task,
        }
    });
    let mut scheduled: Vec<Scheduled> = scheduled.collect();
    if !run.faults.core.is_empty() {
        scheduled.push(mark_healed(run));
    }
    scheduled
}

/// Marks the time at which all faults within the core are over.
fn mark_healed(run: &Rc<Run>) -> Scheduled {
    let (world, run) = (run.world, Rc::clone(run));
    let task = world.spawn_on(HostId::WORLD, async move {
        world.name_task("healing of the core");
        time::sleep(run.faults.until + run.faults.lasting).await;
        let history = run.state.recorder().history();
        history.mark(Mark::CORE_HEALED);
    });
    world.exempt_from_cancellation(&task);
    Scheduled {
        struck: Rc::default(),
        trigger: None,
        task,
    }
}

/// Waits until the faults that have struck are over; cancels the others.
pub(super) async fn end(faults: Vec<Scheduled>) {
    for fault in &faults {
        if !fault.struck.get() {
            fault.task.abort();
            // A host that has just come to the effect goes on.
            if let Some(trigger) = &fault.trigger {
                trigger.struck();
            }
        }
    }
    for fault in faults {
        // Cancelled, or over.
        let _ = fault.task.await;
    }
}

/// Returns the kinds that may strike in this run: of a swarm, some of them. A seed that would
/// leave out all leaves out none.
fn kinds(run: &Run) -> Vec<Fault> {
    let (world, plan) = (run.world, &run.faults);
    let allowed = |fault: &Fault| {
        let site = || world.site_in("swarm", fault);
        !plan.swarm || world.draw(site(), 2) == 0
    };
    let kinds: Vec<Fault> = plan.kinds.iter().copied().filter(allowed).collect();
    if kinds.is_empty() {
        plan.kinds.clone()
    } else {
        kinds
    }
}

/// Draws at which effect each fault strikes that does so. A swarm leaves some out.
fn draw_at_effects(run: &Run) -> Vec<(DrawnFault, Cause)> {
    let (world, plan) = (run.world, &run.faults);
    let Some(effects) = &run.effects else {
        return Vec::new();
    };
    let targets = u32::try_from(run.topology.targets()).expect("fewer than 2^32 hosts");
    let fault = |(number, at): (usize, &EffectFault)| {
        let number = number + 1;
        let site = |what: &str| world.site(&format!("{what} of fault {number} at an effect"));
        let is_left_out = plan.swarm && world.draw(site("absence"), 2) == 1;
        if at.among == 0 || is_left_out {
            return None;
        }
        let nth = world.draw(site("effect"), at.among) + 1;
        let drawn = DrawnFault {
            fault: at.fault,
            target: world.draw(site("target"), targets) as usize,
        };
        let trigger = effects.trigger(at.of, at.moment, nth);
        Some((drawn, Cause::Effect(*at, trigger)))
    };
    plan.at.iter().enumerate().filter_map(fault).collect()
}

fn draw(run: &Run, allowed: &[Fault]) -> Vec<(DrawnFault, Cause)> {
    let (world, plan) = (run.world, &run.faults);
    let kinds = u32::try_from(allowed.len()).expect("fewer than 2^32 kinds of faults");
    if kinds == 0 {
        return Vec::new();
    }
    let spread = plan.budget.saturating_sub(plan.at_least).saturating_add(1);
    let count = plan.at_least + world.draw(world.site("number of faults"), spread);
    let targets = u32::try_from(run.topology.targets()).expect("fewer than 2^32 hosts");
    let fault = |number: u32| {
        let site = |what: &str| world.site(&format!("{what} of fault {number}"));
        let kind = world.draw(site("kind"), kinds) as usize;
        let at = world.draw_duration(site("time"), plan.from, plan.until);
        let drawn = DrawnFault {
            fault: allowed[kind],
            target: world.draw(site("target"), targets) as usize,
        };
        (drawn, Cause::Time(at))
    };
    (1..=count).map(fault).collect()
}

/// Strikes, and waits until it is over.
async fn strike(
    run: &Run,
    active: &ActiveFaults,
    drawn: DrawnFault,
    effect: Option<(EffectFault, &Trigger, HostId)>,
) {
    let strike = Strike {
        run,
        active,
        drawn,
        effect,
    };
    match drawn.fault.target() {
        FaultTarget::Node {
            action: NodeAction::Reconnect,
            role,
        } => strike.reconnect(role),
        FaultTarget::Answer { kind, role } => strike.answer(kind, role).await,
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
        FaultTarget::Node {
            action: NodeAction::Skew,
            role,
        } => strike.skew(role).await,
        FaultTarget::Link { action, from, to } => strike.link(action, from, to).await,
    }
}

/// One fault at the time at which it strikes.
struct Strike<'a> {
    run: &'a Run,
    active: &'a ActiveFaults,
    drawn: DrawnFault,
    /// The effect at which it strikes, and its host.
    effect: Option<(EffectFault, &'a Trigger, HostId)>,
}

impl Strike<'_> {
    /// Returns the member of the role that the fault strikes: the host of the effect, if it is
    /// of that role.
    fn member(&self, role: RoleName) -> Option<Member> {
        let members = self.run.topology.members(role);
        if let Some((at, _, host)) = self.effect
            && at.of.by == role
        {
            return members.into_iter().find(|it| it.host() == Some(host));
        }
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
        if let Some((at, trigger, _)) = self.effect {
            let (fault, moment, EffectsOf { effect, by }) = (at.fault, at.moment, at.of);
            let number = trigger.number;
            let text = format!("{} {moment} {effect} {number} of {by}", fault.name());
            self.run.world.note("fault", text);
        }
    }

    /// Waits as long as a fault lasts.
    async fn lasts(&self) {
        if let Some((_, trigger, _)) = self.effect {
            trigger.struck();
        }
        self.record(FaultPhase::Began);
        if self.is_outside_of_core() {
            self.run.healing.cancelled().await;
        } else {
            time::sleep(self.run.faults.lasting).await;
        }
        self.record(FaultPhase::Ended);
    }

    /// Returns `true` if the fault stays when the core is healed.
    fn is_outside_of_core(&self) -> bool {
        let core = &self.run.faults.core;
        let mut roles = self.drawn.fault.roles();
        !core.is_empty() && roles.any(|role| !core.contains(&role))
    }

    fn record(&self, phase: FaultPhase) {
        let fault = self.drawn.fault.name().into();
        let history = self.run.state.recorder().history();
        history.record(None, EntryKind::Fault { fault, phase });
    }

    fn reconnect(&self, role: RoleName) {
        if let Some(Member::Client(client, _)) = self.member(role)
            && self.run.state.command(client, ClientCommand::Reconnect)
        {
            self.struck();
        }
    }

    /// Waits for the next such call of the host, unless the work ends first.
    async fn answer(&self, kind: AnswerKind, role: RoleName) {
        let (Some(host), Some(answers)) = (self.host(role), &self.run.answers) else {
            return;
        };
        let struck = answers.add(host, kind, self.run.faults.lasting);
        if let Some((_, trigger, _)) = self.effect {
            trigger.struck();
        }
        if let Ok(wrong) = struck.await {
            if let Wrong::Torn = wrong {
                return self.crash(role).await;
            }
            self.struck();
            self.record(FaultPhase::Began);
            time::sleep(wrong.lasting()).await;
            self.record(FaultPhase::Ended);
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

    async fn skew(&self, role: RoleName) {
        let Some(host) = self.host(role) else {
            return;
        };
        self.struck();
        let world = self.run.world;
        let by = i64::try_from(self.run.faults.lasting.as_micros());
        let by = by.expect("a fault is shorter than 2^63 microseconds");
        let is_behind = world.draw(world.site("direction of a skew"), 2) == 1;
        self.active.skew(host, if is_behind { -by } else { by });
        self.lasts().await;
        self.active.end_skew(host);
    }

    async fn link(&self, action: LinkAction, from: RoleName, to: RoleName) {
        let (Some(from), Some(to)) = (self.member(from), self.member(to)) else {
            return;
        };
        let (Some(sender), Some(receiver)) = (from.host(), to.host()) else {
            return;
        };
        let world = self.run.world;
        // Traces name the client's end of a link first.
        let (near, far, one_way) = match (from, to) {
            (Member::Server(..), Member::Client(..)) => (receiver, sender, Direction::Backward),
            _ => (sender, receiver, Direction::Forward),
        };
        let (fault, direction) = match action {
            LinkAction::Reset => return self.at_once(world.reset_connections(near, far)),
            LinkAction::HalfOpen => {
                return self.at_once(world.half_open_connections(sender, receiver));
            }
            LinkAction::Partition => (LinkFault::Partition, Direction::Both),
            LinkAction::PartitionOneWay => (LinkFault::Partition, one_way),
            LinkAction::Hold => (LinkFault::Hold, Direction::Both),
            LinkAction::Refuse => (LinkFault::Refuse, one_way),
            LinkAction::Hang => (LinkFault::Hang, one_way),
        };
        self.obstruct(fault, near, far, direction).await;
    }

    /// Records a fault that is over at once, if it has met some connections.
    fn at_once(&self, connections: usize) {
        if connections > 0 {
            self.struck();
        }
    }

    async fn obstruct(&self, fault: LinkFault, from: HostId, to: HostId, direction: Direction) {
        self.struck();
        self.active.begin(fault, from, to, direction);
        self.lasts().await;
        self.active.end(fault, from, to, direction);
    }
}
