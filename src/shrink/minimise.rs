//! Takes decisions out as long as the run still fails, then lowers their values.
//!
//! A. Zeller, R. Hildebrandt: "Simplifying and Isolating Failure-Inducing Input",
//! IEEE TSE 2002, gives the order in which parts are tried. A part that can go
//! is judged by what the run then really decides, not by what it was given.

use rehearsal_sim::Schedule;

use super::session::ShrinkSession;
use super::{Best, Stopped};

/// Takes out halves, quarters, …, single decisions, until none can go.
pub(super) fn decisions(session: &mut ShrinkSession<'_>, best: &mut Best) -> Result<(), Stopped> {
    let mut size = best.schedule.len().div_ceil(2);
    while size > 0 && !best.schedule.is_empty() {
        let mut progress = false;
        // From the end: the last decisions are the least likely to matter, as
        // the failure may have been settled before them.
        let mut end = best.schedule.len();
        while end > 0 {
            let start = end.saturating_sub(size);
            let rest = without(&best.schedule, start, end);
            let report = session.replay(&*best.variant, &rest)?;
            progress |= session.accept(best, report);
            end = start.min(best.schedule.len());
        }
        if !progress || size > 1 {
            size = if size == 1 { 0 } else { size.div_ceil(2) };
        }
    }
    Ok(())
}

fn without(schedule: &Schedule, start: usize, end: usize) -> Schedule {
    let mut decisions = schedule.deviations().to_vec();
    decisions.drain(start..end.min(schedule.len()));
    Schedule::new(decisions)
}

/// Lowers each value as far as it goes.
pub(super) fn values(session: &mut ShrinkSession<'_>, best: &mut Best) -> Result<(), Stopped> {
    let mut index = 0;
    while let Some(decision) = best.schedule.deviations().get(index) {
        // The run fails with `high`, and is not known to with anything lower.
        let (mut low, mut high) = (1, decision.value);
        while low < high {
            let middle = if low == 1 { 1 } else { low + (high - low) / 2 };
            let lower = best.schedule.with_value(index, middle);
            let report = session.replay(&*best.variant, &lower)?;
            let schedule = report.outcome.tape.schedule();
            let same = schedule.len() <= best.schedule.len()
                && schedule.deviations().get(index).map(|d| d.value) == Some(middle);
            if session.is_it(&report) && same {
                best.schedule = schedule;
                best.report = report;
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        index += 1;
    }
    Ok(())
}
