//! The scenario of a repro.

use std::path::{Component, Path, PathBuf};

use super::shell::{replay_in_test, shell_path};
use super::{Origin, Repro, ScenarioRef, TestRef};
use crate::console::Shown;
use crate::scenario::{self, Code, Diagnostic, FileKind, Kinds, Scenario, Source, discover};

impl Repro {
    /// Reads the scenario from where the repro says that it is or, if there is
    /// no such file, from the file of its name below one of `roots`. `path` is
    /// the repro's own, for messages.
    ///
    /// # Errors
    ///
    /// If it is nowhere, or something is wrong with it, or it is of a system that only
    /// the user's test binary has.
    pub fn find_scenario(
        &self,
        path: &Path,
        roots: &[PathBuf],
    ) -> Result<Scenario, Vec<Diagnostic>> {
        match self.custom_system() {
            Some(system) => Err(vec![of_a_system(path, system)]),
            None => self.find_scenario_of(Kinds::shipped(), path, roots),
        }
    }

    /// As [`Repro::find_scenario`], for a caller that has the systems. The scenario is as
    /// it stands in its file.
    pub(crate) fn find_scenario_of(
        &self,
        kinds: &Kinds,
        path: &Path,
        roots: &[PathBuf],
    ) -> Result<Scenario, Vec<Diagnostic>> {
        let sought = match &self.origin {
            Origin::Scenario(sought) => sought,
            Origin::Test(test) => return Err(vec![of_a_test(path, test)]),
        };
        if sought.file.exists() {
            let loaded = scenario::load_of(kinds, &sought.file, &[]);
            return loaded.map_err(|problems| {
                if is_below_here(&sought.file) {
                    problems
                } else {
                    vec![foreign(sought, path)]
                }
            });
        }
        for root in roots.iter().filter(|root| root.is_dir()) {
            let files = discover::find(root)?;
            let mut named = files.iter();
            if let Some(file) = named.find(|file| discover::name_of(file) == sought.name) {
                return scenario::load_of(kinds, file, &[]);
            }
        }
        Err(vec![missing(sought, path, roots)])
    }
}

/// The program of a test is in the test's binary, and nowhere else.
fn of_a_test(path: &Path, test: &TestRef) -> Diagnostic {
    let message = format!("the repro is of the test `{}`", test.name.escape_debug());
    let source = Source::of(FileKind::Repro, path, "");
    Diagnostic::new(Code::ReproOfATest, &source, message).help(format!(
        "its test replays it: {}",
        replay_in_test(test, path)
    ))
}

/// A system of a user's own is in the user's test binary, and nowhere else.
fn of_a_system(path: &Path, system: &str) -> Diagnostic {
    let message = format!("the repro is of the system `{}`", system.escape_debug());
    let source = Source::of(FileKind::Repro, path, "");
    let file = shell_path(path);
    Diagnostic::new(Code::ReproOfASystem, &source, message).help(format!(
        "its tests replay it: REHEARSAL_REPLAY={file} cargo test; to keep it, copy it to \
         `{}/` where its scenarios are",
        crate::system::REGRESSIONS
    ))
}

/// Returns `true` for a path that cannot lead out of the current directory, but by links.
fn is_below_here(file: &Path) -> bool {
    let is_name = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    file.components().all(is_name)
}

/// The repro decides which file is read, so nothing of one that is no scenario is shown.
fn foreign(sought: &ScenarioRef, path: &Path) -> Diagnostic {
    let file = sought.file.shown();
    let source = Source::of(FileKind::Repro, path, "");
    let message = format!("the repro's scenario `{file}` is not valid");
    Diagnostic::new(Code::ReproForeignFile, &source, message).help(format!(
        "it is outside the current directory, so nothing of it is shown; `rehearsal check {}` \
         shows what is wrong",
        shell_path(&sought.file),
    ))
}

fn missing(sought: &ScenarioRef, path: &Path, roots: &[PathBuf]) -> Diagnostic {
    let name = sought.name.escape_debug();
    let message = format!("the repro's scenario `{name}` is not there");
    let roots: Vec<String> = roots
        .iter()
        .map(|root| format!("`{}`", root.shown()))
        .collect();
    let source = Source::of(FileKind::Repro, path, "");
    Diagnostic::new(Code::ReproScenarioMissing, &source, message).help(format!(
        "there is no file `{}`, nor one of that name below {}; run in the project's root, or \
         say with `--scenarios` where scenarios are",
        sought.file.shown(),
        roots.join(" or "),
    ))
}
