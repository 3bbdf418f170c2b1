//! Deadlock: nothing waits for ever. The engine sees that; this oracle makes its
//! verdict one that a scenario can ask for.
//!
//! What it checks are the tasks of the run: each of them could have been left
//! waiting. One task alone has nobody to wait for, so that such a run does not
//! exercise it.

use rehearsal_sim::Verdict;

use super::finding::Report;
use super::view::View;
use super::{Finding, Oracle};

pub(super) fn judge(view: &View<'_>) -> Finding {
    let mut report = Report::new(Oracle::Deadlock);
    let tasks = view.statistics.tasks;
    if tasks > 1 {
        report.check(usize::try_from(tasks).unwrap_or(usize::MAX));
    }
    let waits_for_ever = matches!(
        view.verdict,
        Verdict::Deadlock { .. } | Verdict::Livelock { .. } | Verdict::Timeout { .. }
    );
    if waits_for_ever {
        report.broken(view.verdict.at(), || view.verdict.to_string());
    }
    report.finish()
}
