//! The parts of a scenario that a custom system supports, and those that are left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use rehearsal_agents::capability::Capability;
use rehearsal_agents::goal::Goal;
use rehearsal_agents::sections::{Path, Step};
use rehearsal_agents::spec::Fault;
use rehearsal_agents::system::{AnySystem, Cause, Need};

use crate::oracle::OracleRef;
use crate::report::summary::counted;
use crate::scenario::{Edit, Scenario};
use crate::system::RegisteredSystem;

/// A part of a scenario that a system does not support.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct MissingCapability {
    pub what: Requirement,
    pub capability: Capability,
}

/// The part of a scenario that needs a capability.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Requirement {
    Setting(Path),
    Fault(Fault),
    Goal(Goal),
    Oracle(OracleRef),
}

/// `fault crash:server`.
impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setting(path) => match path.steps().last() {
                Some(Step::Key(key)) => f.write_str(key),
                _ => write!(f, "{path}"),
            },
            Self::Fault(fault) => write!(f, "fault {}", fault.name()),
            Self::Goal(goal) => write!(f, "goal {goal}"),
            Self::Oracle(oracle) => write!(f, "oracle {oracle}"),
        }
    }
}

/// `recovery (fault crash:server)`.
impl fmt::Display for MissingCapability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.capability, self.what)
    }
}

pub fn listed(missing: &[MissingCapability]) -> String {
    let missing: Vec<String> = missing.iter().map(ToString::to_string).collect();
    missing.join(", ")
}

/// A scenario as a system runs it.
#[derive(Clone, Debug)]
pub struct Compatibility {
    /// The scenario, without what the system cannot do.
    pub scenario: Scenario,
    /// The parts that were left out; without them the scenario still has a meaning.
    pub left_out: Vec<MissingCapability>,
    /// The parts without which it has none. If there is any, it is not run.
    pub prevented_by: Vec<MissingCapability>,
}

impl Compatibility {
    /// Gives a scenario to a system. One that carries a seeded defect of the
    /// reference becomes its healthy twin.
    pub fn new(scenario: &Scenario, named: &Arc<RegisteredSystem>) -> Self {
        let healthy = scenario.twin().unwrap_or_else(|| scenario.clone());
        let mut compatibility = Self {
            scenario: healthy.on(named),
            left_out: Vec::new(),
            prevented_by: Vec::new(),
        };
        compatibility.replace_settings(named.system());
        compatibility.leave_out_checks(named.system());
        compatibility
    }

    /// Settings and faults: without them it is another scenario, or none.
    fn replace_settings(&mut self, system: &dyn AnySystem) {
        for Need { capability, cause } in missing_needs(system, &self.scenario) {
            match cause {
                Cause::Setting { path, others } => {
                    let replaced = with_another(&self.scenario, system, &path, &others);
                    let what = Requirement::Setting(path);
                    let missing = MissingCapability { what, capability };
                    match replaced {
                        Some(scenario) => {
                            self.scenario = scenario;
                            self.left_out.push(missing);
                        }
                        None => self.prevented_by.push(missing),
                    }
                }
                Cause::Fault(fault) => {
                    let what = Requirement::Fault(fault);
                    self.prevented_by
                        .push(MissingCapability { what, capability });
                }
            }
        }
    }

    /// Oracles and goals. A goal of every run is what the scenario is about.
    fn leave_out_checks(&mut self, system: &dyn AnySystem) {
        let lack = |what| {
            let capability = match &what {
                Requirement::Goal(goal) => goal.needs(),
                Requirement::Oracle(oracle) => of_oracle(*oracle, system),
                Requirement::Setting(_) | Requirement::Fault(_) => None,
            };
            let missing = capability.filter(|capability| !system.supports(*capability));
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

    /// Returns the remark on a scenario that is run with less; none if it is whole.
    pub fn remark(&self) -> Option<String> {
        if self.left_out.is_empty() {
            return None;
        }
        let changed = match &self.left_out[..] {
            left_out if left_out.iter().any(MissingCapability::is_setting) => {
                let options = self.scenario.options.iter();
                let options = options.map(|(key, value)| format!("{key} {value}"));
                format!("; run with {}", options.collect::<Vec<_>>().join(", "))
            }
            _ => String::new(),
        };
        Some(format!("left out: {}{changed}", listed(&self.left_out)))
    }
}

impl MissingCapability {
    fn is_setting(&self) -> bool {
        matches!(self.what, Requirement::Setting(_))
    }
}

/// The needs of a scenario that the system does not meet.
fn missing_needs(system: &dyn AnySystem, scenario: &Scenario) -> Vec<Need> {
    let needs = system.needs(&scenario.spec).into_iter();
    needs
        .filter(|need| !system.supports(need.capability))
        .collect()
}

/// The scenario with the first of the other values with which it is valid, and which the
/// system supports.
fn with_another(
    scenario: &Scenario,
    system: &dyn AnySystem,
    path: &Path,
    others: &[&'static str],
) -> Option<Scenario> {
    others.iter().find_map(|other| {
        let mut set = scenario.set.clone();
        set.push(Edit::text(path.clone(), other));
        let replaced = scenario.with_set(&set).ok()?;
        let needs = missing_needs(system, &replaced);
        let unmet =
            |need: &Need| matches!(&need.cause, Cause::Setting { path: p, .. } if p == path);
        (!needs.iter().any(unmet)).then_some(replaced)
    })
}

/// The capability without which an oracle has nothing to check. A system that does not
/// describe itself is still held to the engine's census.
fn of_oracle(oracle: OracleRef, system: &dyn AnySystem) -> Option<Capability> {
    let mut needed = oracle.reads().iter();
    needed.find_map(|facet| system.info().needed_for(*facet))
}

/// The compatibilities of one system, counted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    run: usize,
    unsupported: usize,
    /// Scenarios that are not run, by the missing capability.
    prevented: BTreeMap<Capability, usize>,
    /// Scenarios that are run without that part.
    left_out: BTreeMap<Requirement, usize>,
}

impl Tally {
    pub fn add(&mut self, compatibility: &Compatibility) {
        if compatibility.prevented_by.is_empty() {
            self.run += 1;
            for lack in &compatibility.left_out {
                *self.left_out.entry(lack.what.clone()).or_default() += 1;
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

/// `25 scenarios run, 3 unsupported (recovery 1, gaps 2); left out: oracle registry 12`.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let run = counted(self.run, "scenario");
        write!(f, "{run} run, {} unsupported", self.unsupported)?;
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
