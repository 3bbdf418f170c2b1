//! Contradictions between shared sections that are right by themselves.

use std::path::Path as FilePath;
use std::time::Duration;

use rehearsal_agents::goal::Goal;
use rehearsal_agents::sections::{Contradiction, Path, Rule};
use rehearsal_agents::spec::Fault;
use rehearsal_agents::system::SystemInfo;

use rehearsal_history::metrics::Selector;

use super::words::{list, quote};
use crate::oracle::{OracleRef, Settings};
use crate::scenario::ExpectedVerdict;
use crate::scenario::code::Code;
use crate::scenario::discover;
use crate::scenario::sections::{Expectation, Faults, SharedFile};

/// A contradiction with the code under which it is reported.
pub(super) type Coded = Contradiction<Code>;

/// The code of a rule that systems check.
pub(super) fn code_of(rule: Rule) -> Code {
    match rule {
        Rule::UnevenParty => Code::UnevenParty,
        Rule::BadChild => Code::BadChild,
        Rule::SupervisorsTooDeep => Code::SupervisorsTooDeep,
        Rule::TooBig => Code::TooBig,
        Rule::NeedsNetwork => Code::NeedsNetwork,
        Rule::TimesOutOfOrder => Code::TimesOutOfOrder,
        Rule::IdleOracle => Code::IdleOracle,
        Rule::UnreachableGoal => Code::UnreachableGoal,
        Rule::ForeignDefect => Code::DefectVerdict,
    }
}

/// Contradictions of the name and the claim.
pub(super) fn texts(shared: &SharedFile, file: &FilePath) -> Vec<Coded> {
    let name = shared.name.sound().and_then(|name| bad_name(name, file));
    let claim = shared.claim.sound().and_then(|claim| bad_claim(claim));
    name.into_iter().chain(claim).collect()
}

fn bad_name(name: &str, file: &FilePath) -> Option<Coded> {
    /// Longest name, in characters.
    const NAME_MAX: usize = 64;
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    let is_name = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.len() <= NAME_MAX
        && name.chars().all(allowed);
    let place = Path::of("name");
    if !is_name {
        let message = format!("`{}` cannot be a name", quote(name));
        let help = "use lower-case letters, digits, `_` and `-`, a letter first, at most 64 in all";
        let problem = Coded::new(Code::BadText, message, place);
        return Some(problem.label("not a name").help(help));
    }
    let stem = discover::name_of(file);
    if name == stem {
        return None;
    }
    let stem = quote(&stem);
    let message = format!("the scenario's name differs from its file's, `{stem}`");
    let problem = Coded::new(Code::NameMismatch, message, place)
        .label("differs from the file's name")
        .help(format!("write \"{stem}\", or rename the file"));
    Some(problem)
}

fn bad_claim(claim: &str) -> Option<Coded> {
    /// Longest claim, in characters.
    const CLAIM_MAX: usize = 300;
    let label = if claim.trim().is_empty() {
        "says nothing"
    } else if claim.chars().any(char::is_control) {
        "more than one line"
    } else if claim.chars().count() > CLAIM_MAX {
        "too long"
    } else {
        return None;
    };
    let message = "the claim is not one sentence";
    let problem = Coded::new(Code::BadText, message, Path::of("claim"))
        .label(label)
        .help("write one line of at most 300 characters that states what the scenario shows");
    Some(problem)
}

/// Contradictions of a fault plan, if the file has one.
pub(super) fn faults(faults: &Faults, info: &SystemInfo) -> Vec<Coded> {
    let section = Path::of("faults");
    let at_budget = |message: String| {
        Coded::new(Code::FaultPlan, message, section.key("budget")).or_at(section.clone())
    };
    let mut found = Vec::new();
    if faults.budget > 0 && faults.kinds(info).is_empty() {
        let message = format!("a budget of {} faults, but no kinds", faults.budget);
        let problem = at_budget(message)
            .label("nothing to spend it on")
            .help("name the faults that may strike: `kinds = [\"partition\"]`");
        found.push(problem);
    }
    if faults.at_least > faults.budget {
        let message = format!(
            "at least {} faults cannot strike with a budget of {}",
            faults.at_least, faults.budget
        );
        let problem = Coded::new(Code::FaultPlan, message, section.key("at_least"))
            .label("more than the budget")
            .also(section.key("budget"), "the budget")
            .help("raise `budget` or lower `at_least`");
        found.push(problem);
    } else if faults.budget == 0 && faults.cancel == 0 && faults.at.is_empty() {
        let problem = at_budget("a fault plan with a budget of 0".to_owned())
            .label("no fault will ever strike")
            .help("raise `budget`, or remove `[faults]`");
        found.push(problem);
    }
    found
}

/// Times longer than the run: they have no effect, or leave nothing of the run.
pub(super) fn times(shared: &SharedFile, limit: Duration) -> Vec<Coded> {
    let mut times = Vec::new();
    if let Some(faults) = shared.faults.sound()
        && (faults.budget > 0 || !faults.at.is_empty())
    {
        let section = Path::of("faults");
        if faults.budget > 0 {
            times.push((
                "the end of `window`",
                faults.window.to,
                section.key("window"),
            ));
        }
        times.push(("`lasting`", faults.lasting, section.key("lasting")));
    }
    if let Some(network) = shared.network.sound() {
        let place = Path::of("network").key("latency");
        times.push(("the longest `latency`", network.latency.to, place));
    }
    times
        .into_iter()
        .filter_map(|(what, time, place)| Contradiction::after_the_end(what, time, place, limit))
        .map(|problem| problem.map_rule(code_of))
        .collect()
}

fn expect(key: &str) -> Path {
    Path::of("expect").key(key)
}

/// A defect goes with a violation, and a violation with its oracle.
pub(super) fn verdict(defect: Option<&str>, expected: &Expectation) -> Vec<Coded> {
    let verdict = expected.verdict.0;
    let place = expect("verdict");
    let mut found = Vec::new();
    match (defect, verdict) {
        (Some(defect), ExpectedVerdict::Pass) => {
            let message = format!("the defect `{}` must lead to a violation", quote(defect));
            let problem = Coded::new(Code::DefectVerdict, message, place.clone())
                .or_at(Path::of("system").key("defect"))
                .label("expected to pass")
                .help("name the oracle that finds it: `verdict = \"violation:no-loss\"`");
            found.push(problem);
        }
        (None, ExpectedVerdict::Violation(_)) => {
            let message = "a violation is expected of a system without a defect";
            let problem = Coded::new(Code::DefectVerdict, message, place.clone())
                .label("what should cause it?")
                .help("switch a defect on in `system`, or expect \"pass\"");
            found.push(problem);
        }
        _ => {}
    }
    if let ExpectedVerdict::Violation(oracle) = verdict
        && !expected.oracles().contains(&oracle)
    {
        let message = format!("the oracle `{oracle}` does not judge");
        let problem = Coded::new(Code::AbsentOracle, message, place)
            .label("can never be found")
            .help(format!("add \"{oracle}\" to `oracles`"));
        found.push(problem);
    }
    found
}

/// An oracle that reads what runs of the system do not record.
pub(super) fn unrecorded(expected: &Expectation, info: &SystemInfo) -> Vec<Coded> {
    let oracles = expected.oracles().into_iter().enumerate();
    oracles
        .filter_map(|(index, oracle)| {
            let mut reads = oracle.reads().iter();
            let missing = reads.find(|facet| !info.records.contains(facet))?;
            let label = format!("the system `{}` records no {missing}", info.name);
            let problem = Contradiction::idle_oracle(index, oracle.name(), label);
            Some(problem.help("remove the oracle").map_rule(code_of))
        })
        .collect()
}

/// An oracle that has nothing to check without settings, and has none; or a limit on a
/// metric that runs of the system do not record.
pub(super) fn unlimited(expected: &Expectation, info: &SystemInfo) -> Vec<Coded> {
    let settings = expected.settings();
    let oracles = expected.oracles().into_iter().enumerate();
    let needing = oracles.filter(|(_, oracle)| oracle.needs_settings());
    needing
        .flat_map(|(index, oracle)| match settings.get(&oracle) {
            None => vec![unset(index, oracle)],
            Some(settings) => unmeasured(index, oracle, settings, info),
        })
        .collect()
}

fn unset(index: usize, oracle: OracleRef) -> Coded {
    let settings: Vec<&str> = oracle
        .settings()
        .iter()
        .map(|setting| setting.name)
        .collect();
    let help = format!("write a table that sets {}", list(&settings));
    let problem = Contradiction::idle_oracle(index, oracle.name(), "it is told nothing to check");
    problem.help(help).map_rule(code_of)
}

fn unmeasured(
    index: usize,
    oracle: OracleRef,
    settings: &Settings,
    info: &SystemInfo,
) -> Vec<Coded> {
    let names = oracle.settings().iter().map(|setting| setting.name);
    let limits = names.flat_map(|name| settings.amounts(name).map(move |(key, _)| (name, key)));
    limits
        .filter_map(|(name, key)| {
            let facet = Selector::parse(key).ok()?.metric.reads?;
            if info.records.contains(&facet) {
                return None;
            }
            let message = format!("the limit of `{}` can measure nothing", quote(key));
            let place = expect("oracles").index(index).key(name).key(key);
            let label = format!("the system `{}` records no {facet}", info.name);
            let problem = Coded::new(Code::IdleOracle, message, place)
                .label(label)
                .help("remove the limit");
            Some(problem)
        })
        .collect()
}

/// The goals with their places.
pub(super) fn goals(expected: &Expectation, info: &SystemInfo) -> Vec<(Path, Goal)> {
    let list = |key: &str, goals: Vec<Goal>| {
        let place = expect(key);
        let goals = goals.into_iter().enumerate();
        goals
            .map(|(index, goal)| (place.index(index), goal))
            .collect::<Vec<_>>()
    };
    let mut goals = list("reached", expected.reached(info));
    goals.extend(list("sometimes", expected.sometimes(info)));
    goals
}

/// A goal that is named twice, or that no fault leads to.
pub(super) fn unreachable(
    expected: &Expectation,
    faults: Option<&Faults>,
    info: &SystemInfo,
) -> Vec<Coded> {
    let mut found = Vec::new();
    let reached = expected.reached(info);
    for (index, goal) in expected.sometimes(info).into_iter().enumerate() {
        let Some(always) = reached.iter().position(|always| *always == goal) else {
            continue;
        };
        let message = format!("the goal `{goal}` is named twice");
        let place = expect("sometimes").index(index);
        let problem = Coded::new(Code::RepeatedEntry, message, place)
            .label("follows from `reached`")
            .also(expect("reached").index(always), "reached by every run")
            .help("remove it from `sometimes`");
        found.push(problem);
    }
    let Some(faults) = faults else { return found };
    let always = expect("reached");
    for (place, goal) in goals(expected, info) {
        let Goal::Fault(kind) = goal else { continue };
        let always = place.is_within(&always);
        if let Some(obstacle) = obstacle(kind, always, faults, info) {
            let problem = Contradiction::unreachable_goal(place, goal, obstacle);
            found.push(problem.map_rule(code_of));
        }
    }
    found
}

fn obstacle(
    kind: Fault,
    always: bool,
    faults: &Faults,
    info: &SystemInfo,
) -> Option<&'static str> {
    if faults.strikes_at_effect(kind, info) {
        let is_left_out = always && faults.swarm;
        return is_left_out.then_some("with `swarm` a run may leave this fault out");
    }
    let kinds = faults.kinds(info);
    if !kinds.contains(&kind) {
        return Some("this fault is not among `kinds`");
    }
    if always && faults.at_least == 0 {
        return Some("with `at_least = 0` a run may draw no fault");
    }
    if always && kinds.len() > 1 {
        return Some("a run may draw another of the `kinds`");
    }
    None
}
