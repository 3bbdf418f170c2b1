//! Who runs.

use rehearsal_agents::spec::{AgentGroup, AgentKind, FailureMode, ThreadPolicy};

use super::item::{At, Item, Times};
use super::problems::Problems;
use super::section::Section;
use super::words::list;
use crate::scenario::code::Code;
use crate::scenario::diagnostic::Span;
use crate::scenario::names;

/// Most agents in one run, sub-agents counted.
pub(super) const MAX_AGENTS: u64 = 10_000;
/// Most events in one run.
pub(super) const MAX_EVENTS: u64 = 1_000_000;
/// Most levels of supervisors.
const MAX_LEVELS: u32 = 3;

/// Parameters, with the kinds that have them.
const PARAMETERS: [(&str, &[&str]); 5] = [
    ("events", &["hammer", "stress"]),
    ("delay", &["stress"]),
    ("mode", &["failure"]),
    ("party", &["collision"]),
    ("children", &["supervisor"]),
];

/// Keys of a group that its sub-agents do not have.
const GROUP_KEYS: [&str; 3] = ["count", "thread", "start_within"];

/// One `[[agents]]` with its place.
pub(super) struct Group {
    pub(super) spec: AgentGroup,
    pub(super) span: Span,
}

/// Where an agent is declared.
#[derive(Clone, Copy)]
enum Place {
    /// As a group of that many, if the number is known.
    Group(Option<At<u32>>),
    /// As a sub-agent below that many supervisors.
    Child(u32),
}

/// Reads every `[[agents]]`. `None` if any of them is wrong, so that nobody
/// concludes that a kind does not take part.
pub(super) fn agents(root: &mut Section<'_>, problems: &mut Problems) -> Option<Vec<Group>> {
    let example = "a group of agents: `[[agents]]` with `kind = \"data\"`";
    let item = root.need("agents", example, problems)?;
    let entries = item.list(problems)?;
    if entries.is_empty() {
        problems.report(
            Code::EmptyList,
            item.span,
            "`agents` is empty",
            "nobody runs",
            "add a group: `[[agents]]` with `kind = \"data\"`",
        );
        return None;
    }
    let groups: Vec<Option<Group>> = entries.iter().map(|entry| group(entry, problems)).collect();
    groups.into_iter().collect()
}

fn group(entry: &Item<'_>, problems: &mut Problems) -> Option<Group> {
    let mut section = entry.section("`[[agents]]`", problems)?;
    let count = section.small("count", 1, 1..=10_000, problems);
    let policies = &names::THREAD_POLICIES;
    let default = ThreadPolicy::Own;
    let thread = section.one_of("thread", "thread policy", default, policies, problems);
    let start_within = section.duration(
        "start_within",
        std::time::Duration::ZERO,
        Times::Any,
        problems,
    );
    let kind = kind(section, Place::Group(count), problems);
    Some(Group {
        spec: AgentGroup {
            kind: kind?,
            count: count?.value,
            thread: thread?.value,
            start_within: start_within?.value,
        },
        span: entry.span,
    })
}

/// Reads `kind` and its parameters, and finishes the section.
fn kind(mut section: Section<'_>, place: Place, problems: &mut Problems) -> Option<AgentKind> {
    let named = AgentKind::NAMES.map(|name| (name, name));
    let name = section
        .need("kind", "the kind of agent: `kind = \"data\"`", problems)
        .and_then(|item| item.one_of("kind of agent", &named, problems));
    let Some(name) = name else {
        // Without a kind nobody knows which parameters are right.
        for (parameter, _) in PARAMETERS {
            section.get(parameter);
        }
        section.finish_except(|key| foreign(key, "", place), problems);
        return None;
    };
    let kind = parameters(name, &mut section, place, problems);
    let reliable = section.finish_except(|key| foreign(key, name.value, place), problems);
    kind.filter(|_| reliable)
}

/// Reads the parameters of the kind with that name.
fn parameters(
    name: At<&str>,
    section: &mut Section<'_>,
    place: Place,
    problems: &mut Problems,
) -> Option<AgentKind> {
    match name.value {
        "supervisor" => {
            let children = children(name, section, place, problems)?;
            Some(AgentKind::Supervisor { children })
        }
        "hammer" => {
            let events = events(section, problems)?;
            Some(AgentKind::Hammer { events })
        }
        "stress" => {
            let events = events(section, problems);
            let delay = section
                .need("delay", "the longest delay: `delay = \"10ms\"`", problems)
                .and_then(|item| item.duration(Times::Any, problems));
            Some(AgentKind::Stress {
                events: events?,
                delay: delay?.value,
            })
        }
        "failure" => {
            let mode: At<FailureMode> = section
                .need("mode", "how it fails: `mode = \"exception\"`", problems)?
                .one_of("failure mode", &names::FAILURE_MODES, problems)?;
            Some(AgentKind::Failure { mode: mode.value })
        }
        "collision" => {
            let party = party(name, section, place, problems)?;
            Some(AgentKind::Collision { party })
        }
        plain => without_parameters(plain),
    }
}

/// The kind with that name, if it takes no parameters.
fn without_parameters(name: &str) -> Option<AgentKind> {
    [
        AgentKind::Data,
        AgentKind::Optimization,
        AgentKind::Reporting,
        AgentKind::Fast,
        AgentKind::Slow,
        AgentKind::Burst,
        AgentKind::Streaming,
        AgentKind::Success,
    ]
    .into_iter()
    .find(|kind| kind.name() == name)
}

fn events(section: &mut Section<'_>, problems: &mut Problems) -> Option<u32> {
    let most = u32::try_from(MAX_EVENTS).unwrap_or(u32::MAX);
    section
        .need("events", "the number of events: `events = 100`", problems)?
        .small(1..=most, problems)
        .map(|events| events.value)
}

fn party(
    name: At<&str>,
    section: &mut Section<'_>,
    place: Place,
    problems: &mut Problems,
) -> Option<u32> {
    let example = "the number of agents that meet at one barrier: `party = 5`";
    let party = section
        .need("party", example, problems)
        .and_then(|item| item.small(2..=10_000, problems));
    let count = match place {
        Place::Group(count) => count?,
        Place::Child(_) => {
            problems.report(
                Code::BadChild,
                name.span.unwrap_or(section.span),
                "a collision agent cannot be a sub-agent",
                "would wait at a barrier for nobody",
                "declare the collision agents as an `[[agents]]` group of their own",
            );
            return None;
        }
    };
    let party = party?;
    if !count.value.is_multiple_of(party.value) {
        let problem = problems
            .problem(
                Code::UnevenParty,
                format!(
                    "parties of {} cannot be made of {} agents",
                    party.value, count.value
                ),
            )
            .at(
                party.span.unwrap_or(section.span),
                "does not divide `count`",
            )
            .help("the last party would never be complete, and wait for ever");
        problems.push(match count.span {
            Some(span) => problem.also(span, "the count"),
            None => problem,
        });
        return None;
    }
    Some(party.value)
}

fn children(
    name: At<&str>,
    section: &mut Section<'_>,
    place: Place,
    problems: &mut Problems,
) -> Option<Vec<AgentKind>> {
    let example = "the sub-agents: `children = [\"data\", \"reporting\"]`";
    let item = section.need("children", example, problems)?;
    let level = match place {
        Place::Group(_) => 1,
        Place::Child(above) => above + 1,
    };
    if level > MAX_LEVELS {
        problems.report(
            Code::SupervisorsTooDeep,
            name.span.unwrap_or(section.span),
            format!("more than {MAX_LEVELS} levels of supervisors"),
            format!("level {level}"),
            "use another kind of agent at the lowest level",
        );
        return None;
    }
    let entries = item.list(problems)?;
    if entries.is_empty() {
        problems.report(
            Code::EmptyList,
            item.span,
            "`children` is empty",
            "nobody to supervise",
            "name at least one sub-agent: `children = [\"data\"]`",
        );
        return None;
    }
    let children: Vec<Option<AgentKind>> = entries
        .iter()
        .map(|entry| child(entry, level, problems))
        .collect();
    children.into_iter().collect()
}

/// Reads a sub-agent: a name, or a table where the kind has parameters.
fn child(entry: &Item<'_>, level: u32, problems: &mut Problems) -> Option<AgentKind> {
    if entry.is_table() {
        let section = entry.section("a sub-agent", problems)?;
        return kind(section, Place::Child(level), problems);
    }
    let named = AgentKind::NAMES.map(|name| (name, name));
    let name = entry.one_of("kind of agent", &named, problems)?;
    let plain = without_parameters(name.value);
    if plain.is_none() {
        let wanted = parameters_of(name.value);
        problems.report(
            Code::MissingKey,
            entry.span,
            format!("a {} needs {}", name.value, list(&wanted)),
            "a name alone does not say enough",
            format!(
                "write a table: {{ kind = \"{}\", {} = … }}",
                name.value,
                wanted.join(" = …, ")
            ),
        );
    }
    plain
}

fn parameters_of(kind: &str) -> Vec<&'static str> {
    PARAMETERS
        .iter()
        .filter(|(_, kinds)| kinds.contains(&kind))
        .map(|(parameter, _)| *parameter)
        .collect()
}

/// Where a key belongs that this kind, in this place, does not have.
fn foreign(key: &str, kind: &str, place: Place) -> Option<String> {
    if matches!(place, Place::Child(_)) && GROUP_KEYS.contains(&key) {
        return Some(format!("`{key}` belongs to the whole `[[agents]]` group"));
    }
    let (_, owners) = PARAMETERS.iter().find(|(name, _)| *name == key)?;
    let own = match parameters_of(kind).as_slice() {
        [] => format!("{kind} has no parameters"),
        own => format!("{kind} has {}", list(own)),
    };
    Some(format!(
        "`{key}` is a parameter of {}; {own}",
        list(*owners)
    ))
}

/// Every kind that takes part below and including this one.
pub(super) fn family(kind: &AgentKind) -> Vec<&AgentKind> {
    let mut members = vec![kind];
    if let AgentKind::Supervisor { children } = kind {
        members.extend(children.iter().flat_map(family));
    }
    members
}
