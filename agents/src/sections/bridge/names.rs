//! The names of what a scenario of the bridge can ask for.

use std::borrow::Cow;
use std::time::Duration;

use crate::bridge;
use crate::sections::Named;
use crate::spec::{AgentKind, Defect, FailureMode, Fault, ThreadPolicy, Transport};

/// The kind of system: the bridge.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Kind;

impl Named for Kind {
    const NOUN: &'static str = "kind of system";

    fn names() -> Vec<(Cow<'static, str>, Self)> {
        vec![("bridge".into(), Self)]
    }
}

fn table<T: Copy, const N: usize>(names: [(&'static str, T); N]) -> Vec<(Cow<'static, str>, T)> {
    names.map(|(name, value)| (name.into(), value)).into()
}

/// Transports with their names in scenario files and on the command line.
pub const TRANSPORTS: [(&str, Transport); 2] = [
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

impl Named for Defect {
    const NOUN: &'static str = "defect";

    fn names() -> Vec<(Cow<'static, str>, Self)> {
        let defects = bridge::INFO.defects.iter();
        defects
            .map(|defect| (defect.name().into(), *defect))
            .collect()
    }
}

impl Named for Fault {
    const NOUN: &'static str = "fault";

    fn names() -> Vec<(Cow<'static, str>, Self)> {
        let names = bridge::INFO.fault_names();
        names.map(|(name, fault)| (name.into(), fault)).collect()
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
            },
            Self::Fast,
            Self::Slow,
            Self::Burst,
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
