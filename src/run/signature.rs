//! The identity of a failure: two seeds that fail alike have one signature.

use std::fmt;

use xxhash_rust::xxh3::xxh3_64;

use crate::oracle::OracleRef;
use crate::run::{Detector, Failure, RunReport};
use crate::scenario::Scenario;

/// The judge and the rule that a failure breaks. Failures with one signature are
/// taken for one bug, whatever their messages say.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Signature {
    /// The oracle's name, or the engine's verdict, as in `violations` of the JSON.
    pub judge: String,
    /// The broken rule; of a panic its place, of a goal its name. None stands for
    /// every rule of the judge: repros of format 1 do not know it.
    pub rule: Option<String>,
}

impl Signature {
    /// Returns the signature of a run's first failure; none for a run that passed.
    pub fn of(report: &RunReport) -> Option<Self> {
        report.failures.first().map(Self::of_failure)
    }

    /// Returns the signature of a failure.
    pub fn of_failure(failure: &Failure) -> Self {
        Self {
            judge: failure.judge.name().to_owned(),
            rule: Some(failure.rule.to_string()),
        }
    }

    /// Returns `true` if `found` is a failure such as this one.
    pub fn matches(&self, found: &Self) -> bool {
        let same_rule = self.rule.is_none() || self.rule == found.rule;
        self.judge == found.judge && same_rule
    }

    /// Returns sixteen hexadecimal digits that stand for it, for example in file names.
    pub fn digest(&self) -> String {
        format!("{:016x}", xxh3_64(self.to_string().as_bytes()))
    }
}

/// `fifo/overtaken`.
impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.judge)?;
        match &self.rule {
            Some(rule) => write!(f, "/{rule}"),
            None => Ok(()),
        }
    }
}

impl Scenario {
    /// The same scenario, judged for that signature alone: other oracles keep
    /// silent, and nothing else must be reached. The run is the same, because
    /// oracles never change one.
    #[must_use]
    pub fn focused(&self, signature: &Signature) -> Scenario {
        let mut scenario = self.clone();
        retain_judge(&mut scenario.expect.oracles, signature);
        scenario.expect.sometimes.clear();
        if signature.judge != REACHED {
            scenario.expect.reached.clear();
        }
        scenario
    }
}

/// Removes the oracles that are not the signature's judge. A deadlock oracle that comes
/// after the judge stays: where none is, the engine's deadlock is reported by itself, and
/// first.
pub(crate) fn retain_judge(oracles: &mut Vec<OracleRef>, signature: &Signature) {
    let mut judged = false;
    oracles.retain(|oracle| {
        let judge = Detector::Oracle(*oracle).name() == signature.judge;
        judged |= judge;
        judge || (judged && oracle.reports_verdict())
    });
}

/// The name of the judge of goals.
pub(crate) const REACHED: &str = "reached";
