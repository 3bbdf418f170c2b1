//! The results of an exploration, for people.

use std::fmt::{self, Write};

use rehearsal_sim::{Alternative, Scope};

use super::{Coverage, Exploration, FailureGroup, Search, Shortfall, Unseen, per_second};
use crate::console::Shown;
use crate::report::summary::{BAD, BOLD, GOOD, many, styled};
use crate::run::RunVerdict;
use crate::scenario::ExpectedVerdict;
use crate::target::Target;

/// Returns a failure whose signature is new, in full.
pub(crate) fn failure(finding: &FailureGroup) -> String {
    match finding.first.deviations() {
        [] => finding.text.clone(),
        deviations => {
            let picks: Vec<String> = deviations
                .iter()
                .map(|deviation| match deviation.instead {
                    Alternative::Take(index) => format!("pick {} takes {index}", deviation.pick),
                    Alternative::Postpone => format!("pick {} postpones 0", deviation.pick),
                })
                .collect();
            format!(
                "{}  the default schedule but for: {}\n",
                finding.text,
                picks.join(", ")
            )
        }
    }
}

/// Returns the block at the end of an exploration.
pub(crate) fn summary(target: &dyn Target, found: &Exploration) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_summary(&mut text, target, found);
    text
}

fn write_summary(text: &mut String, target: &dyn Target, found: &Exploration) -> fmt::Result {
    write_verdicts(text, target, found)?;
    write_beginning(text, found)?;
    write_findings(text, found)?;
    write_expected(text, target, found)?;
    match found.search {
        Some(search) if search.scope == Scope::Cancellations => {
            writeln!(text, "  awaits    {}", cancelled(found, search))?;
        }
        Some(search) => write_search(text, found, search)?,
        None => write_coverage(text, found)?,
    }
    write_goals(text, target, found)?;
    write_vacuous(text, target, found)?;
    let virtual_time = found.totals.virtual_ms as f64 / 1_000.0;
    writeln!(
        text,
        "  speed     {:.0} runs a second, {:.1} s in all; {:.1} s of virtual time, {:.1} times real time",
        found.runs_per_second(),
        found.wall.as_secs_f64(),
        virtual_time,
        per_second(virtual_time, found.wall),
    )
}

fn write_verdicts(text: &mut String, target: &dyn Target, found: &Exploration) -> fmt::Result {
    let totals = &found.totals;
    let verdicts: Vec<String> = totals
        .verdicts
        .iter()
        .map(|(verdict, count)| format!("{count} {verdict}"))
        .collect();
    let passed = totals.verdicts.keys().all(|v| *v == RunVerdict::Pass);
    let style = if passed { GOOD } else { BAD };
    let noun = match found.search.map(|search| search.scope) {
        Some(Scope::Everything) => "schedule",
        Some(Scope::Cancellations) => "run",
        None => "seed",
    };
    writeln!(
        text,
        "{}  {} by {}{}{}",
        styled(style, target.name()),
        many(totals.runs, noun),
        found.strategy,
        if verdicts.is_empty() { "" } else { ": " },
        verdicts.join(", "),
    )
}

/// Writes what the search before the seeds has covered.
fn write_beginning(text: &mut String, found: &Exploration) -> fmt::Result {
    let Some(begun) = &found.begun_with else {
        return Ok(());
    };
    let search = begun.search;
    let bound = many(search.bound.into(), "deviation");
    let covered = match search.complete {
        true => format!("every schedule with at most {bound} of seed {}", begun.seed),
        false => format!("schedules with at most {bound} of seed {}", begun.seed),
    };
    let failed = match begun.totals.failed_runs() {
        0 => "none fails".to_owned(),
        1 => "1 fails".to_owned(),
        failed => format!("{failed} fail"),
    };
    let runs = many(search.schedules, "run");
    let rest = if search.complete { "" } else { ", not all" };
    writeln!(text, "  first     {covered}: {runs}{rest}, {failed}")
}

fn write_findings(text: &mut String, found: &Exploration) -> fmt::Result {
    for finding in found.failures().values() {
        writeln!(
            text,
            "  {} {}× from seed {}",
            styled(BOLD, &finding.signature),
            finding.count,
            finding.first.seed,
        )?;
        match found.repros.get(&finding.signature) {
            Some(path) => writeln!(text, "            repro {}", path.shown())?,
            None => writeln!(text, "            no repro was written")?,
        }
    }
    Ok(())
}

fn write_expected(text: &mut String, target: &dyn Target, found: &Exploration) -> fmt::Result {
    let ExpectedVerdict::Violation(oracle) = target.expected().verdict else {
        return Ok(());
    };
    let totals = &found.totals;
    match &totals.first_detected {
        Some(first) => writeln!(
            text,
            "  expected  `{oracle}` caught the defect in {} of {} runs, first in seed {}",
            totals.detected, totals.runs, first.seed
        ),
        None => writeln!(
            text,
            "  expected  `{oracle}` ought to catch the defect and did not in {}",
            many(totals.runs, "run")
        ),
    }
}

/// Larger estimates are only known to be large.
const ESTIMATE_MAX: u64 = 1_000_000_000_000_000;

/// Returns an estimate in words.
pub(crate) fn about(estimate: u64) -> String {
    if estimate > ESTIMATE_MAX {
        "more than 10^15".to_owned()
    } else {
        format!("about {estimate}")
    }
}

fn write_search(text: &mut String, found: &Exploration, search: Search) -> fmt::Result {
    writeln!(
        text,
        "  schedules {} with at most {}, {} distinct by what happened before what; {} were expected",
        search.schedules,
        many(search.bound.into(), "deviation"),
        distinct(&found.totals.coverage),
        about(search.estimate),
    )?;
    let failures = found.totals.failed_runs();
    let first = found.first.unwrap_or_default();
    let seeds = match found.seeds {
        1 => format!("seed {first}"),
        seeds => format!("seeds {first}..{}", first.saturating_add(seeds)),
    };
    match (search.complete, failures) {
        (true, 0) => writeln!(
            text,
            "  {}    no schedule with at most {} (preemptions or picks out of turn) fails under {seeds}",
            styled(GOOD, "proved"),
            many(search.bound.into(), "deviation"),
        ),
        (true, _) => writeln!(
            text,
            "  found     {failures} of all schedules within the bound fail under {seeds}"
        ),
        (false, _) => writeln!(
            text,
            "  stopped   nothing is proved: not every schedule was run"
        ),
    }
}

/// Returns what a search through cancellations shows, as a clause.
pub(crate) fn cancelled(found: &Exploration, search: Search) -> String {
    // Each seed has a run in which nothing is cancelled.
    let awaits = found.totals.runs.saturating_sub(found.seeds.max(1));
    let failures = found.totals.failed_runs();
    let first = found.first.unwrap_or_default();
    let runs = match found.seeds {
        0 | 1 => format!("the default run of seed {first}"),
        seeds => format!(
            "the default runs of seeds {first}..{}",
            first.saturating_add(seeds)
        ),
    };
    let cancelled = match (awaits, search.bound) {
        (awaits, 1) => format!("cancelled at each of {} of {runs}", many(awaits, "await")),
        (awaits, most) => format!(
            "cancelled in each of {awaits} ways, up to {most} times in one run, beside {runs}"
        ),
    };
    match (search.complete, awaits, failures) {
        (false, ..) => format!("cancelled at {awaits} awaits of {runs}, and not at all of them"),
        (true, 0, _) => format!(
            "none of {runs} at which something could be cancelled: no task may be, and no future \
             is marked"
        ),
        (true, _, 0) => format!("{cancelled}, it passes"),
        (true, _, failures) => format!("{cancelled}, {} of {} fail", failures, found.totals.runs),
    }
}

fn write_coverage(text: &mut String, found: &Exploration) -> fmt::Result {
    let coverage = &found.totals.coverage;
    if found.totals.runs == 0 {
        return Ok(());
    }
    writeln!(
        text,
        "  schedules {} distinct by what happened before what",
        distinct(coverage)
    )?;
    for unseen in coverage.unseen() {
        writeln!(text, "            {}", chance(&unseen))?;
    }
    Ok(())
}

/// Returns the number of distinct schedules, or how it is estimated.
fn distinct(coverage: &Coverage) -> String {
    match coverage.one_in() {
        1 => coverage.distinct().to_string(),
        many => format!(
            "about {} (one in {many} is remembered)",
            coverage.distinct()
        ),
    }
}

/// Returns the estimate of a strategy, in words.
fn chance(unseen: &Unseen) -> String {
    let Unseen {
        strategy,
        runs,
        distinct,
        once,
    } = *unseen;
    let seen = format!(
        "{:<10} {distinct} in {}, {once} of them seen once:",
        strategy.to_string(),
        many(runs, "seed")
    );
    match unseen.chance() {
        None => format!("{seen} too few seeds to say how many are left"),
        // The rule of three: what was not met in n draws has, at 95 %, a chance
        // of less than 3/n.
        Some(_) if once == 0 => format!(
            "{seen} chance that the next seed shows a new schedule: below {:.1} %",
            300.0 / runs as f64
        ),
        Some(chance) => format!(
            "{seen} chance that the next seed shows a new schedule: about {:.1} %",
            100.0 * chance
        ),
    }
}

fn write_goals(text: &mut String, target: &dyn Target, found: &Exploration) -> fmt::Result {
    if target.expected().sometimes.is_empty() || found.totals.runs == 0 {
        return Ok(());
    }
    let goals: Vec<String> = target
        .expected()
        .sometimes
        .iter()
        .map(|goal| match found.totals.goals.get(goal) {
            Some(count) => format!("{goal} in {}", many(*count, "run")),
            None => format!("{goal} {}", styled(BAD, "never")),
        })
        .collect();
    writeln!(text, "  goals     {}", goals.join(", "))
}

/// Writes the oracles that had nothing to check, if there are any.
pub(crate) fn write_vacuous(
    text: &mut String,
    target: &dyn Target,
    found: &Exploration,
) -> fmt::Result {
    let vacuous = found.unreached(target).vacuous;
    if vacuous.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = vacuous.iter().map(|oracle| oracle.name()).collect();
    writeln!(
        text,
        "  vacuous   {}: nothing to check in any run",
        styled(BAD, names.join(", "))
    )
}

/// Returns what is wrong if the runs together do not show this; none if nothing is missing.
pub(crate) fn unreached(found: &Exploration, missing: &Shortfall) -> Option<String> {
    let seeds = many(found.seeds, "seed");
    let goals = either(&missing.goals).map(|goals| format!("none of {seeds} reached {goals}"));
    let vacuous = either(&missing.vacuous).map(|oracles| nothing_to_check(&seeds, &oracles));
    let problems: Vec<String> = goals.into_iter().chain(vacuous).collect();
    (!problems.is_empty()).then(|| problems.join("\n"))
}

/// Returns the names as alternatives; none if there are none.
fn either<T: fmt::Display>(names: &[T]) -> Option<String> {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    (!quoted.is_empty()).then(|| quoted.join(" or "))
}

/// Returns what is wrong if none of `seeds` gave the oracles anything to check.
pub(crate) fn nothing_to_check(seeds: &str, oracles: &str) -> String {
    format!(
        "none of {seeds} gave {oracles} anything to check; nothing is said against the system: \
         let something happen that the oracle can judge, such as a fault that comes later, or do \
         not name it"
    )
}
