//! The scenario that a repro plays.

use std::path::{Path, PathBuf};

use super::Repro;
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
        if self.scenario.file.exists() {
            return scenario::load(&self.scenario.file);
        }
        for root in roots.iter().filter(|root| root.is_dir()) {
            let files = discover::find(root)?;
            let mut named = files.iter();
            if let Some(file) = named.find(|file| discover::name_of(file) == self.scenario.name) {
                return scenario::load(file);
            }
        }
        Err(vec![self.missing(path, roots)])
    }

    fn missing(&self, path: &Path, roots: &[PathBuf]) -> Diagnostic {
        let name = self.scenario.name.escape_debug();
        let message = format!("the repro's scenario `{name}` is not there");
        let roots: Vec<String> = roots
            .iter()
            .map(|root| format!("`{}`", root.display()))
            .collect();
        let source = Source::of(FileKind::Repro, path, "");
        Diagnostic::new(Code::ReproScenarioMissing, &source, message).help(format!(
            "there is no file `{}`, nor one of that name below {}; run in the project's root, or \
             say with `--scenarios` where scenarios are",
            self.scenario.file.display(),
            roots.join(" or "),
        ))
    }
}
