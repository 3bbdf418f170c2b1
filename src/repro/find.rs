//! The scenario that a repro plays.

use std::path::{Path, PathBuf};

use super::{Origin, Repro, ScenarioRef, TestRef};
use crate::scenario::{self, Code, Diagnostic, FileKind, Scenario, Source, discover};

impl Repro {
    /// Reads the scenario from where the repro says that it is or, if there is
    /// no such file, from the file of its name below one of `roots`. `path` is
    /// the repro's own, for messages.
    ///
    /// # Errors
    ///
    /// If it is nowhere, or something is wrong with it.
    pub fn find_scenario(
        &self,
        path: &Path,
        roots: &[PathBuf],
    ) -> Result<Scenario, Vec<Diagnostic>> {
        let sought = match &self.origin {
            Origin::Scenario(sought) => sought,
            Origin::Test(test) => return Err(vec![of_a_test(path, test)]),
        };
        if sought.file.exists() {
            return scenario::load(&sought.file);
        }
        for root in roots.iter().filter(|root| root.is_dir()) {
            let files = discover::find(root)?;
            let mut named = files.iter();
            if let Some(file) = named.find(|file| discover::name_of(file) == sought.name) {
                return scenario::load(file);
            }
        }
        Err(vec![missing(sought, path, roots)])
    }
}

/// The program of a test is in the test's binary, and nowhere else.
fn of_a_test(path: &Path, test: &TestRef) -> Diagnostic {
    let message = format!("the repro is of the test `{}`", test.name.escape_debug());
    let source = Source::of(FileKind::Repro, path, "");
    Diagnostic::new(Code::ReproOfATest, &source, message)
        .help(format!("the test plays it: {}", test.replay_command(path)))
}

fn missing(sought: &ScenarioRef, path: &Path, roots: &[PathBuf]) -> Diagnostic {
    let name = sought.name.escape_debug();
    let message = format!("the repro's scenario `{name}` is not there");
    let roots: Vec<String> = roots
        .iter()
        .map(|root| format!("`{}`", root.display()))
        .collect();
    let source = Source::of(FileKind::Repro, path, "");
    Diagnostic::new(Code::ReproScenarioMissing, &source, message).help(format!(
        "there is no file `{}`, nor one of that name below {}; run in the project's root, or \
         say with `--scenarios` where scenarios are",
        sought.file.display(),
        roots.join(" or "),
    ))
}
