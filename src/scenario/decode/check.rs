//! What is right part by part, and contradicts itself as a whole.

use std::time::Duration;

use rehearsal_agents::record::Mark;
use rehearsal_agents::spec::{AgentKind, Defect, FailureMode, ThreadPolicy, Transport};

use super::agents::{Group, MAX_AGENTS, MAX_EVENTS, family};
use super::draft::Draft;
use super::expect::Expected;
use super::faults::Faults;
use super::item::At;
use super::problems::Problems;
use super::words::grouped;
use crate::oracle::OracleRef;
use crate::scenario::code::Code;
use crate::scenario::{ExpectedVerdict, Goal, durations};

/// Most clients in one run.
const MAX_CLIENTS: u64 = 10_000;

/// Reports every contradiction between parts that are right in themselves.
pub(super) fn check(draft: &Draft<'_>, problems: &mut Problems) {
    let defect = draft.system.as_ref().and_then(|system| system.defect);
    if let Some(transport) = draft.system.as_ref().and_then(|system| system.transport) {
        check_network(transport, draft, problems);
    }
    check_times(draft, problems);
    if let (Some(groups), Some(clients)) = (&draft.agents, &draft.clients) {
        check_size(groups, clients.per_thread, problems);
    }
    let Some(expected) = &draft.expect else {
        return;
    };
    if let (Some(defect), Some(verdict)) = (defect, expected.verdict) {
        check_verdict(defect, verdict, expected, problems);
    }
    if let (Some(groups), Some(oracles)) = (&draft.agents, &expected.oracles) {
        check_oracles(groups, oracles, problems);
    }
    check_goals(draft, expected, problems);
}

/// In process there is no network to set up or to break.
fn check_network(transport: At<Transport>, draft: &Draft<'_>, problems: &mut Problems) {
    if transport.value != Transport::InProcess {
        return;
    }
    let because = |problem: crate::scenario::Diagnostic| match transport.span {
        Some(span) => problem.also(span, "no network here"),
        None => problem,
    };
    if let Some(span) = draft.network.as_ref().and_then(|network| network.span) {
        let problem = problems
            .problem(
                Code::NeedsNetwork,
                "`[network]` has no effect on the transport `in-process`",
            )
            .at(span, "sets up a network")
            .help("use the transport `websocket`, or remove `[network]`");
        problems.push(because(problem));
    }
    let faults = draft.faults.iter().flat_map(|faults| &faults.kinds);
    for fault in faults.filter(|fault| fault.value.needs_network()) {
        let Some(span) = fault.span else { continue };
        let problem = problems
            .problem(
                Code::NeedsNetwork,
                format!("the fault `{}` needs a network", fault.value.name()),
            )
            .at(span, "cannot strike in process")
            .help("use the transport `websocket`; only `client-reconnect` strikes in process");
        problems.push(because(problem));
    }
}

/// What must happen in a run must happen before its time is up.
fn check_times(draft: &Draft<'_>, problems: &mut Problems) {
    let Some(budget) = &draft.budget else { return };
    let limit = budget.virtual_time;
    if let Some(bridge) = &draft.bridge {
        check_before("`run_timeout`", bridge.run_timeout, limit, problems);
    }
    if let Some(faults) = &draft.faults
        && faults.plan.budget > 0
    {
        let window = At {
            value: faults.plan.until,
            span: faults.window,
        };
        check_before("the end of `window`", window, limit, problems);
    }
}

fn check_before(what: &str, time: At<Duration>, limit: At<Duration>, problems: &mut Problems) {
    if time.value < limit.value {
        return;
    }
    let Some(span) = time.span.or(limit.span) else {
        return;
    };
    let problem = problems
        .problem(
            Code::TimesOutOfOrder,
            format!(
                "{what} ({}) is not before the end of the run ({})",
                durations::show(time.value),
                durations::show(limit.value)
            ),
        )
        .at(span, "the run may end first")
        .help("lower it, or raise `virtual_time` in `[budget]`");
    problems.push(match (time.span, limit.span) {
        (Some(_), Some(limit)) => problem.also(limit, "ends here"),
        _ => problem,
    });
}

/// A run must fit into the memory of a laptop.
fn check_size(groups: &[Group], per_thread: u32, problems: &mut Problems) {
    let each = |of_one: &dyn Fn(&AgentKind) -> u64| -> u64 {
        groups
            .iter()
            .map(|group| of_one(&group.spec.kind).saturating_mul(u64::from(group.spec.count)))
            .fold(0, u64::saturating_add)
    };
    let agents = each(&|kind| family(kind).len() as u64);
    let events = each(&events_of_family);
    let clients = threads(groups).saturating_mul(u64::from(per_thread));
    let limits = [
        ("agents", agents, MAX_AGENTS),
        ("events", events, MAX_EVENTS),
        ("clients", clients, MAX_CLIENTS),
    ];
    let largest = groups.iter().max_by_key(|group| {
        events_of_family(&group.spec.kind).saturating_mul(u64::from(group.spec.count))
    });
    let Some(largest) = largest else { return };
    for (what, number, limit) in limits {
        if number > limit {
            problems.report(
                Code::TooBig,
                largest.span,
                format!("{} {what} in one run", grouped(number)),
                "the largest group",
                format!("a run holds at most {} {what}", grouped(limit)),
            );
        }
    }
}

fn events_of_family(kind: &AgentKind) -> u64 {
    family(kind)
        .into_iter()
        .map(AgentKind::events)
        .fold(0, u64::saturating_add)
}

/// The number of threads that the groups write to.
fn threads(groups: &[Group]) -> u64 {
    let of = |policy| {
        groups
            .iter()
            .filter(move |group| group.spec.thread == policy)
    };
    let own: u64 = of(ThreadPolicy::Own)
        .map(|group| u64::from(group.spec.count))
        .sum();
    let group = of(ThreadPolicy::Group).count() as u64;
    let shared = u64::from(of(ThreadPolicy::Shared).next().is_some());
    own + group + shared
}

/// A defect goes with a violation, and a violation with its oracle.
fn check_verdict(
    defect: Option<At<Defect>>,
    verdict: At<ExpectedVerdict>,
    expected: &Expected,
    problems: &mut Problems,
) {
    match (defect, verdict.value) {
        (Some(defect), ExpectedVerdict::Pass) => {
            let span = verdict.span.or(defect.span).unwrap_or_default();
            problems.report(
                Code::DefectVerdict,
                span,
                format!(
                    "the defect `{}` must lead to a violation",
                    defect.value.name()
                ),
                "expected to pass",
                "name the oracle that finds it: `verdict = \"violation:no-loss\"`",
            );
        }
        (None, ExpectedVerdict::Violation(_)) => problems.report(
            Code::DefectVerdict,
            verdict.span.unwrap_or_default(),
            "a violation is expected of a system without a defect",
            "what should cause it?",
            "switch a defect on in `system`, or expect \"pass\"",
        ),
        _ => {}
    }
    let (ExpectedVerdict::Violation(oracle), Some(oracles)) = (verdict.value, &expected.oracles)
    else {
        return;
    };
    if oracles.iter().all(|listed| listed.value != oracle) {
        problems.report(
            Code::AbsentOracle,
            verdict.span.unwrap_or_default(),
            format!("the oracle `{oracle}` does not judge"),
            "can never be found",
            format!("add \"{oracle}\" to `oracles`"),
        );
    }
}

/// An oracle that checks nothing is an error.
fn check_oracles(groups: &[Group], oracles: &[At<OracleRef>], problems: &mut Problems) {
    for oracle in oracles {
        let lacking = match oracle.value.name() {
            "hierarchy" if !takes_part(groups, is_supervisor) => {
                ("no supervisor takes part", "a supervisor")
            }
            "isolation" if threads(groups) < 2 => {
                ("there is only one thread", "at least two threads")
            }
            _ => continue,
        };
        problems.report(
            Code::IdleOracle,
            oracle.span.unwrap_or_default(),
            format!("the oracle `{}` has nothing to check", oracle.value),
            lacking.0,
            format!("it needs {}; otherwise remove it", lacking.1),
        );
    }
}

/// A goal that cannot be reached would fail every sweep.
fn check_goals(draft: &Draft<'_>, expected: &Expected, problems: &mut Problems) {
    let reached = expected.reached.iter().flatten();
    for goal in reached.clone() {
        check_goal(*goal, true, draft, problems);
    }
    for goal in expected.sometimes.iter().flatten() {
        check_goal(*goal, false, draft, problems);
        if let Some(always) = reached.clone().find(|always| always.value == goal.value) {
            let problem = problems
                .problem(
                    Code::RepeatedEntry,
                    format!("the goal `{}` is named twice", goal.value),
                )
                .at(goal.span.unwrap_or_default(), "follows from `reached`")
                .also(always.span.unwrap_or_default(), "reached by every run")
                .help("remove it from `sometimes`");
            problems.push(problem);
        }
    }
}

fn check_goal(goal: At<Goal>, always: bool, draft: &Draft<'_>, problems: &mut Problems) {
    let obstacle = match (goal.value, &draft.agents, &draft.faults) {
        (Goal::Mark(Mark::Fault(kind)), _, Some(faults)) => {
            let listed = faults.kinds.iter().any(|listed| listed.value == kind);
            fault_obstacle(listed, always, faults)
        }
        (Goal::Mark(Mark::BarrierReleased), Some(groups), _) => {
            (!takes_part(groups, is_collision)).then_some("no collision agent takes part")
        }
        (Goal::Mark(Mark::DeathNoticed), Some(groups), _) => {
            (!takes_part(groups, dies_silently)).then_some("no agent dies silently")
        }
        (Goal::Mark(Mark::Interleaved), Some(groups), _) => {
            alone(groups).then_some("each thread belongs to one agent")
        }
        _ => None,
    };
    if let (Some(obstacle), Some(span)) = (obstacle, goal.span) {
        problems.report(
            Code::UnreachableGoal,
            span,
            format!("the goal `{}` is out of reach", goal.value),
            obstacle,
            "remove the goal, or add what leads to it",
        );
    }
}

fn fault_obstacle(listed: bool, always: bool, faults: &Faults) -> Option<&'static str> {
    if !listed {
        return Some("this fault is not among `kinds`");
    }
    if always && faults.plan.at_least == 0 {
        return Some("with `at_least = 0` a run may draw no fault");
    }
    if always && faults.kinds.len() > 1 {
        return Some("a run may draw another of the `kinds`");
    }
    None
}

fn takes_part(groups: &[Group], wanted: fn(&AgentKind) -> bool) -> bool {
    groups
        .iter()
        .any(|group| family(&group.spec.kind).into_iter().any(wanted))
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

/// Whether no two runs write to the same thread.
fn alone(groups: &[Group]) -> bool {
    let runs: u64 = groups
        .iter()
        .map(|group| {
            (family(&group.spec.kind).len() as u64).saturating_mul(u64::from(group.spec.count))
        })
        .fold(0, u64::saturating_add);
    runs <= threads(groups)
}
