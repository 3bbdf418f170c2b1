//! Ways to name the packages of a project, and projects that cannot be built with the shim.

use std::fs;
use std::path::{Component, Path};

use crate::ROOT;
use crate::support::{Project, build_lock, target, text};

/// Asserts that a project gets the shim, and the facade that is built below it.
#[track_caller]
fn assert_patched(tree: &str) {
    let packages = target().join("rehearsal/shim/packages");
    for (name, version) in [
        ("tokio", "1."),
        ("rehearsal-sim", "0."),
        ("rehearsal-below-tokio", "1."),
    ] {
        let package = format!("({})", packages.join(name).display());
        let begins = format!("{name} v{version}");
        let found = |line: &str| line.contains(&begins) && line.contains(&package);
        assert!(tree.lines().any(found), "{name}\n{tree}");
    }
    let plain = |line: &str| line.contains(" tokio v") && !line.contains("packages/tokio)");
    assert!(!tree.lines().any(plain), "{tree}");
}

#[test]
fn every_package_of_a_workspace_gets_the_shim() {
    let _lock = build_lock();
    let project = Project::copy("races");
    let output = project.cargo_rehearsal(".", &["tree", "--workspace"], &[]);
    assert_patched(&text(&output));
}

#[test]
fn rehearsal_may_be_named_by_a_relative_path() {
    let _lock = build_lock();
    let project = Project::copy("races");
    let checkout = fs::canonicalize(ROOT).expect("this repository");
    let place = fs::canonicalize(project.path("checks")).expect("a directory");
    let up = place
        .components()
        .filter(|part| matches!(part, Component::Normal(_)));
    let mut relative = up.map(|_| "../").collect::<String>();
    relative += &checkout
        .strip_prefix("/")
        .unwrap_or(Path::new(""))
        .to_string_lossy();
    let manifest = project.read("checks/Cargo.toml");
    let manifest = manifest.replace(&format!("{ROOT:?}"), &format!("{relative:?}"));
    assert!(manifest.contains("\"../"), "{manifest}");
    fs::write(project.path("checks/Cargo.toml"), manifest).expect("a file");
    let output = project.cargo_rehearsal("checks", &["tree"], &[]);
    assert_patched(&text(&output));
}

#[test]
fn project_without_rehearsal_gets_a_hint_to_add_it() {
    let _lock = build_lock();
    let project = Project::copy("races/desk");
    let output = project.cargo_rehearsal(".", &["test"], &[]);
    assert_eq!(output.status.code(), Some(2));
    let text = text(&output);
    assert!(
        text.contains("error[rehearsal-missing]: no package of "),
        "{text}"
    );
    assert!(text.contains("  hint: add `rehearsal` to "), "{text}");
}

#[test]
fn directory_without_a_project_is_an_error() {
    let _lock = build_lock();
    let project = Project::copy("races/desk/src");
    let output = project.cargo_rehearsal(".", &["test"], &[]);
    assert_eq!(output.status.code(), Some(2));
    let text = text(&output);
    assert!(text.contains("error[project-unreadable]: "), "{text}");
}
