//! Shrinking: the least scenario and the fewest decisions with which a run still
//! fails in the same way.
//!
//! First goes what a person would take out: agents, events, faults, clients.
//! Each smaller scenario may fail under the schedule that is known, under the
//! boring one, or under one that a few seeds find. Then the scheduler's decisions
//! are searched for anew, with none, one, two: to take decisions out of a schedule
//! that a strategy found leaves more of them than the bug needs, because those
//! that are left lean on each other. What remains is minimised one by one, first
//! whether it is there, then its value.

mod cuts;
mod explain;
mod lab;
mod minimise;
mod research;

use std::fmt;

use rehearsal_sim::{DecisionKind, Schedule};

use crate::repro::{Expected, Repro, Shrunk, Unplayable};
use crate::run::RunReport;
use crate::scenario::{Cut, Scenario};
use crate::signature::Signature;
use crate::subject::Subject;

use self::lab::Lab;

pub(crate) use self::explain::task_name;
pub use self::explain::{Explained, Explanation};

/// How long to go on.
pub struct Limits<'a> {
    /// Most runs.
    pub runs: u64,
    /// Asked before each run: whether to stop now and keep what there is.
    pub stop: &'a dyn Fn() -> bool,
}

impl Limits<'static> {
    /// That many runs.
    pub fn runs(runs: u64) -> Self {
        Self {
            runs,
            stop: &|| false,
        }
    }
}

impl fmt::Debug for Limits<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limits").field("runs", &self.runs).finish()
    }
}

/// A failure, shrunk.
#[derive(Debug)]
pub struct Shrinking<S: Subject = Scenario> {
    /// The repro; it has been played and does what it says.
    pub repro: Repro,
    /// What it plays.
    pub staged: S,
    /// The run, recorded.
    pub report: RunReport<S::Books>,
    /// What matters in it, decision by decision.
    pub explanation: Explanation,
    /// Whether everything that could be tried was tried; else a limit was
    /// reached.
    pub complete: bool,
}

/// Why there is nothing to shrink.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ShrinkError {
    /// The repro does not fit its subject.
    Unplayable(Unplayable),
    /// The repro does not fail as it says; what it does instead.
    FailsNot(Option<Signature>),
}

impl fmt::Display for ShrinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unplayable(reason) => write!(f, "{reason}"),
            Self::FailsNot(None) => f.write_str("it no longer fails"),
            Self::FailsNot(Some(signature)) => write!(f, "it fails otherwise: {signature}"),
        }
    }
}

impl std::error::Error for ShrinkError {}

/// The smallest failing run so far.
struct Best<S: Subject> {
    cuts: Vec<Cut>,
    staged: S,
    schedule: Schedule,
    report: RunReport<S::Books>,
}

impl<S: Subject> Best<S> {
    /// What counts: first what takes the turn, then everything else.
    fn measure(&self) -> (usize, usize) {
        measure(&self.schedule)
    }
}

fn measure(schedule: &Schedule) -> (usize, usize) {
    let preemptions = schedule.count(DecisionKind::Preemption);
    (preemptions, schedule.len())
}

/// Shrinks a repro of a subject as it is now.
/// Deterministic, unless `limits` stop it.
///
/// # Errors
///
/// If the repro cannot be played, or does not fail as it says.
pub fn shrink<S: Subject>(
    subject: &S,
    repro: &Repro,
    limits: &Limits<'_>,
) -> Result<Shrinking<S>, ShrinkError> {
    let (mut lab, mut best) = begin(subject, repro, limits)?;
    let before = best.measure();
    let complete = work(&mut lab, &mut best).is_ok();
    let explanation = explain::explain(&mut lab, &best);
    let earlier = repro.shrunk.unwrap_or(Shrunk {
        runs: 0,
        decisions: before.1,
        preemptions: before.0,
    });
    Ok(Shrinking {
        repro: Repro {
            cuts: best.cuts,
            schedule: best.schedule,
            remarks: explanation.remarks(),
            expected: Expected {
                verdict: best.report.verdict,
                signature: repro.expected.signature.clone(),
                fingerprint: best.report.fingerprint,
            },
            shrunk: Some(Shrunk {
                runs: earlier.runs + lab.runs(),
                ..earlier
            }),
            ..repro.clone()
        },
        staged: best.staged,
        report: best.report,
        explanation,
        complete,
    })
}

/// Plays a repro and explains it, without making it smaller.
///
/// # Errors
///
/// As [`shrink`].
pub fn study<S: Subject>(
    subject: &S,
    repro: &Repro,
    limits: &Limits<'_>,
) -> Result<Shrinking<S>, ShrinkError> {
    let (mut lab, best) = begin(subject, repro, limits)?;
    let explanation = explain::explain(&mut lab, &best);
    Ok(Shrinking {
        repro: repro.clone(),
        staged: best.staged,
        report: best.report,
        explanation,
        complete: true,
    })
}

/// Plays the repro as it is.
fn begin<'a, S: Subject>(
    subject: &S,
    repro: &Repro,
    limits: &'a Limits<'a>,
) -> Result<(Lab<'a, S>, Best<S>), ShrinkError> {
    let uncut = Repro {
        cuts: Vec::new(),
        ..repro.clone()
    };
    let whole = uncut.stage(subject).map_err(ShrinkError::Unplayable)?;
    let staged = repro.stage(subject).map_err(ShrinkError::Unplayable)?;
    let lab = Lab::new(whole, repro.expected.signature.clone(), repro.seed, limits);
    let report = repro.play(&staged);
    if !lab.is_it(&report) {
        return Err(ShrinkError::FailsNot(Signature::of(&report)));
    }
    let best = Best {
        cuts: staged.reductions().to_vec(),
        schedule: report.tape.schedule(),
        staged,
        report,
    };
    Ok((lab, best))
}

/// A limit was reached: what there is must do.
#[derive(Debug)]
struct Stopped;

/// All passes, until none of them finds anything.
fn work<S: Subject>(lab: &mut Lab<'_, S>, best: &mut Best<S>) -> Result<(), Stopped> {
    lab.boring(best)?;
    loop {
        let before = (best.cuts.clone(), best.schedule.clone());
        cuts::cut(lab, best)?;
        research::world(lab, best)?;
        research::scheduler(lab, best)?;
        minimise::decisions(lab, best)?;
        minimise::values(lab, best)?;
        if (&best.cuts, &best.schedule) == (&before.0, &before.1) {
            return Ok(());
        }
    }
}
