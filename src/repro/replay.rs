//! A replay of a repro, with its result.

use std::borrow::Cow;
use std::fmt;

use rehearsal_sim::{Divergence, Fingerprint, Schedule};

use crate::exit::Exit;
use crate::repro::{Repro, VariantError};
use crate::run::RunReport;
use crate::run::signature::Signature;
use crate::target::Target;

/// The result of a replay: exactly one of these, the first that holds in the
/// order scenario changed, diverged, no longer fails, another fingerprint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Replayed {
    /// The same failure after the same effects. What no effect shows, such as the bytes of a
    /// payload, may be other ones.
    Reproduced,
    /// The same failure, and something else on the way there.
    OtherFingerprint {
        /// The expected one.
        expected: Fingerprint,
        /// The one found.
        found: Fingerprint,
    },
    /// The run met another choice than the repro recorded.
    Diverged {
        /// The choice's place in the file's list, from 1.
        choice: usize,
        /// The alternatives expected and found there.
        at: Divergence,
    },
    /// The scenario is not the one that the repro was made from.
    ScenarioChanged(Change),
    /// The run passes, or fails in another way.
    NoLongerFails {
        /// The failure that came out instead, if one did.
        instead: Option<Signature>,
    },
}

/// The difference of a scenario from the one that a repro was made from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// Its text differs. It could be run all the same.
    Text,
    /// It differs so much that the repro cannot be run on it.
    VariantError(VariantError),
}

/// A replay.
#[derive(Debug)]
pub struct Replay {
    /// The result.
    pub result: Replayed,
    /// The run, judged for the expected failure or, if that did not show, for
    /// everything. None if the repro could not be run.
    pub report: Option<RunReport>,
    /// `true` if the run shows the expected failure, whatever the result is.
    pub shows_failure: bool,
}

impl Replay {
    /// Returns the deviations of the repro; those that are drawn again, of its run.
    pub fn deviations<'a>(&self, repro: &'a Repro) -> Cow<'a, Schedule> {
        match (&repro.drawn, &self.report) {
            (Some(_), Some(report)) => Cow::Owned(report.outcome.tape.schedule()),
            _ => Cow::Borrowed(&repro.schedule),
        }
    }

    /// Replays a repro on its target as that is now.
    pub fn of(repro: &Repro, target: &dyn Target) -> Self {
        let report = match run_once(repro, target) {
            Ok(report) => report,
            Err(unplayable) => {
                return Self {
                    result: Replayed::ScenarioChanged(Change::VariantError(unplayable)),
                    report: None,
                    shows_failure: false,
                };
            }
        };
        let found = Signature::of(&report);
        let expected = &repro.expected.signature;
        let shows_failure = report.verdict == repro.expected.verdict
            && found.as_ref().is_some_and(|found| expected.matches(found));
        let result = if repro.is_outdated(&target.identity()) {
            Replayed::ScenarioChanged(Change::Text)
        } else if let Some(at) = report.outcome.divergence.clone() {
            Replayed::Diverged {
                choice: at.deviation + 1,
                at,
            }
        } else if !shows_failure {
            Replayed::NoLongerFails { instead: found }
        } else if report.outcome.fingerprint != repro.expected.fingerprint {
            Replayed::OtherFingerprint {
                expected: repro.expected.fingerprint,
                found: report.outcome.fingerprint,
            }
        } else {
            Replayed::Reproduced
        };
        Self {
            result,
            report: Some(report),
            shows_failure,
        }
    }

    /// Returns the exit code of `rehearsal replay`: the verdict's own if the failure
    /// was reproduced, else with the one that says that it was not.
    pub fn exit(&self) -> Exit {
        match &self.report {
            Some(report) if self.result.is_reproduced() => report.verdict.exit(),
            _ => Exit::NotReproduced,
        }
    }

    /// Returns the meaning of the result in a sentence, with what was found where that is
    /// not what the repro expects. Without control characters, whatever the repro
    /// has in it.
    pub fn explain(&self, repro: &Repro) -> String {
        let sentence = self.sentence(repro);
        sentence.replace(char::is_control, "\u{FFFD}")
    }

    fn sentence(&self, repro: &Repro) -> String {
        let expected = &repro.expected.signature;
        match &self.result {
            Replayed::Reproduced => "the same failure, with the same fingerprint".to_owned(),
            Replayed::OtherFingerprint { expected, found } => {
                format!("the same failure; expected {expected}, found {found}")
            }
            Replayed::Diverged { at, .. } => format!(
                "at `{}` expected {}, found {}; the other deviations were followed, and {}",
                at.site,
                at.expected,
                at.found,
                self.outcome()
            ),
            Replayed::ScenarioChanged(Change::Text) => format!(
                "{} is not the one that the repro was made from; run all the same, {}",
                repro.origin,
                self.outcome()
            ),
            Replayed::ScenarioChanged(Change::VariantError(reason)) => {
                format!("it can no longer be run: {reason}")
            }
            Replayed::NoLongerFails { instead: None } => {
                format!("it passes; expected `{expected}`")
            }
            Replayed::NoLongerFails {
                instead: Some(found),
            } if expected.matches(found) => format!(
                "it fails as `{found}`; expected the verdict {}, found {}",
                repro.expected.verdict,
                self.report.as_ref().map_or("none", |it| it.verdict.word()),
            ),
            Replayed::NoLongerFails {
                instead: Some(found),
            } => format!("it fails in another way; expected `{expected}`, found `{found}`"),
        }
    }

    fn outcome(&self) -> &'static str {
        let passes = self
            .report
            .as_ref()
            .is_some_and(|report| report.failures.is_empty());
        match (self.shows_failure, passes) {
            (true, _) => "it fails as expected",
            (false, true) => "it passes",
            (false, false) => "it fails in another way",
        }
    }
}

/// Replays the repro, checked for the failure that it expects, as it was shrunk for.
/// If that does not show, everything else that is wrong must not stay hidden.
fn run_once(repro: &Repro, target: &dyn Target) -> Result<RunReport, VariantError> {
    let report = repro.run_once(&*repro.variant_of(target)?);
    let expected = &repro.expected.signature;
    let shown = Signature::of(&report).is_some_and(|found| expected.matches(&found));
    if shown || !repro.cuts.is_empty() {
        return Ok(report);
    }
    Ok(repro.run_once(&*repro.whole_variant_of(target)?))
}

impl Replayed {
    /// Returns `true` if the expected failure was found without any difference that matters.
    pub fn is_reproduced(&self) -> bool {
        matches!(self, Self::Reproduced | Self::OtherFingerprint { .. })
    }

    /// One word, as in JSON: `reproduced`, `reproduced-other-fingerprint`,
    /// `diverged`, `scenario-changed`, `no-longer-fails`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Reproduced => "reproduced",
            Self::OtherFingerprint { .. } => "reproduced-other-fingerprint",
            Self::Diverged { .. } => "diverged",
            Self::ScenarioChanged(_) => "scenario-changed",
            Self::NoLongerFails { .. } => "no-longer-fails",
        }
    }
}

/// `diverged at choice 3`.
impl fmt::Display for Replayed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reproduced => f.write_str("reproduced"),
            Self::OtherFingerprint { .. } => f.write_str("reproduced with another fingerprint"),
            Self::Diverged { choice, .. } => write!(f, "diverged at choice {choice}"),
            Self::ScenarioChanged(_) => f.write_str("scenario changed"),
            Self::NoLongerFails { .. } => f.write_str("no longer fails"),
        }
    }
}
