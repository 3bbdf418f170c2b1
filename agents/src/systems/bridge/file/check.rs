//! Contradictions between sections that are right by themselves.

use super::super::spec::Transport;
use super::BridgeFile;
use super::agents::{Child, Group};
use crate::agent::marks::{BARRIER_RELEASED, DEATH_NOTICED};
use crate::goal::{Goal, Mark};
use crate::record::marks::INTERLEAVED;
use crate::sections::words::grouped;
use crate::sections::{Contradiction, Path, Rule, Shared, Short};
use crate::spec::{AgentKind, FailureMode, ThreadPolicy};

/// The most agents in one run, sub-agents counted.
const AGENTS_MAX: u64 = 10_000;
/// The most events in one run.
const EVENTS_MAX: u64 = 1_000_000;
/// The most clients in one run.
const CLIENTS_MAX: u64 = 10_000;
/// The most deliveries in one run: events, each as often as its thread has clients.
const DELIVERIES_MAX: u64 = 2_000_000;
/// The most levels of supervisors.
const LEVELS_MAX: usize = 3;

/// Returns every contradiction.
pub(super) fn contradictions(file: &BridgeFile, shared: &Shared<'_>) -> Vec<Contradiction> {
    let mut found = network(file, shared);
    found.extend(times(file, shared));
    let Some(groups) = file.agents.sound() else {
        return found;
    };
    found.extend(agents(groups));
    if let Some(clients) = file.clients.sound() {
        found.extend(size(groups, clients.per_thread));
    }
    found.extend(oracles(groups, shared));
    found.extend(goals(groups, shared));
    found
}

/// In process there is no network to set up or to break.
fn network(file: &BridgeFile, shared: &Shared<'_>) -> Vec<Contradiction> {
    let transport = file.system.sound().map(|system| system.transport.0);
    if transport != Some(Transport::InProcess) {
        return Vec::new();
    }
    let chosen = Path::of("system").key("transport");
    let mut found = Vec::new();
    if shared.has_network {
        let message = "`[network]` has no effect on the transport `in-process`";
        let problem = Contradiction::new(Rule::NeedsNetwork, message, Path::of("network"))
            .label("sets up a network")
            .help("use the transport `websocket`, or remove `[network]`");
        found.push(problem);
    }
    for (index, fault) in shared.faults.unwrap_or_default().iter().enumerate() {
        if fault.needs_network() {
            let place = Path::of("faults").key("kinds").index(index);
            let message = format!("the fault `{}` needs a network", fault.name());
            let problem = Contradiction::new(Rule::NeedsNetwork, message, place)
                .label("cannot strike in process")
                .help("use the transport `websocket`; only `client-reconnect` strikes in process");
            found.push(problem);
        }
    }
    found
        .into_iter()
        .map(|problem| problem.also(chosen.clone(), "no network here"))
        .collect()
}

/// Times longer than the run: they have no effect, or leave nothing of the run.
fn times(file: &BridgeFile, shared: &Shared<'_>) -> Vec<Contradiction> {
    let Some(limit) = shared.virtual_time else {
        return Vec::new();
    };
    let mut times = Vec::new();
    if let Some(bridge) = file.bridge.sound() {
        let place = Path::of("bridge").key("run_timeout");
        times.push(("`run_timeout`", bridge.run_timeout, place));
    }
    if let Some(clients) = file.clients.sound() {
        let place = Path::of("clients").key("read_delay");
        times.push(("`read_delay`", clients.read_delay, place));
    }
    for (index, group) in file.agents.sound().into_iter().flatten().enumerate() {
        let place = Path::of("agents").index(index).key("start_within");
        times.push(("`start_within`", group.start_within, place));
    }
    times
        .into_iter()
        .filter_map(|(what, time, place)| Contradiction::after_the_end(what, time, place, limit))
        .collect()
}

/// Barriers and supervisors.
fn agents(groups: &[Group]) -> Vec<Contradiction> {
    let mut found = Vec::new();
    for (index, group) in groups.iter().enumerate() {
        let place = Path::of("agents").index(index);
        found.extend(uneven(group, &place));
        descendants(group.children(), 1, &place, &mut found);
    }
    found
}

fn uneven(group: &Group, place: &Path) -> Option<Contradiction> {
    let party = group.party()?;
    if group.count.is_multiple_of(party) {
        return None;
    }
    let message = format!(
        "parties of {party} cannot be made of {} agents",
        group.count
    );
    let problem = Contradiction::new(Rule::UnevenParty, message, place.key("party"))
        .label("does not divide `count`")
        .also(place.key("count"), "the count")
        .help("the last party would never be complete, and wait for ever");
    Some(problem)
}

/// Sub-agents below so many supervisors.
fn descendants(
    children: &[Short<Child>],
    above: usize,
    place: &Path,
    found: &mut Vec<Contradiction>,
) {
    for (index, Short(child)) in children.iter().enumerate() {
        let place = place.key("children").index(index);
        let kind = place.key("kind");
        match child.kind.0 {
            AgentKind::Collision { .. } => {
                let message = "a collision agent cannot be a sub-agent";
                let problem = Contradiction::new(Rule::BadChild, message, kind)
                    .or_at(place)
                    .label("would be alone at its barrier")
                    .help("declare the collision agents as an `[[agents]]` group of their own");
                found.push(problem);
            }
            AgentKind::Supervisor { .. } if above == LEVELS_MAX => {
                let message = format!("more than {LEVELS_MAX} levels of supervisors");
                let problem = Contradiction::new(Rule::SupervisorsTooDeep, message, kind)
                    .or_at(place)
                    .label(format!("level {}", above + 1))
                    .help("use another kind of agent at the lowest level");
                found.push(problem);
            }
            _ => descendants(child.children(), above + 1, &place, found),
        }
    }
}

/// A run must fit into the memory of a laptop.
fn size(groups: &[Group], per_thread: u32) -> Vec<Contradiction> {
    let each = |of_one: &dyn Fn(&AgentKind) -> u64| -> u64 {
        groups
            .iter()
            .map(|group| in_group(group, of_one))
            .fold(0, u64::saturating_add)
    };
    let events = each(&events_of_family);
    let limits = [
        (
            "agents",
            each(&|kind| family(kind).len() as u64),
            AGENTS_MAX,
        ),
        ("events", events, EVENTS_MAX),
        (
            "clients",
            threads(groups).saturating_mul(u64::from(per_thread)),
            CLIENTS_MAX,
        ),
        (
            "deliveries",
            events.saturating_mul(u64::from(per_thread)),
            DELIVERIES_MAX,
        ),
    ];
    let largest =
        (0..groups.len()).max_by_key(|index| in_group(&groups[*index], &events_of_family));
    let Some(largest) = largest else {
        return Vec::new();
    };
    limits
        .into_iter()
        .filter(|(_, number, limit)| number > limit)
        .map(|(what, number, limit)| {
            let message = format!("{} {what} in one run", grouped(number));
            Contradiction::new(Rule::TooBig, message, Path::of("agents").index(largest))
                .label("the largest group")
                .help(format!("a run holds at most {} {what}", grouped(limit)))
        })
        .collect()
}

fn in_group(group: &Group, of_one: &dyn Fn(&AgentKind) -> u64) -> u64 {
    let one = group.kind().map_or(0, |kind| of_one(&kind));
    one.saturating_mul(u64::from(group.count))
}

/// Every kind that takes part below and including this one.
fn family(kind: &AgentKind) -> Vec<&AgentKind> {
    let mut members = vec![kind];
    if let AgentKind::Supervisor { children, .. } = kind {
        members.extend(children.iter().flat_map(family));
    }
    members
}

fn events_of_family(kind: &AgentKind) -> u64 {
    family(kind)
        .into_iter()
        .map(AgentKind::events)
        .fold(0, u64::saturating_add)
}

/// The number of threads that the groups write to.
fn threads(groups: &[Group]) -> u64 {
    let of = |policy| groups.iter().filter(move |group| group.thread.0 == policy);
    let own: u64 = of(ThreadPolicy::Own)
        .map(|group| u64::from(group.count))
        .sum();
    let group = of(ThreadPolicy::Group).count() as u64;
    let shared = u64::from(of(ThreadPolicy::Shared).next().is_some());
    own + group + shared
}

/// An oracle that checks nothing is an error.
fn oracles(groups: &[Group], shared: &Shared<'_>) -> Vec<Contradiction> {
    let oracles = shared.oracles.iter().enumerate();
    oracles
        .filter_map(|(index, oracle)| {
            let (label, needed) = match *oracle {
                "hierarchy" if !takes_part(groups, is_supervisor) => {
                    ("no supervisor takes part", "a supervisor")
                }
                "isolation" if threads(groups) < 2 => {
                    ("there is only one thread", "at least two threads")
                }
                _ => return None,
            };
            let problem = Contradiction::idle_oracle(index, oracle, label);
            Some(problem.help(format!("it needs {needed}; otherwise remove it")))
        })
        .collect()
}

/// A goal that cannot be reached would fail every sweep.
fn goals(groups: &[Group], shared: &Shared<'_>) -> Vec<Contradiction> {
    let goals = shared.goals.iter();
    goals
        .filter_map(|(place, goal)| {
            let Goal::Mark(mark) = *goal else { return None };
            let obstacle = obstacle(mark, groups)?;
            Some(Contradiction::unreachable_goal(
                place.clone(),
                *goal,
                obstacle,
            ))
        })
        .collect()
}

/// The reason for which no run reaches the mark, if there is one.
fn obstacle(mark: Mark, groups: &[Group]) -> Option<&'static str> {
    let collides = || takes_part(groups, is_collision);
    let dies = || takes_part(groups, dies_silently);
    match mark {
        BARRIER_RELEASED if !collides() => Some("no collision agent takes part"),
        DEATH_NOTICED if !dies() => Some("no agent dies silently"),
        INTERLEAVED if alone(groups) => Some("each thread belongs to one agent"),
        _ => None,
    }
}

fn takes_part(groups: &[Group], wanted: fn(&AgentKind) -> bool) -> bool {
    groups.iter().any(|group| {
        let kind = group.kind();
        kind.is_some_and(|kind| family(&kind).into_iter().any(wanted))
    })
}

fn is_supervisor(kind: &AgentKind) -> bool {
    matches!(kind, AgentKind::Supervisor { .. })
}

fn is_collision(kind: &AgentKind) -> bool {
    matches!(kind, AgentKind::Collision { .. })
}

fn dies_silently(kind: &AgentKind) -> bool {
    let mode = FailureMode::SilentDeath;
    *kind == AgentKind::Failure { mode }
}

/// Returns `true` if no two runs write to the same thread.
fn alone(groups: &[Group]) -> bool {
    let runs: u64 = groups
        .iter()
        .map(|group| in_group(group, &|kind| family(kind).len() as u64))
        .fold(0, u64::saturating_add);
    runs <= threads(groups)
}
