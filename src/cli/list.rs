//! `rehearsal list`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io;
use std::path::Path;

use crate::console::Shown;
use crate::exit::Exit;
use crate::report::json::ListLine;
use crate::report::summary::{counted, many};
use crate::scenario::Scenario;

use super::layout::Width;
use super::{print, print_error, select};

pub(super) fn list(root: &Path, json: bool) -> io::Result<Exit> {
    let scenarios = match select::scenarios(root, &[], &[]) {
        Ok(scenarios) => scenarios,
        Err(problems) => {
            select::report(&problems);
            return Ok(Exit::Usage);
        }
    };
    if scenarios.is_empty() {
        print_error(&format!("no scenario files below {}\n", root.shown()));
        return Ok(Exit::NothingSelected);
    }
    let mut text = String::new();
    if json {
        for scenario in &scenarios {
            let line = serde_json::to_string(&ListLine::from(scenario))?;
            let _ = writeln!(text, "{line}");
        }
    } else {
        let columns = Width::of_stdout();
        let width = scenarios.iter().map(|s| s.name.len()).max().unwrap_or(0);
        for (kind, scenarios) in by_kind(&scenarios) {
            let summary = scenarios[0].kind.summary();
            text += &columns.paragraph(&format!("{kind}: {summary}"), "");
            text.push('\n');
            for scenario in scenarios {
                text += &rows(scenario, width, columns);
            }
            text.push('\n');
        }
        let defects = scenarios.iter().filter(|s| s.spec.defect.is_some()).count();
        let all = many(scenarios.len() as u64, "scenario");
        let all = format!("{all}, {defects} of them with a seeded defect");
        text += &columns.paragraph(&all, "");
    }
    print(&text)?;
    Ok(Exit::Pass)
}

/// Groups scenarios by the kind of their system: the kinds in order of their names, the
/// scenarios in the order given.
fn by_kind(scenarios: &[Scenario]) -> BTreeMap<&'static str, Vec<&Scenario>> {
    let mut groups: BTreeMap<&'static str, Vec<&Scenario>> = BTreeMap::new();
    for scenario in scenarios {
        let group = groups.entry(scenario.kind.name()).or_default();
        group.push(scenario);
    }
    groups
}

/// Returns the rows of a scenario, with names of that width.
fn rows(scenario: &Scenario, width: usize, columns: Width) -> String {
    let actors = scenario.spec.settings.actors();
    let oracles: Vec<&str> = scenario.expect.oracles.iter().map(|o| o.name()).collect();
    let seeds = counted(scenario.seeds as usize, "seed");
    let actors = many(actors.count, actors.noun);
    let defect = scenario.spec.defect;
    let defect = defect.map(|defect| format!(", defect {}", defect.name()));
    let defect = defect.unwrap_or_default();
    let extent = format!("{seeds}, {actors}{defect}; {}", oracles.join(", "));
    columns.row(&scenario.name, width, &scenario.claim) + &columns.row("", width, &extent)
}
