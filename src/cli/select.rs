//! The scenarios that a command names.

use std::path::Path;

use crate::scenario::{
    self, ColorChoice, Diagnostic, Edit, HEALTHY, Scenario, discover, render_all,
};

use super::{SetArgs, print_error};

/// The scenarios given by name, path or directory, in that order, or all if none is given.
/// A name or path that ends in `+healthy` is the twin without the defect.
/// `set` sets values in each of them. The problems of all of them come back at once.
pub(super) fn scenarios(
    root: &Path,
    given: &[String],
    set: &[Edit],
) -> Result<Vec<Scenario>, Vec<Diagnostic>> {
    let mut problems = Vec::new();
    let mut files = Vec::new();
    if given.is_empty() {
        let all = discover::find(root)?.into_iter();
        files = all.map(|file| (file, false)).collect();
    }
    for argument in given {
        let (name, healthy) = match argument.strip_suffix(HEALTHY) {
            Some(name) => (name, true),
            None => (argument.as_str(), false),
        };
        match discover::resolve_all(root, name) {
            Ok(found) => files.extend(found.into_iter().map(|file| (file, healthy))),
            Err(mut found) => problems.append(&mut found),
        }
    }
    let mut scenarios = Vec::new();
    for (file, healthy) in files {
        match scenario::load_with(&file, set) {
            // Without a defect, it is healthy as it stands.
            Ok(scenario) if healthy => scenarios.push(scenario.twin().unwrap_or(scenario)),
            Ok(scenario) => scenarios.push(scenario),
            Err(mut found) => problems.append(&mut found),
        }
    }
    if problems.is_empty() {
        Ok(scenarios)
    } else {
        Err(problems)
    }
}

/// The scenarios that a command runs, with the values that it sets. None if there is a
/// problem, which has then been reported.
pub(super) fn chosen(root: &Path, given: &[String], args: &SetArgs) -> Option<Vec<Scenario>> {
    let scenarios = scenarios(root, given, &args.changes());
    scenarios.map_err(|problems| report(&problems)).ok()
}

/// Draws problems on standard error.
pub(super) fn report(problems: &[Diagnostic]) {
    // Colours are written always; the stream strips them where they do not belong.
    print_error(&render_all(problems, ColorChoice::Coloured));
    if let Some(first) = problems.first() {
        let code = first.code;
        print_error(&format!("`rehearsal explain {code}` says more about it\n"));
    }
}
