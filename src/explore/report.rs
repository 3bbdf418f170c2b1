//! What an exploration came to, for people.

use std::fmt::{self, Write};

use super::{Exploration, Finding, Search, Unseen, per_second};
use crate::run::RunVerdict;
use crate::scenario::{ExpectedVerdict, Scenario};
use crate::summary::{BAD, BOLD, GOOD, counted, styled};

/// A failure whose signature is new, in full.
pub fn finding(finding: &Finding) -> String {
    match finding.first.deviations() {
        [] => finding.block.clone(),
        deviations => {
            let picks: Vec<String> = deviations
                .iter()
                .map(|deviation| format!("pick {} takes {}", deviation.pick, deviation.value))
                .collect();
            format!("{}  boring but for: {}\n", finding.block, picks.join(", "))
        }
    }
}

/// The block at the end of a scenario.
pub fn summary(scenario: &Scenario, found: &Exploration) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_summary(&mut text, scenario, found);
    text
}

fn write_summary(text: &mut String, scenario: &Scenario, found: &Exploration) -> fmt::Result {
    write_verdicts(text, scenario, found)?;
    write_findings(text, found)?;
    write_expected(text, scenario, found)?;
    match found.search {
        Some(search) => write_search(text, found, search)?,
        None => write_coverage(text, found)?,
    }
    write_goals(text, scenario, found)?;
    let virtual_time = found.tally.virtual_ms as f64 / 1_000.0;
    writeln!(
        text,
        "  speed     {:.0} runs a second, {:.1} s in all; {:.1} s of virtual time, {:.1} times real time",
        found.runs_per_second(),
        found.wall.as_secs_f64(),
        virtual_time,
        per_second(virtual_time, found.wall),
    )
}

fn write_verdicts(text: &mut String, scenario: &Scenario, found: &Exploration) -> fmt::Result {
    let tally = &found.tally;
    let verdicts: Vec<String> = tally
        .verdicts
        .iter()
        .map(|(verdict, count)| format!("{count} {verdict}"))
        .collect();
    let passed = tally.verdicts.keys().all(|v| *v == RunVerdict::Pass);
    let style = if passed { GOOD } else { BAD };
    let noun = match found.search {
        Some(_) => "schedule",
        None => "seed",
    };
    writeln!(
        text,
        "{}  {} by {}{}{}",
        styled(style, &scenario.name),
        many(tally.runs, noun),
        found.strategy,
        if verdicts.is_empty() { "" } else { ": " },
        verdicts.join(", "),
    )
}

/// `1 seed`, `2 seeds`.
fn many(count: u64, noun: &str) -> String {
    counted(usize::try_from(count).unwrap_or(usize::MAX), noun)
}

fn write_findings(text: &mut String, found: &Exploration) -> fmt::Result {
    for finding in found.tally.findings.values() {
        writeln!(
            text,
            "  {} {}× from seed {}",
            styled(BOLD, &finding.signature),
            finding.count,
            finding.first.seed,
        )?;
        match found.repros.get(&finding.signature) {
            Some(path) => writeln!(text, "            repro {}", path.display())?,
            None => writeln!(text, "            no repro was written")?,
        }
    }
    Ok(())
}

fn write_expected(text: &mut String, scenario: &Scenario, found: &Exploration) -> fmt::Result {
    let ExpectedVerdict::Violation(oracle) = scenario.expect.verdict else {
        return Ok(());
    };
    let tally = &found.tally;
    match &tally.first_detected {
        Some(first) => writeln!(
            text,
            "  expected  `{oracle}` caught the defect in {} of {} runs, first in seed {}",
            tally.detected, tally.runs, first.seed
        ),
        None => writeln!(
            text,
            "  expected  `{oracle}` ought to catch the defect and did not in {}",
            many(tally.runs, "run")
        ),
    }
}

fn write_search(text: &mut String, found: &Exploration, search: Search) -> fmt::Result {
    writeln!(
        text,
        "  schedules {} with at most {}, {} distinct by what happened before what; {} were expected",
        search.schedules,
        many(search.bound.into(), "deviation"),
        found.tally.coverage.distinct(),
        search.estimate,
    )?;
    let failures = found.tally.failures();
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
            "  stopped   nothing is proved: not every schedule was played"
        ),
    }
}

fn write_coverage(text: &mut String, found: &Exploration) -> fmt::Result {
    let coverage = &found.tally.coverage;
    if found.tally.runs == 0 {
        return Ok(());
    }
    writeln!(
        text,
        "  schedules {} distinct by what happened before what",
        coverage.distinct()
    )?;
    for unseen in coverage.unseen() {
        writeln!(text, "            {}", chance(&unseen))?;
    }
    Ok(())
}

/// What a strategy has not shown, in words.
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

fn write_goals(text: &mut String, scenario: &Scenario, found: &Exploration) -> fmt::Result {
    if scenario.expect.sometimes.is_empty() || found.tally.runs == 0 {
        return Ok(());
    }
    let goals: Vec<String> = scenario
        .expect
        .sometimes
        .iter()
        .map(|goal| match found.tally.goals.get(goal) {
            Some(count) => format!("{goal} in {}", many(*count, "run")),
            None => format!("{goal} {}", styled(BAD, "never")),
        })
        .collect();
    writeln!(text, "  goals     {}", goals.join(", "))
}
