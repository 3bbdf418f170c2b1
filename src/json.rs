//! What `--json` prints: one object a line. The fields are a contract.

use rehearsal_agents::spec::Defect;
use serde::Serialize;

use crate::run::RunReport;
use crate::scenario::{Scenario, names};

/// One line of `rehearsal run --json`: one seed.
#[derive(Serialize, Debug)]
pub struct RunLine<'a> {
    scenario: &'a str,
    seed: u64,
    strategy: String,
    transport: &'static str,
    verdict: &'static str,
    fingerprint: String,
    choices: u64,
    steps: u64,
    virtual_ms: u64,
    emitted: u64,
    delivered: u64,
    gap_marked: u64,
    violations: Vec<ViolationEntry<'a>>,
    /// The repro file; null, because there is none yet.
    repro: Option<String>,
}

/// One entry of `violations`.
#[derive(Serialize, Debug)]
struct ViolationEntry<'a> {
    oracle: &'static str,
    message: &'a str,
    at_ms: Option<u64>,
}

impl<'a> From<&'a RunReport> for RunLine<'a> {
    fn from(report: &'a RunReport) -> Self {
        Self {
            scenario: &report.scenario,
            seed: report.seed,
            strategy: report.strategy.to_string(),
            transport: names::transport(report.transport),
            verdict: report.verdict.word(),
            fingerprint: report.fingerprint.to_string(),
            choices: report.statistics.choices,
            steps: report.statistics.steps,
            virtual_ms: report.statistics.virtual_time.as_millis(),
            emitted: report.ledger.emitted,
            delivered: report.ledger.delivered,
            gap_marked: report.ledger.gap_marked,
            violations: report
                .violations
                .iter()
                .map(|failure| ViolationEntry {
                    oracle: failure.judge.name(),
                    message: &failure.message,
                    at_ms: failure.at.map(|at| at.as_millis()),
                })
                .collect(),
            repro: None,
        }
    }
}

/// One line of `rehearsal list --json`: one scenario.
#[derive(Serialize, Debug)]
pub struct ListLine<'a> {
    name: &'a str,
    file: String,
    claim: &'a str,
    system: &'static str,
    transport: &'static str,
    defect: Option<&'static str>,
    oracles: Vec<&'static str>,
    agents: u32,
    seeds: u32,
}

impl<'a> From<&'a Scenario> for ListLine<'a> {
    fn from(scenario: &'a Scenario) -> Self {
        Self {
            name: &scenario.name,
            file: scenario.file.display().to_string(),
            claim: &scenario.claim,
            system: "bridge",
            transport: names::transport(scenario.spec.transport),
            defect: scenario.spec.defect.map(Defect::name),
            oracles: scenario
                .expect
                .oracles
                .iter()
                .map(|oracle| oracle.name())
                .collect(),
            agents: scenario.spec.agents.iter().map(|group| group.count).sum(),
            seeds: scenario.seeds,
        }
    }
}
