//! The lines under `cuts` of a repro, as format 1 of repros had them.

use rehearsal_agents::sections::{Lowered, Path, Step, SystemSections, durations};
use serde_json::Value;

use super::edit::{CutError, Edit, NewValue};
use super::kind::Kinds;

/// Returns `true` if format 1 had lines with this path.
pub(crate) fn knows(kinds: &Kinds, path: &Path) -> bool {
    let shared = shared(path, 0, &Value::Null).is_some();
    let line = [(path.clone(), 0)];
    shared
        || kinds.iter().any(|kind| {
            let sections = kind.system().sections();
            let meant = sections.format_1_cuts(&line, &Value::Null);
            meant.first().is_some_and(Option::is_some)
        })
}

/// The changes, with lines of format 1 replaced by what they stand for.
pub(super) fn translated(
    cuts: &[Edit],
    document: &Value,
    system: &dyn SystemSections,
) -> Result<Vec<Edit>, CutError> {
    let lines: Vec<(Path, u32)> = cuts
        .iter()
        .filter_map(|cut| match cut.value {
            NewValue::Format1(left) => Some((cut.path.clone(), left)),
            NewValue::Toml(_) | NewValue::Removed => None,
        })
        .collect();
    let mut own = system.format_1_cuts(&lines, document).into_iter();
    let mut changes = Vec::new();
    for cut in cuts {
        let NewValue::Format1(left) = cut.value else {
            changes.push(cut.clone());
            continue;
        };
        let own = own.next().flatten().map(lowered);
        let meant = shared(&cut.path, left, document).or(own);
        let meant = meant.ok_or_else(|| CutError {
            cut: cut.clone(),
            reason: "there is no such value in a scenario".to_owned(),
        })?;
        changes.extend(meant);
    }
    Ok(changes)
}

fn lowered(changes: Vec<Lowered>) -> Vec<Edit> {
    let changes = changes.into_iter();
    changes
        .map(|change| match change {
            Lowered::Number(path, number) => Edit::number(path, number),
            Lowered::Removed(path) => Edit::removed(path),
        })
        .collect()
}

/// The changes that a line about a shared section stands for.
fn shared(path: &Path, left: u32, document: &Value) -> Option<Vec<Edit>> {
    let [Step::Key(section), Step::Key(what)] = path.steps() else {
        return None;
    };
    if section != "faults" {
        return None;
    }
    let place = Path::of("faults");
    let faults = &document["faults"];
    match what.as_str() {
        "budget" if left == 0 => Some(vec![Edit::removed(place)]),
        "budget" => {
            let mut changes = vec![Edit::number(path.clone(), left.into())];
            let at_least = faults["at_least"].as_u64().unwrap_or(0);
            if at_least > left.into() {
                changes.push(Edit::number(place.key("at_least"), left.into()));
            }
            Some(changes)
        }
        "from_ms" => {
            let window = faults["window"].as_str().unwrap_or_default();
            let until = window.rsplit("..").next().unwrap_or_default().trim();
            let until = durations::parse(until).map_or("500ms".to_owned(), durations::show);
            let window = format!("{left}ms..{until}");
            Some(vec![Edit::text(place.key("window"), &window)])
        }
        "kind" => {
            let kinds = faults["kinds"].as_array().map_or(0, Vec::len);
            let only = left as usize;
            // A kind that is not there is refused where the changes are made.
            let others = (0..kinds.max(only + 1)).filter(|kind| *kind != only || only >= kinds);
            let kinds = place.key("kinds");
            Some(
                others
                    .map(|kind| Edit::removed(kinds.index(kind)))
                    .collect(),
            )
        }
        _ => None,
    }
}
