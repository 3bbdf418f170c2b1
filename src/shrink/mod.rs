//! Shrinking: the least scenario and the fewest decisions with which a run still
//! fails in the same way.
//!
//! First goes what a person would take out: agents, events, faults, clients.
//! Each smaller scenario may fail under the schedule that is known, under the
//! default one, or under one that a few seeds find. Then the scheduler's decisions
//! are searched for anew, with none, one, two: to take decisions out of a schedule
//! that a strategy found leaves more of them than the bug needs, because those
//! that are left lean on each other. A series of decisions against one task is
//! replaced by a postponement of it. What remains is minimised one by one, first
//! whether it is there, then its value.

mod cuts;
mod explain;
mod minimise;
mod schedule_search;
mod series;
mod session;
#[cfg(test)]
mod yields;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use rehearsal_sim::{DeviationKind, Schedule};

use crate::repro::{Expected, Repro, Shrunk, VariantError};
use crate::run::RunReport;
use crate::run::signature::Signature;
use crate::scenario::Cut;
use crate::target::Target;
use crate::watchdog;

use self::session::ShrinkSession;

pub use self::explain::{Explained, Explanation, Later};
pub(crate) use self::explain::{described, task_name};

/// The limits of shrinking.
pub struct Limits<'a> {
    /// Most runs.
    pub runs: u64,
    /// Requirement before each run: whether to stop now and keep what there is.
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
pub struct ShrinkResult {
    /// The repro; a replay shows its failure.
    pub repro: Repro,
    /// The variant of the target that it runs.
    pub variant: Arc<dyn Target>,
    /// The run, recorded.
    pub report: RunReport,
    /// The meaning of each deviation.
    pub explanation: Explanation,
    /// `true` if everything that could be tried was tried; else a limit was
    /// reached.
    pub complete: bool,
}

/// The reason why there is nothing to shrink.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ShrinkError {
    /// The repro does not fit its subject.
    VariantError(VariantError),
    /// The repro does not fail as it says; what it does instead.
    DoesNotFail(Option<Signature>),
}

impl ShrinkResult {
    /// Returns the deviations of the run.
    pub fn schedule(&self) -> Cow<'_, Schedule> {
        match self.repro.drawn {
            None => Cow::Borrowed(&self.repro.schedule),
            Some(_) => Cow::Owned(self.report.outcome.tape.schedule()),
        }
    }
}

impl fmt::Display for ShrinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::VariantError(reason) => write!(f, "{reason}"),
            Self::DoesNotFail(None) => f.write_str("it no longer fails"),
            Self::DoesNotFail(Some(signature)) => write!(f, "it fails in another way: {signature}"),
        }
    }
}

impl std::error::Error for ShrinkError {}

/// The smallest failing run so far.
struct Best {
    cuts: Vec<Cut>,
    variant: Arc<dyn Target>,
    schedule: Schedule,
    report: RunReport,
}

impl Best {
    fn size(&self) -> Size {
        Size::of(&self.schedule)
    }
}

/// The size of a schedule: first the deviations, then how much they do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Size {
    deviations: usize,
    /// Deviations that last longer than a turn.
    postponements: usize,
    preemptions: usize,
}

impl Size {
    fn of(schedule: &Schedule) -> Self {
        Self {
            deviations: schedule.len(),
            postponements: schedule.count(DeviationKind::Postponement),
            preemptions: schedule.count(DeviationKind::Preemption),
        }
    }
}

/// Shrinks a repro of a subject as it is now.
/// Deterministic, unless `limits` stop it.
///
/// # Errors
///
/// If the repro cannot be run, or does not fail as it says.
pub fn shrink(
    target: &dyn Target,
    repro: &Repro,
    limits: &Limits<'_>,
) -> Result<ShrinkResult, ShrinkError> {
    watchdog::watch(target, None, || shrink_watched(target, repro, limits))
}

fn shrink_watched(
    target: &dyn Target,
    repro: &Repro,
    limits: &Limits<'_>,
) -> Result<ShrinkResult, ShrinkError> {
    let (mut session, mut best) = begin(target, repro, limits)?;
    let before = best.size();
    let first = best.report.outcome.fingerprint;
    let complete = work(&mut session, &mut best).is_ok();
    observe(&session, &mut best);
    let explanation = explain::explain(&mut session, &best);
    let earlier = repro.shrunk.unwrap_or(Shrunk {
        runs: 0,
        decisions: before.deviations,
        preemptions: before.preemptions,
    });
    // Of a run that did not get smaller, seed and strategy still give the choices.
    let same = best.report.outcome.fingerprint == first && best.cuts == repro.cuts;
    let drawn = repro.drawn.clone().filter(|_| same);
    // What did not get smaller took no runs to be as small as it is.
    let runs = match same && repro.shrunk.is_some() {
        true => 0,
        false => session.runs(),
    };
    Ok(ShrinkResult {
        repro: Repro {
            cuts: best.cuts,
            schedule: match drawn {
                Some(_) => Schedule::default(),
                None => best.schedule,
            },
            drawn,
            remarks: explanation.remarks(),
            expected: Expected {
                verdict: best.report.verdict,
                signature: repro.expected.signature.clone(),
                fingerprint: best.report.outcome.fingerprint,
            },
            shrunk: Some(Shrunk {
                runs: earlier.runs + runs,
                ..earlier
            }),
            ..repro.clone()
        },
        variant: best.variant,
        report: best.report,
        explanation,
        complete,
    })
}

/// Replays a repro and explains it, without making it smaller.
///
/// # Errors
///
/// As [`shrink`].
pub fn study(
    target: &dyn Target,
    repro: &Repro,
    limits: &Limits<'_>,
) -> Result<ShrinkResult, ShrinkError> {
    watchdog::watch(target, None, || study_watched(target, repro, limits))
}

fn study_watched(
    target: &dyn Target,
    repro: &Repro,
    limits: &Limits<'_>,
) -> Result<ShrinkResult, ShrinkError> {
    let (mut session, mut best) = begin(target, repro, limits)?;
    observe(&session, &mut best);
    let explanation = explain::explain(&mut session, &best);
    Ok(ShrinkResult {
        repro: repro.clone(),
        variant: best.variant,
        report: best.report,
        explanation,
        complete: true,
    })
}

/// Deviations up to which a run is observed: to look for the line of code of each takes long.
const OBSERVED_MAX: usize = 2_000;

/// Puts the run of the best schedule, observed, in the place of its run.
fn observe(session: &ShrinkSession<'_>, best: &mut Best) {
    if best.schedule.len() > OBSERVED_MAX {
        return;
    }
    if let Some(report) = session.observe(best) {
        best.report = report;
    }
}

/// Replays the repro as it is.
fn begin<'a>(
    target: &'a dyn Target,
    repro: &'a Repro,
    limits: &'a Limits<'a>,
) -> Result<(ShrinkSession<'a>, Best), ShrinkError> {
    let session = ShrinkSession::new(target, repro, limits);
    let variant = repro
        .variant_of(target)
        .map_err(ShrinkError::VariantError)?;
    let report = repro.run_once(&*variant);
    if !session.is_it(&report) {
        return Err(ShrinkError::DoesNotFail(Signature::of(&report)));
    }
    let best = Best {
        cuts: variant.reduced_by().to_vec(),
        schedule: report.outcome.tape.schedule(),
        variant,
        report,
    };
    Ok((session, best))
}

/// A limit was reached: what there is must do.
#[derive(Debug)]
struct Stopped;

/// All passes, until none of them finds anything.
fn work(session: &mut ShrinkSession<'_>, best: &mut Best) -> Result<(), Stopped> {
    session.default_schedule(best)?;
    loop {
        let before = (best.cuts.clone(), best.schedule.clone());
        cuts::cut(session, best)?;
        schedule_search::world(session, best)?;
        series::postpone(session, best)?;
        schedule_search::scheduler(session, best)?;
        minimise::decisions(session, best)?;
        minimise::values(session, best)?;
        if (&best.cuts, &best.schedule) == (&before.0, &before.1) {
            return Ok(());
        }
    }
}
