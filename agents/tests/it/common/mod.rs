//! What the integration tests share: scenarios, a way to play them, and a strict
//! reading of the evidence.

use std::collections::BTreeMap;
use std::time::Duration;

use rehearsal_agents::bridge::Reference;
use rehearsal_agents::event::{ClientId, EventKind};
use rehearsal_agents::record::{Evidence, Fate, Recorder, RegistrySnapshot, RunEnd};
use rehearsal_agents::spec::{
    AgentGroup, AgentKind, BridgeSettings, BridgeSpec, ClientSettings, Defect, FailureMode, Fault,
    FaultPlan, NetworkSettings, ThreadPolicy, Transport,
};
use rehearsal_agents::system;
use rehearsal_sim::{
    Census, Config, Fifo, NetConfig, Outcome, Random, Recording, Strategy, Verdict, run,
};

pub const TRANSPORTS: [Transport; 2] = [Transport::InProcess, Transport::WebSocket];

pub fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    Fifo,
    Random,
}

pub const ORDERS: [Order; 2] = [Order::Fifo, Order::Random];

/// One run and what it left.
#[derive(Debug)]
pub struct Played {
    pub outcome: Outcome<()>,
    pub evidence: Evidence,
}

pub fn play(spec: &BridgeSpec, seed: u64, order: Order) -> Played {
    let strategy: Box<dyn Strategy> = match order {
        Order::Fifo => Box::new(Fifo),
        Order::Random => Box::new(Random::default()),
    };
    let config = Config {
        seed,
        strategy,
        recording: Recording::Fingerprint,
        net: NetConfig {
            latency_min: spec.network.latency_min,
            latency_max: spec.network.latency_max,
            loss_per_mille: spec.network.loss_per_mille,
            ..NetConfig::default()
        },
        ..Config::default()
    };
    let recorder = Recorder::new();
    let (notebook, spec) = (recorder.clone(), spec.clone());
    let outcome = run(config, move |world| {
        system::run(world, Reference, spec, notebook)
    });
    Played {
        outcome,
        evidence: recorder.into_evidence(),
    }
}

pub fn group(kind: AgentKind, count: u32) -> AgentGroup {
    AgentGroup {
        kind,
        count,
        thread: ThreadPolicy::Own,
        start_within: Duration::ZERO,
    }
}

pub fn together(kind: AgentKind, count: u32) -> AgentGroup {
    AgentGroup {
        thread: ThreadPolicy::Group,
        ..group(kind, count)
    }
}

pub fn shared(kind: AgentKind, count: u32) -> AgentGroup {
    AgentGroup {
        thread: ThreadPolicy::Shared,
        ..group(kind, count)
    }
}

pub fn spec(transport: Transport, agents: Vec<AgentGroup>) -> BridgeSpec {
    BridgeSpec {
        transport,
        defect: None,
        bridge: BridgeSettings::default(),
        agents,
        clients: ClientSettings::default(),
        network: NetworkSettings::default(),
        faults: FaultPlan::default(),
    }
}

pub fn with_fault(mut spec: BridgeSpec, kind: Fault, from: u64, until: u64) -> BridgeSpec {
    spec.faults = FaultPlan {
        budget: 1,
        at_least: 1,
        kinds: vec![kind],
        from: ms(from),
        until: ms(until),
        ..FaultPlan::default()
    };
    spec
}

pub fn with_defect(mut spec: BridgeSpec, defect: Defect) -> BridgeSpec {
    spec.defect = Some(defect);
    spec
}

pub fn failure(mode: FailureMode) -> AgentKind {
    AgentKind::Failure { mode }
}

pub fn stress(events: u32) -> AgentKind {
    AgentKind::Stress {
        events,
        delay: ms(10),
    }
}

pub fn supervisor() -> AgentKind {
    AgentKind::Supervisor {
        children: vec![
            AgentKind::Data,
            AgentKind::Optimization,
            AgentKind::Reporting,
        ],
    }
}

/// The seven populations, with the number of events that each emits.
pub fn seven(transport: Transport) -> Vec<(&'static str, BridgeSpec, u64)> {
    let mut cleanup = spec(
        transport,
        vec![
            group(AgentKind::Success, 3),
            group(failure(FailureMode::Exception), 1),
            group(failure(FailureMode::Timeout), 1),
            group(failure(FailureMode::SilentDeath), 1),
        ],
    );
    cleanup.bridge.run_timeout = ms(500);
    vec![
        (
            "shared bridge",
            spec(
                transport,
                vec![
                    group(AgentKind::Data, 2),
                    group(AgentKind::Optimization, 2),
                    group(AgentKind::Reporting, 1),
                ],
            ),
            25,
        ),
        (
            "supervisor hierarchy",
            spec(transport, vec![group(supervisor(), 1)]),
            24,
        ),
        (
            "event ordering",
            spec(
                transport,
                vec![
                    shared(AgentKind::Fast, 1),
                    shared(AgentKind::Slow, 1),
                    shared(AgentKind::Burst, 1),
                    shared(AgentKind::Streaming, 1),
                ],
            ),
            26,
        ),
        (
            "bridge consistency",
            spec(transport, vec![group(AgentKind::Hammer { events: 50 }, 20)]),
            20 * 52,
        ),
        ("cleanup", cleanup, 3 * 5 + 3 * 3),
        (
            "collision",
            spec(
                transport,
                vec![together(AgentKind::Collision { party: 5 }, 15)],
            ),
            75,
        ),
        (
            "lock contention",
            spec(transport, vec![group(stress(100), 50)]),
            50 * 102,
        ),
    ]
}

/// Everything that is wrong with a run in which nothing may be lost, not even
/// with a marker.
pub fn flaws(played: &Played) -> Vec<String> {
    let mut flaws = unexcused(played);
    let evidence = &played.evidence;
    if !evidence.gaps.is_empty() {
        flaws.push(format!("{} gap markers", evidence.gaps.len()));
    }
    for emission in &evidence.emissions {
        if !matches!(emission.fate, Fate::Accepted(_)) {
            flaws.push(format!("{}: {:?}", emission.id, emission.fate));
        }
    }
    flaws
}

/// Everything that is wrong with a run, gap markers and unanswered events of
/// runs that were cut off being all right.
pub fn unexcused(played: &Played) -> Vec<String> {
    let evidence = &played.evidence;
    let mut flaws = Vec::new();
    if played.outcome.verdict != Verdict::Pass {
        flaws.push(played.outcome.verdict.to_string());
        return flaws;
    }
    deliveries(evidence, &mut flaws);
    ends(evidence, &mut flaws);
    rest(evidence, &mut flaws);
    flaws
}

fn deliveries(evidence: &Evidence, flaws: &mut Vec<String>) {
    let mut received: BTreeMap<ClientId, BTreeMap<u64, u32>> = BTreeMap::new();
    let mut places = BTreeMap::new();
    let mut last_seq = BTreeMap::new();
    for delivery in &evidence.deliveries {
        let (client, event) = (delivery.client, &delivery.event);
        *received
            .entry(client)
            .or_default()
            .entry(event.id.0)
            .or_default() += 1;
        let emission = &evidence.emissions[event.id.0 as usize];
        let meant = (emission.user, emission.thread, emission.run, emission.kind);
        if meant != (event.user, event.thread, event.run, event.kind) {
            flaws.push(format!("{} came as something else", event.id));
        }
        if emission.payload != event.payload {
            flaws.push(format!("{} came with another payload", event.id));
        }
        let record = &evidence.clients[&client];
        if record.user != event.user || !record.threads.contains(&event.thread) {
            flaws.push(format!("{} reached {client}, a stranger", event.id));
        }
        let place = (delivery.epoch, delivery.offset);
        if places.insert((client, event.thread), place) >= Some(place) {
            flaws.push(format!("{} reached {client} out of place", event.id));
        }
        if last_seq.insert((client, event.run), event.seq) >= Some(event.seq) {
            flaws.push(format!("{} reached {client} out of order", event.id));
        }
    }
    for emission in &evidence.emissions {
        let Fate::Accepted(receipt) = &emission.fate else {
            let end = evidence.runs[&emission.run].end;
            let cut_off = matches!(end, Some(RunEnd::HostDied | RunEnd::TimedOut));
            if !(cut_off && emission.fate == Fate::Unanswered) {
                flaws.push(format!("{}: {:?}", emission.id, emission.fate));
            }
            continue;
        };
        for client in evidence.clients.values() {
            if !client.threads.contains(&emission.thread) {
                continue;
            }
            let times = received
                .get(&client.id)
                .and_then(|events| events.get(&emission.id.0))
                .copied()
                .unwrap_or_default();
            let gap = evidence.gaps.iter().any(|(reader, gap, _)| {
                *reader == client.id
                    && gap.thread == emission.thread
                    && gap.covers(receipt.epoch, receipt.offset)
            });
            if times != 1 && !(times == 0 && gap) {
                flaws.push(format!(
                    "{} reached {} {times} times",
                    emission.id, client.id
                ));
            }
        }
    }
}

fn ends(evidence: &Evidence, flaws: &mut Vec<String>) {
    for run in evidence.runs.values() {
        let mut accepted: Vec<_> = evidence
            .emissions
            .iter()
            .filter(|emission| emission.run == run.run)
            .filter_map(|emission| match &emission.fate {
                Fate::Accepted(receipt) => Some((receipt.seq, emission)),
                _ => None,
            })
            .collect();
        accepted.sort_by_key(|(seq, _)| *seq);
        if !accepted
            .iter()
            .map(|(seq, _)| *seq)
            .eq(1..=accepted.len() as u64)
        {
            flaws.push(format!("{} is not numbered without holes", run.run));
        }
        let kinds: Vec<EventKind> = accepted.iter().map(|(_, emission)| emission.kind).collect();
        let terminals = kinds.iter().filter(|kind| kind.is_terminal()).count();
        if terminals != 1 || !kinds.last().is_some_and(|kind| kind.is_terminal()) {
            flaws.push(format!("{} ends with {kinds:?}", run.run));
        }
        let due = match run.end {
            Some(RunEnd::Completed) => EventKind::AgentCompleted,
            Some(RunEnd::Failed | RunEnd::TimedOut) => EventKind::AgentError,
            Some(RunEnd::DiedSilently | RunEnd::HostDied) => EventKind::AgentDeath,
            None => {
                flaws.push(format!("{} never ended", run.run));
                continue;
            }
        };
        if kinds.last() != Some(&due) {
            flaws.push(format!("{} ended as {:?} with {kinds:?}", run.run, run.end));
        }
        if run.end == Some(RunEnd::Completed) && kinds.len() as u64 != run.events_planned {
            flaws.push(format!("{} emitted {} events", run.run, kinds.len()));
        }
        flaws.extend(order_of_tools(evidence, run, &accepted_events(&accepted)));
    }
}

type Accepted<'a> = Vec<&'a rehearsal_agents::record::Emission>;

fn accepted_events<'a>(accepted: &[(u64, &'a rehearsal_agents::record::Emission)]) -> Accepted<'a> {
    accepted.iter().map(|(_, emission)| *emission).collect()
}

fn order_of_tools(
    evidence: &Evidence,
    run: &rehearsal_agents::record::RunRecord,
    accepted: &Accepted<'_>,
) -> Vec<String> {
    let mut flaws = Vec::new();
    let first = accepted.first().map(|emission| emission.kind);
    if run.end == Some(RunEnd::Completed) && first != Some(EventKind::AgentStarted) {
        flaws.push(format!("{} begins with {first:?}", run.run));
    }
    for (place, emission) in accepted.iter().enumerate() {
        let begins = match emission.kind {
            EventKind::ToolCompleted => EventKind::ToolExecuting,
            EventKind::SubagentCompleted => EventKind::SubagentStarted,
            _ => continue,
        };
        let begun = accepted[..place].iter().any(|earlier| {
            earlier.kind == begins
                && earlier.payload.tool == emission.payload.tool
                && earlier.payload.subagent == emission.payload.subagent
        });
        if !begun {
            flaws.push(format!("{} ends what had not begun", emission.id));
        }
        if let Some(child) = emission.payload.subagent {
            let ended = evidence.emissions.iter().any(|other| {
                other.run == child
                    && other.kind.is_terminal()
                    && other.clock.before(&emission.clock)
            });
            if !ended {
                flaws.push(format!("{} reports {child} too early", emission.id));
            }
        }
    }
    flaws
}

fn rest(evidence: &Evidence, flaws: &mut Vec<String>) {
    for client in evidence.clients.values() {
        if !client.finished {
            flaws.push(format!("{} never finished", client.id));
        }
    }
    for (at, what) in &evidence.broken_registry {
        flaws.push(format!("registry at {at}: {what}"));
    }
    if evidence.registry_checks == 0 {
        flaws.push("the registry was never checked".to_owned());
    }
    if evidence.final_registry != Some(RegistrySnapshot::default()) {
        flaws.push(format!("left registered: {:?}", evidence.final_registry));
    }
    if evidence.final_census != Some(Census::default()) {
        flaws.push(format!("left alive: {:?}", evidence.final_census));
    }
}

/// Fails with what is wrong and with what it was.
pub fn assert_flawless(what: &str, played: &Played, found: Vec<String>) {
    let verdict = played.outcome.verdict.as_str();
    assert!(found.is_empty(), "{what}: {verdict}: {found:#?}");
}
