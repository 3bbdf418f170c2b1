//! Which scenarios a command means.

use std::path::Path;

use crate::scenario::{self, Diagnostic, Look, Scenario, discover, render_all};

use super::complain;

/// The scenarios given by name or path, in that order, or all if none is given.
/// Everything that is wrong with any of them comes back at once.
pub(super) fn scenarios(root: &Path, given: &[String]) -> Result<Vec<Scenario>, Vec<Diagnostic>> {
    let mut problems = Vec::new();
    let mut files = Vec::new();
    if given.is_empty() {
        files = discover::find(root)?;
    }
    for argument in given {
        match discover::resolve(root, argument) {
            Ok(file) => files.push(file),
            Err(mut found) => problems.append(&mut found),
        }
    }
    let mut scenarios = Vec::new();
    for file in files {
        match scenario::load(&file) {
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

/// Draws problems on standard error.
pub(super) fn report(problems: &[Diagnostic]) {
    // Colours are written always; the stream strips them where they do not belong.
    complain(&render_all(problems, Look::Coloured));
}
