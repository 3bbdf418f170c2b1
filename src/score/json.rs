//! The lines of `rehearsal score --json`. The fields are a contract.

use serde::{Deserialize, Serialize};

use super::{Rate, Score};
use crate::run::signature::Signature;
use crate::run::{RunVerdict, StrategyName};

/// One line: one defect under one strategy.
#[derive(Serialize, Deserialize, Debug)]
pub(crate) struct ScoreLine {
    defect: String,
    scenario: String,
    system: String,
    /// The oracle that is expected to find the defect.
    oracle: Option<String>,
    strategy: String,
    /// Runs in which it was the first to find something.
    detected: u64,
    /// Runs of the defect: fewer than were asked for if it was seen often enough.
    seeds: u64,
    /// The bounds of the Wilson interval of 95 per cent, in hundredths of a per cent.
    interval: [u64; 2],
    /// The median; null if no run showed the defect.
    runs_to_first: Option<u64>,
    /// Every failure.
    signatures: Vec<SignatureCount>,
    /// Failures in which another judge came first.
    other_failures: u64,
    /// Runs of the healthy twin that failed; null if it was not run.
    false_alarms: Option<u64>,
    /// Runs of the healthy twin.
    twin_seeds: Option<u64>,
}

/// One entry of `signatures`.
#[derive(Serialize, Deserialize, Debug)]
struct SignatureCount {
    judge: String,
    rule: Option<String>,
    count: u64,
}

impl From<&Score> for ScoreLine {
    fn from(score: &Score) -> Self {
        let interval = score.detected.interval();
        Self {
            defect: score.defect.clone(),
            scenario: score.scenario.clone(),
            system: score.system.clone(),
            oracle: score.oracle.clone(),
            strategy: score.strategy.to_string(),
            detected: score.detected.hits,
            seeds: score.detected.runs,
            interval: [interval.low, interval.high],
            runs_to_first: score.runs_to_first,
            signatures: score
                .failures
                .iter()
                .map(|(signature, count)| SignatureCount {
                    judge: signature.judge.clone(),
                    rule: signature.rule.clone(),
                    count: *count,
                })
                .collect(),
            other_failures: score.other_failures(),
            false_alarms: score.false_alarms.map(|rate| rate.hits),
            twin_seeds: score.false_alarms.map(|rate| rate.runs),
        }
    }
}

/// Reads the lines that `rehearsal score --json` has printed.
///
/// # Errors
///
/// If a line is none of them: its number, from 1, and what is wrong with it.
pub(crate) fn read_scores(text: &str) -> Result<Vec<Score>, (usize, String)> {
    let lines = text.lines().enumerate();
    lines
        .map(|(index, line)| {
            let line: Result<ScoreLine, _> = serde_json::from_str(line);
            let score = line.map_err(|error| error.to_string()).and_then(score_of);
            score.map_err(|problem| (index + 1, problem))
        })
        .collect()
}

fn score_of(line: ScoreLine) -> Result<Score, String> {
    let rate = |hits, runs| match hits <= runs {
        true => Ok(Rate { hits, runs }),
        false => Err(format!("{hits} of {runs} runs")),
    };
    let false_alarms = match (line.false_alarms, line.twin_seeds) {
        (Some(hits), Some(runs)) => Some(rate(hits, runs)?),
        _ => None,
    };
    let detected = rate(line.detected, line.seeds)?;
    let failures = line.signatures.into_iter().map(|entry| {
        let signature = Signature {
            judge: entry.judge,
            rule: entry.rule,
        };
        (signature, entry.count)
    });
    Ok(Score {
        strategy: StrategyName::sampling(&line.strategy)?,
        scenario: line.scenario,
        system: line.system,
        defect: line.defect,
        oracle: line.oracle,
        detected,
        runs_to_first: line.runs_to_first,
        failures: failures.collect(),
        twin_verdict: match false_alarms {
            Some(Rate { hits: 1.., .. }) => RunVerdict::Violation,
            _ => RunVerdict::Pass,
        },
        false_alarms,
    })
}
