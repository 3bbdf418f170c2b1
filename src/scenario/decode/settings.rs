//! The system, and the settings of everything around it.

use std::time::Duration;

use rehearsal_agents::bridge::defects;
use rehearsal_agents::spec::{BridgeSettings, ClientSettings, Defect, NetworkSettings, Transport};

use super::item::{At, Times};
use super::problems::Problems;
use super::section::Section;
use crate::scenario::BudgetSpec;
use crate::scenario::diagnostic::Span;
use crate::scenario::names;

/// The systems that there are.
const SYSTEMS: [(&str, ()); 1] = [("bridge", ())];

/// What `system` says.
pub(super) struct System {
    pub(super) transport: Option<At<Transport>>,
    pub(super) defect: Option<Option<At<Defect>>>,
}

/// What `[bridge]` says.
pub(super) struct Bridge {
    pub(super) settings: BridgeSettings,
    pub(super) run_timeout: At<Duration>,
}

/// What `[network]` says.
pub(super) struct Network {
    pub(super) settings: NetworkSettings,
    /// Where, if it is there at all.
    pub(super) span: Option<Span>,
}

/// What `[budget]` says.
pub(super) struct Budget {
    pub(super) steps: u64,
    pub(super) virtual_time: At<Duration>,
}

/// Reads `system`.
pub(super) fn system(root: &mut Section<'_>, problems: &mut Problems) -> Option<System> {
    let example = "`system = { kind = \"bridge\", transport = \"websocket\" }`";
    let item = root.need("system", example, problems)?;
    let mut section = item.section("`system`", problems)?;
    if let Some(kind) = section.need("kind", "`kind = \"bridge\"`", problems) {
        kind.one_of("kind of system", &SYSTEMS, problems);
    }
    let transport = section.one_of(
        "transport",
        "transport",
        Transport::WebSocket,
        &names::TRANSPORTS,
        problems,
    );
    let defect = match section.get("defect") {
        Some(item) => item.one_of("defect", &defects::NAMES, problems).map(Some),
        None => Some(None),
    };
    if !section.finish(problems) {
        return None;
    }
    Some(System { transport, defect })
}

/// Reads `[bridge]`.
pub(super) fn bridge(root: &mut Section<'_>, problems: &mut Problems) -> Option<Bridge> {
    let default = BridgeSettings::default();
    let Some(item) = root.get("bridge") else {
        return Some(Bridge {
            run_timeout: At::default(default.run_timeout),
            settings: default,
        });
    };
    let mut section = item.section("`[bridge]`", problems)?;
    let buffer = section.number("buffer", default.buffer as u64, 1..=16_777_216, problems);
    let times = Times::NotZero;
    let run_timeout = section.duration("run_timeout", default.run_timeout, times, problems);
    let ttl = section.duration("ttl", default.ttl, times, problems);
    let sweep_every = section.duration("sweep_every", default.sweep_every, times, problems);
    if !section.finish(problems) {
        return None;
    }
    let run_timeout = run_timeout?;
    Some(Bridge {
        settings: BridgeSettings {
            buffer: usize::try_from(buffer?.value).unwrap_or(usize::MAX),
            run_timeout: run_timeout.value,
            ttl: ttl?.value,
            sweep_every: sweep_every?.value,
        },
        run_timeout,
    })
}

/// Reads `[clients]`.
pub(super) fn clients(root: &mut Section<'_>, problems: &mut Problems) -> Option<ClientSettings> {
    let default = ClientSettings::default();
    let Some(item) = root.get("clients") else {
        return Some(default);
    };
    let mut section = item.section("`[clients]`", problems)?;
    let per_thread = section.small("per_thread", default.per_thread, 1..=1_000, problems);
    let read_delay = section.duration("read_delay", default.read_delay, Times::Any, problems);
    let times = Times::NotZero;
    let reconnect = section.duration("reconnect_after", default.reconnect_after, times, problems);
    let idle = section.duration("idle_timeout", default.idle_timeout, times, problems);
    if !section.finish(problems) {
        return None;
    }
    Some(ClientSettings {
        per_thread: per_thread?.value,
        read_delay: read_delay?.value,
        reconnect_after: reconnect?.value,
        idle_timeout: idle?.value,
    })
}

/// Reads `[network]`.
pub(super) fn network(root: &mut Section<'_>, problems: &mut Problems) -> Option<Network> {
    let default = NetworkSettings::default();
    let Some(item) = root.get("network") else {
        return Some(Network {
            settings: default,
            span: None,
        });
    };
    let mut section = item.section("`[network]`", problems)?;
    let latency = section.range(
        "latency",
        (default.latency_min, default.latency_max),
        Times::Fine,
        problems,
    );
    // A network that loses everything delivers nothing, however often TCP tries.
    let loss = section.small("loss", default.loss_per_mille, 0..=999, problems);
    let span = section.span;
    if !section.finish(problems) {
        return None;
    }
    let latency = latency?.value;
    Some(Network {
        settings: NetworkSettings {
            latency_min: latency.0,
            latency_max: latency.1,
            loss_per_mille: loss?.value,
        },
        span: Some(span),
    })
}

/// Reads `[budget]`.
pub(super) fn budget(root: &mut Section<'_>, problems: &mut Problems) -> Option<Budget> {
    let default = BudgetSpec::default();
    let Some(item) = root.get("budget") else {
        return Some(Budget {
            steps: default.steps,
            virtual_time: At::default(default.virtual_time),
        });
    };
    let mut section = item.section("`[budget]`", problems)?;
    let steps = section.number("steps", default.steps, 1..=10_000_000_000, problems);
    let virtual_time = section.duration(
        "virtual_time",
        default.virtual_time,
        Times::NotZero,
        problems,
    );
    if !section.finish(problems) {
        return None;
    }
    Some(Budget {
        steps: steps?.value,
        virtual_time: virtual_time?,
    })
}
