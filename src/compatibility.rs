//! What of a scenario a system can play, and what is left out because it cannot.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use rehearsal_agents::bridge::{Cause, needs, transport_capability};
use rehearsal_agents::capability::Capability;
use rehearsal_agents::record::Mark;
use rehearsal_agents::bridge::Transport;
use rehearsal_agents::spec::Fault;
use rehearsal_history::Facet;

use crate::oracle::OracleRef;
use crate::report::summary::counted;
use crate::scenario::{Goal, Scenario, names};
use crate::system::Named;

/// Something that a scenario asks for, and a system cannot do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct MissingCapability {
    pub(crate) what: Requirement,
    pub(crate) capability: Capability,
}

/// What in a scenario asks for a capability.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Requirement {
    Transport,
    Fault(Fault),
    Goal(Goal),
    Oracle(OracleRef),
}

/// `fault bridge-crash`.
impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transport => f.write_str("transport"),
            Self::Fault(fault) => write!(f, "fault {}", fault.name()),
            Self::Goal(goal) => write!(f, "goal {goal}"),
            Self::Oracle(oracle) => write!(f, "oracle {oracle}"),
        }
    }
}

/// `recovery (fault bridge-crash)`.
impl fmt::Display for MissingCapability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.capability, self.what)
    }
}

pub(crate) fn listed(missing: &[MissingCapability]) -> String {
    let missing: Vec<String> = missing.iter().map(ToString::to_string).collect();
    missing.join(", ")
}

/// A scenario as a system plays it.
#[derive(Clone, Debug)]
pub(crate) struct Compatibility {
    /// The scenario, without what the system cannot do.
    pub(crate) scenario: Scenario,
    /// What was left out; with it the scenario still means something.
    pub(crate) left_out: Vec<MissingCapability>,
    /// What it cannot be played without. If there is any, it is not played.
    pub(crate) prevented_by: Vec<MissingCapability>,
}

impl Compatibility {
    /// Gives a scenario to a system. One that carries a seeded defect of the
    /// reference becomes its healthy twin.
    pub(crate) fn new(scenario: &Scenario, named: &Arc<Named>) -> Self {
        let healthy = scenario.twin().unwrap_or_else(|| scenario.clone());
        let mut compatibility = Self {
            scenario: healthy.on(named),
            left_out: Vec::new(),
            prevented_by: Vec::new(),
        };
        compatibility.set_the_stage(named);
        compatibility.leave_out_checks(named);
        compatibility
    }

    /// Transport and faults: without them it is another play, or none.
    fn set_the_stage(&mut self, named: &Named) {
        for (capability, cause) in needs(&self.scenario.spec) {
            if named.system().supports(capability) {
                continue;
            }
            let what = match cause {
                Cause::Transport => Requirement::Transport,
                Cause::Fault(fault) => Requirement::Fault(fault),
            };
            let lack = MissingCapability { what, capability };
            match (cause, self.over_the_other_transport(named)) {
                (Cause::Transport, Some(scenario)) => {
                    self.scenario = scenario;
                    self.left_out.push(lack);
                }
                _ => self.prevented_by.push(lack),
            }
        }
    }

    fn over_the_other_transport(&self, named: &Named) -> Option<Scenario> {
        let other = match self.scenario.spec.transport {
            Transport::InProcess => Transport::WebSocket,
            Transport::WebSocket => Transport::InProcess,
        };
        let can = named.system().supports(transport_capability(other));
        can.then(|| self.scenario.with_transport(other).ok())?
    }

    /// Oracles and goals. A goal of every run is what the scenario is about.
    fn leave_out_checks(&mut self, named: &Named) {
        let lack = |what| {
            let capability = match what {
                Requirement::Goal(goal) => of_goal(goal),
                Requirement::Oracle(oracle) => of_oracle(oracle),
                Requirement::Transport | Requirement::Fault(_) => None,
            };
            let missing = capability.filter(|capability| !named.system().supports(*capability));
            missing.map(|capability| MissingCapability { what, capability })
        };
        let expect = &mut self.scenario.expect;
        let reached = expect.reached.iter();
        let reached = reached.filter_map(|goal| lack(Requirement::Goal(*goal)));
        self.prevented_by.extend(reached);
        let left_out = &mut self.left_out;
        let mut keep = |what| match lack(what) {
            Some(lack) => {
                left_out.push(lack);
                false
            }
            None => true,
        };
        expect
            .oracles
            .retain(|oracle| keep(Requirement::Oracle(*oracle)));
        expect
            .sometimes
            .retain(|goal| keep(Requirement::Goal(*goal)));
        if expect.oracles.is_empty() {
            self.prevented_by.append(left_out);
        }
    }

    /// What to say of a scenario that is played with less; none if it is whole.
    pub(crate) fn remark(&self) -> Option<String> {
        if self.left_out.is_empty() {
            return None;
        }
        let played = match self.scenario.spec.transport {
            transport if transport == self.scenario.declared_transport => String::new(),
            transport => format!("; played {}", names::transport(transport)),
        };
        Some(format!("left out: {}{played}", listed(&self.left_out)))
    }
}

/// What a run can only reach with a system that can do that.
fn of_goal(goal: Goal) -> Option<Capability> {
    match goal {
        Goal::LockContended => Some(Capability::Locks),
        Goal::Mark(Mark::Reconnected | Mark::Replayed) => Some(Capability::Resume),
        Goal::Mark(Mark::GapMarked) => Some(Capability::Gaps),
        Goal::Mark(Mark::Swept) => Some(Capability::Sweep),
        // The director or the agents see to these; a fault is asked for as such.
        Goal::Mark(
            Mark::Fault(_)
            | Mark::Interleaved
            | Mark::ConcurrentStartup
            | Mark::BarrierReleased
            | Mark::DeadlineFired
            | Mark::DeathNoticed,
        ) => None,
    }
}

/// The capability without which an oracle has nothing to check. A system that does not describe
/// itself is still held to the engine's census.
fn of_oracle(oracle: OracleRef) -> Option<Capability> {
    let reads = oracle.reads();
    reads
        .contains(&Facet::Invariants)
        .then_some(Capability::RegistryEvents)
}

/// The compatibilities of one system, counted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Tally {
    played: usize,
    unsupported: usize,
    /// Scenarios that are not played, by what they lack.
    prevented: BTreeMap<Capability, usize>,
    /// Scenarios that are played without that.
    left_out: BTreeMap<Requirement, usize>,
}

impl Tally {
    pub(crate) fn add(&mut self, compatibility: &Compatibility) {
        if compatibility.prevented_by.is_empty() {
            self.played += 1;
            for lack in &compatibility.left_out {
                *self.left_out.entry(lack.what).or_default() += 1;
            }
            return;
        }
        self.unsupported += 1;
        let missing = compatibility.prevented_by.iter();
        let missing: BTreeSet<Capability> = missing.map(|lack| lack.capability).collect();
        for capability in missing {
            *self.prevented.entry(capability).or_default() += 1;
        }
    }
}

/// `25 scenarios played, 3 unsupported (recovery 1, gaps 2); left out: oracle registry 12`.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let played = counted(self.played, "scenario");
        write!(f, "{played} played, {} unsupported", self.unsupported)?;
        if !self.prevented.is_empty() {
            write!(f, " ({})", counts(&self.prevented))?;
        }
        if !self.left_out.is_empty() {
            write!(f, "; left out: {}", counts(&self.left_out))?;
        }
        Ok(())
    }
}

fn counts<K: fmt::Display>(counts: &BTreeMap<K, usize>) -> String {
    let counts = counts.iter().map(|(what, count)| format!("{what} {count}"));
    counts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
#[path = "compatibility_tests.rs"]
mod tests;
