//! The lines of `rehearsal score --json`. The fields are a contract.

use serde::Serialize;

use super::Score;

/// One line: one defect under one strategy.
#[derive(Serialize, Debug)]
pub(crate) struct ScoreLine<'a> {
    defect: &'static str,
    scenario: &'a str,
    system: &'static str,
    /// The oracle that is expected to find the defect.
    oracle: Option<&'static str>,
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
    signatures: Vec<SignatureCount<'a>>,
    /// Failures in which another judge came first.
    other_failures: u64,
    /// Runs of the healthy twin that failed; null if it was not run.
    false_alarms: Option<u64>,
    /// Runs of the healthy twin.
    twin_seeds: Option<u64>,
}

/// One entry of `signatures`.
#[derive(Serialize, Debug)]
struct SignatureCount<'a> {
    judge: &'a str,
    rule: Option<&'a str>,
    count: u64,
}

impl<'a> From<&'a Score> for ScoreLine<'a> {
    fn from(score: &'a Score) -> Self {
        let interval = score.detected.interval();
        Self {
            defect: score.defect,
            scenario: &score.scenario,
            system: score.system,
            oracle: score.oracle,
            strategy: score.strategy.to_string(),
            detected: score.detected.hits,
            seeds: score.detected.runs,
            interval: [interval.low, interval.high],
            runs_to_first: score.blocks.median(),
            signatures: score
                .failures
                .iter()
                .map(|(signature, count)| SignatureCount {
                    judge: &signature.judge,
                    rule: signature.rule.as_deref(),
                    count: *count,
                })
                .collect(),
            other_failures: score.other_failures(),
            false_alarms: score.false_alarms.map(|rate| rate.hits),
            twin_seeds: score.false_alarms.map(|rate| rate.runs),
        }
    }
}
