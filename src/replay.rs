//! Playing a repro again, and saying what came of it.

use std::fmt;

use rehearsal_sim::{Divergence, Fingerprint};

use crate::exit::Exit;
use crate::repro::{Repro, Unplayable};
use crate::run::{Books, RunReport};
use crate::signature::Signature;
use crate::subject::Subject;

/// What a replay came to: exactly one of these, the first that holds in the
/// order scenario changed, diverged, no longer fails, another fingerprint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Replayed {
    /// The same failure, byte for byte.
    Reproduced,
    /// The same failure, and something else on the way there.
    OtherFingerprint {
        /// What the repro expects.
        expected: Fingerprint,
        /// What came out.
        found: Fingerprint,
    },
    /// The run met another choice than the repro recorded.
    Diverged {
        /// The choice's place in the file's list, from 1.
        choice: usize,
        /// What was expected there, and what was found.
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

/// How a scenario differs from the one that a repro was made from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// Its text does. It could be played all the same.
    Text,
    /// So much that the repro cannot be played on it.
    Unplayable(Unplayable),
}

/// A replay.
#[derive(Debug)]
pub struct Replay<B = Books> {
    /// What it came to.
    pub result: Replayed,
    /// The run, judged for the expected failure or, if that did not show, for
    /// everything. None if the repro could not be played.
    pub report: Option<RunReport<B>>,
    /// Whether the run shows the expected failure, whatever else is to be said.
    pub shows_failure: bool,
}

impl<B> Replay<B> {
    /// Plays a repro on its subject as it is now.
    pub fn of<S: Subject<Books = B>>(repro: &Repro, subject: &S) -> Self {
        let report = match play(repro, subject) {
            Ok(report) => report,
            Err(unplayable) => {
                return Self {
                    result: Replayed::ScenarioChanged(Change::Unplayable(unplayable)),
                    report: None,
                    shows_failure: false,
                };
            }
        };
        let found = Signature::of(&report);
        let shows_failure = found.as_ref() == Some(&repro.expected.signature);
        let result = if subject.has_changed(repro) {
            Replayed::ScenarioChanged(Change::Text)
        } else if let Some(at) = report.divergence.clone() {
            Replayed::Diverged {
                choice: at.deviation + 1,
                at,
            }
        } else if !shows_failure {
            Replayed::NoLongerFails { instead: found }
        } else if report.fingerprint != repro.expected.fingerprint {
            Replayed::OtherFingerprint {
                expected: repro.expected.fingerprint,
                found: report.fingerprint,
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

    /// How `rehearsal replay` ends: with the verdict's own code if the failure
    /// was reproduced, else with the one that says that it was not.
    pub fn exit(&self) -> Exit {
        match &self.report {
            Some(report) if self.result.is_reproduced() => report.verdict.exit(),
            _ => Exit::NotReproduced,
        }
    }

    /// What the result means, in a sentence, with what came out where that is
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
                "at `{}` expected {}, found {}; the other choices were followed, and {}",
                at.site,
                at.expected,
                at.found,
                self.outcome()
            ),
            Replayed::ScenarioChanged(Change::Text) => format!(
                "{} is not the one that the repro was made from; played all the same, {}",
                repro.origin,
                self.outcome()
            ),
            Replayed::ScenarioChanged(Change::Unplayable(reason)) => {
                format!("it cannot be played any more: {reason}")
            }
            Replayed::NoLongerFails { instead: None } => {
                format!("it passes; expected `{expected}`")
            }
            Replayed::NoLongerFails {
                instead: Some(found),
            } => format!("it fails otherwise; expected `{expected}`, found `{found}`"),
        }
    }

    fn outcome(&self) -> &'static str {
        let passes = self
            .report
            .as_ref()
            .is_some_and(|report| report.violations.is_empty());
        match (self.shows_failure, passes) {
            (true, _) => "it fails as expected",
            (false, true) => "it passes",
            (false, false) => "it fails otherwise",
        }
    }
}

/// Plays the repro judged for the failure that it expects, as it was shrunk for.
/// If that does not show, everything else that is wrong must not stay hidden.
fn play<S: Subject>(repro: &Repro, subject: &S) -> Result<RunReport<S::Books>, Unplayable> {
    let report = repro.play(&repro.stage(subject)?);
    let expected = Some(&repro.expected.signature);
    if Signature::of(&report).as_ref() == expected || !repro.cuts.is_empty() {
        return Ok(report);
    }
    Ok(repro.play(&repro.stage_whole(subject)?))
}

impl Replayed {
    /// Whether the expected failure came out, with nothing to make one doubt it.
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
