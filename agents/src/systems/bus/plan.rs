//! The plan of a run: members, and what each of them does. All randomness of the members
//! is drawn here.

use std::sync::Arc;
use std::time::Duration;

use rehearsal_sim::World;

use super::broker::Roster;
use super::events::{EventSettings, EventType, HandlerSettings, LateSubscribers};
use super::settings::{BusScenario, ListenerSettings, MemberGroup, MemberKind};
use super::wire::{MemberId, TeamId};
use crate::driver::Planner;

/// Time that is allowed for each step beyond its waiting time.
const STEP_TIME: Duration = Duration::from_secs(1);

/// One member.
#[derive(Clone, Debug)]
pub(super) struct PlannedMember {
    pub(super) id: MemberId,
    pub(super) team: TeamId,
    /// The other members of the team.
    pub(super) others: Vec<MemberId>,
    pub(super) secret: Arc<str>,
    /// Rest after each message that the member takes.
    pub(super) rest: Duration,
    /// Steps that the member takes at once.
    pub(super) at_once: usize,
    pub(super) steps: Vec<Step>,
    pub(super) presence: Presence,
    /// The listener that takes its messages, if that is not its connection.
    pub(super) listener: Option<ListenerSettings>,
    pub(super) handlers: Vec<HandlerSettings>,
    /// The handlers subscribe while others publish.
    pub(super) subscribes_late: bool,
    pub(super) late_subscribers: LateSubscribers,
    /// The number of events that the member remembers.
    pub(super) recent_events: usize,
    /// The names of the types of events.
    pub(super) event_names: Arc<[Arc<str>]>,
}

impl PlannedMember {
    /// Returns `true` if the member waits for the handlers of all before it exits.
    pub(super) fn flushes(&self) -> bool {
        let about_events =
            |step: &Step| matches!(step.action, Action::Publish { .. } | Action::Subscribe);
        self.steps.iter().any(about_events)
    }
}

/// One message that a member sends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Step {
    /// The time before it.
    pub(super) wait: Duration,
    pub(super) action: Action,
}

/// A message to send.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Action {
    Request {
        to: MemberId,
        effort: Duration,
    },
    Notify {
        to: MemberId,
    },
    Broadcast,
    Publish {
        event: EventType,
    },
    /// Subscribes the handlers.
    Subscribe,
    /// Stops the listener.
    Stop,
}

/// The presence of a member.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Presence {
    /// It is on a host of its own.
    Present,
    /// It never registers.
    Absent,
}

/// Every member of a run, in order of declaration, one team after the other.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) members: Vec<PlannedMember>,
}

/// A member before its steps are drawn.
struct Position<'a> {
    id: MemberId,
    group: &'a MemberGroup,
}

impl Plan {
    /// Draws secrets, waiting times, addressees and efforts.
    pub(super) fn draw(scenario: &BusScenario, planner: &mut Planner) -> Self {
        let mut members = Vec::new();
        let mut numbers = 1..;
        for team in 1..=scenario.bus.teams {
            let secret = planner.tenant().secret;
            let event_names: Arc<[Arc<str>]> = scenario.event_types.clone().into();
            let groups = scenario.members.iter();
            let groups = groups.flat_map(|group| (0..group.count).map(move |_| group));
            let positions: Vec<Position<'_>> = groups
                .zip(&mut numbers)
                .map(|(group, number)| Position {
                    id: MemberId(number),
                    group,
                })
                .collect();
            for position in &positions {
                let draft = Draft::new(planner.world(), &positions, position);
                let events = (&scenario.events, &event_names);
                members.push(draft.member(TeamId(team), &secret, events));
            }
        }
        Self { members }
    }

    /// Returns the members with their teams.
    pub(super) fn roster(&self) -> Roster {
        let members = self.members.iter();
        members.map(|member| (member.id, member.team)).collect()
    }

    /// Returns the longest time that the steps of one member take, and that the handlers
    /// take for everything that is published.
    pub(super) fn longest_work(&self, scenario: &BusScenario) -> Duration {
        let of_step = |step: &Step| step.wait + scenario.bus.request_timeout + STEP_TIME;
        let members = self.members.iter();
        let of_members = members.map(|member| member.steps.iter().map(of_step).sum());
        let steps: Duration = of_members.max().unwrap_or_default();
        steps + self.handling()
    }

    /// Returns a time within which all events are handled: each handler handles each of them,
    /// twice if it fails.
    fn handling(&self) -> Duration {
        let handlers = self.members.iter().flat_map(|member| &member.handlers);
        let steps = self.members.iter().flat_map(|member| &member.steps);
        let is_event = |step: &&Step| matches!(step.action, Action::Publish { .. });
        let events = u32::try_from(steps.filter(is_event).count()).expect("fewer than 2^32 steps");
        let each: Duration = handlers.map(|handler| 2 * (handler.work + STEP_TIME)).sum();
        each.saturating_mul(events)
    }
}

/// A member whose steps are being drawn.
struct Draft<'a> {
    world: World,
    id: MemberId,
    group: &'a MemberGroup,
    others: Vec<MemberId>,
    /// The members that it may ask.
    asked: Vec<MemberId>,
}

impl<'a> Draft<'a> {
    fn new(world: World, team: &[Position<'_>], own: &Position<'a>) -> Self {
        let others = team.iter().filter(|other| other.id != own.id);
        let is_responder = |other: &&Position<'_>| other.group.kind == MemberKind::Responder;
        let responders: Vec<MemberId> = others
            .clone()
            .filter(is_responder)
            .map(|other| other.id)
            .collect();
        let others: Vec<MemberId> = others.map(|other| other.id).collect();
        // Every member answers requests; responders do nothing else.
        let asked = if responders.is_empty() {
            others.clone()
        } else {
            responders
        };
        Self {
            world,
            id: own.id,
            group: own.group,
            others,
            asked,
        }
    }

    fn member(
        self,
        team: TeamId,
        secret: &Arc<str>,
        (events, event_names): (&EventSettings, &Arc<[Arc<str>]>),
    ) -> PlannedMember {
        // A member without others has no addressee, but for its own handlers.
        let is_alone = self.others.is_empty() && self.group.handlers.is_empty();
        let count = if is_alone {
            0
        } else {
            self.group.kind.messages()
        };
        PlannedMember {
            id: self.id,
            team,
            steps: self
                .first()
                .into_iter()
                .chain((0..count).filter_map(|_| self.step()))
                .collect(),
            secret: Arc::clone(secret),
            rest: self.group.rest,
            at_once: self.group.kind.at_once(),
            others: self.others,
            presence: self.group.kind.presence(),
            listener: self.group.kind.listener(),
            handlers: self.group.handlers.clone(),
            subscribes_late: self.group.subscribes_late(),
            late_subscribers: events.late.0,
            recent_events: events.history as usize,
            event_names: Arc::clone(event_names),
        }
    }

    /// Returns the step with which a late subscriber or a listener begins.
    fn first(&self) -> Option<Step> {
        let (wait, action) = match self.group.kind {
            MemberKind::Listener { stop_after, .. } if !stop_after.is_zero() => {
                (stop_after, Action::Stop)
            }
            _ if self.group.subscribes_late() => (self.group.subscribe_after, Action::Subscribe),
            _ => return None,
        };
        Some(Step { wait, action })
    }

    fn step(&self) -> Option<Step> {
        let (action, delay) = match self.group.kind {
            MemberKind::Requester { delay, effort, .. } => {
                let to = self.choose(&self.asked);
                let effort = self.time("effort", effort);
                (Action::Request { to, effort }, delay)
            }
            MemberKind::Notifier { delay, .. } => {
                let to = self.choose(&self.others);
                (Action::Notify { to }, delay)
            }
            MemberKind::Broadcaster { delay, .. } => (Action::Broadcast, delay),
            MemberKind::Publisher { event, delay, .. } => (Action::Publish { event }, delay),
            MemberKind::Responder
            | MemberKind::Subscriber
            | MemberKind::Listener { .. }
            | MemberKind::Absent => return None,
        };
        let wait = self.time("delay", delay);
        Some(Step { wait, action })
    }

    fn choose(&self, among: &[MemberId]) -> MemberId {
        let site = self.world.site(&format!("addressee {}", self.id));
        let count = u32::try_from(among.len()).expect("fewer than 2^32 members");
        among[self.world.draw(site, count) as usize]
    }

    fn time(&self, what: &str, longest: Duration) -> Duration {
        let site = self.world.site(&format!("{what} {}", self.id));
        self.world.draw_duration(site, Duration::ZERO, longest)
    }
}

#[cfg(test)]
mod tests {
    use rehearsal_sim::Config;

    use super::super::settings::{BusSettings, ConnectionSettings};
    use super::*;
    use crate::driver;
    use crate::record::Recorder;
    use crate::spec::FaultPlan;

    fn plan(members: Vec<MemberGroup>, seed: u64) -> Plan {
        let scenario = BusScenario {
            bus: BusSettings {
                teams: 2,
                ..BusSettings::default()
            },
            events: EventSettings::default(),
            event_types: Vec::new(),
            connections: ConnectionSettings::default(),
            members,
        };
        let config = Config {
            seed,
            ..Config::default()
        };
        let outcome = rehearsal_sim::run(config, |world| async move {
            let mut plan = None;
            driver::run(world, &FaultPlan::default(), Recorder::new(), |planner| {
                plan = Some(Plan::draw(&scenario, planner));
                driver::Deployment::new()
            })
            .await;
            plan
        });
        outcome.value.flatten().expect("a plan")
    }

    fn group(kind: MemberKind, count: u32) -> MemberGroup {
        let rest = Duration::ZERO;
        let (handlers, subscribe_after) = (Vec::new(), Duration::ZERO);
        MemberGroup {
            kind,
            count,
            rest,
            handlers,
            subscribe_after,
        }
    }

    const REQUESTER: MemberKind = MemberKind::Requester {
        messages: 20,
        delay: Duration::from_millis(5),
        effort: Duration::from_millis(9),
        at_once: 2,
    };

    #[test]
    fn requests_go_to_responders_of_the_team_if_it_has_some() {
        let groups = vec![group(REQUESTER, 2), group(MemberKind::Responder, 2)];
        let plan = plan(groups, 1);
        assert_eq!(plan.members.len(), 8);
        for member in &plan.members {
            let first = (member.team.0 - 1) * 4;
            for step in &member.steps {
                let Action::Request { to, effort } = step.action else {
                    panic!("not a request: {step:?}");
                };
                assert!([first + 3, first + 4].contains(&to.0), "{to} in {member:?}");
                assert!(effort <= Duration::from_millis(9));
                assert!(step.wait <= Duration::from_millis(5));
            }
        }
        let secrets = [0, 4].map(|index| Arc::clone(&plan.members[index].secret));
        assert_ne!(secrets[0], secrets[1]);
    }

    #[test]
    fn member_without_others_sends_nothing() {
        let plan = plan(vec![group(REQUESTER, 1)], 1);
        assert!(plan.members.iter().all(|member| member.steps.is_empty()));
    }

    #[test]
    fn requests_go_to_any_other_member_without_responders() {
        let plan = plan(vec![group(REQUESTER, 3)], 1);
        let first = &plan.members[0];
        assert_eq!(first.others, [MemberId(2), MemberId(3)]);
        let asked = first.steps.iter().filter_map(|step| match step.action {
            Action::Request { to, .. } => Some(to),
            _ => None,
        });
        let asked: std::collections::BTreeSet<MemberId> = asked.collect();
        assert_eq!(asked.into_iter().collect::<Vec<_>>(), first.others);
    }
}
