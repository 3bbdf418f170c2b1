//! New scenario files.

use std::path::{Path, PathBuf};

use rehearsal_agents::sections::SYSTEMS;

/// The names of the systems that a new scenario can be written for.
pub fn systems() -> Vec<&'static str> {
    SYSTEMS.iter().map(|system| system.name()).collect()
}

/// Returns the text of a new scenario, with comments; `None` if there is no such system.
pub fn text(name: &str, system: &str) -> Option<String> {
    let system = SYSTEMS.iter().find(|known| known.name() == system)?;
    let [before, after] = [include_str!("new/head.toml"), include_str!("new/tail.toml")];
    let before = before.replace("NAME", name);
    Some(format!(
        "{before}\n{}\n{after}",
        system.template().trim_end()
    ))
}

/// The file of a new scenario below the directory of scenarios.
pub fn path(root: &Path, name: &str) -> PathBuf {
    root.join(name).with_extension("toml")
}
