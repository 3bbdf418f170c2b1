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
        let width = scenarios.iter().map(|s| s.name.len()).max().unwrap_or(0);
        for (kind, scenarios) in by_kind(&scenarios) {
            let _ = writeln!(text, "{kind}: {}\n", scenarios[0].kind.summary());
            for scenario in scenarios {
                write_scenario(&mut text, scenario, width);
            }
            text.push('\n');
        }
        let defects = scenarios.iter().filter(|s| s.spec.defect.is_some()).count();
        let _ = writeln!(
            text,
            "{}, {defects} of them with a seeded defect",
            many(scenarios.len() as u64, "scenario")
        );
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

fn write_scenario(text: &mut String, scenario: &Scenario, width: usize) {
    let actors = scenario.spec.settings.actors();
    let oracles: Vec<&str> = scenario.expect.oracles.iter().map(|o| o.name()).collect();
    let _ = writeln!(text, "{:width$}  {}", scenario.name, scenario.claim);
    let seeds = counted(scenario.seeds as usize, "seed");
    let actors = many(actors.count, actors.noun);
    let _ = write!(text, "{:width$}  {seeds}, {actors}", "");
    if let Some(defect) = scenario.spec.defect {
        let _ = write!(text, ", defect {}", defect.name());
    }
    let _ = writeln!(text, "; {}", oracles.join(", "));
}
