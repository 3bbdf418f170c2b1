//! `cargo rehearsal`, run on projects outside this repository. What they build stays in the
//! directory for build output, so that only the first run compiles everything.

#[path = "../../../tests/it/guide_project.rs"]
mod guide_project;
mod leaks;
mod page;
mod projects;
mod races;
mod support;

/// The directory of this repository.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
