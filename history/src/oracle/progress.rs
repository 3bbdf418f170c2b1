//! Progress: once the core of the system is whole, work goes on, whatever is still broken around
//! it. The core is whole from the mark `core-healed` on; in a history without that mark, from
//! the end of its last fault.
//!
//! Work is open while a span has not ended, an operation has no result, or a message no answer;
//! also a message or an operation whose actor has given up waiting, since it may yet take effect.
//! A system that may lose requests therefore needs a bound longer than its quiet time. Each
//! receipt, and the first result, answer or end of open work, is progress; a repeated one is
//! none. Within the setting `within_ms`, 10 seconds without it, there is some as long as work is
//! open. It need not concern all work: `starvation` bounds each wait.
//!
//! Source: the liveness mode of TigerBeetle's VOPR, which heals a core of replicas and leaves the
//! others as they are.

use std::collections::BTreeSet;
use std::time::Duration;

use rehearsal_sim::VirtualTime;

use super::within::{WITHIN, within};
use super::{Finding, Oracle, Report, Rule, Setting, SettingValues, Settings};
use crate::entry::{EntryKind, FaultPhase, Mark};
use crate::facets::{CheckedRun, Facet};
use crate::ids::EntityId;

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

    fn is_opt_in(&self) -> bool {
        true
    }

    fn check(&self, run: &CheckedRun<'_>, settings: &Settings) -> Finding {
        let mut report = Report::new();
        let within = within(settings);
        let Some(healed) = healed_at(run) else {
            return report.finish();
        };
        let (mut open, mut since) = (BTreeSet::new(), healed);
        for entry in &run.history.entries {
            let step = Step::of(&entry.kind);
            let is_progress = step.is_progress(&open);
            if !open.is_empty() && entry.at >= healed && is_progress {
                report.check(1);
                report_stall(since, entry.at, within, &mut report);
            }
            // Nothing stalls while nothing is open.
            if open.is_empty() || is_progress {
                since = entry.at.max(healed);
            }
            match step {
                Step::Opens(work) => drop(open.insert(work)),
                Step::Closes(work) => drop(open.remove(&work)),
                Step::Goes | Step::Other => {}
            }
        }
        let last = run.history.entries.iter().map(|entry| entry.at).max();
        if let Some(last) = last.filter(|_| !open.is_empty()) {
            report.check(1);
            report_stall(since, last.max(since), within, &mut report);
        }
        report.finish()
    }
}

/// The meaning of an entry for the work of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Step {
    /// This piece of work is open.
    Opens(EntityId),
    /// This one is done.
    Closes(EntityId),
    /// Something arrived.
    Goes,
    /// None.
    Other,
}

impl Step {
    fn of(kind: &EntryKind) -> Self {
        match kind {
            EntryKind::Sent(sent) => Self::Opens(sent.message.into()),
            EntryKind::Invoked { operation, .. } => Self::Opens((*operation).into()),
            EntryKind::Began(began) => Self::Opens(began.span.into()),
            EntryKind::Accepted(accepted) => Self::Closes(accepted.message.into()),
            EntryKind::Rejected { message, .. } => Self::Closes((*message).into()),
            EntryKind::Returned { operation, .. } | EntryKind::Failed { operation, .. } => {
                Self::Closes((*operation).into())
            }
            EntryKind::Ended { span, .. } => Self::Closes((*span).into()),
            EntryKind::Received(_) => Self::Goes,
            _ => Self::Other,
        }
    }

    fn is_progress(self, open: &BTreeSet<EntityId>) -> bool {
        match self {
            Self::Closes(work) => open.contains(&work),
            Self::Goes => true,
            Self::Opens(_) | Self::Other => false,
        }
    }
}

/// Returns the time from which on the core is whole; none for a run without faults.
fn healed_at(run: &CheckedRun<'_>) -> Option<VirtualTime> {
    let entries = || run.history.entries.iter();
    let marked = entries().find(|entry| match &entry.kind {
        EntryKind::Reached(mark) => *mark == Mark::CORE_HEALED,
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
