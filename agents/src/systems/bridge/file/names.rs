//! The names of what a scenario of the bridge can ask for.

use std::borrow::Cow;
use std::time::Duration;

use super::super::spec::Transport;
use crate::sections::Named;
use crate::spec::{AgentKind, FailureMode, OnFailure, Opening, ThreadPolicy};

fn table<T: Copy, const N: usize>(names: [(&'static str, T); N]) -> Vec<(Cow<'static, str>, T)> {
    names.map(|(name, value)| (name.into(), value)).into()
}

/// Transports with their names in scenario files and on the command line.
pub(in super::super) const TRANSPORTS: [(&str, Transport); 2] = [
    ("websocket", Transport::WebSocket),
    ("in-process", Transport::InProcess),
];

impl Named for Transport {
    const NOUN: &'static str = "transport";

    fn names() -> Vec<(Cow<'static, str>, Self)> {
        table(TRANSPORTS)
    }
}

impl Named for ThreadPolicy {
    const NOUN: &'static str = "thread policy";

    fn names() -> Vec<(Cow<'static, str>, Self)> {
        table([
            ("own", Self::Own),
            ("group", Self::Group),
            ("shared", Self::Shared),
        ])
    }
}

impl Named for FailureMode {
    const NOUN: &'static str = "failure mode";

    fn names() -> Vec<(Cow<'static, str>, Self)> {
        table([
            ("exception", Self::Exception),
            ("timeout", Self::Timeout),
            ("silent-death", Self::SilentDeath),
        ])
    }
}

/// A supervisor's reaction to sub-agents that fail, without the number that it tolerates.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum FailurePolicy {
    Ignore,
    WaitForAll,
    FailFast,
}

impl Named for FailurePolicy {
    const NOUN: &'static str = "failure policy";

    fn names() -> Vec<(Cow<'static, str>, Self)> {
        table([
            ("ignore", Self::Ignore),
            ("wait-for-all", Self::WaitForAll),
            ("fail-fast", Self::FailFast),
        ])
    }
}

impl Named for Opening {
    const NOUN: &'static str = "opening";

    fn names() -> Vec<(Cow<'static, str>, Self)> {
        table([("first", Self::First), ("gathered", Self::Gathered)])
    }
}

/// Kinds of agents, with parameters that the group's own take the place of.
impl Named for AgentKind {
    const NOUN: &'static str = "kind of agent";

    fn names() -> Vec<(Cow<'static, str>, Self)> {
        let kinds = [
            Self::Data,
            Self::Optimization,
            Self::Reporting,
            Self::Supervisor {
                children: Vec::new(),
                on_failure: OnFailure::Ignore,
            },
            Self::Fast,
            Self::Slow,
            Self::Burst {
                opening: Opening::First,
            },
            Self::Streaming,
            Self::Hammer { events: 0 },
            Self::Success,
            Self::Failure {
                mode: FailureMode::Exception,
            },
            Self::Collision { party: 0 },
            Self::Stress {
                events: 0,
                delay: Duration::ZERO,
            },
        ];
        kinds
            .into_iter()
            .map(|kind| (kind.name().into(), kind))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_agent_has_its_name() {
        let names: Vec<_> = AgentKind::names()
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(names, AgentKind::NAMES);
    }
}
