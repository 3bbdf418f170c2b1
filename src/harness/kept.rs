//! Repros as tests: those that are kept, and the one that `REHEARSAL_REPLAY` names.

use std::path::{Path, PathBuf};

use libtest_mimic::{Completion, Failed, Trial};

use super::systems::Systems;
use crate::compatibility::{Compatibility, listed};
use crate::console::Shown;
use crate::console::print_error;
use crate::regression;
use crate::repro::Repro;
use crate::scenario::{ColorChoice, Scenario, render_all};

/// Reads a repro, and its scenario as the repro's system runs it.
pub(super) fn read(file: &Path, systems: &Systems) -> Result<(Repro, Scenario), String> {
    let drawn = |problems: Vec<_>| render_all(&problems, ColorChoice::Plain);
    let repro = Repro::read(file).map_err(drawn)?;
    let found = repro.find_scenario_of(&systems.kinds, file, systems.roots());
    let scenario = found.map_err(drawn)?;
    let Some(name) = repro.system() else {
        return Ok((repro, systems.kept_with(scenario)));
    };
    let Some(named) = systems.find(name, &scenario.file) else {
        return Err(format!(
            "{}: the repro is of the system `{name}`, which is not registered here; {}\n",
            file.shown(),
            systems.known()
        ));
    };
    let compatibility = Compatibility::new(&scenario, &named);
    if !compatibility.prevented_by.is_empty() {
        return Err(format!(
            "{}: the repro takes what `{name}` is registered without: {}\n",
            file.shown(),
            listed(&compatibility.prevented_by)
        ));
    }
    Ok((repro, compatibility.scenario))
}

/// The tests of kept repros.
pub(super) fn trials(systems: &Systems) -> Vec<Trial> {
    let mut trials = Vec::new();
    for root in systems.roots() {
        match regression::find(root) {
            Ok(files) => trials.extend(files.into_iter().map(|file| trial(file, systems))),
            Err(error) => {
                let name = regression::DIRECTORY;
                let problem = format!("cannot read {}: {error}", root.join(name).shown());
                trials.push(Trial::test(name, move || Err(Failed::from(problem))));
            }
        }
    }
    trials
}

fn trial(file: PathBuf, systems: &Systems) -> Trial {
    let systems = systems.clone();
    Trial::test(regression::test_name(&file), move || {
        let (repro, scenario) = read(&file, &systems)?;
        let outcome = regression::verify(&file, &repro, &scenario);
        if let Some(warning) = &outcome.warning {
            print_error(&format!("warning: {warning}\n"));
        }
        outcome.result.map_err(Failed::from)
    })
}

/// The repro that `REHEARSAL_REPLAY` names.
pub(super) enum Replayed {
    /// That of a scenario.
    Here(Box<OfScenario>),
    /// That of a `#[rehearsal::test]` with this name. All test binaries of a package are
    /// given the same environment, and another one has the test.
    Elsewhere(String),
}

/// A scenario's repro.
pub(super) struct OfScenario {
    file: PathBuf,
    repro: Repro,
    scenario: Scenario,
}

impl Replayed {
    pub(super) fn read(file: &Path, systems: &Systems) -> Result<Self, String> {
        if let Ok(repro) = Repro::read(file)
            && repro.scenario().is_none()
        {
            return Ok(Self::Elsewhere(repro.target_name()));
        }
        let (repro, scenario) = read(file, systems)?;
        Ok(Self::Here(Box::new(OfScenario {
            file: file.to_owned(),
            repro,
            scenario,
        })))
    }

    /// Returns `true` if a test of this binary replays it.
    pub(super) fn is_here(&self) -> bool {
        matches!(self, Self::Here(_))
    }

    /// Replays the repro in the test of its scenario, and ignores the others.
    pub(super) fn alone_among(self, trials: Vec<Trial>) -> Vec<Trial> {
        let (name, repro) = match self {
            Self::Here(repro) => (repro.test_name(), Some(repro)),
            Self::Elsewhere(name) => (name, None),
        };
        let reason = format!("REHEARSAL_REPLAY replays `{name}`");
        let others = trials.into_iter().filter(|trial| trial.name() != name);
        let others: Vec<String> = others.map(|trial| trial.name().to_owned()).collect();
        let ignored = others.into_iter().map(|name| {
            let reason = reason.clone();
            Trial::ignorable_test(name, move || Ok(Completion::ignored_with(&reason)))
        });
        let replayed = repro.map(|repro| Trial::test(name, move || repro.replay()));
        replayed.into_iter().chain(ignored).collect()
    }
}

impl OfScenario {
    /// Returns the name of the test that the repro is of.
    fn test_name(&self) -> String {
        let kind = self.scenario.kind.name();
        let origin = self.repro.scenario();
        origin.map_or_else(|| self.repro.target_name(), |origin| origin.test_name(kind))
    }

    /// Prints what the repro shows, be it allowed or not.
    fn replay(&self) -> Result<(), Failed> {
        let outcome = regression::verify(&self.file, &self.repro, &self.scenario);
        match (outcome.result, outcome.warning) {
            (Ok(()), None) => {
                print_error(&outcome.text);
                Ok(())
            }
            (Ok(()), Some(warning)) => Err(Failed::from(format!("{warning}\n{}", outcome.text))),
            (Err(problem), _) => Err(Failed::from(problem)),
        }
    }
}
