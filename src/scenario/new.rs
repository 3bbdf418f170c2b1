//! New scenario files.

use std::path::{Path, PathBuf};

use super::kind::Kinds;
use super::schema;

/// The names of the systems that a new scenario can be written for.
pub fn systems() -> Vec<&'static str> {
    Kinds::shipped().iter().map(|kind| kind.name()).collect()
}

/// Returns the text of a new scenario, with comments; `None` if there is no such system.
pub fn text(name: &str, system: &str) -> Option<String> {
    let kind = Kinds::shipped().find(system)?;
    let schema = schema::path_of(kind.name());
    let head = include_str!("new.toml").replace("SCHEMA", &schema);
    let head = head.replace("NAME", name);
    Some(format!("{head}{}", kind.system().sections().template()))
}

/// The file of a new scenario below the directory of scenarios.
pub fn path(root: &Path, name: &str) -> PathBuf {
    root.join(name).with_extension("toml")
}
