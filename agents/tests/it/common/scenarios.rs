//! Scenarios of the bridge.

use std::time::Duration;

use rehearsal_agents::bridge::{
    BridgeScenario, BridgeSettings, BridgeSpec, ClientSettings, Transport,
};
use rehearsal_agents::spec::{
    AgentGroup, AgentKind, Defect, FailureMode, Fault, FaultPlan, OnFailure, Opening, ThreadPolicy,
};

pub const TRANSPORTS: [Transport; 2] = [Transport::InProcess, Transport::WebSocket];

pub fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
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
    BridgeSpec::new(BridgeScenario {
        transport,
        bridge: BridgeSettings::default(),
        agents,
        clients: ClientSettings::default(),
    })
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
        on_failure: OnFailure::Ignore,
    }
}

/// The seven populations, with the number of events that each emits.
pub fn populations(transport: Transport) -> Vec<(&'static str, BridgeSpec, u64)> {
    let mut cleanup = spec(
        transport,
        vec![
            group(AgentKind::Success, 3),
            group(failure(FailureMode::Exception), 1),
            group(failure(FailureMode::Timeout), 1),
            group(failure(FailureMode::SilentDeath), 1),
        ],
    );
    cleanup.settings.bridge.run_timeout = ms(500);
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
                    shared(
                        AgentKind::Burst {
                            opening: Opening::First,
                        },
                        1,
                    ),
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
