//! The scenarios that a command names.

use std::path::Path;

use rehearsal_agents::spec::Transport;

use crate::scenario::{self, Diagnostic, HEALTHY, Look, Scenario, discover, render_all};

use super::{TransportArg, print_error};

/// The scenarios given by name or path, in that order, or all if none is given.
/// A name or path that ends in `+healthy` is the twin without the defect.
/// Everything that is wrong with any of them comes back at once.
pub(super) fn scenarios(root: &Path, given: &[String]) -> Result<Vec<Scenario>, Vec<Diagnostic>> {
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
        match discover::resolve(root, name) {
            Ok(file) => files.push((file, healthy)),
            Err(mut found) => problems.append(&mut found),
        }
    }
    let mut scenarios = Vec::new();
    for (file, healthy) in files {
        match scenario::load(&file) {
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

/// The scenarios that a command plays, each over the transport that is wanted.
/// None if something is wrong, which has then been said.
pub(super) fn chosen(
    root: &Path,
    given: &[String],
    transport: Option<TransportArg>,
) -> Option<Vec<Scenario>> {
    let scenarios = scenarios(root, given).map_err(|problems| report(&problems));
    let over = |scenario| match with_transport(scenario, transport) {
        Ok(scenario) => Some(scenario),
        Err(problem) => {
            print_error(&format!("error: {problem}\n"));
            None
        }
    };
    scenarios.ok()?.into_iter().map(over).collect()
}

fn with_transport(scenario: Scenario, wanted: Option<TransportArg>) -> Result<Scenario, String> {
    let transport = match wanted {
        None => return Ok(scenario),
        Some(TransportArg::InProcess) => Transport::InProcess,
        Some(TransportArg::Websocket) => Transport::WebSocket,
    };
    scenario
        .with_transport(transport)
        .map_err(|error| error.to_string())
}

/// Draws problems on standard error.
pub(super) fn report(problems: &[Diagnostic]) {
    // Colours are written always; the stream strips them where they do not belong.
    print_error(&render_all(problems, Look::Coloured));
}
