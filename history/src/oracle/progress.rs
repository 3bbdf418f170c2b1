//! Progress: once the core of the system is whole, work goes on, whatever is still broken around
//! it. The core is whole from the mark `core-healed` on; in a history without that mark, from
//! the end of its last fault.
//!
//! Work is open while a span has not ended, an operation has no result, or a message no answer.
//! Each result, answer, receipt and end of a span is progress. Within the setting `within_ms`, 10
//! seconds without it, there is some as long as work is open. It need not concern all work:
//! `starvation` bounds each wait.
//!
//! Source: the liveness mode of TigerBeetle's VOPR, which heals a core of replicas and leaves the
//! others as they are.

use std::time::Duration;

use rehearsal_sim::VirtualTime;

use super::{Finding, Oracle, Report, Rule, Setting, SettingValues, Settings};
use crate::entry::{EntryKind, FaultPhase};
use crate::facets::{CheckedRun, Facet};

/// The mark from which on the core is whole.
const HEALED: &str = "core-healed";

/// The setting with the bound.
const WITHIN: &str = "within_ms";

/// The bound without a setting.
const STALL_MAX: Duration = Duration::from_secs(10);

/// The oracle `progress`.
#[derive(Debug)]
pub struct Progress;

impl Oracle for Progress {
    fn name(&self) -> &'static str {
        "progress"
    }

    fn claim(&self) -> &'static str {
        "once the core is healed, work goes on"
    }

    fn reads(&self) -> &'static [Facet] {
        &[]
    }

    fn rules(&self) -> &'static [Rule] {
        &[Rule {
            name: "stalled",
            meaning: "The core was healed, work was open, and nothing went on for too long.",
        }]
    }

    fn settings(&self) -> &'static [Setting] {
        &[Setting {
            name: WITHIN,
            meaning: "The longest time without progress, in milliseconds: 10,000 without this.",
            values: SettingValues::Number,
        }]
    }

    fn needs_settings(&self) -> bool {
        true
    }

    fn check(&self, run: &CheckedRun<'_>, settings: &Settings) -> Finding {
        let mut report = Report::new();
        let within = settings.number(WITHIN).map(Duration::from_millis);
        let within = within.unwrap_or(STALL_MAX);
        let Some(healed) = healed_at(run) else {
            return report.finish();
        };
        let (mut open, mut since) = (0_u64, healed);
        for entry in &run.history.entries {
            let step = Step::of(&entry.kind);
            if open > 0 && entry.at >= healed && step.is_progress() {
                report.check(1);
                report_stall(since, entry.at, within, &mut report);
            }
            // Nothing stalls while nothing is open.
            if open == 0 || step.is_progress() {
                since = entry.at.max(healed);
            }
            match step {
                Step::Opens => open += 1,
                Step::Closes => open = open.saturating_sub(1),
                Step::Goes | Step::Other => {}
            }
        }
        let last = run.history.entries.iter().map(|entry| entry.at).max();
        if let Some(last) = last.filter(|_| open > 0) {
            report.check(1);
            report_stall(since, last.max(since), within, &mut report);
        }
        report.finish()
    }
}

/// The meaning of an entry for the work of a run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    /// One more piece of work is open.
    Opens,
    /// One is done.
    Closes,
    /// Something arrived.
    Goes,
    /// None.
    Other,
}

impl Step {
    fn of(kind: &EntryKind) -> Self {
        match kind {
            EntryKind::Sent(_) | EntryKind::Invoked { .. } | EntryKind::Began(_) => Self::Opens,
            EntryKind::Accepted(_)
            | EntryKind::Rejected { .. }
            | EntryKind::Returned { .. }
            | EntryKind::Failed { .. }
            | EntryKind::Ended { .. } => Self::Closes,
            EntryKind::Received(_) => Self::Goes,
            _ => Self::Other,
        }
    }

    fn is_progress(self) -> bool {
        matches!(self, Self::Closes | Self::Goes)
    }
}

/// Returns the time from which on the core is whole; none for a run without faults.
fn healed_at(run: &CheckedRun<'_>) -> Option<VirtualTime> {
    let entries = || run.history.entries.iter();
    let marked = entries().find(|entry| match &entry.kind {
        EntryKind::Reached(mark) => mark.0 == HEALED,
        _ => false,
    });
    let ended = || {
        let phase = FaultPhase::Ended;
        let mut ends = entries().filter(|entry| match entry.kind {
            EntryKind::Fault { phase: of, .. } => of == phase,
            _ => false,
        });
        ends.next_back()
    };
    marked.or_else(ended).map(|entry| entry.at)
}

fn report_stall(from: VirtualTime, to: VirtualTime, within: Duration, report: &mut Report) {
    let stall = to.since(from);
    if stall > within {
        report.broken("stalled", [], from, || {
            format!(
                "the core was healed and work was open, but nothing went on for {stall:?} from \
                 {from} on; the bound is {within:?}"
            )
        });
    }
}
