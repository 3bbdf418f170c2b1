//! The canonical timeline of a run: what each run emitted and when each client
//! had it, in a form that is small, stable and worth reviewing.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use rehearsal_agents::event::{EventKind, RunId};
use rehearsal_agents::record::{Emission, Evidence, Fate};

use crate::run::RunReport;

/// Runs that are shown; the others are counted.
const SHOWN_RUNS: usize = 6;

/// The timeline of a run.
pub fn canonical(report: &RunReport) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_timeline(&mut text, report);
    text
}

fn write_timeline(text: &mut String, report: &RunReport) -> fmt::Result {
    writeln!(
        text,
        "{} seed {} {}: {}",
        report.target, report.seed, report.strategy, report.verdict
    )?;
    let Some(judged) = &report.judged else {
        return Ok(());
    };
    writeln!(
        text,
        "{} emitted, {} delivered, {} gap-marked, ends at {}",
        judged.ledger.emitted,
        judged.ledger.delivered,
        judged.ledger.gap_marked,
        report.outcome.statistics.virtual_time
    )?;
    let evidence = &judged.evidence;
    let by_run = emissions_by_run(evidence);
    let arrivals = arrivals(evidence);
    for (run, emissions) in by_run.iter().take(SHOWN_RUNS) {
        let Some(record) = evidence.runs.get(run) else {
            continue;
        };
        write!(text, "{run} {} on {}", record.agent, record.thread)?;
        if let Some(parent) = record.parent {
            write!(text, ", started by {parent}")?;
        }
        writeln!(text)?;
        write_emissions(text, emissions, &arrivals)?;
    }
    if by_run.len() > SHOWN_RUNS {
        writeln!(text, "and {} more runs", by_run.len() - SHOWN_RUNS)?;
    }
    for (client, gap, at) in &evidence.gaps {
        let to = gap.to.map_or("the end".to_owned(), |to| to.0.to_string());
        writeln!(
            text,
            "{client} is told at {at} that {} has a gap in epoch {}, {} to {to}",
            gap.thread, gap.epoch.0, gap.from.0
        )?;
    }
    Ok(())
}

fn emissions_by_run(evidence: &Evidence) -> BTreeMap<RunId, Vec<&Emission>> {
    let mut by_run: BTreeMap<RunId, Vec<&Emission>> = BTreeMap::new();
    for emission in &evidence.emissions {
        by_run.entry(emission.run).or_default().push(emission);
    }
    by_run
}

/// For each event, who had it when.
type Arrivals = BTreeMap<u64, Vec<String>>;

fn arrivals(evidence: &Evidence) -> Arrivals {
    let mut arrivals = Arrivals::new();
    for delivery in &evidence.deliveries {
        let entry = format!("{} {}", delivery.client, delivery.at);
        arrivals.entry(delivery.event.id.0).or_default().push(entry);
    }
    arrivals
}

/// Lines for a run's events; progress updates in a row share one.
fn write_emissions(text: &mut String, emissions: &[&Emission], arrivals: &Arrivals) -> fmt::Result {
    let is_progress = |emission: &&Emission| emission.kind == EventKind::Progress;
    let both = |a: &&Emission, b: &&Emission| is_progress(a) && is_progress(b);
    for group in emissions.chunk_by(both) {
        let [first, .., last] = group else {
            write_emission(text, group[0], arrivals)?;
            continue;
        };
        writeln!(
            text,
            "  {} .. {} progress × {}",
            first.at,
            last.at,
            group.len()
        )?;
    }
    Ok(())
}

fn write_emission(text: &mut String, emission: &Emission, arrivals: &Arrivals) -> fmt::Result {
    write!(text, "  {} {}", emission.at, emission.kind)?;
    if let Some(tool) = &emission.payload.tool {
        write!(text, " {}#{}", tool.name, tool.call)?;
    }
    if let Some(run) = emission.payload.subagent {
        write!(text, " {run}")?;
    }
    if let Some(error) = &emission.payload.error {
        write!(text, " ({error})")?;
    }
    match &emission.fate {
        Fate::Accepted(_) => {}
        Fate::Rejected(reason) => write!(text, " rejected: {reason}")?,
        Fate::Unanswered => write!(text, " unanswered")?,
    }
    if let Some(clients) = arrivals.get(&emission.id.0) {
        write!(text, " -> {}", clients.join(", "))?;
    }
    writeln!(text)
}
